//! An audio file, decoded while it plays.
//!
//! [`FileSource`] pulls packets out of the container, decodes, mixes and resamples them ahead of time into a store of
//! [`AHEAD_SECONDS`], from which [`render`](Source::render) copies. Reading, decoding and resampling happen in
//! [`prepare`](Source::prepare).

mod convert;
mod decode;
mod fifo;
mod link;
mod mixdown;
mod reasons;
mod repair;
mod resample;
mod tags;
#[cfg(test)]
mod tests;
mod track;

use crate::error::{Error, in_range};
use crate::render::{RenderInfo, Source};
use convert::Converter;
use decode::{Decoder, Step};
use fifo::Fifo;
use link::{CHANNELS, RATES};
pub use symphonia::core::io::MediaSource;
pub use tags::{Cover, LARGEST_COVER, Tags, read_tags};
pub use track::{Answer, OutsideCodec, OutsideCodecs, OutsideFormat, Sound, Step as TrackStep, Track, Trouble};

/// How much sound is decoded ahead, in seconds: more than a packet of any usual codec, less than would delay a seek.
pub const AHEAD_SECONDS: f64 = 0.5;
/// Sound after which one [`prepare`](Source::prepare) stops, in seconds; decoding that takes about a millisecond.
const TURN_SECONDS: f64 = 0.05;
/// Packets after which one [`prepare`](Source::prepare) stops even if there was no sound in them.
const TURN_PACKETS: usize = 16;

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
}

/// A file as a [`Source`], in the output's rate and channels.
///
/// Channels are mixed as Web Audio's "speakers" interpretation does (<https://www.w3.org/TR/webaudio/#ChannelLayouts>). Where rates
/// are equal, samples pass unchanged; otherwise n frames become `round(n * rate_out / rate_in)`, without delay. What the encoder
/// added before and after the sound is cut off where the file says so (MP3, Vorbis).
///
/// Damaged packets are left out and counted. A file that is cut off plays to the cut; [`failure`](Source::failure) then says
/// where that was.
pub struct FileSource {
    info: FileInfo,
    rate: f32,
    channels: usize,
    decoder: Decoder,
    converter: Converter,
    fifo: Fifo,
    /// Samples of the current packet that the converter has taken.
    taken: usize,
    stage: Stage,
    failure: Option<String>,
    late: u64,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// Convert the rest of the packet, then read on.
    Decode,
    /// Let the resampler's tail out, then set up for the new rate or channels of the packet at hand.
    Change,
    /// Let the resampler's tail out, then end.
    Finish,
    /// Nothing more will come.
    Ended,
}

impl FileSource {
    /// Opens a file and decodes its first [`AHEAD_SECONDS`].
    ///
    /// `name` is what the person calls the file; it begins every message. `sample_rate` (1,000 to 768,000 Hz) and `channels`
    /// (1 to 32) are the output's.
    ///
    /// # Errors
    /// [`Error::File`] with a reason if the file is empty, no audio, damaged or cut off so that nothing can be decoded, or of a kind, codec,
    /// rate (1,000 to 768,000 Hz) or channel count (1 to 32) that cannot be played; [`Error::OutOfRange`] for the output's figures.
    pub fn open(media: Box<dyn MediaSource>, name: &str, sample_rate: f32, channels: usize) -> Result<FileSource, Error> {
        let (slowest, fastest) = (f64::from(*RATES.start()), f64::from(*RATES.end()));
        in_range("the output's sample rate", f64::from(sample_rate), slowest, fastest, " Hz")?;
        let (fewest, most) = (*CHANNELS.start() as f64, *CHANNELS.end() as f64);
        in_range("the output's channel count", channels as f64, fewest, most, "")?;
        let refuse = |reason| Error::File {
            name: name.to_owned(),
            problem: crate::error::FileProblem::Damaged,
            at: None,
            reason,
        };

        let mut decoder = Decoder::open(media).map_err(refuse)?;
        loop {
            match decoder.step() {
                Step::Sound => break,
                Step::Nothing => {}
                Step::End(reason) => {
                    let reason = reason.map_or("the file holds no sound".into(), |reason| {
                        format!("nothing in it can be decoded: it {reason}")
                    });
                    return Err(refuse(reason));
                }
            }
        }
        let converter = Converter::new(decoder.rate, decoder.channels, sample_rate, channels).map_err(refuse)?;
        let (format, codec) = decoder.names();
        let info = FileInfo {
            name: name.to_owned(),
            format,
            codec,
            sample_rate: decoder.rate,
            channels: decoder.channels,
            frames: decoder.frames(),
            seconds: decoder.seconds(),
        };
        let ahead = frames_in(AHEAD_SECONDS, sample_rate);
        let fifo = Fifo::new(channels, ahead + converter.room());
        let mut source = FileSource {
            info,
            rate: sample_rate,
            channels,
            decoder,
            converter,
            fifo,
            taken: 0,
            stage: Stage::Decode,
            failure: None,
            late: 0,
        };
        while source.fifo.len() < ahead && source.stage != Stage::Ended {
            source.work();
        }
        Ok(source)
    }

    /// What is known about the file.
    pub fn info(&self) -> &FileInfo {
        &self.info
    }

    /// Packets so far that could not be decoded and were left out.
    pub fn skipped_packets(&self) -> u64 {
        self.decoder.skipped
    }

    /// Calls of [`render`](Source::render) so far that had to decode because too little was ready. Those may have allocated.
    pub fn late_decodes(&self) -> u64 {
        self.late
    }

    /// One step towards more frames: converts what is decoded, or reads a packet.
    fn work(&mut self) {
        match self.stage {
            Stage::Decode if self.taken < self.decoder.samples.len() => {
                if self.converter.fits(self.decoder.rate, self.decoder.channels) {
                    let rest = &self.decoder.samples[self.taken..];
                    self.taken += self.converter.feed(rest, &mut self.fifo);
                } else {
                    self.stage = Stage::Change;
                }
            }
            Stage::Decode => match self.decoder.step() {
                Step::Sound => self.taken = 0,
                Step::Nothing => {}
                Step::End(reason) => {
                    self.failure = reason.map(|reason| format!("{} {reason}", self.info.name));
                    self.stage = Stage::Finish;
                }
            },
            Stage::Change => {
                if self.converter.finish(&mut self.fifo) {
                    self.change();
                }
            }
            Stage::Finish => {
                if self.converter.finish(&mut self.fifo) {
                    self.stage = Stage::Ended;
                }
            }
            Stage::Ended => {}
        }
    }

    /// Sets up for the rate and channels of the packet at hand.
    fn change(&mut self) {
        let (rate, channels) = (self.decoder.rate, self.decoder.channels);
        match Converter::new(rate, channels, self.rate, self.channels) {
            Ok(converter) => {
                self.fifo.grow(frames_in(AHEAD_SECONDS, self.rate) + converter.room());
                self.converter = converter;
                self.stage = Stage::Decode;
            }
            Err(reason) => {
                self.failure = Some(format!("{} cannot be played on: {reason}", self.info.name));
                self.stage = Stage::Ended;
            }
        }
    }

    fn wants_more(&self) -> bool {
        self.stage != Stage::Ended && self.fifo.len() < frames_in(AHEAD_SECONDS, self.rate)
    }
}

impl Source for FileSource {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        debug_assert_eq!(info.channels, self.channels);
        let mut written = self.fifo.pop(block);
        let frames = block.len() / self.channels;
        if written < frames && self.stage != Stage::Ended {
            self.late += 1;
            while written < frames && (self.stage != Stage::Ended || self.fifo.len() > 0) {
                self.work();
                written += self.fifo.pop(&mut block[written * self.channels..]);
            }
        }
        written
    }

    fn prepare(&mut self) -> bool {
        let enough = self.fifo.len() + frames_in(TURN_SECONDS, self.rate);
        let mut packets = 0;
        while self.wants_more() && self.fifo.len() < enough && packets < TURN_PACKETS {
            self.work();
            packets += 1;
        }
        self.wants_more()
    }

    fn failure(&self) -> Option<String> {
        self.failure.clone()
    }
}

fn frames_in(seconds: f64, rate: f32) -> usize {
    (seconds * f64::from(rate)) as usize
}
