//! What was lost and why, as the page shows it: marks, sentences, histograms.

mod folded;
pub mod histogram;
mod why;

#[cfg(target_family = "wasm")]
mod bars;
#[cfg(target_family = "wasm")]
mod filter;
#[cfg(target_family = "wasm")]
mod legend;
#[cfg(target_family = "wasm")]
mod list;
#[cfg(target_family = "wasm")]
mod losses;

pub use folded::InWords;
pub use why::Why;

#[cfg(target_family = "wasm")]
pub(super) use bars::{Around, Histograms};
#[cfg(target_family = "wasm")]
pub(super) use losses::{Losses, Sentences};
