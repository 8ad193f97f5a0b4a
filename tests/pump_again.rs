//! What follows changes while several items are decoded ahead: that is decoded again, and only in what follows is the change heard.
#![cfg(all(feature = "decode", not(target_family = "wasm"), not(loom)))]

#[path = "common/numbered.rs"]
mod numbered;

use noxrun::feed::{LEAD_SECONDS, PumpTurn};
use noxrun::source::player::{FADE_SECONDS, LoopRegion, Repeat};
use numbered::{LONG, RATE, Test, opener, whole};

/// Frames that stay of what is decoded ahead.
const LEAD: usize = (LEAD_SECONDS * RATE as f64) as usize;
/// Frames in which a loop's end fades into its beginning.
const FADE: usize = (FADE_SECONDS * RATE as f64) as usize;
const ITEM: usize = LONG as usize;

/// A feed that holds several items, filled as far as it goes, of which so many frames were read.
fn decoded_ahead(items: u64, read: usize) -> Test {
    decoded(Test::with_feed(items, 5 * ITEM), read)
}

/// Takes turns while nothing is read.
fn take_turns(test: &mut Test, turns: usize) {
    test.reader.borrow_mut().rests = true;
    for _ in 0..turns {
        test.pump.turn();
    }
    test.reader.borrow_mut().rests = false;
}

/// Writes as much as there is, or there is room for.
fn fill(test: &mut Test) {
    take_turns(test, 200);
}

fn decoded(mut test: Test, read: usize) -> Test {
    fill(&mut test);
    read_to(&test, read);
    test
}

fn read_to(test: &Test, frames: usize) {
    let mut reader = test.reader.borrow_mut();
    while reader.heard.len() < frames {
        let missing = frames - reader.heard.len();
        reader.read(missing.min(300));
    }
}

fn change_repeat(test: &mut Test, repeat: Repeat) {
    test.pump.player().set_repeat(repeat);
    test.pump.again();
}

fn change_loop(test: &mut Test, region: Option<LoopRegion>) {
    test.pump.player().set_loop(region).unwrap();
    test.pump.again();
}

/// A loop over these frames of the first item.
fn region(frames: std::ops::Range<usize>) -> Option<LoopRegion> {
    let [start, end] = [frames.start, frames.end].map(|frame| frame as f64 / f64::from(RATE));
    Some(LoopRegion { item: 0, start, end })
}

/// Plays on, and compares all that is heard.
fn hears(test: &mut Test, wanted: &[f32], when: &str) {
    test.until(|reader| reader.heard.len() >= wanted.len());
    let heard = test.heard();
    let differs = heard.iter().zip(wanted).position(|(heard, wanted)| heard != wanted);
    let found = differs.map(|at| (at, heard[at], wanted[at]));
    assert_eq!(found, None, "{when}: place, heard, wanted");
}

/// Places at which the sound jumped after the beginning.
fn jumps(test: &Test) -> Vec<usize> {
    test.reader.borrow().jumps.iter().copied().filter(|at| *at > 0).collect()
}

#[test]
fn a_change_of_repeat_is_not_heard_although_all_was_decoded_ahead() {
    for (read, repeat, wanted) in [
        (1, Repeat::One, [0, 0, 0, 0, 0]),
        (5_000, Repeat::One, [0, 0, 0, 0, 0]),
        // Of the first item the very last frame is decoded again.
        (ITEM - LEAD - 1, Repeat::One, [0, 0, 0, 0, 0]),
        // It is over in a moment.
        (ITEM - LEAD, Repeat::One, [0, 1, 1, 1, 1]),
        (ITEM - 1, Repeat::One, [0, 1, 1, 1, 1]),
        (ITEM, Repeat::One, [0, 1, 1, 1, 1]),
        (25_000, Repeat::All, [0, 1, 0, 1, 0]),
        (2 * ITEM - LEAD - 1, Repeat::All, [0, 1, 0, 1, 0]),
    ] {
        let mut test = decoded_ahead(2, read);
        change_repeat(&mut test, repeat);
        hears(&mut test, &whole(wanted), &format!("{repeat:?} when {read} frames were read"));
        assert_eq!(jumps(&test), [0; 0], "{repeat:?} when {read} frames were read");
    }
}

#[test]
fn a_repeat_right_before_the_end_goes_on_when_that_is_put_out() {
    for (read, repeat, wanted) in [
        (2 * ITEM - LEAD, Repeat::All, [0, 1, 0, 1, 0]),
        (2 * ITEM - 1_000, Repeat::All, [0, 1, 0, 1, 0]),
        (2 * ITEM - 1, Repeat::One, [0, 1, 1, 1, 1]),
    ] {
        let mut test = decoded_ahead(2, read);
        change_repeat(&mut test, repeat);
        hears(&mut test, &whole(wanted), &format!("{repeat:?} when {read} frames were read"));
        // It takes nothing back.
        assert_eq!(jumps(&test), [2 * ITEM]);
    }
}

#[test]
fn after_the_end_a_repeat_brings_nothing_back() {
    let mut test = Test::new(1);
    test.until(|reader| reader.ended);
    change_repeat(&mut test, Repeat::All);
    for _ in 0..100 {
        test.pump.turn();
        test.reader.borrow_mut().read(300);
    }
    assert_eq!(test.heard(), whole([0]));
}

#[test]
fn of_changes_in_a_row_the_last_one_holds() {
    // Each at once, or each when the one before is decoded, or when it is decoded but for the first of it.
    for turns in [0, 1, 200] {
        let mut test = decoded_ahead(2, 5_000);
        for repeat in [Repeat::One, Repeat::All, Repeat::One, Repeat::None, Repeat::One] {
            change_repeat(&mut test, repeat);
            take_turns(&mut test, turns);
        }
        hears(&mut test, &whole([0, 0, 0]), &format!("after {turns} turns"));
        change_repeat(&mut test, Repeat::None);
        test.until(|reader| reader.ended);
        let heard = test.heard();
        let rounds = heard.len() / ITEM - 1;
        assert!(
            heard == whole(vec![0; rounds].into_iter().chain([1])),
            "{turns} turns, {rounds} rounds"
        );
        assert_eq!(jumps(&test), [0; 0]);
    }
}

#[test]
fn a_change_while_another_is_decoded_again_is_not_too_late() {
    // The last frame of the item is decoded again, and the decoder has to wait before it gives the next one.
    let mut test = decoded_ahead(2, ITEM - LEAD - 1);
    change_repeat(&mut test, Repeat::One);
    test.whims.waits.set(1);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    change_repeat(&mut test, Repeat::None);
    change_repeat(&mut test, Repeat::All);
    hears(&mut test, &whole([0, 1, 0, 1]), "Repeat::All");
    assert_eq!(jumps(&test), [0; 0]);
}

#[test]
fn a_change_when_the_reader_went_over_to_the_one_before_and_one_on_the_way_there() {
    let mut test = decoded_ahead(2, 500);
    change_repeat(&mut test, Repeat::One);
    fill(&mut test);
    for read in [501, 500 + LEAD - 1, 500 + LEAD, 500 + LEAD + 1, 500 + LEAD + 200] {
        read_to(&test, read);
        for repeat in [Repeat::All, Repeat::One] {
            change_repeat(&mut test, repeat);
            fill(&mut test);
        }
    }
    hears(&mut test, &whole([0, 0, 0]), "Repeat::One");
    // Except for a reader that stands just at the joint, which has to be told by a jump; it takes nothing back here, where nothing lies behind the feed.
    assert!(jumps(&test).iter().all(|at| *at == 500 + LEAD), "{:?}", jumps(&test));
}

#[test]
fn after_a_seek_that_is_not_heard_yet_a_change_of_repeat_leads_there_too() {
    let mut test = decoded_ahead(2, 5_000);
    test.feed.seek(1, 1, 0.125);
    while test.pump.arrived() != 1 {
        test.pump.turn();
    }
    fill(&mut test);
    change_repeat(&mut test, Repeat::One);
    let sought = whole([1, 1, 1]).split_off(RATE as usize / 8);
    let wanted = [&whole([0])[..5_000], &sought].concat();
    hears(&mut test, &wanted, "a seek");
    assert_eq!(jumps(&test), [5_000]);
    assert_eq!(test.pump.arrived(), 1);
}

#[test]
fn a_seek_while_something_is_decoded_again_is_a_seek() {
    for turns in [0, 1, 200] {
        let mut test = decoded_ahead(2, 5_000);
        change_repeat(&mut test, Repeat::One);
        take_turns(&mut test, turns);
        test.feed.seek(1, 1, 0.25);
        test.until(|reader| reader.heard.len() > 60_000);
        let from = jumps(&test)[0];
        let sought = whole([1, 1, 1]).split_off(RATE as usize / 4);
        let wanted = [&whole([0])[..from], &sought].concat();
        hears(&mut test, &wanted, &format!("a seek after {turns} turns"));
    }
}

#[test]
fn a_decoder_slower_than_the_reader_is_given_more_time() {
    let mut test = decoded_ahead(2, 1_000);
    change_repeat(&mut test, Repeat::All);
    read_to(&test, 1_000 + LEAD);
    hears(&mut test, &whole([0, 1, 0, 1]), "late by a frame");
    assert_eq!(jumps(&test), [0; 0]);
}

#[test]
fn a_reader_that_comes_to_the_joint_first_goes_over_with_a_jump_when_there_is_no_more_time() {
    let mut test = decoded_ahead(2, 25_000);
    change_repeat(&mut test, Repeat::One);
    read_to(&test, 37_000);
    let joint = 25_000 + LEAD;
    let wanted = [&whole([0, 1])[..37_000], &whole([1])[joint - ITEM..], &whole([1])].concat();
    hears(&mut test, &wanted, "too late");
    assert_eq!(jumps(&test), [37_000]);
}

#[test]
fn a_reader_at_the_end_comes_back_with_a_jump() {
    let mut test = decoded_ahead(1, 5_000);
    change_repeat(&mut test, Repeat::All);
    let mut reader = test.reader.borrow_mut();
    while !reader.ended {
        reader.read(300);
    }
    drop(reader);
    let again = &whole([0])[5_000 + LEAD..];
    hears(&mut test, &[&whole([0]), again, &whole([0])].concat(), "at the end");
    assert_eq!(jumps(&test), [ITEM]);
}

#[test]
fn what_is_appended_follows_the_last_item_without_a_gap() {
    for (repeat, wanted) in [(Repeat::None, [0, 1, 2, 2]), (Repeat::All, [0, 1, 2, 0])] {
        let mut test = Test::with_feed(2, 5 * ITEM);
        test.pump.player().set_repeat(repeat);
        let mut test = decoded(test, 25_000);
        let third = opener(2, &test.whims);
        test.pump.player().append(third);
        test.pump.again();
        let items = if repeat == Repeat::None { 3 } else { 4 };
        hears(&mut test, &whole(wanted.into_iter().take(items)), &format!("{repeat:?}"));
        assert_eq!(jumps(&test), [0; 0]);
    }
}

#[test]
fn what_is_appended_right_before_the_end_follows_when_that_is_put_out() {
    let mut test = decoded_ahead(1, ITEM - 10);
    let second = opener(1, &test.whims);
    test.pump.player().append(second);
    test.pump.again();
    test.pump.go_on();
    test.until(|reader| reader.ended && reader.heard.len() > ITEM);
    assert_eq!(test.heard(), whole([0, 1]));
    assert_eq!(jumps(&test), [ITEM]);
}

/// What a loop over `frames` sounds like from the item's beginning on, in two passes; the fades are `None`.
fn looped(frames: std::ops::Range<usize>) -> Vec<Option<f32>> {
    let item: Vec<Option<f32>> = whole([0]).into_iter().map(Some).collect();
    let pass = [&vec![None; FADE][..], &item[frames.start + FADE..frames.end]].concat();
    [&item[..frames.end], &pass, &pass].concat()
}

#[test]
fn a_loop_set_or_left_is_not_heard_before_its_end() {
    let frames = 2_400..14_400;
    let mut test = decoded_ahead(2, 1_000);
    test.reader.borrow_mut().fading = frames.start as u64..(frames.start + FADE) as u64;
    change_loop(&mut test, region(frames.clone()));
    let wanted = looped(frames.clone());
    // Into the third pass.
    let read = wanted.len() + 1_000;
    test.until(|reader| reader.heard.len() >= read);
    fill(&mut test);
    let from = test.heard().len();
    change_loop(&mut test, None);
    test.until(|reader| reader.ended);
    let heard = test.heard();
    for (at, (heard, wanted)) in heard.iter().zip(&wanted).enumerate() {
        assert!(wanted.is_none_or(|wanted| wanted == *heard), "{at}: {heard}, wanted {wanted:?}");
    }
    let rest = frames.start + FADE;
    assert_eq!(
        heard[wanted.len() + FADE..],
        [&whole([0])[rest..], &whole([1])].concat(),
        "left in the third pass, at {from}"
    );
    assert_eq!(jumps(&test), [0; 0]);
}

#[test]
fn where_a_loop_fades_into_its_beginning_nothing_is_parted() {
    let frames = 2_400..14_400;
    let begin = |read: usize| {
        let mut test = Test::with_feed(1, 5 * ITEM);
        test.reader.borrow_mut().fading = frames.start as u64..(frames.start + FADE) as u64;
        test.pump.player().set_loop(region(frames.clone())).unwrap();
        decoded(test, read)
    };
    // What is read later would otherwise begin within the second pass's fade.
    let second = 2 * frames.end - frames.start;
    let mut test = begin(second + FADE / 2 - LEAD);
    change_loop(&mut test, None);
    let wanted = [&begin(second + FADE).heard()[..], &whole([0])[frames.start + FADE..]].concat();
    hears(&mut test, &wanted, "left in a fade");
    assert_eq!(jumps(&test), [0; 0]);
}

#[test]
fn of_a_file_that_was_cut_off_is_told_once() {
    let test = Test::with_feed(2, 5 * ITEM);
    test.whims.cut.set(true);
    let mut test = decoded(test, 1_000);
    assert_eq!(test.pump.take_failures().len(), 2);
    change_repeat(&mut test, Repeat::One);
    hears(&mut test, &whole([0, 0, 0]), "Repeat::One");
    assert_eq!(test.pump.take_failures(), []);
}
