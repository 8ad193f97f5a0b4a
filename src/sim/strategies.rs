//! Any strategy, simulated.

use super::clock::SimClock;
use super::device::Device;
use super::simulation::Simulation;
use super::wire::{Delay, Wire};
use super::work::{Worker, Working};
use super::world::{ORIGIN_MS, World};
use crate::error::Error;
#[cfg(feature = "faults")]
use crate::inject::{Fault, Injector};
use crate::ledger::ProducerState;
use crate::render::{Clock, Naps, Pace, Pacer, Source};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::source::Index;
use crate::strategy::message::{Mirror, Receiver, Sender};
use crate::strategy::{Direct, Strategy};

/// Frames that the ring's storage holds beyond the limit, as in the browser.
const STORAGE_FRAMES: usize = 24_576;

/// All that an output is made of.
pub struct Setup {
    /// How frames get to the audio thread.
    pub strategy: Strategy,
    /// Samples per frame, 1 to 32.
    pub channels: usize,
    /// Frames that the producer keeps ahead, where the strategy can.
    pub buffer_frames: usize,
    /// Frames rendered at once.
    pub block_frames: usize,
    /// Blocks that a queue holds.
    pub depth: usize,
    /// What is played. The index is checked.
    pub source: Box<dyn Source>,
    /// Whether the source is the index.
    pub verify_index: bool,
    /// What drives the producer.
    pub pace: Pace,
    /// The device.
    pub device: Device,
    /// The producer's thread.
    pub worker: Worker,
    /// How long messages are on their way.
    pub delay: Delay,
    /// Faults in the producer.
    #[cfg(feature = "faults")]
    pub faults: Vec<Fault>,
    /// Decides what they leave to chance.
    pub seed: u64,
}

impl Default for Setup {
    /// The ring, 2048 frames in blocks of 256, with the index signal.
    fn default() -> Self {
        Setup {
            strategy: Strategy::Ring,
            channels: 2,
            buffer_frames: 2048,
            block_frames: 256,
            depth: Strategy::DEFAULT_DEPTH,
            source: Box::new(Index),
            verify_index: true,
            pace: Pace::Demand,
            device: Device::default(),
            worker: Worker::default(),
            delay: Delay::default(),
            #[cfg(feature = "faults")]
            faults: Vec::new(),
            seed: 1,
        }
    }
}

/// What carries blocks where the exchange does not.
pub(super) enum Carrier {
    /// Shared memory does.
    Nobody,
    /// Messages, to the audio thread's memory.
    Messages {
        sender: Sender,
        there: Arc<SharedOutput>,
        told_state: u32,
    },
    /// Buffers that play by themselves; a late one begins after so many frames. Those before the sound begins wait here, with the places of their first frames.
    Nodes { lead: u64, waiting: Vec<(Vec<f32>, u64)> },
}

impl Carrier {
    /// The audio thread's memory, where it has one of its own.
    pub fn there(&self) -> Option<&Arc<SharedOutput>> {
        match self {
            Carrier::Messages { there, .. } => Some(there),
            _ => None,
        }
    }

    /// Carries away what the latest turn has rendered.
    pub fn carry(&mut self, world: &World, shared: &SharedOutput, pacer: &Pacer<Box<dyn Clock>>) {
        let outgoing = pacer.outgoing();
        match self {
            Carrier::Nobody => {}
            Carrier::Messages { sender, told_state, .. } => {
                let header = sender.header(shared, &outgoing, *told_state, ORIGIN_MS + world.now_ms());
                if let Some(header) = header {
                    *told_state = shared.producer.state.load(Ordering::Relaxed);
                    world.with_wire(|wire, now_ms| wire.send(now_ms, header, outgoing.samples));
                }
            }
            Carrier::Nodes { lead, waiting } => {
                if !outgoing.samples.is_empty() {
                    let frames = (outgoing.samples.len() / shared.ring.channels()) as u64;
                    waiting.push((outgoing.samples.to_vec(), outgoing.end - frames));
                }
                if shared.producer.state.load(Ordering::Relaxed) != ProducerState::Priming as u32 {
                    for (samples, position) in waiting.drain(..) {
                        world.schedule(&samples, position, *lead);
                    }
                }
            }
        }
    }
}

impl Simulation {
    /// An output of any strategy. Of `in-worklet`, what the source's work costs the audio thread is not simulated.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`], `Error::Fault`.
    pub fn of(setup: Setup) -> Result<Self, Error> {
        let Setup {
            strategy,
            channels,
            buffer_frames,
            block_frames,
            depth,
            ..
        } = setup;
        let output = |strategy| -> Result<Arc<SharedOutput>, Error> {
            let shared = SharedOutput::new(channels, STORAGE_FRAMES.max(buffer_frames), setup.device.sample_rate)?;
            shared.ring.set_limit(buffer_frames)?;
            let shared = shared.with_strategy(strategy, block_frames, depth)?;
            shared.control.verify_index.store(u32::from(setup.verify_index), Ordering::Relaxed);
            Ok(Arc::new(shared))
        };
        let shared = output(strategy)?;
        if strategy == Strategy::InWorklet {
            return Simulation::in_worklet(shared, setup);
        }
        let (there, carrier) = match strategy {
            _ if strategy.by_message() => {
                // The audio thread reads a ring, like any other.
                let there = output(Strategy::Ring)?;
                let carrier = Carrier::Messages {
                    sender: Sender::default(),
                    there: there.clone(),
                    told_state: 0,
                };
                (there, carrier)
            }
            Strategy::BufferSource => (
                shared.clone(),
                Carrier::Nodes {
                    lead: 4 * setup.device.quantum as u64,
                    waiting: Vec::new(),
                },
            ),
            _ => (shared.clone(), Carrier::Nobody),
        };
        let world = World::new(there.clone(), setup.device)?;
        if strategy.by_message() {
            let (receiver, mirror) = (Receiver::new(there.clone())?, Mirror::new(shared.clone())?);
            world.set_wire(Wire::new(setup.delay, receiver, mirror, there));
        }
        let clock = SimClock::new(world.clone(), setup.worker);
        let source: Box<dyn Source> = Box::new(Working::new(setup.source, world.clone(), setup.worker));
        #[cfg(feature = "faults")]
        let injector = Injector::new(shared.clone(), clock.clone(), setup.pace, setup.seed);
        #[cfg(feature = "faults")]
        let (source, clock, pace): (_, Box<dyn Clock>, _) = {
            injector.set(&setup.faults)?;
            let source = injector.source(source, block_frames);
            (source, Box::new(injector.clock(clock)), injector.pace())
        };
        #[cfg(not(feature = "faults"))]
        let (clock, pace): (Box<dyn Clock>, _) = (Box::new(clock), setup.pace);
        let mut pacer = Pacer::new(shared.clone(), source, block_frames, clock)?;
        pacer.set_pace(pace)?;
        pacer.set_naps(match strategy {
            _ if strategy.by_message() => Naps::ForNews,
            _ if strategy.on_page() => Naps::Always,
            _ => Naps::Never,
        });
        Ok(Simulation {
            shared,
            world,
            worker: setup.worker,
            pacer: Some(pacer),
            dead: false,
            #[cfg(feature = "faults")]
            faults: Some((injector, block_frames)),
            carrier,
        })
    }

    fn in_worklet(shared: Arc<SharedOutput>, setup: Setup) -> Result<Self, Error> {
        // A clock that stands still within a callback, as the audio thread's own does.
        let direct = Direct::new(shared.clone(), setup.source, setup.device.quantum, StoodStill)?;
        let world = World::reading(shared.clone(), Box::new(direct), setup.device)?;
        Ok(Simulation {
            shared,
            world,
            worker: setup.worker,
            pacer: None,
            dead: false,
            #[cfg(feature = "faults")]
            faults: None,
            carrier: Carrier::Nobody,
        })
    }
}

/// A clock that does not go.
struct StoodStill;

impl Clock for StoodStill {
    fn now_ms(&self) -> f64 {
        0.0
    }

    fn origin_ms(&self) -> f64 {
        ORIGIN_MS
    }
}
