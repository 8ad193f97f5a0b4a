use super::*;

fn entry(cause: Cause, frames: u64, account: ProducerAccount) -> LogEntry {
    let mut page = Page::new();
    page.wait(400.0);
    let event = page.underrun(100.0, frames);
    *page.account(event) = ProducerAccount { event, ..account };
    page.look();
    LogEntry {
        cause: Some(cause),
        ..page.latest()
    }
}

fn late(limit_frames: u64) -> ProducerAccount {
    ProducerAccount {
        late_ms: 34.0,
        blocks: 1,
        block_frames: 256,
        limit_frames,
        ..ProducerAccount::default()
    }
}

#[test]
fn a_ring_that_is_larger_by_what_was_missing_would_have_done() {
    for (limit, frames, covering) in [
        (1024, 1024, Some(2048)),
        (1024, 1025, Some(4096)),
        (2048, 1, Some(4096)),
        (8192, 8192, Some(16_384)),
        (8192, 8193, None),
        (0, 5, None),
    ] {
        assert_eq!(
            entry(Cause::WokenLate, frames, late(limit)).covering_frames(),
            covering,
            "{frames} of {limit}"
        );
    }
}

#[test]
fn what_was_missing_since_the_ring_was_full_counts_together() {
    // A producer that catches up slowly: three blocks before this one.
    let account = ProducerAccount {
        blocks: 4,
        asked_frames: 5_000,
        ..late(1024)
    };
    assert_eq!(entry(Cause::WokenLate, 128, account).covering_frames(), Some(8192));
}

#[test]
fn no_ring_covers_what_was_not_to_be_had() {
    for cause in Cause::ALL {
        let coverable = matches!(
            cause,
            Cause::RenderTooSlow | Cause::WokenLate | Cause::Stalled | Cause::CallbackBurst | Cause::RingTooSmall | Cause::Unknown
        );
        assert_eq!(entry(cause, 100, late(1024)).covering_frames().is_some(), coverable, "{cause:?}");
    }
    let mut unaccounted = entry(Cause::Unknown, 100, late(1024));
    unaccounted.evidence.account = None;
    assert_eq!(unaccounted.covering_frames(), None);
    // A callback of 512 and a block of 256 need 768.
    assert_eq!(entry(Cause::RingTooSmall, 100, late(256)).covering_frames(), Some(1024));
}

#[test]
fn no_ring_covers_a_producer_that_is_slower_than_the_sound_for_good() {
    let account = |blocks| ProducerAccount {
        blocks,
        asked_frames: 2_000,
        ..late(1024)
    };
    assert_eq!(entry(Cause::RenderTooSlow, 128, account(3)).covering_frames(), Some(2048));
    let overloaded = entry(Cause::RenderTooSlow, 128, account(4));
    assert_eq!((overloaded.covering_frames(), overloaded.overloaded()), (None, true));
    assert_eq!(entry(Cause::WokenLate, 128, account(4)).covering_frames(), Some(2048));
}
