//! Red flags: what a run's figures say about how it sounds, and what to do about it.
//!
//! One [`Verdict`] for each [`Flag`], always all of them and in the same order. No clock and no JS: figures come in, verdicts go out. What was not measured is
//! [`Status::Unknown`], never good.

mod findings;
mod rules;
mod words;

#[cfg(test)]
mod tests;

pub use findings::Findings;
pub use rules::verdicts;

/// What is looked at. The order is that of [`verdicts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Quanta with a repeated frame, as a share of all: at most 10 %.
    Duplicates,
    /// From starting to the first frame: at most 100 ms.
    Startup,
    /// The ring, against one callback and one render quantum, which is the least that can work.
    RingBelowCallback,
    /// The ring, against 512 frames, which is the least that was seen to work on an idle machine.
    RingBelow512,
    /// Blocks that a queue holds: at least 2.
    QueueDepth,
    /// Difference between the rate asked for and the context's, in either direction: none.
    SampleRateMismatch,
    /// Rate at which the producer's clock leaves the device's, in either direction: at most 20 ppm (1 Hz in 48 kHz is 21 ppm).
    Drift,
    /// Heap allocations on the render path, the producer's and the audio thread's: none.
    Allocation,
    /// Blocks that were the same as the one before, though not silent: none. A steady tone whose period divides the block does this too, and rightly.
    AliasedBuffer,
    /// Time spent rendering, as a share of what the frames last: at most 70 %; from 100 % on it is bad.
    ProducerLoad,
    /// Level between 17 and 20 kHz above that of the source: at most 3 dB, which is twice its energy.
    Artifacts,
    /// Times that the browser did not deliver to the device: none.
    DeviceUnderruns,
    /// What lies in the ring: at most four times what the measured jitter needs ([`Findings::needed_ms`]), or 50 ms where that is less.
    Latency,
    /// Whether the page is isolated, so that it can share memory.
    Isolation,
    /// Time in which the page was not visible: none.
    HiddenTab,
}

/// What a figure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Measured, and within its limit.
    Good,
    /// Beyond its limit: a risk, or a comfort less, but nothing that is heard by itself.
    Warning,
    /// Beyond its limit, and heard sooner or later.
    Bad,
    /// Not measured, or not a part of this run.
    Unknown,
}

impl Status {
    /// Its name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            Status::Good => "good",
            Status::Warning => "warning",
            Status::Bad => "bad",
            Status::Unknown => "unknown",
        }
    }
}

/// What a value and its limit are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Part of a whole, 0 to 1; in a sentence as percent.
    Share,
    /// Milliseconds.
    Ms,
    /// Seconds.
    Seconds,
    /// Frames.
    Frames,
    /// Blocks.
    Blocks,
    /// Hertz.
    Hz,
    /// Millionths.
    Ppm,
    /// Decibels.
    Db,
    /// How often.
    Count,
    /// 1 is yes, 0 is no.
    YesNo,
}

/// What one figure says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// What was looked at.
    pub flag: Flag,
    /// What the figure says.
    pub status: Status,
    /// The figure, finite, in `unit`; `None` when it was not measured (a page hidden just now is the one warning without a figure).
    pub value: Option<f64>,
    /// The last value that is good, in `unit`; `None` when it depends on something that was not measured.
    pub limit: Option<f64>,
    /// What `value` and `limit` are measured in.
    pub unit: Unit,
    /// What it is to the listener, as a sentence that holds whatever the status.
    pub meaning: &'static str,
    /// What to do, as a sentence.
    pub advice: &'static str,
}
