//! The feed with the producer's loop and the main ring behind it: what is written by a feeder is heard once, in order, and the page knows what is heard; whatever jumps, dries up or ends.
#![cfg(all(feature = "decode", not(target_family = "wasm"), not(loom)))]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use noxrun::Error;
use noxrun::consume::Quanta;
use noxrun::feed::{CHANGE_SLOTS, Feed, FeedSource, FeedWriter, Heard, SEGMENT_SLOTS, SeekCommand};
use noxrun::ledger::{ProducerState, SilentBy};
use noxrun::render::{Clock, Pacer, RenderInfo, Source, SystemClock, Turn};
use noxrun::ring::{Consumer, Producer, Ticket, Until, Woken};
use noxrun::shared::SharedOutput;
use noxrun::source::Sine;
use proptest::prelude::*;

const RATE: f32 = 48_000.0;
/// Longer than any test: what waits for it in vain hangs.
const LONG: Duration = Duration::from_secs(3600);
/// Frames of a jump's sound at most, so that a sample tells its jump and its number: exact in f32 up to 2^24.
const PER_JUMP: u64 = 1 << 14;

#[derive(Clone, Default)]
struct FakeClock(Rc<Cell<f64>>);

impl Clock for FakeClock {
    fn now_ms(&self) -> f64 {
        self.0.get()
    }

    fn origin_ms(&self) -> f64 {
        0.0
    }

    /// Short: a source that has ended waits for nothing else.
    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        producer.sleep(ticket, until, timeout.min(Duration::from_millis(1)))
    }
}

/// A source that always has more to prepare: the producer then never falls asleep in a test of one thread.
struct Awake<S>(S);

impl<S: Source> Source for Awake<S> {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.0.render(block, info)
    }

    fn available(&mut self) -> usize {
        self.0.available()
    }

    fn jumped(&mut self) -> bool {
        self.0.jumped()
    }

    fn prepare(&mut self) -> bool {
        true
    }
}

/// What frame `number` after jump `jump` sounds like.
fn sample(jump: u64, number: u64) -> f32 {
    assert!(number < PER_JUMP && jump < 1024);
    (jump * PER_JUMP + number) as f32
}

/// What a sample tells.
fn told(sample: f32) -> (u64, u64) {
    (sample as u64 / PER_JUMP, sample as u64 % PER_JUMP)
}

/// A feeder that numbers its frames. After jump j (its serial too) the sound is item j + 7 from second 100 j.
struct Feeder {
    writer: FeedWriter,
    channels: usize,
    jump: u64,
    /// Frames written since.
    number: u64,
    /// Feed position of the latest jump, and its joint.
    jumped: (u64, Option<Joint>),
    /// The joint of each jump that has one.
    joints: Vec<Option<Joint>>,
}

/// Where a jump is to be joined to what was written before.
#[derive(Clone, Copy)]
struct Joint {
    /// Feed position.
    at: u64,
    /// The jump whose sound that would be, and its number there.
    old: (u64, u64),
}

impl Feeder {
    fn new(feed: &Arc<Feed>) -> Feeder {
        let mut writer = FeedWriter::attach(feed.clone()).expect("free");
        writer.segment(7, 0.0);
        Feeder {
            writer,
            channels: feed.ring().channels(),
            jump: 0,
            number: 0,
            jumped: (0, None),
            joints: vec![None],
        }
    }

    fn write(&mut self, frames: usize) -> usize {
        let frames = (frames as u64).min(PER_JUMP - self.number);
        let samples: Vec<f32> = (self.number..self.number + frames)
            .flat_map(|number| std::iter::repeat_n(sample(self.jump, number), self.channels))
            .collect();
        let written = self.writer.write(&samples).expect("whole frames");
        self.number += written as u64;
        written
    }

    fn jump(&mut self) {
        self.joints.push(None);
        self.jumped = (self.writer.position(), None);
        self.writer.jump(self.jump as u32 + 1);
        self.begin();
    }

    /// A jump that takes the place of the last frames, at most `stale`, of which the reader has read none yet; or that of the latest jump, if the reader has not come to that.
    fn join(&mut self, stale: usize) {
        let position = self.writer.position();
        let unread = self.writer.unread();
        let joint = if position - unread as u64 <= self.jumped.0 {
            self.jumped.1
        } else {
            let stale = stale.min(unread) as u64;
            let old = (self.jump, self.number - stale);
            let at = position - stale;
            Some(Joint { at, old })
        };
        let Some(joint) = joint else { return self.jump() };
        self.joints.push(Some(joint));
        self.jumped = (position, Some(joint));
        self.writer.join(self.jump as u32 + 1, (position - joint.at) as usize);
        self.begin();
    }

    fn begin(&mut self) {
        self.jump += 1;
        self.number = 0;
        self.writer.segment(self.jump as u32 + 7, 100.0 * self.jump as f64);
    }
}

/// What the page should be told of a sample.
fn heard(sample: f32) -> Heard {
    let (jump, number) = told(sample);
    Heard {
        item: jump as u32 + 7,
        seconds: 100.0 * jump as f64 + number as f64 / f64::from(RATE),
        serial: jump as u32,
    }
}

/// All of an output in one thread, with the main ring read directly.
struct Rig {
    shared: Arc<SharedOutput>,
    feed: Arc<Feed>,
    feeder: Feeder,
    pacer: Pacer<FakeClock>,
    consumer: Consumer,
    /// What was read last.
    last: Option<(u64, u64)>,
    /// Whether some was discarded since.
    cut: bool,
    /// Frames discarded by the consumer, and main positions of what was read with what it was.
    dropped: u64,
    read: Vec<(u64, f32)>,
}

struct Setup {
    channels: usize,
    capacity: usize,
    limit: usize,
    block: usize,
    feed: usize,
}

const SETUP: Setup = Setup {
    channels: 2,
    capacity: 4096,
    limit: 1024,
    block: 128,
    feed: 3000,
};

impl Rig {
    fn new(setup: Setup) -> Rig {
        let shared = Arc::new(SharedOutput::new(setup.channels, setup.capacity, RATE).expect("in range"));
        shared.ring.set_limit(setup.limit).expect("in range");
        let feed = Feed::new(shared.clone(), setup.feed).expect("in range");
        let source = Box::new(Awake(FeedSource::claim(feed.clone()).expect("free")));
        let pacer = Pacer::new(shared.clone(), source, setup.block, FakeClock::default()).expect("free");
        Rig {
            feeder: Feeder::new(&feed),
            pacer,
            consumer: Consumer::claim(shared.ring.clone()).expect("free"),
            last: None,
            cut: false,
            dropped: 0,
            read: Vec::new(),
            shared,
            feed,
        }
    }

    fn state(&self) -> ProducerState {
        self.shared.snapshot().state()
    }

    /// Lets the producer go as far as it can.
    fn fill(&mut self) {
        while self.pacer.turn() == Turn::Rendered {}
    }

    /// One quantum, as the worklet reads: flush, then what is known. Checks that the frames go on where they should; returns how many there were.
    fn quantum(&mut self, frames: usize) -> usize {
        let map = self.feed.map();
        let flushed = self.consumer.apply_flush();
        self.dropped += flushed.unwrap_or(0) as u64;
        self.cut |= flushed.is_some_and(|frames| frames > 0);
        if flushed.is_some_and(|frames| frames > 0) {
            let discarded = self.consumer.position() - 1;
            assert!(
                map.heard(discarded).is_none_or(|heard| heard.serial as u64 >= self.feeder.jump),
                "never heard"
            );
        }
        let channels = self.shared.ring.channels();
        let mut out = vec![0.0; frames.min(self.consumer.known_available()) * channels];
        let at = self.consumer.position();
        let count = self.consumer.read(&mut out).expect("whole frames");
        let map = self.feed.map();
        for (offset, frame) in out[..count * channels].chunks_exact(channels).enumerate() {
            assert!(frame.iter().all(|one| *one == frame[0]), "torn");
            let (jump, number) = told(frame[0]);
            match self.last {
                Some((last, before)) if last == jump => assert_eq!(number, before + 1, "lost or repeated after jump {jump}"),
                Some((last, before)) => {
                    assert!(jump > last && number == 0, "{last} is followed by frame {number} of {jump}");
                    match self.feeder.joints[jump as usize] {
                        Some(Joint { old: (of, joint), .. }) if !self.cut && of == last => {
                            assert_eq!(before + 1, joint, "the last of {last} before {jump}");
                        }
                        _ => {}
                    }
                }
                None => assert_eq!(number, 0),
            }
            self.last = Some((jump, number));
            self.cut = false;
            let main = at + offset as u64;
            let found = map.heard(main);
            assert!(found.is_none() || found == Some(heard(frame[0])), "at main position {main}");
            self.read.push((main, frame[0]));
        }
        count
    }

    /// The map never says of a frame that was read what it was not, nor anything of one that was not read.
    fn check_map(&mut self) -> usize {
        let map = self.feed.map();
        let mut known = 0;
        let mut read = self.read.iter().peekable();
        for main in 0..self.consumer.position() {
            let found = map.heard(main);
            if let Some((_, sample)) = read.next_if(|(at, _)| *at == main) {
                assert!(found.is_none() || found == Some(heard(*sample)), "main position {main}");
                known += usize::from(found.is_some());
            } else {
                assert_eq!(found, None, "main position {main} was discarded");
            }
        }
        known
    }
}

#[test]
fn every_frame_comes_once_and_in_order_and_the_map_tells_which() {
    for (channels, feed, block) in [(1, 100, 64), (2, 3000, 128), (6, 777, 283)] {
        let mut rig = Rig::new(Setup {
            channels,
            feed,
            block,
            ..SETUP
        });
        let mut total = 0;
        while rig.feeder.number < PER_JUMP {
            rig.feeder.write(500);
            rig.fill();
            total += rig.quantum(333);
        }
        loop {
            rig.fill();
            match rig.quantum(333) {
                0 => break,
                count => total += count,
            }
        }
        assert_eq!((total, rig.last), (PER_JUMP as usize, Some((0, PER_JUMP - 1))));
        assert_eq!(rig.check_map(), total, "one changeover, one segment: all of it is known");
        assert_eq!(rig.feed.map().until(), PER_JUMP);
        assert_eq!(rig.feed.map().heard(PER_JUMP), None);
    }
}

#[test]
fn a_jump_changes_over_when_the_new_sound_is_there_and_not_before() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(3000);
    rig.fill();
    rig.quantum(128);
    rig.fill();
    rig.feeder.jump();
    rig.fill();
    // Nothing of the new sound is there: the old one plays on.
    assert_eq!((rig.quantum(128), rig.last), (128, Some((0, 255))));
    rig.feeder.write(300);
    rig.fill();
    assert_eq!((rig.quantum(128), rig.last), (128, Some((0, 383))), "300 frames are not enough yet");
    rig.feeder.write(3000);
    rig.fill();
    assert_eq!((rig.quantum(128), rig.last), (128, Some((1, 127))), "enough for the limit of 1024");
    assert_eq!(rig.dropped, 1024 + 128 - 384);
    assert_eq!(rig.check_map(), 4 * 128, "the producer looked at the consumer between them");
}

#[test]
fn a_slow_new_sound_is_changed_over_to_before_the_old_one_ends() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(3000);
    rig.fill();
    rig.feeder.jump();
    rig.feeder.write(200);
    rig.fill();
    let mut old = 0;
    while rig.quantum(128) > 0 && rig.last.expect("read").0 == 0 {
        old += 128;
        rig.fill();
    }
    assert_eq!(
        (old, rig.last, rig.dropped),
        (512, Some((1, 127)), 512),
        "half of the ring's limit is left"
    );
    assert_eq!(rig.quantum(128), 72);
    // What comes later is not held up.
    rig.feeder.write(100);
    rig.fill();
    assert_eq!((rig.quantum(128), rig.last), (100, Some((1, 299))));
}

#[test]
fn without_any_new_sound_the_old_one_plays_to_its_end() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(3000);
    rig.fill();
    assert_eq!(rig.state(), ProducerState::Running);
    rig.feeder.jump();
    rig.fill();
    let mut read = 0;
    loop {
        match rig.quantum(100) {
            0 => break,
            count => read += count,
        }
        rig.fill();
    }
    assert_eq!((read, rig.dropped, rig.state()), (1024, 0, ProducerState::Running));
    rig.feeder.write(50);
    rig.fill();
    assert_eq!(rig.consumer.apply_flush(), Some(0), "announced, though there is nothing to discard");
    assert_eq!((rig.quantum(100), rig.last), (50, Some((1, 49))));
    assert_eq!(
        rig.check_map(),
        1024 + 50 - 24,
        "all but what was read since the consumer was last looked at"
    );
}

#[test]
fn jumps_before_the_first_sound_are_still_start_up() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(300);
    rig.fill();
    rig.feeder.jump();
    rig.feeder.write(300);
    rig.fill();
    rig.feeder.jump();
    rig.fill();
    assert_eq!(rig.state(), ProducerState::Priming);
    rig.feeder.write(1100);
    rig.fill();
    assert_eq!(rig.state(), ProducerState::Running);
    assert_eq!((rig.quantum(128), rig.last, rig.dropped), (128, Some((2, 127)), 600));
}

#[test]
fn the_end_is_the_mark_and_a_jump_begins_anew() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(200);
    rig.fill();
    assert!(!rig.pacer.ended(), "dry is not over");
    rig.feeder.writer.end();
    assert_eq!((rig.feeder.writer.room(), rig.feeder.write(10)), (0, 0));
    rig.fill();
    assert!(rig.pacer.ended());
    assert_eq!(
        (rig.state(), rig.quantum(500), rig.last),
        (ProducerState::Ended, 200, Some((0, 199)))
    );
    for jump in 1..4 {
        // It waits for the new sound in silence by the end, not in an underrun.
        rig.feeder.jump();
        rig.fill();
        assert!(!rig.pacer.ended());
        assert_eq!((rig.state(), rig.quantum(500)), (ProducerState::Ended, 0));
        rig.feeder.write(300);
        rig.fill();
        assert_eq!(rig.state(), ProducerState::Running);
        rig.feeder.writer.end();
        rig.fill();
        assert!(rig.pacer.ended());
        assert_eq!(rig.state(), ProducerState::Ended);
        assert_eq!((rig.quantum(500), rig.last), (300, Some((jump, 299))));
    }
    // Twice at one feed position, with an end in between that is not the second's.
    rig.feeder.jump();
    rig.feeder.writer.end();
    rig.fill();
    assert!(rig.pacer.ended());
    rig.feeder.jump();
    rig.fill();
    assert!(!rig.pacer.ended());
    rig.feeder.write(10);
    rig.feeder.writer.end();
    rig.fill();
    assert_eq!((rig.pacer.ended(), rig.quantum(500), rig.last), (true, 10, Some((5, 9))));
    rig.check_map();
}

#[test]
fn an_end_of_65535_jumps_ago_is_not_taken_for_a_new_one() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.writer.end();
    rig.fill();
    assert!(rig.pacer.ended());
    rig.feeder.jump();
    rig.feeder.write(10);
    for _ in 0..65_533 {
        rig.feeder.writer.jump(1);
    }
    rig.feeder.jump();
    // The jumps' numbers have come round to that of the end.
    rig.fill();
    assert!(!rig.pacer.ended());
    rig.feeder.write(10);
    rig.fill();
    assert_eq!((rig.pacer.ended(), rig.quantum(20), rig.last), (false, 10, Some((2, 9))));
}

#[test]
fn the_position_is_not_known_rather_than_wrong() {
    let mut rig = Rig::new(SETUP);
    assert_eq!(rig.feed.map().heard(0), None, "nothing is rendered");
    // A loop of one frame: more segments than are kept.
    let segments = 3 * SEGMENT_SLOTS;
    for nth in 0..segments {
        rig.feeder.writer.segment(nth as u32, nth as f64);
        assert_eq!(rig.feeder.writer.write(&[0.0; 2]), Ok(1));
    }
    rig.fill();
    let map = rig.feed.map();
    for nth in 0..segments {
        let found = map.heard(nth as u64);
        assert_eq!(
            found.map(|heard| heard.item),
            (nth >= segments - SEGMENT_SLOTS).then_some(nth as u32)
        );
    }
    // Without a segment after a jump, that of before it does not count.
    rig.feeder.writer.jump(9);
    assert_eq!(rig.feeder.writer.write(&[0.0; 8]), Ok(4));
    rig.fill();
    assert_eq!(rig.feed.map().heard(segments as u64), None);
    rig.feeder.writer.segment(1, 2.0);
    assert_eq!(rig.feeder.writer.write(&[0.0; 8]), Ok(4));
    rig.fill();
    let map = rig.feed.map();
    assert_eq!((map.until(), map.heard(segments as u64 + 3)), (segments as u64 + 8, None));
    let found = map.heard(segments as u64 + 4).expect("known");
    assert_eq!((found.item, found.seconds, found.serial), (1, 2.0, 9));
}

#[test]
fn older_changeovers_than_are_kept_are_forgotten() {
    let mut rig = Rig::new(SETUP);
    for _ in 0..2 * CHANGE_SLOTS {
        rig.feeder.write(3000);
        rig.fill();
        rig.quantum(512);
        rig.fill();
        rig.feeder.jump();
        rig.fill();
    }
    let known = rig.check_map();
    assert!(known > 0 && known < rig.read.len(), "{known}");
    assert_eq!(rig.feed.map().heard(0), None);
}

#[test]
fn what_another_source_plays_is_not_the_feeds_and_the_feed_can_be_taken_up_again() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(3000);
    rig.fill();
    rig.quantum(300);
    assert!(matches!(FeedSource::claim(rig.feed.clone()), Err(Error::AlreadyTaken { .. })));
    rig.pacer.set_source(Box::new(Awake(Sine::new(440.0).expect("in range"))));
    rig.fill();
    let map = rig.feed.map();
    assert_eq!(map.heard(299), Some(heard(sample(0, 299))));
    assert!((300..rig.shared.ring.write_position()).all(|main| map.heard(main).is_none()));
    rig.consumer.apply_flush();
    let source = FeedSource::claim(rig.feed.clone()).expect("free again");
    rig.pacer.set_source(Box::new(Awake(source)));
    rig.feeder.jump();
    rig.feeder.write(3000);
    let sine = rig.consumer.position();
    rig.fill();
    rig.last = None;
    assert_eq!((rig.quantum(500), rig.last), (500, Some((1, 499))));
    let map = rig.feed.map();
    assert!((sine..rig.read[300].0).all(|main| map.heard(main).is_none()));
}

#[test]
fn each_end_is_taken_once_and_sizes_are_checked() {
    let shared = Arc::new(SharedOutput::new(2, 64, RATE).expect("in range"));
    assert!(matches!(Feed::new(shared.clone(), 0), Err(Error::OutOfRange { .. })));
    let feed = Feed::new(shared, 64).expect("in range");
    let _writer = FeedWriter::attach(feed.clone()).expect("free");
    assert_eq!(FeedWriter::attach(feed).err(), Some(Error::AlreadyTaken { side: "producer" }));
}

#[test]
fn the_newest_seek_wins_and_is_done_once() {
    let shared = Arc::new(SharedOutput::new(1, 64, RATE).expect("in range"));
    let feed = Feed::new(shared, 64).expect("in range");
    let mut writer = FeedWriter::attach(feed.clone()).expect("free");
    assert_eq!(writer.command(), None);
    let ticket = writer.ticket();
    feed.seek(1, 3, 1.5);
    feed.seek(2, 4, -0.1);
    assert_eq!(writer.wait(ticket, 65, LONG), Woken::Room);
    let wanted = SeekCommand {
        serial: 2,
        item: 4,
        seconds: -0.1,
    };
    assert_eq!((writer.command(), writer.command()), (Some(wanted), Some(wanted)));
    writer.jump(1);
    assert_eq!(writer.command(), Some(wanted), "an older one was done");
    writer.jump(2);
    assert_eq!(writer.command(), None);
    feed.seek(3, 0, 0.0);
    assert_eq!(writer.command().map(|seek| seek.serial), Some(3));
    writer.done(3);
    assert_eq!(writer.command(), None);
    assert_eq!(writer.mail(), 0);
    feed.commands.0.mail.store(2, Ordering::Relaxed);
    assert_eq!(writer.mail(), 2);
    let before = feed.feeder.0.heartbeat.load(Ordering::Relaxed);
    writer.ticket();
    assert_eq!(feed.feeder.0.heartbeat.load(Ordering::Relaxed), before + 1);
}

#[test]
fn a_seek_is_never_seen_torn() {
    let shared = Arc::new(SharedOutput::new(1, 64, RATE).expect("in range"));
    let feed = Feed::new(shared, 64).expect("in range");
    let mut writer = FeedWriter::attach(feed.clone()).expect("free");
    const LAST: u32 = 200_000;
    let page = thread::spawn(move || {
        for serial in 1..=LAST {
            feed.seek(serial, !serial, f64::from_bits(u64::from(serial) << 32 | u64::from(!serial)));
        }
    });
    let mut serial = 0;
    while serial < LAST {
        let ticket = writer.ticket();
        if let Some(seek) = writer.command() {
            assert!(seek.serial > serial, "an older one after a newer");
            serial = seek.serial;
            assert_eq!(
                (seek.item, seek.seconds.to_bits()),
                (!serial, u64::from(serial) << 32 | u64::from(!serial))
            );
            writer.done(serial);
        } else {
            writer.wait(ticket, 65, Duration::ZERO);
        }
    }
    page.join().expect("no panic");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// A seek storm: writes, jumps, ends, quanta and turns of the producer in any order.
    #[test]
    fn any_storm_leaves_no_stale_frame(
        limit in 64usize..=600,
        spare in 0usize..=600,
        block in 1usize..=128,
        feed in 1usize..=900,
        steps in prop::collection::vec((0u8..13, 1usize..400), 100..700),
    ) {
        let mut rig = Rig::new(Setup { channels: 1, capacity: limit + spare, limit, block, feed });
        let mut heard_of = 0;
        for (kind, size) in steps {
            match kind {
                0 => {
                    rig.feeder.jump();
                    heard_of += 1;
                }
                1 if size < 40 => rig.feeder.writer.end(),
                1..4 => {
                    rig.feeder.write(size);
                }
                4..7 => {
                    rig.pacer.turn();
                }
                7..9 => rig.fill(),
                9 => {
                    rig.feeder.join(size);
                    heard_of += 1;
                }
                _ => {
                    rig.quantum(size);
                }
            }
            let (write, read) = (rig.shared.ring.write_position(), rig.shared.ring.read_position());
            prop_assert_eq!(rig.read.len() as u64 + rig.dropped, read);
            prop_assert_eq!(rig.shared.snapshot().producer.produced, write);
        }
        // One more jump and enough of its sound: it is heard, from its first frame.
        rig.feeder.jump();
        for _ in 0..3000 {
            if rig.last.is_some_and(|(jump, number)| jump == heard_of + 1 && number > 50) {
                break;
            }
            rig.feeder.write(200);
            rig.fill();
            rig.quantum(50);
        }
        prop_assert_eq!(rig.last.map(|last| last.0), Some(heard_of + 1));
        rig.check_map();
    }
}

#[test]
fn a_joint_is_gone_over_without_a_break() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(2500);
    rig.fill();
    rig.quantum(500);
    // 1500 frames are read from the feed; what follows its frame 1800 is written anew, and once more before that is heard.
    for _ in 0..2 {
        rig.feeder.join(2500 - 1800);
        rig.feeder.write(300);
    }
    rig.feeder.writer.end();
    let mut heard = 500;
    for _ in 0..20 {
        rig.fill();
        heard += rig.quantum(100);
    }
    // Nothing was discarded, and of each frame it is known which it is.
    assert_eq!((heard, rig.dropped, rig.last), (1800 + 300, 0, Some((2, 299))));
    assert_eq!((rig.pacer.ended(), rig.check_map()), (true, 1800 + 300));
}

#[test]
fn a_joint_right_after_a_jump_leaves_no_place_unknown() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(1000);
    rig.fill();
    rig.quantum(100);
    rig.feeder.jump();
    rig.feeder.write(300);
    rig.pacer.turn();
    rig.feeder.join(100);
    rig.feeder.write(1500);
    // Over the joint while the consumer has not come to the jump; and then it comes there.
    for _ in 0..20 {
        rig.fill();
        rig.quantum(60);
    }
    let map = rig.feed.map();
    for (main, sample) in &rig.read {
        assert!(
            told(*sample).0 == 0 || map.heard(*main) == Some(heard(*sample)),
            "at main position {main}"
        );
    }
    assert_eq!(rig.last.map(|last| last.0), Some(2));
}

#[test]
fn a_joint_that_the_reader_has_passed_is_a_jump() {
    for passed in [0, 1, 500] {
        let mut rig = Rig::new(SETUP);
        rig.feeder.write(1100);
        rig.fill();
        rig.quantum(100);
        rig.fill();
        // The reader is at 1100 or so; the joint just there, or before.
        let read = rig.feed.ring().read_position();
        let stale = (rig.feeder.writer.position() - read + passed) as usize;
        rig.feeder.joints.push(None);
        rig.feeder.writer.join(1, stale);
        rig.feeder.begin();
        rig.feeder.write(1500);
        rig.fill();
        assert_eq!((rig.quantum(100), rig.last), (100, Some((1, 99))), "{passed} frames");
        assert!(rig.dropped > 0);
    }
}

#[test]
fn an_end_is_taken_back_by_what_is_joined_to_it() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(300);
    rig.feeder.writer.end();
    rig.fill();
    assert!(rig.pacer.ended());
    rig.feeder.joints.push(None);
    rig.feeder.writer.join(1, 0);
    rig.feeder.begin();
    rig.feeder.write(1500);
    for _ in 0..10 {
        rig.fill();
        rig.quantum(300);
    }
    assert_eq!((rig.pacer.ended(), rig.last), (false, Some((1, 1499))));
}

#[test]
fn a_joint_of_65535_jumps_ago_is_not_taken_for_a_new_one() {
    let mut rig = Rig::new(SETUP);
    rig.feeder.write(2500);
    rig.fill();
    rig.quantum(100);
    rig.feeder.join(1000);
    for _ in 0..65_534 {
        rig.feeder.writer.jump(1);
    }
    rig.feeder.jump();
    rig.feeder.write(1500);
    rig.fill();
    assert_eq!((rig.quantum(100), rig.last), (100, Some((2, 99))));
}

#[test]
fn a_dry_feed_is_an_underrun_and_the_producer_sleeps() {
    let shared = Arc::new(SharedOutput::new(1, 1024, RATE).expect("in range"));
    let feed = Feed::new(shared.clone(), 4096).expect("in range");
    let mut feeder = Feeder::new(&feed);
    let turns = Arc::new(AtomicU32::new(0));
    let producer = {
        let (shared, feed, turns) = (shared.clone(), feed.clone(), turns.clone());
        thread::spawn(move || {
            let source = Box::new(FeedSource::claim(feed).expect("free"));
            let mut pacer = Pacer::new(shared, source, 128, SystemClock::default()).expect("free");
            while pacer.turn() != Turn::Stopped {
                turns.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let mut quanta = Quanta::new(shared.clone(), 128).expect("free");
    let wait_for = |what: &str, done: &dyn Fn() -> bool| {
        for _ in 0..20_000 {
            if done() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("{what}: not within 20 s");
    };
    assert_eq!(feeder.write(1200), 1200);
    wait_for("a full ring", &|| shared.ring.write_position() == 1024);
    for _ in 0..20 {
        quanta.quantum(128, f64::NAN);
        thread::sleep(Duration::from_millis(1));
    }
    wait_for("all of it", &|| {
        shared.ring.read_position() == 1200 || shared.ring.write_position() == 1200
    });
    for _ in 0..20 {
        quanta.quantum(128, f64::NAN);
    }
    let before = turns.load(Ordering::Relaxed);
    thread::sleep(Duration::from_millis(600));
    let slept = turns.load(Ordering::Relaxed) - before;
    assert!(slept <= 8, "{slept} turns in 0.6 s with nothing to do");
    let snapshot = shared.snapshot();
    assert_eq!((snapshot.state(), snapshot.imbalance()), (ProducerState::Running, 0));
    assert_eq!((snapshot.consumer.fresh, snapshot.consumer.underrun_events), (1200, 1));
    assert_eq!(snapshot.consumer.silent[SilentBy::Ended as usize], 0);
    // Called, not timed out: it goes on far sooner than its heartbeat.
    let start = std::time::Instant::now();
    assert_eq!(feeder.write(64), 64);
    wait_for("more", &|| shared.ring.write_position() == 1264);
    assert!(
        start.elapsed() < Duration::from_millis(150),
        "{:?}: a heartbeat, not a call",
        start.elapsed()
    );
    assert_eq!(feed.map().heard(1263), Some(heard(sample(0, 1263))));
    feeder.writer.end();
    wait_for("the end", &|| shared.snapshot().state() == ProducerState::Ended);
    shared.control.stop.store(1, Ordering::Relaxed);
    shared.ring.call();
    producer.join().expect("no panic");
}

/// A small generator: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// The next look at a word that must change: both sides sleep without a heartbeat, so a wake-up that is lost hangs.
#[test]
fn no_wake_up_is_lost_between_feeder_and_producer() {
    const ROUNDS: u64 = 900;
    for size in [1, 7, 64, 500] {
        let shared = Arc::new(SharedOutput::new(1, 64, RATE).expect("in range"));
        let feed = Feed::new(shared.clone(), size).expect("in range");
        let mut writer = FeedWriter::attach(feed.clone()).expect("free");
        let feeding = thread::spawn(move || {
            let mut random = Random(size as u64);
            let allocations = noxrun::allocations();
            let mut samples = vec![0.0; 2 * size];
            let before = noxrun::allocations();
            for round in 0..ROUNDS {
                let end = random.below(300).max(1) as u64;
                let mut number = 0;
                while number < end {
                    let ticket = writer.ticket();
                    let frames = (1 + random.below(2 * size)).min((end - number) as usize);
                    for (offset, one) in samples[..frames].iter_mut().enumerate() {
                        *one = sample(round, number + offset as u64);
                    }
                    let written = writer.write(&samples[..frames]).expect("whole frames");
                    number += written as u64;
                    if written == 0 {
                        assert_ne!(writer.wait(ticket, 1 + random.below(size), LONG), Woken::TimedOut);
                    }
                }
                if round + 1 < ROUNDS {
                    writer.jump(round as u32 + 1);
                    writer.segment(0, 0.0);
                }
            }
            writer.end();
            if cfg!(feature = "count-allocations") {
                assert_eq!(before - allocations, 1, "they are counted");
                assert_eq!(noxrun::allocations(), before, "the feeder's end allocates");
            }
        });
        let mut source = FeedSource::claim(feed).expect("free");
        let mut main = Producer::claim(shared.ring.clone()).expect("free");
        let mut random = Random(!(size as u64));
        let mut block = vec![0.0; size];
        let mut info = RenderInfo {
            position: 0,
            ring_position: 0,
            sample_rate: RATE,
            channels: 1,
            heard_in: 0.0,
            underruns: 0,
        };
        let mut last: Option<(u64, u64)> = None;
        // Since the latest frame.
        let mut jumped = false;
        let allocations = noxrun::allocations();
        loop {
            let ticket = main.ticket();
            jumped |= source.jumped();
            let asked = source.available().min(1 + random.below(size));
            if asked == 0 {
                assert_eq!(main.sleep(ticket, Until::Call, LONG), Woken::Called, "a lost wake-up");
                continue;
            }
            let count = source.render(&mut block[..asked], &info);
            info.ring_position += count as u64;
            for one in &block[..count] {
                let (round, number) = told(*one);
                match last {
                    Some((before, nth)) if before == round => assert_eq!(number, nth + 1),
                    before => assert!(number == 0 && before.is_none_or(|(before, _)| jumped && before < round)),
                }
                last = Some((round, number));
                jumped = false;
            }
            if count < asked {
                break;
            }
        }
        assert_eq!(noxrun::allocations(), allocations, "the producer's end allocates");
        assert_eq!(last.expect("sound").0, ROUNDS - 1, "the last sound to its end");
        feeding.join().expect("no panic");
    }
}

/// A seek storm with every side in a thread of its own, at full speed.
#[test]
fn a_storm_of_threads_leaves_the_ledger_balanced() {
    let shared = Arc::new(SharedOutput::new(2, 4096, RATE).expect("in range"));
    shared.ring.set_limit(1024).expect("in range");
    let feed = Feed::new(shared.clone(), 2000).expect("in range");
    let mut feeder = Feeder::new(&feed);
    let (over, reading) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(1)));
    let producing = {
        let (shared, feed) = (shared.clone(), feed.clone());
        thread::spawn(move || {
            let source = Box::new(FeedSource::claim(feed).expect("free"));
            let mut pacer = Pacer::new(shared, source, 128, SystemClock::default()).expect("free");
            while pacer.turn() != Turn::Stopped {}
        })
    };
    let playing = {
        let (shared, reading) = (shared.clone(), reading.clone());
        thread::spawn(move || {
            let mut quanta = Quanta::new(shared, 128).expect("free");
            while reading.load(Ordering::Relaxed) != 0 {
                quanta.quantum(128, f64::NAN);
                thread::sleep(Duration::from_micros(100));
            }
        })
    };
    let looking = {
        let (shared, feed, over) = (shared.clone(), feed.clone(), over.clone());
        thread::spawn(move || {
            let (mut looks, mut known) = (0u32, 0u32);
            while over.load(Ordering::Relaxed) == 0 {
                let snapshot = shared.snapshot();
                assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
                let at = shared.ring.read_position();
                if let Some(heard) = feed.map().heard(at) {
                    let from = 100.0 * f64::from(heard.serial);
                    assert_eq!(heard.item, heard.serial + 7);
                    assert!((from..from + 100.0).contains(&heard.seconds), "{heard:?}");
                    known += 1;
                }
                looks += 1;
            }
            (looks, known)
        })
    };
    let mut random = Random(3);
    while feeder.jump < 500 {
        let ticket = feeder.writer.ticket();
        match random.below(40) {
            0 => feeder.jump(),
            2 => feeder.join(random.below(1000)),
            1 => thread::sleep(Duration::from_micros(random.below(3000) as u64)),
            _ => {
                if feeder.number + 500 > PER_JUMP {
                    feeder.jump();
                }
                if feeder.write(1 + random.below(400)) == 0 {
                    feeder.writer.wait(ticket, 1, LONG);
                }
            }
        }
    }
    feeder.writer.end();
    let ended = (0..20_000).any(|_| {
        thread::sleep(Duration::from_millis(1));
        let snapshot = shared.snapshot();
        snapshot.state() == ProducerState::Ended && snapshot.in_flight() == 0
    });
    assert!(ended, "it ends within 20 s: {:?}", shared.snapshot().state());
    shared.control.stop.store(1, Ordering::Relaxed);
    shared.ring.call();
    producing.join().expect("no panic");
    reading.store(0, Ordering::Relaxed);
    playing.join().expect("no panic");
    over.store(1, Ordering::Relaxed);
    let (looks, known) = looking.join().expect("no panic");
    assert!(looks > 100 && known > 10, "{looks} {known}");
    let snapshot = shared.snapshot();
    assert_eq!((snapshot.imbalance(), snapshot.producer.allocations), (0, 0));
    assert!(snapshot.dropped() > 0 && snapshot.consumer.fresh > 0);
}
