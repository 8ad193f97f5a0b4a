//! Makes a report out of facts, the last snapshot and what was gathered meanwhile.

use serde::Serialize;

use super::{DroppedBy, Integrity, Latency, Ledger, Overruns, Producer, Quanta, Report, RingMs, RunLog, SilentBy, Underrun, Underruns};
use crate::lab::scenario::{Scenario, SourceChoice};
use crate::ledger::{ConsumerLedger, DroppedBy as Dropped, SilentBy as Silent, Snapshot};

/// What the page knows of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Name, version and user agent.
    pub browser: String,
    /// Whether the page is cross-origin isolated.
    pub isolated: bool,
    /// The context's rate, Hz.
    pub sample_rate: f64,
    /// Channels.
    pub channels: usize,
    /// Frames per `process()` call.
    pub render_quantum: u32,
    /// Frames that the ring's storage holds, which decides how finely its fill is counted.
    pub capacity: usize,
    /// Frames that the producer kept ahead; the most, if that was changed.
    pub buffer_frames: usize,
    /// How long starting took.
    pub startup: Startup,
    /// The context's `baseLatency`, s.
    pub base_latency: Option<f64>,
    /// The context's `outputLatency`, s.
    pub output_latency: Option<f64>,
    /// The browser's own count.
    pub device: Option<Device>,
    /// When the first frame was heard, ms since the epoch.
    pub start_ms: f64,
}

/// How far starting was after how long, in milliseconds from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Startup {
    /// The worker had the engine's module loaded.
    pub module_ms: f64,
    /// The worker had opened the source and begun to render.
    pub worker_ms: f64,
    /// The audio thread's side was made.
    pub worklet_ms: f64,
    /// The page heard of the first frame put out; `None` if there was none.
    pub first_frame_ms: Option<f64>,
}

/// The browser's own count of what the context did not deliver to the device (`playbackStats`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Continuous runs.
    pub underrun_events: f64,
    /// Their length in seconds.
    pub underrun_seconds: f64,
}

/// The counters by themselves, for a look at a run that goes on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    /// As in the report.
    pub ledger: Ledger,
    /// As in the report.
    pub quanta: Quanta,
}

impl Live {
    /// The counters of `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Live {
        let consumer = &snapshot.consumer;
        let (total, duplicate, starved) = (consumer.quanta, consumer.duplicate_quanta, consumer.starved_quanta);
        Live {
            ledger: ledger(snapshot),
            quanta: Quanta { total, duplicate, starved },
        }
    }

    /// As JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers are finite and keys are text")
    }
}

impl Report {
    /// The report of a run of `scenario` that ended with the snapshot `last`.
    pub fn new(scenario: &Scenario, facts: &Facts, log: &RunLog, last: &Snapshot) -> Report {
        let Live { ledger, quanta } = Live::of(last);
        let consumer = &last.consumer;
        let entry = |event: crate::ledger::UnderrunEvent| {
            let crate::ledger::UnderrunEvent { frame, frames, fill, .. } = event;
            Underrun {
                frame,
                frames,
                fill,
                cause: (),
                evidence: (),
            }
        };
        Report {
            schema: Report::SCHEMA,
            scenario: scenario.clone(),
            browser: facts.browser.clone(),
            isolated: facts.isolated,
            transport: "shared",
            sample_rate: facts.sample_rate,
            channels: facts.channels,
            render_quantum: facts.render_quantum,
            callback_frames: last.callback_frames().map(|(_, largest)| largest),
            startup: facts.startup,
            overruns: Overruns {
                events: last.producer.overrun_events,
                frames: ledger.dropped_by.overflow + ledger.dropped_by.superseded,
            },
            ledger,
            quanta,
            callbacks: (),
            underruns: Underruns {
                events: consumer.underrun_events,
                frames: consumer.underrun_frames,
                longest_frames: consumer.underrun_longest,
                by_cause: (),
                log: log.underruns().map(entry).collect(),
            },
            device: facts.device,
            latency: latency(facts, last),
            producer: Producer {
                render_load: last.render_load(&Snapshot::default()),
                wake_lateness_ms: (),
                allocations: cfg!(feature = "count-allocations").then_some(last.producer.allocations),
                source_frames: (),
                ratio: (),
            },
            injected: log.injected(facts.start_ms),
            recoveries: log.recoveries(facts.start_ms),
            artifacts: (),
            verdicts: (),
            integrity: (scenario.source == SourceChoice::Index).then_some(Integrity {
                skipped_frames: consumer.skipped,
                replayed_frames: consumer.replayed,
            }),
        }
    }
}

fn ledger(snapshot: &Snapshot) -> Ledger {
    let consumer = &snapshot.consumer;
    let silent = |reason: Silent| consumer.silent[reason as usize];
    // Each reason belongs to one side; the other side's count of it stays 0.
    let dropped = |reason: Dropped| snapshot.producer.dropped[reason as usize] + consumer.dropped[reason as usize];
    Ledger {
        requested_frames: consumer.requested,
        fresh_frames: consumer.fresh,
        repeated_frames: consumer.repeated,
        concealed_frames: consumer.concealed,
        silent_frames: snapshot.silent(),
        silent_by: SilentBy {
            startup: silent(Silent::Startup),
            paused: silent(Silent::Paused),
            ended: silent(Silent::Ended),
            disconnected: silent(Silent::Disconnected),
            underrun: silent(Silent::Underrun),
        },
        produced_frames: snapshot.producer.produced,
        dropped_frames: snapshot.dropped(),
        dropped_by: DroppedBy {
            overflow: dropped(Dropped::Overflow),
            superseded: dropped(Dropped::Superseded),
            seek: dropped(Dropped::Seek),
            skipped_late: dropped(Dropped::SkippedLate),
            lost: dropped(Dropped::Lost),
        },
        in_flight_frames: snapshot.in_flight(),
        torn_frames: consumer.torn,
        imbalance_frames: snapshot.imbalance(),
    }
}

fn latency(facts: &Facts, last: &Snapshot) -> Latency {
    let ring_ms = ring_ms(&last.consumer.fill, facts);
    let (base_ms, output_ms) = (facts.base_latency.map(|s| s * 1e3), facts.output_latency.map(|s| s * 1e3));
    let total_ms = ring_ms
        .zip(base_ms)
        .zip(output_ms)
        .map(|((ring, base), output)| ring.p50 + base + output);
    Latency {
        ring_ms,
        base_ms,
        output_ms,
        total_ms,
        target_history: (),
    }
}

/// Upper edges, because a latency promised too low is the worse mistake; but never more than was kept ahead.
fn ring_ms(fill: &[u64], facts: &Facts) -> Option<RingMs> {
    let quanta: u64 = fill.iter().sum();
    let bucket_frames = ConsumerLedger::fill_bucket_frames(facts.capacity);
    let edge_ms = |bucket: usize| ((bucket + 1) * bucket_frames - 1).min(facts.buffer_frames) as f64 * 1e3 / facts.sample_rate;
    // The first bucket by which `share` of all quanta are reached.
    let quantile = |share: f64| {
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen as f64 >= share * quanta as f64
        };
        fill.iter().position(reached).map(edge_ms)
    };
    (quanta > 0).then_some(())?;
    Some(RingMs {
        p50: quantile(0.5)?,
        p99: quantile(0.99)?,
        max: fill.iter().rposition(|count| *count > 0).map(edge_ms)?,
    })
}
