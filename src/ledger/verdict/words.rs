//! Verdicts in words.

use core::fmt::{Display, Formatter, Result};

use super::{Flag, Status, Unit, Verdict};
use crate::error::Decimal;

impl Flag {
    /// All, in the order of [`verdicts`](super::verdicts).
    pub const ALL: [Flag; 15] = [
        Flag::Duplicates,
        Flag::Startup,
        Flag::RingBelowCallback,
        Flag::RingBelow512,
        Flag::QueueDepth,
        Flag::SampleRateMismatch,
        Flag::Drift,
        Flag::Allocation,
        Flag::AliasedBuffer,
        Flag::ProducerLoad,
        Flag::Artifacts,
        Flag::DeviceUnderruns,
        Flag::Latency,
        Flag::Isolation,
        Flag::HiddenTab,
    ];

    /// Its name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            Flag::Duplicates => "duplicates",
            Flag::Startup => "startup",
            Flag::RingBelowCallback => "ringBelowCallback",
            Flag::RingBelow512 => "ringBelow512",
            Flag::QueueDepth => "queueDepth",
            Flag::SampleRateMismatch => "sampleRateMismatch",
            Flag::Drift => "drift",
            Flag::Allocation => "allocation",
            Flag::AliasedBuffer => "aliasedBuffer",
            Flag::ProducerLoad => "producerLoad",
            Flag::Artifacts => "artifacts",
            Flag::DeviceUnderruns => "deviceUnderruns",
            Flag::Latency => "latency",
            Flag::Isolation => "isolation",
            Flag::HiddenTab => "hiddenTab",
        }
    }

    /// What its figure is of, for people: "Producer load".
    pub fn title(self) -> &'static str {
        match self {
            Flag::Duplicates => "Duplicate quanta",
            Flag::Startup => "Start-up",
            Flag::RingBelowCallback => "Ring against the callback",
            Flag::RingBelow512 => "Ring",
            Flag::QueueDepth => "Queue depth",
            Flag::SampleRateMismatch => "Sample-rate mismatch",
            Flag::Drift => "Drift",
            Flag::Allocation => "Allocations on the render path",
            Flag::AliasedBuffer => "Aliased buffer",
            Flag::ProducerLoad => "Producer load",
            Flag::Artifacts => "High-frequency artefacts",
            Flag::DeviceUnderruns => "Device underruns",
            Flag::Latency => "Ring latency",
            Flag::Isolation => "Page isolated",
            Flag::HiddenTab => "Page hidden",
        }
    }

    /// What it is to the listener.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Flag::Duplicates => "A frame that is played twice is heard as a stutter, and many of them as a buzz.",
            Flag::Startup => "The listener waits this long for the first sound.",
            Flag::RingBelowCallback => "A ring that holds less than one callback and one quantum runs dry in every callback.",
            Flag::RingBelow512 => "A ring below 512 frames has gaps as soon as the machine does anything else.",
            Flag::QueueDepth => "With fewer than two blocks nothing can be written while a block is read, and every late block is a gap.",
            Flag::SampleRateMismatch => {
                "At another rate than its own the sound has the wrong pitch and speed, and a producer with its own clock runs dry or over."
            }
            Flag::Drift => "Two clocks that run apart end in a gap or in dropped frames, again and again.",
            Flag::Allocation => "An allocation can wait for a lock or for the system, and the sound with it.",
            Flag::AliasedBuffer => "A block that is overwritten before it was played is heard as a repeat, and what it held is lost.",
            Flag::ProducerLoad => "A producer that is busy most of the time cannot catch up after a delay, so that each becomes a gap.",
            Flag::Artifacts => "Clicks and hard edges are heard as a whine between 17 and 20 kHz.",
            Flag::DeviceUnderruns => {
                "The browser did not deliver to the device in time, which is heard as a click or a gap whatever lay in the ring."
            }
            Flag::Latency => "What is played or turned now is heard this much later.",
            Flag::Isolation => "Without isolation samples travel as messages, which needs a longer delay to be safe.",
            Flag::HiddenTab => "A hidden page is slowed down by the browser, and gaps come of it.",
        }
    }

    /// What to do when it is beyond its limit.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Flag::Duplicates => "Use the ring, which never serves a frame twice, or give the exchange a block of at least one callback.",
            Flag::Startup => "Load the module and start the worker before the listener presses play, and make the module smaller.",
            Flag::RingBelowCallback => "Raise bufferFrames to at least this limit, or ask for smaller callbacks with latencyHint 0.",
            Flag::RingBelow512 => "Raise bufferFrames to 512, or to 2048 where other work goes on.",
            Flag::QueueDepth => "Set queueDepth to 2 or more; 3 is a good beginning.",
            Flag::SampleRateMismatch => "Render at the context's rate, or resample to it.",
            Flag::Drift => "Let the room in the ring pace the producer, or resample to the device's clock.",
            Flag::Allocation => "Make buffers before playing, and let the render function write into them.",
            Flag::AliasedBuffer => {
                "Copy each block, or render into a buffer that is free again; a steady tone that fits the block exactly is no fault."
            }
            Flag::ProducerLoad => "Render less (fewer voices, cheaper effects) or faster (an optimised build, larger blocks).",
            Flag::Artifacts => {
                "Fade where the sound stops and comes back (conceal: fade), and mend the gaps and repeats that the other verdicts name."
            }
            Flag::DeviceUnderruns => {
                "Raise latencyHint to \"playback\", close what burdens the machine, and keep other work out of the audio thread."
            }
            Flag::Latency => "Lower bufferFrames until this is about half of the limit, and look whether it stays clean.",
            Flag::Isolation => "Serve the page with COOP: same-origin and COEP: require-corp.",
            Flag::HiddenTab => "Keep the page visible while measuring, or raise bufferFrames if it has to play in the background.",
        }
    }
}

impl Unit {
    /// Its name, as in the report; empty for a mere count.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Share => "share",
            Unit::Ms => "ms",
            Unit::Seconds => "s",
            Unit::Frames => "frames",
            Unit::Blocks => "blocks",
            Unit::Hz => "Hz",
            Unit::Ppm => "ppm",
            Unit::Db => "dB",
            Unit::Count => "",
            Unit::YesNo => "yes/no",
        }
    }
}

impl Verdict {
    /// The verdict in words, without allocating: "Producer load 83 %, limit 70 %: a producer that is busy … Render less …".
    ///
    /// A good one is its figure and limit alone; an unknown one says so.
    pub fn sentence(&self) -> impl Display + use<> {
        Sentence(*self)
    }

    /// Its figure with its unit, without allocating: "83 %"; `None` when it was not measured.
    pub fn figure(&self) -> Option<impl Display + use<'_>> {
        self.value.map(|value| Figure { value, verdict: self })
    }

    /// The last figure that is good, likewise.
    pub fn limit_figure(&self) -> Option<impl Display + use<'_>> {
        self.limit.map(|value| Figure { value, verdict: self })
    }

    /// Whether it is good from `limit` on upwards, instead of up to `limit`.
    pub fn wants_more(&self) -> bool {
        matches!(
            self.flag,
            Flag::RingBelowCallback | Flag::RingBelow512 | Flag::QueueDepth | Flag::Isolation
        )
    }
}

struct Sentence(Verdict);

impl Display for Sentence {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Sentence(verdict) = self;
        f.write_str(verdict.flag.title())?;
        if verdict.status == Status::Unknown {
            return f.write_str(": unknown.");
        }
        let figure = |value| Figure { value, verdict };
        let answer = verdict.unit == Unit::YesNo;
        // Without a figure only a page that is hidden is worth a warning.
        match verdict.value {
            Some(value) => write!(f, "{} {}", if answer { ":" } else { "" }, figure(value))?,
            None => f.write_str(" now")?,
        }
        if let (Some(limit), true) = (verdict.limit, !answer) {
            write!(f, ", limit {}", figure(limit))?;
        }
        if verdict.status == Status::Good {
            return f.write_str(".");
        }
        // Goes on in the middle of a sentence.
        let (first, rest) = verdict.meaning.split_at(1);
        let first = char::from(first.as_bytes()[0].to_ascii_lowercase());
        write!(f, "{} {first}{rest} {}", if answer { ";" } else { ":" }, verdict.advice)
    }
}

/// A value or a limit, with its unit.
struct Figure<'a> {
    value: f64,
    verdict: &'a Verdict,
}

impl Display for Figure<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let unit = self.verdict.unit;
        let number = |value: f64| shown(value, self.verdict);
        match unit {
            Unit::YesNo => f.write_str(if self.value > 0.0 { "yes" } else { "no" }),
            Unit::Share => write!(f, "{} %", number(self.value)),
            Unit::Count => number(self.value).fmt(f),
            // "1 frame"
            Unit::Frames | Unit::Blocks if self.value == 1.0 => write!(f, "1 {}", unit.name().trim_end_matches('s')),
            _ => write!(f, "{} {}", number(self.value), unit.name()),
        }
    }
}

/// `value` to one decimal, or to three where it would else look like the limit that it misses.
fn shown(value: f64, verdict: &Verdict) -> Decimal {
    let scale = if verdict.unit == Unit::Share { 100.0 } else { 1.0 };
    let tenths = |value: f64| (value * scale * 10.0).round();
    let alike = match (verdict.value, verdict.limit) {
        (Some(value), Some(limit)) => value != limit && tenths(value) == tenths(limit),
        _ => false,
    };
    Decimal(if alike { value * scale } else { tenths(value) / 10.0 })
}
