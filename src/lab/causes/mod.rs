//! What was lost and why, as the page shows it: marks, sentences, histograms.

pub mod histogram;
mod why;

#[cfg(target_family = "wasm")]
mod bars;
#[cfg(target_family = "wasm")]
mod legend;

pub use why::Why;

#[cfg(target_family = "wasm")]
pub(super) use bars::Histograms;
#[cfg(target_family = "wasm")]
pub(super) use legend::Legend;
