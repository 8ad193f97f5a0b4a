//! What can be said of an output's figures.

use super::{Output, OutputOptions, PlaybackStats, shareable};
use crate::ledger::{ConsumerLedger, EventLog, Findings, Lateness, LogEntry, Snapshot, Verdict, verdicts};
#[cfg(feature = "strategies")]
use crate::strategy::Strategy;

impl Output {
    /// The latest losses, oldest first, with their causes and what shows them. Older ones are counted: see [`Output::with_log`].
    pub fn events(&self) -> Vec<LogEntry> {
        self.with_log(|log| log.dated().collect())
    }

    /// What `read` makes of the event log as it is now.
    pub fn with_log<T>(&self, read: impl FnOnce(&EventLog) -> T) -> T {
        // What has happened since the last look.
        self.snapshot();
        self.explain().log(read)
    }

    /// One verdict for each red flag, about all that has been played so far. Nothing is said (all unknown) while the ledger cannot be read.
    pub fn verdicts(&self) -> Vec<Verdict> {
        verdicts(&self.findings())
    }

    /// The figures that verdicts are made from.
    pub fn findings(&self) -> Findings {
        let Some(now) = self.snapshot() else {
            return Findings::default();
        };
        let (facts, options) = (self.facts(), self.options());
        let device = PlaybackStats::of(self.context());
        let (hidden, hidden_ms) = self.explain().hidden();
        let lateness = Lateness::of(&now.producer.lateness, now.producer.latest_us);
        let rate = f64::from(facts.sample_rate);
        let counted = cfg!(feature = "count-allocations");
        Findings {
            quanta: now.consumer.quanta,
            duplicate_quanta: now.consumer.duplicate_quanta,
            first_frame_ms: facts.startup.first_frame_ms,
            ring_frames: ring_frames(&options),
            block_frames: Some(block_frames(&options, facts.render_quantum)),
            queue_blocks: queue_blocks(&options),
            render_quantum: Some(u64::from(facts.render_quantum)),
            callback_frames: now.callback_frames().map(|(_, longest)| longest),
            // A source renders at the context's rate, whatever it is, unless another was wanted.
            asked_rate: Some(options.sample_rate.map_or(rate, f64::from)),
            sample_rate: Some(rate),
            drift_ppm: self.drift_ppm(&now),
            producer_allocations: counted.then_some(now.producer.allocations),
            audio_allocations: counted.then_some(now.consumer.allocations),
            compared_blocks: now.producer.blocks.saturating_sub(1),
            identical_blocks: now.producer.identical_blocks,
            render_load: now.render_load(&Snapshot::default()),
            device_underruns: device.map(|device| device.underrun_events as u64),
            device_underrun_seconds: device.map(|device| device.underrun_seconds),
            ring_p50_ms: median_fill(&now.consumer.fill, facts.capacity).map(|frames| frames as f64 * 1e3 / rate),
            wake_lateness_p99_ms: lateness.map(|lateness| lateness.p99),
            longest_block_ms: (now.producer.blocks > 0).then_some(now.producer.longest_ns as f64 / 1e6),
            isolated: Some(shareable().is_ok()),
            hidden,
            hidden_seconds: Some(hidden_ms / 1e3),
            ..Findings::default()
        }
    }

    /// With a clock of its own; one that goes by the ring's room cannot drift.
    #[cfg(feature = "faults")]
    fn drift_ppm(&self, now: &Snapshot) -> Option<f64> {
        let options = self.options();
        if options.pace == crate::render::Pace::Demand {
            return Some(0.0);
        }
        let (requested, limit) = (now.consumer.requested, options.buffer_frames as u64);
        self.explain()
            .log(|log| crate::ledger::drift_ppm(log.entries(), log.folded().events == 0, requested, limit))
    }

    /// It goes by the ring's room and cannot drift.
    #[cfg(not(feature = "faults"))]
    fn drift_ppm(&self, _: &Snapshot) -> Option<f64> {
        Some(0.0)
    }
}

/// Frames that the producer keeps ahead; `None` where only the newest counts, and inside of `process()`: there is nothing that could be too small.
fn ring_frames(options: &OutputOptions) -> Option<u64> {
    #[cfg(feature = "strategies")]
    if options.strategy.newest_counts() || options.strategy == Strategy::InWorklet {
        return None;
    }
    Some(options.ahead() as u64)
}

/// Frames rendered at once.
fn block_frames(options: &OutputOptions, quantum: u32) -> u64 {
    #[cfg(feature = "strategies")]
    if options.strategy == Strategy::InWorklet {
        return u64::from(quantum);
    }
    let _ = quantum;
    options.block() as u64
}

/// Blocks that a queue holds.
fn queue_blocks(options: &OutputOptions) -> Option<u64> {
    #[cfg(feature = "strategies")]
    if options.strategy == Strategy::Queue {
        return Some(options.queue_depth as u64);
    }
    let _ = options;
    None
}

/// Frames in the ring that half of all quanta found at most, to within a bucket.
fn median_fill(fill: &[u64], capacity: usize) -> Option<u64> {
    let quanta: u64 = fill.iter().sum();
    let mut seen = 0;
    let median = fill.iter().position(|count| {
        seen += count;
        seen * 2 >= quanta
    })?;
    (quanta > 0).then_some(((median + 1) * ConsumerLedger::fill_bucket_frames(capacity) - 1) as u64)
}
