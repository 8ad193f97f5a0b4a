//! What the page saw, kept as long as it may explain something.

use std::collections::VecDeque;

use super::Sight;
use super::entry::Evidence;

/// Spans of each sort that are kept.
const SPANS: usize = 256;
/// Looks at the device's count this far apart tell nothing of what was between, in ms.
const UNWATCHED_MS: f64 = 2_500.0;
/// The device lacked all of the time between two looks if the browser counts so much of it: it brings its count up to date once a second, by its own clock.
const FILLED_SHARE: f64 = 0.8;

/// From when until when; the latter is infinite for what goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub from_ms: f64,
    pub to_ms: f64,
}

impl Span {
    /// For how long the two overlap, in ms; `None` where they do not even touch.
    fn shared_ms(&self, other: &Span) -> Option<f64> {
        let shared_ms = self.to_ms.min(other.to_ms) - self.from_ms.max(other.from_ms);
        (shared_ms >= 0.0).then_some(shared_ms)
    }
}

/// The latest spans of one sort, with what is to be known of each.
#[derive(Debug)]
struct Spans<T>(VecDeque<(Span, T)>);

impl<T> Default for Spans<T> {
    fn default() -> Self {
        Spans(VecDeque::new())
    }
}

impl<T> Spans<T> {
    /// One that began when a known one did is that one.
    fn tell(&mut self, span: Span, what: T) {
        if let Some(known) = self.0.iter_mut().rev().find(|(known, _)| known.from_ms == span.from_ms) {
            *known = (span, what);
            return;
        }
        if self.0.len() == SPANS {
            self.0.pop_front();
        }
        self.0.push_back((span, what));
    }

    fn within<'a>(&'a self, window: &'a Span) -> impl Iterator<Item = (f64, &'a T)> {
        self.0.iter().filter_map(|(span, what)| Some((span.shared_ms(window)?, what)))
    }

    fn ms_within(&self, window: &Span) -> f64 {
        // Not sum(): that of nothing is -0.0.
        self.within(window).fold(0.0, |all, (ms, _)| all + ms)
    }
}

/// What came of a look at the device's count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DeviceGap {
    /// When they can have begun at the latest.
    pub at_ms: f64,
    /// Counted since the look before.
    pub events: u64,
    /// Their length in ms.
    pub ms: f64,
    /// Whether it is the same gap as before, seen by the next look.
    pub goes_on: bool,
}

/// All that the page saw.
#[derive(Debug, Default)]
pub(super) struct Sights {
    long_tasks: Option<Spans<()>>,
    hidden: Spans<()>,
    contexts: Spans<&'static str>,
    still: Spans<()>,
    /// Looks at the device's count: from the one before, with what was counted since.
    device: Option<Spans<u64>>,
    device_looked_ms: f64,
    /// Whether what is counted next may be the same gap.
    device_may_go_on: bool,
}

impl Sights {
    /// Takes over what was seen; what a look at the device's count brought, if it was one.
    pub fn saw(&mut self, sight: Sight) -> Option<DeviceGap> {
        let span = |from_ms: f64, ms: f64| Span {
            from_ms,
            to_ms: from_ms + ms,
        };
        match sight {
            Sight::LongTask { at_ms, ms } => {
                let tasks = self.long_tasks.get_or_insert_default();
                if ms > 0.0 {
                    tasks.tell(span(at_ms, ms), ());
                }
            }
            Sight::Hidden { at_ms, ms } => self.hidden.tell(span(at_ms, ms), ()),
            Sight::StoodStill { at_ms, ms } => self.still.tell(span(at_ms, ms), ()),
            Sight::Context {
                at_ms,
                state,
                ms: Some(ms),
            } => self.contexts.tell(span(at_ms, ms), state),
            Sight::Context { at_ms, state, ms: None } => {
                for (known, _) in self.contexts.0.iter_mut().filter(|(known, _)| known.to_ms == f64::INFINITY) {
                    known.to_ms = at_ms.max(known.from_ms);
                }
                self.contexts.tell(span(at_ms, f64::INFINITY), state);
            }
            Sight::Device { at_ms, events, seconds } => return Some(self.device(at_ms, events, seconds)),
        }
        None
    }

    fn device(&mut self, at_ms: f64, events: u64, seconds: f64) -> DeviceGap {
        let known = self.device.is_some();
        let looks = self.device.get_or_insert_default();
        let ms = seconds.max(0.0) * 1e3;
        let goes_on = known
            && at_ms - self.device_looked_ms < UNWATCHED_MS
            && self.device_may_go_on
            && looks.0.back().is_some_and(|(before, _)| before.to_ms == self.device_looked_ms);
        let gap = DeviceGap {
            at_ms: if known {
                (at_ms - ms).max(self.device_looked_ms)
            } else {
                at_ms - ms
            },
            events,
            ms,
            goes_on,
        };
        // Where two looks meet it may be one gap. What goes on beyond the second has filled all of it; else these are gaps of their own.
        self.device_may_go_on = gap.is_there() && (!goes_on || ms >= FILLED_SHARE * (at_ms - self.device_looked_ms));
        // Only what was counted is kept.
        if gap.is_there() {
            let from_ms = if known { self.device_looked_ms } else { at_ms - ms };
            looks.tell(Span { from_ms, to_ms: at_ms }, events);
        }
        self.device_looked_ms = at_ms;
        gap
    }

    /// Whether the context was suspended or interrupted, or everything stood still, for some of the time.
    pub fn suspended(&self, window: &Span) -> bool {
        let asleep = |state: &str| matches!(state, "suspended" | "interrupted");
        self.still.ms_within(window) > 0.0 || self.contexts.within(window).any(|(ms, state)| ms > 0.0 && asleep(state))
    }

    /// Writes what was seen within `window` into `evidence`.
    pub fn testify(&self, window: &Span, evidence: &mut Evidence) {
        evidence.long_tasks_ms = self.long_tasks.as_ref().map(|tasks| tasks.ms_within(window));
        evidence.hidden_ms = self.hidden.ms_within(window);
        evidence.stood_still_ms = self.still.ms_within(window);
        evidence.context = (self.contexts.within(window))
            .filter(|(_, state)| **state != "running")
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .map(|(_, state)| *state);
        evidence.device_underruns = self
            .device
            .as_ref()
            .map(|looks| looks.within(window).map(|(_, events)| events).sum());
    }
}

impl DeviceGap {
    /// Whether anything was counted.
    pub fn is_there(&self) -> bool {
        self.events > 0 || self.ms > 0.0
    }
}
