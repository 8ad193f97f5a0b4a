use super::*;
use crate::ledger::Evidence;

/// 12:03:07.25 on some day.
const AT_MS: f64 = 19_700.0 * 86_400e3 + 43_387_250.0;

fn entry(kind: EventKind) -> LogEntry {
    LogEntry {
        number: 1,
        kind,
        at_ms: AT_MS,
        frame: 48_000,
        frames: 1488,
        lasted_ms: 31.0,
        fill: None,
        ended_by: None,
        cause: None,
        evidence: Evidence::default(),
        settled: true,
    }
}

fn underrun(cause: Option<Cause>, account: Option<ProducerAccount>) -> LogEntry {
    LogEntry {
        fill: Some(0),
        ended_by: Some(Ending::Back),
        cause,
        evidence: Evidence {
            account,
            count: 12,
            callback_frames: Some(512),
            ..Evidence::default()
        },
        ..entry(EventKind::Underrun)
    }
}

fn account() -> ProducerAccount {
    ProducerAccount {
        event: 1,
        at_ms: AT_MS + 31.0,
        spell_ms: 55.0,
        asleep_ms: 50.0,
        late_ms: 34.0,
        render_ms: 0.4,
        longest_ms: 0.4,
        blocks: 1,
        block_frames: 256,
        ahead_frames: 512,
        limit_frames: 512,
        asked_frames: 2000,
        ..ProducerAccount::default()
    }
}

fn told(entry: &LogEntry) -> String {
    sentence(entry, 48_000.0).without_time().to_string()
}

#[test]
fn an_underrun_is_told_with_its_time_its_length_its_cause_and_a_remedy() {
    let entry = underrun(Some(Cause::WokenLate), Some(account()));
    let sentence = sentence(&entry, 48_000.0);
    assert_eq!(
        sentence.to_string(),
        "12:03:07.2, 31 ms lost: the worker was woken 34 ms late; a ring of 2048 would have covered it"
    );
    assert!(
        sentence.east_of_utc(120.0).to_string().starts_with("14:03:07.2, 31 ms lost"),
        "{}",
        sentence.east_of_utc(120.0)
    );
    assert!(
        sentence.east_of_utc(-780.0).to_string().starts_with("23:03:07.2, "),
        "the day before"
    );
}

#[test]
fn every_cause_has_its_sentence() {
    let said = account();
    let with = |cause, account| told(&underrun(Some(cause), Some(account)));
    let covered = "; a ring of 2048 would have covered it";
    for (told, expected) in [
        (
            with(
                Cause::RenderTooSlow,
                ProducerAccount {
                    render_ms: 18.0,
                    prepare_ms: 2.0,
                    ..said
                },
            ),
            format!("31 ms lost: 20 ms of work were needed for 5.3 ms of sound{covered}"),
        ),
        (
            with(
                Cause::RenderTooSlow,
                ProducerAccount {
                    render_ms: 43.0,
                    blocks: 4,
                    ..said
                },
            ),
            "31 ms lost: 43 ms of work were needed for 21 ms of sound; a larger ring would have run dry as well, only later".into(),
        ),
        (
            with(
                Cause::WokenLate,
                ProducerAccount {
                    late_ms: 0.0,
                    asleep_ms: 10.0,
                    ..said
                },
            ),
            format!("31 ms lost: the worker was not given a core for 45 ms{covered}"),
        ),
        (
            with(
                Cause::Stalled,
                ProducerAccount {
                    longest_ms: 120.04,
                    render_ms: 121.0,
                    ..said
                },
            ),
            format!("31 ms lost: the source stood still for 120 ms over a block of 5.3 ms{covered}"),
        ),
        (
            with(Cause::Stalled, ProducerAccount { dry_ms: 2_345.0, ..said }),
            format!("31 ms lost: the source had nothing for 2.3 s{covered}"),
        ),
        (
            with(Cause::Stalled, ProducerAccount { away_ms: 80.0, ..said }),
            format!("31 ms lost: the worker was busy with other things for 80 ms{covered}"),
        ),
        (
            with(
                Cause::CallbackBurst,
                ProducerAccount {
                    burst_frames: 4096,
                    ..said
                },
            ),
            format!("31 ms lost: the device asked for 4,096 frames ahead of time, and a ring of 512 does not hold them{covered}"),
        ),
        (
            with(Cause::CallbackBurst, ProducerAccount { burst_frames: 400, ..said }),
            format!("31 ms lost: the device asked for 400 frames ahead of time{covered}"),
        ),
        (
            with(Cause::CallbackBurst, ProducerAccount { limit_frames: 256, ..said }),
            format!("31 ms lost: the device asks for 512 frames at once, and a ring of 256 does not hold them{covered}"),
        ),
        (
            with(Cause::RingTooSmall, said),
            "31 ms lost: a ring of 512 is too small for blocks of 256 beside callbacks of 512; a ring of 4096 would have covered it".into(),
        ),
        (
            with(Cause::Startup, said),
            "31 ms lost: the ring was still being filled for the first time".into(),
        ),
        (with(Cause::ProducerLost, said), "31 ms lost: the producer was gone".into()),
        (with(Cause::Ended, said), "31 ms lost: the source had come to its end".into()),
        (
            with(Cause::Seek, ProducerAccount { dry_ms: 12.34, ..said }),
            "31 ms lost: the sound jumped elsewhere, and what follows there came only after 12 ms".into(),
        ),
        (
            with(Cause::Suspended, said),
            "31 ms lost: the browser had suspended the output".into(),
        ),
        (
            with(Cause::RateMismatch, said),
            "31 ms lost: the producer goes by a clock of its own, which is slower than the device's".into(),
        ),
        (
            with(Cause::Unknown, said),
            format!("31 ms lost: nothing that was measured explains it{covered}"),
        ),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn without_an_account_the_cause_is_told_all_the_same() {
    let mut sentences: Vec<String> = Cause::ALL.iter().map(|cause| told(&underrun(Some(*cause), None))).collect();
    assert!(
        sentences
            .iter()
            .all(|told| told.starts_with("31 ms lost: ") && !told.contains("ring of")),
        "{sentences:#?}"
    );
    sentences.dedup();
    assert_eq!(sentences.len(), Cause::ALL.len());
    assert_eq!(
        told(&underrun(Some(Cause::Unknown), None)),
        "31 ms lost: the producer left no account of it"
    );
}

#[test]
fn what_the_page_saw_is_told() {
    let with = |evidence| {
        told(&LogEntry {
            evidence,
            ..underrun(Some(Cause::Suspended), None)
        })
    };
    assert_eq!(
        with(Evidence {
            stood_still_ms: 8_400.0,
            ..Evidence::default()
        }),
        "31 ms lost: everything stood still for 8.4 s, as when a machine sleeps or a page is frozen"
    );
    assert_eq!(
        with(Evidence {
            context: Some("interrupted"),
            hidden_ms: 5.0,
            ..Evidence::default()
        }),
        "31 ms lost while the page was hidden: the system had taken the device away for a while"
    );
}

#[test]
fn what_goes_on_or_is_not_known_yet_says_so() {
    let mut entry = underrun(None, None);
    assert_eq!(told(&entry), "31 ms lost: why is not known yet");
    entry.ended_by = Some(Ending::Open);
    assert_eq!(told(&entry), "31 ms lost so far: why is not known yet");
}

#[test]
fn a_loss_that_no_ring_covers_says_so() {
    let entry = LogEntry {
        frames: 96_000,
        lasted_ms: 2_000.0,
        ..underrun(
            Some(Cause::Stalled),
            Some(ProducerAccount {
                dry_ms: 2_010.0,
                ..account()
            }),
        )
    };
    assert_eq!(
        told(&entry),
        "2 s lost: the source had nothing for 2 s; no ring would have covered it"
    );
}

#[test]
fn every_other_kind_has_its_sentence() {
    let with = |kind, frames: u64, count| {
        told(&LogEntry {
            frames,
            lasted_ms: frames as f64 / 48.0,
            evidence: Evidence {
                count,
                ..Evidence::default()
            },
            ..entry(kind)
        })
    };
    for (told, expected) in [
        (
            with(EventKind::Overrun, 1488, 6),
            "31 ms dropped: a producer with a clock of its own came with 1,488 frames in 6 blocks for which the ring had no room",
        ),
        (
            with(EventKind::Skipped, 1, 0),
            "1 frame skipped: what came out of the ring jumped ahead by 0.02 ms",
        ),
        (
            with(EventKind::Replayed, 256, 0),
            "256 frames replayed: what came out of the ring jumped back by 5.3 ms",
        ),
        (
            with(EventKind::Torn, 3, 0),
            "3 frames torn: a part of each is of another frame, or it is no frame of the signal at all",
        ),
        (
            with(EventKind::Device, 12_000, 1),
            "250 ms lost behind the ring: the browser did not deliver to the device in time",
        ),
        (
            with(EventKind::Device, 12_000, 1234),
            "250 ms lost behind the ring: the browser did not deliver to the device in time (it counts 1,234 underruns)",
        ),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn lengths_are_as_short_as_they_can_be_said() {
    for (ms, text) in [
        (0.02, "0.02 ms"),
        (0.44, "0.4 ms"),
        (2.667, "2.7 ms"),
        (9.96, "10 ms"),
        (31.4, "31 ms"),
        (999.7, "1 s"),
        (1_250.0, "1.3 s"),
        (75_400.0, "75 s"),
    ] {
        assert_eq!(Length(ms).to_string(), text);
    }
}
