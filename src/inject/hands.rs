//! What a fault needs of the world around it.

use core::time::Duration;

use crate::render::Clock;

/// A clock that can also lose time and make a mess: the hands with which faults are caused.
pub trait Hands: Clock {
    /// Blocks the thread. May come back a little early.
    fn stand_still(&self, how_long: Duration);

    /// Keeps the processor busy.
    fn work(&self, how_long: Duration) {
        let began = self.now_ms();
        while self.now_ms() - began < how_long.as_secs_f64() * 1e3 {
            core::hint::spin_loop();
        }
    }

    /// Makes much garbage, of the kind that has to be cleared up around here. Returns how much at least, in bytes.
    fn litter(&self) -> u64;
}

/// How much [`Hands::litter`] makes at a time, in bytes: a few hundred times a second, and the youngest generation of a JavaScript heap is full many times a second.
pub const LITTER_BYTES: u64 = 1 << 20;

#[cfg(not(target_family = "wasm"))]
impl Hands for crate::render::SystemClock {
    fn stand_still(&self, how_long: Duration) {
        std::thread::sleep(how_long);
    }

    /// There is no collector here: memory that is taken, written to and given back.
    fn litter(&self) -> u64 {
        for _ in 0..LITTER_BYTES / 4096 {
            core::hint::black_box(vec![1_u8; 4096]);
        }
        LITTER_BYTES
    }
}
