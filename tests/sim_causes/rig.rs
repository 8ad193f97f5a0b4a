//! One output in a simulated world, with a page that watches over it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use noxrun::inject::{Fault, Random};
use noxrun::ledger::{Cause, EventKind, LogEntry};
use noxrun::render::{Clock, Pace, RenderInfo, Source};
use noxrun::ring::{Producer, Ticket, Until, Woken};
use noxrun::sim::{Device, SimClock, Simulation, Worker, World};
use noxrun::source::{INDEX_PERIOD, Index};

use super::ear::Ear;
use super::page::{Page, Stops};

/// After so long an event that nothing was heard of any more is settled, in ms: two seconds and a few looks.
pub const SETTLES_MS: f64 = 3_200.0;

/// What a source does next, from outside of the simulation.
#[derive(Clone, Default)]
pub struct Strings {
    /// Blocks for so long, in ms, within the next block.
    pub block_ms: Rc<Cell<f64>>,
    /// Each block takes this share of its length longer.
    pub slow: Rc<Cell<f64>>,
    /// Has nothing until this time, in ms.
    pub dry_until: Rc<Cell<f64>>,
    /// Jumps.
    pub jump: Rc<Cell<bool>>,
    /// Ends with the next block.
    pub end: Rc<Cell<bool>>,
    /// The next sleep ends so much late, in ms.
    pub oversleep_ms: Rc<Cell<f64>>,
    world: Rc<Cell<Option<World>>>,
}

impl Strings {
    fn with<T>(&self, work: impl FnOnce(&World) -> T) -> T {
        let world = self.world.take().expect("a world");
        let made = work(&world);
        self.world.set(Some(world));
        made
    }
}

/// The index signal, from a source that does as it is told.
pub struct Puppet(pub Strings);

impl Source for Puppet {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let mut frames = block.len() / info.channels;
        if self.0.end.get() {
            frames /= 2;
        }
        for (position, frame) in (info.position..).zip(block.chunks_exact_mut(info.channels)) {
            frame.fill((position % INDEX_PERIOD) as f32);
        }
        let lasts_ms = frames as f64 * 1e3 / f64::from(info.sample_rate);
        let takes_ms = self.0.block_ms.take() + lasts_ms * self.0.slow.get();
        self.0.with(|world| world.pass(takes_ms));
        frames
    }

    fn available(&mut self) -> usize {
        let dry = self.0.with(World::now_ms) < self.0.dry_until.get();
        if dry { 0 } else { usize::MAX }
    }

    fn jumped(&mut self) -> bool {
        self.0.jump.take()
    }
}

/// A clock whose sleeps are sometimes too long, and which may stand still while the machine sleeps.
struct Oversleeping(SimClock, Strings, Stops);

impl Clock for Oversleeping {
    fn now_ms(&self) -> f64 {
        self.2.clock_ms(self.0.now_ms())
    }

    fn origin_ms(&self) -> f64 {
        self.0.origin_ms()
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        let woken = self.0.sleep(producer, ticket, until, timeout);
        if woken != Woken::TimedOut {
            let late_ms = self.1.oversleep_ms.take();
            self.1.with(|world| world.pass(late_ms));
        }
        woken
    }
}

/// What an output is made of.
#[derive(Debug, Clone)]
pub struct Shape {
    pub limit: usize,
    pub block: usize,
    pub device: Device,
    pub worker: Worker,
    /// Decides what the page leaves to chance.
    pub seed: u64,
}

/// One of a list.
pub fn pick(random: &mut Random, list: &[usize]) -> usize {
    list[(random.unit() * list.len() as f64) as usize]
}

fn seed(random: &mut Random) -> u64 {
    (random.unit() * 1e9) as u64
}

impl Shape {
    /// A ring, a device and a worker that play without a loss when left alone; the load is at most `largest_load`.
    pub fn healthy(random: &mut Random, largest_load: f64) -> Shape {
        let callback = pick(random, &[128, 256, 441, 512, 557, 1024]);
        let block = pick(random, &[64, 128, 256, 256, 512]);
        let limit = pick(random, &[1024, 2048, 2048, 4096]).max(2 * callback + 2 * block);
        let mut shape = Shape::of(random, limit, block, callback);
        shape.device.jitter_ms = random.unit() * 1.5;
        shape.worker.wake_jitter_ms = 0.05 + random.unit() * 0.2;
        shape.worker.load = random.unit() * largest_load;
        shape
    }

    /// These figures, and some rate or other.
    pub fn of(random: &mut Random, limit: usize, block: usize, callback: usize) -> Shape {
        Shape {
            limit,
            block,
            device: Device {
                sample_rate: [44_100.0, 48_000.0, 48_000.0, 96_000.0][pick(random, &[0, 1, 2, 3])],
                callback_frames: callback as f64,
                ppm: (random.unit() - 0.5) * 200.0,
                seed: seed(random),
                ..Device::default()
            },
            worker: Worker {
                seed: seed(random),
                ..Worker::default()
            },
            seed: seed(random),
        }
    }

    /// How long so many frames last.
    pub fn ms(&self, frames: f64) -> f64 {
        frames * 1e3 / f64::from(self.device.sample_rate)
    }

    pub fn ring_ms(&self) -> f64 {
        self.ms(self.limit as f64)
    }

    /// The least that a source has to stand still for it to be heard, and to be told from one that is slow (docs/faults.md), in ms.
    pub fn stall_ms(&self) -> f64 {
        self.ring_ms().max(3.2 * self.ms(self.block as f64))
    }
}

pub struct Rig {
    pub simulation: Simulation,
    pub strings: Strings,
    pub page: Page,
    pub stops: Stops,
    pub ear: Ear,
    pub shape: Shape,
    /// Underruns that have been judged.
    judged: u64,
}

impl Rig {
    /// Without any injector: what goes wrong comes from outside.
    pub fn outside(shape: Shape) -> Rig {
        let (strings, stops) = (Strings::default(), Stops::default());
        let source = Box::new(Puppet(strings.clone()));
        let (pulled, stopped) = (strings.clone(), stops.clone());
        let wrap = move |clock| Box::new(Oversleeping(clock, pulled, stopped)) as Box<dyn Clock>;
        let Shape {
            limit,
            block,
            device,
            worker,
            ..
        } = shape.clone();
        let simulation = Simulation::with_clock(1, limit, source, block, device, worker, wrap).expect("in range");
        strings.world.set(Some(simulation.world().clone()));
        Rig::watched(simulation, strings, stops, shape)
    }

    /// With the public injector around source and clock, and the index signal on `channels`.
    pub fn injected(shape: Shape, channels: usize, pace: Pace, faults: &[Fault]) -> Rig {
        let Shape {
            limit,
            block,
            device,
            worker,
            seed,
        } = shape.clone();
        let source = Box::new(Index);
        let simulation = Simulation::with_faults(channels, limit, source, block, device, worker, pace, (faults, seed)).expect("in range");
        Rig::watched(simulation, Strings::default(), Stops::default(), shape)
    }

    fn watched(simulation: Simulation, strings: Strings, stops: Stops, shape: Shape) -> Rig {
        Rig {
            page: Page::new(simulation.world(), stops.clone(), shape.seed),
            ear: Ear::of(simulation.world()),
            simulation,
            strings,
            stops,
            shape,
            judged: 0,
        }
    }

    pub fn now_ms(&self) -> f64 {
        self.simulation.world().now_ms()
    }

    /// Plays for a while, in which nothing may be lost: so far there was no fault.
    pub fn warm_up(&mut self) {
        self.simulation.run_for(400.0);
        let events = self.simulation.snapshot().consumer.underrun_events;
        assert_eq!(events, 0, "before any fault: {:?}", self.shape);
    }

    /// What the log says of all underruns since this was last asked.
    pub fn losses(&mut self) -> Vec<LogEntry> {
        self.page.look(self.now_ms(), self.simulation.shared());
        let events = self.simulation.snapshot().consumer.underrun_events;
        let mut losses = self.page.entries(EventKind::Underrun);
        losses.retain(|loss| loss.number > self.judged);
        assert_eq!(losses.len() as u64, events - self.judged, "the log lists every underrun");
        self.judged = events;
        losses
    }

    /// When an underrun really began, in ms of the world.
    pub fn began_ms(&self, loss: &LogEntry) -> f64 {
        self.simulation.world().began_ms(loss.number).expect("it has begun")
    }

    /// The index at the output has to show exactly the underruns that the log tells of: where each began and how many frames were missing. (Those that came before the sound was back in full are one gap.)
    /// Returns how many gaps were compared.
    pub fn compare_with_index(&self, losses: &[LogEntry]) -> usize {
        let gaps = self.ear.gaps();
        let mut told = 0;
        for gap in &gaps {
            let within = losses.iter().filter(|loss| (gap.from..gap.until).contains(&loss.frame));
            let (first, frames, events) = within.fold((u64::MAX, 0, 0), |(first, frames, events), loss| {
                (loss.frame.min(first), frames + loss.frames, events + 1)
            });
            assert_eq!((first, frames), (gap.from, gap.frames), "{gap:?} of {gaps:?}; told: {losses:?}");
            told += events;
        }
        assert_eq!(told, losses.len(), "underruns that nobody hears: {losses:?}, {gaps:?}");
        gaps.len()
    }
}

/// Whether the cause is one of those that are right.
pub fn is_right(loss: &LogEntry, right: &[Cause]) -> bool {
    loss.settled && loss.cause.is_some_and(|cause| right.contains(&cause))
}
