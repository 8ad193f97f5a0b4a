//! The items one after the other, decoded, mixed and resampled, as one stream of output frames.
//!
//! A *run* is what one resampler works on without a break: an item and those that follow it with the same rate and channels. An
//! item's *own grid* is where its output frames fall when it is played from its beginning: frame k at k / rate. A stream that
//! goes to a frame of an item lies on that grid; an item that follows another in a run lies up to half an output frame beside it,
//! because the sound goes on there without a break.

use super::convert::Converter;
use super::fifo::Fifo;
use super::items::Items;
use crate::error::{Error, FileProblem};
use crate::source::file::{Track, TrackStep as Step};
use std::collections::VecDeque;

/// Input frames before the target of a seek that are searched for one that falls on an output frame. Every pair of usual rates
/// has one within 640; with the others the nearest one is used.
const SEARCH_FRAMES: u64 = 1 << 17;
/// How far off the output's grid an input frame may be to be on it, in output frames: what `f64` leaves after hours.
const ON_GRID: f64 = 1e-7;
/// Longest silence that stands for sound missing between a seek's target and the first sound that came, in seconds.
const PAD_SECONDS: f64 = 0.5;

/// Here another stretch of sound begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    /// The stretch's first frame, counted from when the stream last [went](Stream::go) somewhere.
    pub(super) at: u64,
    pub(super) item: usize,
    /// The item's output frame that this is (the nearest if not `exact`).
    pub(super) frame: u64,
    /// The item's second that this is.
    pub(super) seconds: f64,
    /// Whether the stretch lies on the item's own grid.
    pub(super) exact: bool,
}

/// What a step led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Done,
    /// Another decoder has to answer first.
    Waiting,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// Open the item (or keep it) and go to that output frame.
    Open {
        item: usize,
        frame: u64,
        sought: bool,
    },
    /// Convert the sound at hand, then read on.
    Decode,
    /// Let the resampler's tail out, then go on with a new run.
    Change,
    /// Let the resampler's tail out, then stay at the item's end.
    Hold,
    /// At the item's end, which a loop will leave; if it does not after all, the next item comes.
    Held,
    /// Let the resampler's tail out, then end.
    Finish,
    Ended,
    /// Nothing is wanted for now.
    Parked,
}

/// Where the item's first sound belongs.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The output frame wanted first, on the item's own grid.
    frame: u64,
    /// The input frame to begin with, at the rate the item says it has; it falls on an output frame.
    input: u64,
    /// The output frame that `input` falls on, at most `frame`.
    origin: u64,
}

/// See the module.
pub(super) struct Stream {
    rate: f32,
    /// Frames that are kept ready at most before a step, which the store has room for beside what that brings.
    ahead: usize,
    fifo: Fifo,
    /// Frames taken out since the stream last went somewhere.
    popped: u64,
    /// Strictly ascending, none taken out yet.
    marks: VecDeque<Mark>,
    stage: Stage,
    /// The item that is played or was last.
    item: usize,
    track: Option<Box<dyn Track>>,
    /// Set until the first sound of an item.
    entry: Option<Entry>,
    converter: Option<Converter>,
    /// Whether the converter is in a run that may go on.
    running: bool,
    /// Where the run's first output frame is (or would be) in the stream.
    origin: i64,
    /// The first frame of the run that is wanted; those before it only lead up to it.
    begin: u64,
    /// Input frames that the run has taken.
    fed: u64,
    /// Samples of the sound at hand that are used up, and how many it has.
    used: usize,
    held: usize,
    /// Input frames to leave out, and silent ones to put in, before the next.
    drop: u64,
    pad: u64,
    /// Items in a row without any sound.
    fruitless: usize,
    /// Packets left out by tracks that are closed.
    skipped: u64,
}

impl Stream {
    /// An ended stream with room for `ahead` frames and what one step brings.
    pub(super) fn new(rate: f32, channels: usize, ahead: usize) -> Self {
        Stream {
            rate,
            ahead,
            fifo: Fifo::new(channels, ahead),
            popped: 0,
            marks: VecDeque::new(),
            stage: Stage::Ended,
            item: 0,
            track: None,
            entry: None,
            converter: None,
            running: false,
            origin: 0,
            begin: 0,
            fed: 0,
            used: 0,
            held: 0,
            drop: 0,
            pad: 0,
            fruitless: 0,
            skipped: 0,
        }
    }

    /// Frames that can be popped.
    pub(super) fn len(&self) -> usize {
        self.fifo.len()
    }

    /// Whether nothing more will come after what can be popped.
    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Whether a step would bring more.
    pub(super) fn wants_work(&self, hold: Option<usize>) -> bool {
        match self.stage {
            Stage::Ended | Stage::Parked => false,
            Stage::Held => hold != Some(self.item),
            _ => true,
        }
    }

    /// Whether the next step opens or seeks, which takes longer than others.
    pub(super) fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Open { .. })
    }

    /// Packets that could not be decoded, of all items so far.
    pub(super) fn skipped_packets(&self) -> u64 {
        self.skipped + self.track.as_ref().map_or(0, |track| track.skipped_packets())
    }

    /// Closes what is open: the items are others now.
    pub(super) fn forget(&mut self) {
        self.park();
        self.close();
        self.stage = Stage::Ended;
        self.item = 0;
    }

    /// Forgets what is decoded; nothing is done until [`go`](Stream::go).
    pub(super) fn park(&mut self) {
        self.fifo.clear();
        self.marks.clear();
        self.popped = 0;
        self.entry = None;
        (self.used, self.held, self.running) = (0, 0, false);
        self.stage = Stage::Parked;
    }

    /// Forgets what is decoded: the next frame is that output frame of that item, on its own grid.
    pub(super) fn go(&mut self, item: usize, frame: u64) {
        self.park();
        self.fruitless = 0;
        self.stage = Stage::Open { item, frame, sought: true };
    }

    /// What follows is another now: an end may not be one any more.
    pub(super) fn resume(&mut self, items: &Items) {
        if self.stage == Stage::Ended && items.len() > 0 && items.after(self.item).is_some() {
            self.fruitless = 0;
            self.advance(items);
        }
    }

    /// A mark that the next frame has. It is taken out.
    pub(super) fn pop_mark(&mut self) -> Option<Mark> {
        // What has not been made yet can still be moved.
        if self.fifo.len() > 0 && self.marks.front()?.at == self.popped {
            return self.marks.pop_front();
        }
        None
    }

    /// Frames to the end of the stretch at hand, if that has been decoded.
    pub(super) fn left(&self) -> Option<usize> {
        let pushed = self.pushed();
        // A mark that the next frame will have is where the stretch begins.
        match self.marks.iter().find(|mark| mark.at > self.popped) {
            Some(mark) if mark.at <= pushed => Some((mark.at - self.popped) as usize),
            _ if matches!(self.stage, Stage::Ended | Stage::Held) => Some(self.fifo.len()),
            _ => None,
        }
    }

    /// Takes out frames of the stretch at hand, as many as there are and fit. Allocates nothing.
    pub(super) fn pop(&mut self, out: &mut [f32]) -> usize {
        let mut frames = self.fifo.len().min(out.len() / self.fifo.channels());
        if let Some(mark) = self.marks.front() {
            frames = frames.min((mark.at - self.popped) as usize);
        }
        let popped = self.fifo.pop(&mut out[..frames * self.fifo.channels()]);
        self.popped += popped as u64;
        popped
    }

    /// Copies the next frames; returns how many. Allocates nothing.
    pub(super) fn peek(&self, out: &mut [f32]) -> usize {
        self.fifo.peek(out)
    }

    /// One step towards more frames. `hold`: the item whose end a loop will leave, so that what follows it is not wanted.
    pub(super) fn work(&mut self, items: &mut Items, hold: Option<usize>) -> Work {
        match self.stage {
            Stage::Open { item, frame, sought } => self.open(items, item, frame, sought),
            Stage::Decode if self.used < self.held || self.pad > 0 => self.convert(items),
            Stage::Decode => return self.read(items, hold),
            Stage::Change => {
                if self.finish() {
                    self.stage = Stage::Decode;
                }
            }
            Stage::Hold => {
                if self.finish() {
                    self.stage = Stage::Held;
                }
            }
            Stage::Held if hold != Some(self.item) => self.advance(items),
            Stage::Finish => {
                if self.finish() {
                    self.stage = Stage::Ended;
                }
            }
            Stage::Held | Stage::Ended | Stage::Parked => {}
        }
        Work::Done
    }

    fn pushed(&self) -> u64 {
        self.popped + self.fifo.len() as u64
    }

    fn close(&mut self) {
        if let Some(track) = self.track.take() {
            self.skipped += track.skipped_packets();
        }
    }

    /// Opens an item, or goes to another place in it.
    fn open(&mut self, items: &mut Items, item: usize, frame: u64, sought: bool) {
        let reached = if sought && self.item == item && self.track.is_some() {
            // What cannot be sought in is read again from its beginning, in the steps to come.
            self.enter(frame, true) || self.reopen(items, item, frame)
        } else {
            self.reopen(items, item, frame)
        };
        self.item = item;
        if reached {
            self.stage = Stage::Decode;
        } else {
            self.close();
            self.fruitless += 1;
            self.advance(items);
        }
    }

    fn reopen(&mut self, items: &mut Items, item: usize, frame: u64) -> bool {
        // Before the other one needs memory.
        self.close();
        self.item = item;
        self.track = items.open(item);
        self.track.is_some() && (self.enter(frame, frame > 0) || self.enter(frame, false))
    }

    /// Goes to an output frame of the open track: seeks, or else leaves out what comes before.
    fn enter(&mut self, frame: u64, seek: bool) -> bool {
        let Some(track) = &mut self.track else { return false };
        let (rate, channels) = (track.info().sample_rate, track.info().channels);
        let mut entry = Entry {
            frame,
            input: 0,
            origin: 0,
        };
        if frame > 0 {
            let reach = if f64::from(rate) == f64::from(self.rate) {
                0
            } else {
                if !self.running && !self.converter.as_ref().is_some_and(|converter| converter.fits(rate, channels)) {
                    self.converter = Converter::new(rate, channels, self.rate, self.fifo.channels()).ok();
                }
                self.converter.as_ref().map_or(0, Converter::reach)
            };
            (entry.input, entry.origin) = begin_before(frame, rate, self.rate, reach);
        }
        // Why not is of no interest: the caller opens it anew and reads on to the place, and what stops that is reported.
        if seek && track.seek(entry.input).is_err() {
            return false;
        }
        self.entry = Some(entry);
        (self.used, self.held, self.drop, self.pad) = (0, 0, 0, 0);
        true
    }

    /// Reads and decodes a packet.
    fn read(&mut self, items: &mut Items, hold: Option<usize>) -> Work {
        let Some(track) = &mut self.track else {
            self.advance(items);
            return Work::Done;
        };
        match track.step() {
            Step::Sound => {
                (self.used, self.held) = (0, track.sound().samples.len());
                self.fruitless = 0;
            }
            Step::Nothing => {}
            Step::Waiting => return Work::Waiting,
            Step::End(trouble) => {
                self.leave_fruitless_run();
                let fruitless = self.entry.take();
                if let Some(trouble) = trouble {
                    let error = trouble.of(items.name(self.item));
                    items.fail(self.item, error);
                } else if fruitless.is_some_and(|entry| entry.frame == 0) {
                    let error = failure(items, self.item, FileProblem::Empty, "the file holds no sound".into());
                    items.fail(self.item, error);
                }
                if fruitless.is_none() && self.running && hold == Some(self.item) {
                    self.stage = Stage::Hold;
                } else {
                    self.fruitless += usize::from(fruitless.is_some());
                    self.advance(items);
                }
            }
        }
        Work::Done
    }

    /// Ends the run if it never came to the frame that was sought: what follows is a beginning of its own.
    fn leave_fruitless_run(&mut self) {
        let Some(converter) = &self.converter else { return };
        let joint = self.fed as f64 * f64::from(self.rate) / f64::from(converter.rate_in());
        if self.drop > 0 || self.origin + (joint.ceil() as i64) <= self.begin as i64 {
            self.running = false;
        }
    }

    /// The item is over: sets out for the next one, if there is one that may bring sound.
    fn advance(&mut self, items: &Items) {
        let next = if items.len() == 0 { None } else { items.after(self.item) };
        self.stage = match next {
            Some(item) if self.fruitless <= items.len() => Stage::Open {
                item,
                frame: 0,
                sought: false,
            },
            _ => Stage::Finish,
        };
    }

    /// Passes the sound at hand to the converter, after setting that up where something new begins.
    fn convert(&mut self, items: &mut Items) {
        let Some(track) = &self.track else { return };
        let sound = track.sound();
        let (rate, channels) = (sound.rate, sound.channels);
        let fits = self.converter.as_ref().is_some_and(|converter| converter.fits(rate, channels));
        if self.running && !fits {
            self.stage = Stage::Change;
            return;
        }
        if !self.running {
            if !fits {
                match Converter::new(rate, channels, self.rate, self.fifo.channels()) {
                    Ok(converter) => self.converter = Some(converter),
                    Err(reason) => {
                        self.converter = None;
                        self.entry = None;
                        self.held = 0;
                        let error = failure(items, self.item, FileProblem::Unsupported, reason);
                        items.fail(self.item, error);
                        self.fruitless += 1;
                        self.close();
                        self.advance(items);
                        return;
                    }
                }
            }
            self.begin_run();
        } else if let Some(entry) = self.entry.take() {
            debug_assert_eq!(entry.frame, 0, "only beginnings go on in a run");
            self.join_run(rate);
        }
        self.feed();
    }

    /// Begins a run with the sound at hand.
    fn begin_run(&mut self) {
        let (Some(track), Some(converter)) = (&self.track, &mut self.converter) else {
            return;
        };
        let (sound, stated) = (track.sound(), track.info().sample_rate);
        let pushed = self.popped + self.fifo.len() as u64;
        let mut skip = 0;
        (self.drop, self.pad) = (0, 0);
        if let Some(entry) = self.entry.take() {
            let mut frame = entry.frame;
            // A beginning is taken as it comes.
            if frame > 0 {
                let ratio = f64::from(self.rate) / f64::from(stated);
                let most = (PAD_SECONDS * f64::from(stated)) as u64;
                if sound.rate != stated {
                    // The file changes its rate on the way; its frames are not those that were reckoned with.
                    let begin = (sound.at as f64 * ratio).round() as u64;
                    frame = frame.max(begin);
                    skip = frame - begin;
                } else if sound.at > entry.input + most {
                    let begin = (sound.at as f64 * ratio).round() as u64;
                    frame = frame.max(begin);
                    skip = frame - begin;
                } else {
                    self.drop = entry.input.saturating_sub(sound.at);
                    self.pad = sound.at.saturating_sub(entry.input);
                    skip = frame - entry.origin;
                }
            }
            let mark = Mark {
                at: pushed,
                item: self.item,
                frame,
                seconds: frame as f64 / f64::from(self.rate),
                exact: true,
            };
            push_mark(&mut self.marks, mark);
        }
        converter.restart(skip);
        self.fifo.grow(self.ahead + converter.room());
        (self.origin, self.begin) = (pushed as i64 - skip as i64, pushed);
        (self.fed, self.running) = (0, true);
    }

    /// Goes on in the run with the sound at hand, which another item begins with.
    fn join_run(&mut self, rate: u32) {
        let joint = self.fed as f64 * f64::from(self.rate) / f64::from(rate);
        let first = joint.ceil();
        let at = (self.origin + first as i64).max(0) as u64;
        let seconds = (first - joint) / f64::from(self.rate);
        let mark = Mark {
            at,
            item: self.item,
            frame: (first - joint).round() as u64,
            seconds,
            exact: first == joint,
        };
        push_mark(&mut self.marks, mark);
    }

    /// Passes on what is at hand until it or the room is used up.
    fn feed(&mut self) {
        let (Some(track), Some(converter)) = (&self.track, &mut self.converter) else {
            return;
        };
        let sound = track.sound();
        let channels = sound.channels;
        if self.pad > 0 {
            let silence = [0.0; 512];
            let frames = (silence.len() / channels).min(self.pad as usize);
            let taken = converter.feed(&silence[..frames * channels], &mut self.fifo) / channels;
            self.pad -= taken as u64;
            self.fed += taken as u64;
            return;
        }
        let dropped = ((self.held - self.used) / channels).min(self.drop as usize);
        self.drop -= dropped as u64;
        self.used += dropped * channels;
        let taken = converter.feed(&sound.samples[self.used..], &mut self.fifo);
        self.used += taken;
        self.fed += (taken / channels) as u64;
    }

    /// Lets the run's tail out; returns whether it is all out.
    fn finish(&mut self) -> bool {
        if self.running
            && let Some(converter) = &mut self.converter
            && !converter.finish(&mut self.fifo)
        {
            return false;
        }
        self.running = false;
        // An item so short that no output frame falls into it.
        let pushed = self.pushed();
        while self.marks.back().is_some_and(|mark| mark.at >= pushed) {
            self.marks.pop_back();
        }
        true
    }
}

/// Appends a mark; what would begin at the same place or later has no frame.
fn push_mark(marks: &mut VecDeque<Mark>, mark: Mark) {
    while marks.back().is_some_and(|last| last.at >= mark.at) {
        marks.pop_back();
    }
    marks.push_back(mark);
}

/// The error for something that an item did.
fn failure(items: &Items, item: usize, problem: FileProblem, reason: String) -> Error {
    Error::File {
        name: items.name(item).to_owned(),
        problem,
        at: None,
        reason,
    }
}

/// The input frame to begin with so that output frame `frame` comes out as if all sound before it had been there, and the output
/// frame that it falls on. `reach`: input frames before an output frame that have a part in it.
fn begin_before(frame: u64, rate_in: u32, rate_out: f32, reach: u64) -> (u64, u64) {
    let (rate_in, rate_out) = (f64::from(rate_in), f64::from(rate_out));
    if rate_in == rate_out {
        return (frame, frame);
    }
    let latest = ((frame as f64 * rate_in / rate_out).floor() as u64).saturating_sub(reach);
    let mut best = (0, f64::INFINITY);
    for input in (latest.saturating_sub(SEARCH_FRAMES)..=latest).rev() {
        let position = input as f64 * rate_out / rate_in;
        let off = (position - position.round()).abs();
        if off < best.1 {
            best = (input, off);
        }
        if off < ON_GRID {
            break;
        }
    }
    (best.0, (best.0 as f64 * rate_out / rate_in).round() as u64)
}
