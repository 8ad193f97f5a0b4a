//! Is the cause right? Faults of every kind in simulated time, over many rings, devices and workers; each underrun is held against what really happened.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use noxrun::inject::Random;
use noxrun::ledger::{Cause, Circumstances, Ending, UnderrunEvent};
use noxrun::render::{Clock, Pace, RenderInfo, Source};
use noxrun::ring::{Producer, Ticket, Until, Woken};
use noxrun::sim::{Burst, Device, SimClock, Simulation, Worker, World};

/// Faults of each kind; 13 kinds make more than a thousand.
const EACH: usize = 80;
/// From one fault to the next, in ms: what one does is over when the next comes.
const APART_MS: f64 = 1_500.0;

/// What a source does next, from outside of the simulation.
#[derive(Clone, Default)]
struct Strings {
    /// Blocks for so long, in ms, within the next block.
    block_ms: Rc<Cell<f64>>,
    /// Each block takes this share of its length longer.
    slow: Rc<Cell<f64>>,
    /// Has nothing until this time, in ms.
    dry_until: Rc<Cell<f64>>,
    /// Jumps.
    jump: Rc<Cell<bool>>,
    /// Ends with the next block.
    end: Rc<Cell<bool>>,
    /// The next sleep ends so much late, in ms.
    oversleep_ms: Rc<Cell<f64>>,
    world: Rc<Cell<Option<World>>>,
}

impl Strings {
    fn pass(&self, ms: f64) {
        let world = self.world.take().expect("a world");
        world.pass(ms);
        self.world.set(Some(world));
    }

    fn now_ms(&self) -> f64 {
        let world = self.world.take().expect("a world");
        let now = world.now_ms();
        self.world.set(Some(world));
        now
    }
}

/// A ramp that does as it is told.
struct Puppet(Strings);

impl Source for Puppet {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let mut frames = block.len() / info.channels;
        if self.0.end.get() {
            frames /= 2;
        }
        for (at, sample) in block.iter_mut().enumerate() {
            *sample = ((info.position + at as u64) % 1000) as f32 / 1000.0;
        }
        let lasts_ms = frames as f64 * 1e3 / f64::from(info.sample_rate);
        self.0.pass(self.0.block_ms.take() + lasts_ms * self.0.slow.get());
        frames
    }

    fn available(&mut self) -> usize {
        if self.0.now_ms() < self.0.dry_until.get() { 0 } else { usize::MAX }
    }

    fn jumped(&mut self) -> bool {
        self.0.jump.take()
    }
}

/// A clock whose sleeps are sometimes too long.
struct Oversleeping(SimClock, Strings);

impl Clock for Oversleeping {
    fn now_ms(&self) -> f64 {
        self.0.now_ms()
    }

    fn origin_ms(&self) -> f64 {
        self.0.origin_ms()
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: std::time::Duration) -> Woken {
        let woken = self.0.sleep(producer, ticket, until, timeout);
        if woken != Woken::TimedOut {
            self.1.pass(self.1.oversleep_ms.take());
        }
        woken
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Block,
    Slow,
    Oversleep,
    PreemptAsleep,
    PreemptAnywhere,
    Burst,
    Hang,
    Dry,
    SeekDry,
    SlowOpening,
    Rate,
    TooSmall,
    LongCallbacks,
    Kill,
    Suspend,
    Sleep,
    End,
}

impl Fault {
    const ALL: [Fault; 17] = [
        Fault::Block,
        Fault::Slow,
        Fault::Oversleep,
        Fault::PreemptAsleep,
        Fault::PreemptAnywhere,
        Fault::Burst,
        Fault::Hang,
        Fault::Dry,
        Fault::SeekDry,
        Fault::SlowOpening,
        Fault::Rate,
        Fault::TooSmall,
        Fault::LongCallbacks,
        Fault::Kill,
        Fault::Suspend,
        Fault::Sleep,
        Fault::End,
    ];

    /// The causes that are right for it: docs/faults.md.
    fn right(self) -> &'static [Cause] {
        match self {
            Fault::Block | Fault::Dry => &[Cause::Stalled],
            Fault::Slow => &[Cause::RenderTooSlow],
            Fault::Oversleep | Fault::PreemptAsleep => &[Cause::WokenLate],
            // While it renders, that is not told from a source that blocks.
            Fault::PreemptAnywhere => &[Cause::WokenLate, Cause::Stalled, Cause::RenderTooSlow],
            Fault::Burst | Fault::Hang | Fault::LongCallbacks => &[Cause::CallbackBurst],
            Fault::SeekDry | Fault::SlowOpening => &[Cause::Seek],
            Fault::Rate => &[Cause::RateMismatch],
            Fault::TooSmall => &[Cause::RingTooSmall],
            Fault::Kill => &[Cause::ProducerLost],
            Fault::Suspend | Fault::Sleep => &[Cause::Suspended],
            // The block that was the last one came late.
            Fault::End => &[Cause::Stalled, Cause::Ended],
        }
    }
}

struct Rig {
    simulation: Simulation,
    strings: Strings,
    limit: usize,
    device: Device,
}

impl Rig {
    fn new(limit: usize, block: usize, device: Device, worker: Worker) -> Rig {
        let strings = Strings::default();
        let source = Box::new(Puppet(strings.clone()));
        let pulled = strings.clone();
        let wrap = move |clock| Box::new(Oversleeping(clock, pulled)) as Box<dyn Clock>;
        let simulation = Simulation::with_clock(1, limit, source, block, device.clone(), worker, wrap).expect("in range");
        strings.world.set(Some(simulation.world().clone()));
        Rig {
            simulation,
            strings,
            limit,
            device,
        }
    }

    fn ms(&self, frames: f64) -> f64 {
        frames * 1e3 / f64::from(self.device.sample_rate)
    }
}

impl Fault {
    /// Whether nothing need be lost by it.
    fn harmless(self) -> bool {
        matches!(self, Fault::Suspend | Fault::Sleep)
    }
}

/// What became of the faults of one kind.
#[derive(Debug, Default)]
struct Tally {
    faults: usize,
    events: usize,
    causes: BTreeMap<Option<Cause>, usize>,
    right: usize,
}

/// A ring, a device and a worker that play without a loss when left alone; its load is at most `largest_load`.
fn healthy(random: &mut Random, largest_load: f64) -> Rig {
    let pick = |random: &mut Random, list: &[usize]| list[(random.unit() * list.len() as f64) as usize];
    let callback = pick(random, &[128, 256, 441, 512, 557, 1024]);
    let block = pick(random, &[64, 128, 256, 256, 512]);
    let limit = pick(random, &[1024, 2048, 2048, 4096]).max(2 * callback + 2 * block);
    let device = Device {
        sample_rate: [44_100.0, 48_000.0, 48_000.0, 96_000.0][(random.unit() * 4.0) as usize],
        callback_frames: callback as f64,
        jitter_ms: random.unit() * 1.5,
        ppm: (random.unit() - 0.5) * 200.0,
        seed: (random.unit() * 1e9) as u64,
        ..Device::default()
    };
    let worker = Worker {
        wake_jitter_ms: 0.05 + random.unit() * 0.2,
        load: random.unit() * largest_load,
        seed: (random.unit() * 1e9) as u64,
        ..Worker::default()
    };
    Rig::new(limit, block, device, worker)
}

/// Causes a fault of the kind; returns how long to wait for what comes of it, in ms.
fn inject(rig: &mut Rig, fault: Fault, random: &mut Random) {
    let now = rig.simulation.world().now_ms();
    let ring_ms = rig.ms(rig.limit as f64);
    // About as long as the ring lasts, up to 60 ms more: some are not heard at all.
    let ms = ring_ms + random.unit() * 60.0;
    match fault {
        Fault::Block => rig.strings.block_ms.set(ms),
        Fault::Slow => rig.strings.slow.set(1.1 + random.unit()),
        Fault::Oversleep => rig.strings.oversleep_ms.set(ms),
        Fault::PreemptAsleep | Fault::PreemptAnywhere => rig.simulation.world().freeze(now + random.unit() * 20.0, ms),
        Fault::Burst => {
            let frames = (rig.limit as f64 * (1.2 + random.unit())) as u64;
            rig.simulation.world().burst(Burst {
                at_ms: now + random.unit() * 20.0,
                frames,
            });
        }
        Fault::Hang => rig.simulation.world().hang(now + 5.0, now + 5.0 + ms),
        Fault::Dry => rig.strings.dry_until.set(now + ms),
        Fault::SeekDry => {
            rig.strings.jump.set(true);
            rig.strings.dry_until.set(now + ms + 100.0);
        }
        // The storage beyond the ring bridges 0.4 s at 48 kHz.
        Fault::SlowOpening => rig
            .simulation
            .set_source(Box::new(Puppet(rig.strings.clone())), rig.ms(24_576.0) + ms - ring_ms),
        Fault::Suspend => rig.simulation.world().rest(now, now + ms * 10.0),
        Fault::Sleep => {
            // The lid closes: device and producer stop, and go on together.
            rig.simulation.world().rest(now, now + ms * 10.0);
            rig.simulation.world().freeze(now, ms * 10.0);
        }
        Fault::Kill => rig.simulation.kill(),
        Fault::End => {
            // In the midst of trouble, as often as not.
            rig.strings.block_ms.set(if random.unit() < 0.5 { ms } else { 0.0 });
            rig.strings.end.set(true);
        }
        Fault::Rate | Fault::TooSmall | Fault::LongCallbacks => {}
    }
}

fn campaign(fault: Fault, seed: u64) -> Tally {
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    while tally.faults < EACH {
        let mut rig = match fault {
            Fault::TooSmall => {
                let device = Device {
                    callback_frames: 557.0,
                    seed: (random.unit() * 1e9) as u64,
                    ..Device::default()
                };
                Rig::new(700 + (random.unit() * 250.0) as usize, 512, device, Worker::default())
            }
            Fault::LongCallbacks => {
                let device = Device {
                    callback_frames: 2048.0,
                    seed: (random.unit() * 1e9) as u64,
                    ..Device::default()
                };
                Rig::new(1024, 256, device, Worker::default())
            }
            // Hardly ever rendering, so that it is asleep when it is stopped.
            Fault::PreemptAsleep => healthy(&mut random, 0.001),
            _ => healthy(&mut random, 0.4),
        };
        if fault == Fault::Rate {
            let ppm = -20_000.0 - random.unit() * 60_000.0;
            let pace = Pace::Timer {
                period_ms: None,
                jitter_ms: 0.0,
                ppm,
                seed: 1,
            };
            rig.simulation.set_pace(pace).expect("in range");
        }
        if !matches!(fault, Fault::TooSmall | Fault::LongCallbacks | Fault::Rate) {
            rig.simulation.run_for(400.0);
            assert_eq!(
                rig.simulation.snapshot().consumer.underrun_events,
                0,
                "before any fault: limit {} {:?}",
                rig.limit,
                rig.device
            );
        }
        let times = if matches!(fault, Fault::Kill | Fault::End) { 1 } else { 4 };
        for _ in 0..times {
            let before = rig.simulation.snapshot().consumer.underrun_events;
            let from = rig.simulation.world().now_ms();
            inject(&mut rig, fault, &mut random);
            rig.simulation.run_for(APART_MS / 2.0);
            rig.strings.slow.set(0.0);
            rig.simulation.run_for(APART_MS / 2.0);
            let snapshot = rig.simulation.snapshot();
            assert_eq!(snapshot.imbalance(), 0, "{fault:?}");
            let suspended = matches!(fault, Fault::Suspend | Fault::Sleep);
            let around = |_: f64, _: &UnderrunEvent| Circumstances {
                sample_rate: rig.device.sample_rate.into(),
                callback_frames: Some(rig.device.callback_frames as u64),
                lost: fault == Fault::Kill,
                suspended,
                over: false,
            };
            let seen = rig.simulation.underruns(&snapshot, around);
            let new: Vec<_> = seen.iter().filter(|one| one.number > before).collect();
            tally.faults += 1;
            tally.events += new.len();
            for one in new {
                assert!(one.at_ms >= from, "{one:?}");
                if one.cause.is_none() && one.event.ended_by == Ending::Open {
                    // It goes on: the next look will tell.
                    tally.events -= 1;
                    continue;
                }
                *tally.causes.entry(one.cause).or_default() += 1;
                let right = one.cause.is_some_and(|cause| fault.right().contains(&cause));
                tally.right += usize::from(right);
                if !right && std::env::var("NOXRUN_SHOW").is_ok() {
                    eprintln!(
                        "{fault:?} {one:?} limit {} {:?}\n   {:?}",
                        rig.limit,
                        rig.device,
                        snapshot.account_of(one.number)
                    );
                }
            }
        }
    }
    tally
}

#[test]
fn causes_are_right_for_faults_of_every_kind() {
    let (mut faults, mut kinds, mut right, mut unknown) = (0, 0.0, 0.0, 0.0);
    for (nth, fault) in Fault::ALL.into_iter().enumerate() {
        let tally = campaign(fault, 1000 + nth as u64);
        println!("{fault:?}: {} faults, {} underruns, {:?}", tally.faults, tally.events, tally.causes);
        faults += tally.faults;
        if tally.events == 0 {
            assert!(fault.harmless(), "{fault:?} should be heard");
            continue;
        }
        // By kind, or those with thousands of underruns would hide the others.
        let share = |count: usize| count as f64 / tally.events as f64;
        assert!(share(tally.right) >= 0.97, "{fault:?}: {tally:?}");
        kinds += 1.0;
        right += share(tally.right);
        unknown += share(tally.causes.get(&Some(Cause::Unknown)).copied().unwrap_or(0));
    }
    println!(
        "{faults} faults; right: {:.2} %, unknown: {:.2} %",
        100.0 * right / kinds,
        100.0 * unknown / kinds
    );
    assert!(faults >= 1000);
    assert!(right >= 0.99 * kinds && unknown <= 0.01 * kinds);
}
