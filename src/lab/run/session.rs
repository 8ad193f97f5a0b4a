//! One run: start, wait for the first frame, cause faults, watch, stop, report.

use std::cell::{Cell, RefCell};

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use super::RunError;
use super::facts::facts_of;
use super::faults::{Hogs, Jank, SharedLog, Suspension};
use super::js::{now, own_address, sleep};
use super::options::output_options;
use crate::lab::report::Report;
use crate::lab::scenario::{KillBy, Scenario, SourceChoice, Stress};
use crate::ledger::{SilentBy, Snapshot};
use crate::web::page::{Output, OutputOptions, OutputState, SourceSpec};
use crate::web::{MediaItem, MediaList};

/// Between two looks at the output, in ms. Shared memory keeps 256 underruns, which last 680 ms at the very least.
const LOOK_MS: f64 = 100.0;
/// The same before the first frame, whose time is then known as well.
const EARLY_LOOK_MS: f64 = 10.0;
/// How long the first frame may take once the browser plays, in ms.
const FIRST_FRAME_MS: f64 = 30_000.0;
/// How long after its end a run waits for the engine to notice that its producer was killed, in ms. (A terminated worker can run on for seconds.)
const NOTICE_MS: f64 = 10_000.0;

/// What others may do with a run, and see of it.
#[derive(Default)]
pub(in crate::lab) struct Reins {
    stopped: Cell<bool>,
    output: RefCell<Option<Output>>,
    /// The latest that could be read.
    latest: RefCell<Option<Snapshot>>,
}

impl Reins {
    /// Ends the run at its next look.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether somebody has ended it.
    pub fn stopped(&self) -> bool {
        self.stopped.get()
    }

    /// What plays, while it does.
    pub fn output(&self) -> Option<Output> {
        self.output.borrow().clone()
    }

    /// The counters as they are now, or were when they could last be read.
    pub fn snapshot(&self) -> Option<Snapshot> {
        if let Some(snapshot) = self.output.borrow().as_ref().and_then(Output::snapshot) {
            self.latest.replace(Some(snapshot));
        }
        self.latest.borrow().clone()
    }
}

/// Plays `scenario` to its end. `patience_ms`: how long the browser may want a gesture.
pub(super) async fn play(scenario: &Scenario, reins: &Reins, patience_ms: f64) -> Result<Report, RunError> {
    let options = options(scenario)?;
    crate::lab::silence().await;
    let output = Output::start(options).await?;
    reins.output.replace(Some(output.clone()));
    let log = SharedLog::default();
    crate::lab::adopt(output.clone(), log.clone(), scenario);
    let run = Run {
        scenario,
        reins,
        output: &output,
        log,
    };
    let watched = run.watch(patience_ms).await;
    // The context's own figures end with it.
    let facts = output.facts();
    output.close().await;
    let last = run.look();
    // The log is settled when the output is closed.
    output.with_log(|events| run.log.borrow_mut().explain(events));
    let hidden_seconds = output.findings().hidden_seconds;
    // Its memory goes as soon as nobody shows it any more.
    reins.output.take();
    let start_ms = watched?;
    let last = last.ok_or(RunError::Closed)?;
    let facts = facts_of(&facts, scenario.buffer_frames, start_ms, hidden_seconds);
    let report = Report::new(scenario, &facts, &run.log.borrow(), &last);
    crate::lab::ran(report.clone());
    Ok(report)
}

/// What the output is to be.
///
/// # Errors
/// [`RunError::File`], when its file lies elsewhere.
pub(in crate::lab) fn options(scenario: &Scenario) -> Result<OutputOptions, RunError> {
    let source = match &scenario.source {
        SourceChoice::Sine { hz } => SourceSpec::Sine { hz: *hz },
        SourceChoice::Index => SourceSpec::Index,
        SourceChoice::Synth { voices } => SourceSpec::Synth { voices: *voices },
        SourceChoice::File { url } => SourceSpec::Media(MediaList {
            items: vec![MediaItem::Url(own_address(url)?)],
            first: 0,
        }),
    };
    Ok(OutputOptions {
        faults: scenario.faults(),
        ..output_options(scenario, source)
    })
}

/// A run that is on.
struct Run<'a> {
    scenario: &'a Scenario,
    reins: &'a Reins,
    output: &'a Output,
    log: SharedLog,
}

impl Run<'_> {
    /// Sees the run through. Returns when its first frame was heard, in ms since the epoch.
    async fn watch(&self, patience_ms: f64) -> Result<f64, RunError> {
        let start_ms = self.first_frame(patience_ms).await?;
        if self.reins.stopped.get() || self.over() {
            return Ok(start_ms);
        }
        // Dropped, and so ended, with this call.
        let (_jank, _hogs, _suspension) = (self.jank(start_ms), self.hogs().await?, self.suspension(start_ms));
        let mut kill = self.scenario.stress.iter().find_map(|fault| match *fault {
            Stress::Kill { at_ms, by } => Some((start_ms + at_ms, by)),
            _ => None,
        });
        // Until when a run that is over waits for the loss of its producer.
        let mut notice_until = None;
        while !self.reins.stopped.get() {
            let played_ms = self.look().map(|snapshot| self.played_ms(&snapshot));
            if self.over() {
                break;
            }
            // A producer that died while it counted leaves a ledger that cannot be read; then the wall clock must do.
            let left_ms = self.scenario.seconds * 1e3 - played_ms.unwrap_or_else(|| now() - start_ms);
            if let Some((at_ms, by)) = kill.filter(|(at_ms, _)| now() >= *at_ms || left_ms <= 0.0) {
                kill = None;
                notice_until = Some(at_ms.max(start_ms + self.scenario.seconds * 1e3) + NOTICE_MS);
                self.log.borrow_mut().fault("kill", now(), None);
                match by {
                    KillBy::Terminate => self.output.kill(),
                    KillBy::Panic => self.output.crash(),
                }
            }
            if left_ms <= 0.0 && notice_until.is_none_or(|until| now() >= until) {
                break;
            }
            let to_kill = kill.map_or(LOOK_MS, |(at_ms, _)| at_ms - now());
            let to_end = if left_ms > 0.0 { left_ms } else { LOOK_MS };
            sleep(LOOK_MS.min(to_kill).min(to_end).max(1.0)).await;
        }
        Ok(start_ms)
    }

    /// Waits for the first frame; returns when it was heard, in ms since the epoch.
    async fn first_frame(&self, patience_ms: f64) -> Result<f64, RunError> {
        let (mut blocked_ms, mut waited_ms) = (0.0, 0.0);
        let _gesture = Gesture::resumes(self.output);
        let mut before = now();
        loop {
            let snapshot = self.look();
            let heard = snapshot.as_ref().is_some_and(|snapshot| snapshot.consumer.fresh > 0);
            if heard || self.reins.stopped.get() {
                return Ok(now() - snapshot.map_or(0.0, |snapshot| self.played_ms(&snapshot)));
            }
            let state = self.output.state();
            let passed = now() - before;
            before += passed;
            match state {
                OutputState::Blocked => blocked_ms += passed,
                OutputState::Lost(_) => return Ok(now()),
                OutputState::Closed => return Err(RunError::Closed),
                OutputState::Ended => return Err(self.nothing_in_it()),
                _ => waited_ms += passed,
            }
            if blocked_ms >= patience_ms {
                return Err(RunError::Blocked {
                    seconds: patience_ms / 1e3,
                });
            }
            if waited_ms >= FIRST_FRAME_MS {
                return Err(RunError::NoSound {
                    seconds: FIRST_FRAME_MS / 1e3,
                });
            }
            sleep(EARLY_LOOK_MS).await;
        }
    }

    /// Whether there is nothing more to come. Notes the loss of the producer.
    fn over(&self) -> bool {
        match self.output.state() {
            OutputState::Ended | OutputState::Closed => true,
            OutputState::Lost(reason) => {
                self.log.borrow_mut().lost(now(), reason);
                true
            }
            _ => false,
        }
    }

    /// Takes over what is new in the ledger; the latest that could be read.
    fn look(&self) -> Option<Snapshot> {
        let snapshot = self.output.snapshot();
        if let Some(snapshot) = &snapshot {
            self.log.borrow_mut().look(snapshot);
            self.reins.latest.replace(Some(snapshot.clone()));
        }
        snapshot.or_else(|| self.reins.latest.borrow().clone())
    }

    /// For how long there was something to hear, or should have been.
    fn played_ms(&self, snapshot: &Snapshot) -> f64 {
        let consumer = &snapshot.consumer;
        let frames = consumer.requested.saturating_sub(consumer.silent[SilentBy::Startup as usize]);
        frames as f64 * 1e3 / f64::from(self.output.facts().sample_rate)
    }

    fn nothing_in_it(&self) -> RunError {
        match &self.scenario.source {
            SourceChoice::File { url } => {
                let why = self.output.source_failure().unwrap_or_else(|| "there is no sound in it".into());
                RunError::File { url: url.clone(), why }
            }
            _ => RunError::Closed,
        }
    }

    fn jank(&self, start_ms: f64) -> Option<Jank> {
        self.scenario.stress.iter().find_map(|fault| match *fault {
            Stress::Jank { ms, every_ms } => Some(Jank::start(ms, every_ms, start_ms, self.log.clone())),
            _ => None,
        })
    }

    fn suspension(&self, start_ms: f64) -> Option<Suspension> {
        self.scenario.stress.iter().find_map(|fault| match *fault {
            Stress::Suspend { at_ms, ms } => Some(Suspension::start(self.output, start_ms + at_ms, ms, self.log.clone())),
            _ => None,
        })
    }

    async fn hogs(&self) -> Result<Option<Hogs>, RunError> {
        let count = self.scenario.stress.iter().find_map(|fault| match *fault {
            Stress::Hogs { count } => Some(count),
            _ => None,
        });
        let Some(count) = count else { return Ok(None) };
        let hogs = Hogs::start(count, self.log.clone()).await;
        hogs.map(Some).map_err(|why| RunError::Fault { kind: "hogs", why })
    }
}

/// Lets a blocked output begin with the first click or key: browsers want a gesture before they play.
struct Gesture {
    resume: Closure<dyn FnMut()>,
}

impl Gesture {
    const EVENTS: [&'static str; 2] = ["click", "keydown"];

    fn resumes(output: &Output) -> Gesture {
        let output = output.clone();
        let gesture = Gesture {
            resume: Closure::new(move || output.resume()),
        };
        if let Some(window) = web_sys::window() {
            for event in Self::EVENTS {
                let _ = window.add_event_listener_with_callback(event, gesture.resume.as_ref().unchecked_ref());
            }
        }
        gesture
    }
}

impl Drop for Gesture {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            for event in Self::EVENTS {
                let _ = window.remove_event_listener_with_callback(event, self.resume.as_ref().unchecked_ref());
            }
        }
    }
}
