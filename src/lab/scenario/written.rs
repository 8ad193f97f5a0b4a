//! A scenario as JSON: each field that says something with its strategy, and no other, so that it can be read again.

use serde::{Serialize, Serializer};

use super::{Hint, Pace, Scenario, SourceChoice, Stress, takes_block, takes_buffer};

/// The fields, in the order of the documents.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    strategy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_depth: Option<usize>,
    source: &'a SourceChoice,
    seconds: f64,
    channels: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    buffer_frames: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_frames: Option<usize>,
    latency_hint: Hint,
    render_quantum: Option<u32>,
    sample_rate: Option<f64>,
    pace: Pace,
    conceal: &'static str,
    late: &'static str,
    latency: &'static str,
    seed: u64,
    stress: &'a [Stress],
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written {
            strategy: self.strategy.name(),
            queue_depth: self.queue_depth,
            source: &self.source,
            seconds: self.seconds,
            channels: self.channels,
            buffer_frames: takes_buffer(self.strategy).then_some(self.buffer_frames),
            block_frames: takes_block(self.strategy).then_some(self.block_frames),
            latency_hint: self.latency_hint,
            render_quantum: self.render_quantum,
            sample_rate: self.sample_rate,
            pace: self.pace,
            conceal: self.conceal.name(),
            late: self.late,
            latency: self.latency,
            seed: self.seed,
            stress: &self.stress,
        }
        .serialize(serializer)
    }
}
