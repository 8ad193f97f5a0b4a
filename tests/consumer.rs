//! What the consumer counts beyond frames: callbacks, breaks of the index signal, and the bursts that it makes on purpose.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::sync::Arc;
use std::sync::atomic::Ordering;

use noxrun::conceal::Conceal;
use noxrun::consume::{BurstMeter, Quanta};
use noxrun::ledger::{ConsumerLedger, ProducerState, SilentBy, SlipKind, Snapshot};
use noxrun::ring::Producer;
use noxrun::shared::SharedOutput;

const CAPACITY: usize = 4096;
const QUANTUM: usize = 128;
const CALLBACK_MS: f64 = 10.667;

/// An output whose producer is the test; a device that brings whole milliseconds when it is asked to.
struct Rig {
    shared: Arc<SharedOutput>,
    producer: Producer,
    quanta: Quanta,
    callbacks: usize,
    /// Times brought.
    times: usize,
}

impl Rig {
    fn new() -> Rig {
        let shared = Arc::new(SharedOutput::new(2, CAPACITY, 48_000.0).expect("in range"));
        shared.producer.state.store(ProducerState::Running as u32, Ordering::Release);
        Rig {
            producer: Producer::claim(shared.ring.clone()).expect("free"),
            quanta: Quanta::new(shared.clone(), QUANTUM).expect("free"),
            shared,
            callbacks: 0,
            times: 0,
        }
    }

    /// Commits `frames`, for which there must be room, each with the same value in both channels.
    fn write(&mut self, frames: impl IntoIterator<Item = f32>) {
        let stereo: Vec<[f32; 2]> = frames.into_iter().map(|sample| [sample; 2]).collect();
        self.write_stereo(&stereo);
    }

    fn write_stereo(&mut self, frames: &[[f32; 2]]) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        assert_eq!(self.producer.write(frames.as_flattened()), Ok(frames.len()));
        ledger.produced.add(frames.len() as u64);
        ledger.sequence.end();
    }

    fn fill(&mut self, frames: usize) {
        self.write((0..frames).map(|_| 0.5));
    }

    /// The device calls for `quanta` quanta.
    fn callback(&mut self, quanta: usize) {
        for quantum in 0..quanta {
            // As the processor does: no time unless it was asked for.
            let now_ms = 1.7e12 + self.callbacks as f64 * CALLBACK_MS + quantum as f64 * 0.02;
            let wanted = self.quanta.wants_time();
            self.times += usize::from(wanted);
            self.quanta.quantum(QUANTUM, if wanted { now_ms.floor() } else { 0.0 });
        }
        self.callbacks += 1;
    }

    fn balanced(&self) -> Snapshot {
        let snapshot = self.shared.snapshot();
        assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
        snapshot
    }
}

#[test]
fn callbacks_are_counted_with_what_became_of_them() {
    let mut rig = Rig::new();
    // Each reads 512 frames. The 7th finds 200 and the 8th none.
    for callback in 0..12 {
        rig.fill(match callback {
            6 => 200,
            7 => 0,
            _ => 512,
        });
        rig.callback(4);
    }
    let counts = rig.balanced().consumer;
    // The first was not seen from its beginning, and the last is not over.
    assert_eq!(
        (counts.callbacks, counts.bursts[4], counts.bursts.iter().sum::<u64>()),
        (10, 10, 10)
    );
    assert_eq!((counts.starved_callbacks, counts.duplicate_callbacks), (2, 0));
    assert_eq!(counts.starved_quanta, 3 + 4, "not all of their quanta");
    let bucket = |fill: usize| fill / ConsumerLedger::fill_bucket_frames(CAPACITY);
    assert_eq!(
        [0, 200, 512].map(|fill| counts.callback_fill[bucket(fill)]),
        [1, 1, 8],
        "before their first quantum"
    );
    assert_eq!(counts.callback_fill.iter().sum::<u64>(), 10);
    assert_eq!(counts.fill.iter().sum::<u64>(), 48, "that of the quanta is another one");
}

#[test]
fn callbacks_are_counted_at_first_again_and_always_as_the_page_wants() {
    let mut rig = Rig::new();
    let first = BurstMeter::CALLBACKS as usize;
    let count = |rig: &mut Rig, callbacks: usize, quanta: usize| {
        let before = rig.times;
        for _ in 0..callbacks {
            rig.fill(quanta * QUANTUM);
            rig.callback(quanta);
        }
        rig.times - before
    };
    let times = count(&mut rig, first + 100, 4);
    assert!(
        (4 * first..4 * (first + 2)).contains(&times),
        "{times} times in the first {first} callbacks"
    );
    assert_eq!(rig.balanced().consumer.callbacks, first as u64);
    assert_eq!(count(&mut rig, 100, 4), 0, "it rests");
    // The device has changed.
    rig.shared.control.recount.store(1, Ordering::Relaxed);
    count(&mut rig, 50, 2);
    let counts = rig.balanced().consumer;
    assert_eq!(counts.bursts.iter().sum::<u64>(), counts.bursts[2], "none of them was cut in two");
    assert!((46..50).contains(&counts.bursts[2]), "{}", counts.bursts[2]);
    assert_eq!(counts.callbacks, first as u64 + counts.bursts[2], "those of before stay counted");
    count(&mut rig, first, 2);
    assert_eq!(count(&mut rig, 100, 2), 0);
    // For as long as the page wants.
    let before = rig.balanced().consumer;
    rig.shared.control.count_callbacks.store(1, Ordering::Relaxed);
    assert_eq!(count(&mut rig, 1000, 2), 2 * 1000 - 1);
    let counts = rig.balanced().consumer;
    assert_eq!(counts.callbacks - before.callbacks, 1000 - 2, "not the first, not the last");
    assert_eq!(counts.bursts[2] - before.bursts[2], 1000 - 2);
    rig.shared.control.count_callbacks.store(0, Ordering::Relaxed);
    assert!(count(&mut rig, 100, 2) <= 1);
    let counts = rig.balanced().consumer;
    rig.shared.control.count_callbacks.store(1, Ordering::Relaxed);
    count(&mut rig, 12, 4);
    let again = rig.balanced().consumer;
    assert_eq!(
        (again.callbacks - counts.callbacks, again.bursts[4]),
        (10, 10),
        "the pause is no callback"
    );
}

/// The index of frame `n`.
fn index(frames: std::ops::Range<u64>) -> impl Iterator<Item = f32> {
    frames.map(|frame| (frame % noxrun::source::INDEX_PERIOD) as f32)
}

#[test]
fn each_break_of_the_index_is_an_event_where_it_happened() {
    let mut rig = Rig::new();
    rig.shared.control.verify_index.store(1, Ordering::Relaxed);
    rig.write(index(0..300));
    // 20 are missing.
    rig.write(index(320..400));
    // 30 come again.
    rig.write(index(370..500));
    // 140 are torn, over more than a quantum: the channels are of different frames.
    let torn: Vec<[f32; 2]> = index(500..640).map(|sample| [sample, sample + 64.0]).collect();
    rig.write_stereo(&torn);
    rig.write(index(640..700));
    for _ in 0..6 {
        rig.callback(1);
    }
    // The ring is empty: 512 + 140 + 60 - 710 frames. That breaks nothing.
    let snapshot = rig.balanced();
    assert_eq!((snapshot.consumer.underrun_frames, snapshot.read), (6 * 128 - 710, 710));
    rig.write(index(700..1000));
    // Frames that no signal brings are torn as well.
    rig.write([0.5, f32::NAN, -1.0]);
    rig.write(index(1010..1200));
    for _ in 0..4 {
        rig.callback(1);
    }
    let snapshot = rig.balanced();
    let slips: Vec<_> = snapshot.slips.iter().map(|slip| (slip.kind, slip.frame, slip.frames)).collect();
    assert_eq!(
        slips,
        [
            (SlipKind::Skipped, 300, 20),
            (SlipKind::Replayed, 380, 30),
            (SlipKind::Torn, 510, 140),
            // Behind the 58 frames that were missing.
            (SlipKind::Torn, 768 + 300, 3),
            (SlipKind::Skipped, 768 + 303, 7),
        ]
    );
    let counts = &snapshot.consumer;
    assert_eq!(
        (counts.skipped, counts.replayed, counts.torn, counts.slip_events),
        (27, 30, 143, 5),
        "the counters and the events are the same frames"
    );
}

#[cfg(feature = "faults")]
mod bursts {
    use super::*;
    use noxrun::inject::FaultKind;

    fn want(rig: &Rig, frames: u32, every: u32) {
        rig.shared.control.burst_frames.store(frames, Ordering::Relaxed);
        rig.shared.control.burst_every.store(every, Ordering::Relaxed);
    }

    #[test]
    fn a_burst_is_asked_for_accounted_and_recorded() {
        let mut rig = Rig::new();
        rig.fill(2048);
        rig.callback(4);
        want(&rig, 1000, 2048);
        // From the first quantum that sees the wish: 2048 frames are 4 callbacks, the burst comes before the 5th.
        for _ in 0..4 {
            rig.callback(4);
            rig.fill(512);
        }
        let before = rig.balanced();
        assert_eq!((before.consumer.requested, before.consumer.injected), (5 * 512, 0));
        rig.callback(4);
        let after = rig.balanced();
        let counts = &after.consumer;
        // In whole quanta.
        assert_eq!(counts.requested, 6 * 512 + 1024);
        assert_eq!((counts.fresh, counts.underrun_events), (6 * 512 + 1024, 0));
        let [burst] = after.audio_injections[..] else {
            panic!("one burst: {:?}", after.audio_injections)
        };
        assert_eq!((burst.kind, burst.frames, burst.lasted_ms), (FaultKind::Burst as u32, 1024, 0.0));
        assert_eq!(burst.position, 5 * 512, "where the reader was");
        let at_ms = 1.7e12 + 5.0 * CALLBACK_MS;
        assert!((0.0..1.0).contains(&(at_ms - burst.at_ms)), "{} at {at_ms}", burst.at_ms);
        // The ring has not enough for the next one.
        for _ in 0..4 {
            rig.fill(512);
            rig.callback(4);
        }
        let left = after.in_flight();
        assert!(left < 1024);
        let after = rig.balanced();
        assert_eq!((after.consumer.injected, after.consumer.underrun_events), (2, 1));
        let event = after.underruns[0];
        assert_eq!(event.frames + after.consumer.fresh, after.consumer.requested);
        // No longer.
        want(&rig, 0, 0);
        for _ in 0..40 {
            rig.fill(512);
            rig.callback(4);
        }
        assert_eq!(rig.balanced().consumer.injected, 2);
    }

    #[test]
    fn a_burst_can_do_no_more_than_it_may() {
        let mut rig = Rig::new();
        rig.fill(2048);
        want(&rig, u32::MAX, 1);
        rig.shared.set_paused(true);
        rig.callback(8);
        assert_eq!(rig.balanced().consumer.injected, 0, "nobody asks while it is paused");
        rig.shared.set_paused(false);
        rig.callback(2);
        let counts = rig.balanced().consumer;
        assert_eq!((counts.injected, counts.requested), (1, 10 * 128 + 32_768));
    }

    #[cfg(feature = "count-allocations")]
    #[test]
    fn neither_counting_nor_bursts_allocate() {
        let mut rig = Rig::new();
        rig.shared.control.verify_index.store(1, Ordering::Relaxed);
        rig.shared.control.count_callbacks.store(1, Ordering::Relaxed);
        want(&rig, 700, 3000);
        let mut allocated = 0;
        for round in 0..20_000 {
            if round % 7 != 0 {
                rig.fill(512);
            }
            let before = noxrun::allocations();
            rig.callback(4);
            allocated += noxrun::allocations() - before;
        }
        let counts = rig.balanced().consumer;
        assert_eq!((allocated, counts.allocations), (0, 0));
        assert!(
            counts.injected > 1000 && counts.torn > 0 && counts.starved_callbacks > 0,
            "{counts:?}"
        );
    }
}

#[test]
fn what_is_heard_when_there_is_nothing_is_what_was_asked_for() {
    let ramp = |from: usize, to: usize| (from..to).map(|frame| frame as f32).collect::<Vec<_>>();
    let constant = |value: f32, frames: usize| vec![value; frames];
    // 192 frames, then nothing for 192: the second half of the second quantum, and what the third is by that policy.
    for (policy, rest, third, concealed) in [
        (Conceal::Silence, constant(0.0, 64), constant(0.0, 128), 0),
        (Conceal::Hold, constant(191.0, 64), constant(191.0, 128), 192),
        (Conceal::Repeat, ramp(64, 128), [ramp(128, 192), ramp(64, 128)].concat(), 192),
    ] {
        let mut rig = Rig::new();
        rig.shared.control.conceal.store(policy as u32, Ordering::Relaxed);
        rig.write(ramp(0, 192));
        let mut heard = Vec::new();
        for _ in 0..3 {
            let which = rig.quanta.quantum(QUANTUM, 0.0);
            heard.push(rig.quanta.staging()[which].channel(1).to_vec());
        }
        assert_eq!(heard, [ramp(0, 128), [ramp(128, 192), rest].concat(), third], "{}", policy.name());
        // What comes back has a hard edge: nobody asked for a fade.
        rig.write(constant(7.0, 128));
        let which = rig.quanta.quantum(QUANTUM, 0.0);
        assert_eq!(rig.quanta.staging()[which].channel(0), constant(7.0, 128), "{}", policy.name());
        let consumer = rig.balanced().consumer;
        let silent = consumer.silent[SilentBy::Underrun as usize];
        assert_eq!((consumer.concealed, silent), (concealed, 192 - concealed), "{}", policy.name());
        assert_eq!((consumer.underrun_events, consumer.underrun_frames), (1, 192), "{}", policy.name());
    }
}
