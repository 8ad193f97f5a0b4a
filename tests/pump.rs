//! The feeder's loop between a player and a feed, with the producer's end of the feed read by hand: what is read is what was asked for, and the page is told of each frame which it is.
#![cfg(all(feature = "decode", not(target_family = "wasm"), not(loom)))]

#[path = "common/numbered.rs"]
mod numbered;

use std::sync::atomic::Ordering;

use noxrun::feed::PumpTurn;
use noxrun::source::player::{LoopRegion, Player, Repeat};
use numbered::{FEED, LONG, RATE, Test, number, opener, whole};

#[test]
fn a_list_is_heard_whole_and_ends() {
    let mut test = Test::new(3);
    test.until(|reader| reader.ended);
    assert_eq!(test.heard(), whole(0..3));
    // Nothing more comes, however long.
    for _ in 0..100 {
        assert_eq!(test.pump.turn(), PumpTurn::Going);
    }
    assert_eq!(test.heard().len(), 3 * LONG as usize);
}

#[test]
fn after_a_seek_nothing_of_before_is_heard() {
    let mut test = Test::new(3);
    let mut serial = 0;
    for (item, frame) in [(1u64, 5_000u64), (0, 0), (2, LONG - 1), (1, 12_345), (0, 19_000)] {
        let before = test.heard().len();
        test.until(|reader| reader.heard.len() > before + 1_000 || reader.ended);
        serial += 1;
        test.feed.seek(serial, item as u32, frame as f64 / f64::from(RATE));
        let jumps = test.reader.borrow().jumps.len();
        test.until(|reader| reader.jumps.len() > jumps && reader.heard.len() > reader.jumps[jumps]);
        let reader = test.reader.borrow();
        assert_eq!(reader.heard[reader.jumps[jumps]], number(item, frame), "seek {serial}");
        drop(reader);
        assert_eq!(test.pump.arrived(), serial);
    }
    // From the last place on everything is heard, into the next items.
    test.until(|reader| reader.ended);
    let reader = test.reader.borrow();
    let rest: Vec<f32> = whole(0..3)[19_000..].to_vec();
    assert_eq!(reader.heard[*reader.jumps.last().unwrap()..], rest);
}

#[test]
fn of_many_seeks_only_the_newest_is_done() {
    let mut test = Test::new(1);
    test.until(|reader| reader.heard.len() > 1_000);
    let jumps = test.reader.borrow().jumps.len();
    for serial in 1..=50 {
        test.feed.seek(serial, 0, f64::from(serial) * 1e-3);
    }
    test.until(|reader| reader.jumps.len() > jumps && reader.heard.len() > reader.jumps[jumps]);
    let reader = test.reader.borrow();
    assert_eq!(reader.heard[reader.jumps[jumps]], number(0, 50 * 48));
    assert_eq!(reader.jumps.len(), jumps + 1);
}

#[test]
fn a_seek_out_of_range_leaves_what_plays_and_is_answered() {
    let mut test = Test::new(1);
    test.until(|reader| reader.heard.len() > 1_000);
    test.feed.seek(1, 9, 0.0);
    test.until(|reader| reader.ended);
    assert_eq!(test.heard(), whole([0]));
    assert_eq!(test.pump.arrived(), 1);
}

#[test]
fn a_loop_is_told_pass_by_pass() {
    let mut test = Test::new(1);
    let region = LoopRegion {
        item: 0,
        start: 0.1,
        end: 0.2,
    };
    test.pump.player().set_loop(Some(region)).unwrap();
    // Where one number fades into another, what is told cannot be compared.
    let fade = (noxrun::source::player::FADE_SECONDS * f64::from(RATE)).ceil() as u64;
    test.reader.borrow_mut().fading = 4_800..4_800 + fade;
    test.until(|reader| reader.heard.len() > 9_600 + 4 * 4_800);
    let heard = test.heard();
    for pass in 1..=3 {
        let at = 9_600 + pass * 4_800;
        assert_eq!(heard[at - 1], number(0, 9_599), "pass {pass}");
        assert_eq!(heard[at + fade as usize], number(0, 4_800 + fade), "pass {pass}");
    }
}

#[test]
fn what_is_appended_after_the_end_is_heard_too() {
    let mut test = Test::new(1);
    test.until(|reader| reader.ended);
    let whims = test.whims.clone();
    test.pump.player().append(opener(1, &whims));
    test.pump.go_on();
    test.until(|reader| reader.heard.len() as u64 > LONG && reader.ended);
    assert_eq!(test.heard(), whole([0, 1]));
}

#[test]
fn what_is_repeated_goes_on_without_a_gap() {
    let mut test = Test::new(2);
    test.pump.player().set_repeat(Repeat::All);
    test.until(|reader| reader.heard.len() as u64 >= 5 * LONG);
    assert_eq!(test.heard()[..5 * LONG as usize], whole([0, 1, 0, 1, 0]));
}

#[test]
fn another_list_takes_the_place_of_the_old_one() {
    let mut test = Test::new(1);
    test.until(|reader| reader.heard.len() > 5_000);
    // A seek that was meant for the old list is not done in the new one.
    test.feed.seek(1, 0, 0.3);
    let mut player = Player::new(RATE as f32, 1).unwrap();
    player.set_items(vec![opener(0, &test.whims)], 0);
    test.pump.set_player(player);
    test.until(|reader| reader.ended);
    let reader = test.reader.borrow();
    let from = *reader.jumps.last().unwrap();
    assert_eq!(reader.heard[from..].len(), LONG as usize);
    assert_eq!(reader.heard[from], number(0, 0));
}

#[test]
fn waiting_for_another_decoder_returns_to_the_event_loop_but_not_past_a_seek() {
    let mut test = Test::new(1);
    test.whims.waits.set(3);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    test.until(|reader| reader.heard.len() > 3_000);
    test.whims.waits.set(u32::MAX);
    let waited = (0..1_000).any(|_| test.pump.turn() == PumpTurn::Waiting);
    assert!(waited);
    test.feed.seek(1, 0, 0.0);
    test.whims.waits.set(0);
    test.until(|reader| reader.ended);
    assert_eq!(*test.heard().last().unwrap(), number(0, LONG - 1));
}

#[test]
fn mail_is_returned_for_until_it_is_handled() {
    let mut test = Test::new(1);
    test.feed.commands.0.mail.fetch_add(2, Ordering::Relaxed);
    assert_eq!(test.pump.turn(), PumpTurn::Mail);
    test.pump.handled();
    assert_eq!(test.pump.turn(), PumpTurn::Mail);
    test.pump.handled();
    assert_eq!(test.pump.turn(), PumpTurn::Going);
}

#[test]
fn a_feed_that_was_abandoned_is_played_out_and_ends() {
    let mut test = Test::new(1);
    test.until(|reader| reader.heard.len() > 1_000);
    let Test { reader, feed, pump, .. } = test;
    drop(pump);
    let before = reader.borrow().heard.len();
    feed.abandon();
    for _ in 0..100 {
        reader.borrow_mut().read(300);
    }
    let reader = reader.borrow();
    assert!(reader.ended);
    // The pump sleeps over a full feed only, and then 300 frames are read.
    assert_eq!(reader.heard.len(), before + FEED - 300);
    assert_eq!(reader.heard, whole([0])[..reader.heard.len()]);
}
