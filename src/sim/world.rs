//! Everything but the producer: time, the device, the audio thread.

use std::cell::RefCell;
use std::rc::Rc;

use super::device::{Burst, Device, Schedule};
use crate::consume::Quanta;
use crate::error::Error;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Time and all that goes on in it without the producer. Cheap to clone: clones are the same world.
#[derive(Debug, Clone)]
pub struct World(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    now_ms: f64,
    schedule: Schedule,
    quanta: Quanta,
    shared: Arc<SharedOutput>,
    /// When the producer's thread is not scheduled: from, to, in ms, in order.
    frozen: Vec<(f64, f64)>,
    /// When each underrun began, by number.
    began_ms: Vec<f64>,
}

impl World {
    /// A world in which `device` plays the output `shared`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, device: Device) -> Result<World, Error> {
        let quanta = Quanta::new(shared.clone(), device.quantum)?;
        Ok(World(Rc::new(RefCell::new(State {
            now_ms: 0.0,
            schedule: Schedule::new(device),
            quanta,
            shared,
            frozen: Vec::new(),
            began_ms: Vec::new(),
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
        while state.schedule.next_ms() <= until_ms {
            state.now_ms = state.now_ms.max(state.schedule.next_ms());
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

impl State {
    fn callback(&mut self) {
        let frames = self.schedule.device().quantum;
        for _ in 0..self.schedule.call() {
            // The audio thread's clock ticks in whole milliseconds.
            self.quanta.quantum(frames, self.now_ms.floor());
        }
        let events = self.shared.consumer.0.underrun_events.load(Ordering::Relaxed) as usize;
        while self.began_ms.len() < events {
            self.began_ms.push(self.now_ms);
        }
    }
}
