//! What a run came to, as JSON. `docs/report.md` lists every field; a test compares the two.
//!
//! What was not measured is null, never 0. No clock and no JS here: facts and snapshots come in, a report goes out.

mod build;
mod detected;
mod events;
mod flags;
mod log;
mod measures;
#[cfg(test)]
mod tests;
pub mod words;

use serde::{Serialize, Serializer};

use super::scenario::Scenario;
use crate::ledger::{Cause, LogEntry};

pub use build::{Device, Facts, Live, Startup, Taken};
pub use detected::{Declared, Detected, FoundCounts, torn_frames};
pub use events::{Account, DeviceEvent, Evidence, Overrun, OverrunEvidence, Slip, Underrun};
pub use flags::Flagged;
pub use log::RunLog;
pub use words::{Sentence, sentence};

/// Stands for what a later version will measure; null in JSON.
pub type NotYet = ();

/// The report of one run. The fields' order is that of the design.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Version of this format: [`Report::SCHEMA`].
    pub schema: u32,
    /// As understood, with defaults filled in.
    pub scenario: Scenario,
    /// Name, version and user agent.
    pub browser: String,
    /// Whether the page is cross-origin isolated.
    pub isolated: bool,
    /// How samples reach the audio thread.
    pub transport: &'static str,
    /// The context's rate, Hz.
    pub sample_rate: f64,
    /// Channels.
    pub channels: usize,
    /// Frames per `process()` call.
    pub render_quantum: u32,
    /// Frames of the largest callback counted.
    pub callback_frames: Option<u64>,
    /// When its first frame was heard, in milliseconds since the epoch: what all other times count from.
    pub started_at_ms: f64,
    /// How far starting was after how long.
    pub startup: Startup,
    /// What became of every frame.
    pub ledger: Ledger,
    /// Render quanta.
    pub quanta: Quanta,
    /// Device callbacks; `None` when none was counted.
    pub callbacks: Option<Callbacks>,
    /// Runs of starved quanta.
    pub underruns: Underruns,
    /// Blocks refused from a producer with its own clock.
    pub overruns: Overruns,
    /// The browser's own count, where it has one.
    pub device: Option<DeviceUnderruns>,
    /// Latency.
    pub latency: Latency,
    /// The producer.
    pub producer: Producer,
    /// What the way from producer to audio thread costs.
    pub exchange: Exchange,
    /// Time that it takes, by thread.
    pub cpu: Cpu,
    /// Reads of a strategy in which only the newest block counts; `None` for others.
    pub reads: Option<Reads>,
    /// Faults as they really happened, oldest first.
    pub injected: Vec<Injected>,
    /// Faults that happened and are not listed.
    pub injected_missed: u64,
    /// Losses of the producer and what came of them.
    pub recoveries: Vec<Recovery>,
    /// High-frequency artefacts in what was heard.
    pub artifacts: NotYet,
    /// Red flags: always all of them, in the same order.
    pub verdicts: Vec<Flagged>,
    /// What the index signal showed; `None` for other sources.
    pub integrity: Option<Integrity>,
    /// What the index signal showed in what was put out, beside what the strategy declares; `None` for other sources.
    pub detected: Option<Detected>,
    /// The listed events as the log has them, of all kinds, oldest first: for exports, and not in the JSON.
    #[serde(skip)]
    pub entries: Vec<LogEntry>,
}

/// Frames by what became of them. `requested = fresh + repeated + concealed + silent`, `produced = fresh + dropped + in flight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// Asked for by the browser.
    pub requested_frames: u64,
    /// Played for the first time.
    pub fresh_frames: u64,
    /// Played again.
    pub repeated_frames: u64,
    /// Made up.
    pub concealed_frames: u64,
    /// Zeros.
    pub silent_frames: u64,
    /// Zeros, by reason.
    pub silent_by: SilentBy,
    /// Committed by the producer.
    pub produced_frames: u64,
    /// Never to be played.
    pub dropped_frames: u64,
    /// Never to be played, by reason.
    pub dropped_by: DroppedBy,
    /// Committed, neither consumed nor dropped.
    pub in_flight_frames: u64,
    /// Changed while they were copied.
    pub torn_frames: u64,
    /// By how much the sums miss.
    pub imbalance_frames: u64,
}

/// Silent frames by reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SilentBy {
    /// Before the first frame.
    pub startup: u64,
    /// The page paused.
    pub paused: u64,
    /// The source has ended.
    pub ended: u64,
    /// The node was connected to nothing, or its processor had failed.
    pub disconnected: u64,
    /// The ring was empty.
    pub underrun: u64,
}

/// Dropped frames by reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DroppedBy {
    /// Refused for want of room.
    pub overflow: u64,
    /// Replaced by something newer.
    pub superseded: u64,
    /// The page jumped elsewhere.
    pub seek: u64,
    /// Too late.
    pub skipped_late: u64,
    /// In a memory that was given up.
    pub lost: u64,
}

/// Render quanta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quanta {
    /// All.
    pub total: u64,
    /// With a repeated frame.
    pub duplicate: u64,
    /// With a concealed or underrun-silent frame.
    pub starved: u64,
}

/// Device callbacks, as far as they were counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Callbacks {
    /// All.
    pub total: u64,
    /// With a repeated frame.
    pub duplicate: u64,
    /// With a concealed or underrun-silent frame.
    pub starved: u64,
}

/// Runs of starved quanta.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Underruns {
    /// How many.
    pub events: u64,
    /// Frames missing in all.
    pub frames: u64,
    /// Frames missing in the longest.
    pub longest_frames: u64,
    /// Events by cause, all causes; `None` when nobody looked for causes.
    pub by_cause: Option<ByCause>,
    /// Each, oldest first; the latest [`EventLog::LISTED`](crate::ledger::EventLog::LISTED) of all kinds.
    pub log: Vec<Underrun>,
    /// Events that were listed once and are only counted now.
    pub folded: u64,
    /// Events that came too fast to be looked at.
    pub missed: u64,
}

/// Events by cause, in the order of [`Cause::ALL`]; those that came too fast to be looked at are `unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByCause(pub Vec<(Cause, u64)>);

impl Serialize for ByCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(cause, events)| (cause.name(), events)))
    }
}

/// Blocks refused or superseded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overruns {
    /// How many.
    pub events: u64,
    /// Their frames.
    pub frames: u64,
    /// Each, oldest first, as with underruns.
    pub log: Vec<Overrun>,
    /// Events that were listed once and are only counted now.
    pub folded: u64,
    /// Events that came too fast to be looked at.
    pub missed: u64,
}

/// The browser's own count, and what it comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceUnderruns {
    /// As the browser counts them.
    pub underrun_events: f64,
    /// Their length in seconds.
    pub underrun_seconds: f64,
    /// Events when what the browser told in looks one after the other counts as one; `None` when nobody looked.
    pub events: Option<u64>,
    /// Each of these, oldest first, as with underruns.
    pub log: Vec<DeviceEvent>,
}

/// Latency, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// What lay in the ring as each quantum was asked for; `None` before any was.
    pub ring_ms: Option<RingMs>,
    /// What lay in the ring as each callback began; `None` before any was counted.
    pub callback_fill_ms: Option<CallbackFillMs>,
    /// The context's `baseLatency`.
    pub base_ms: Option<f64>,
    /// The context's `outputLatency`.
    pub output_ms: Option<f64>,
    /// Median of the ring plus the other two.
    pub total_ms: Option<f64>,
    /// How the amount kept ahead changed.
    pub target_history: NotYet,
}

/// Distribution of the ring's fill, in milliseconds: the upper edges of the buckets it is counted in, 32 frames wide.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RingMs {
    /// Half of the quanta found no more.
    pub p50: f64,
    /// 99 of 100 quanta found no more.
    pub p99: f64,
    /// None found more.
    pub max: f64,
}

/// Distribution of the ring's fill at the beginning of a callback, in milliseconds, to within a bucket; what is low is told too low, what is high too high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallbackFillMs {
    /// None found less.
    pub min: f64,
    /// 1 of 100 callbacks found less.
    pub p1: f64,
    /// Half of the callbacks found no more.
    pub p50: f64,
    /// None found more.
    pub max: f64,
}

/// How late the producer woke, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WakeLatenessMs {
    /// Half of all wake-ups were not later.
    pub p50: f64,
    /// 99 of 100 were not later.
    pub p99: f64,
    /// None was later.
    pub max: f64,
}

/// The producer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Producer {
    /// Time spent rendering as a share of the time that the frames last; `None` if nothing was rendered.
    pub render_load: Option<f64>,
    /// How late it woke; `None` when no wake-up was measured.
    pub wake_lateness_ms: Option<WakeLatenessMs>,
    /// Heap allocations while rendering; `None` when the build does not count them.
    pub allocations: Option<u64>,
    /// Frames before resampling.
    pub source_frames: NotYet,
    /// Resampling ratio.
    pub ratio: NotYet,
}

/// What the way from producer to audio thread costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Sample storage of the exchange itself, in bytes.
    pub storage_bytes: Option<u64>,
    /// All Wasm memories and message buffers of the output, in bytes.
    pub memory_bytes: Option<u64>,
    /// Messages posted between producer and audio thread; `None` where memory is shared.
    pub messages: Option<u64>,
    /// Backing stores newly allocated for messages or buffer nodes.
    pub new_buffers: Option<u64>,
    /// How long a message was on its way, in milliseconds: the mean.
    pub transit_ms: Option<f64>,
}

/// Time that an output takes, as shares of one core.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// The producer's thread, rendering and handing over.
    pub producer: Option<f64>,
    /// The audio thread, in `process()`.
    pub audio: Option<f64>,
    /// The page's own thread, for the sound.
    pub page: Option<f64>,
}

/// Reads where only the newest block counts: one block or one quantum, whichever is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// All.
    pub total: u64,
    /// That found nothing newer and nothing unread.
    pub stale: u64,
}

/// A fault as it really happened. Milliseconds since the run's first frame; below 0 before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Injected {
    /// As in the scenario.
    pub kind: &'static str,
    /// When it began.
    pub at_ms: f64,
    /// How long it lasted; `None`: for good.
    pub lasted_ms: Option<f64>,
    /// Frames that it concerned; `None` for kinds that concern none.
    pub frames: Option<u64>,
    /// Of these, the frames that the index signal must have shown by the end; `None` for kinds that it does not count one for one.
    pub shown_frames: Option<u64>,
    /// Bytes of garbage, or allocations, that were made; `None` for other kinds.
    pub made: Option<u64>,
}

/// The loss of a producer and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    /// When the engine knew, in milliseconds since the run's first frame.
    pub at_ms: f64,
    /// As in the design's list of causes.
    pub cause: &'static str,
    /// In words, as the page shows it.
    pub reason: String,
    /// From the loss to the next fresh frame; `None`: the sound did not come back.
    pub took_ms: Option<f64>,
}

/// What the index signal showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Integrity {
    /// Missing.
    pub skipped_frames: u64,
    /// Came again.
    pub replayed_frames: u64,
    /// Each break, oldest first, as with underruns.
    pub log: Vec<Slip>,
    /// Breaks that were listed once and are only counted now.
    pub folded: u64,
    /// Breaks that came too fast to be looked at.
    pub missed: u64,
}

impl Report {
    /// Version of this format; counts up with every change that is no addition.
    pub const SCHEMA: u32 = 1;

    /// As JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers are finite and keys are text")
    }
}
