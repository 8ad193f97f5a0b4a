use super::*;

fn count(page: &Page, cause: Cause) -> u64 {
    let all = page.log.by_cause();
    all.iter().find(|(of, _)| *of == cause).map_or(0, |(_, count)| *count)
}

#[test]
fn of_too_many_events_the_oldest_become_counts() {
    let mut page = Page::new();
    for _ in 0..EventLog::LISTED + 77 {
        page.wait(100.0);
        let event = page.underrun(20.0, 128);
        page.account(event);
        page.look();
    }
    assert_eq!(page.log.entries().len(), EventLog::LISTED);
    assert_eq!(page.log.entries().next().map(|entry| entry.number), Some(78));
    let folded = page.log.folded();
    assert_eq!((folded.events, folded.missed()), (77, 0));
    assert_eq!(
        (folded.of_kind(EventKind::Underrun), folded.frames_of_kind(EventKind::Underrun)),
        (77, 77 * 128)
    );
    assert_eq!(folded.of_kind(EventKind::Device), 0);
    assert_eq!((folded.of_cause(Cause::WokenLate), count(&page, Cause::WokenLate)), (77, 1_077));
}

#[test]
fn what_is_not_settled_is_decided_when_it_folds_and_what_grows_stays() {
    let mut page = Page::new();
    page.wait(100.0);
    page.underrun(20.0, 128);
    page.look();
    page.wait(100.0);
    page.underrun(20.0, 128);
    page.snapshot.underruns[1].ended_by = Ending::Open;
    page.look();
    let before = page.now_ms;
    for slip in 0..EventLog::LISTED as u64 {
        page.wait(1.0);
        page.snapshot.slips = vec![SlipEvent {
            frame: page.snapshot.consumer.requested - 1,
            frames: 1,
            ..SlipEvent::default()
        }];
        page.snapshot.consumer.slip_events = slip + 1;
        page.look();
    }
    assert!(page.now_ms - before < 2_000.0, "too early for anything to have settled by itself");
    let folded = page.log.folded();
    assert_eq!((folded.of_kind(EventKind::Underrun), folded.of_cause(Cause::Unknown)), (1, 1));
    assert_eq!(folded.of_kind(EventKind::Skipped), 1);
    let first = page.log.entries().next().expect("a full list");
    assert_eq!(
        (first.kind, first.number, first.ended_by),
        (EventKind::Underrun, 2, Some(Ending::Open))
    );
}

#[test]
fn what_comes_faster_than_shared_memory_keeps_is_counted_as_missed() {
    let mut page = Page::new();
    page.wait(100.0);
    page.underrun(90.0, 128);
    page.look();
    page.wait(1_000.0);
    for _ in 0..300 {
        page.underrun(500.0, 128);
    }
    page.snapshot.overruns = vec![OverrunEvent::default()];
    page.snapshot.producer.overrun_events = 4;
    page.snapshot.slips = vec![SlipEvent::default()];
    page.snapshot.consumer.slip_events = 6;
    page.look();
    let folded = page.log.folded();
    assert_eq!(folded.missed_underruns, 300 - 256);
    assert_eq!((folded.missed_overruns, folded.missed_slips, folded.missed()), (3, 5, 52));
    assert_eq!(folded.events, 0);
    page.look();
    assert_eq!(page.log.folded().missed(), 52, "counted once");
    // The producer had not answered the first one when it was forgotten: nobody will.
    let first = page.log.entries().find(|entry| entry.kind == EventKind::Underrun).copied();
    assert_eq!(first.map(|entry| (entry.number, entry.cause)), Some((1, Some(Cause::Unknown))));
    page.log.close(page.now_ms);
    let caused: u64 = page.log.by_cause().iter().map(|(_, count)| count).sum();
    assert_eq!(
        caused + page.log.folded().missed_underruns,
        page.snapshot.consumer.underrun_events,
        "no underrun is forgotten"
    );
}
