//! Packets out of a container, decoded one at a time.

use super::link::{GAP_SECONDS, Link, check};
use super::reasons;
use super::repair;
use std::io::ErrorKind;
use std::sync::OnceLock;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::well_known::FORMAT_ID_WAVE;
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// Bytes searched for a format's marker (tags in front do not count). What is no audio is refused soon, and random bytes have
/// little chance to look like MP3.
const SEARCH_BYTES: u32 = 64 * 1024;
/// Largest picture or text in a tag that is kept in memory, in bytes; none is used.
const TAG_BYTES: usize = 64 * 1024;
/// Packets in a row that cannot be decoded before the rest is given up: about 50 s of MP3.
const MAX_UNDECODED: u32 = 2_000;
/// Packets in a row without sound for us (empty, or of other tracks) before the rest is given up. Only a damaged index has as many.
const MAX_SILENT: u32 = 100_000;

/// What one call of [`Decoder::step`] led to.
#[derive(Debug)]
pub(super) enum Step {
    /// [`Decoder::samples`] holds new frames.
    Sound,
    /// Nothing to hear in this packet; go on.
    Nothing,
    /// The sound is over: as it should be, or for this reason.
    End(Option<String>),
}

/// A container and the decoder of one of its tracks.
pub(super) struct Decoder {
    format: Box<dyn FormatReader>,
    link: Link,
    /// Interleaved frames of the packet decoded last.
    pub(super) samples: Vec<f32>,
    /// Rate of [`samples`](Decoder::samples) in Hz.
    pub(super) rate: u32,
    /// Channels of [`samples`](Decoder::samples).
    pub(super) channels: usize,
    /// Packets that could not be decoded.
    pub(super) skipped: u64,
    /// Seconds in the links before this one.
    past: f64,
    undecoded: u32,
    silent: u32,
}

impl Decoder {
    /// Finds the container and makes a decoder. The error is a reason without the file's name.
    pub(super) fn open(media: Box<dyn MediaSource>) -> Result<Self, String> {
        if media.byte_len() == Some(0) {
            return Err("the file is empty".into());
        }
        let limits = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(TAG_BYTES))
            .limit_visual_bytes(Limit::Maximum(TAG_BYTES));
        let stream = MediaSourceStream::new(repair::readable(media), Default::default());
        let format = probe()
            .probe(&Hint::new(), stream, Default::default(), limits)
            .map_err(|error| reasons::not_opened(&error))?;
        let link = Link::new(&*format)?;
        let (samples, rate, channels) = (Vec::new(), 0, 0);
        Ok(Decoder {
            format,
            link,
            samples,
            rate,
            channels,
            skipped: 0,
            past: 0.0,
            undecoded: 0,
            silent: 0,
        })
    }

    /// Container and codec, as symphonia calls them.
    pub(super) fn names(&self) -> (&'static str, &'static str) {
        (self.format.format_info().long_name, self.link.decoder.codec_info().long_name)
    }

    /// Length in frames at the file's rate, if the container says so.
    pub(super) fn frames(&self) -> Option<u64> {
        self.link.frames
    }

    /// Length in seconds, from the container or guessed.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.link.seconds.or(self.link.estimate)
    }

    /// Reads one packet and decodes it. Bounded work; after [`Step::End`] it must not be called again.
    pub(super) fn step(&mut self) -> Step {
        match self.format.next_packet() {
            Ok(Some(packet)) if packet.track_id == self.link.track.id => self.decode(&packet),
            // What other tracks still hold once ours is complete (a film's pictures) need not be read.
            Ok(Some(_)) if self.link.is_over() => Step::End(None),
            Ok(Some(_)) => self.nothing(),
            Ok(None) => Step::End(self.cut_off()),
            Err(Error::ResetRequired) => self.next_link(),
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                // A WAV written to a pipe does not know its length: its end is the file's.
                let open_ended = self.format.format_info().format == FORMAT_ID_WAVE && self.link.seconds.is_none();
                Step::End(if open_ended { None } else { Some(self.cut_off_text()) })
            }
            Err(Error::IoError(error)) => Step::End(Some(format!("could not be read beyond {}: {error}", self.at()))),
            Err(error) => Step::End(Some(format!("is damaged at {} ({error})", self.at()))),
        }
    }

    fn decode(&mut self, packet: &Packet) -> Step {
        let (start, end) = self.link.times_of(packet);
        // A container drops damaged packets (FLAC) and pages (Ogg) itself; their timestamps show the gap.
        if self.link.begun && start > self.link.position + GAP_SECONDS {
            self.skipped += 1;
        }
        (self.link.position, self.link.begun) = (end, true);
        let left = self.link.frames_left(packet);
        let decoded = match self.link.decoder.decode(packet) {
            Ok(decoded) => decoded,
            Err(error) => {
                if matches!(error, Error::ResetRequired) {
                    self.link.decoder.reset();
                }
                self.skipped += 1;
                self.undecoded += 1;
                return if self.undecoded < MAX_UNDECODED {
                    Step::Nothing
                } else {
                    Step::End(Some(format!("cannot be decoded beyond {} ({error})", self.at())))
                };
            }
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if let Err(reason) = check(rate, channels) {
            return Step::End(Some(format!("goes on in a way that cannot be played at {}: {reason}", self.at())));
        }
        self.undecoded = 0;
        if decoded.frames() > 0 {
            // The last packet before a cut is shorter than it says; Matroska's often do not say how long they are.
            let length = decoded.frames() as f64 / f64::from(rate);
            self.link.position = if end > start { end.min(start + length) } else { start + length };
        }
        let frames = decoded.frames().min(left);
        if frames == 0 {
            return self.nothing();
        }
        self.samples.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut self.samples);
        self.samples.truncate(frames * channels);
        (self.rate, self.channels, self.silent) = (rate, channels, 0);
        Step::Sound
    }

    fn nothing(&mut self) -> Step {
        self.silent += 1;
        if self.silent < MAX_SILENT {
            Step::Nothing
        } else {
            Step::End(Some(format!("holds no more sound beyond {}", self.at())))
        }
    }

    /// The container begins anew (chained Ogg).
    fn next_link(&mut self) -> Step {
        let cut_off = self.cut_off();
        match Link::new(&*self.format) {
            _ if cut_off.is_some() => Step::End(cut_off),
            Ok(link) => {
                self.past += self.link.position;
                self.link = link;
                self.nothing()
            }
            Err(reason) => Step::End(Some(format!("goes on in a way that cannot be played at {}: {reason}", self.at()))),
        }
    }

    fn cut_off(&self) -> Option<String> {
        (!self.link.is_complete()).then(|| self.cut_off_text())
    }

    fn cut_off_text(&self) -> String {
        match self.link.seconds {
            Some(seconds) if !self.link.is_complete() => {
                format!("is cut off at {} of {:.1} s", self.at(), self.past + seconds)
            }
            _ => format!("is cut off at {}", self.at()),
        }
    }

    fn at(&self) -> String {
        format!("{:.1} s", self.past + self.link.position.max(0.0))
    }
}

/// symphonia's own set of formats, searched for less far.
fn probe() -> &'static Probe {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    PROBE.get_or_init(|| {
        let options = ProbeOptions {
            max_probe_depth: SEARCH_BYTES,
            ..Default::default()
        };
        let mut probe = Probe::new_with_options(&options);
        symphonia::default::register_enabled_formats(&mut probe);
        probe
    })
}
