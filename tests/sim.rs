//! A day of play and every kind of trouble, in simulated time.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use noxrun::sim::{Device, Simulation, Worker};
use noxrun::source::Index;

fn simulation(limit: usize, device: Device, worker: Worker) -> Simulation {
    Simulation::new(1, limit, Box::new(Index), 256, device, worker).expect("in range")
}

#[test]
fn a_day_of_undisturbed_play_has_no_event_and_balances() {
    const HOURS: f64 = 1.0;
    let mut simulation = simulation(
        2048,
        Device {
            ppm: 80.0,
            ..Device::default()
        },
        Worker::default(),
    );
    simulation
        .shared()
        .control
        .verify_index
        .store(1, std::sync::atomic::Ordering::Relaxed);
    simulation.run_for(HOURS * 3.6e6);
    let snapshot = simulation.snapshot();
    assert_eq!(snapshot.imbalance(), 0);
    assert_eq!((snapshot.consumer.underrun_events, snapshot.producer.overrun_events), (0, 0));
    assert_eq!(
        (snapshot.consumer.skipped, snapshot.consumer.replayed, snapshot.consumer.torn),
        (0, 0, 0)
    );
    let heard = snapshot.consumer.fresh as f64 / 48_000.0 / 3600.0;
    assert!((heard - HOURS).abs() < 0.01, "{heard} h");
    eprintln!(
        "lateness {:?} latest {} time-outs {}",
        snapshot.producer.lateness, snapshot.producer.latest_us, snapshot.producer.time_outs
    );
}
