//! A stretch of an item, repeated without a click.
//!
//! At the loop's end the sound that would follow it is faded out while the sound that follows its start is faded in, over
//! [`FADE_SECONDS`]. Both gains add up to 1 (equal gain): what is alike on both sides stays as it is, so that a loop that is
//! cyclic in itself passes bit by bit, and where both sides have nothing in common the level dips by 3 dB. Where too little follows the end (the file
//! is over) the fade lies as much earlier, and what precedes the start takes part instead. Where neither exists (the whole file is
//! the loop), the joint is left alone if it is as smooth as what precedes it, which is how loops are cut by hand; otherwise the sound
//! is carried on beyond its end as its own point reflection, which has the same value and slope there, and faded.

use super::stream::Stream;
use std::f64::consts::PI;

/// Length of the fade at a loop's end, in seconds.
pub const FADE_SECONDS: f64 = 0.005;
/// Shortest loop, in seconds: ten fades.
pub const SHORTEST_LOOP: f64 = 0.05;
/// How much of a loop's beginning is kept in memory, in seconds, so that the file is sought in ahead of need (and not at all for shorter loops) …
const HEAD_SECONDS: f64 = 2.0;
/// … and in samples (4 MiB).
const HEAD_SAMPLES: usize = 1 << 20;
/// How much larger the second difference at a joint may be than the largest in the fade's length before it.
const SMOOTH: f32 = 2.0;
/// A second difference that is nothing: that of a rounding error of 16-bit sound.
const ROUNDING: f32 = 4.0 / 32_768.0;

/// What [`set_loop`](super::Player::set_loop) repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopRegion {
    /// Number of the item, from 0.
    pub item: usize,
    /// The first second repeated, from the item's beginning, 0 or more.
    pub start: f64,
    /// The second at which the sound goes back to `start`, at least [`SHORTEST_LOOP`] later. Beyond the item's end means its end.
    pub end: f64,
}

/// How the loop's end is left.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Plan {
    /// The first output frame that is no longer played.
    leave: u64,
    /// The one played instead.
    back: u64,
    /// Frames faded.
    fade: usize,
    /// Whether what is faded out was made up because nothing follows; whether that is needed is then found out once.
    made_up: bool,
    /// Whether it was made up from less than a fade's length, because a seek led right before the end.
    poor: bool,
}

/// What the loop wants at a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// Play on, at most so many frames; more must be decoded if there are none.
    Play(usize),
    /// Go back.
    Jump,
    /// The item turned out too short: there is no loop.
    Drop,
}

/// A loop while it is set. Positions are output frames of the item.
pub(super) struct Looping {
    pub(super) item: usize,
    start: u64,
    end: u64,
    shortest: u64,
    channels: usize,
    /// Frames of a whole fade.
    whole: usize,
    plan: Option<Plan>,
    /// What is faded out: a whole fade's room.
    over: Vec<f32>,
    /// The frames before the end that `over` was made up from.
    before: Vec<f32>,
    /// The loop's first frames, from `head_from` on.
    head: Vec<f32>,
    head_from: u64,
    /// Frames of `head` that there is a use for.
    head_room: usize,
}

impl Looping {
    /// A valid region. Allocates all it will ever need.
    pub(super) fn new(region: LoopRegion, rate: f32, channels: usize) -> Self {
        let rate = f64::from(rate);
        let start = (region.start * rate).round() as u64;
        let end = start + ((region.end - region.start) * rate).round() as u64;
        let whole = ((FADE_SECONDS * rate).round() as usize).max(4);
        let head_from = start - start.min(whole as u64);
        let most = ((HEAD_SECONDS * rate) as usize).min(HEAD_SAMPLES / channels) as u64;
        let head_room = (end - head_from).min(most) as usize;
        Looping {
            item: region.item,
            start,
            end,
            shortest: (SHORTEST_LOOP * rate) as u64,
            channels,
            whole,
            plan: None,
            over: vec![0.0; whole * channels],
            before: Vec::with_capacity(whole * channels),
            head: Vec::with_capacity(head_room * channels),
            head_from,
            head_room,
        }
    }

    /// Whether a sound at that frame comes to the loop's end.
    pub(super) fn is_ahead_of(&self, frame: u64) -> bool {
        match self.plan {
            Some(plan) => frame <= plan.leave,
            None => frame < self.end,
        }
    }

    /// Frames that must be decoded ahead so that the end of the file is seen before the fade would begin.
    pub(super) fn lookahead(&self) -> usize {
        2 * self.whole
    }

    /// What to do at a frame that the loop's end lies ahead of, with the stream that goes on there.
    pub(super) fn next(&mut self, frame: u64, stream: &Stream) -> Next {
        let (ready, left) = (stream.len(), stream.left());
        self.plan.take_if(|plan| plan.poor && frame + self.whole as u64 <= plan.leave);
        if let Some(plan) = self.plan {
            let over = left.is_some_and(|left| left == 0);
            let faded = plan.made_up || left.is_some() || ready >= plan.fade;
            return match plan.leave - frame {
                // Sooner than the last time: a damaged file.
                _ if over => Next::Jump,
                0 if faded => Next::Jump,
                rest => Next::Play(rest as usize),
            };
        }
        if let Some(left) = left {
            self.end = self.end.min(frame + left as u64);
            if self.end < self.start + self.shortest {
                return Next::Drop;
            }
        }
        let rest = (self.end - frame) as usize;
        match left {
            _ if rest > self.whole => {
                let seen = if left.is_some() {
                    usize::MAX
                } else {
                    ready.saturating_sub(self.lookahead())
                };
                Next::Play(seen.min(rest - self.whole))
            }
            None if ready < rest + self.whole => Next::Play(0),
            _ => {
                self.make_plan(rest, left, stream);
                // With a fade that had to begin before this, it is too late to go back.
                if self.is_ahead_of(frame) {
                    self.next(frame, stream)
                } else {
                    Next::Play(rest)
                }
            }
        }
    }

    /// As [`next`](Looping::next) while the sound comes out of the head.
    pub(super) fn next_in_head(&self, frame: u64) -> Next {
        match self.plan {
            Some(plan) if frame == plan.leave => Next::Jump,
            Some(plan) => Next::Play((plan.leave - frame).min(self.head_end() - frame) as usize),
            None => Next::Play((self.head_end() - frame) as usize),
        }
    }

    /// Decides how to leave the end, which is `rest` frames away (a fade or less); `left`: frames of the item, if known.
    fn make_plan(&mut self, rest: usize, left: Option<usize>, stream: &Stream) {
        let after = left.map_or(self.whole, |left| (left - rest).min(self.whole));
        let earlier = (self.whole - after).min(usize::try_from(self.start).unwrap_or(usize::MAX));
        let fade = after + earlier;
        if 4 * fade >= self.whole {
            self.plan = Some(Plan {
                leave: self.end - earlier as u64,
                back: self.start - earlier as u64,
                fade,
                made_up: false,
                poor: false,
            });
            return;
        }
        self.before.resize(rest * self.channels, 0.0);
        let known = stream.peek(&mut self.before);
        self.before.truncate(known * self.channels);
        self.plan = Some(Plan {
            leave: self.end,
            back: self.start,
            fade: self.make_up(),
            made_up: true,
            poor: known < self.whole,
        });
    }

    /// Carries on the frames before the end as their own point reflection; returns how many frames that makes.
    fn make_up(&mut self) -> usize {
        let channels = self.channels;
        let Some(end) = (self.before.len() / channels).checked_sub(1) else {
            return 0;
        };
        for (step, frame) in self.over.chunks_exact_mut(channels).take(end).enumerate() {
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample = 2.0 * self.before[end * channels + channel] - self.before[(end - 1 - step) * channels + channel];
            }
        }
        end.min(self.whole)
    }

    /// Leaves the end: returns the frame to go on with and how many frames are to be faded. `stream`: what the sound came from, if not from the head.
    pub(super) fn jump(&mut self, stream: Option<&Stream>) -> (u64, usize) {
        let Some(mut plan) = self.plan else { return (self.start, 0) };
        match stream {
            Some(stream) if !plan.made_up => {
                let left = stream.left().unwrap_or(usize::MAX).min(plan.fade);
                plan.fade = stream.peek(&mut self.over[..left * self.channels]);
            }
            None if plan.poor => {
                let tail = self.head.len().saturating_sub(self.whole * self.channels);
                self.before.clear();
                self.before.extend_from_slice(&self.head[tail..]);
                (plan.fade, plan.poor) = (self.make_up(), false);
            }
            _ => {}
        }
        self.plan = Some(plan);
        (plan.back, plan.fade)
    }

    /// Fades what followed the end into `out`, the frames that follow the start, which are `at` frames into the fade. `coming`: those
    /// and more after them. Returns whether the fade goes on: it does not where the joint is smooth without it.
    pub(super) fn fade(&mut self, at: usize, out: &mut [f32], coming: &[f32]) -> bool {
        let Some(plan) = &mut self.plan else { return false };
        if plan.made_up && at == 0 && is_smooth(&self.before, coming, self.channels) {
            plan.fade = 0;
            return false;
        }
        let frames = out.chunks_exact_mut(self.channels);
        let over = self.over[at * self.channels..plan.fade * self.channels].chunks_exact(self.channels);
        for (step, (frame, over)) in frames.zip(over).enumerate() {
            let phase = (at + step + 1) as f64 / (plan.fade + 1) as f64;
            let gain = (0.5 + 0.5 * (PI * phase).cos()) as f32;
            for (sample, over) in frame.iter_mut().zip(over) {
                // In this form, equal samples stay exactly what they are.
                *sample += gain * (over - *sample);
            }
        }
        at + out.len() / self.channels < plan.fade
    }

    /// Keeps those of the item's frames, which begin at `frame`, that belong to the head. Allocates nothing.
    pub(super) fn keep(&mut self, frame: u64, frames: &[f32]) {
        let Some(skip) = self.head_end().checked_sub(frame) else { return };
        let wanted = (self.head_room - self.head.len() / self.channels) * self.channels;
        let frames = frames.get(skip as usize * self.channels..).unwrap_or(&[]);
        self.head.extend_from_slice(&frames[..frames.len().min(wanted)]);
    }

    /// The first frame after those kept.
    pub(super) fn head_end(&self) -> u64 {
        self.head_from + (self.head.len() / self.channels) as u64
    }

    /// Whether the stream is needed once the head is over.
    pub(super) fn goes_beyond_head(&self) -> bool {
        self.plan.is_none_or(|plan| self.head_end() < plan.leave)
    }

    /// The frames kept from `frame` on.
    pub(super) fn head(&self, frame: u64) -> &[f32] {
        let from = frame.saturating_sub(self.head_from) as usize * self.channels;
        self.head.get(from..).unwrap_or(&[])
    }
}

/// Whether the sound bends no more where `before` meets `after` than it does before, in any channel.
fn is_smooth(before: &[f32], after: &[f32], channels: usize) -> bool {
    let bend = |a: f32, b: f32, c: f32| (a - 2.0 * b + c).abs();
    let (old, new) = (before.len() / channels, after.len() / channels);
    if old < 3 || new < 2 {
        return false;
    }
    (0..channels).all(|channel| {
        let old_at = |frame: usize| before[frame * channels + channel];
        let new_at = |frame: usize| after[frame * channels + channel];
        let usual = (2..old).map(|n| bend(old_at(n - 2), old_at(n - 1), old_at(n))).fold(0.0, f32::max);
        let joint = bend(old_at(old - 2), old_at(old - 1), new_at(0)).max(bend(old_at(old - 1), new_at(0), new_at(1)));
        joint <= SMOOTH * usual + ROUNDING
    })
}
