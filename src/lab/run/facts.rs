//! What the page knows of an output, for its report.

use super::js::{browser, isolated};
use crate::lab::report::{Device, Facts, Startup, Taken};
use crate::web::page;

/// The facts of an output whose ring held at least `buffer_frames`, whose first frame was heard `start_ms` since the epoch, and which was on a hidden page for `hidden_seconds`.
pub(in crate::lab) fn facts_of(facts: &page::Facts, buffer_frames: usize, start_ms: f64, hidden_seconds: Option<f64>) -> Facts {
    Facts {
        browser: browser(),
        isolated: isolated(),
        sample_rate: facts.sample_rate.into(),
        channels: facts.channels,
        render_quantum: facts.render_quantum,
        capacity: facts.capacity,
        // The size can be changed while it plays.
        buffer_frames: facts.buffer_frames.max(buffer_frames),
        most_frames: facts.exchange.most_frames.max(buffer_frames),
        startup: Startup {
            module_ms: facts.startup.module_ms,
            worker_ms: facts.startup.worker_ms,
            worklet_ms: facts.startup.worklet_ms,
            first_frame_ms: facts.startup.first_frame_ms,
        },
        base_latency: facts.base_latency,
        output_latency: facts.output_latency,
        device: facts.playback_stats.map(|stats| Device {
            underrun_events: stats.underrun_events,
            underrun_seconds: stats.underrun_seconds,
        }),
        start_ms,
        hidden_seconds,
        taken: Taken {
            storage_bytes: Some(facts.exchange.storage_bytes as u64),
            memory_bytes: facts.exchange.memory_bytes.map(|bytes| bytes as u64),
            page_busy_ms: facts.exchange.page_busy_ms,
        },
    }
}
