//! What the ring must do, as plain functions: they run natively (tests/ring_model.rs) and in a browser, in the page and in a worker. No threads, no waiting, no proptest.

use std::collections::VecDeque;
use std::sync::Arc;

use noxrun::Error;
use noxrun::ring::{Consumer, MAX_CAPACITY, MAX_CHANNELS, Producer, Ring};

/// Makes one test of each case. `$test` is the attribute that marks a test: `test`, or `wasm_bindgen_test`.
#[macro_export]
macro_rules! ring_tests {
    ($test:meta) => {
        $crate::ring_tests!($test: random_walks_follow_the_model, large_rings_follow_the_model, any_capacity_holds_as_many_frames_as_it_says,
            positions_go_beyond_32_bits, planar_and_interleaved_mean_the_same, both_sides_work_in_place_across_the_wrap,
            samples_that_are_no_whole_frames_are_refused_and_lose_nothing, each_side_is_taken_once, a_refused_split_takes_nothing,
            settings_out_of_range_are_refused_by_name, a_lower_limit_drops_nothing_and_takes_no_room_back, a_flush_discards_what_was_there_and_no_more,
            a_flush_of_nothing_is_still_announced, what_is_marked_makes_room_and_only_that_is_flushed, nobody_is_woken_who_does_not_sleep);
    };
    ($test:meta: $($case:ident),*) => {
        $(#[$test] fn $case() { ring_cases::$case(); })*
    };
}

/// SplitMix64: the same walk everywhere for a seed.
pub struct Random(pub u64);

impl Random {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// One step of either side. Frames may be more than fit: the ring must say how many it took.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Write(usize),
    WritePlanar(usize),
    /// Fill regions for so many frames, then commit so many.
    WriteInPlace(usize, usize),
    WriteAvailable,
    Fill,
    /// So many samples too many for whole frames.
    WriteOdd(usize),
    Flush,
    SetLimit(usize),
    Read(usize),
    /// See regions for so many frames, then commit so many.
    ReadInPlace(usize, usize),
    ReadAvailable,
    ReadOdd(usize),
    ApplyFlush,
    FlushAll,
}

/// Number of kinds of [`Step`].
pub const STEPS: usize = 14;

impl Step {
    /// The step that three numbers stand for.
    pub fn from_numbers(kind: usize, one: usize, other: usize) -> Step {
        match kind % STEPS {
            0 => Step::Write(one),
            1 => Step::WritePlanar(one),
            2 => Step::WriteInPlace(one, other),
            3 => Step::WriteAvailable,
            4 => Step::Fill,
            5 => Step::WriteOdd(one),
            6 => Step::Flush,
            7 => Step::SetLimit(one),
            8 => Step::Read(one),
            9 => Step::ReadInPlace(one, other),
            10 => Step::ReadAvailable,
            11 => Step::ReadOdd(one),
            12 => Step::ApplyFlush,
            _ => Step::FlushAll,
        }
    }
}

/// A ring and what it should be: a queue of samples and a few numbers.
pub struct Model {
    ring: Arc<Ring>,
    producer: Producer,
    consumer: Consumer,
    channels: usize,
    capacity: usize,
    queue: VecDeque<f32>,
    written: u64,
    read: u64,
    limit: usize,
    /// The reader's position and the limit when the producer last had to look: room once seen stays.
    seen: (u64, usize),
    flushed_to: u64,
    applied: u64,
    /// The next sample's value; every sample has its own, so that nothing can be mistaken for something else.
    next: u32,
}

impl Model {
    pub fn new(channels: usize, capacity: usize) -> Model {
        let ring = Ring::new(channels, capacity).expect("within the limits");
        let (producer, consumer) = Ring::split(ring.clone()).expect("nobody has taken it");
        Model {
            ring,
            producer,
            consumer,
            channels,
            capacity,
            queue: VecDeque::new(),
            written: 0,
            read: 0,
            limit: capacity,
            seen: (0, capacity),
            flushed_to: 0,
            applied: 0,
            next: 0,
        }
    }

    fn fill(&self) -> usize {
        (self.written - self.read) as usize
    }

    /// Room as the producer last saw it.
    fn room(&self) -> usize {
        self.seen.1.saturating_sub((self.written - self.seen.0) as usize)
    }

    fn look(&mut self) {
        self.seen = (self.read, self.limit);
    }

    /// Room for `asked` frames: the producer looks when it knows of too little.
    fn room_for(&mut self, asked: usize) -> usize {
        if self.room() < asked {
            self.look();
        }
        asked.min(self.room())
    }

    fn samples(&mut self, frames: usize) -> Vec<f32> {
        let samples: Vec<f32> = (0..frames * self.channels)
            .map(|offset| ((self.next as usize + offset) % (1 << 24)) as f32)
            .collect();
        self.next = ((self.next as usize + samples.len()) % (1 << 24)) as u32;
        samples
    }

    fn wrote(&mut self, samples: &[f32], frames: usize) {
        self.queue.extend(&samples[..frames * self.channels]);
        self.written += frames as u64;
    }

    fn took(&mut self, frames: usize) -> Vec<f32> {
        self.read += frames as u64;
        self.queue.drain(..frames * self.channels).collect()
    }

    /// Takes the step on both and compares.
    pub fn step(&mut self, step: Step) {
        let channels = self.channels;
        match step {
            Step::Write(frames) => {
                let samples = self.samples(frames);
                let expected = self.room_for(frames);
                assert_eq!(self.producer.write(&samples), Ok(expected), "{step:?}");
                self.wrote(&samples, expected);
            }
            Step::WritePlanar(frames) => {
                let samples = self.samples(frames);
                let mut planar: Vec<Vec<f32>> = (0..channels)
                    .map(|channel| samples.iter().skip(channel).step_by(channels).copied().collect())
                    .collect();
                // A channel that is longer and one too many change nothing.
                planar[channels - 1].push(-1.0);
                planar.push(Vec::new());
                let slices: Vec<&[f32]> = planar.iter().map(Vec::as_slice).collect();
                let frames = if channels == 1 { frames + 1 } else { frames };
                let samples = if channels == 1 { planar[0].clone() } else { samples };
                let expected = self.room_for(frames);
                assert_eq!(self.producer.write_planar(&slices), Ok(expected), "{step:?}");
                self.wrote(&samples, expected);
            }
            Step::WriteInPlace(frames, commit) => {
                let samples = self.samples(frames);
                let expected = self.room_for(frames);
                let wraps_at = self.capacity - (self.written % self.capacity as u64) as usize;
                let (first, second) = self.producer.regions(frames);
                assert_eq!((first.len() + second.len()) / channels, expected, "{step:?}");
                assert_eq!(
                    first.len() / channels,
                    expected.min(wraps_at),
                    "the first region ends at the wrap only"
                );
                let split = first.len();
                first.copy_from_slice(&samples[..split]);
                second.copy_from_slice(&samples[split..expected * channels]);
                // What was not filled must not be committed here: the model does not know it. That too much is cut to the room is another case's matter.
                let commit = commit.min(expected);
                assert_eq!(self.producer.commit(commit), commit, "{step:?}");
                self.wrote(&samples, commit);
            }
            Step::WriteAvailable => {
                self.look();
                assert_eq!(self.producer.write_available(), self.room());
            }
            Step::Fill => {
                self.seen.0 = self.read;
                assert_eq!(self.producer.fill(), self.fill());
            }
            Step::WriteOdd(odd) if channels > 1 => {
                let len = channels + 1 + odd % (channels - 1);
                assert_eq!(self.producer.write(&vec![-1.0; len]), Err(Error::NotWholeFrames { len, channels }));
                assert!(matches!(
                    self.producer.write_planar(&[&[-1.0]]),
                    Err(Error::NotWholeFrames { len: 1, .. })
                ));
            }
            Step::Flush => {
                self.producer.flush();
                self.flushed_to = self.written;
            }
            Step::SetLimit(frames) => match self.ring.set_limit(frames) {
                Ok(()) => {
                    assert!((1..=self.capacity).contains(&frames));
                    self.limit = frames;
                }
                Err(Error::OutOfRange { value, max, .. }) => {
                    assert!(frames == 0 || frames > self.capacity);
                    assert_eq!((value, max), (frames as f64, self.capacity as f64));
                }
                Err(other) => panic!("{other}"),
            },
            Step::Read(frames) => {
                let expected = frames.min(self.fill());
                let mut samples = vec![-1.0; frames * channels];
                assert_eq!(self.consumer.read(&mut samples), Ok(expected), "{step:?}");
                assert_eq!(samples[..expected * channels], self.took(expected), "{step:?}");
                assert!(
                    samples[expected * channels..].iter().all(|sample| *sample == -1.0),
                    "touched what it did not read"
                );
            }
            Step::ReadInPlace(frames, commit) => {
                let expected = frames.min(self.fill());
                let wraps_at = self.capacity - (self.read % self.capacity as u64) as usize;
                let (first, second) = self.consumer.regions(frames);
                assert_eq!(
                    first.len() / channels,
                    expected.min(wraps_at),
                    "the first region ends at the wrap only"
                );
                let seen: Vec<f32> = first.iter().chain(second).copied().collect();
                assert_eq!(
                    seen,
                    self.queue.iter().take(expected * channels).copied().collect::<Vec<_>>(),
                    "{step:?}"
                );
                let commit = commit.min(expected);
                assert_eq!(self.consumer.commit(commit), commit, "{step:?}");
                self.took(commit);
            }
            Step::ReadAvailable => assert_eq!(self.consumer.read_available(), self.fill()),
            Step::ReadOdd(odd) if channels > 1 => {
                let len = channels + 1 + odd % (channels - 1);
                assert_eq!(
                    self.consumer.read(&mut vec![-1.0; len]),
                    Err(Error::NotWholeFrames { len, channels })
                );
            }
            Step::ApplyFlush => {
                let expected = (self.flushed_to != self.applied).then(|| self.flushed_to.saturating_sub(self.read) as usize);
                self.applied = self.flushed_to;
                assert_eq!(self.consumer.apply_flush(), expected);
                self.took(expected.unwrap_or(0));
            }
            Step::FlushAll => {
                let fill = self.fill();
                assert_eq!(self.consumer.flush(), fill);
                self.took(fill);
            }
            Step::WriteOdd(_) | Step::ReadOdd(_) => {}
        }
        assert_eq!(
            (self.producer.position(), self.consumer.position()),
            (self.written, self.read),
            "{step:?}"
        );
        assert_eq!(
            (self.ring.write_position(), self.ring.read_position()),
            (self.written, self.read),
            "{step:?}"
        );
        assert_eq!(self.ring.limit(), self.limit);
        assert!(!self.consumer.wake_producer(), "nobody sleeps");
    }

    /// Reads the rest and compares it.
    pub fn finish(mut self) {
        self.step(Step::Read(self.capacity + 1));
        assert_eq!(self.consumer.read_available(), 0);
        assert!(self.queue.is_empty());
    }
}

fn walk(random: &mut Random, channels: usize, capacity: usize, steps: usize) -> u64 {
    let mut model = Model::new(channels, capacity);
    for _ in 0..steps {
        let step = Step::from_numbers(random.below(STEPS), random.below(capacity + 4), random.below(capacity + 4));
        model.step(step);
    }
    let far = model.written;
    model.finish();
    far
}

pub fn random_walks_follow_the_model() {
    let mut random = Random(1);
    for capacity in 1..=70 {
        let channels = 1 + random.below(8);
        let far = walk(&mut random, channels, capacity, 2000);
        assert!(
            far > 20 * capacity as u64,
            "only {far} frames through a ring of {capacity}: the walk shows nothing"
        );
    }
}

pub fn large_rings_follow_the_model() {
    let mut random = Random(2);
    for (capacity, channels) in [(283, 2), (1000, 3), (4096, 1), (16_384, 2), (65_537, 1), (512, MAX_CHANNELS)] {
        walk(&mut random, channels, capacity, 150);
    }
}

pub fn any_capacity_holds_as_many_frames_as_it_says() {
    for capacity in (1..=70).chain([100, 255, 256, 257, 1000]) {
        let (mut producer, mut consumer) = Ring::split(Ring::new(1, capacity).expect("in range")).expect("free");
        // From every place in the ring.
        for start in 0..capacity.min(70) {
            let samples: Vec<f32> = (0..capacity + 1).map(|sample| (start * 1000 + sample) as f32).collect();
            assert_eq!(producer.write(&samples), Ok(capacity), "no slot is lost");
            assert_eq!((producer.write_available(), producer.fill()), (0, capacity));
            assert_eq!(producer.write(&[1.0]), Ok(0), "a full ring takes nothing");
            let mut out = vec![0.0; capacity + 1];
            assert_eq!(consumer.read(&mut out), Ok(capacity));
            assert_eq!(out[..capacity], samples[..capacity]);
            assert_eq!(consumer.read(&mut out), Ok(0), "an empty ring gives nothing");
            // One further for the next start.
            assert_eq!((producer.write(&[0.5]), consumer.read(&mut out[..1])), (Ok(1), Ok(1)));
        }
    }
}

pub fn positions_go_beyond_32_bits() {
    let capacity = 999_999;
    let (mut producer, mut consumer) = Ring::split(Ring::new(1, capacity).expect("in range")).expect("free");
    // Nothing needs to be copied for positions to move on.
    while producer.position() < u64::from(u32::MAX) - 500 {
        let frames = capacity.min((u64::from(u32::MAX) - 500 - producer.position()) as usize);
        producer.regions(frames);
        assert_eq!(producer.commit(frames), frames);
        consumer.regions(frames);
        assert_eq!(consumer.commit(frames), frames);
    }
    let mut value = 0.0;
    for _ in 0..1000 {
        let samples = [value, value + 1.0, value + 2.0];
        let mut out = [0.0; 3];
        assert_eq!((producer.write(&samples), consumer.read(&mut out)), (Ok(3), Ok(3)));
        assert_eq!(out, samples);
        value += 3.0;
    }
    assert_eq!(producer.position(), u64::from(u32::MAX) - 500 + 3000);
    assert_eq!((producer.write_available(), consumer.read_available()), (capacity, 0));
}

pub fn planar_and_interleaved_mean_the_same() {
    for channels in [1, 2, 6, MAX_CHANNELS] {
        let (mut producer, mut consumer) = Ring::split(Ring::new(channels, 7).expect("in range")).expect("free");
        let mut next = 0.0;
        for _ in 0..20 {
            let interleaved: Vec<f32> = (0..5 * channels).map(|sample| next + sample as f32).collect();
            next += interleaved.len() as f32;
            let planar: Vec<Vec<f32>> = (0..channels)
                .map(|channel| interleaved.iter().skip(channel).step_by(channels).copied().collect())
                .collect();
            let slices: Vec<&[f32]> = planar.iter().map(Vec::as_slice).collect();
            assert_eq!(producer.write_planar(&slices), Ok(5));
            let mut out = vec![0.0; 5 * channels];
            assert_eq!(consumer.read(&mut out), Ok(5));
            assert_eq!(out, interleaved);
        }
        assert_eq!(producer.write_planar(&[]), Err(Error::NotWholeFrames { len: 0, channels }));
    }
}

pub fn both_sides_work_in_place_across_the_wrap() {
    let (mut producer, mut consumer) = Ring::split(Ring::new(2, 5).expect("in range")).expect("free");
    assert_eq!((producer.write(&[0.0; 6]), consumer.flush()), (Ok(3), 3));
    let (first, second) = producer.regions(4);
    assert_eq!((first.len(), second.len()), (4, 4));
    first.copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
    second.copy_from_slice(&[5.0, 6.0, 7.0, 8.0]);
    assert_eq!(consumer.read_available(), 0, "nothing is seen before the commit");
    assert_eq!(producer.commit(3), 3);
    let (first, second) = consumer.regions(9);
    assert_eq!((first, second), (&[1.0, 2.0, 3.0, 4.0][..], &[5.0, 6.0][..]));
    assert_eq!(consumer.commit(9), 3, "no more than there is");
    assert_eq!(producer.write_available(), 5);
    assert_eq!(producer.commit(9), 5, "no more than there is room for");
}

pub fn samples_that_are_no_whole_frames_are_refused_and_lose_nothing() {
    let (mut producer, mut consumer) = Ring::split(Ring::new(3, 4).expect("in range")).expect("free");
    assert_eq!(producer.write(&[1.0, 2.0, 3.0]), Ok(1));
    let error = producer.write(&[9.0; 4]).expect_err("4 samples are no frames of 3 channels");
    assert_eq!(error, Error::NotWholeFrames { len: 4, channels: 3 });
    assert_eq!(error.to_string(), "4 samples are no whole number of frames of 3 channels");
    assert_eq!(
        producer.write_planar(&[&[9.0], &[9.0]]),
        Err(Error::NotWholeFrames { len: 2, channels: 3 })
    );
    assert_eq!(consumer.read(&mut [0.0; 5]), Err(Error::NotWholeFrames { len: 5, channels: 3 }));
    let mut out = [0.0; 6];
    assert_eq!(consumer.read(&mut out), Ok(1));
    assert_eq!(out, [1.0, 2.0, 3.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        (producer.write(&[]), consumer.read(&mut [])),
        (Ok(0), Ok(0)),
        "nothing is a whole number of frames"
    );
}

pub fn each_side_is_taken_once() {
    let ring = Ring::new(1, 2).expect("in range");
    let mut producer = Producer::claim(ring.clone()).expect("free");
    assert_eq!(producer.write(&[1.0]), Ok(1));
    assert_eq!(
        Producer::claim(ring.clone()).expect_err("taken"),
        Error::AlreadyTaken { side: "producer" }
    );
    let mut consumer = Consumer::claim(ring.clone()).expect("free: a refused producer takes nothing");
    assert_eq!(
        Consumer::claim(ring.clone()).expect_err("taken"),
        Error::AlreadyTaken { side: "consumer" }
    );
    let mut out = [0.0];
    assert_eq!(consumer.read(&mut out), Ok(1));
    assert_eq!(out, [1.0], "the refusals lost nothing");
    drop(producer);
    let error = Producer::claim(ring).expect_err("for good: positions would start again");
    assert_eq!(
        error.to_string(),
        "this ring already has a producer: a ring has exactly one of each, for good"
    );
}

pub fn a_refused_split_takes_nothing() {
    let ring = Ring::new(1, 2).expect("in range");
    let _consumer = Consumer::claim(ring.clone()).expect("free");
    assert_eq!(
        Ring::split(ring.clone()).expect_err("half taken"),
        Error::AlreadyTaken { side: "consumer" }
    );
    let _producer = Producer::claim(ring.clone()).expect("the refused split has not used it up");
    assert_eq!(Ring::split(ring).expect_err("taken"), Error::AlreadyTaken { side: "producer" });
}

pub fn settings_out_of_range_are_refused_by_name() {
    let message = |channels, capacity| Ring::new(channels, capacity).expect_err("out of range").to_string();
    assert_eq!(message(0, 64), "the channel count is 0: it must be 1 to 32");
    assert_eq!(message(MAX_CHANNELS + 1, 64), "the channel count is 33: it must be 1 to 32");
    assert_eq!(message(2, 0), "the ring's capacity is 0: it must be 1 to 4194304 frames");
    assert_eq!(
        message(2, MAX_CAPACITY + 1),
        "the ring's capacity is 4194305: it must be 1 to 4194304 frames"
    );
    let ring = Ring::new(MAX_CHANNELS, 100).expect("in range");
    assert_eq!(
        ring.set_limit(0).expect_err("out of range").to_string(),
        "the ring's size is 0: it must be 1 to 100 frames"
    );
    assert_eq!(
        ring.set_limit(101).expect_err("out of range").to_string(),
        "the ring's size is 101: it must be 1 to 100 frames"
    );
    assert_eq!(ring.limit(), 100, "a refused limit changes nothing");
    assert_eq!(ring.set_limit(1).map(|()| ring.limit()), Ok(1));
}

pub fn a_lower_limit_drops_nothing_and_takes_no_room_back() {
    let ring = Ring::new(1, 8).expect("in range");
    let (mut producer, mut consumer) = Ring::split(ring.clone()).expect("free");
    assert_eq!(producer.write(&[0.0, 1.0, 2.0]), Ok(3));
    // The page lowers the limit while a block is rendered for which there was room.
    assert_eq!(producer.write_available(), 5);
    ring.set_limit(2).expect("in range");
    assert_eq!(producer.fill(), 3, "a look at the fill alone keeps the promise");
    assert_eq!(producer.write(&[3.0, 4.0, 5.0, 6.0, 7.0]), Ok(5), "room once seen stays");
    assert_eq!(producer.write_available(), 0);
    let mut out = [0.0; 8];
    assert_eq!(consumer.read(&mut out[..6]), Ok(6));
    assert_eq!(producer.write_available(), 0, "2 are ahead, which is the limit");
    assert_eq!(producer.write(&[9.0]), Ok(0));
    assert_eq!(consumer.read(&mut out[6..]), Ok(2));
    assert_eq!(out, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(producer.write_available(), 2);
    // The same with regions: what they gave can be committed.
    let given = producer.regions(2);
    assert_eq!((given.0.len(), given.1.len()), (2, 0));
    ring.set_limit(1).expect("in range");
    assert_eq!(producer.commit(2), 2);
    ring.set_limit(8).expect("in range");
    assert_eq!(producer.write(&[0.0; 8]), Ok(6), "a raised limit is found when room is short");
}

pub fn a_flush_discards_what_was_there_and_no_more() {
    let (mut producer, mut consumer) = Ring::split(Ring::new(1, 8).expect("in range")).expect("free");
    assert_eq!(consumer.apply_flush(), None);
    assert_eq!(producer.write(&[0.0, 1.0, 2.0]), Ok(3));
    producer.flush();
    assert_eq!(producer.write(&[3.0, 4.0]), Ok(2));
    assert_eq!(producer.fill(), 5, "only the consumer discards");
    assert_eq!(consumer.apply_flush(), Some(3));
    assert_eq!(consumer.apply_flush(), None, "once");
    let mut out = [0.0; 4];
    assert_eq!(consumer.read(&mut out), Ok(2));
    assert_eq!(out[..2], [3.0, 4.0]);
    // Two flushes before the consumer looks are one.
    assert_eq!(producer.write(&[5.0]), Ok(1));
    producer.flush();
    assert_eq!(producer.write(&[6.0]), Ok(1));
    producer.flush();
    assert_eq!(
        (consumer.apply_flush(), consumer.read_available(), producer.fill()),
        (Some(2), 0, 0)
    );
    // The consumer's own.
    assert_eq!((producer.write(&[7.0, 8.0]), consumer.flush(), consumer.flush()), (Ok(2), 2, 0));
    assert_eq!(producer.write_available(), 8);
}

pub fn a_flush_of_nothing_is_still_announced() {
    let (mut producer, mut consumer) = Ring::split(Ring::new(1, 8).expect("in range")).expect("free");
    assert_eq!((producer.write(&[0.0, 1.0]), consumer.flush()), (Ok(2), 2));
    producer.flush();
    assert_eq!(consumer.apply_flush(), Some(0), "what comes next is something else");
    assert_eq!(consumer.apply_flush(), None);
}

pub fn what_is_marked_makes_room_and_only_that_is_flushed() {
    let ring = Ring::new(1, 8).expect("in range");
    ring.set_limit(3).expect("in range");
    let (mut producer, mut consumer) = Ring::split(ring).expect("free");
    assert_eq!(producer.write(&[1.0, 2.0, 3.0, 4.0]), Ok(3), "the limit");
    producer.mark();
    assert_eq!(
        (producer.write_available(), producer.ahead()),
        (3, 0),
        "what is marked does not count against the limit"
    );
    assert_eq!(producer.write(&[10.0, 11.0, 12.0, 13.0]), Ok(3));
    producer.mark();
    assert_eq!(producer.write(&[20.0, 21.0, 22.0]), Ok(2), "the capacity");
    assert_eq!((producer.write_available(), producer.fill(), producer.ahead()), (0, 8, 2));
    let mut frame = [0.0];
    assert_eq!(consumer.apply_flush(), None, "until it is said, the old sound plays on");
    assert_eq!((consumer.read(&mut frame), frame), (Ok(1), [1.0]));
    assert_eq!(producer.write_available(), 1);
    producer.flush_to_mark();
    assert_eq!(consumer.apply_flush(), Some(5));
    assert_eq!(
        (consumer.read(&mut frame), frame),
        (Ok(1), [20.0]),
        "the new sound, from its first frame"
    );
    assert_eq!((producer.write_available(), producer.ahead(), producer.fill()), (2, 1, 1));
}

pub fn nobody_is_woken_who_does_not_sleep() {
    let ring = Ring::new(1, 2).expect("in range");
    let (mut producer, mut consumer) = Ring::split(ring.clone()).expect("free");
    assert!(!consumer.wake_producer());
    assert_eq!(producer.write(&[0.0, 1.0]), Ok(2));
    assert_eq!(consumer.flush(), 2);
    assert!(!consumer.wake_producer());
    ring.call();
    assert!(!consumer.wake_producer());
}
