//! Who survives the death of a producer: out of a report, and of what was seen every few milliseconds meanwhile.

use serde::Serialize;

use crate::lab::report::Report;

/// What survived when a producer was killed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Killed {
    /// Whether it really died: nothing is known of survivors otherwise.
    pub died: bool,
    /// The page's own thread went on.
    pub page_alive: Option<bool>,
    /// The audio thread went on asking for frames.
    pub audio_alive: Option<bool>,
    /// The context went on running.
    pub context_alive: Option<bool>,
    /// Every frame is accounted for.
    pub balanced: bool,
    /// From the death until the engine knew, in ms.
    pub known_after_ms: Option<f64>,
    /// From the loss to the next fresh frame, in ms; `None`: the sound did not come back.
    pub sound_back_ms: Option<f64>,
}

/// What was seen at one time of an output whose producer is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// When, ms since the epoch.
    pub at_ms: f64,
    /// Frames that had been asked for; `None` when the ledger could not be read.
    pub requested: Option<u64>,
    /// Whether the context was running.
    pub running: bool,
    /// Whether the engine knew that the producer is lost.
    pub lost: bool,
    /// Whether the output was being closed.
    pub closing: bool,
}

/// Who survived.
pub fn killed(report: &Report, sights: &[Sight]) -> Killed {
    let death = report.injected.iter().find(|fault| fault.kind == "kill");
    let death_ms = death.map(|fault| report.started_at_ms + fault.at_ms);
    let since: Vec<&Sight> = sights
        .iter()
        .filter(|sight| death_ms.is_some_and(|death| sight.at_ms >= death))
        .collect();
    let recovery = report.recoveries.first();
    // The run's own looks are rarer than these.
    let known = since.iter().find(|sight| sight.lost);
    let requested = since.iter().find_map(|sight| sight.requested);
    Killed {
        died: death.is_some() && recovery.is_some(),
        page_alive: death.map(|_| !since.is_empty()),
        audio_alive: requested.map(|at_death| report.ledger.requested_frames > at_death),
        context_alive: since.iter().rfind(|sight| !sight.closing).map(|sight| sight.running),
        balanced: report.ledger.imbalance_frames == 0,
        known_after_ms: known.zip(death_ms).map(|(known, death)| known.at_ms - death),
        sound_back_ms: recovery.and_then(|recovery| recovery.took_ms),
    }
}
