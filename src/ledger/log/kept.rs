//! A listed event with what is needed to go on with it.

use super::entry::{EventKind, Evidence, LogEntry};
use super::sights::{Sights, Span};
use super::timeline::{Timeline, When};
use crate::ledger::{
    Cause, Circumstances, Ending, OverrunEvent, ProducerAccount, SlipEvent, SlipKind, UnderrunEvent, cause, overrun_cause,
};

/// What lies this close before an event counts as being there when it began, in ms, as long as nobody knows more.
const NEAR_MS: f64 = 50.0;
/// How long after the latest news of an event the page may still hear of what explains it, in ms: long tasks and stand-stills are told late, the device's count is looked at once a second.
const SETTLE_MS: f64 = 2_000.0;

/// What comes of an event comes within this time after it, in ms, if at all.
const ECHO_MS: f64 = 1_000.0;

/// What is the same for all events.
#[derive(Debug)]
pub(super) struct Scene {
    /// The latest look, in ms since the epoch.
    pub now_ms: f64,
    pub timeline: Timeline,
    pub sights: Sights,
    /// The device's usual callback.
    pub callback_frames: Option<u64>,
    /// The render quantum.
    pub quantum: u64,
    /// Callbacks are now and then longer by one: what the hardware takes is no whole quanta.
    pub longer_callbacks: bool,
    /// The producer was found lost.
    pub lost: bool,
    /// Nothing more is to come.
    pub over: bool,
}

impl Scene {
    pub fn new(sample_rate: f64) -> Self {
        Scene {
            now_ms: f64::NEG_INFINITY,
            timeline: Timeline::new(sample_rate),
            sights: Sights::default(),
            callback_frames: None,
            quantum: 0,
            longer_callbacks: false,
            lost: false,
            over: false,
        }
    }

    /// In what steps frames are asked for.
    fn step(&self) -> u64 {
        self.callback_frames.unwrap_or(0).max(self.quantum)
    }

    /// What one callback takes as a rule, at most.
    fn taken_at_once(&self) -> Option<u64> {
        let longer = if self.longer_callbacks { self.quantum } else { 0 };
        self.callback_frames.map(|usual| usual + longer)
    }

    fn ms(&self, frames: u64) -> f64 {
        frames as f64 / self.timeline.frames_per_ms()
    }
}

/// What the snapshot says of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum News {
    Underrun(UnderrunEvent, Option<ProducerAccount>),
    Overrun(OverrunEvent),
    Slip(SlipEvent),
    /// (when, frames, times counted)
    Device(f64, u64, u64),
}

/// A listed event.
#[derive(Debug)]
pub(super) struct Kept {
    pub entry: LogEntry,
    news: News,
    when: When,
    /// Its frame is known: there was a look after it.
    placed: bool,
    /// Until when it lasted, on the page's clock; only for what has ended.
    ended_ms: Option<f64>,
    /// The look that brought the account. Clocks of page and worker may disagree: it was written before.
    account_by_ms: f64,
    /// The latest look that brought news.
    news_ms: f64,
    /// Its cause is that of an overrun before.
    inherited: bool,
    /// Shared memory has forgotten it.
    pub forgotten: bool,
}

/// Causes of events before an overrun of which it may come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origins {
    /// Of the underrun whose missing frames these are.
    pub underrun: Option<Cause>,
    /// Of the overrun before.
    pub overrun: Option<Cause>,
}

impl Kept {
    pub fn new(number: u64, news: News, scene: &Scene) -> Kept {
        let (kind, at_ms, frame) = match news {
            News::Underrun(event, _) => (EventKind::Underrun, None, event.frame),
            News::Slip(slip) => (kind_of(slip.kind), None, slip.frame),
            // By the worker's clock, which may disagree; but at the look before, there was none of it.
            News::Overrun(overrun) => {
                let at_ms = overrun.at_ms.max(scene.timeline.before_ms()).min(scene.now_ms);
                (EventKind::Overrun, Some(at_ms), scene.timeline.frame_at(at_ms))
            }
            News::Device(at_ms, _, _) => (EventKind::Device, Some(at_ms), scene.timeline.frame_at(at_ms)),
        };
        let when = match at_ms {
            Some(at_ms) => When {
                at_ms,
                earliest_ms: at_ms,
                latest_ms: at_ms,
                rushed: false,
            },
            None => scene.timeline.asked(frame, scene.step()),
        };
        let mut kept = Kept {
            entry: LogEntry {
                number,
                kind,
                at_ms: when.at_ms,
                frame,
                frames: 0,
                lasted_ms: 0.0,
                fill: None,
                ended_by: None,
                cause: None,
                evidence: Evidence::default(),
                settled: false,
            },
            news,
            when,
            placed: at_ms.is_none_or(|at_ms| scene.timeline.reaches(at_ms)),
            ended_ms: None,
            account_by_ms: scene.now_ms,
            news_ms: scene.now_ms,
            inherited: false,
            forgotten: false,
        };
        kept.write(scene);
        kept
    }

    /// There is something to tell; or not, if it is what was told before.
    pub fn hear(&mut self, news: News, scene: &Scene) {
        if news == self.news {
            return;
        }
        if let (News::Underrun(_, None), News::Underrun(_, Some(_))) = (&self.news, &news) {
            self.account_by_ms = scene.now_ms;
        }
        self.news = news;
        self.news_ms = scene.now_ms;
        self.entry.settled = false;
        self.write(scene);
    }

    fn write(&mut self, scene: &Scene) {
        let entry = &mut self.entry;
        let (frames, count) = match self.news {
            News::Underrun(event, account) => {
                (entry.fill, entry.ended_by) = (Some(event.fill), Some(event.ended_by));
                entry.evidence.account = account;
                (event.frames, event.quanta)
            }
            News::Overrun(overrun) => {
                (entry.fill, entry.ended_by) = (Some(overrun.fill), Some(overrun.ended_by));
                (entry.evidence.account, entry.evidence.still_ms) = (Some(overrun.account), overrun.still_ms);
                (overrun.frames, overrun.blocks)
            }
            News::Slip(slip) => (slip.frames, 0),
            News::Device(_, frames, count) => (frames, count),
        };
        (entry.frames, entry.evidence.count) = (frames, count);
        entry.lasted_ms = scene.ms(frames);
        let last = entry.frame + frames.saturating_sub(1);
        self.ended_ms = match entry.ended_by {
            Some(Ending::Open) => None,
            Some(_) if entry.kind == EventKind::Underrun => Some(scene.timeline.asked(last, scene.step()).at_ms),
            _ => Some(entry.at_ms + entry.lasted_ms),
        };
    }

    /// The underrun whose missing frames these are, by its number.
    pub fn echo(&self) -> Option<u64> {
        match self.news {
            News::Overrun(overrun) => overrun.echo,
            _ => None,
        }
    }

    /// Its cause, for an overrun at `at_ms` that may come of it: long after it, none does any more.
    pub fn origin(&self, at_ms: f64) -> Option<Cause> {
        let fresh = at_ms - self.ended_ms.unwrap_or(at_ms) < ECHO_MS;
        self.entry.cause.filter(|_| fresh && !self.inherited)
    }

    /// Looks again at everything that may explain it. `may_grow`: it is the latest of its sort, and not known to have ended. `over`: nothing more will be known.
    pub fn consider(&mut self, scene: &Scene, may_grow: bool, over: bool, origins: Origins) {
        if self.entry.settled {
            return;
        }
        if !self.placed && scene.timeline.reaches(self.entry.at_ms) {
            (self.entry.frame, self.placed) = (scene.timeline.frame_at(self.entry.at_ms), true);
        }
        let window = self.window(scene);
        self.entry.evidence.callback_frames = scene.callback_frames;
        scene.sights.testify(&window, &mut self.entry.evidence);
        let around = Circumstances {
            sample_rate: scene.timeline.frames_per_ms() * 1e3,
            callback_frames: scene.taken_at_once(),
            lost: false,
            suspended: scene.sights.suspended(&window),
            still_ms: self.entry.evidence.stood_still_ms,
            over: over || self.forgotten,
        };
        let known = match self.news {
            News::Underrun(event, account) => {
                let ended = matches!(event.ended_by, Ending::Back | Ending::Ended);
                let around = Circumstances {
                    lost: scene.lost && account.is_none() && !ended,
                    ..around
                };
                self.entry.cause = cause(&event, account.as_ref(), &around);
                event.ended_by != Ending::Open
                    && (account.is_some() || self.entry.cause == Some(Cause::Ended) || around.lost || self.forgotten)
            }
            News::Overrun(overrun) => {
                let cause = overrun_cause(&overrun, &around, origins.underrun, origins.overrun);
                self.inherited = cause != overrun_cause(&overrun, &around, origins.underrun, None);
                self.entry.cause = Some(cause);
                !may_grow
            }
            News::Device(..) => !may_grow,
            News::Slip(_) => true,
        };
        self.correct(scene);
        let quiet = scene.now_ms - self.news_ms >= SETTLE_MS;
        self.entry.settled = over || quiet && known;
    }

    /// Where the looks say little about when it was, because the device stood still or was in a rush between them, what the producer says is better: it wrote the missing frames as soon as it could, and
    /// the reader had been without for as long as they last; or for no time at all, if it asked for too much at once.
    fn correct(&mut self, scene: &Scene) {
        let News::Underrun(event, Some(account)) = self.news else { return };
        // One callback on either side, and the looks may be out of step by one.
        let evenly_ms = scene.ms(3 * scene.step()) + 1.0;
        if event.ended_by == Ending::Back && !account.nothing_came && (self.when.rushed || self.when.width_ms() > evenly_ms) {
            let at_once = self.entry.cause == Some(Cause::CallbackBurst);
            let without_ms = if at_once { 0.0 } else { self.entry.lasted_ms };
            self.entry.at_ms = self.when.corrected(account.at_ms - without_ms);
        }
    }

    /// From the ring having been full for the last time until it was over.
    fn window(&self, scene: &Scene) -> Span {
        let entry = &self.entry;
        let end_ms = self.ended_ms.unwrap_or(scene.now_ms).max(entry.at_ms);
        match entry.evidence.account {
            Some(account) => {
                let committed_ms = account.at_ms.max(self.when.earliest_ms).min(self.account_by_ms);
                Span {
                    from_ms: (committed_ms - account.spell_ms).min(entry.at_ms),
                    to_ms: committed_ms.max(end_ms),
                }
            }
            None => Span {
                from_ms: entry.at_ms - NEAR_MS,
                to_ms: end_ms,
            },
        }
    }
}

pub(super) fn kind_of(slip: SlipKind) -> EventKind {
    match slip {
        SlipKind::Skipped => EventKind::Skipped,
        SlipKind::Replayed => EventKind::Replayed,
        SlipKind::Torn => EventKind::Torn,
    }
}
