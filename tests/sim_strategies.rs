//! Every strategy in simulated time: the books balance, what the ledger declares is what the index signal shows, and the research note's figures come out where its mechanism says.
#![cfg(feature = "strategies")]

use noxrun::ledger::{DroppedBy, FoundKind, SilentBy, Snapshot};
use noxrun::render::Pace;
use noxrun::sim::{Device, Setup, Simulation};
use noxrun::strategy::Strategy;

fn timer(period_ms: Option<f64>, jitter_ms: f64) -> Pace {
    Pace::Timer {
        period_ms,
        jitter_ms,
        ppm: 0.0,
        seed: 7,
    }
}

fn ran(setup: Setup, ms: f64) -> Snapshot {
    let mut simulation = Simulation::of(setup).expect("in range");
    simulation.run_for(ms);
    simulation.snapshot()
}

fn found(snapshot: &Snapshot, kind: FoundKind) -> u64 {
    snapshot.consumer.found_frames[kind as usize]
}

/// What holds for any strategy.
fn sound(strategy: Strategy, snapshot: &Snapshot) {
    let name = strategy.name();
    let consumer = &snapshot.consumer;
    println!(
        "{name}: requested {} fresh {} repeated {} silent {:?} concealed {} produced {} dropped {:?} {:?} in flight {} underruns {} found {:?} dup quanta {}/{} changed {}",
        consumer.requested,
        consumer.fresh,
        consumer.repeated,
        consumer.silent,
        consumer.concealed,
        snapshot.producer.produced,
        snapshot.producer.dropped,
        consumer.dropped,
        snapshot.in_flight(),
        consumer.underrun_events,
        consumer.found_frames,
        consumer.duplicate_quanta,
        consumer.quanta,
        consumer.changed,
    );
    assert_eq!(snapshot.imbalance(), 0, "{name}");
    assert!(consumer.fresh > 0, "{name} plays");
    // Declared and found, by two ways that know nothing of each other.
    assert_eq!(consumer.repeated, found(snapshot, FoundKind::Duplicate), "{name}: repeated");
    assert_eq!(found(snapshot, FoundKind::Reordered), 0, "{name}");
    assert_eq!(found(snapshot, FoundKind::Torn), 0, "{name}");
}

#[test]
fn every_strategy_balances_and_shows_what_it_declares_by_demand() {
    for strategy in Strategy::ALL {
        let snapshot = ran(
            Setup {
                strategy,
                ..Setup::default()
            },
            5_000.0,
        );
        sound(strategy, &snapshot);
        if !strategy.newest_counts() {
            assert_eq!(snapshot.consumer.repeated, 0, "{}", strategy.name());
            assert_eq!(found(&snapshot, FoundKind::Gap), 0, "{}", strategy.name());
            assert_eq!(
                snapshot.consumer.underrun_events,
                u64::from(strategy == Strategy::Queue) * snapshot.consumer.underrun_events
            );
        }
        let startup = snapshot.consumer.silent[SilentBy::Startup as usize];
        assert!(startup < 4_000, "{}: {startup}", strategy.name());
    }
}

#[test]
fn every_strategy_balances_with_a_clock_of_its_own() {
    for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::InWorklet) {
        let setup = Setup {
            strategy,
            pace: timer(None, 2.0),
            ..Setup::default()
        };
        let snapshot = ran(setup, 5_000.0);
        sound(strategy, &snapshot);
        let superseded =
            snapshot.producer.dropped[DroppedBy::Superseded as usize] + snapshot.consumer.dropped[DroppedBy::Superseded as usize];
        if strategy.newest_counts() {
            // What was left out was superseded, but for what came before the first block that was taken.
            assert!(found(&snapshot, FoundKind::Gap).abs_diff(superseded) <= 512, "{superseded}");
        } else {
            assert_eq!(superseded, 0, "{}", strategy.name());
        }
    }
}

/// The share of quanta with a duplicate.
fn duplicates(snapshot: &Snapshot) -> f64 {
    snapshot.consumer.duplicate_quanta as f64 / snapshot.consumer.quanta as f64
}

#[test]
fn seventy_one_percent_is_one_block_of_a_quantum_against_a_callback_of_441_frames() {
    for strategy in [Strategy::Double, Strategy::Triple] {
        let setup = Setup {
            strategy,
            block_frames: 128,
            device: Device {
                sample_rate: 44_100.0,
                callback_frames: 441.0,
                ..Device::default()
            },
            ..Setup::default()
        };
        let snapshot = ran(setup, 20_000.0);
        sound(strategy, &snapshot);
        let share = duplicates(&snapshot);
        assert!((share - (1.0 - 128.0 / 441.0)).abs() < 0.01, "{}: {share}", strategy.name());
    }
}
