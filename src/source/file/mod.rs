//! An audio file, decoded packet by packet: a [`Track`]. What plays it is a [`Player`](super::player::Player).

mod demux;
mod edits;
mod link;
mod mpeg;
mod opened;
mod outside;
mod padding;
mod reasons;
mod repair;
mod tags;
#[cfg(test)]
mod tests;
mod track;

pub use opened::FileTrack;
pub use symphonia::core::io::MediaSource;
pub use tags::{Cover, LARGEST_COVER, Tags, read_tags};
pub use track::{Answer, OutsideCodec, OutsideCodecs, OutsideFormat, Sound, Step as TrackStep, Track, Trouble};

/// What is known about an opened file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileInfo {
    /// The file's name as given.
    pub name: String,
    /// The container, "Free Lossless Audio Codec Native" say.
    pub format: &'static str,
    /// The codec, "Vorbis" say.
    pub codec: &'static str,
    /// The file's own rate in Hz, 1,000 to 768,000.
    pub sample_rate: u32,
    /// The file's own channels, 1 to 32.
    pub channels: usize,
    /// Length in frames at the file's own rate, if the container says so. Of a chained Ogg file, the first link's.
    pub frames: Option<u64>,
    /// Length in seconds; if [`frames`](FileInfo::frames) is unknown, perhaps guessed from the file's size.
    pub seconds: Option<f64>,
    /// Whether another decoder than ours decodes it: the browser's.
    pub by_browser: bool,
}
