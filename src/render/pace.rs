//! What drives the producer.

use core::ops::RangeInclusive;

use crate::error::{Error, in_range};
use crate::inject::Random;

/// What drives the producer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Pace {
    /// The ring's room: it cannot drift from the device.
    #[default]
    Demand,
    /// A clock of its own: a block every period, whether there is room for it or not.
    Timer {
        /// From one block to the next in ms, 0.1 to 10,000; `None`: what a block lasts.
        period_ms: Option<f64>,
        /// Each block comes up to this much later, in ms; 0 to 10,000.
        jitter_ms: f64,
        /// By how much the clock is fast, in parts per million; -500,000 to 500,000.
        ppm: f64,
        /// Decides the jitter.
        seed: u64,
    },
}

/// A clock of the producer's own, going.
#[derive(Debug)]
pub(super) struct Timer {
    period_ms: f64,
    jitter_ms: f64,
    random: Random,
    start_ms: f64,
    blocks: u64,
    /// When the next block is due.
    due_ms: f64,
}

impl Pace {
    /// From one block to the next, in ms.
    pub const PERIOD_MS: RangeInclusive<f64> = 0.1..=10_000.0;
    /// By how much a block may come later, in ms.
    pub const JITTER_MS: RangeInclusive<f64> = 0.0..=10_000.0;

    /// The clock, if it is one, beginning at `now_ms`; a block lasts `block_ms`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub(super) fn timer(self, now_ms: f64, block_ms: f64) -> Result<Option<Timer>, Error> {
        let Pace::Timer {
            period_ms,
            jitter_ms,
            ppm,
            seed,
        } = self
        else {
            return Ok(None);
        };
        let period_ms = period_ms.unwrap_or(block_ms);
        let within = |what, value, range: RangeInclusive<f64>| in_range(what, value, *range.start(), *range.end(), " ms");
        within("the pace's periodMs", period_ms, Pace::PERIOD_MS)?;
        within("the pace's jitterMs", jitter_ms, Pace::JITTER_MS)?;
        in_range("the clock's ppm", ppm, -500_000.0, 500_000.0, " ppm")?;
        Ok(Some(Timer {
            period_ms: period_ms / (1.0 + ppm / 1e6),
            jitter_ms,
            random: Random::new(seed),
            start_ms: now_ms,
            blocks: 0,
            due_ms: now_ms,
        }))
    }
}

impl Timer {
    /// When the next block is due, in ms.
    pub fn due_ms(&self) -> f64 {
        self.due_ms
    }

    /// The next block was rendered. One that was missed comes late, none is left out: its frames exist.
    pub fn ticked(&mut self) {
        self.blocks += 1;
        self.due_ms = self.start_ms + self.blocks as f64 * self.period_ms + self.random.unit() * self.jitter_ms;
    }
}
