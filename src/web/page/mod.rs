//! The page's end: starts an output, shows it, changes it, stops it.

mod context;
mod files;
mod js;
mod output;
mod producer;
#[cfg(feature = "decode")]
mod reader;

pub use super::playback::PlaybackStats;
pub use super::{LatencyHint, OutputOptions, PageError, SourceSpec};
pub use context::shareable;
pub use files::{glue_url, preload, set_base_url};
pub use output::{Facts, Output, OutputState, Startup};
#[cfg(feature = "decode")]
pub use reader::UrlReader;
