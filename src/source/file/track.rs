//! What a player asks of an opened file.

use super::FileInfo;
use crate::error::{Error, FileProblem};

/// One opened file, decoded at its own rate and channels, from its first frame on.
///
/// Frame 0 is the first frame that is meant to be heard: what the encoder added before and after is never given out.
pub trait Track {
    /// What is known about the file.
    fn info(&self) -> &FileInfo;

    /// Reads and decodes a packet or less. Bounded work; may allocate and may wait for the file's bytes. After [`Step::End`] only [`seek`](Track::seek) may follow.
    fn step(&mut self) -> Step;

    /// What the last step brought if it was [`Step::Sound`].
    fn sound(&self) -> Sound<'_>;

    /// Goes to a frame, in frames of [`FileInfo::sample_rate`] from the beginning: the next sound begins there, to the frame where the format allows it. Beyond the end: the next step is the end.
    /// Returns the frame that will come first.
    ///
    /// # Errors
    /// A file that cannot be sought in (it can only be read on, say); the position stays, or the next step is the end.
    fn seek(&mut self, frame: u64) -> Result<u64, Trouble>;

    /// Packets so far that could not be decoded and were left out.
    fn skipped_packets(&self) -> u64;
}

/// What one step led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// There are new frames, see [`Track::sound`].
    Sound,
    /// Nothing to hear yet; go on.
    Nothing,
    /// Nothing can be done before another decoder (the browser's) has answered: return to the event loop, then go on.
    Waiting,
    /// The sound is over: as it should be, or because of this.
    End(Option<Trouble>),
}

/// Decoded frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sound<'a> {
    /// Interleaved, whole frames, at least one.
    pub samples: &'a [f32],
    /// Rate in Hz; may differ from [`FileInfo::sample_rate`] where a file changes it on the way.
    pub rate: u32,
    /// Samples per frame.
    pub channels: usize,
    /// Position of the first frame, as in [`Track::seek`].
    pub at: u64,
}

/// Why a file cannot be played (on): [`Error::File`] without the name.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// What kind of problem this is.
    pub problem: FileProblem,
    /// How far it can be played, in seconds; `None` if not at all.
    pub at: Option<f64>,
    /// In words for a person, such that it can follow the file's name and a colon: "cut off at 3.6 s of 6.0 s".
    pub reason: String,
}

impl Trouble {
    /// The error for the file of that name.
    pub fn of(self, name: &str) -> Error {
        let Trouble { problem, at, reason } = self;
        Error::File {
            name: name.to_owned(),
            problem,
            at,
            reason,
        }
    }
}

/// Another decoder, for codecs that are not decoded here: the browser's `AudioDecoder`. It answers later, when the caller has returned to its event loop.
pub trait OutsideCodec {
    /// Takes a packet. `start_us`: its timestamp in microseconds, given back with its sound.
    ///
    /// # Errors
    /// In words for a person.
    fn send(&mut self, packet: &[u8], start_us: i64) -> Result<(), String>;

    /// Appends decoded interleaved frames to `into`, in the order of the packets.
    fn receive(&mut self, into: &mut Vec<f32>) -> Answer;

    /// Packets sent that have not been answered yet.
    fn waiting(&self) -> usize;

    /// No more packets for now: give out all that is inside, then answer [`Answer::Drained`].
    fn drain(&mut self);

    /// Forgets everything that was sent (for a seek).
    fn reset(&mut self);
}

/// What [`OutsideCodec::receive`] brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Frames of one packet.
    Sound {
        /// Rate in Hz.
        rate: u32,
        /// Samples per frame.
        channels: usize,
        /// Timestamp of the packet, in microseconds.
        start_us: i64,
    },
    /// None are ready: ask again after a turn of the event loop.
    Nothing,
    /// Everything is out, after [`OutsideCodec::drain`].
    Drained,
    /// The decoder gave up, in words for a person.
    Failed(String),
}

/// What another decoder has to know.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideFormat {
    /// As the WebCodecs registry names it: "opus", "mp4a.40.5", "vorbis", "mp3", "flac" (<https://www.w3.org/TR/webcodecs-codec-registry/>).
    pub codec: String,
    /// Rate in Hz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: usize,
    /// The codec's own settings, as the registry wants them; may be empty.
    pub description: Vec<u8>,
}

/// Makes other decoders. Without one, what needs it is refused with [`FileProblem::NoDecoder`].
pub type OutsideCodecs = dyn Fn(&OutsideFormat) -> Result<Box<dyn OutsideCodec>, String>;
