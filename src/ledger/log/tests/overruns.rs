//! Why blocks were refused.

use super::*;

/// A producer by its own clock, in time; the ring holds 2048.
fn in_time() -> ProducerAccount {
    ProducerAccount {
        spell_ms: 5.0,
        asleep_ms: 4.9,
        late_ms: 0.1,
        blocks: 1,
        block_frames: 256,
        limit_frames: 2048,
        own_clock: true,
        ..ProducerAccount::default()
    }
}

/// An overrun that began 10 ms ago and goes on.
fn overrun(page: &Page, account: ProducerAccount) -> OverrunEvent {
    OverrunEvent {
        at_ms: page.now_ms - 10.0,
        position: 40_000,
        frames: 256,
        blocks: 1,
        fill: 2000,
        still_ms: 5.0,
        account: ProducerAccount {
            at_ms: page.now_ms - 10.0,
            ..account
        },
        ..OverrunEvent::default()
    }
}

impl Page {
    fn overran(&mut self, event: OverrunEvent) -> LogEntry {
        self.snapshot.overruns.push(event);
        self.snapshot.producer.overrun_events += 1;
        self.look();
        let entry = self.log.entries().rfind(|entry| entry.kind == EventKind::Overrun);
        *entry.expect("it is listed")
    }
}

fn cause_of(change: impl FnOnce(&mut OverrunEvent)) -> Option<Cause> {
    let mut page = Page::new();
    page.wait(1_000.0);
    let mut event = overrun(&page, in_time());
    change(&mut event);
    page.overran(event).cause
}

#[test]
fn the_evidence_names_the_cause() {
    assert_eq!(cause_of(|_| ()), Some(Cause::RateMismatch));
    assert_eq!(cause_of(|event| event.account.paused = true), Some(Cause::Suspended));
    assert_eq!(cause_of(|event| event.account.limit_frames = 700), Some(Cause::RingTooSmall));
    assert_eq!(cause_of(|event| event.position = 2048 + 1000), Some(Cause::Startup));
    // Two callbacks and two blocks are 32 ms.
    assert_eq!(cause_of(|event| event.still_ms = 31.0), Some(Cause::RateMismatch));
    assert_eq!(cause_of(|event| event.still_ms = 33.0), Some(Cause::CallbackBurst));
    let late = |event: &mut OverrunEvent| (event.account.spell_ms, event.account.asleep_ms, event.account.late_ms) = (60.0, 59.0, 50.0);
    assert_eq!(cause_of(late), Some(Cause::WokenLate));
    let blocked = |event: &mut OverrunEvent| {
        (event.account.spell_ms, event.account.render_ms, event.account.longest_ms) = (60.0, 50.0, 50.0);
    };
    assert_eq!(cause_of(blocked), Some(Cause::Stalled));
}

#[test]
fn nobody_takes_frames_of_an_output_that_is_suspended() {
    let mut page = Page::new();
    page.wait(1_000.0);
    page.log.saw(Sight::Context {
        at_ms: page.now_ms - 100.0,
        state: "suspended",
        ms: None,
    });
    let event = overrun(&page, in_time());
    let entry = page.overran(event);
    assert_eq!((entry.cause, entry.evidence.context), (Some(Cause::Suspended), Some("suspended")));
}

#[test]
fn what_comes_late_has_the_cause_for_which_the_reader_missed_it() {
    for (apart_ms, expected) in [(100.0, Cause::WokenLate), (1_500.0, Cause::RateMismatch)] {
        let mut page = Page::new();
        page.wait(1_000.0);
        let number = page.underrun(20.0, 256);
        page.account(number);
        page.look();
        assert_eq!(page.latest().cause, Some(Cause::WokenLate));
        page.wait(apart_ms);
        let event = OverrunEvent {
            echo: Some(number),
            ..overrun(&page, in_time())
        };
        assert_eq!(page.overran(event).cause, Some(expected), "{apart_ms} ms later");
        assert_eq!(page.log.by_cause()[Cause::WokenLate as usize].1, 1, "underruns only");
    }
}

#[test]
fn an_overrun_ends_with_the_first_block_that_fits() {
    let mut page = Page::new();
    page.wait(1_000.0);
    let event = overrun(&page, in_time());
    let entry = page.overran(event);
    assert_eq!((entry.fill, entry.ended_by, entry.settled), (Some(2000), Some(Ending::Open), false));
    page.wait(10_000.0);
    page.look();
    assert!(!page.latest().settled, "it goes on");
    page.snapshot.overruns[0].ended_by = Ending::Back;
    page.look();
    page.wait(3_000.0);
    page.look();
    assert_eq!((page.latest().ended_by, page.latest().settled), (Some(Ending::Back), true));
}
