//! The worker's clock.

use core::time::Duration;

use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::render::Clock;
use crate::ring::sync::{AtomicU32, Futex};

/// `performance.now()` of the worker, in steps of 5 us on isolated pages.
#[derive(Debug)]
pub struct WorkerClock {
    performance: Performance,
    futex: Futex,
    /// Nobody changes or notifies it: waiting on it is standing still.
    never: AtomicU32,
}

impl WorkerClock {
    /// The clock of the worker that calls; `None` outside of workers.
    pub fn new() -> Option<Self> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().ok()?;
        let performance = scope.performance()?;
        Some(WorkerClock {
            performance,
            futex: Futex,
            never: AtomicU32::new(0),
        })
    }
}

impl Clock for WorkerClock {
    fn now_ms(&self) -> f64 {
        self.performance.now()
    }

    fn origin_ms(&self) -> f64 {
        self.performance.time_origin()
    }
}
