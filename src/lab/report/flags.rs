//! Red flags in a report.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::Facts;
use super::events::Events;
use super::measures::{latency, wake_lateness_ms};
use crate::lab::scenario::{Pace, Scenario, takes_block};
use crate::ledger::{Findings, Snapshot, Verdict, drift_ppm, verdicts};
use crate::strategy::Strategy;

/// A verdict, in JSON {flag, status, value, limit, unit, meaning, advice}; a value that was not measured is null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flagged(pub Verdict);

impl Serialize for Flagged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Flagged(verdict) = self;
        let mut fields = serializer.serialize_struct("Verdict", 7)?;
        fields.serialize_field("flag", verdict.flag.name())?;
        fields.serialize_field("status", verdict.status.name())?;
        fields.serialize_field("value", &verdict.value)?;
        fields.serialize_field("limit", &verdict.limit)?;
        fields.serialize_field("unit", verdict.unit.name())?;
        fields.serialize_field("meaning", verdict.meaning)?;
        fields.serialize_field("advice", verdict.advice)?;
        fields.end()
    }
}

/// One for each flag, in their order.
pub(super) fn of(scenario: &Scenario, facts: &Facts, events: &Events, last: &Snapshot) -> Vec<Flagged> {
    verdicts(&findings(scenario, facts, events, last))
        .into_iter()
        .map(Flagged)
        .collect()
}

/// What the run's figures are.
fn findings(scenario: &Scenario, facts: &Facts, events: &Events, last: &Snapshot) -> Findings {
    let counted = cfg!(feature = "count-allocations");
    let strategy = scenario.strategy;
    let has_ring = !strategy.newest_counts() && strategy != Strategy::InWorklet;
    let whole = events.folded().events == 0;
    let drift_ppm = drift_ppm(events.entries().iter(), whole, last.consumer.requested, facts.buffer_frames as u64);
    Findings {
        quanta: last.consumer.quanta,
        duplicate_quanta: last.consumer.duplicate_quanta,
        first_frame_ms: facts.startup.first_frame_ms,
        // Where only the newest counts, and inside of `process()`, there is nothing that could be too small.
        ring_frames: has_ring.then_some(facts.buffer_frames as u64),
        block_frames: Some(match takes_block(strategy) {
            true => scenario.block_frames as u64,
            false => facts.render_quantum.into(),
        }),
        render_quantum: Some(u64::from(facts.render_quantum)),
        callback_frames: last.callback_frames().map(|(_, longest)| longest),
        queue_blocks: scenario.queue_depth.map(|blocks| blocks as u64),
        // A source renders at the context's rate, whatever it is, unless another was wanted.
        // Browsers take rates in single precision.
        asked_rate: Some(scenario.sample_rate.map_or(facts.sample_rate, |rate| f64::from(rate as f32))),
        sample_rate: Some(facts.sample_rate),
        drift_ppm: if scenario.pace == Pace::Demand { Some(0.0) } else { drift_ppm },
        producer_allocations: counted.then_some(last.producer.allocations),
        audio_allocations: counted.then_some(last.consumer.allocations),
        compared_blocks: last.producer.blocks.saturating_sub(1),
        identical_blocks: last.producer.identical_blocks,
        render_load: last.render_load(&Snapshot::default()),
        artifacts_db: None,
        device_underruns: facts.device.map(|device| device.underrun_events as u64),
        device_underrun_seconds: facts.device.map(|device| device.underrun_seconds),
        ring_p50_ms: latency(facts, last).ring_ms.map(|ring| ring.p50),
        wake_lateness_p99_ms: wake_lateness_ms(last).map(|lateness| lateness.p99),
        longest_block_ms: (last.producer.blocks > 0).then_some(last.producer.longest_ns as f64 / 1e6),
        isolated: Some(facts.isolated),
        // It is over.
        hidden: None,
        hidden_seconds: facts.hidden_seconds,
    }
}
