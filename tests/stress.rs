//! Two and three threads at full speed, on the machine's real memory model. `cargo test --release --features strategies --test stress`.
//!
//! A failure that needs luck to show is loom's to find (tests/loom.rs); this shows that what loom proves for three frames holds for 10^8, with blocks, wraps and sleeps in every mixture.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]
#![cfg(feature = "strategies")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use noxrun::consume::Quanta;
use noxrun::render::{Pacer, RenderInfo, Source, SystemClock, Turn};
use noxrun::ring::{Consumer, Ring, Woken};
use noxrun::shared::SharedOutput;
use noxrun::source::{INDEX_PERIOD, Index};
use noxrun::strategy::double::Double;
use noxrun::strategy::slots::Slots;
use noxrun::strategy::triple::Triple;

#[path = "common/ring_cases.rs"]
#[allow(dead_code, unused_macros)]
mod ring_cases;

use ring_cases::Random;

/// No wake-up may be lost: with one lost, the test hangs.
const LONG: Duration = Duration::from_secs(3600);

/// What frame `position` holds in `channel`: its index, exact in f32, in another place of the number range for each channel.
fn sample(position: u64, channel: usize) -> f32 {
    ((position + 1_000_003 * channel as u64) % INDEX_PERIOD) as f32
}

/// Sends `frames` frames through a ring of `capacity`, in blocks of all sizes up to a bit more than the ring, with a producer that sleeps.
fn send(channels: usize, capacity: usize, frames: u64) {
    let (mut producer, mut consumer) = Ring::split(Ring::new(channels, capacity).expect("in range")).expect("free");
    let writer = thread::spawn(move || {
        let mut random = Random(capacity as u64);
        let mut block = vec![0.0; (capacity + 3) * channels];
        let mut sleeps = 0u64;
        while producer.position() < frames {
            let ticket = producer.ticket();
            // Mostly what fits, now and then more, or just one frame.
            let wanted = match random.below(8) {
                0 => capacity + 3,
                1 => 1,
                _ => 1 + random.below(capacity.min(4096)),
            };
            let wanted = wanted.min((frames - producer.position()) as usize);
            let start = producer.position();
            if random.below(2) == 0 {
                for (offset, frame) in block[..wanted * channels].chunks_exact_mut(channels).enumerate() {
                    frame
                        .iter_mut()
                        .enumerate()
                        .for_each(|(channel, to)| *to = sample(start + offset as u64, channel));
                }
                producer.write(&block[..wanted * channels]).expect("whole frames");
            } else {
                let (first, second) = producer.regions(wanted);
                for (offset, frame) in first
                    .chunks_exact_mut(channels)
                    .chain(second.chunks_exact_mut(channels))
                    .enumerate()
                {
                    frame
                        .iter_mut()
                        .enumerate()
                        .for_each(|(channel, to)| *to = sample(start + offset as u64, channel));
                }
                let filled = (first.len() + second.len()) / channels;
                assert_eq!(producer.commit(filled), filled);
            }
            if producer.write_available() == 0 && producer.position() < frames {
                let room = 1 + random.below(capacity);
                let woken = producer.wait(ticket, room, LONG);
                assert_ne!(woken, Woken::TimedOut, "a lost wake-up");
                sleeps += 1;
            }
        }
        sleeps
    });
    let mut random = Random(!(capacity as u64));
    let mut out = vec![0.0; (capacity + 3) * channels];
    let mut expected = 0;
    let check = |expected: u64, samples: &[f32]| {
        for (offset, frame) in samples.chunks_exact(channels).enumerate() {
            for (channel, found) in frame.iter().enumerate() {
                let wanted = sample(expected + offset as u64, channel);
                assert_eq!(
                    *found,
                    wanted,
                    "frame {}, channel {channel}, ring of {capacity}",
                    expected + offset as u64
                );
            }
        }
        expected + (samples.len() / channels) as u64
    };
    while expected < frames {
        let quantum = 1 + random.below(out.len() / channels);
        let count = if random.below(2) == 0 {
            let count = consumer.read(&mut out[..quantum * channels]).expect("whole frames");
            expected = check(expected, &out[..count * channels]);
            count
        } else {
            let (first, second) = consumer.regions(quantum);
            expected = check(expected, first);
            expected = check(expected, second);
            let count = (first.len() + second.len()) / channels;
            assert_eq!(consumer.commit(count), count);
            count
        };
        consumer.wake_producer();
        if count == 0 {
            thread::yield_now();
        }
    }
    let sleeps = writer.join().expect("no panic");
    assert_eq!(
        (consumer.position(), consumer.read_available()),
        (frames, 0),
        "repeated or left over"
    );
    println!("{frames:>9} frames, {channels} channel(s), ring of {capacity:>5}: {sleeps} sleeps");
}

#[test]
fn a_hundred_million_frames_arrive_once_whole_and_in_order() {
    let plan = [
        (1, 1, 50_000),
        (1, 2, 100_000),
        (2, 3, 150_000),
        (1, 7, 300_000),
        (3, 64, 1_400_000),
        (1, 100, 2_000_000),
        (2, 283, 6_000_000),
        (1, 1000, 15_000_000),
        (2, 2048, 15_000_000),
        (1, 4097, 25_000_000),
        (1, 48_000, 35_000_000),
    ];
    let frames: u64 = plan.iter().map(|(_, _, frames)| frames).sum();
    assert_eq!(frames, 100_000_000);
    for (channels, capacity, frames) in plan {
        send(channels, capacity, frames);
    }
}

/// Flushes at random: what is neither read nor discarded does not exist, and nothing of before a flush is read after one that came later.
#[test]
fn flushes_while_reading_lose_no_count() {
    let (mut producer, mut consumer) = Ring::split(Ring::new(1, 300).expect("in range")).expect("free");
    const FRAMES: u64 = 20_000_000;
    let writer = thread::spawn(move || {
        let mut random = Random(5);
        let mut epoch = 0u32;
        while producer.position() < FRAMES {
            let ticket = producer.ticket();
            let left = (FRAMES - producer.position()) as usize;
            producer
                .write(&vec![epoch as f32; left.min(1 + random.below(200))])
                .expect("whole frames");
            if random.below(16) == 0 {
                producer.flush();
                epoch += 1;
            }
            if producer.write_available() == 0 && producer.position() < FRAMES {
                assert_ne!(producer.wait(ticket, 100, LONG), Woken::TimedOut, "a lost wake-up");
            }
        }
        epoch
    });
    let (mut epoch, mut read, mut discarded, mut applied) = (0.0, 0u64, 0u64, 0u32);
    let mut jumped = false;
    let mut out = [0.0; 128];
    let mut quantum = |consumer: &mut Consumer| {
        let flushed = consumer.apply_flush();
        discarded += flushed.unwrap_or(0) as u64;
        applied += u32::from(flushed.is_some());
        let frames = consumer.known_available().min(128);
        assert_eq!(consumer.read(&mut out[..frames]), Ok(frames));
        jumped |= flushed.is_some();
        for sample in &out[..frames] {
            assert!(
                *sample == epoch || jumped && *sample > epoch,
                "{sample} after {epoch} without a flush in between"
            );
            (epoch, jumped) = (*sample, false);
        }
        read += frames as u64;
        consumer.wake_producer();
        if frames == 0 {
            thread::yield_now();
        }
        read + discarded
    };
    while quantum(&mut consumer) < FRAMES {}
    let epochs = writer.join().expect("no panic");
    assert_eq!((quantum(&mut consumer), consumer.position()), (FRAMES, FRAMES));
    println!("{epochs} flushes, {applied} of them found one by one; {read} frames read, {discarded} discarded");
    assert!(read > 0 && discarded > 0 && applied > 0, "shows nothing");
}

/// Stands still for a millisecond now and then.
struct Stalling(Index, Random);

impl Source for Stalling {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        if self.1.below(200) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        self.0.render(block, info)
    }
}

/// Somebody else looks at the ledger all the while: every snapshot balances, and nothing runs backwards.
#[test]
fn every_snapshot_balances_while_both_sides_run() {
    const QUANTA: u64 = 60_000;
    let shared = Arc::new(SharedOutput::new(2, 1000, 48_000.0).expect("in range"));
    let done = Arc::new(AtomicBool::new(false));
    let producer = thread::spawn({
        let shared = shared.clone();
        move || {
            let mut pacer = Pacer::new(shared, Box::new(Stalling(Index, Random(3))), 200, SystemClock::default()).expect("free");
            let mut turns = 0u64;
            loop {
                turns += 1;
                match pacer.turn() {
                    Turn::Stopped => return turns,
                    Turn::Mail => pacer.handled(),
                    Turn::Rendered | Turn::Idle | Turn::Nap(_) => {}
                }
                if turns.is_multiple_of(5000) {
                    pacer.set_source(Box::new(Stalling(Index, Random(turns))));
                }
            }
        }
    });
    let consumer = thread::spawn({
        let (shared, done) = (shared.clone(), done.clone());
        move || {
            let mut quanta = Quanta::new(shared.clone(), 283).expect("free");
            shared.control.verify_index.store(1, Ordering::Relaxed);
            let mut random = Random(9);
            for quantum in 0..QUANTA {
                quanta.quantum(1 + random.below(283), quantum as f64);
                if quantum % 64 == 0 {
                    thread::yield_now();
                }
                match random.below(20_000) {
                    0 => shared.set_paused(true),
                    1..=20 => shared.set_paused(false),
                    21 => shared.ring.set_limit(1 + random.below(1000)).expect("in range"),
                    22 => shared.ring.set_limit(1000).expect("in range"),
                    _ => {}
                }
            }
            shared.set_paused(false);
            done.store(true, Ordering::Release);
        }
    });
    let (mut snapshots, mut last) = (0u64, shared.snapshot());
    while !done.load(Ordering::Acquire) {
        let now = shared.snapshot();
        assert_eq!(now.imbalance(), 0, "{now:?}");
        assert!(now.write >= now.read && now.in_flight() <= 1000, "{} to {}", now.read, now.write);
        assert!(now.write >= last.write && now.read >= last.read && now.consumer.requested >= last.consumer.requested);
        assert!(now.producer.produced >= last.producer.produced && now.producer.heartbeat >= last.producer.heartbeat);
        let in_events: u64 = now.underruns.iter().map(|event| event.frames).sum();
        assert!(in_events <= now.consumer.underrun_frames);
        if now.consumer.underrun_events <= now.underruns.len() as u64 {
            assert_eq!(in_events, now.consumer.underrun_frames, "events and their sum");
        }
        snapshots += 1;
        last = now;
    }
    consumer.join().expect("no panic");
    shared.control.stop.store(1, Ordering::Relaxed);
    shared.ring.call();
    let turns = producer.join().expect("no panic");
    let end = shared.snapshot();
    assert_eq!(end.imbalance(), 0);
    assert_eq!(end.consumer.quanta, QUANTA);
    assert_eq!(
        (end.consumer.skipped, end.consumer.replayed, end.consumer.torn),
        (0, 0, 0),
        "the jumps were announced"
    );
    println!(
        "{snapshots} snapshots, {turns} turns, {} underruns, {} dropped",
        end.consumer.underrun_events,
        end.dropped()
    );
    assert!(snapshots > 100 && end.consumer.fresh > 0, "shows nothing");
}

/// What frame `position` holds in both channels of a block that begins at `start`: so that a frame tells which block it is of.
fn told(position: u64, start: u64) -> [f32; 2] {
    [(position % INDEX_PERIOD) as f32, (start % INDEX_PERIOD) as f32]
}

/// What a consumer has seen of slots in which the newest block counts.
#[derive(Debug, Default)]
struct Newest {
    taken: u64,
    blocks: u64,
    /// Copies, and those of them that were flagged as torn.
    copies: u64,
    torn: u64,
    /// Of these, those that were torn indeed: a block may be written to behind the copy as well.
    mixed: u64,
    end: u64,
}

impl Newest {
    /// Takes the newest block and copies it in pieces. Returns whether there was one.
    fn look(&mut self, slots: &impl Slots, random: &mut Random) -> bool {
        let Some(block) = slots.take() else { return false };
        assert!(block.end >= self.end + block.frames as u64, "{block:?} behind {}", self.end);
        let start = block.end - block.frames as u64;
        (self.end, self.taken, self.blocks) = (block.end, self.taken + block.frames as u64, self.blocks + 1);
        let mut out = [0.0; 2 * BLOCK];
        let mut from = 0;
        while from < block.frames {
            let frames = (1 + random.below(BLOCK)).min(block.frames - from);
            let copied = &mut out[..2 * frames];
            let whole = slots.copy(block, from, copied);
            let own = copied
                .chunks_exact(2)
                .zip(start + from as u64..)
                .all(|(frame, position)| frame == told(position, start));
            assert!(own || !whole, "torn, and not flagged: {block:?}, {from}: {copied:?}");
            self.copies += 1;
            self.torn += u64::from(!whole);
            self.mixed += u64::from(!own);
            from += frames;
            if random.below(64) == 0 {
                // As a reader whose next quantum comes later.
                thread::yield_now();
            }
        }
        true
    }
}

/// Most frames of a block of those below.
const BLOCK: usize = 300;

/// Puts out 10^7 frames in blocks of all sizes, while another thread takes what is newest.
fn newest_counts(slots: impl Slots + 'static) -> Newest {
    const FRAMES: u64 = 10_000_000;
    let (slots, done, looks) = (Arc::new(slots), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = thread::spawn({
        let (slots, done, looks) = (slots.clone(), done.clone(), looks.clone());
        move || {
            let mut random = Random(11);
            let mut samples = [0.0; 2 * BLOCK];
            let (mut end, mut superseded) = (0, 0);
            while end < FRAMES {
                let frames = (1 + random.below(BLOCK)).min((FRAMES - end) as usize);
                for (frame, position) in samples[..2 * frames].chunks_exact_mut(2).zip(end..) {
                    frame.copy_from_slice(&told(position, end));
                }
                end += frames as u64;
                superseded += slots.publish(&samples[..2 * frames], end) as u64;
                // Now and then it waits for the other, or all would be over before that is scheduled twice.
                let (waits, seen) = (random.below(4) == 0, looks.load(Ordering::Relaxed));
                while waits && looks.load(Ordering::Relaxed) == seen {
                    thread::yield_now();
                }
            }
            done.store(true, Ordering::Release);
            superseded
        }
    });
    let (mut newest, mut random) = (Newest::default(), Random(12));
    while !done.load(Ordering::Acquire) {
        newest.look(&*slots, &mut random);
        looks.fetch_add(1, Ordering::Relaxed);
    }
    let superseded = writer.join().expect("no panic");
    newest.look(&*slots, &mut random);
    assert!(!newest.look(&*slots, &mut random), "taken twice");
    assert_eq!(
        (newest.end, newest.taken + superseded),
        (FRAMES, FRAMES),
        "every frame is taken or replaced, once"
    );
    newest
}

#[test]
fn a_double_buffer_flags_every_tear_and_a_triple_buffer_has_none() {
    let seen = newest_counts(Double::new(2, BLOCK));
    println!(
        "double: {} blocks taken, {} copies, of which {} flagged as torn; {} were mixed indeed",
        seen.blocks, seen.copies, seen.torn, seen.mixed
    );
    assert!(seen.blocks > 1_000 && seen.mixed > 0, "shows nothing");
    let seen = newest_counts(Triple::new(2, BLOCK));
    println!("triple: {} blocks taken, {} copies", seen.blocks, seen.copies);
    assert!(seen.blocks > 1_000, "shows nothing");
    assert_eq!(seen.torn, 0);
}
