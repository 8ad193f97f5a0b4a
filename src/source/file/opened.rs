//! An opened file, decoded packet by packet: the [`Track`] of every format.

use super::demux::Demuxer;
use super::edits::Edits;
use super::link::{Engine, Link, check};
use super::padding::Padding;
use super::reasons::{self, refused};
use super::track::{Answer, OutsideCodecs, Sound, Step, Track, Trouble};
use super::{FileInfo, MediaSource};
use crate::error::{Error as NoxrunError, FileProblem};
use std::io::ErrorKind;
use std::rc::Rc;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::errors::Error;
use symphonia::core::formats::well_known::{FORMAT_ID_MKV, FORMAT_ID_OGG, FORMAT_ID_WAVE};
use symphonia::core::packet::Packet;

/// Packets in a row that cannot be decoded before the rest is given up: about 50 s of MP3.
const MAX_UNDECODED: u32 = 2_000;
/// Packets in a row without sound for us (empty, or of other tracks) before the rest is given up. Only a damaged index has as many.
const MAX_SILENT: u32 = 100_000;
/// How much further back a jump is tried, in seconds, if one led too far: some readers round up, or fail near the end.
const STEPS_BACK: [f64; 4] = [0.0, 1.0, 10.0, 60.0];
/// What lies less far ahead is read on to, in seconds.
const NEAR_SECONDS: f64 = 0.5;

/// An opened file.
///
/// What the encoder added before and after the sound is left out where the file says so: MP3 with LAME's or Xing's header, Vorbis,
/// Opus, AAC and Opus in MP4 (edit list or iTunSMPB), CAF, Matroska and WebM.
///
/// A seek is to the frame: the reader goes back by what the codec needs before it sounds as it should, and what is too much is left
/// out. Only in a bare MPEG or AAC stream whose bit rate varies, and only more than 32 MB ahead of what was ever read, the place is
/// an estimate. A file whose bytes can only be read on is sought forwards only.
pub struct FileTrack {
    info: FileInfo,
    demuxer: Demuxer,
    edits: Edits,
    padding: Option<Padding>,
    outside: Option<Rc<OutsideCodecs>>,
    link: Link,
    /// Links before this one, and their length in frames of the file's rate.
    links: u32,
    past: u64,
    /// What was decoded last, and where it belongs in frames of the file's rate.
    samples: Vec<f32>,
    rate: u32,
    channels: usize,
    at: u64,
    /// The frame after those given out.
    next: u64,
    /// The sound decoded when the file was opened was not given out yet.
    first: bool,
    stage: Stage,
    /// Frame that is to come first after a seek, in frames of the file's rate; `None` once it came.
    goal: Option<u64>,
    /// Jumping did not lead to the goal: read on to it.
    plainly: bool,
    /// Nothing was decoded since the last jump.
    fresh: bool,
    skipped: u64,
    undecoded: u32,
    silent: u32,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// Read on.
    Read,
    /// Go to the goal first: that was interrupted.
    Jump,
    /// Wait for what is still in the other decoder.
    Drain(Next),
    /// Nothing more will come, for this reason.
    Over(Option<Trouble>),
}

/// What follows on a link.
#[derive(Debug, Clone, PartialEq)]
enum Next {
    Link,
    End(Option<Trouble>),
}

impl FileTrack {
    /// Opens a file. If its sound is decoded here, its first sound is, so that a file of which nothing can be played is refused.
    ///
    /// `name` is what the person calls the file; it begins every message. `outside` makes decoders for what is not decoded here.
    ///
    /// # Errors
    /// [`Error::File`](NoxrunError::File) if the file is empty, no audio, damaged or cut off so that nothing can be decoded, cannot be read, or is of
    /// a kind, codec, rate (1,000 to 768,000 Hz) or channel count (1 to 32) that cannot be played.
    pub fn open(media: Box<dyn MediaSource>, name: &str, outside: Option<Rc<OutsideCodecs>>) -> Result<FileTrack, NoxrunError> {
        FileTrack::opened(media, name, outside).map_err(|trouble| trouble.of(name))
    }

    fn opened(media: Box<dyn MediaSource>, name: &str, outside: Option<Rc<OutsideCodecs>>) -> Result<FileTrack, Trouble> {
        if media.byte_len() == Some(0) {
            return Err(refused(FileProblem::Empty, "the file is empty"));
        }
        let demuxer = Demuxer::open(media)?;
        let edits = demuxer.beside(Edits::read).unwrap_or_default();
        let padding = demuxer.beside(Padding::read).flatten();
        let link = Link::new(demuxer.format(), &edits, outside.as_deref())?;
        let info = FileInfo {
            name: name.to_owned(),
            format: demuxer.format().format_info().long_name,
            codec: link.codec_name,
            sample_rate: link.rate,
            channels: link.channels,
            frames: None,
            seconds: None,
            by_browser: matches!(link.engine, Engine::Outside(_)),
        };
        let mut track = FileTrack {
            info,
            demuxer,
            edits,
            padding,
            outside,
            links: 0,
            past: 0,
            samples: Vec::new(),
            rate: link.rate,
            channels: link.channels,
            link,
            at: 0,
            next: 0,
            first: false,
            stage: Stage::Read,
            goal: None,
            plainly: false,
            fresh: true,
            skipped: 0,
            undecoded: 0,
            silent: 0,
        };
        while matches!(track.link.engine, Engine::Here(_)) {
            match track.step() {
                Step::Sound => {
                    if track.demuxer.is(FORMAT_ID_MKV) {
                        // Vorbis' first packet has a time of its own there, and no sound.
                        track.link.origin += std::mem::take(&mut track.at) as i64;
                    }
                    track.first = true;
                    break;
                }
                Step::Nothing | Step::Waiting => {}
                Step::End(None) => return Err(refused(FileProblem::NotAudio, "the file holds no sound")),
                Step::End(Some(trouble)) => {
                    let reason = format!("nothing in it can be decoded: {}", trouble.reason);
                    return Err(refused(trouble.problem, reason));
                }
            }
        }
        (track.info.sample_rate, track.info.channels) = (track.rate, track.channels);
        track.info.frames = track.link.frames();
        let exact = track.info.frames.map(|frames| frames as f64 / f64::from(track.link.rate));
        track.info.seconds = exact.or(track.link.estimate);
        Ok(track)
    }

    /// Reads one packet and decodes it, or sends it to the other decoder.
    fn read(&mut self) -> Step {
        match self.demuxer.next_packet() {
            Ok(Some(packet)) if packet.track_id == self.link.track.id => self.take(&packet),
            // What other tracks still hold once ours is complete (a film's pictures) need not be read.
            Ok(Some(_)) if self.link.is_over() => self.finish(Next::End(None)),
            Ok(Some(_)) => self.nothing(),
            Ok(None) => {
                let trouble = self.cut_off();
                self.finish(Next::End(trouble))
            }
            Err(Error::ResetRequired) => self.finish(Next::Link),
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                // A WAV written to a pipe does not know its length: its end is the file's.
                let open_ended = self.demuxer.is(FORMAT_ID_WAVE) && self.link.end.is_none();
                let trouble = (!open_ended).then(|| self.cut_off_here());
                self.finish(Next::End(trouble))
            }
            Err(error) if is_interruption(&error) => self.interrupted(),
            Err(Error::IoError(error)) => self.fail(FileProblem::Unreadable, |at| format!("could not be read beyond {at}: {error}")),
            Err(error) => self.fail(FileProblem::Damaged, |at| format!("damaged at {at} ({error})")),
        }
    }

    /// What to do with a packet of ours.
    fn take(&mut self, packet: &Packet) -> Step {
        let (start, frames) = self.link.place_of(packet);
        let goal = self.goal.map(|goal| self.in_link(goal));
        // A container drops damaged packets (FLAC) and pages (Ogg) itself; their timestamps show the gap.
        if self.link.is_gap(start) && goal.is_none() {
            self.skipped += 1;
        }
        let end = start.saturating_add(frames);
        (self.link.position, self.link.begun) = (end, true);
        if goal.is_some_and(|goal| self.link.can_skip(start, frames, goal)) {
            return Step::Nothing;
        }
        let decoder = match &mut self.link.engine {
            Engine::Here(decoder) => decoder,
            Engine::Outside(pipe) => {
                // The end may be said by this packet only.
                let sent = pipe.send(packet, start, end);
                self.link.learn(frames);
                self.link.heard(packet, start, frames);
                self.end_padding(packet, end);
                return match sent {
                    Ok(()) => Step::Nothing,
                    Err(error) => self.given_up(&error),
                };
            }
        };
        let decoded = match decoder.decode(packet) {
            Ok(decoded) => decoded,
            Err(error) => {
                if matches!(error, Error::ResetRequired) {
                    decoder.reset();
                }
                // Before the goal, packets may lean on others that were not read.
                self.skipped += u64::from(goal.is_none_or(|goal| start >= goal));
                self.undecoded += 1;
                return if self.undecoded < MAX_UNDECODED {
                    Step::Nothing
                } else {
                    self.fail(FileProblem::Damaged, |at| format!("cannot be decoded beyond {at} ({error})"))
                };
            }
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        let count = decoded.frames();
        self.samples.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut self.samples);
        if let Err(trouble) = check(rate, channels) {
            return self.goes_on_badly(trouble);
        }
        self.undecoded = 0;
        if self.link.parameters.sample_rate.is_none() && self.link.rate != rate {
            // The container did not say; its clock counts frames.
            self.link.rate = rate;
        }
        // Vorbis' first packet only begins the overlap.
        let count = if std::mem::take(&mut self.fresh) && self.link.parameters.codec == CODEC_ID_VORBIS {
            0
        } else {
            count
        };
        if frames == 0 || (count > 0 && (count as i64) < frames) {
            // The last packet before a cut is shorter than it says.
            self.link.position = start + count as i64;
        }
        self.link.learn(count as i64);
        self.end_padding(packet, start + count as i64);
        let (from, to) = self.link.heard(packet, start, count as i64);
        (self.rate, self.channels) = (rate, channels);
        self.give(start, count, from, to)
    }

    /// Takes down the sound's end if this is the last packet, which ends at `end`, and the file says how much was added to it.
    fn end_padding(&mut self, packet: &Packet, end: i64) {
        let Some(padding) = &self.padding else { return };
        let delay = self.link.timestamp_at(self.link.origin - self.link.first).get();
        if padding.is_of(&packet.data, packet.pts.get(), delay.max(100)) {
            let added = (padding.nanoseconds as f64 / 1e9 * f64::from(self.link.rate)).round() as i64;
            self.link.end = Some(end - added);
        }
    }

    /// Gives out what is to be heard of the frames at hand: those from `from` up to `to`, the first of them being at `start`.
    fn give(&mut self, start: i64, count: usize, from: i64, to: i64) -> Step {
        let from = from.max(self.goal.map_or(i64::MIN, |goal| self.in_link(goal)));
        let skip = from.saturating_sub(start).clamp(0, count as i64);
        let keep = to.saturating_sub(start).clamp(skip, count as i64);
        self.samples.truncate(keep as usize * self.channels);
        self.samples.drain(..skip as usize * self.channels);
        if self.samples.is_empty() {
            return self.nothing();
        }
        self.at = self.in_file(start + skip);
        self.next = self.in_file(start + keep);
        self.silent = 0;
        (self.goal, self.plainly) = (None, false);
        Step::Sound
    }

    /// Takes what the other decoder has, or lets it have more.
    fn receive(&mut self) -> Step {
        let Engine::Outside(pipe) = &mut self.link.engine else {
            return self.read();
        };
        self.samples.clear();
        match pipe.codec.receive(&mut self.samples) {
            Answer::Sound { rate, channels, start_us } => {
                if let Err(trouble) = check(rate, channels) {
                    return self.goes_on_badly(trouble);
                }
                let count = self.samples.len() / channels;
                let start = pipe.place(start_us, count);
                (self.rate, self.channels) = (rate, channels);
                self.give(start, count, self.link.origin, self.link.end.unwrap_or(i64::MAX))
            }
            Answer::Nothing if matches!(self.stage, Stage::Drain(_)) || !pipe.has_room() => Step::Waiting,
            Answer::Nothing => self.read(),
            Answer::Drained => match std::mem::replace(&mut self.stage, Stage::Read) {
                Stage::Drain(next) => self.go_on(next),
                // Of what was asked for before a seek.
                stage => {
                    self.stage = stage;
                    self.read()
                }
            },
            Answer::Failed(error) => self.given_up(&error),
        }
    }

    /// The other decoder gave up: at once, if it does not know the codec, or later.
    fn given_up(&mut self, error: &str) -> Step {
        let Engine::Outside(pipe) = &self.link.engine else {
            return Step::Nothing;
        };
        // Not where the file was read to, which is further on.
        let at = self.goal.unwrap_or(self.next) as f64 / f64::from(self.info.sample_rate);
        let trouble = if pipe.has_answered() {
            Trouble {
                problem: FileProblem::Damaged,
                at: Some(at),
                reason: format!("cannot be decoded beyond {at:.1} s ({error})"),
            }
        } else {
            let trouble = reasons::no_outside_decoder(self.link.parameters.codec, error);
            // An Ogg file may have begun with sound of another kind.
            Trouble {
                at: (self.next > 0).then_some(at),
                ..trouble
            }
        };
        self.end(Some(trouble))
    }

    /// Reading was interrupted, for a command (`web::url`): nothing is wrong. The reader may have lost what it had read of a packet, so it goes back there.
    fn interrupted(&mut self) -> Step {
        if self.demuxer.can_rewind() {
            self.goal.get_or_insert(self.next);
            self.stage = Stage::Jump;
        }
        Step::Waiting
    }

    /// The link is read: lets out what the other decoder still has, then goes on.
    fn finish(&mut self, next: Next) -> Step {
        match &mut self.link.engine {
            Engine::Here(_) => self.go_on(next),
            Engine::Outside(pipe) => {
                pipe.codec.drain();
                self.stage = Stage::Drain(next);
                Step::Nothing
            }
        }
    }

    fn go_on(&mut self, next: Next) -> Step {
        match next {
            Next::Link => self.next_link(),
            Next::End(trouble) => self.end(trouble),
        }
    }

    /// The container begins anew (chained Ogg).
    fn next_link(&mut self) -> Step {
        if let Some(trouble) = self.cut_off() {
            return self.end(Some(trouble));
        }
        match Link::new(self.demuxer.format(), &self.edits, self.outside.as_deref()) {
            Ok(link) => {
                let end = self.link.end.unwrap_or(i64::MAX).min(self.link.position);
                self.past = self.in_file(end.max(self.link.origin));
                self.links += 1;
                self.skipped += self.link.lost();
                (self.link, self.fresh) = (link, true);
                let far = self.goal.is_some_and(|goal| self.in_link(goal) > self.near());
                if far && !self.plainly && self.demuxer.can_rewind() {
                    if let Err(trouble) = self.approach() {
                        return self.end(Some(trouble));
                    }
                    return Step::Nothing;
                }
                self.nothing()
            }
            Err(trouble) => self.goes_on_badly(trouble),
        }
    }

    fn goes_on_badly(&mut self, trouble: Trouble) -> Step {
        self.fail(trouble.problem, |at| {
            format!("goes on in a way that cannot be played at {at}: {}", trouble.reason)
        })
    }

    fn nothing(&mut self) -> Step {
        self.silent += 1;
        if self.silent < MAX_SILENT || self.goal.is_some() {
            Step::Nothing
        } else {
            self.fail(FileProblem::Damaged, |at| format!("holds no more sound beyond {at}"))
        }
    }

    /// Ends because of this, after what the other decoder still has.
    fn fail(&mut self, problem: FileProblem, reason: impl FnOnce(&str) -> String) -> Step {
        let seconds = self.seconds();
        let trouble = Trouble {
            problem,
            at: Some(seconds),
            reason: reason(&format!("{seconds:.1} s")),
        };
        self.finish(Next::End(Some(trouble)))
    }

    fn end(&mut self, trouble: Option<Trouble>) -> Step {
        self.stage = Stage::Over(trouble.clone());
        Step::End(trouble)
    }

    fn cut_off(&self) -> Option<Trouble> {
        (!self.link.is_complete()).then(|| self.cut_off_here())
    }

    fn cut_off_here(&self) -> Trouble {
        let at = self.seconds();
        let whole = self.link.frames().filter(|_| !self.link.is_complete());
        let reason = match whole {
            Some(frames) => {
                let whole = self.past as f64 / f64::from(self.info.sample_rate) + frames as f64 / f64::from(self.link.rate);
                format!("cut off at {at:.1} s of {whole:.1} s")
            }
            None => format!("cut off at {at:.1} s"),
        };
        Trouble {
            problem: FileProblem::CutOff,
            at: Some(at),
            reason,
        }
    }

    /// Where the file was read to, in seconds.
    fn seconds(&self) -> f64 {
        self.past as f64 / f64::from(self.info.sample_rate) + self.link.seconds()
    }

    /// A frame of the file as a place in the link.
    fn in_link(&self, frame: u64) -> i64 {
        let ahead = i128::from(frame) - i128::from(self.past);
        let frames = ahead * i128::from(self.link.rate) / i128::from(self.info.sample_rate.max(1));
        (i128::from(self.link.origin) + frames).clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
    }

    /// A place in the link as a frame of the file.
    fn in_file(&self, place: i64) -> u64 {
        let ahead = i128::from((place - self.link.origin).max(0));
        let frames = ahead * i128::from(self.info.sample_rate) / i128::from(self.link.rate.max(1));
        self.past.saturating_add(frames.min(i128::from(u64::MAX)) as u64)
    }

    /// The place up to which a goal is read on to.
    fn near(&self) -> i64 {
        self.link.position.max(self.link.origin) + (NEAR_SECONDS * f64::from(self.link.rate)) as i64
    }

    /// Goes to where the goal can be decoded from, or to the end of this link if it lies in one behind it.
    fn approach(&mut self) -> Result<(), Trouble> {
        let Some(goal) = self.goal else { return Ok(()) };
        if goal < self.past {
            // In a link before this one.
            self.restart()?;
            if self.stage == Stage::Jump {
                return Ok(());
            }
            self.plainly = false;
        }
        let goal = self.in_link(goal);
        self.fresh = true;
        let target = goal.min(self.link.end.unwrap_or(i64::MAX) - 1);
        let from = self.link.before(target);
        for back in STEPS_BACK {
            let want = (from - (back * f64::from(self.link.rate)) as i64).max(self.link.first);
            match self.demuxer.jump(&self.link, want) {
                Ok(reached) if reached <= from => {
                    self.link.restart(reached);
                    return Ok(());
                }
                Ok(_) if want > self.link.first => {}
                Err(error) if is_interruption(&error) => {
                    self.stage = Stage::Jump;
                    return Ok(());
                }
                // A reader that failed may be lost; a new one stands in the first link.
                Err(_) if want > self.link.first && self.links == 0 => match self.demuxer.rewind() {
                    Err(error) if is_interruption(&error) => {
                        self.stage = Stage::Jump;
                        return Ok(());
                    }
                    Err(_) => break,
                    Ok(()) => {}
                },
                _ => break,
            }
        }
        self.restart()
    }

    /// Goes to the file's beginning, from where the goal is read on to.
    fn restart(&mut self) -> Result<(), Trouble> {
        if let Err(error) = self.demuxer.rewind() {
            if is_interruption(&error) {
                self.stage = Stage::Jump;
                return Ok(());
            }
            let trouble = match error {
                Error::IoError(error) => reasons::unreadable(&error),
                error => refused(FileProblem::Damaged, format!("cannot be sought in ({error})")),
            };
            self.stage = Stage::Over(Some(trouble.clone()));
            return Err(trouble);
        }
        self.plainly = true;
        self.begin_again()
    }

    /// Sets up for the first link, after its container was opened anew.
    fn begin_again(&mut self) -> Result<(), Trouble> {
        if self.links > 0 {
            self.skipped += self.link.lost();
            self.link = Link::new(self.demuxer.format(), &self.edits, self.outside.as_deref())?;
            (self.links, self.past) = (0, 0);
        }
        let first = self.link.first;
        self.link.restart(first);
        self.fresh = true;
        Ok(())
    }
}

impl Track for FileTrack {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> Step {
        if std::mem::take(&mut self.first) {
            return Step::Sound;
        }
        match &self.stage {
            Stage::Over(trouble) => Step::End(trouble.clone()),
            Stage::Jump => {
                self.stage = Stage::Read;
                match self.approach() {
                    Err(trouble) => self.end(Some(trouble)),
                    Ok(()) if self.stage == Stage::Jump => Step::Waiting,
                    Ok(()) => Step::Nothing,
                }
            }
            Stage::Read | Stage::Drain(_) => self.receive(),
        }
    }

    fn sound(&self) -> Sound<'_> {
        Sound {
            samples: &self.samples,
            rate: self.rate,
            channels: self.channels,
            at: self.at,
        }
    }

    fn seek(&mut self, frame: u64) -> Result<u64, Trouble> {
        let here = self.in_file(self.link.position);
        // What was decoded and not given out lies before the position.
        let begun = if self.first { self.at } else { here };
        if !self.demuxer.can_rewind() {
            if frame < begun || matches!(self.stage, Stage::Over(_) | Stage::Drain(_)) {
                return Err(Trouble {
                    problem: FileProblem::Unsupported,
                    at: Some(self.seconds()),
                    reason: "cannot be sought in: it can only be read on".into(),
                });
            }
            if self.first && frame < here {
                // Part of what is decoded already.
                let skip = ((frame - self.at) as usize * self.channels).min(self.samples.len());
                self.samples.drain(..skip);
                self.at = frame;
                self.first = !self.samples.is_empty();
                return Ok(frame);
            }
            (self.first, self.goal, self.plainly) = (false, Some(frame), true);
            return Ok(frame);
        }
        (self.first, self.goal, self.plainly) = (false, Some(frame), false);
        (self.stage, self.undecoded, self.silent) = (Stage::Read, 0, 0);
        self.samples.clear();
        let last = self.info.frames.filter(|_| !self.demuxer.is(FORMAT_ID_OGG));
        if let Some(last) = last.filter(|last| frame >= *last) {
            self.goal = None;
            self.stage = Stage::Over(None);
            if let Engine::Outside(pipe) = &mut self.link.engine {
                pipe.reset();
            }
            return Ok(last);
        }
        self.approach()?;
        Ok(frame)
    }

    fn skipped_packets(&self) -> u64 {
        self.skipped + self.link.lost()
    }
}

/// Whether reading was stopped for a command.
fn is_interruption(error: &Error) -> bool {
    matches!(error, Error::IoError(error) if error.kind() == ErrorKind::WouldBlock)
}
