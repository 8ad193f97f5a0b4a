//! The feeder's loop over items whose samples are numbers, and the producer's end of the feed, read by hand.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use noxrun::feed::{Feed, FeedSource, FeedWriter, Heard, Port, Pump, PumpTurn, SeekCommand};
use noxrun::render::{RenderInfo, Source};
use noxrun::shared::SharedOutput;
use noxrun::source::file::{FileInfo, Sound, Track, TrackStep, Trouble};
use noxrun::source::player::{Opener, Player};
use noxrun::{Error, FileProblem};

pub const RATE: u32 = 48_000;
/// Frames of the feed: some of the pump's blocks.
pub const FEED: usize = 4096;
/// Frames that each item lasts.
pub const LONG: u64 = 20_000;

/// What all items do from now on.
#[derive(Default)]
pub struct Whims {
    /// Steps that have to wait for another decoder.
    pub waits: Cell<u32>,
    /// The end is one of a file that was cut off.
    pub cut: Cell<bool>,
}

/// An item whose samples tell item and frame: item * 2^18 + frame, exact in f32.
struct Numbered {
    info: FileInfo,
    item: u64,
    next: u64,
    sound: Vec<f32>,
    at: u64,
    whims: Rc<Whims>,
}

pub fn number(item: u64, frame: u64) -> f32 {
    ((item << 18) + frame) as f32
}

impl Track for Numbered {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> TrackStep {
        if self.whims.waits.get() > 0 {
            self.whims.waits.update(|waits| waits - 1);
            return TrackStep::Waiting;
        }
        if self.next >= LONG {
            return TrackStep::End(self.whims.cut.get().then(|| Trouble {
                problem: FileProblem::Damaged,
                at: None,
                reason: "cut off".into(),
            }));
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
    whims: Rc<Whims>,
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
            whims: self.whims.clone(),
        }))
    }
}

/// The producer's end of the feed, and all that was read there.
pub struct Reader {
    pub feed: Arc<Feed>,
    pub source: FeedSource,
    /// As the main ring counts.
    pub position: u64,
    pub heard: Vec<f32>,
    /// How many of these were read before the latest jump.
    pub jumps: Vec<usize>,
    pub ended: bool,
    /// Reads nothing.
    pub rests: bool,
    /// Frames whose samples may be others: those of a crossfade.
    pub fading: std::ops::Range<u64>,
}

impl Reader {
    /// Reads what is there, at most `frames`, and compares what the page is told of each frame with what it is.
    pub fn read(&mut self, frames: usize) {
        if self.rests {
            return;
        }
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
pub struct Rig {
    pub writer: FeedWriter,
    pub reader: Rc<RefCell<Reader>>,
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
    fn join(&mut self, serial: u32, stale: usize) {
        self.writer.join(serial, stale);
    }
    fn unread(&mut self) -> usize {
        self.writer.unread()
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

pub struct Test {
    pub pump: Pump<Rig>,
    pub reader: Rc<RefCell<Reader>>,
    pub feed: Arc<Feed>,
    pub whims: Rc<Whims>,
}

impl Test {
    pub fn new(items: u64) -> Test {
        Test::with_feed(items, FEED)
    }

    pub fn with_feed(items: u64, frames: usize) -> Test {
        let output = Arc::new(SharedOutput::new(1, 1024, RATE as f32).unwrap());
        let feed = Feed::new(output, frames).unwrap();
        let reader = Rc::new(RefCell::new(Reader {
            source: FeedSource::claim(feed.clone()).unwrap(),
            feed: feed.clone(),
            position: 0,
            heard: Vec::new(),
            jumps: Vec::new(),
            ended: false,
            rests: false,
            fading: 0..0,
        }));
        let rig = Rig {
            writer: FeedWriter::attach(feed.clone()).unwrap(),
            reader: reader.clone(),
        };
        let whims = Rc::<Whims>::default();
        let mut player = Player::new(RATE as f32, 1).unwrap();
        player.set_items((0..items).map(|item| opener(item, &whims)).collect(), 0);
        Test {
            pump: Pump::new(rig, player, 1),
            reader,
            feed,
            whims,
        }
    }

    /// Takes turns until `done` says so.
    pub fn until(&mut self, done: impl Fn(&Reader) -> bool) {
        for _ in 0..100_000 {
            assert_eq!(self.pump.turn(), PumpTurn::Going);
            if done(&self.reader.borrow()) {
                return;
            }
        }
        panic!("never done");
    }

    pub fn heard(&self) -> Vec<f32> {
        self.reader.borrow().heard.clone()
    }
}

pub fn opener(item: u64, whims: &Rc<Whims>) -> Box<dyn Opener> {
    Box::new(Item {
        item,
        whims: whims.clone(),
    })
}

pub fn whole(items: impl IntoIterator<Item = u64>) -> Vec<f32> {
    items
        .into_iter()
        .flat_map(|item| (0..LONG).map(move |frame| number(item, frame)))
        .collect()
}
