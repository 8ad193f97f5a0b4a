//! A scenario as the output wants to be told.

use crate::lab::scenario::{Hint, Scenario, takes_block, takes_buffer};
use crate::strategy::Strategy;
use crate::web::page::{LatencyHint, OutputOptions, SourceSpec};

/// The output that plays `source` as `scenario` says, but for its faults.
pub(in crate::lab) fn output_options(scenario: &Scenario, source: SourceSpec) -> OutputOptions {
    let default = OutputOptions::default();
    OutputOptions {
        strategy: scenario.strategy,
        queue_depth: scenario.queue_depth.unwrap_or(Strategy::DEFAULT_DEPTH),
        conceal: scenario.conceal,
        channels: scenario.channels,
        // What other strategies keep ahead follows from the block.
        buffer_frames: match takes_buffer(scenario.strategy) {
            true => scenario.buffer_frames,
            false => default.buffer_frames,
        },
        block_frames: takes_block(scenario.strategy).then_some(scenario.block_frames),
        latency_hint: match scenario.latency_hint {
            Hint::Interactive => LatencyHint::Interactive,
            Hint::Balanced => LatencyHint::Balanced,
            Hint::Playback => LatencyHint::Playback,
            Hint::Seconds(seconds) => LatencyHint::Seconds(seconds),
        },
        render_quantum: scenario.render_quantum,
        sample_rate: scenario.sample_rate.map(|hz| hz as f32),
        source,
        pace: scenario.pace.producers(scenario.seed),
        seed: scenario.seed,
        ..default
    }
}
