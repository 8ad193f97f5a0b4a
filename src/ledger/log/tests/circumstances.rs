use super::*;

/// An underrun that has just begun and goes on.
fn open(page: &mut Page) {
    page.wait(100.0);
    page.underrun(20.0, 960);
    page.snapshot.underruns.last_mut().expect("one").ended_by = Ending::Open;
    page.look();
}

#[test]
fn a_lost_producer_is_the_cause_of_what_it_has_not_accounted_for() {
    let mut page = Page::new();
    page.wait(100.0);
    let event = page.underrun(60.0, 128);
    page.account(event);
    open(&mut page);
    page.log.lost(page.now_ms);
    let causes = |page: &Page| page.log.entries().map(|entry| entry.cause).collect::<Vec<_>>();
    assert_eq!(causes(&page), [Some(Cause::WokenLate), Some(Cause::ProducerLost)]);
    assert!(!page.latest().settled, "it goes on");
    // The output pauses itself.
    page.wait(10.0);
    page.snapshot.underruns[1].ended_by = Ending::Paused;
    page.snapshot.underruns[1].frames += 480;
    page.look();
    page.wait(2_000.0);
    page.look();
    let last = page.latest();
    assert_eq!((last.cause, last.frames, last.settled), (Some(Cause::ProducerLost), 1440, true));
}

#[test]
fn closing_settles_everything_with_what_is_known() {
    let mut page = Page::new();
    page.wait(100.0);
    let event = page.underrun(60.0, 128);
    page.account(event);
    page.look();
    page.log.saw(Sight::Device {
        at_ms: page.now_ms,
        events: 1,
        seconds: 0.01,
    });
    page.snapshot.overruns = vec![OverrunEvent {
        at_ms: page.now_ms,
        position: 40_000,
        account: ProducerAccount {
            block_frames: 256,
            limit_frames: 2048,
            ..ProducerAccount::default()
        },
        ..OverrunEvent::default()
    }];
    page.snapshot.producer.overrun_events = 1;
    open(&mut page);
    assert!(page.log.entries().all(|entry| !entry.settled));
    page.log.close(page.now_ms);
    assert_eq!(page.log.entries().len(), 4);
    assert!(page.log.entries().all(|entry| entry.settled));
    let causes: Vec<_> = page.log.entries().filter_map(|entry| entry.cause).collect();
    assert_eq!(causes, [Cause::WokenLate, Cause::RateMismatch, Cause::Unknown]);
    // A last look at what the producer had written before it stopped.
    let event = page.underrun(1.0, 48);
    page.account(event);
    page.look();
    assert_eq!((page.latest().cause, page.latest().settled), (Some(Cause::WokenLate), true));
}

#[test]
fn an_underrun_at_the_end_needs_no_account() {
    let mut page = Page::new();
    page.wait(100.0);
    page.underrun(60.0, 128);
    page.snapshot.underruns[0].ended_by = Ending::Ended;
    page.look();
    page.wait(2_000.0);
    page.look();
    assert_eq!((page.latest().cause, page.latest().settled), (Some(Cause::Ended), true));
}

#[test]
fn a_context_that_sleeps_explains_what_overlaps_the_time_since_the_ring_was_full() {
    // (from, to) of the sleep in ms, counted from the end of the event, which began 60 ms before, 90 ms after the ring had been full for the last time.
    for ((from, to), explains) in [
        ((-80.0, -40.0), true),
        ((-300.0, -149.0), true),
        ((-300.0, -155.0), false),
        ((15.0, 50.0), false),
    ] {
        for still in [true, false] {
            let mut page = Page::new();
            page.wait(400.0);
            let event = page.underrun(100.0, 2880);
            // The device stood still as well for most of the time.
            let end_ms = page.now_ms - 40.0;
            let account = page.account(event);
            (account.at_ms, account.spell_ms, account.asked_frames) = (end_ms, 150.0, 2880);
            let (at_ms, ms) = (end_ms + from, to - from);
            page.look();
            assert_eq!(page.latest().cause, Some(Cause::WokenLate));
            // What is seen late counts as well.
            page.log.saw(match still {
                true => Sight::StoodStill { at_ms, ms },
                false => Sight::Context {
                    at_ms,
                    state: "interrupted",
                    ms: Some(ms),
                },
            });
            page.wait(100.0);
            page.look();
            let evidence = page.latest().evidence;
            assert_eq!(page.latest().cause == Some(Cause::Suspended), explains, "{from} to {to}");
            assert_eq!(evidence.stood_still_ms > 0.0, explains && still);
            assert_eq!(evidence.context, (explains && !still).then_some("interrupted"));
        }
    }
}

#[test]
fn a_context_that_is_suspended_until_further_notice_explains_without_an_account() {
    let mut page = Page::new();
    open(&mut page);
    page.log.saw(Sight::Context {
        at_ms: page.now_ms,
        state: "suspended",
        ms: None,
    });
    page.now_ms += 500.0;
    page.look();
    assert_eq!(page.latest().cause, Some(Cause::Suspended));
    assert!(!page.latest().settled, "the producer may have its say");
    page.log.saw(Sight::Context {
        at_ms: page.now_ms,
        state: "running",
        ms: None,
    });
    page.wait(1_000.0);
    page.underrun(500.0, 128);
    page.look();
    assert_eq!(
        (page.latest().cause, page.latest().evidence.context),
        (None, None),
        "it was running again"
    );
}

#[test]
fn what_the_page_was_busy_with_stands_in_the_evidence() {
    let mut page = Page::new();
    page.wait(400.0);
    let event = page.underrun(100.0, 2880);
    let end_ms = page.now_ms - 40.0;
    (page.account(event).at_ms) = end_ms;
    page.look();
    let evidence = page.latest().evidence;
    assert_eq!(
        (evidence.long_tasks_ms, evidence.hidden_ms),
        (None, 0.0),
        "nobody watches for long tasks"
    );
    let task = |at_ms: f64, ms: f64| Sight::LongTask { at_ms, ms };
    page.log.saw(task(0.0, 0.0));
    page.look();
    assert_eq!(page.latest().evidence.long_tasks_ms, Some(0.0));
    // Before it, into it, within it; and a hidden time that is told of again and again.
    for sight in [task(end_ms - 500.0, 100.0), task(end_ms - 100.0, 25.0), task(end_ms - 50.0, 50.0)] {
        page.log.saw(sight);
    }
    for ms in [10.0, 110.0, 2_000.0] {
        page.log.saw(Sight::Hidden { at_ms: end_ms - 30.0, ms });
    }
    page.wait(100.0);
    page.look();
    let evidence = page.latest().evidence;
    assert_eq!((evidence.long_tasks_ms, evidence.device_underruns), (Some(15.0 + 50.0), None));
    assert!((30.0..45.0).contains(&evidence.hidden_ms), "{}", evidence.hidden_ms);
}

#[test]
fn an_account_that_comes_later_widens_what_is_looked_at() {
    let mut page = Page::new();
    page.wait(400.0);
    let event = page.underrun(20.0, 480);
    page.look();
    // The device stands still until the producer has come back.
    page.now_ms += 500.0;
    page.account(event).spell_ms = 600.0;
    page.look();
    page.log.saw(Sight::Hidden {
        at_ms: page.now_ms - 100.0,
        ms: 50.0,
    });
    page.look();
    assert_eq!(page.latest().evidence.hidden_ms, 50.0);
}

#[test]
fn the_longer_of_two_callbacks_that_take_turns_has_to_fit_beside_a_block() {
    // 441 frames of hardware in whole quanta: mostly 384, else 512. A single longer one is none of the device's habits.
    for (longer, expected) in [(1, Cause::WokenLate), (40, Cause::RingTooSmall)] {
        let mut page = Page::new();
        page.snapshot.consumer.bursts = vec![0, 0, 0, 60, longer];
        page.wait(100.0);
        let event = page.underrun(20.0, 40);
        let account = page.account(event);
        (account.late_ms, account.block_frames, account.limit_frames) = (4.0, 600, 1000);
        page.look();
        assert_eq!(page.latest().cause, Some(expected), "{longer} longer callbacks");
        assert_eq!(page.latest().evidence.callback_frames, Some(384));
    }
}
