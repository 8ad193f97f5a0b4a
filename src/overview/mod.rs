//! The outline of a sound: for each of a fixed number of columns of equal time its smallest and largest sample and its level.
//!
//! Made while the sound is decoded, in any pieces: columns depend on the frames alone, never on where packets or [parts](OverviewPart) begin and end. So that this holds to the last bit,
//! squares are summed as whole numbers; floating-point sums depend on their order.

mod cell;
mod part;
mod scan;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;

pub use part::OverviewPart;
pub use scan::{Scan, ScanTurn};

/// Columns that an overview can have.
pub const COLUMNS: std::ops::RangeInclusive<usize> = 1..=10_000;
/// Samples beyond this (42 dB over full scale) count as this much. What is no number counts as silence.
pub const LOUDEST: f32 = 128.0;

/// Columns from the beginning of a sound to its end. All three have the same length.
///
/// Of a column of which nothing was decoded (yet) all three are NaN: that is not silence.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Smallest sample of any channel, 1.0 being full scale, -[`LOUDEST`] to [`LOUDEST`].
    pub min: Vec<f32>,
    /// Largest sample of any channel.
    pub max: Vec<f32>,
    /// Root of the mean square of all samples of all channels, to within 2^-18.
    pub rms: Vec<f32>,
}
