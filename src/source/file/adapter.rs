//! The decoder as a [`Track`] that can only be read on.

use super::decode::{self, Decoder};
use super::{FileInfo, MediaSource, Sound, Track, TrackStep, Trouble};
use crate::error::{Error, FileProblem};

/// A file, decoded from its beginning to its end.
struct Sequential {
    info: FileInfo,
    decoder: Decoder,
    /// The sound decoded when it was opened was not given out yet.
    first: bool,
    at: u64,
    next: u64,
}

/// Opens a file and decodes its first sound.
///
/// # Errors
/// [`Error::File`] if nothing of it can be played.
pub fn open_track(media: Box<dyn MediaSource>, name: &str) -> Result<Box<dyn Track>, Error> {
    let refuse = |reason: String| trouble(reason, FileProblem::Damaged).of(name);
    let mut decoder = Decoder::open(media).map_err(refuse)?;
    loop {
        match decoder.step() {
            decode::Step::Sound => break,
            decode::Step::Nothing => {}
            decode::Step::End(reason) => {
                return Err(refuse(reason.map_or("the file holds no sound".into(), |reason| {
                    format!("nothing in it can be decoded: it {reason}")
                })));
            }
        }
    }
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
    Ok(Box::new(Sequential {
        info,
        decoder,
        first: true,
        at: 0,
        next: 0,
    }))
}

fn trouble(reason: String, problem: FileProblem) -> Trouble {
    Trouble { problem, at: None, reason }
}

impl Track for Sequential {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> TrackStep {
        let step = if std::mem::take(&mut self.first) {
            decode::Step::Sound
        } else {
            self.decoder.step()
        };
        match step {
            decode::Step::Sound => {
                self.at = self.next;
                self.next += (self.decoder.samples.len() / self.decoder.channels) as u64;
                TrackStep::Sound
            }
            decode::Step::Nothing => TrackStep::Nothing,
            decode::Step::End(reason) => {
                let reason = reason.map(|reason| reason.strip_prefix("is ").unwrap_or(&reason).to_owned());
                TrackStep::End(reason.map(|reason| trouble(reason, FileProblem::Damaged)))
            }
        }
    }

    fn sound(&self) -> Sound<'_> {
        Sound {
            samples: &self.decoder.samples,
            rate: self.decoder.rate,
            channels: self.decoder.channels,
            at: self.at,
        }
    }

    fn seek(&mut self, _: u64) -> Result<u64, Trouble> {
        Err(trouble("can only be read from its beginning".into(), FileProblem::Unsupported))
    }

    fn skipped_packets(&self) -> u64 {
        self.decoder.skipped
    }
}
