//! The only code that knows JavaScript: it converts and delegates.
//!
//! | module | thread |
//! | --- | --- |
//! | [`page`] | the page: starts, shows, stops |
//! | [`worker`] | the producer's worker |
//! | [`worklet`] | the audio thread, through raw numbers |
//! | `feeder` (feature `decode`) | the worker that decodes files |
//! | `feed_port` (feature `decode`) | the same worker, at the output's memory, through raw numbers |
//! | `scanner` (feature `decode`) | workers that look at files without playing them |
//! | `codec` (feature `decode`) | the same worker: the browser's own decoder |

#[cfg(feature = "bench")]
mod bench;
mod clock;
#[cfg(feature = "decode")]
pub mod codec;
mod error;
#[cfg(feature = "faults")]
mod faults;
#[cfg(feature = "faults")]
mod faulty;
#[cfg(feature = "decode")]
mod fed;
#[cfg(feature = "decode")]
pub mod feed_port;
#[cfg(feature = "decode")]
pub mod feeder;
#[cfg(feature = "decode")]
mod file;
#[cfg(feature = "decode")]
mod media;
mod message;
mod options;
#[cfg(feature = "strategies")]
mod outbox;
pub mod page;
mod peek;
mod playback;
#[cfg(feature = "strategies")]
pub mod raw;
#[cfg(feature = "decode")]
pub mod scanner;
#[cfg(feature = "explain")]
mod timing;
#[cfg(feature = "decode")]
pub mod url;
pub mod worker;
pub mod worklet;

/// Without the feature `decode` there are no feeds.
#[cfg(not(feature = "decode"))]
mod fed {
    #[derive(Default)]
    pub(super) struct Feeds;
}

/// Without the feature `faults` nothing fails on purpose.
#[cfg(not(feature = "faults"))]
mod faulty {
    use super::WorkerClock;
    use crate::render::Source;

    pub(super) type Clock = WorkerClock;
    pub(super) struct Faulty;

    impl Faulty {
        pub fn source(&self, source: Box<dyn Source>) -> Box<dyn Source> {
            source
        }

        pub fn clock(&self, clock: WorkerClock) -> Clock {
            clock
        }
    }
}

pub use clock::WorkerClock;
pub use error::PageError;
pub use options::{LatencyHint, OutputOptions, SourceSpec};
#[cfg(feature = "decode")]
pub use options::{MediaItem, MediaList};
