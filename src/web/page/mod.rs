//! The page's end: starts an output, shows it, changes it, stops it.

mod context;
mod explain;
#[cfg(feature = "explain")]
mod explain_js;
#[cfg(feature = "decode")]
mod fallback;
mod files;
#[cfg(feature = "explain")]
mod findings;
#[cfg(feature = "decode")]
mod inspect;
mod js;
mod latency;
mod link;
mod listener;
#[cfg(feature = "strategies")]
mod mailed;
#[cfg(feature = "decode")]
mod media;
#[cfg(feature = "decode")]
mod media_js;
#[cfg(feature = "strategies")]
mod on_page;
mod output;
mod playing;
mod producer;
#[cfg(feature = "strategies")]
mod raw_instance;
#[cfg(feature = "decode")]
mod reader;
#[cfg(feature = "explain")]
mod timeline;
mod wait;
mod watch;
#[cfg(feature = "explain")]
mod witness;

pub use super::playback::PlaybackStats;
pub use super::{LatencyHint, OutputOptions, PageError, SourceSpec};
pub use context::shareable;
#[cfg(feature = "decode")]
pub use fallback::{MOST_BYTES, MOST_SECONDS, decode_whole};
pub use files::{glue_url, preload, set_base_url};
#[cfg(feature = "decode")]
pub use inspect::{InspectNews, InspectOptions, Inspected, Inspection, Opened};
#[cfg(feature = "strategies")]
pub(in crate::web) use mailed::Mailed;
#[cfg(feature = "decode")]
pub use media::{Loop, MediaFailure, Repeat, Track, TrackInfo};
#[cfg(feature = "strategies")]
pub use output::ExchangeFacts;
pub use output::{Facts, Output, OutputState, Startup};
#[cfg(feature = "decode")]
pub use reader::UrlReader;
