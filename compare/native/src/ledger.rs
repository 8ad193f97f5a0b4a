//! What the ledger costs the consumer, natively: the same consumer with it and without, in turn, over the same memory; for many places of it.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use noxrun::consume::{Keep, Ledger, NoLedger, Quanta};
use noxrun::ledger::ProducerState;
use noxrun::ring::{Consumer, Producer};
use noxrun::shared::SharedOutput;

const FRAMES: usize = 128;
/// Quanta in a callback.
const QUANTA: usize = 4;
const CAPACITY: usize = 2048;
const PLACES: usize = 25;
const ROUNDS: usize = 9;
const CALLBACKS: usize = 2_000;

/// Nanoseconds per quantum: with the ledger, without it, and the producer's part alone.
pub struct Times {
    pub shipped: Vec<f64>,
    pub bare: Vec<f64>,
    pub drained: Vec<f64>,
}

pub fn times() -> Times {
    let mut times = Times {
        shipped: Vec::new(),
        bare: Vec::new(),
        drained: Vec::new(),
    };
    // Holds what moves the next place.
    let mut held: Vec<Vec<f32>> = Vec::new();
    for place in 0..PLACES {
        held.push(vec![0.0; 1000 + 37 * place]);
        let (shared, mut producer) = output();
        let mut quanta = Quanta::new(shared, FRAMES).expect("free");
        let (other, mut alone) = output();
        let mut drain = Consumer::claim(other.ring.clone()).expect("free");
        for round in 0..=ROUNDS {
            let shipped = callbacks(&mut producer, &mut quanta);
            let mut without = quanta.keeping::<NoLedger>();
            let bare = callbacks(&mut producer, &mut without);
            quanta = without.keeping::<Ledger>();
            let drained = timed(|| {
                push(&mut alone);
                black_box(drain.flush());
            });
            // The first warms up.
            if round > 0 {
                times.shipped.push(shipped);
                times.bare.push(bare);
                times.drained.push(drained);
            }
        }
    }
    times
}

fn output() -> (Arc<SharedOutput>, Producer) {
    let shared = Arc::new(SharedOutput::new(2, CAPACITY, 48_000.0).expect("in range"));
    shared.producer.state.store(ProducerState::Running as u32, Ordering::Release);
    let producer = Producer::claim(shared.ring.clone()).expect("free");
    (shared, producer)
}

fn push(producer: &mut Producer) {
    let block = [0.5_f32; 2 * FRAMES];
    for _ in 0..QUANTA {
        assert_eq!(producer.write(black_box(&block)), Ok(FRAMES));
    }
}

/// Callbacks of four quanta, each copied to where a browser would have it, then what the producer refills.
fn callbacks<L: Keep>(producer: &mut Producer, quanta: &mut Quanta<L>) -> f64 {
    let mut output = [[0.0_f32; FRAMES]; 2];
    // Until callbacks are counted, which is some seconds after the start of a real output.
    let mut now_ms = 0.0;
    while quanta.wants_time() {
        push(producer);
        for _ in 0..QUANTA {
            now_ms += 5.0;
            quanta.quantum(FRAMES, now_ms);
        }
    }
    timed(|| {
        push(producer);
        for _ in 0..QUANTA {
            let area = quanta.quantum(black_box(FRAMES), 0.0);
            let area = &quanta.staging()[area];
            for (channel, output) in output.iter_mut().enumerate() {
                output.copy_from_slice(area.channel(channel));
            }
            black_box(&mut output);
        }
    })
}

/// Nanoseconds per quantum.
fn timed(mut callback: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLBACKS {
        callback();
    }
    start.elapsed().as_nanos() as f64 / (QUANTA * CALLBACKS) as f64
}
