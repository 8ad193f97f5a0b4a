//! A day of play, markers on their way, and runs that repeat, in simulated time.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use noxrun::render::{RenderInfo, Source};
use noxrun::sim::{Burst, Device, Simulation, Worker, World};
use noxrun::source::Index;

const RATE: f64 = 48_000.0;

/// Mono, blocks of 256, the index checked frame by frame.
fn indexed(limit: usize, device: Device, worker: Worker) -> Simulation {
    let simulation = Simulation::new(1, limit, Box::new(Index), 256, device, worker).expect("in range");
    simulation.shared().control.verify_index.store(1, Ordering::Relaxed);
    simulation
}

/// Hours of simulated play: a whole day with NOXRUN_LONG, as `make soak` sets it.
fn hours() -> f64 {
    if std::env::var_os("NOXRUN_LONG").is_some() { 24.0 } else { 2.0 }
}

#[test]
fn hours_of_undisturbed_play_have_no_event_and_balance() {
    let device = Device {
        ppm: 80.0,
        jitter_ms: 1.5,
        ..Device::default()
    };
    let mut simulation = indexed(2048, device, Worker::default());
    simulation.run_for(hours() * 3.6e6);
    let snapshot = simulation.snapshot();
    let (producer, consumer) = (&snapshot.producer, &snapshot.consumer);
    assert_eq!(snapshot.imbalance(), 0);
    assert_eq!((consumer.underrun_events, producer.overrun_events), (0, 0));
    assert_eq!((consumer.skipped, consumer.replayed, consumer.torn), (0, 0, 0));
    assert_eq!(producer.time_outs, 0, "a device in time needs no looking after");
    let heard = consumer.fresh as f64 / RATE / 3600.0;
    assert!((heard - hours()).abs() < 0.01, "{heard} h");
    // Nobody was later than the worker is: 0.1 ms on average, exponentially.
    let wakes: u64 = producer.lateness.iter().sum();
    let late: u64 = producer
        .lateness
        .iter()
        .enumerate()
        .filter(|(bucket, _)| noxrun::ledger::lateness_edge_ms(*bucket) > 4.0)
        .map(|(_, count)| count)
        .sum();
    assert!(wakes > 90 * 3600 && late * 1000 < wakes, "{late} of {wakes}");
}

#[test]
fn a_run_repeats_bit_by_bit() {
    let run = || {
        let device = Device {
            callback_frames: 557.0,
            jitter_ms: 2.0,
            hangs: vec![(700.0, 760.0)],
            bursts: vec![Burst {
                at_ms: 1_500.0,
                frames: 4096,
            }],
            ..Device::default()
        };
        let worker = Worker {
            load: 0.8,
            wake_jitter_ms: 2.0,
            ..Worker::default()
        };
        let mut simulation = indexed(1024, device, worker);
        simulation.world().freeze(2_000.0, 80.0);
        simulation.run_for(5_000.0);
        simulation.snapshot()
    };
    let first = run();
    assert!(first.consumer.underrun_events >= 3, "{}", first.consumer.underrun_events);
    assert_eq!(first, run());
}

/// Notes when each block is about to be committed.
struct Noting {
    world: Rc<RefCell<Option<World>>>,
    /// Place in the ring of a block's first frame, and when it was rendered.
    blocks: Rc<RefCell<Vec<(u64, f64)>>>,
}

impl Source for Noting {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        block.fill(0.0);
        let now = self.world.borrow().as_ref().map_or(0.0, World::now_ms);
        self.blocks.borrow_mut().push((info.ring_position, now));
        block.len()
    }
}

#[test]
fn a_marker_takes_as_long_through_the_ring_as_is_reported() {
    for (limit, block, callback) in [
        (512, 128, 128.0),
        (1024, 256, 512.0),
        (2048, 256, 557.0),
        (4096, 512, 1024.0),
        (16_384, 1024, 441.0),
    ] {
        let (world, blocks) = (Rc::new(RefCell::new(None)), Rc::new(RefCell::new(Vec::new())));
        let source = Noting {
            world: world.clone(),
            blocks: blocks.clone(),
        };
        let device = Device {
            callback_frames: callback,
            ..Device::default()
        };
        let mut simulation = Simulation::new(1, limit, Box::new(source), block, device, Worker::default()).expect("in range");
        world.replace(Some(simulation.world().clone()));
        // When the reader was seen where.
        let mut reads = Vec::new();
        while simulation.world().now_ms() < 4_000.0 {
            simulation.run_for(0.01);
            reads.push((simulation.shared().ring.read_position(), simulation.world().now_ms()));
        }
        let snapshot = simulation.snapshot();
        assert_eq!(snapshot.consumer.underrun_events, 0);
        let mut took: Vec<f64> = blocks
            .borrow()
            .iter()
            .filter(|(_, at)| (500.0..3_500.0).contains(at))
            .map(|(place, at)| reads[reads.partition_point(|(read, _)| read <= place)].1 - at)
            .collect();
        took.sort_by(f64::total_cmp);
        let measured = took[took.len() / 2];
        // As the report does: the median of what lay in the ring when a quantum was asked for.
        let fill = &snapshot.consumer.fill;
        let (quanta, mut seen) = (fill.iter().sum::<u64>(), 0);
        let bucket = fill.iter().position(|count| {
            seen += count;
            2 * seen >= quanta
        });
        let width = noxrun::ledger::ConsumerLedger::fill_bucket_frames(simulation.shared().ring.capacity());
        let reported = ((bucket.expect("quanta") + 1) * width - 1) as f64 * 1e3 / RATE;
        let within = callback * 1e3 / RATE;
        assert!(
            (measured - reported).abs() <= within,
            "ring {limit}: measured {measured} ms, reported {reported} ms"
        );
    }
}
