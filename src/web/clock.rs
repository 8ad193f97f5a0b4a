//! The worker's clock.

#[cfg(feature = "faults")]
use core::time::Duration;

#[cfg(feature = "faults")]
use js_sys::Array;
use wasm_bindgen::JsCast;
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use crate::render::Clock;
#[cfg(feature = "faults")]
use crate::ring::sync::{AtomicU32, Futex};

/// `performance.now()` of the worker, in steps of 5 us on isolated pages.
#[derive(Debug)]
pub struct WorkerClock {
    performance: Performance,
    #[cfg(feature = "faults")]
    futex: Futex,
    /// Nobody changes or notifies it: waiting on it is standing still.
    #[cfg(feature = "faults")]
    never: AtomicU32,
}

impl WorkerClock {
    /// The clock of the worker that calls; `None` outside of workers.
    pub fn new() -> Option<Self> {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().ok()?;
        let performance = scope.performance()?;
        Some(WorkerClock {
            performance,
            #[cfg(feature = "faults")]
            futex: Futex,
            #[cfg(feature = "faults")]
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

#[cfg(feature = "faults")]
impl crate::inject::Hands for WorkerClock {
    fn stand_still(&self, how_long: Duration) {
        self.futex.wait(&self.never, 0, how_long);
    }

    /// Arrays of numbers in the worker's own heap, which nobody holds on to.
    fn litter(&self) -> u64 {
        /// Numbers in an array; a number takes 4 bytes at least.
        const NUMBERS: u32 = 1024;
        let arrays = crate::inject::LITTER_BYTES / (4 * u64::from(NUMBERS));
        for number in 0..arrays {
            Array::new_with_length(NUMBERS).fill(&(number as u32).into(), 0, NUMBERS);
        }
        arrays * 4 * u64::from(NUMBERS)
    }
}
