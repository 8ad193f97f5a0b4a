//! Every strategy in simulated time: the books balance, what the ledger declares is what the index signal shows, and the research note's figures come out where its mechanism says.
#![cfg(all(feature = "strategies", feature = "faults"))]

use noxrun::inject::{Fault, FaultKind};
use noxrun::ledger::{DroppedBy, FoundKind, SilentBy, Snapshot};
use noxrun::render::Pace;
use noxrun::sim::{Burst, Delay, Device, Setup, Simulation, Worker};
use noxrun::source::Index;
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
    // Declared and found, by two ways that know nothing of each other. (But for a double buffer that knows that it was written to while it was read.)
    if consumer.changed == 0 {
        assert_eq!(consumer.repeated, found(snapshot, FoundKind::Duplicate), "{name}: repeated");
    }
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

/// Runs in pieces, after each of which the books must balance.
fn balanced(setup: Setup, ms: f64) -> (Simulation, Snapshot) {
    let strategy = setup.strategy;
    let mut simulation = Simulation::of(setup).expect("in range");
    let end = ms + simulation.world().now_ms();
    loop {
        simulation.run_for(37.0);
        let snapshot = simulation.snapshot();
        assert_eq!(snapshot.imbalance(), 0, "{}: {snapshot:?}", strategy.name());
        if simulation.world().now_ms() >= end {
            return (simulation, snapshot);
        }
    }
}

fn superseded(snapshot: &Snapshot) -> u64 {
    snapshot.producer.dropped[DroppedBy::Superseded as usize] + snapshot.consumer.dropped[DroppedBy::Superseded as usize]
}

/// Declared and found are the same, where frames are lost or repeated by nobody but the strategy and the producer's clock.
fn declared_is_found(name: &str, snapshot: &Snapshot, block: usize) {
    let consumer = &snapshot.consumer;
    if consumer.changed > 0 {
        // A double buffer that was written to while it was read: what it took for a frame played before was another one, and that one came again later. It says so.
        let found = found(snapshot, FoundKind::Duplicate);
        assert!(name.starts_with("double"), "{name}");
        assert!(consumer.repeated.abs_diff(found) <= 2 * consumer.changed, "{name}: {found}");
        return;
    }
    assert_eq!(consumer.repeated, found(snapshot, FoundKind::Duplicate), "{name}");
    assert_eq!(
        consumer.duplicate_quanta,
        consumer.found_quanta[FoundKind::Duplicate as usize],
        "{name}: quanta"
    );
    assert_eq!(
        (
            found(snapshot, FoundKind::Reordered),
            found(snapshot, FoundKind::Torn),
            consumer.changed
        ),
        (0, 0, 0),
        "{name}"
    );
    // What was left out is a gap once the next frame has come; what was left out before the first one is none.
    let left_out = superseded(snapshot) + snapshot.producer.dropped[DroppedBy::Overflow as usize];
    let gap = found(snapshot, FoundKind::Gap);
    assert!(
        gap <= left_out && left_out <= gap + 40 * block as u64,
        "{name}: {gap} of {left_out}"
    );
}

/// Sizes: frames ahead, frames of a block, frames of a callback.
const SIZES: [(usize, usize, f64); 4] = [(2048, 256, 512.0), (1024, 128, 441.0), (3000, 283, 882.0), (512, 512, 256.0)];

/// A setup of these sizes; `seed` decides all that is left to chance.
fn sized(strategy: Strategy, (buffer_frames, block_frames, callback_frames): (usize, usize, f64), seed: u64) -> Setup {
    Setup {
        strategy,
        buffer_frames,
        block_frames,
        device: Device {
            callback_frames,
            seed,
            ..Device::default()
        },
        worker: Worker {
            seed: seed + 1,
            ..Worker::default()
        },
        delay: Delay {
            seed: seed + 2,
            ..Delay::default()
        },
        seed: seed + 3,
        ..Setup::default()
    }
}

#[test]
fn a_producer_that_is_late_costs_what_is_declared_and_nothing_else() {
    let stall = Fault::Stall {
        ms: 60.0,
        every_ms: 300.0,
        jitter_ms: 100.0,
    };
    let late = Fault::Late { ms: 25.0, every_ms: 110.0 };
    let lists: [(&[Fault], Pace); 7] = [
        (&[stall], Pace::Demand),
        (&[Fault::Slow { share: 1.2 }], Pace::Demand),
        (&[late], Pace::Demand),
        (&[stall, late, Fault::Slow { share: 0.3 }], Pace::Demand),
        (&[stall], timer(None, 3.0)),
        (&[Fault::Rate { ppm: 20_000.0 }], timer(None, 1.0)),
        (&[Fault::Rate { ppm: -20_000.0 }, late], timer(None, 1.0)),
    ];
    for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::InWorklet) {
        for size in SIZES {
            for seed in [1, 20] {
                for (faults, pace) in lists {
                    let setup = Setup {
                        pace,
                        faults: faults.to_vec(),
                        ..sized(strategy, size, seed)
                    };
                    let (_, snapshot) = balanced(setup, 2_000.0);
                    let name = format!("{} {size:?} {faults:?}", strategy.name());
                    assert!(snapshot.consumer.fresh > 0, "{name}");
                    declared_is_found(&name, &snapshot, size.1);
                    if strategy.newest_counts() {
                        // There is always something to play.
                        assert_eq!(snapshot.consumer.underrun_events, 0, "{name}");
                    } else {
                        assert_eq!((snapshot.consumer.repeated, superseded(&snapshot)), (0, 0), "{name}");
                        if pace == Pace::Demand && faults.contains(&stall) && size.0 < 2_048 {
                            assert!(snapshot.consumer.underrun_events > 0, "{name}: longer than what is ahead");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_source_that_lies_is_found_out_behind_every_strategy() {
    for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::InWorklet) {
        for size in SIZES {
            for seed in [1, 20] {
                let block = size.1 as u64;
                // Which frames of how many blocks each shows, by kind.
                let lists = [
                    (Fault::Skip { every_blocks: 9 }, vec![(FoundKind::Gap, block)]),
                    (Fault::Replay { every_blocks: 9 }, vec![(FoundKind::Duplicate, block)]),
                    (Fault::Tear { every_blocks: 9 }, vec![(FoundKind::Torn, block.div_ceil(2))]),
                    (Fault::Alias, vec![(FoundKind::Gap, 2 * block), (FoundKind::Duplicate, 2 * block)]),
                ];
                for (fault, shows) in lists {
                    let setup = Setup {
                        faults: vec![fault],
                        ..sized(strategy, size, seed)
                    };
                    let (simulation, snapshot) = balanced(setup, 2_000.0);
                    let name = format!("{} {size:?} {fault:?}", strategy.name());
                    let consumer = &snapshot.consumer;
                    let injected = simulation.shared().snapshot().producer.injected;
                    assert!(injected > 5, "{name}: {injected}");
                    if strategy.newest_counts() {
                        // What it repeats or leaves out comes on top, and may be what the source has done; but torn is torn, and not by the strategy.
                        let tears = fault.kind() == FaultKind::Tear;
                        let torn = found(&snapshot, FoundKind::Torn);
                        assert_eq!((torn > 0, consumer.changed), (tears, 0), "{name}: {torn}");
                        continue;
                    }
                    assert_eq!(
                        (consumer.repeated, consumer.changed, snapshot.dropped()),
                        (0, 0, 0),
                        "{name}: nothing is declared"
                    );
                    for kind in [FoundKind::Duplicate, FoundKind::Gap, FoundKind::Reordered, FoundKind::Torn] {
                        let each = shows.iter().find(|(shown, _)| *shown == kind).map_or(0, |(_, frames)| *frames);
                        // Those of the blocks ahead are not heard yet; and a gap shows with the frame behind it.
                        let (most, least) = (injected * each, (injected - (size.0 as u64 / block / 3 + 2).min(injected)) * each);
                        let shown = found(&snapshot, kind);
                        assert!((least..=most).contains(&shown), "{name}: {shown} {kind:?} of {injected}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_device_that_asks_for_more_at_once_is_served_as_far_as_there_is_something() {
    for strategy in Strategy::ALL {
        for size in SIZES {
            let mut setup = sized(strategy, size, 5);
            let bursts = (1..20).map(|nth| Burst {
                at_ms: 100.0 * f64::from(nth),
                frames: 128 * (1 << (nth % 6)),
            });
            setup.device.bursts = bursts.collect();
            let (_, snapshot) = balanced(setup, 2_200.0);
            let name = format!("{} {size:?}", strategy.name());
            declared_is_found(&name, &snapshot, size.1);
            // What renders when it is asked, and what plays again what it has, are never short of anything.
            let always = strategy == Strategy::InWorklet || strategy.newest_counts();
            assert_eq!(snapshot.consumer.underrun_events == 0, always, "{name}");
        }
    }
}

#[test]
fn a_deeper_queue_has_fewer_underruns() {
    let run = |depth, block_frames| {
        let setup = Setup {
            depth,
            block_frames,
            ..sized(Strategy::Queue, (2048, block_frames, 512.0), 3)
        };
        let (_, snapshot) = balanced(setup, 5_000.0);
        assert_eq!((snapshot.consumer.repeated, snapshot.dropped()), (0, 0));
        assert_eq!(snapshot.consumer.found_frames, [0; FoundKind::COUNT]);
        snapshot
    };
    for block_frames in [128, 256, 283] {
        let starved: Vec<u64> = (1..=32).map(|depth| run(depth, block_frames).consumer.starved_quanta).collect();
        println!("blocks of {block_frames}, callbacks of 512: starved quanta by depth 1 to 32: {starved:?}");
        assert!(starved.is_sorted_by(|fewer, more| fewer >= more), "{starved:?}");
        // A callback wants 512 frames at once: what the queue holds less than that is missing each time.
        let enough = 512_usize.div_ceil(block_frames);
        for (depth, starved) in (1..).zip(starved) {
            assert_eq!(starved > 0, depth < enough, "{depth} blocks of {block_frames}: {starved}");
        }
    }
}

#[test]
fn when_the_producer_dies_the_books_balance() {
    for strategy in Strategy::ALL.into_iter().filter(|strategy| *strategy != Strategy::InWorklet) {
        for (size, seed) in SIZES.into_iter().zip(1..) {
            for pace in [Pace::Demand, timer(None, 2.0)] {
                let setup = Setup {
                    pace,
                    ..sized(strategy, size, seed)
                };
                let (mut simulation, before) = balanced(setup, 1_003.0);
                simulation.kill();
                simulation.run_for(1_000.0);
                let after = simulation.snapshot();
                let name = format!("{} {size:?}", strategy.name());
                assert_eq!(after.imbalance(), 0, "{name}: {after:?}");
                declared_is_found(&name, &after, size.1);
                assert_eq!(after.in_flight(), 0, "{name}: all that came was played");
                if strategy.newest_counts() {
                    // The same block, for ever: nothing else tells that nobody is there any more.
                    let repeated = after.consumer.repeated - before.consumer.repeated;
                    assert!(repeated > 40_000 && after.consumer.underrun_events == 0, "{name}: {repeated}");
                } else {
                    assert!(after.consumer.underrun_longest > 40_000, "{name}");
                }
            }
        }
    }
}

#[test]
fn messages_may_take_as_long_as_there_is_sound_ahead() {
    for strategy in [Strategy::MessageCopy, Strategy::MessageTransfer] {
        for ms in [0.1, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0] {
            let setup = Setup {
                delay: Delay {
                    ms,
                    jitter_ms: 0.1,
                    seed: 4,
                },
                ..sized(strategy, (2048, 256, 512.0), 4)
            };
            let (_, snapshot) = balanced(setup, 5_000.0);
            declared_is_found(strategy.name(), &snapshot, 256);
            assert_eq!((snapshot.dropped(), found(&snapshot, FoundKind::Gap)), (0, 0));
            let transit_ms = snapshot.producer.transit_us as f64 / 1e3 / snapshot.producer.messages as f64;
            println!(
                "{}: {ms} ms on its way (found: {transit_ms:.1}), 42.7 ms ahead: {} underruns",
                strategy.name(),
                snapshot.consumer.underrun_events
            );
            assert!((transit_ms - ms).abs() < 1.0, "{transit_ms}");
            // There and back, one callback, and one block that is not asked for before there is room for it.
            let needed = 2.0 * ms + (512.0 + 256.0) / 48.0;
            if needed < 41.0 {
                assert_eq!(snapshot.consumer.underrun_events, 0, "{ms} ms");
            } else if needed > 45.0 {
                assert!(snapshot.consumer.underrun_events > 0, "{ms} ms");
            }
        }
    }
}

#[test]
fn another_sound_is_announced_where_the_newest_block_counts() {
    for strategy in [Strategy::Double, Strategy::Triple] {
        for size in SIZES {
            for pace in [Pace::Demand, timer(None, 2.0)] {
                let setup = Setup {
                    pace,
                    ..sized(strategy, size, 9)
                };
                let (mut simulation, mut before) = balanced(setup, 300.0);
                for _ in 0..5 {
                    // The second one replaces the first before anybody has heard it.
                    simulation.set_source(Box::new(Index), 1.0);
                    simulation.set_source(Box::new(Index), 0.0);
                    simulation.run_for(333.0);
                    let now = simulation.snapshot();
                    assert_eq!(now.imbalance(), 0);
                    // A block that lay there when the sound changed must not be waited for: each callback has something new, before and after.
                    let fresh = now.consumer.fresh - before.consumer.fresh;
                    assert!(
                        fresh > 5 * size.1 as u64,
                        "{} {size:?}: only {fresh} fresh frames since the change",
                        strategy.name()
                    );
                    before = now;
                }
                let snapshot = simulation.snapshot();
                // Nothing of the first frames, which have come before with the same numbers, is taken for a duplicate.
                declared_is_found(&format!("{} {size:?}", strategy.name()), &snapshot, size.1);
            }
        }
    }
}

#[test]
fn another_sound_takes_over_without_a_gap() {
    let strategies = [
        Strategy::Ring,
        Strategy::MainThread,
        Strategy::Queue,
        Strategy::MessageCopy,
        Strategy::MessageTransfer,
    ];
    for strategy in strategies {
        for size in SIZES {
            let setup = Setup {
                depth: 8,
                ..sized(strategy, size, 9)
            };
            let (mut simulation, _) = balanced(setup, 300.0);
            for _ in 0..5 {
                simulation.set_source(Box::new(Index), 1.0);
                simulation.run_for(333.0);
            }
            let snapshot = simulation.snapshot();
            let name = format!("{} {size:?}", strategy.name());
            assert_eq!(snapshot.imbalance(), 0, "{name}");
            assert_eq!(
                snapshot.consumer.found_frames,
                [0; FoundKind::COUNT],
                "{name}: the jump was announced"
            );
            let seek = snapshot.consumer.dropped[DroppedBy::Seek as usize];
            assert_eq!(snapshot.dropped(), seek, "{name}: {:?}", snapshot.producer.dropped);
            // A single block ahead is over before another one is there.
            if size.0 > size.1 {
                assert!(seek > 0, "{name}");
                assert_eq!(snapshot.consumer.underrun_events, 0, "{name}");
            }
        }
    }
}

/// A row of the table: what is asked for and how, and the share of duplicates that follows.
struct Row {
    rate: f32,
    block: usize,
    quantum: usize,
    callback: f64,
    pace: Pace,
}

impl Row {
    /// At each callback there is one new block, no longer than what the callback asks for: shares of duplicates in frames and in quanta.
    fn shares(&self) -> (f64, f64) {
        let (block, quantum) = (self.block as f64, self.quantum as f64);
        let whole_quanta = (block / quantum).floor();
        (1.0 - block / self.callback, 1.0 - whole_quanta * quantum / self.callback)
    }
}

#[test]
fn the_share_of_duplicates_is_what_a_callback_asks_for_beyond_one_block() {
    let row = |rate, block, quantum, callback, pace| Row {
        rate,
        block,
        quantum,
        callback,
        pace,
    };
    let note = timer(Some(256.0 / 48.0), 0.0);
    let rows = [
        row(44_100.0, 128, 128, 441.0, Pace::Demand),
        row(44_100.0, 128, 128, 441.0, timer(None, 0.0)),
        row(44_100.0, 256, 128, 882.0, Pace::Demand),
        row(44_100.0, 256, 128, 882.0, timer(None, 0.0)),
        row(48_000.0, 128, 128, 512.0, Pace::Demand),
        row(48_000.0, 128, 128, 512.0, timer(None, 0.0)),
        row(48_000.0, 256, 128, 512.0, Pace::Demand),
        row(48_000.0, 256, 128, 1024.0, Pace::Demand),
        row(48_000.0, 128, 128, 128.0, Pace::Demand),
        row(48_000.0, 512, 128, 512.0, Pace::Demand),
        // The note's: 256 frames every 5.333 ms, 283 asked for at once; in callbacks of their own, and as a device calls.
        row(48_000.0, 256, 283, 283.0, note),
        row(48_000.0, 256, 283, 512.0, note),
        row(48_000.0, 256, 283, 566.0, note),
        row(48_000.0, 256, 283, 882.0, note),
        row(48_000.0, 256, 128, 512.0, note),
        row(48_000.0, 256, 128, 882.0, note),
    ];
    println!(
        "strategy   rate block quantum callback pace     frames (by formula) quanta (by formula) callbacks superseded stale reads  torn"
    );
    for strategy in [Strategy::Double, Strategy::Triple] {
        for row in &rows {
            let setup = Setup {
                strategy,
                block_frames: row.block,
                pace: row.pace,
                device: Device {
                    sample_rate: row.rate,
                    quantum: row.quantum,
                    callback_frames: row.callback,
                    jitter_ms: 0.2,
                    ..Device::default()
                },
                ..Setup::default()
            };
            let (_, snapshot) = balanced(setup, 20_000.0);
            let consumer = &snapshot.consumer;
            declared_is_found(strategy.name(), &snapshot, row.block);
            let played = (consumer.requested - snapshot.silent()) as f64;
            let share = |some: u64, all: f64| some as f64 / all;
            let frames = share(consumer.repeated, played);
            let quanta = share(consumer.duplicate_quanta, played / row.quantum as f64);
            let (frames_expected, quanta_expected) = row.shares();
            let pace = if row.pace == Pace::Demand { "demand" } else { "timer" };
            println!(
                "{:8} {:6} {:5} {:7} {:8} {pace:8} {:6.1} % ({:5.1} %) {:6.1} % ({:5.1} %) {:8.1} % {:8.1} % {:8.1} % {:5}",
                strategy.name(),
                row.rate,
                row.block,
                row.quantum,
                row.callback,
                100.0 * frames,
                100.0 * frames_expected,
                100.0 * quanta,
                100.0 * quanta_expected,
                100.0 * share(consumer.duplicate_callbacks, consumer.callbacks as f64),
                100.0 * share(superseded(&snapshot), snapshot.producer.produced as f64),
                100.0 * share(consumer.stale_reads, consumer.reads as f64),
                consumer.changed,
            );
            assert!((frames - frames_expected).abs() < 0.01, "{frames} for {frames_expected}");
            assert!((quanta - quanta_expected).abs() < 0.01, "{quanta} for {quanta_expected}");
        }
    }
}
