//! Faults on purpose, caused through the producer's loop and looked at from the consumer's end, in simulated time.
#![cfg(feature = "faults")]
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use noxrun::Error;
use noxrun::inject::{Fault, FaultKind, Injector, LITTER_BYTES};
use noxrun::ledger::{Cause, Circumstances, INJECTION_SLOTS, InjectedFault, Snapshot};
use noxrun::render::{Pace, Pacer, RenderInfo, Source, SystemClock, Turn};
use noxrun::shared::SharedOutput;
use noxrun::sim::{Device, Simulation, Worker};
use noxrun::source::{Index, Sine};

const TIMER: Pace = Pace::Timer {
    period_ms: None,
    jitter_ms: 0.0,
    ppm: 0.0,
    seed: 0,
};

/// A simulated output with the index signal, and all that was injected.
struct Rig {
    simulation: Simulation,
    injected: Vec<InjectedFault>,
}

impl Rig {
    fn new(channels: usize, limit: usize, block: usize, pace: Pace, faults: &[Fault]) -> Rig {
        let (device, worker) = (Device::default(), Worker::default());
        let simulation =
            Simulation::with_faults(channels, limit, Box::new(Index), block, device, worker, pace, (faults, 7)).expect("in range");
        simulation.shared().control.verify_index.store(1, Ordering::Relaxed);
        Rig {
            simulation,
            injected: Vec::new(),
        }
    }

    /// Lets time pass and collects what was injected, before shared memory forgets it.
    fn run_for(&mut self, ms: f64) -> Snapshot {
        let end = self.simulation.world().now_ms() + ms;
        loop {
            self.simulation.run_for(5.0);
            let snapshot = self.simulation.snapshot();
            assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
            let first = snapshot.producer.injected as usize - snapshot.injections.len();
            assert!(first <= self.injected.len(), "looked too late");
            self.injected.truncate(first);
            self.injected.extend(&snapshot.injections);
            if self.simulation.world().now_ms() >= end {
                return snapshot;
            }
        }
    }

    fn of(&self, kind: FaultKind) -> Vec<InjectedFault> {
        self.injected.iter().copied().filter(|fault| fault.kind == kind as u32).collect()
    }

    /// Frames of a kind that the index signal must have shown by now.
    fn shown(&self, kind: FaultKind, read: u64) -> u64 {
        let shown = |fault: &InjectedFault| kind.shown(fault.position, fault.frames, read).expect("a kind that it shows");
        self.of(kind).iter().map(shown).sum()
    }

    fn causes(&self) -> Vec<Cause> {
        let around = |_, _: &_| Circumstances {
            sample_rate: 48_000.0,
            callback_frames: Some(512),
            ..Circumstances::default()
        };
        let seen = self.simulation.underruns(&self.simulation.snapshot(), around);
        seen.iter().filter_map(|event| event.cause).collect()
    }
}

#[test]
fn skips_replays_and_tears_show_exactly_in_the_index() {
    let (skip, replay, tear) = (
        |every_blocks| Fault::Skip { every_blocks },
        |every_blocks| Fault::Replay { every_blocks },
        |every_blocks| Fault::Tear { every_blocks },
    );
    let lists: [&[Fault]; 8] = [
        &[skip(1)],
        &[replay(2)],
        &[tear(1)],
        &[skip(7)],
        &[replay(7)],
        &[tear(7)],
        &[skip(3), replay(4), tear(5)],
        // More than one for each block: they take turns.
        &[skip(1), replay(1), tear(1)],
    ];
    for channels in [1, 2, 6] {
        for (limit, block) in [(2048, 256), (3000, 283), (96, 8), (1024, 1024)] {
            for faults in lists {
                let mut rig = Rig::new(channels, limit, block, Pace::Demand, faults);
                let snapshot = rig.run_for(1_500.0);
                let counted = [snapshot.consumer.skipped, snapshot.consumer.replayed, snapshot.consumer.torn];
                let injected = [FaultKind::Skip, FaultKind::Replay, FaultKind::Tear].map(|kind| rig.shown(kind, snapshot.read));
                assert_eq!(counted, injected, "{faults:?} over {channels} channels in blocks of {block}");
                for fault in faults {
                    assert!(!rig.of(fault.kind()).is_empty(), "{fault:?} never happened");
                }
                assert!(rig.injected.iter().all(|fault| fault.at_ms > 1e12 && fault.frames > 0));
            }
        }
    }
}

#[test]
fn what_is_left_out_or_put_out_again_is_a_block_and_comes_at_its_distance() {
    let mut rig = Rig::new(
        2,
        2048,
        256,
        Pace::Demand,
        &[Fault::Skip { every_blocks: 10 }, Fault::Tear { every_blocks: 25 }],
    );
    rig.run_for(2_000.0);
    let skips = rig.of(FaultKind::Skip);
    assert!(skips.len() > 30 && skips.iter().all(|skip| (skip.frames, skip.lasted_ms) == (256, 0.0)));
    assert!(
        skips[..10].windows(2).all(|two| two[1].position - two[0].position <= 2816),
        "every 10 blocks"
    );
    let tears = rig.of(FaultKind::Tear);
    assert!(
        tears.iter().all(|tear| tear.frames == 128 && tear.position % 256 == 128),
        "the second half"
    );
}

/// Mono; gives each block twice if asked to, whatever the frames are.
struct Twice {
    samples: fn(usize) -> f32,
    every: usize,
    block: usize,
}

impl Source for Twice {
    fn render(&mut self, block: &mut [f32], _: &RenderInfo) -> usize {
        let first = self.block / self.every * block.len();
        for (nth, sample) in block.iter_mut().enumerate() {
            *sample = (self.samples)(first + nth);
        }
        self.block += 1;
        block.len()
    }
}

#[test]
fn blocks_that_begin_alike_are_found_also_when_they_are_short_and_constants_are_no_such_blocks() {
    let identical = |block: usize, samples: fn(usize) -> f32, every: usize| {
        let source = Box::new(Twice { samples, every, block: 0 });
        let mut simulation = Simulation::new(1, 1024, source, block, Device::default(), Worker::default()).expect("in range");
        simulation.run_for(500.0);
        let producer = simulation.snapshot().producer;
        assert!(producer.blocks > 80, "{}", producer.blocks);
        producer.identical_blocks as f64 / producer.blocks as f64
    };
    for block in [2, 16, 31, 32, 256] {
        let ramp = |frame: usize| (frame % 10_007) as f32;
        assert_eq!(identical(block, ramp, 1), 0.0, "blocks of {block}");
        let half = identical(block, ramp, 2);
        assert!((half - 0.5).abs() < 0.01, "blocks of {block}: {half}");
        assert_eq!(identical(block, |_| 0.25, 2), 0.0, "a constant in blocks of {block}");
    }
    assert_eq!(identical(1, |frame| frame as f32, 2), 0.0, "of one sample nobody can say");
}

#[test]
fn an_aliased_buffer_is_the_newest_block_three_times() {
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[Fault::Alias]);
    let snapshot = rig.run_for(2_000.0);
    let groups = rig.of(FaultKind::Alias);
    assert!(groups.len() > 100, "{}", groups.len());
    // Two of three are lost, and two come again.
    assert!(groups[..groups.len() - 1].iter().all(|group| group.frames == 512));
    assert!(
        groups[10..20].iter().any(|group| group.lasted_ms > 5.0),
        "from the first to the third"
    );
    assert_eq!(groups[1].position - groups[0].position, 768);
    let blocks = snapshot.consumer.fresh / 256;
    assert!(snapshot.consumer.skipped.abs_diff(blocks / 3 * 512) <= 1024, "{snapshot:?}");
    assert!(snapshot.consumer.replayed.abs_diff(blocks / 3 * 512) <= 1024);
    assert!(snapshot.producer.identical_blocks.abs_diff(snapshot.producer.blocks / 3 * 2) <= 2);
    // No drift: once it is over, the frames go on where they should be.
    rig.simulation.set_faults(&[]).expect("in range");
    let before = rig.run_for(200.0).consumer;
    let after = rig.run_for(500.0).consumer;
    assert_eq!((after.skipped, after.replayed), (before.skipped, before.replayed));
}

#[test]
fn faults_of_all_kinds_at_once_keep_the_counts_of_the_index() {
    let faults = [
        Fault::Skip { every_blocks: 40 },
        Fault::Replay { every_blocks: 41 },
        Fault::Tear { every_blocks: 42 },
        Fault::Stall {
            ms: 60.0,
            every_ms: 300.0,
            jitter_ms: 50.0,
        },
        Fault::Late { ms: 50.0, every_ms: 500.0 },
        Fault::Slow { share: 0.2 },
        Fault::Gc { every_ms: None },
        Fault::Burst {
            frames: 4096,
            every_ms: 700.0,
        },
        Fault::Allocate,
    ];
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &faults);
    let snapshot = rig.run_for(10_000.0);
    assert_eq!(
        [snapshot.consumer.skipped, snapshot.consumer.replayed, snapshot.consumer.torn],
        [FaultKind::Skip, FaultKind::Replay, FaultKind::Tear].map(|kind| rig.shown(kind, snapshot.read))
    );
    for fault in faults.iter().filter(|fault| fault.kind() != FaultKind::Burst) {
        assert!(!rig.of(fault.kind()).is_empty(), "{fault:?} never happened");
    }
    assert!(snapshot.consumer.injected > 5 && snapshot.audio_injections[0].kind == FaultKind::Burst as u32);
}

#[test]
fn a_stall_blocks_the_source_for_as_long_as_its_record_says() {
    let stall = Fault::Stall {
        ms: 120.0,
        every_ms: 1_000.0,
        jitter_ms: 0.0,
    };
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[stall]);
    let snapshot = rig.run_for(5_500.0);
    let stalls = rig.of(FaultKind::Stall);
    assert_eq!(stalls.len(), 5);
    for (nth, stall) in stalls.iter().enumerate() {
        assert_eq!(stall.lasted_ms, 120.0);
        let late = stall.at_ms - 1.7e12 - 1_000.0 * (nth + 1) as f64;
        assert!((0.0..25.0).contains(&late), "stall {nth} came {late} ms late");
    }
    // Each is longer than what the ring holds (43 ms), and makes one underrun of what is left of it.
    assert_eq!(rig.causes(), [Cause::Stalled; 5]);
    for event in &snapshot.underruns {
        let least = 120 * 48 - 2048 - 512;
        assert!((least..=120 * 48).contains(&event.frames), "{event:?}");
    }
    // Taken back, it ends.
    rig.simulation.set_faults(&[]).expect("in range");
    rig.run_for(3_000.0);
    assert_eq!(rig.injected.len(), 5);
}

#[test]
fn a_list_that_is_set_again_goes_on_undisturbed() {
    let stall = Fault::Stall {
        ms: 5.0,
        every_ms: 700.0,
        jitter_ms: 100.0,
    };
    let starts = |set_again: bool| {
        let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[stall]);
        for _ in 0..20 {
            rig.run_for(500.0);
            if set_again {
                rig.simulation
                    .set_faults(&[stall, Fault::Gc { every_ms: Some(1e6) }])
                    .expect("in range");
            }
        }
        rig.of(FaultKind::Stall).iter().map(|stall| stall.at_ms).collect::<Vec<_>>()
    };
    let undisturbed = starts(false);
    assert!(undisturbed.len() > 10);
    assert_eq!(starts(true), undisturbed);
}

#[test]
fn a_refused_list_changes_nothing() {
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[Fault::Skip { every_blocks: 10 }]);
    let error = rig.simulation.set_faults(&[Fault::Alias, Fault::Rate { ppm: 10.0 }]);
    assert!(matches!(error, Err(Error::Fault { kind: "rate", .. })), "{error:?}");
    let error = rig.simulation.set_faults(&[Fault::Skip { every_blocks: 0 }]);
    assert!(matches!(error, Err(Error::OutOfRange { .. })), "{error:?}");
    rig.run_for(1_000.0);
    assert!(!rig.of(FaultKind::Skip).is_empty() && rig.of(FaultKind::Alias).is_empty());
}

#[test]
fn a_late_wake_up_is_late_and_no_more() {
    let late = Fault::Late {
        ms: 90.0,
        every_ms: 1_000.0,
    };
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[late]);
    rig.run_for(8_500.0);
    let records = rig.of(FaultKind::Late);
    assert_eq!(records.len(), 8);
    assert!(records.iter().all(|record| record.lasted_ms == 90.0 && record.position > 0));
    assert_eq!(rig.causes(), [Cause::WokenLate; 8]);
    let latest = rig.simulation.snapshot().producer.latest_us;
    assert!((90_000..100_000).contains(&latest), "{latest} us");
}

#[test]
fn late_wake_ups_of_a_producer_with_a_clock_are_late_as_well() {
    let late = Fault::Late {
        ms: 90.0,
        every_ms: 1_000.0,
    };
    let mut rig = Rig::new(2, 8192, 256, TIMER, &[late]);
    rig.run_for(4_500.0);
    assert_eq!(rig.of(FaultKind::Late).len(), 4);
}

#[test]
fn slow_blocks_take_their_share_longer() {
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[Fault::Slow { share: 1.5 }]);
    let snapshot = rig.run_for(2_000.0);
    let records = rig.of(FaultKind::Slow);
    assert_eq!(records.len(), 1, "one record from the first to the last");
    assert!(records[0].lasted_ms > 1_900.0 && records[0].frames == snapshot.producer.blocks * 256);
    let load = snapshot.producer.render_ns as f64 / snapshot.producer.lasted_ns as f64;
    assert!((1.58..1.62).contains(&load), "{load}: a tenth and one and a half");
    assert!(rig.causes().iter().all(|cause| *cause == Cause::RenderTooSlow) && !rig.causes().is_empty());
}

#[test]
fn garbage_and_allocations_are_recorded_with_what_was_made() {
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[Fault::Gc { every_ms: Some(100.0) }, Fault::Allocate]);
    let snapshot = rig.run_for(2_050.0);
    let [gc] = rig.of(FaultKind::Gc)[..] else { panic!("one record") };
    assert_eq!(gc.frames, 20 * LITTER_BYTES);
    assert!((1_850.0..1_950.0).contains(&gc.lasted_ms), "{gc:?}");
    let [allocate] = rig.of(FaultKind::Allocate)[..] else {
        panic!("one record")
    };
    assert_eq!(allocate.frames, snapshot.producer.blocks);
    if cfg!(feature = "count-allocations") {
        assert_eq!(snapshot.producer.allocations, snapshot.producer.blocks);
    }
    // With every block.
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[Fault::Gc { every_ms: None }]);
    let snapshot = rig.run_for(500.0);
    assert_eq!(rig.of(FaultKind::Gc)[0].frames, snapshot.producer.blocks * LITTER_BYTES);
}

#[test]
fn a_clock_that_is_off_empties_the_ring_or_overflows_it() {
    for (ppm, cause) in [(-20_000.0, Some(Cause::RateMismatch)), (20_000.0, None)] {
        let mut rig = Rig::new(2, 2048, 256, TIMER, &[Fault::Rate { ppm }]);
        let snapshot = rig.run_for(10_000.0);
        let [rate] = rig.of(FaultKind::Rate)[..] else {
            panic!("one record")
        };
        assert!(rate.lasted_ms > 9_800.0, "{rate:?}");
        let made = rate.frames as f64 / (rate.lasted_ms + 5.33) / 48.0;
        assert!((made - (1.0 + ppm / 1e6)).abs() < 0.002, "{made} times as many frames as time");
        assert_eq!(snapshot.producer.overrun_events > 0, cause.is_none());
        assert!(rig.causes().iter().all(|found| Some(*found) == cause));
        assert_eq!(rig.causes().is_empty(), cause.is_none());
        // Right again, nothing is lost any more.
        rig.simulation.set_faults(&[]).expect("in range");
        let before = rig.run_for(1_000.0);
        let after = rig.run_for(2_000.0);
        assert_eq!(after.consumer.underrun_events, before.consumer.underrun_events);
    }
}

#[test]
fn a_burst_is_left_to_the_audio_thread() {
    let burst = Fault::Burst {
        frames: 1000,
        every_ms: 500.0,
    };
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[burst]);
    let snapshot = rig.run_for(3_000.0);
    let control = &rig.simulation.shared().control;
    assert_eq!(
        (
            control.burst_frames.load(Ordering::Relaxed),
            control.burst_every.load(Ordering::Relaxed)
        ),
        (1000, 24_000)
    );
    assert!(
        (4..=6).contains(&snapshot.audio_injections.len()),
        "{:?}",
        snapshot.audio_injections
    );
    assert!(snapshot.audio_injections.iter().all(|burst| burst.frames == 1024), "whole quanta");
    rig.simulation.set_faults(&[]).expect("in range");
    let control = &rig.simulation.shared().control;
    assert_eq!(control.burst_frames.load(Ordering::Relaxed), 0);
}

#[test]
fn the_page_can_freeze_the_producer_whatever_the_list_says() {
    let mut rig = Rig::new(2, 2048, 256, Pace::Demand, &[]);
    rig.run_for(100.0);
    let beats = rig.simulation.snapshot().producer.heartbeat;
    let control = &rig.simulation.shared().control;
    control.freeze_ms.store(3_000, Ordering::Relaxed);
    control.freezes.fetch_add(1, Ordering::Release);
    let snapshot = rig.run_for(3_500.0);
    let [freeze] = rig.injected[..] else {
        panic!("one record: {:?}", rig.injected)
    };
    assert_eq!((freeze.kind, freeze.lasted_ms), (FaultKind::Stall as u32, 3_000.0));
    assert_eq!(rig.causes(), [Cause::Stalled]);
    assert!(snapshot.producer.heartbeat >= beats + 12, "who stands still on purpose is not lost");
}

#[test]
fn of_many_faults_the_latest_are_kept_and_a_lasting_one_is_recorded_anew() {
    let mut rig = Rig::new(1, 64, 16, Pace::Demand, &[Fault::Allocate, Fault::Skip { every_blocks: 1 }]);
    let snapshot = rig.run_for(8_000.0);
    assert_eq!(snapshot.injections.len(), INJECTION_SLOTS);
    assert!(snapshot.injections.windows(2).all(|two| two[1].at_ms >= two[0].at_ms));
    let allocations: Vec<_> = rig.of(FaultKind::Allocate);
    assert!(allocations.len() > 5);
    assert_eq!(
        allocations.iter().map(|record| record.frames).sum::<u64>(),
        snapshot.producer.blocks
    );
    assert_eq!(rig.of(FaultKind::Skip).len() as u64, snapshot.producer.blocks - 1);
}

/// What a wrapped source was asked for.
#[derive(Default)]
struct Asked {
    available: Cell<usize>,
    jumps: Cell<bool>,
    prepared: Cell<u32>,
    positions: Cell<(u64, u64)>,
}

struct Spy(Rc<Asked>);

impl Source for Spy {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let (_, latest) = self.0.positions.get();
        self.0.positions.set((latest, info.position));
        block.fill(0.25);
        block.len() / info.channels
    }

    fn available(&mut self) -> usize {
        self.0.available.get()
    }

    fn jumped(&mut self) -> bool {
        self.0.jumps.take()
    }

    fn prepare(&mut self) -> bool {
        self.0.prepared.set(self.0.prepared.get() + 1);
        false
    }

    fn failure(&self) -> Option<String> {
        Some("as it was told".into())
    }
}

const INFO: RenderInfo = RenderInfo {
    position: 0,
    ring_position: 0,
    sample_rate: 48_000.0,
    channels: 1,
    heard_in: 0.0,
    underruns: 0,
};

#[test]
fn everything_that_a_source_says_gets_through() {
    let asked = Rc::new(Asked::default());
    let shared = Arc::new(SharedOutput::new(1, 1024, 48_000.0).expect("in range"));
    let injector = Injector::new(shared, SystemClock::default(), Pace::Demand, 1);
    let mut source = injector.source(Box::new(Spy(asked.clone())), 64);
    asked.available.set(77);
    asked.jumps.set(true);
    assert_eq!(
        (source.available(), source.jumped(), source.jumped(), source.prepare()),
        (77, true, false, false)
    );
    assert_eq!((asked.prepared.get(), source.failure().as_deref()), (1, Some("as it was told")));
    // Without a fault a block is the source's own, at its own place.
    let mut block = [0.0; 64];
    assert_eq!(source.render(&mut block, &RenderInfo { position: 640, ..INFO }), 64);
    assert_eq!((block[63], asked.positions.get().1), (0.25, 640));
}

#[test]
fn a_source_that_has_less_is_not_made_to_end() {
    let asked = Rc::new(Asked::default());
    let shared = Arc::new(SharedOutput::new(1, 1024, 48_000.0).expect("in range"));
    let injector = Injector::new(shared.clone(), SystemClock::default(), Pace::Demand, 1);
    injector.set(&[Fault::Skip { every_blocks: 1 }]).expect("in range");
    let mut source = injector.source(Box::new(Spy(asked.clone())), 64);
    let mut render = |position| source.render(&mut [0.0; 64], &RenderInfo { position, ..INFO });
    // One block is there, but not two: nothing is skipped.
    asked.available.set(100);
    for block in 0..5 {
        assert_eq!(render(block * 64), 64);
    }
    assert_eq!((asked.positions.get().1, shared.snapshot().producer.injected), (4 * 64, 0));
    asked.available.set(usize::MAX);
    assert_eq!(render(5 * 64), 64);
    assert_eq!((asked.positions.get(), shared.snapshot().producer.injected), ((5 * 64, 6 * 64), 1));
}

#[test]
fn who_stands_still_on_purpose_stops_when_asked_to() {
    let shared = Arc::new(SharedOutput::new(1, 1024, 48_000.0).expect("in range"));
    let control = &shared.control;
    control.freeze_ms.store(60_000, Ordering::Relaxed);
    control.freezes.fetch_add(1, Ordering::Release);
    let (began, producer) = (Instant::now(), shared.clone());
    let producer = thread::spawn(move || {
        let injector = Injector::new(producer.clone(), SystemClock::default(), Pace::Demand, 1);
        let source = injector.source(Box::new(Sine::new(440.0).expect("in range")), 256);
        let mut pacer = Pacer::new(producer, source, 256, injector.clock(SystemClock::default())).expect("free");
        while pacer.turn() != Turn::Stopped {}
    });
    while shared.snapshot().producer.injected == 0 {
        thread::sleep(Duration::from_millis(1));
        assert!(began.elapsed() < Duration::from_secs(10), "it never froze");
    }
    let beat = || shared.snapshot().producer.heartbeat;
    let before = beat();
    thread::sleep(Duration::from_millis(700));
    assert!(beat() > before, "a sign of life");
    control.stop.store(1, Ordering::Relaxed);
    producer.join().expect("no panic");
    assert!(began.elapsed() < Duration::from_secs(12));
    let lasted_ms = shared.snapshot().injections[0].lasted_ms;
    assert!((500.0..5_000.0).contains(&lasted_ms), "{lasted_ms} ms of 60 s");
}
