//! Producers with a clock of their own, in simulated time: what does not fit is an overrun, and the log says why.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::sync::atomic::Ordering;

use noxrun::ledger::{Cause, EventKind, EventLog, LogEntry};
use noxrun::render::Pace;
use noxrun::sim::{Device, Simulation, Worker};
use noxrun::source::Index;

/// Looks as often as a page does, until `ms` are over.
fn go_on(simulation: &mut Simulation, log: &mut EventLog, ms: f64) {
    for _ in 0..(ms / 250.0) as usize {
        simulation.run_for(250.0);
        log.look(simulation.world().now_ms(), &simulation.snapshot());
    }
    assert_eq!(simulation.snapshot().imbalance(), 0);
}

/// A producer whose clock is fast by `ppm`, in a ring of 2048, after a second of play.
fn playing(ppm: f64) -> (Simulation, EventLog) {
    let mut simulation = Simulation::new(1, 2048, Box::new(Index), 256, Device::default(), Worker::default()).expect("in range");
    let pace = Pace::Timer {
        period_ms: None,
        jitter_ms: 0.0,
        ppm,
        seed: 1,
    };
    simulation.set_pace(pace).expect("in range");
    let mut log = EventLog::new(48_000.0);
    go_on(&mut simulation, &mut log, 1_000.0);
    (simulation, log)
}

/// The overruns but for the first block after the ring was full for the first time; their frames are those that were dropped.
fn overruns(simulation: &Simulation, log: &EventLog) -> Vec<LogEntry> {
    let mut all: Vec<LogEntry> = log.entries().filter(|entry| entry.kind == EventKind::Overrun).copied().collect();
    let frames: u64 = all.iter().map(|entry| entry.frames).sum();
    assert_eq!((all.len() as u64, frames), {
        let snapshot = simulation.snapshot();
        (snapshot.producer.overrun_events, snapshot.dropped())
    });
    let first = all.iter().position(|entry| entry.cause == Some(Cause::Startup));
    if let Some(first) = first {
        assert_eq!((first, all.remove(first).frames), (0, 256));
    }
    all
}

#[test]
fn a_fast_clock_is_a_mismatch_of_rates() {
    let (mut simulation, mut log) = playing(20_000.0);
    go_on(&mut simulation, &mut log, 10_000.0);
    let all = overruns(&simulation, &log);
    assert!(all.len() > 20, "{}", all.len());
    for entry in all {
        assert_eq!(entry.cause, Some(Cause::RateMismatch), "{entry:?}");
        assert!(entry.fill.is_some_and(|fill| fill > 2048 - 256), "{entry:?}");
    }
}

#[test]
fn a_clock_in_time_has_none() {
    let (mut simulation, mut log) = playing(0.0);
    go_on(&mut simulation, &mut log, 60_000.0);
    assert_eq!(overruns(&simulation, &log), []);
}

#[test]
fn a_pause_leaves_no_room() {
    let (mut simulation, mut log) = playing(0.0);
    simulation.shared().control.paused.store(1, Ordering::Relaxed);
    go_on(&mut simulation, &mut log, 1_000.0);
    simulation.shared().control.paused.store(0, Ordering::Relaxed);
    go_on(&mut simulation, &mut log, 1_000.0);
    let all = overruns(&simulation, &log);
    assert!(!all.is_empty());
    for entry in all {
        assert_eq!(entry.cause, Some(Cause::Suspended), "{entry:?}");
    }
}

#[test]
fn callbacks_that_stay_away_leave_no_room() {
    let (mut simulation, mut log) = playing(0.0);
    let now = simulation.world().now_ms();
    simulation.world().hang(now + 50.0, now + 250.0);
    go_on(&mut simulation, &mut log, 2_000.0);
    let all = overruns(&simulation, &log);
    assert!(!all.is_empty());
    assert!(all[0].evidence.still_ms > 100.0, "{:?}", all[0]);
    assert_eq!(all[0].cause, Some(Cause::CallbackBurst), "{:?}", all[0]);
}

#[test]
fn what_a_late_producer_brings_in_the_end_is_too_much() {
    let (mut simulation, mut log) = playing(0.0);
    simulation.world().freeze(simulation.world().now_ms() + 50.0, 150.0);
    go_on(&mut simulation, &mut log, 2_000.0);
    let underrun = log
        .entries()
        .find(|entry| entry.kind == EventKind::Underrun)
        .expect("the ring ran dry");
    let all = overruns(&simulation, &log);
    assert!(!all.is_empty());
    for entry in &all {
        assert_eq!(entry.cause, underrun.cause, "{entry:?}");
    }
    assert!(matches!(underrun.cause, Some(Cause::WokenLate | Cause::Stalled)), "{underrun:?}");
}
