//! What is known about one stretch of time.

use super::LOUDEST;

/// A square of 1.0 as a whole number. The square of [`LOUDEST`] is 2^14 of them, so that [`RUN`] of those fit 64 bits.
const UNIT: f64 = (1u64 << 36) as f64;
/// Samples summed in 64 bits.
const RUN: usize = 1 << 13;

/// Smallest, largest and summed squares of some samples. Adding is associative and commutative, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    min: f32,
    max: f32,
    /// In 1/[`UNIT`].
    squares: u128,
    samples: u64,
}

impl Cell {
    pub(super) const EMPTY: Cell = Cell {
        min: f32::INFINITY,
        max: f32::NEG_INFINITY,
        squares: 0,
        samples: 0,
    };

    pub(super) fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// Adds samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        for run in samples.chunks(RUN) {
            let mut squares = 0u64;
            for sample in run {
                let sample = if sample.is_nan() { 0.0 } else { sample.clamp(-LOUDEST, LOUDEST) };
                self.min = self.min.min(sample);
                self.max = self.max.max(sample);
                // Exact: a product of two 24-bit numbers has 48 bits. Rounded down to a whole number, the same way everywhere.
                squares += (f64::from(sample) * f64::from(sample) * UNIT) as u64;
            }
            self.squares += u128::from(squares);
        }
        self.samples += samples.len() as u64;
    }

    /// Adds what another cell holds.
    pub(super) fn add(&mut self, other: &Cell) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.squares += other.squares;
        self.samples += other.samples;
    }

    /// Smallest, largest, root of the mean square; NaN where there is nothing.
    pub(super) fn figures(&self) -> [f32; 3] {
        if self.is_empty() {
            return [f32::NAN; 3];
        }
        let mean = self.squares as f64 / UNIT / self.samples as f64;
        [self.min, self.max, mean.sqrt() as f32]
    }
}
