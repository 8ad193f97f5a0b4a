//! One output, simulated.

use super::clock::SimClock;
use super::device::Device;
use super::work::{Worker, Working};
use super::world::World;
use crate::error::Error;
#[cfg(feature = "faults")]
use crate::inject::{Fault, Injector};
use crate::ledger::{Cause, Circumstances, Snapshot, UnderrunEvent, cause};
use crate::render::{Clock, Pace, Pacer, Source, Turn};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Frames that the ring's storage holds beyond the limit, as in the browser.
const STORAGE_FRAMES: usize = 24_576;

/// A producer, a ring, a consumer and a device, in simulated time.
pub struct Simulation {
    /// The producer's memory.
    pub(super) shared: Arc<SharedOutput>,
    pub(super) world: World,
    pub(super) worker: Worker,
    /// None where the audio thread renders.
    pub(super) pacer: Option<Pacer<Box<dyn Clock>>>,
    pub(super) dead: bool,
    #[cfg(feature = "faults")]
    pub(super) faults: Option<(Injector, usize)>,
    /// What carries blocks where memory is not shared.
    #[cfg(feature = "strategies")]
    pub(super) carrier: super::strategies::Carrier,
}

/// An underrun as the simulation saw it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Number, from 1.
    pub number: u64,
    /// When it began, in ms since the simulation began: the truth, which the ledger does not know.
    pub at_ms: f64,
    /// What the ledger says.
    pub event: UnderrunEvent,
    /// Why, as far as the ledger's evidence goes; `None`: it may still become known.
    pub cause: Option<Cause>,
}

impl Simulation {
    /// An output of `channels` whose producer keeps `limit` frames ahead, in blocks of `block` frames.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(
        channels: usize,
        limit: usize,
        source: Box<dyn Source>,
        block: usize,
        device: Device,
        worker: Worker,
    ) -> Result<Self, Error> {
        Simulation::with_clock(channels, limit, source, block, device, worker, |clock| Box::new(clock))
    }

    /// As [`Simulation::new`], with something around the producer's clock: a fault, say.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn with_clock(
        channels: usize,
        limit: usize,
        source: Box<dyn Source>,
        block: usize,
        device: Device,
        worker: Worker,
        clock: impl FnOnce(SimClock) -> Box<dyn Clock>,
    ) -> Result<Self, Error> {
        let shared = Arc::new(SharedOutput::new(channels, STORAGE_FRAMES.max(limit), device.sample_rate)?);
        shared.ring.set_limit(limit)?;
        let world = World::new(shared.clone(), device)?;
        let source = Box::new(Working::new(source, world.clone(), worker));
        let clock = clock(SimClock::new(world.clone(), worker));
        Ok(Simulation {
            pacer: Some(Pacer::new(shared.clone(), source, block, clock)?),
            #[cfg(feature = "strategies")]
            carrier: super::strategies::Carrier::Nobody,
            shared,
            world,
            worker,
            dead: false,
            #[cfg(feature = "faults")]
            faults: None,
        })
    }

    /// As [`Simulation::new`], with a producer that is driven by `pace` and made to fail by `faults`; `seed` decides what they leave to chance.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::Fault`].
    #[cfg(feature = "faults")]
    #[expect(clippy::too_many_arguments, reason = "all that an output is made of")]
    pub fn with_faults(
        channels: usize,
        limit: usize,
        source: Box<dyn Source>,
        block: usize,
        device: Device,
        worker: Worker,
        pace: Pace,
        (faults, seed): (&[Fault], u64),
    ) -> Result<Self, Error> {
        let shared = Arc::new(SharedOutput::new(channels, STORAGE_FRAMES.max(limit), device.sample_rate)?);
        shared.ring.set_limit(limit)?;
        let world = World::new(shared.clone(), device)?;
        let clock = SimClock::new(world.clone(), worker);
        let injector = Injector::new(shared.clone(), clock.clone(), pace, seed);
        injector.set(faults)?;
        let source = injector.source(Box::new(Working::new(source, world.clone(), worker)), block);
        let clock: Box<dyn Clock> = Box::new(injector.clock(clock));
        let mut pacer = Pacer::new(shared.clone(), source, block, clock)?;
        pacer.set_pace(injector.pace())?;
        Ok(Simulation {
            pacer: Some(pacer),
            #[cfg(feature = "strategies")]
            carrier: super::strategies::Carrier::Nobody,
            shared,
            world,
            worker,
            dead: false,
            faults: Some((injector, block)),
        })
    }

    /// Other faults from now on.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]; [`Error::Fault`], also where the simulation was not made with [`Simulation::with_faults`].
    #[cfg(feature = "faults")]
    pub fn set_faults(&mut self, faults: &[Fault]) -> Result<(), Error> {
        let Some((injector, _)) = &self.faults else {
            return Err(Error::Fault {
                kind: faults.first().map_or("", |fault| fault.kind().name()),
                why: "the simulation was made without any",
            });
        };
        let before = injector.pace();
        injector.set(faults)?;
        match injector.pace() {
            same if same == before => Ok(()),
            other => self.set_pace(other),
        }
    }

    /// `source` with what happens to it here.
    pub(super) fn made(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        let working = Box::new(Working::new(source, self.world.clone(), self.worker));
        #[cfg(feature = "faults")]
        if let Some((injector, block)) = &self.faults {
            return injector.source(working, *block);
        }
        working
    }

    /// What drives the producer from now on.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn set_pace(&mut self, pace: Pace) -> Result<(), Error> {
        self.pacer.as_mut().map_or(Ok(()), |pacer| pacer.set_pace(pace))
    }

    /// Plays another source, which took `ms` to open: meanwhile the producer was at its event loop.
    pub fn set_source(&mut self, source: Box<dyn Source>, ms: f64) {
        self.shared.control.mail.fetch_add(1, Ordering::Relaxed);
        self.shared.ring.call();
        while !matches!(self.turn(), Turn::Mail | Turn::Stopped) {}
        let source = self.made(source);
        let Some(pacer) = &mut self.pacer else { return };
        pacer.build_up();
        self.world.pass(ms);
        pacer.set_source(source);
        pacer.handled();
    }

    /// Lets at least `ms` pass.
    pub fn run_for(&mut self, ms: f64) {
        let end = self.world.now_ms() + ms;
        while self.world.now_ms() < end {
            if self.dead || self.turn() == Turn::Stopped {
                self.world.pass_until(end, || false);
            }
        }
    }

    /// One turn of the producer, and what is carried away from it.
    fn turn(&mut self) -> Turn {
        let Some(pacer) = &mut self.pacer else { return Turn::Stopped };
        let turn = pacer.turn();
        #[cfg(feature = "strategies")]
        self.carrier.carry(&self.world, &self.shared, pacer);
        if let Turn::Nap(longest) = turn {
            let ticket = pacer.nap_ticket();
            SimClock::new(self.world.clone(), self.worker).nap(&self.shared.ring, ticket, longest);
        }
        turn
    }

    /// The producer dies.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// The world it plays in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What all its threads share.
    pub fn shared(&self) -> &Arc<SharedOutput> {
        &self.shared
    }

    /// The ledger now.
    pub fn snapshot(&self) -> Snapshot {
        #[cfg(feature = "strategies")]
        if let Some(there) = self.carrier.there() {
            return there.snapshot();
        }
        self.shared.snapshot()
    }

    /// The underruns that shared memory still holds, with their causes; `around` says what the page would have seen around each.
    pub fn underruns(&self, snapshot: &Snapshot, around: impl Fn(f64, &UnderrunEvent) -> Circumstances) -> Vec<Seen> {
        let first = snapshot.consumer.underrun_events - snapshot.underruns.len() as u64 + 1;
        let seen = |(number, event): (u64, &UnderrunEvent)| {
            let at_ms = self.world.began_ms(number).unwrap_or(f64::NAN);
            let account = snapshot.account_of(number);
            Seen {
                number,
                at_ms,
                event: *event,
                cause: cause(event, account, &around(at_ms, event)),
            }
        };
        (first..).zip(&snapshot.underruns).map(seen).collect()
    }
}
