use super::*;

#[test]
fn an_underrun_grows_ends_is_accounted_for_and_settles() {
    let mut page = Page::new();
    page.wait(100.0);
    page.underrun(10.0, 128);
    page.snapshot.underruns[0].ended_by = Ending::Open;
    page.look();
    let entry = page.latest();
    assert_eq!(
        (entry.number, entry.kind, entry.frame, entry.frames),
        (1, EventKind::Underrun, 4320, 128)
    );
    assert_eq!((entry.fill, entry.ended_by, entry.cause), (Some(0), Some(Ending::Open), None));
    page.wait(100.0);
    (page.snapshot.underruns[0].frames, page.snapshot.underruns[0].quanta) = (1440, 12);
    page.snapshot.underruns[0].ended_by = Ending::Back;
    page.account(1);
    page.look();
    let entry = page.latest();
    assert_eq!((entry.frames, entry.lasted_ms, entry.evidence.count), (1440, 30.0, 12));
    assert_eq!(
        (entry.ended_by, entry.cause, entry.settled),
        (Some(Ending::Back), Some(Cause::WokenLate), false)
    );
    assert_eq!(entry.evidence.account, Some(page.snapshot.accounts[0]));
    assert_eq!(entry.evidence.callback_frames, Some(512));
    page.wait(2_100.0);
    page.look();
    assert_eq!(page.log.entries().len(), 1);
    assert_eq!(page.latest(), LogEntry { settled: true, ..entry }, "nothing but this has changed");
}

#[test]
fn looks_that_overlap_tell_of_each_event_once() {
    let mut page = Page::new();
    for round in 0..40 {
        page.wait(100.0);
        for _ in 0..round % 3 {
            let event = page.underrun(20.0, 128);
            page.account(event);
        }
        page.look();
        page.look();
    }
    let numbers: Vec<u64> = page.log.entries().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=page.snapshot.consumer.underrun_events).collect::<Vec<_>>());
    assert!(page.log.entries().is_sorted_by_key(|entry| entry.at_ms));
    assert_eq!(page.log.folded(), &Folded::default());
    let woken_late = page.log.by_cause().iter().find(|(cause, _)| *cause == Cause::WokenLate).copied();
    assert_eq!(woken_late, Some((Cause::WokenLate, numbers.len() as u64)));
}

#[test]
fn overruns_and_breaks_of_the_signal_stand_among_the_others_by_their_time() {
    let mut page = Page::new();
    page.wait(100.0);
    page.underrun(10.0, 128);
    page.snapshot.slips = vec![
        SlipEvent {
            kind: crate::ledger::SlipKind::Replayed,
            frame: 2400,
            frames: 96,
        },
        SlipEvent {
            kind: crate::ledger::SlipKind::Torn,
            frame: 4700,
            frames: 1,
        },
    ];
    page.snapshot.consumer.slip_events = 2;
    page.snapshot.overruns = vec![OverrunEvent {
        at_ms: page.now_ms - 75.0,
        position: 9_999,
        frames: 480,
        blocks: 2,
        fill: 1_900,
        ..OverrunEvent::default()
    }];
    page.snapshot.producer.overrun_events = 1;
    page.look();
    let all: Vec<_> = page
        .log
        .entries()
        .map(|entry| (entry.kind, entry.number, entry.frame, entry.frames))
        .collect();
    assert_eq!(
        all,
        [
            (EventKind::Overrun, 1, 1200, 480),
            (EventKind::Replayed, 1, 2400, 96),
            (EventKind::Underrun, 1, 4320, 128),
            (EventKind::Torn, 2, 4700, 1),
        ]
    );
    let overrun = page.log.entries().next().copied().expect("four entries");
    assert_eq!((overrun.lasted_ms, overrun.evidence.count), (10.0, 2));
    assert_eq!(
        (overrun.fill, overrun.ended_by, overrun.cause, overrun.settled),
        (Some(1_900), Some(Ending::Open), Some(Cause::RingTooSmall), false)
    );
    page.wait(3_000.0);
    page.snapshot.overruns[0].frames = 960;
    page.look();
    let overrun = page.log.entries().next().copied().expect("four entries");
    assert_eq!((overrun.frames, overrun.settled), (960, false), "blocks are refused still");
    assert!(
        page.log
            .entries()
            .filter(|entry| entry.kind == EventKind::Torn)
            .all(|slip| slip.settled)
    );
    page.snapshot.slips[1].frames = 5;
    page.look();
    assert_eq!(
        (page.latest().frames, page.latest().settled),
        (5, false),
        "it was not over after all"
    );
}
