//! Plays a list of files as one sound: gapless, with seeks and loops to the frame, whatever their rates and channels.
//!
//! ```text
//!  Opener -> Track (decodes) -> Converter (mix, resample) -> Fifo     stream.rs: one after the other, without a break
//!                                                              |
//!                                    loops, positions, counts  v     this module, region.rs
//!                                                             fill()
//! ```
//!
//! Channels are mixed as Web Audio's "speakers" interpretation does (<https://www.w3.org/TR/webaudio/#ChannelLayouts>). Where rates are equal, samples
//! pass unchanged; otherwise n frames become `round(n * rate_out / rate_in)`, without delay. Items that follow one another with the same rate and channels
//! are resampled as if they were one file.
//!
//! # Positions
//! An item's output frame k is its sound at `k / rate`. A seek to a second gives out, from the first frame on, what playing the item from its beginning gives from
//! frame `round(second * rate)` on: bit by bit if nothing is resampled or the rates have a small common ratio, and otherwise
//! to a fraction of a frame far below hearing.
//!
//! # Work
//! [`fill`](Player::fill) reads, decodes and resamples; each call does a bounded number of steps, of which only the last opens a
//! file or seeks. [`Source::render`] takes from what [`Source::prepare`] has decoded ahead, and allocates nothing as long as there is enough;
//! [`late_decodes`](Player::late_decodes) counts the calls for which there was not.

mod convert;
mod fifo;
mod items;
mod media;
mod mixdown;
mod region;
mod resample;
mod solo;
mod stream;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;

use std::collections::VecDeque;

use crate::error::{Error, in_range};
use crate::render::{RenderInfo, Source};
use crate::source::file::{FileInfo, Track};
use items::Items;
pub use media::MediaOpener;
pub use region::{FADE_SECONDS, LoopRegion, SHORTEST_LOOP};
use region::{Looping, Next};
pub use solo::{News, Solo};
use std::ops::RangeInclusive;
use stream::{Mark, Stream, Work};
pub use symphonia::core::io::MediaSource;

/// How much sound [`Source::prepare`] keeps decoded ahead, in seconds: more than a packet of any usual codec.
pub const AHEAD_SECONDS: f64 = 0.5;
/// Sound after which one [`Source::prepare`] stops, in seconds; decoding that takes about a millisecond.
const TURN_SECONDS: f64 = 0.05;
/// Steps after which one call stops even if there was no sound in them.
const TURN_STEPS: usize = 16;
/// Rates that go in and come out, in Hz.
const RATES: RangeInclusive<u32> = 1_000..=768_000;
/// Channels that go in and come out.
const CHANNELS: RangeInclusive<usize> = 1..=32;
/// The furthest second that can be asked for: a year.
const FURTHEST: f64 = 31_536_000.0;

/// An item of a playlist, which can be opened when it is needed.
pub trait Opener {
    /// What the person calls it; begins every message about it.
    fn name(&self) -> &str;

    /// Opens it, to be read from its beginning. Called when the item is about to be played, each time anew.
    ///
    /// # Errors
    /// [`Error::File`]: it cannot be played. The player goes on with the next item.
    fn open(&mut self) -> Result<Box<dyn Track>, Error>;
}

/// What follows an item, and the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeat {
    /// The next item; after the last the end.
    #[default]
    None,
    /// The same item again.
    One,
    /// The next item; after the last the first.
    All,
}

/// What [`Player::fill`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Frames written, from the start of the buffer.
    pub frames: usize,
    /// Why there are no more.
    pub state: State,
}

/// How it goes on after [`Player::fill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The buffer is full, or the call did as much work as one call may do: call again.
    Go,
    /// Another decoder (the browser's) has to answer first: return to the event loop, then call again.
    Waiting,
    /// Everything was given out. Only a seek or more items bring more.
    Ended,
}

/// From here on other sound is given out: another item, another pass of a loop, or the target of a seek.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// The first frame of it, counted from the last [`seek`](Player::seek) or [`set_items`](Player::set_items).
    pub at: u64,
    /// Number of the item, from 0.
    pub item: u32,
    /// Position of that frame in the item, in seconds.
    pub seconds: f64,
}

/// An item that could not be played, or not to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Number of the item, from 0.
    pub item: usize,
    /// What is wrong.
    pub error: Error,
}

/// The frame that is given out next.
#[derive(Debug, Clone, Copy)]
struct Here {
    item: usize,
    /// Output frame of the item.
    frame: u64,
    /// Whether it lies on the item's own grid.
    exact: bool,
}

/// A playlist as one stream of frames in the output's rate and channels. See the [module](self).
///
/// Damaged packets are left out and counted. A file that is cut off plays to the cut; [`take_failures`](Player::take_failures)
/// then says where that was.
pub struct Player {
    rate: f32,
    channels: usize,
    items: Items,
    stream: Stream,
    here: Option<Here>,
    looping: Option<Looping>,
    /// The sound comes out of the loop's head; the stream goes on where that ends.
    in_head: bool,
    /// Frames into the fade at a loop's end, while there is one.
    fading: Option<usize>,
    /// Frames given out since the last seek.
    given: u64,
    segments: VecDeque<Segment>,
    waiting: bool,
    late: u64,
}

impl Player {
    /// A player without items. `sample_rate` (1,000 to 768,000 Hz) and `channels` (1 to 32) are the output's.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(sample_rate: f32, channels: usize) -> Result<Player, Error> {
        let (slowest, fastest) = (f64::from(*RATES.start()), f64::from(*RATES.end()));
        in_range("the output's sample rate", f64::from(sample_rate), slowest, fastest, " Hz")?;
        let (fewest, most) = (*CHANNELS.start() as f64, *CHANNELS.end() as f64);
        in_range("the output's channel count", channels as f64, fewest, most, "")?;
        Ok(Player {
            rate: sample_rate,
            channels,
            items: Items::default(),
            stream: Stream::new(sample_rate, channels, frames_in(AHEAD_SECONDS, sample_rate)),
            here: None,
            looping: None,
            in_head: false,
            fading: None,
            given: 0,
            segments: VecDeque::with_capacity(64),
            waiting: false,
            late: 0,
        })
    }

    /// A player of one file, opened and decoded [`AHEAD_SECONDS`] ahead. `name` is what the person calls the file.
    ///
    /// # Errors
    /// [`Error::File`] if nothing of it can be played; [`Error::OutOfRange`] for the output's figures.
    pub fn play_file(media: Box<dyn MediaSource>, name: &str, sample_rate: f32, channels: usize) -> Result<Player, Error> {
        let mut player = Player::new(sample_rate, channels)?;
        player.set_items(vec![Box::new(MediaOpener::new(media, name))], 0);
        player.open()?;
        while player.prepare() {}
        Ok(player)
    }

    /// Plays other items, from the beginning of number `first` (the last one if there are fewer). Forgets the old ones, the loop, and their failures.
    pub fn set_items(&mut self, items: Vec<Box<dyn Opener>>, first: usize) {
        self.items = Items::new(items, self.items.repeat);
        self.stream.forget();
        self.looping = None;
        let last = self.items.len().checked_sub(1);
        self.restart(last.map(|last| (first.min(last), 0)));
    }

    /// Adds an item to the end of the list. If everything was played, the player goes on with it.
    pub fn append(&mut self, item: Box<dyn Opener>) {
        self.items.append(item);
        self.stream.resume(&self.items);
    }

    /// Goes on after the end if something follows it now; returns whether there is more to give out.
    pub fn resume(&mut self) -> bool {
        self.stream.resume(&self.items);
        self.has_more()
    }

    /// The output's rate in Hz.
    pub fn sample_rate(&self) -> f32 {
        self.rate
    }

    /// Opens the current item and decodes its first sound, so that a refusal is known now rather than from [`take_failures`](Player::take_failures).
    /// Does nothing if it is open, and no more than it can while another decoder has to answer.
    ///
    /// # Errors
    /// [`Error::File`]. The player is then set to go on with the next item.
    pub fn open(&mut self) -> Result<(), Error> {
        let known = self.items.failure_count();
        while self.stream.len() == 0 && self.stream.wants_work(None) {
            if self.step() == Work::Waiting {
                break;
            }
            if let Some(failure) = self.items.take_failure_after(known)
                && self.stream.len() == 0
            {
                return Err(failure.error);
            }
        }
        Ok(())
    }

    /// Whether nothing is there and another decoder has to answer first.
    pub fn is_waiting(&self) -> bool {
        self.waiting && self.stream.len() == 0 && !self.in_head
    }

    /// Writes the next frames to the start of `out` (interleaved). Fewer than fit if the [state](Filled::state) says so, and also after a
    /// bounded amount of work: [`State::Go`] with few frames or none means that more calls will bring more.
    pub fn fill(&mut self, out: &mut [f32]) -> Filled {
        let wanted = out.len() / self.channels;
        let mut frames = 0;
        let mut steps = 0;
        let state = loop {
            frames += self.take(&mut out[frames * self.channels..wanted * self.channels]);
            if frames == wanted {
                break State::Go;
            }
            if !self.has_more() {
                break State::Ended;
            }
            if steps == TURN_STEPS || (steps + frames > 0 && self.stream.is_opening()) {
                break State::Go;
            }
            steps += 1;
            if self.step() == Work::Waiting {
                break State::Waiting;
            }
        };
        Filled { frames, state }
    }

    /// Goes to a second of an item. It is opened, if need be, by the next [`fill`](Player::fill); if it cannot be, that goes on with the next item.
    /// A second beyond its end means the next item's beginning. A loop stays set; beyond its end it has no effect.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there is no such item, or `seconds` is not 0 to 31,536,000. Nothing happens then.
    pub fn seek(&mut self, item: usize, seconds: f64) -> Result<(), Error> {
        self.again(item, seconds)?;
        self.items.ask_for(item);
        Ok(())
    }

    /// As [`seek`](Player::seek), to sound that was given out before: what failed then is not news.
    ///
    /// # Errors
    /// As there.
    pub fn again(&mut self, item: usize, seconds: f64) -> Result<(), Error> {
        self.check_item(item)?;
        in_range("the position", seconds, 0.0, FURTHEST, " s")?;
        let frame = (seconds * f64::from(self.rate)).round() as u64;
        self.restart(Some((item, frame)));
        Ok(())
    }

    /// Repeats a stretch of an item, or none. A pass lasts `round((end - start) * rate)` frames. It takes effect when the sound comes to
    /// the stretch's end; sound that is beyond it plays on. If the item turns out to end less than [`SHORTEST_LOOP`] after the start,
    /// there is no loop.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if there is no such item, a figure is not 0 to 31,536,000, the loop is shorter than [`SHORTEST_LOOP`], or it
    /// begins too late in an item whose length is known. The loop stays what it was.
    pub fn set_loop(&mut self, region: Option<LoopRegion>) -> Result<(), Error> {
        if let Some(LoopRegion { item, start, end }) = region {
            self.check_item(item)?;
            let info = self.items.info(item);
            let length = info.and_then(|info| Some(info.frames? as f64 / f64::from(info.sample_rate)));
            let latest = length.map_or(FURTHEST, |length| (length - SHORTEST_LOOP).max(0.0));
            in_range("the loop's start", start, 0.0, latest, " s")?;
            // Half a microsecond for what was reckoned in seconds.
            in_range("the loop's length", end - start, SHORTEST_LOOP - 5e-7, FURTHEST, " s")?;
            if length.is_some_and(|length| length < SHORTEST_LOOP) {
                in_range(
                    "the length of what is to be looped",
                    length.unwrap_or(0.0),
                    SHORTEST_LOOP,
                    FURTHEST,
                    " s",
                )?;
            }
        }
        if self.in_head
            && let Some(here) = self.here
        {
            self.in_head = false;
            self.stream.go(here.item, here.frame);
        }
        self.fading = None;
        self.looping = region.map(|region| Looping::new(region, self.rate, self.channels));
        Ok(())
    }

    /// Whether a loop is set.
    pub fn has_loop(&self) -> bool {
        self.looping.is_some()
    }

    /// What follows an item. Takes effect at the end of the one that is being decoded. Returns what it was.
    pub fn set_repeat(&mut self, repeat: Repeat) -> Repeat {
        std::mem::replace(&mut self.items.repeat, repeat)
    }

    /// The oldest segment not asked for yet. Those of one [`fill`](Player::fill) are there when it returns.
    pub fn next_segment(&mut self) -> Option<Segment> {
        self.segments.pop_front()
    }

    /// The items that failed since this was last asked. An item that fails again and again is reported once, until it is sought.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        self.items.take_failures()
    }

    /// What is known about an item that was opened.
    pub fn info(&self, item: usize) -> Option<&FileInfo> {
        self.items.info(item)
    }

    /// Packets so far that could not be decoded and were left out, of all items.
    pub fn skipped_packets(&self) -> u64 {
        self.stream.skipped_packets()
    }

    /// Calls of [`Source::render`] so far that had to decode because too little was ready. Those may have allocated.
    pub fn late_decodes(&self) -> u64 {
        self.late
    }

    fn check_item(&self, item: usize) -> Result<(), Error> {
        let last = self.items.len() as f64 - 1.0;
        in_range("the item's number", item as f64, 0.0, last, " in this list").map(|_| ())
    }

    /// Begins to count anew, at an output frame of an item or nowhere.
    fn restart(&mut self, target: Option<(usize, u64)>) {
        if let Some((item, frame)) = target {
            self.stream.go(item, frame);
        }
        self.here = None;
        self.in_head = false;
        self.fading = None;
        self.given = 0;
        self.segments.clear();
        self.waiting = false;
    }

    /// The item whose end the loop will leave.
    fn held_item(&self) -> Option<usize> {
        let looping = self.looping.as_ref()?;
        let ahead = self
            .here
            .is_none_or(|here| here.item != looping.item || looping.is_ahead_of(here.frame));
        ahead.then_some(looping.item)
    }

    fn step(&mut self) -> Work {
        let hold = self.held_item();
        let work = self.stream.work(&mut self.items, hold);
        self.waiting = work == Work::Waiting;
        work
    }

    /// Whether anything can still come.
    fn has_more(&self) -> bool {
        self.in_head || self.stream.len() > 0 || !self.stream.is_over()
    }

    /// Gives out what is ready, as much as fits into `out` (whole frames). Allocates nothing but for more than 64 segments at once.
    fn take(&mut self, out: &mut [f32]) -> usize {
        let mut done = 0;
        let wanted = out.len() / self.channels;
        while done < wanted {
            if !self.in_head
                && let Some(mark) = self.stream.pop_mark()
            {
                self.arrive(mark);
            }
            let Some(here) = self.here else { break };
            let mut limit = wanted - done;
            let mut inside = false;
            if let Some(looping) = &mut self.looping
                && looping.item == here.item
                && looping.is_ahead_of(here.frame)
                && (self.in_head || self.stream.len() > 0 || self.stream.left().is_some())
            {
                inside = true;
                let next = if self.in_head {
                    looping.next_in_head(here.frame)
                } else {
                    looping.next(here.frame, &self.stream)
                };
                match next {
                    Next::Play(frames) => limit = limit.min(frames),
                    Next::Jump => {
                        self.jump();
                        continue;
                    }
                    Next::Drop => {
                        self.looping = None;
                        continue;
                    }
                }
            }
            let out = &mut out[done * self.channels..][..limit * self.channels];
            let frames = self.copy(here, out, inside);
            if frames == 0 {
                if self.in_head {
                    // The head is over.
                    self.in_head = false;
                    continue;
                }
                break;
            }
            done += frames;
        }
        done
    }

    /// Moves the next frames to `out`, from the head or the stream, and fades; returns how many.
    fn copy(&mut self, here: Here, out: &mut [f32], inside: bool) -> usize {
        let channels = self.channels;
        let mut coming = [0.0; 2 * 32];
        let mut ahead = 0;
        if self.fading == Some(0) {
            // What the fade may depend on: the two frames to come, however few are asked for.
            let coming = &mut coming[..2 * channels];
            ahead = match &self.looping {
                Some(looping) if self.in_head => {
                    let head = looping.head(here.frame);
                    let known = head.len().min(coming.len());
                    coming[..known].copy_from_slice(&head[..known]);
                    known
                }
                _ => self.stream.peek(coming) * channels,
            };
            if !self.in_head && ahead < coming.len() && self.stream.left().is_none() {
                return 0;
            }
        }
        let frames = if self.in_head {
            let head = self.looping.as_ref().map_or(&[][..], |looping| looping.head(here.frame));
            let len = head.len().min(out.len());
            out[..len].copy_from_slice(&head[..len]);
            len / channels
        } else {
            self.stream.pop(out)
        };
        let out = &mut out[..frames * channels];
        if let Some(looping) = &mut self.looping {
            if inside && !self.in_head && here.exact {
                looping.keep(here.frame, out);
            }
            if let Some(at) = self.fading
                && frames > 0
            {
                self.fading = looping.fade(at, out, &coming[..ahead]).then_some(at + frames);
            }
        }
        self.here = Some(Here {
            frame: here.frame + frames as u64,
            ..here
        });
        self.given += frames as u64;
        frames
    }

    /// Another stretch of the stream begins.
    fn arrive(&mut self, mark: Mark) {
        let goes_on = self
            .here
            .is_some_and(|here| here.exact && mark.exact && (here.item, here.frame) == (mark.item, mark.frame));
        if !goes_on {
            self.tell(mark.item, mark.seconds);
        }
        if self.here.is_some_and(|here| here.item != mark.item) {
            self.fading = None;
        }
        self.here = Some(Here {
            item: mark.item,
            frame: mark.frame,
            exact: mark.exact,
        });
    }

    fn tell(&mut self, item: usize, seconds: f64) {
        // Left again before a frame of it was given out: a seek to where a loop goes back.
        if self.segments.back().is_some_and(|last| last.at == self.given) {
            self.segments.pop_back();
        }
        self.segments.push_back(Segment {
            at: self.given,
            item: item as u32,
            seconds,
        });
    }

    /// Goes back to the loop's start.
    fn jump(&mut self) {
        let Some(looping) = &mut self.looping else { return };
        let (back, fade) = looping.jump((!self.in_head).then_some(&self.stream));
        self.fading = (fade > 0).then_some(0);
        let item = looping.item;
        if looping.head(back).is_empty() {
            self.in_head = false;
            self.stream.go(item, back);
        } else {
            if !self.in_head {
                if looping.goes_beyond_head() {
                    self.stream.go(item, looping.head_end());
                } else {
                    self.stream.park();
                }
            }
            self.in_head = true;
        }
        self.here = Some(Here {
            item,
            frame: back,
            exact: true,
        });
        self.tell(item, back as f64 / f64::from(self.rate));
    }

    fn wants_more(&self) -> bool {
        self.stream.len() < frames_in(AHEAD_SECONDS, self.rate) && self.stream.wants_work(self.held_item())
    }
}

impl Source for Player {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        debug_assert_eq!(info.channels, self.channels);
        let frames = block.len() / self.channels;
        let mut written = self.take(block);
        if written < frames && self.has_more() {
            self.late += 1;
            loop {
                let filled = self.fill(&mut block[written * self.channels..]);
                written += filled.frames;
                match filled.state {
                    State::Go if written < frames => {}
                    State::Go | State::Ended => break,
                    State::Waiting => {
                        // Less than was asked for would be the end. Who asks for no more than is available never comes here.
                        block[written * self.channels..].fill(0.0);
                        written = frames;
                        break;
                    }
                }
            }
        }
        self.segments.clear();
        written
    }

    fn available(&mut self) -> usize {
        if self.waiting && self.stream.len() == 0 && !self.in_head {
            self.step();
        }
        if self.waiting { self.stream.len() } else { usize::MAX }
    }

    fn prepare(&mut self) -> bool {
        let enough = self.stream.len() + frames_in(TURN_SECONDS, self.rate);
        let mut steps = 0;
        while self.wants_more() && self.stream.len() < enough && steps < TURN_STEPS {
            if self.step() == Work::Waiting {
                return false;
            }
            steps += 1;
        }
        self.wants_more()
    }

    fn failure(&self) -> Option<String> {
        self.items.latest_failure().map(|failure| failure.error.to_string())
    }
}

fn frames_in(seconds: f64, rate: f32) -> usize {
    (seconds * f64::from(rate)) as usize
}
