//! The only code that knows JavaScript: it converts and delegates.
//!
//! | module | thread |
//! | --- | --- |
//! | [`page`] | the page: starts, shows, stops |
//! | [`worker`] | the producer's worker |
//! | [`worklet`] | the audio thread, through raw numbers |

#[cfg(feature = "bench")]
mod bench;
mod clock;
mod error;
#[cfg(feature = "decode")]
mod file;
mod options;
pub mod page;
mod peek;
mod playback;
#[cfg(feature = "decode")]
pub mod url;
pub mod worker;
pub mod worklet;

pub use clock::WorkerClock;
pub use error::PageError;
pub use options::{LatencyHint, OutputOptions, SourceSpec};
