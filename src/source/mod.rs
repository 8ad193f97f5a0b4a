//! Sources of sound that the lab offers: test signals, a synthesiser, audio files.

mod index;
mod sine;

#[cfg(feature = "decode")]
pub mod file;
#[cfg(feature = "decode")]
pub mod player;
#[cfg(feature = "synth")]
pub mod synth;

pub use index::{INDEX_PERIOD, Index};
pub use sine::Sine;
