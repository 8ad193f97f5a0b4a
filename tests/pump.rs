//! The feeder's loop between a player and a feed, with the producer's end of the feed read by hand: what is read is what was asked for, and the page is told of each frame which it is.
#![cfg(all(feature = "decode", not(target_family = "wasm"), not(loom)))]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use noxrun::Error;
use noxrun::feed::{Feed, FeedSource, FeedWriter, Heard, Port, Pump, PumpTurn, SeekCommand};
use noxrun::render::{RenderInfo, Source};
use noxrun::shared::SharedOutput;
use noxrun::source::file::{FileInfo, Sound, Track, TrackStep, Trouble};
use noxrun::source::player::{LoopRegion, Opener, Player, Repeat};

const RATE: u32 = 48_000;
/// Frames of the feed: some of the pump's blocks.
const FEED: usize = 4096;
/// Frames that each item lasts.
const LONG: u64 = 20_000;

/// An item whose samples tell item and frame: item * 2^18 + frame, exact in f32.
struct Numbered {
    info: FileInfo,
    item: u64,
    next: u64,
    sound: Vec<f32>,
    at: u64,
    /// Steps that have to wait for another decoder, from now on.
    waits: Rc<RefCell<u32>>,
}

fn number(item: u64, frame: u64) -> f32 {
    ((item << 18) + frame) as f32
}

impl Track for Numbered {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> TrackStep {
        if *self.waits.borrow() > 0 {
            *self.waits.borrow_mut() -= 1;
            return TrackStep::Waiting;
        }
        if self.next >= LONG {
            return TrackStep::End(None);
        }
        let end = LONG.min(self.next + 777);
        self.at = self.next;
        self.sound = (self.next..end).map(|frame| number(self.item, frame)).collect();
        self.next = end;
        TrackStep::Sound
    }

    fn sound(&self) -> Sound<'_> {
        Sound {
            samples: &self.sound,
            rate: RATE,
            channels: 1,
            at: self.at,
        }
    }

    fn seek(&mut self, frame: u64) -> Result<u64, Trouble> {
        self.next = frame;
        Ok(frame)
    }

    fn skipped_packets(&self) -> u64 {
        0
    }
}

struct Item {
    item: u64,
    waits: Rc<RefCell<u32>>,
}

impl Opener for Item {
    fn name(&self) -> &str {
        "numbered"
    }

    fn open(&mut self) -> Result<Box<dyn Track>, Error> {
        let info = FileInfo {
            name: "numbered".into(),
            format: "numbers",
            codec: "numbers",
            sample_rate: RATE,
            channels: 1,
            frames: Some(LONG),
            seconds: Some(LONG as f64 / f64::from(RATE)),
            by_browser: false,
        };
        Ok(Box::new(Numbered {
            info,
            item: self.item,
            next: 0,
            sound: Vec::new(),
            at: 0,
            waits: self.waits.clone(),
        }))
    }
}

/// The producer's end of the feed, and all that was read there.
struct Reader {
    feed: Arc<Feed>,
    source: FeedSource,
    /// As the main ring counts.
    position: u64,
    heard: Vec<f32>,
    /// How many of these were read before the latest jump.
    jumps: Vec<usize>,
    ended: bool,
    /// Frames whose samples may be others: those of a crossfade.
    fading: std::ops::Range<u64>,
}

impl Reader {
    /// Reads what is there, at most `frames`, and compares what the page is told of each frame with what it is.
    fn read(&mut self, frames: usize) {
        if self.source.jumped() {
            self.jumps.push(self.heard.len());
            self.ended = false;
        }
        let available = self.source.available();
        if self.ended || available == 0 {
            return;
        }
        let mut block = vec![0.0; frames.min(available)];
        let info = RenderInfo {
            position: 0,
            ring_position: self.position,
            sample_rate: RATE as f32,
            channels: 1,
            heard_in: 0.0,
            underruns: 0,
        };
        let read = self.source.render(&mut block, &info);
        self.ended = read < block.len();
        let map = self.feed.map();
        for sample in &block[..read] {
            let Heard { item, seconds, .. } = map.heard(self.position).expect("just rendered, so it is known");
            let told = number(u64::from(item), (seconds * f64::from(RATE)).round() as u64);
            if !self.fading.contains(&(told as u64)) {
                assert_eq!(told, *sample, "main position {}", self.position);
            }
            self.heard.push(*sample);
            self.position += 1;
        }
    }
}

/// A feed whose reader reads whenever the pump would sleep.
struct Rig {
    writer: FeedWriter,
    reader: Rc<RefCell<Reader>>,
}

impl Port for Rig {
    fn room(&mut self) -> usize {
        self.writer.room()
    }
    fn write(&mut self, interleaved: &[f32]) {
        Port::write(&mut self.writer, interleaved);
    }
    fn jump(&mut self, serial: u32) {
        self.writer.jump(serial);
    }
    fn segment(&mut self, item: u32, seconds: f64) {
        self.writer.segment(item, seconds);
    }
    fn end(&mut self) {
        self.writer.end();
    }
    fn is_drained(&mut self) -> bool {
        // There is no ring behind the feed here, whose reader would have to come to the end too.
        self.reader.borrow().ended
    }
    fn ticket(&mut self) -> u32 {
        Port::ticket(&mut self.writer)
    }
    fn wait(&mut self, _ticket: u32, _frames: usize, _timeout: Duration) {
        self.reader.borrow_mut().read(300);
    }
    fn seek_wanted(&mut self, done: u32) -> Option<SeekCommand> {
        Port::seek_wanted(&mut self.writer, done)
    }
    fn mail(&mut self) -> u32 {
        self.writer.mail()
    }
    fn beat(&mut self) {
        self.writer.beat();
    }
}

struct Test {
    pump: Pump<Rig>,
    reader: Rc<RefCell<Reader>>,
    feed: Arc<Feed>,
    waits: Rc<RefCell<u32>>,
}

impl Test {
    fn new(items: u64) -> Test {
        let output = Arc::new(SharedOutput::new(1, 1024, RATE as f32).unwrap());
        let feed = Feed::new(output, FEED).unwrap();
        let reader = Rc::new(RefCell::new(Reader {
            source: FeedSource::claim(feed.clone()).unwrap(),
            feed: feed.clone(),
            position: 0,
            heard: Vec::new(),
            jumps: Vec::new(),
            ended: false,
            fading: 0..0,
        }));
        let rig = Rig {
            writer: FeedWriter::attach(feed.clone()).unwrap(),
            reader: reader.clone(),
        };
        let waits = Rc::new(RefCell::new(0));
        let mut player = Player::new(RATE as f32, 1).unwrap();
        player.set_items((0..items).map(|item| opener(item, &waits)).collect(), 0);
        Test {
            pump: Pump::new(rig, player, 1),
            reader,
            feed,
            waits,
        }
    }

    /// Takes turns until `done` says so.
    fn until(&mut self, done: impl Fn(&Reader) -> bool) {
        for _ in 0..100_000 {
            assert_eq!(self.pump.turn(), PumpTurn::Going);
            if done(&self.reader.borrow()) {
                return;
            }
        }
        panic!("never done");
    }

    fn heard(&self) -> Vec<f32> {
        self.reader.borrow().heard.clone()
    }
}

fn opener(item: u64, waits: &Rc<RefCell<u32>>) -> Box<dyn Opener> {
    Box::new(Item {
        item,
        waits: waits.clone(),
    })
}

fn whole(items: impl IntoIterator<Item = u64>) -> Vec<f32> {
    items
        .into_iter()
        .flat_map(|item| (0..LONG).map(move |frame| number(item, frame)))
        .collect()
}

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
    let waits = test.waits.clone();
    test.pump.player().append(opener(1, &waits));
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
    player.set_items(vec![opener(0, &test.waits)], 0);
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
    *test.waits.borrow_mut() = 3;
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    assert_eq!(test.pump.turn(), PumpTurn::Waiting);
    test.until(|reader| reader.heard.len() > 3_000);
    *test.waits.borrow_mut() = u32::MAX;
    let waited = (0..1_000).any(|_| test.pump.turn() == PumpTurn::Waiting);
    assert!(waited);
    test.feed.seek(1, 0, 0.0);
    *test.waits.borrow_mut() = 0;
    test.until(|reader| reader.ended);
    assert_eq!(*test.heard().last().unwrap(), number(0, LONG - 1));
}

#[test]
fn mail_is_returned_for_until_it_is_handled() {
    let mut test = Test::new(1);
    test.feed.commands.0.mail.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
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
