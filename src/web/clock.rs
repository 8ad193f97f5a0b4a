//! The worker's clock.

use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::render::Clock;

/// `performance.now()` of the worker, in steps of 5 us on isolated pages.
#[derive(Debug)]
pub struct WorkerClock {
    performance: Performance,
}

impl WorkerClock {
    /// The clock of the worker that calls; `None` outside of workers.
    pub fn new() -> Option<Self> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().ok()?;
        let performance = scope.performance()?;
        Some(WorkerClock { performance })
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
