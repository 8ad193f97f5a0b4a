//! A clock without glue.

#[cfg(feature = "faults")]
use core::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::render::Clock;

#[wasm_bindgen]
extern "C" {
    // Whoever instantiates the module gives these two: the finest clock of its thread in ms, and something that makes so many bytes of garbage. Never called through the glue.
    #[wasm_bindgen(js_name = noxrunNow)]
    fn now() -> f64;
    #[wasm_bindgen(js_name = noxrunLitter)]
    fn litter(bytes: f64);
}

/// The clock of the thread that instantiated the module: the page's, in steps of 5 us; on the audio thread that of the calendar, in whole milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct RawClock {
    /// What it was at its 0, in ms since the epoch.
    pub origin_ms: f64,
}

impl Clock for RawClock {
    fn now_ms(&self) -> f64 {
        now()
    }

    fn origin_ms(&self) -> f64 {
        self.origin_ms
    }
}

#[cfg(feature = "faults")]
impl crate::inject::Hands for RawClock {
    /// Neither thread may wait: it is busy instead.
    fn stand_still(&self, how_long: Duration) {
        self.work(how_long);
    }

    fn litter(&self) -> u64 {
        litter(crate::inject::LITTER_BYTES as f64);
        crate::inject::LITTER_BYTES
    }
}
