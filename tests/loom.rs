//! Model checking of the ring and of the two strategies that have atomics of their own (`double`, `triple`): every interleaving and every value that the memory model lets a load return, within the bounds named below.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release --test loom`. Loom knows no time-outs: a lost wake-up is a deadlock, which it reports. It sees races on the samples because they lie in
//! its own cells.
//!
//! Each model is run as it is, and must pass; and with one ordering of the protocol weakened, and must fail: else it would show nothing.
#![cfg(loom)]

use std::process::Command;
use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use noxrun::ring::sync::weak::{Place, WEAKENED};
use noxrun::ring::{Consumer, Producer, Ring, Until};
use noxrun::strategy::double::Double;
use noxrun::strategy::slots::Slots;
use noxrun::strategy::triple::Triple;

/// Not looked at: loom has no clock.
const TIMEOUT: Duration = Duration::ZERO;

/// Names the [`Place`] that a process of this test is to weaken.
const WEAKEN: &str = "NOXRUN_LOOM_WEAKEN";

/// Explores `model` with at most `preemptions` involuntary switches of thread (`None`: without a bound); what is wrong with orderings shows with two or three.
fn explore(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    if let Ok(name) = std::env::var(WEAKEN) {
        WEAKENED.set(Some(place(&name)));
    }
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}

fn place(name: &str) -> Place {
    use Place::*;
    let places = [
        Write, SeeWrite, Read, SeeRead, Sleep, SkipTo, Call, Barrier, Publish, Take, BeginSlot, EndSlot,
    ];
    places
        .into_iter()
        .find(|place| format!("{place:?}") == name)
        .expect("the name of a place")
}

/// Shows that the test named `test` fails, saying `says`, once `place` is weak. In a process of its own: loom cannot always clean up after a failure without aborting.
fn fails_without(place: Place, test: &str, says: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args([test, "--exact", "--nocapture"])
        .env(WEAKEN, format!("{place:?}"))
        .env("RUST_BACKTRACE", "0");
    let output = command.output().expect("this test runs");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(text.contains("running 1 test"), "{test} is no test: {text}");
    assert!(!output.status.success(), "loom finds nothing wrong with a protocol that is");
    let first = text.lines().find(|line| line.contains(says));
    println!(
        "{place:?} weakened, loom says: {}",
        first.unwrap_or_else(|| panic!("failed, but not by \"{says}\": {text}"))
    );
}

/// Both ends of a ring of two channels.
fn ends(capacity: usize) -> (Producer, Consumer) {
    Ring::split(Ring::new(2, capacity).expect("in range")).expect("free")
}

/// Frame `number` of two channels; both samples tell its number.
fn frame(number: u32) -> [f32; 2] {
    [number as f32, -(number as f32)]
}

/// `frames` frames through a ring of `capacity`, in writes and reads of `block` frames: in order, whole, once.
fn frames_pass(capacity: usize, frames: u32, block: usize) {
    let (mut producer, mut consumer) = ends(capacity);
    let writer = thread::spawn(move || {
        let mut next = 1;
        // As many attempts as would do with a reader that is always in time; no loops that wait: loom would go round them for ever.
        for _ in 0..frames {
            let samples: Vec<f32> = (next..=frames).take(block).flat_map(frame).collect();
            next += producer.write(&samples).expect("whole frames") as u32;
        }
        next - 1
    });
    let mut expected = 1;
    let mut out = vec![0.0; 2 * block];
    let mut read = |consumer: &mut Consumer| {
        let count = consumer.read(&mut out).expect("whole frames");
        for two in out[..2 * count].chunks_exact(2) {
            assert_eq!(two, frame(expected), "lost, repeated or torn");
            expected += 1;
        }
        count
    };
    for _ in 0..frames {
        read(&mut consumer);
    }
    let written = writer.join().expect("no panic");
    while read(&mut consumer) > 0 {}
    assert_eq!(written, expected - 1, "all that was written was read");
}

#[test]
fn frames_pass_in_order_through_one_slot() {
    explore(None, || frames_pass(1, 3, 1));
}

#[test]
fn frames_pass_in_order_through_two_slots() {
    explore(Some(3), || frames_pass(2, 4, 1));
}

#[test]
fn frames_pass_in_order_in_blocks_across_the_wrap() {
    explore(Some(2), || frames_pass(2, 5, 2));
}

#[test]
fn without_the_release_of_write_samples_race() {
    fails_without(Place::Write, "frames_pass_in_order_through_one_slot", "Causality violation");
}

#[test]
fn without_the_acquire_of_write_samples_race() {
    fails_without(Place::SeeWrite, "frames_pass_in_order_through_one_slot", "Causality violation");
}

#[test]
fn without_the_release_of_read_samples_race() {
    fails_without(Place::Read, "frames_pass_in_order_through_one_slot", "Causality violation");
}

#[test]
fn without_the_acquire_of_read_samples_race() {
    fails_without(Place::SeeRead, "frames_pass_in_order_through_one_slot", "Causality violation");
}

/// Writes `frames` to the end, asleep while there is no room for `block`.
fn write_all(producer: &mut Producer, frames: std::ops::RangeInclusive<u32>, block: usize) {
    let samples: Vec<f32> = frames.flat_map(frame).collect();
    for block in samples.chunks(2 * block) {
        loop {
            let ticket = producer.ticket();
            if producer.write_available() >= block.len() / 2 {
                assert_eq!(producer.write(block), Ok(block.len() / 2));
                break;
            }
            producer.wait(ticket, block.len() / 2, TIMEOUT);
        }
    }
}

/// A full ring, one more block to be written, one quantum that makes room: the smallest sleep there is.
fn one_sleep_ends(capacity: usize) {
    let (mut producer, mut consumer) = ends(capacity);
    write_all(&mut producer, 1..=capacity as u32, capacity);
    let writer = thread::spawn(move || write_all(&mut producer, 10..=9 + capacity as u32, capacity));
    let mut out = vec![0.0; 2 * capacity];
    assert_eq!(consumer.read(&mut out), Ok(capacity));
    consumer.wake_producer();
    writer.join().expect("no panic");
    assert_eq!(consumer.read(&mut out), Ok(capacity));
    assert_eq!(out[..2], frame(10));
}

#[test]
fn no_wake_up_is_lost() {
    explore(None, || one_sleep_ends(1));
    explore(None, || one_sleep_ends(2));
}

#[test]
fn without_the_barriers_a_wake_up_is_lost() {
    fails_without(Place::Barrier, "no_wake_up_is_lost", "deadlock");
}

/// Frame by frame through one slot, asleep in between: sleeps and wake-ups follow each other and must not be taken for one another.
fn sleeps_in_a_row(frames: u32) {
    let (mut producer, mut consumer) = ends(1);
    let writer = thread::spawn(move || write_all(&mut producer, 1..=frames, 1));
    for expected in 1..=frames {
        let mut out = [0.0; 2];
        while consumer.read(&mut out) == Ok(0) {
            thread::yield_now();
        }
        assert_eq!(out, frame(expected));
        consumer.wake_producer();
    }
    writer.join().expect("no panic");
}

#[test]
fn no_wake_up_is_lost_when_sleeps_follow_each_other() {
    explore(Some(2), || sleeps_in_a_row(3));
}

/// The producer wants two frames; the first quantum makes room for one, which must not wake it, the second for two, which must.
fn woken_when_there_is_room_enough() {
    let (mut producer, mut consumer) = ends(2);
    write_all(&mut producer, 1..=2, 2);
    let writer = thread::spawn(move || write_all(&mut producer, 3..=4, 2));
    let mut out = [0.0; 2];
    assert_eq!(consumer.read(&mut out), Ok(1));
    assert!(!consumer.wake_producer(), "woken for too little room");
    assert_eq!(consumer.read(&mut out), Ok(1));
    consumer.wake_producer();
    writer.join().expect("no panic");
}

#[test]
fn it_is_woken_when_there_is_room_for_all_it_wants() {
    explore(None, woken_when_there_is_room_enough);
}

#[test]
fn without_the_release_of_sleep_it_is_woken_too_early() {
    fails_without(
        Place::Sleep,
        "it_is_woken_when_there_is_room_for_all_it_wants",
        "woken for too little room",
    );
}

/// A page that sets a flag and calls; a producer that sleeps over a full ring and must see the flag.
fn a_command_arrives(for_call_only: bool) {
    let (mut producer, consumer) = ends(1);
    write_all(&mut producer, 1..=1, 1);
    let flag = Arc::new(AtomicU32::new(0));
    let seen = flag.clone();
    let worker = thread::spawn(move || {
        loop {
            let ticket = producer.ticket();
            // Relaxed: it is the call that brings it.
            if seen.load(Ordering::Relaxed) == 1 {
                return;
            }
            if for_call_only {
                producer.sleep(ticket, Until::Call, TIMEOUT);
            } else {
                producer.wait(ticket, 1, TIMEOUT);
            }
        }
    });
    flag.store(1, Ordering::Relaxed);
    consumer.ring().call();
    worker.join().expect("no panic");
}

#[test]
fn a_call_brings_its_command() {
    explore(None, || a_command_arrives(false));
    explore(None, || a_command_arrives(true));
}

#[test]
fn without_the_release_of_a_call_its_command_is_missed() {
    fails_without(Place::Call, "a_call_brings_its_command", "deadlock");
}

#[test]
fn a_raised_limit_wakes_the_producer() {
    explore(None, || {
        let (mut producer, mut consumer) = ends(2);
        consumer.ring().set_limit(1).expect("in range");
        write_all(&mut producer, 1..=1, 1);
        let writer = thread::spawn(move || write_all(&mut producer, 2..=2, 1));
        consumer.ring().set_limit(2).expect("in range");
        writer.join().expect("no panic");
        let mut out = [0.0; 4];
        assert_eq!(consumer.read(&mut out), Ok(2));
        assert_eq!(out[2..], frame(2));
    });
}

/// The page calls and the consumer makes room at the same time, both for one sleeper.
#[test]
fn a_call_and_a_wake_up_at_once_are_harmless() {
    explore(Some(2), || {
        let ring = Ring::new(2, 1).expect("in range");
        let (mut producer, mut consumer) = Ring::split(ring.clone()).expect("free");
        write_all(&mut producer, 1..=1, 1);
        let flag = Arc::new(AtomicU32::new(0));
        let seen = flag.clone();
        let writer = thread::spawn(move || {
            write_all(&mut producer, 2..=2, 1);
            loop {
                let ticket = producer.ticket();
                if seen.load(Ordering::Relaxed) == 1 {
                    return;
                }
                producer.wait(ticket, 1, TIMEOUT);
            }
        });
        let page = thread::spawn(move || {
            flag.store(1, Ordering::Relaxed);
            ring.call();
        });
        let mut out = [0.0; 2];
        assert_eq!(consumer.read(&mut out), Ok(1));
        consumer.wake_producer();
        page.join().expect("no panic");
        writer.join().expect("no panic");
    });
}

/// The producer jumps elsewhere while the consumer reads: what was written after the jump is read only after the jump is known, and nothing twice.
fn a_flush_is_seen_in_time() {
    let (mut producer, mut consumer) = ends(3);
    write_all(&mut producer, 1..=1, 1);
    let writer = thread::spawn(move || {
        assert_eq!(producer.write(&frame(2)), Ok(1));
        producer.flush();
        assert_eq!(producer.write(&frame(3)), Ok(1));
    });
    let (mut jumped, mut discarded, mut read) = (false, 0, 0);
    let mut quantum = |consumer: &mut Consumer| {
        if let Some(frames) = consumer.apply_flush() {
            assert!(!jumped, "one flush");
            jumped = true;
            discarded += frames;
        }
        assert!(
            consumer.position() <= consumer.ring().write_position(),
            "discarded what is not there"
        );
        let mut out = [0.0; 2];
        // One frame, which is known since `apply_flush` looked, or none: then whatever comes is the next quantum's.
        if consumer.known_available() > 0 {
            assert_eq!(consumer.read(&mut out), Ok(1));
            read += 1;
            let number = out[0] as u32;
            assert_eq!(out, frame(number));
            assert_eq!(number as usize, read + discarded, "lost or repeated");
            assert!(jumped == (number == 3), "frame {number} is of the other side of the jump");
        }
    };
    for _ in 0..3 {
        quantum(&mut consumer);
    }
    writer.join().expect("no panic");
    quantum(&mut consumer);
    quantum(&mut consumer);
    assert_eq!(read + discarded, 3);
}

#[test]
fn a_flush_is_never_overtaken() {
    explore(Some(3), a_flush_is_seen_in_time);
}

#[test]
fn without_the_release_of_a_flush_it_discards_what_is_not_there() {
    fails_without(Place::SkipTo, "a_flush_is_never_overtaken", "discarded what is not there");
}

/// Block `number` of two frames: both samples of each tell the block and the frame.
fn block(number: u64) -> Vec<f32> {
    (10 * number as u32..).take(FRAMES).flat_map(frame).collect()
}

/// Frames of each of these blocks.
const FRAMES: usize = 2;

/// What the consumer of a model has seen.
#[derive(Default)]
struct Seen {
    /// Number of the block taken last.
    newest: u64,
    /// Frames of all blocks taken.
    taken: usize,
}

impl Seen {
    /// Looks for a newer block, copies it frame by frame, as a reader does whose quanta are shorter, and returns how many of these copies were torn.
    fn look(&mut self, slots: &impl Slots) -> usize {
        let Some(block_taken) = slots.take() else { return 0 };
        let number = block_taken.end / FRAMES as u64;
        assert!(number > self.newest, "block {number} after block {}", self.newest);
        assert_eq!(block_taken.frames, FRAMES);
        (self.newest, self.taken) = (number, self.taken + FRAMES);
        let mut torn = 0;
        for at in 0..FRAMES {
            let mut copied = [0.0; 2];
            if slots.copy(block_taken, at, &mut copied) {
                assert_eq!(copied, block(number)[2 * at..][..2], "torn, and not flagged");
            } else {
                torn += 1;
            }
        }
        torn
    }
}

/// `blocks` blocks against a consumer that looks as often: each is taken once, or counted once as replaced. Returns the copies that were torn.
fn newest_counts(slots: impl Slots + 'static, blocks: u64) -> usize {
    let slots = Arc::new(slots);
    let writer = thread::spawn({
        let slots = slots.clone();
        move || {
            (1..=blocks)
                .map(|number| slots.publish(&block(number), number * FRAMES as u64))
                .sum::<usize>()
        }
    });
    let mut seen = Seen::default();
    let mut torn = 0;
    for _ in 0..blocks {
        torn += seen.look(&*slots);
    }
    let replaced = writer.join().expect("no panic");
    // Nobody writes any more: what is there is whole.
    assert_eq!(seen.look(&*slots), 0, "flagged, and not torn");
    assert_eq!(seen.newest, blocks, "the newest block was missed");
    assert_eq!(
        seen.taken + replaced,
        blocks as usize * FRAMES,
        "each frame is taken or replaced, once"
    );
    torn
}

#[test]
fn two_blocks_in_two_slots_are_never_torn() {
    explore(None, || {
        // Neither slot is written to twice.
        assert_eq!(newest_counts(Double::new(2, FRAMES), 2), 0, "flagged, and not torn");
    });
}

#[test]
fn no_tear_of_a_double_buffer_goes_unflagged() {
    // Counted outside of the model: that there are tears at all.
    static TORN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    explore(None, || {
        let torn = newest_counts(Double::new(2, FRAMES), 3);
        TORN.fetch_add(torn, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(TORN.load(std::sync::atomic::Ordering::Relaxed) > 0, "shows nothing");
}

#[test]
fn a_triple_buffer_is_never_torn() {
    explore(None, || {
        assert_eq!(newest_counts(Triple::new(2, FRAMES), 4), 0);
    });
}

#[test]
fn without_the_release_of_a_double_buffers_block_it_is_torn() {
    fails_without(Place::Publish, "two_blocks_in_two_slots_are_never_torn", "not flagged");
}

#[test]
fn without_the_acquire_of_a_double_buffers_block_it_is_torn() {
    fails_without(Place::Take, "two_blocks_in_two_slots_are_never_torn", "not flagged");
}

#[test]
fn without_the_fence_before_its_samples_a_double_buffers_tear_is_missed() {
    fails_without(Place::BeginSlot, "no_tear_of_a_double_buffer_goes_unflagged", "not flagged");
}

#[test]
fn without_the_fence_behind_its_samples_a_double_buffers_tear_is_missed() {
    fails_without(Place::EndSlot, "no_tear_of_a_double_buffer_goes_unflagged", "not flagged");
}

#[test]
fn without_the_order_of_the_producers_exchange_a_triple_buffer_races() {
    fails_without(Place::Publish, "a_triple_buffer_is_never_torn", "Causality violation");
}

#[test]
fn without_the_order_of_the_consumers_exchange_a_triple_buffer_races() {
    fails_without(Place::Take, "a_triple_buffer_is_never_torn", "Causality violation");
}
