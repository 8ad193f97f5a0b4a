//! Faults on purpose in the producer's worker.

use js_sys::Reflect;
use wasm_bindgen::{JsError, JsValue};

use super::WorkerClock;
use super::faults::{faults, pace};
use crate::inject::{Injector, LateClock};
use crate::render::{Pacer, Source};
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;

/// The clock by which the producer goes.
pub(super) type Clock = LateClock<WorkerClock>;

/// Causes the faults of one producer.
pub(super) struct Faulty {
    injector: Injector,
    block_frames: usize,
}

impl Faulty {
    /// With what the worker's options say: `faults`, `pace`, `seed`. Blocks have up to `block_frames` frames.
    pub fn new(shared: &Arc<SharedOutput>, options: &JsValue, block_frames: usize, hands: WorkerClock) -> Result<Self, JsError> {
        let field = |name: &str| Reflect::get(options, &name.into()).unwrap_or_default();
        let seed = field("seed").as_f64().unwrap_or_default() as u64;
        let given = |name| Some(field(name)).filter(|value| !value.is_null_or_undefined());
        let pace = given("pace").map(|value| pace(&value, seed)).transpose()?.unwrap_or_default();
        let injector = Injector::new(shared.clone(), hands, pace, seed);
        if let Some(list) = given("faults") {
            injector.set(&faults(&list)?)?;
        }
        Ok(Faulty { injector, block_frames })
    }

    pub fn source(&self, source: Box<dyn Source>) -> Box<dyn Source> {
        self.injector.source(source, self.block_frames)
    }

    pub fn clock(&self, clock: WorkerClock) -> Clock {
        self.injector.clock(clock)
    }

    /// Has the producer go by the clock that it was given, if it was given one.
    pub fn drive(&self, pacer: &mut Pacer<Clock>) -> Result<(), JsError> {
        Ok(pacer.set_pace(self.injector.pace())?)
    }

    /// These faults from now on, and no others.
    pub fn set(&self, list: &JsValue, pacer: &mut Pacer<Clock>) -> Result<(), JsError> {
        let before = self.injector.pace();
        self.injector.set(&faults(list)?)?;
        if self.injector.pace() == before {
            Ok(())
        } else {
            self.drive(pacer)
        }
    }
}
