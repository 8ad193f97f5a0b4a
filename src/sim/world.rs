//! Everything but the producer: time, the device, the audio thread.

use std::cell::RefCell;
use std::rc::Rc;

use super::device::{Burst, Device, Schedule};
#[cfg(feature = "strategies")]
use super::wire::{Nodes, Wire};
use crate::consume::{Ledger, Planar, Quanta};
use crate::error::Error;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::strategy::Reader;

/// When every simulated world begins, in ms since the epoch: any time will do.
pub const ORIGIN_MS: f64 = 1_700_000_000_000.0;

/// Time and all that goes on in it without the producer. Cheap to clone: clones are the same world.
#[derive(Clone)]
pub struct World(Rc<RefCell<State>>);

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Looks at an output at a time in ms, and says when it does so next.
type Look = Box<dyn FnMut(f64, &SharedOutput) -> f64>;

/// Hears a quantum.
type Hear = Box<dyn FnMut(&Planar)>;

struct State {
    now_ms: f64,
    schedule: Schedule,
    quanta: Quanta<Ledger, Box<dyn Reader>>,
    /// Where blocks travel as messages.
    #[cfg(feature = "strategies")]
    wire: Option<Wire>,
    /// Where blocks are buffers that play by themselves.
    #[cfg(feature = "strategies")]
    nodes: Nodes,
    shared: Arc<SharedOutput>,
    /// When the producer's thread is not scheduled: from, to, in ms, in order.
    frozen: Vec<(f64, f64)>,
    /// When each underrun began, by number.
    began_ms: Vec<f64>,
    /// Who looks in now and then, and when next, in ms.
    watcher: Option<(f64, Look)>,
    /// Who hears what is put out.
    listener: Option<Hear>,
}

impl World {
    /// A world in which `device` plays the output `shared`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, device: Device) -> Result<World, Error> {
        #[cfg(feature = "strategies")]
        let reader = crate::strategy::reader(&shared, device.quantum)?;
        #[cfg(not(feature = "strategies"))]
        let reader: Box<dyn Reader> = Box::new(crate::strategy::RingReader::new(crate::ring::Consumer::claim(shared.ring.clone())?));
        World::reading(shared, reader, device)
    }

    /// The same, with a reader that was made elsewhere.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn reading(shared: Arc<SharedOutput>, reader: Box<dyn Reader>, device: Device) -> Result<World, Error> {
        let quanta = Quanta::reading(shared.clone(), reader, device.quantum)?;
        Ok(World(Rc::new(RefCell::new(State {
            now_ms: 0.0,
            schedule: Schedule::new(device),
            quanta,
            #[cfg(feature = "strategies")]
            wire: None,
            #[cfg(feature = "strategies")]
            nodes: Nodes::default(),
            shared,
            frozen: Vec::new(),
            began_ms: Vec::new(),
            watcher: None,
            listener: None,
        }))))
    }

    /// Milliseconds since the simulation began.
    pub fn now_ms(&self) -> f64 {
        self.0.borrow().now_ms
    }

    /// Lets `ms` pass.
    pub fn pass(&self, ms: f64) {
        let until = self.now_ms() + ms.max(0.0);
        self.pass_until(until, || false);
    }

    /// Lets time pass until `until_ms`, or until `enough` says so after a callback. Returns whether it did.
    pub fn pass_until(&self, until_ms: f64, mut enough: impl FnMut() -> bool) -> bool {
        let state = &mut *self.0.borrow_mut();
        loop {
            let (look_ms, call_ms) = (state.next_look_ms(), state.schedule.next_ms());
            let mail_ms = state.next_mail_ms();
            let next_ms = look_ms.min(call_ms).min(mail_ms);
            if next_ms > until_ms {
                break;
            }
            state.now_ms = state.now_ms.max(next_ms);
            if mail_ms <= next_ms {
                if state.deliver() && enough() {
                    return true;
                }
                continue;
            }
            if look_ms < call_ms {
                state.look();
                continue;
            }
            state.callback();
            if enough() {
                return true;
            }
        }
        state.now_ms = state.now_ms.max(until_ms);
        false
    }

    /// The producer's thread is not scheduled from `from_ms` for `ms`: whatever it is doing then takes so much longer.
    pub fn freeze(&self, from_ms: f64, ms: f64) {
        self.0.borrow_mut().frozen.push((from_ms, from_ms + ms));
    }

    /// The producer's thread goes on: now, or when it is scheduled again.
    pub fn scheduled(&self) {
        let end = {
            let state = &mut *self.0.borrow_mut();
            let Some((from, to)) = state.frozen.first().copied() else { return };
            if from > state.now_ms {
                return;
            }
            state.frozen.remove(0);
            to
        };
        self.pass_until(end, || false);
    }

    /// Lets somebody look at the output at `first_ms`, whatever the producer is doing then, and again whenever `look` says: it gets the time and returns the next one, both in ms since the
    /// simulation began. As a page does, whose timers know nothing of worker and device. `look` must not ask the world itself for anything.
    pub fn watch(&self, first_ms: f64, look: impl FnMut(f64, &SharedOutput) -> f64 + 'static) {
        self.0.borrow_mut().watcher = Some((first_ms, Box::new(look)));
    }

    /// Lets somebody hear every quantum that is put out, in order. `hear` must not ask the world itself for anything.
    pub fn listen(&self, hear: impl FnMut(&Planar) + 'static) {
        self.0.borrow_mut().listener = Some(Box::new(hear));
    }

    /// The device asks for more once.
    pub fn burst(&self, burst: Burst) {
        self.0.borrow_mut().schedule.add_burst(burst);
    }

    /// The device does not call from `from_ms` to `to_ms` and does not make up for it.
    pub fn rest(&self, from_ms: f64, to_ms: f64) {
        self.0.borrow_mut().schedule.add_rest(from_ms, to_ms);
    }

    /// The device's callbacks due from `from_ms` to `to_ms` come at the end, all at once.
    pub fn hang(&self, from_ms: f64, to_ms: f64) {
        self.0.borrow_mut().schedule.add_hang(from_ms, to_ms);
    }

    /// When underrun number `event` (from 1) began, in ms.
    pub fn began_ms(&self, event: u64) -> Option<f64> {
        self.0.borrow().began_ms.get(event.checked_sub(1)? as usize).copied()
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.0.borrow().schedule.device().clone()
    }
}

/// What only some strategies need.
#[cfg(feature = "strategies")]
impl World {
    /// Blocks travel over this wire.
    pub(super) fn set_wire(&self, wire: Wire) {
        self.0.borrow_mut().wire = Some(wire);
    }

    /// Does something to the wire, at the world's time.
    pub(super) fn with_wire(&self, work: impl FnOnce(&mut Wire, f64)) {
        let state = &mut *self.0.borrow_mut();
        let now_ms = state.now_ms;
        if let Some(wire) = &mut state.wire {
            work(wire, now_ms);
        }
    }

    /// A buffer is to play behind the one before; where that is over already, in `lead` frames.
    pub(super) fn schedule(&self, samples: &[f32], position: u64, lead: u64) {
        let state = &mut *self.0.borrow_mut();
        let channels = state.shared.ring.channels();
        state.nodes.schedule(samples, channels, position, lead);
    }
}

impl State {
    #[cfg(not(feature = "strategies"))]
    fn next_mail_ms(&self) -> f64 {
        f64::INFINITY
    }

    #[cfg(not(feature = "strategies"))]
    fn deliver(&mut self) -> bool {
        false
    }

    #[cfg(feature = "strategies")]
    fn next_mail_ms(&self) -> f64 {
        self.wire.as_ref().map_or(f64::INFINITY, Wire::next_ms)
    }

    #[cfg(feature = "strategies")]
    fn deliver(&mut self) -> bool {
        let now_ms = self.now_ms;
        self.wire.as_mut().is_some_and(|wire| wire.deliver(now_ms, ORIGIN_MS + now_ms))
    }

    fn callback(&mut self) {
        let frames = self.schedule.device().quantum;
        for _ in 0..self.schedule.call() {
            #[cfg(feature = "strategies")]
            {
                let channels = self.shared.ring.channels();
                if let Some(inlet) = self.quanta.inlet() {
                    self.nodes.play(inlet, channels, frames);
                }
            }
            // The audio thread's clock ticks in whole milliseconds.
            let which = self.quanta.quantum(frames, ORIGIN_MS + self.now_ms.floor());
            if let Some(hear) = &mut self.listener {
                hear(&self.quanta.staging()[which]);
            }
            #[cfg(feature = "strategies")]
            if self.quanta.called()
                && let Some(wire) = &mut self.wire
            {
                wire.answer(self.now_ms);
            }
        }
        let events = self.shared.consumer.0.underrun_events.load(Ordering::Relaxed) as usize;
        while self.began_ms.len() < events {
            self.began_ms.push(self.now_ms);
        }
    }

    fn next_look_ms(&self) -> f64 {
        self.watcher.as_ref().map_or(f64::INFINITY, |(next_ms, _)| *next_ms)
    }

    fn look(&mut self) {
        if let Some((next_ms, look)) = &mut self.watcher {
            // Never twice at the same time, or time would not go on.
            *next_ms = look(self.now_ms, &self.shared).max(self.now_ms + 1e-3);
        }
    }
}
