//! When frames were asked for: the audio thread has no clock, but whoever looks at the ledger has.

use std::collections::VecDeque;

/// Looks that are kept.
const SAMPLES: usize = 64;
/// Looks closer to one another than this are thinned out, in ms, so that what is kept covers 2.5 s at least.
const APART_MS: f64 = 40.0;

/// (time, frames asked for) at the latest looks.
#[derive(Debug)]
pub(super) struct Timeline {
    frames_per_ms: f64,
    samples: VecDeque<(f64, u64)>,
}

/// When a frame was asked for, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct When {
    /// As likely as not.
    pub at_ms: f64,
    /// Hardly before.
    pub earliest_ms: f64,
    /// Hardly after.
    pub latest_ms: f64,
    /// More was asked for around it than the time accounts for.
    pub rushed: bool,
}

impl When {
    /// The same, when something else says that it was at `ms`.
    pub fn corrected(&self, ms: f64) -> f64 {
        ms.max(self.earliest_ms).min(self.latest_ms)
    }

    /// Between the two, in ms.
    pub fn width_ms(&self) -> f64 {
        self.latest_ms - self.earliest_ms
    }
}

impl Timeline {
    pub fn new(sample_rate: f64) -> Self {
        Timeline {
            frames_per_ms: sample_rate / 1e3,
            samples: VecDeque::with_capacity(SAMPLES),
        }
    }

    pub fn frames_per_ms(&self) -> f64 {
        self.frames_per_ms
    }

    /// By `now_ms`, `asked` frames had been asked for.
    pub fn look(&mut self, now_ms: f64, asked: u64) {
        if let Some((latest_ms, frames)) = self.samples.back()
            && (now_ms < *latest_ms || asked < *frames)
        {
            // Clocks that are set back, or another output: what was known does not hold.
            self.samples.clear();
        }
        let before = self.samples.len().checked_sub(2).map(|before| self.samples[before].0);
        if before.is_some_and(|before_ms| now_ms - before_ms < APART_MS) {
            self.samples.pop_back();
        } else if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((now_ms, asked));
    }

    /// When `frame` was asked for, where one callback asks for `callback` frames.
    ///
    /// The frames asked for grow by one callback at a time, and nobody knows how long before a look the latest came. So it is between the two looks around it, and, while the device runs evenly, within
    /// one callback of the line through them. Where it stood still between them, it may be anywhere in between.
    pub fn asked(&self, frame: u64, callback: u64) -> When {
        let after = self.samples.iter().position(|(_, asked)| *asked > frame);
        let ms = |frames: u64| frames as f64 / self.frames_per_ms;
        let Some(after) = after else {
            // Not asked for yet: as soon as possible.
            let at_ms = self.samples.back().map_or(0.0, |(ms, _)| *ms);
            return When {
                at_ms,
                earliest_ms: at_ms,
                latest_ms: at_ms,
                rushed: false,
            };
        };
        let (to_ms, to) = self.samples[after];
        let latest_ms = to_ms - ms((to - frame).saturating_sub(callback));
        let Some((from_ms, from)) = after.checked_sub(1).map(|before| self.samples[before]) else {
            return When {
                at_ms: to_ms - ms(to - frame),
                earliest_ms: f64::NEG_INFINITY,
                latest_ms,
                rushed: false,
            };
        };
        let line_ms = from_ms + (to_ms - from_ms) * (frame - from) as f64 / (to - from) as f64;
        let earliest_ms = from_ms + ms((frame - from).saturating_sub(callback));
        if earliest_ms > latest_ms {
            // Frames that were asked for in no time.
            return When {
                at_ms: line_ms,
                earliest_ms: from_ms,
                latest_ms: to_ms,
                rushed: true,
            };
        }
        When {
            at_ms: line_ms.max(earliest_ms).min(latest_ms),
            earliest_ms,
            latest_ms,
            rushed: false,
        }
    }

    /// Whether there was a look at `ms` or later.
    pub fn reaches(&self, ms: f64) -> bool {
        self.samples.back().is_some_and(|(latest_ms, _)| *latest_ms >= ms)
    }

    /// The frame that was asked for at `at_ms`.
    pub fn frame_at(&self, at_ms: f64) -> u64 {
        let after = self.samples.iter().position(|(ms, _)| *ms > at_ms);
        match after.and_then(|after| Some((after.checked_sub(1)?, after))) {
            Some((before, after)) => {
                let ((from_ms, from), (to_ms, to)) = (self.samples[before], self.samples[after]);
                from + ((to - from) as f64 * (at_ms - from_ms) / (to_ms - from_ms)).round() as u64
            }
            None if after.is_some() => {
                let (first_ms, first) = self.samples[0];
                first.saturating_sub(((first_ms - at_ms) * self.frames_per_ms).round() as u64)
            }
            None => self.samples.back().map_or(0, |(_, asked)| *asked),
        }
    }

    /// The look before the latest, in ms.
    pub fn before_ms(&self) -> f64 {
        let before = self.samples.len().checked_sub(2).map(|before| self.samples[before].0);
        before.unwrap_or(f64::NEG_INFINITY)
    }
}
