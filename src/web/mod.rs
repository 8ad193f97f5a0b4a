//! The only code that knows JavaScript: it converts and delegates.
//!
//! | module | thread |
//! | --- | --- |
//! | [`page`] | the page: starts, shows, stops |
//! | [`worker`] | the producer's worker |
//! | [`worklet`] | the audio thread, through raw numbers |
//! | `feeder` (features `page` and `decode`, as those below) | the worker that decodes files |
//! | `feed_port` | the same worker, at the output's memory, through raw numbers |
//! | `scanner` | workers that look at files without playing them |
//! | `codec` | the same worker: the browser's own decoder |
//! | `embed` (feature `embed`) | all of them, for the npm package |

#[cfg(feature = "bench")]
mod bench;
#[cfg(feature = "page")]
mod clock;
#[cfg(all(feature = "page", feature = "decode"))]
pub mod codec;
#[cfg(feature = "embed")]
pub mod embed;
#[cfg(feature = "page")]
mod error;
#[cfg(all(feature = "page", feature = "faults"))]
mod faults;
#[cfg(all(feature = "page", feature = "faults"))]
mod faulty;
#[cfg(all(feature = "page", feature = "decode"))]
mod fed;
#[cfg(all(feature = "page", feature = "decode"))]
pub mod feed_port;
#[cfg(all(feature = "page", feature = "decode"))]
pub mod feeder;
#[cfg(feature = "decode")]
mod file;
#[cfg(all(feature = "page", feature = "decode"))]
mod media;
#[cfg(feature = "page")]
mod message;
#[cfg(feature = "page")]
mod options;
#[cfg(feature = "strategies")]
mod outbox;
#[cfg(feature = "page")]
pub mod page;
#[cfg(feature = "page")]
mod peek;
#[cfg(feature = "page")]
mod playback;
#[cfg(any(feature = "strategies", feature = "embed"))]
pub mod raw;
#[cfg(all(feature = "page", feature = "decode"))]
pub mod scanner;
#[cfg(all(feature = "page", feature = "explain"))]
mod timing;
#[cfg(all(feature = "page", feature = "decode"))]
pub mod url;
#[cfg(feature = "page")]
pub mod worker;
pub mod worklet;

/// Without the feature `decode` there are no feeds.
#[cfg(all(feature = "page", not(feature = "decode")))]
mod fed {
    #[derive(Default)]
    pub(super) struct Feeds;
}

/// Without the feature `faults` nothing fails on purpose.
#[cfg(all(feature = "page", not(feature = "faults")))]
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

#[cfg(feature = "page")]
pub use clock::WorkerClock;
#[cfg(feature = "embed")]
pub use embed::OwnSource;
#[cfg(feature = "page")]
pub use error::PageError;
#[cfg(feature = "page")]
pub use options::{LatencyHint, OutputOptions, SourceSpec};
#[cfg(all(feature = "page", feature = "decode"))]
pub use options::{MediaItem, MediaList};
