use super::*;

/// Looks at the device's count after a second.
fn poll(page: &mut Page, events: u64, seconds: f64) {
    page.wait(1_000.0);
    page.log.saw(Sight::Device {
        at_ms: page.now_ms,
        events,
        seconds,
    });
    page.look();
}

fn gaps(page: &Page) -> Vec<(u64, f64, u64)> {
    let device = page.log.entries().filter(|entry| entry.kind == EventKind::Device);
    device.map(|entry| (entry.number, entry.lasted_ms, entry.evidence.count)).collect()
}

#[test]
fn one_gap_that_the_browser_tells_of_again_and_again_is_one_event() {
    let mut page = Page::new();
    poll(&mut page, 0, 0.0);
    assert_eq!(gaps(&page), []);
    poll(&mut page, 1, 0.25);
    let first = page.latest();
    assert_eq!((first.at_ms, first.frame), (page.now_ms - 250.0, 84_000));
    poll(&mut page, 2, 1.0);
    poll(&mut page, 0, 0.25);
    assert!(!page.latest().settled);
    assert_eq!(gaps(&page), [(1, 1_500.0, 3)]);
    assert_eq!(page.latest().at_ms, first.at_ms);
    poll(&mut page, 0, 0.0);
    poll(&mut page, 0, 0.0);
    assert!(page.latest().settled);
    poll(&mut page, 1, 0.25);
    assert_eq!(gaps(&page), [(1, 1_500.0, 3), (2, 250.0, 1)]);
}

#[test]
fn looks_far_apart_tell_of_events_of_their_own() {
    let mut page = Page::new();
    poll(&mut page, 1, 0.25);
    page.wait(60_000.0);
    poll(&mut page, 1, 0.25);
    assert_eq!(gaps(&page), [(1, 250.0, 1), (2, 250.0, 1)]);
}

#[test]
fn an_underrun_knows_of_gaps_around_it() {
    let mut page = Page::new();
    poll(&mut page, 0, 0.0);
    poll(&mut page, 2, 0.02);
    page.wait(500.0);
    page.underrun(250.0, 128);
    page.look();
    assert_eq!(page.latest().evidence.device_underruns, Some(0));
    page.wait(-500.0);
    poll(&mut page, 1, 0.01);
    let underrun = page.log.entries().find(|entry| entry.kind == EventKind::Underrun);
    assert_eq!(underrun.and_then(|entry| entry.evidence.device_underruns), Some(1));
}

#[test]
fn short_gaps_in_every_second_are_many_events() {
    let mut page = Page::new();
    poll(&mut page, 0, 0.0);
    for _ in 0..10 {
        poll(&mut page, 1, 0.02);
    }
    poll(&mut page, 0, 0.0);
    // Two that follow one another may be one that lies where two looks meet.
    assert_eq!(gaps(&page), [1, 2, 3, 4, 5].map(|number| (number, 40.0, 2)));
}
