//! The figures that verdicts are made from.

/// The figures of a run. The default knows nothing; a `None`, a number that is not finite and a total of 0 all mean "not measured".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Findings {
    /// Render quanta.
    pub quanta: u64,
    /// Those with a repeated frame.
    pub duplicate_quanta: u64,
    /// From starting to the first frame put out, ms.
    pub first_frame_ms: Option<f64>,
    /// How far the producer may run ahead, in frames; `None` for an exchange that is not a ring.
    pub ring_frames: Option<u64>,
    /// What the producer renders at once, in frames.
    pub block_frames: Option<u64>,
    /// What one `process()` call asks for, in frames.
    pub render_quantum: Option<u64>,
    /// The largest callback counted, in frames.
    pub callback_frames: Option<u64>,
    /// Blocks that a queue holds; `None` for an exchange that is not a queue.
    pub queue_blocks: Option<u64>,
    /// The rate that the source has, or that the scenario asked for, Hz.
    pub asked_rate: Option<f64>,
    /// The context's rate, Hz.
    pub sample_rate: Option<f64>,
    /// Rate at which the producer's clock leaves the device's after all correction, in millionths, signed. A producer paced by the ring's room cannot drift: 0.
    pub drift_ppm: Option<f64>,
    /// Heap allocations while rendering.
    pub producer_allocations: Option<u64>,
    /// Heap allocations inside `process()`.
    pub audio_allocations: Option<u64>,
    /// Blocks that were compared with the one before.
    pub compared_blocks: u64,
    /// Those that were the same, bit by bit, and not silent.
    pub identical_blocks: u64,
    /// Time spent rendering as a share of the time that the frames last.
    pub render_load: Option<f64>,
    /// Level between 17 and 20 kHz of what was heard above that of what was rendered, dB.
    pub artifacts_db: Option<f64>,
    /// The browser's count of times that it did not deliver to the device.
    pub device_underruns: Option<u64>,
    /// The browser's count of how long that was, in seconds.
    pub device_underrun_seconds: Option<f64>,
    /// What lay in the ring when half of the quanta were asked for, ms.
    pub ring_p50_ms: Option<f64>,
    /// By how much the producer woke late, 99th percentile, ms.
    pub wake_lateness_p99_ms: Option<f64>,
    /// The longest time that rendering a block took, ms.
    pub longest_block_ms: Option<f64>,
    /// Whether the page is isolated.
    pub isolated: Option<bool>,
    /// Whether the page is hidden now.
    pub hidden: Option<bool>,
    /// How long the page was hidden during the run, in seconds.
    pub hidden_seconds: Option<f64>,
}

impl Findings {
    /// What must lie in the ring for the measured jitter, in milliseconds: a callback, the block that there is no room for yet, the latest wake-up (99th percentile)
    /// and the longest rendering of a block. `None` when one of these was not measured.
    pub fn needed_ms(&self) -> Option<f64> {
        let rate = known(self.sample_rate).filter(|rate| *rate > 0.0)?;
        let late = known(self.wake_lateness_p99_ms)? + known(self.longest_block_ms)?;
        let frames = self.callback_frames?.saturating_add(self.block_frames?);
        Some(frames as f64 * 1e3 / rate + late)
    }
}

/// A measured figure; what is not finite was none.
pub(super) fn known(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
