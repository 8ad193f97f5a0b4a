//! Makes a report out of facts, the last snapshot and what was gathered meanwhile.

use serde::Serialize;

use super::detected::{Detected, torn_frames};
use super::events::Events;
use super::measures::{latency, wake_lateness_ms};
use super::{
    ByCause, Callbacks, Cpu, DeviceUnderruns, DroppedBy, Exchange, Integrity, Ledger, Overruns, Producer, Quanta, Reads, Report, RunLog,
    SilentBy, Underruns, flags,
};
use crate::lab::scenario::{Scenario, SourceChoice};
use crate::ledger::{DroppedBy as Dropped, EventKind, SilentBy as Silent, Snapshot};
use crate::strategy::Strategy;

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
    /// Frames that can lie ahead of the reader at most: more than that where it takes whole blocks out.
    pub most_frames: usize,
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
    /// How long the page was hidden while it played, s.
    pub hidden_seconds: Option<f64>,
    /// What the strategy takes, as far as the page knows.
    pub taken: Taken,
}

/// What a strategy takes, as far as the page knows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// Bytes of storage for samples between the two sides.
    pub storage_bytes: Option<u64>,
    /// Bytes of Wasm memories and of message buffers that are kept.
    pub memory_bytes: Option<u64>,
    /// Time that the page's own thread has spent on it, ms; `None` where it has no part in it.
    pub page_busy_ms: Option<f64>,
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
        let unexplained = Events::default();
        let events = log.events().unwrap_or(&unexplained);
        let start_ms = events.date_of(facts.start_ms);
        let since = |at_ms| events.date_of(at_ms) - start_ms;
        Report {
            schema: Report::SCHEMA,
            scenario: scenario.clone(),
            browser: facts.browser.clone(),
            isolated: facts.isolated,
            transport: transport(scenario.strategy),
            sample_rate: facts.sample_rate,
            channels: facts.channels,
            render_quantum: facts.render_quantum,
            callback_frames: last.callback_frames().map(|(_, largest)| largest),
            started_at_ms: start_ms,
            startup: facts.startup,
            overruns: Overruns {
                events: last.producer.overrun_events,
                frames: ledger.dropped_by.overflow + ledger.dropped_by.superseded,
                log: events.overruns(start_ms),
                folded: events.folded().of_kind(EventKind::Overrun),
                missed: events.folded().missed_overruns,
            },
            ledger,
            quanta,
            callbacks: (consumer.callbacks > 0).then_some(Callbacks {
                total: consumer.callbacks,
                duplicate: consumer.duplicate_callbacks,
                starved: consumer.starved_callbacks,
            }),
            underruns: Underruns {
                events: consumer.underrun_events,
                frames: consumer.underrun_frames,
                longest_frames: consumer.underrun_longest,
                by_cause: log.events().map(|events| ByCause(events.by_cause().collect())),
                log: events.underruns(start_ms),
                folded: events.folded().of_kind(EventKind::Underrun),
                missed: events.folded().missed_underruns,
            },
            device: facts.device.map(|device| DeviceUnderruns {
                underrun_events: device.underrun_events,
                underrun_seconds: device.underrun_seconds,
                events: log.events().map(Events::device_events),
                log: events.device(start_ms),
            }),
            latency: latency(facts, last),
            producer: Producer {
                render_load: last.render_load(&Snapshot::default()),
                wake_lateness_ms: wake_lateness_ms(last),
                allocations: cfg!(feature = "count-allocations").then_some(last.producer.allocations),
                source_frames: (),
                ratio: (),
            },
            exchange: exchange(scenario.strategy, facts, last),
            cpu: cpu(scenario.strategy, facts, last),
            reads: scenario.strategy.newest_counts().then_some(Reads {
                total: consumer.reads,
                stale: consumer.stale_reads,
            }),
            injected: log.injected(since),
            injected_missed: log.missed_injected(),
            recoveries: log.recoveries(since),
            artifacts: (),
            verdicts: flags::of(scenario, facts, events, last),
            integrity: (scenario.source == SourceChoice::Index).then_some(Integrity {
                skipped_frames: consumer.skipped,
                replayed_frames: consumer.replayed,
                log: events.slips(start_ms),
                folded: events.folded_slips(),
                missed: events.folded().missed_slips,
            }),
            detected: (scenario.source == SourceChoice::Index).then(|| Detected::of(last)),
            entries: events.entries().to_vec(),
        }
    }
}

/// What the way from producer to audio thread takes.
fn exchange(strategy: Strategy, facts: &Facts, last: &Snapshot) -> Exchange {
    let producer = &last.producer;
    let by_message = strategy.by_message();
    Exchange {
        storage_bytes: facts.taken.storage_bytes,
        memory_bytes: facts.taken.memory_bytes,
        messages: by_message.then_some(producer.messages),
        new_buffers: (by_message || strategy == Strategy::BufferSource).then_some(producer.new_buffers),
        transit_ms: transit_ms(strategy, last),
    }
}

/// How long a message was on its way, in ms: the mean.
pub(super) fn transit_ms(strategy: Strategy, last: &Snapshot) -> Option<f64> {
    let producer = &last.producer;
    (strategy.by_message() && producer.messages > 0).then(|| producer.transit_us as f64 / 1e3 / producer.messages as f64)
}

/// Time that the threads were busy with the sound, as shares of the time that was played.
fn cpu(strategy: Strategy, facts: &Facts, last: &Snapshot) -> Cpu {
    let lasted_ms = last.consumer.requested as f64 * 1e3 / facts.sample_rate;
    let share = |ms: f64| (lasted_ms > 0.0).then(|| ms / lasted_ms);
    Cpu {
        producer: strategy.has_worker().then(|| share(last.producer.busy_us as f64 / 1e3)).flatten(),
        // Only while callbacks are counted.
        audio: (last.consumer.callbacks > 0)
            .then(|| share(last.consumer.busy_us as f64 / 1e3))
            .flatten(),
        page: facts.taken.page_busy_ms.and_then(share),
    }
}

/// How samples reach the audio thread.
fn transport(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::InWorklet => "none",
        Strategy::BufferSource => "nodes",
        strategy if strategy.by_message() => "messages",
        _ => "shared",
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
        torn_frames: torn_frames(snapshot),
        imbalance_frames: snapshot.imbalance(),
    }
}
