//! Which figure is good, and which is not.

use super::findings::known;
use super::{Findings, Flag, Status, Unit, Verdict};

/// A figure, the last value of it that is good, and what it comes to.
struct Judged {
    value: Option<f64>,
    limit: Option<f64>,
    status: Status,
}

/// Beyond `limit` is above it.
fn at_most(limit: f64, value: Option<f64>, beyond: Status) -> Judged {
    compare(value, Some(limit), |value, limit| value <= limit, beyond)
}

/// Beyond `limit` is below it.
fn at_least(limit: Option<f64>, value: Option<f64>, beyond: Status) -> Judged {
    compare(value, limit, |value, limit| value >= limit, beyond)
}

fn compare(value: Option<f64>, limit: Option<f64>, good: fn(f64, f64) -> bool, beyond: Status) -> Judged {
    let (Some(value), Some(limit)) = (known(value), known(limit)) else {
        // A figure alone says nothing.
        return Judged {
            value: None,
            limit,
            status: Status::Unknown,
        };
    };
    Judged {
        value: Some(value),
        limit: Some(limit),
        status: if good(value, limit) { Status::Good } else { beyond },
    }
}

/// A count as a figure.
fn number(count: Option<u64>) -> Option<f64> {
    count.map(|count| count as f64)
}

/// What the findings say: exactly one verdict for each flag, in the order of [`Flag::ALL`].
///
/// Allocates; not for the audio thread.
pub fn verdicts(findings: &Findings) -> Vec<Verdict> {
    Flag::ALL.iter().map(|flag| verdict(*flag, findings)).collect()
}

fn verdict(flag: Flag, findings: &Findings) -> Verdict {
    let Judged { value, limit, status } = judge(flag, findings);
    Verdict {
        flag,
        status,
        value,
        limit,
        unit: flag.unit(),
        meaning: flag.meaning(),
        advice: match status {
            Status::Good => "Nothing to do.",
            Status::Warning | Status::Bad => flag.advice(),
            Status::Unknown => "Nothing can be said: not measured, or not a part of this run.",
        },
    }
}

fn judge(flag: Flag, f: &Findings) -> Judged {
    match flag {
        Flag::Duplicates => at_most(0.1, share(f.duplicate_quanta, f.quanta), Status::Bad),
        Flag::Startup => at_most(100.0, f.first_frame_ms, Status::Warning),
        Flag::RingBelowCallback => {
            let callback = f.callback_frames.zip(f.render_quantum);
            let least = callback.map(|(callback, quantum)| callback.saturating_add(quantum));
            at_least(number(least), number(f.ring_frames), Status::Bad)
        }
        Flag::RingBelow512 => at_least(Some(512.0), number(f.ring_frames), Status::Warning),
        Flag::QueueDepth => at_least(Some(2.0), number(f.queue_blocks), Status::Bad),
        Flag::SampleRateMismatch => {
            let rates = f.asked_rate.zip(f.sample_rate);
            at_most(0.0, rates.map(|(asked, got)| (asked - got).abs()), Status::Bad)
        }
        Flag::Drift => at_most(20.0, f.drift_ppm.map(f64::abs), Status::Bad),
        Flag::Allocation => allocation(f),
        Flag::AliasedBuffer => {
            let identical = (f.compared_blocks > 0).then_some(f.identical_blocks);
            at_most(0.0, number(identical), Status::Bad)
        }
        Flag::ProducerLoad => {
            let overloaded = f.render_load.is_some_and(|load| load >= 1.0);
            at_most(0.7, f.render_load, if overloaded { Status::Bad } else { Status::Warning })
        }
        Flag::Artifacts => at_most(3.0, f.artifacts_db, Status::Bad),
        Flag::DeviceUnderruns => device_underruns(f),
        Flag::Latency => {
            // Jitter is not measured in a moment: twice the need is prudence, and only twice that is waste. Nobody waits for 50 ms.
            let limit = f.needed_ms().map(|needed| (4.0 * needed).max(50.0));
            compare(f.ring_p50_ms, limit, |value, limit| value <= limit, Status::Warning)
        }
        Flag::Isolation => at_least(Some(1.0), f.isolated.map(|isolated| f64::from(u8::from(isolated))), Status::Warning),
        Flag::HiddenTab => hidden_tab(f),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Both sides must be known to be good; one is enough to be bad.
fn allocation(f: &Findings) -> Judged {
    let sum = match (f.producer_allocations, f.audio_allocations) {
        (Some(producer), Some(audio)) => Some(producer.saturating_add(audio)),
        (one, other) => one.or(other).filter(|count| *count > 0),
    };
    at_most(0.0, number(sum), Status::Bad)
}

/// A browser that counts one gap several times, or tells its length only, still tells of a gap.
fn device_underruns(f: &Findings) -> Judged {
    let lost = known(f.device_underrun_seconds).is_some_and(|seconds| seconds > 0.0);
    let counted = f.device_underruns.map(|events| events.max(u64::from(lost)));
    at_most(0.0, number(counted), Status::Bad)
}

/// A page that is hidden now is hidden, even if nobody knows for how long.
fn hidden_tab(f: &Findings) -> Judged {
    let judged = at_most(0.0, f.hidden_seconds, Status::Warning);
    match f.hidden {
        Some(true) => Judged {
            value: judged.value.filter(|seconds| *seconds > 0.0),
            status: Status::Warning,
            ..judged
        },
        _ => judged,
    }
}

impl Flag {
    /// What its value and its limit are measured in.
    pub fn unit(self) -> Unit {
        match self {
            Flag::Duplicates | Flag::ProducerLoad => Unit::Share,
            Flag::Startup | Flag::Latency => Unit::Ms,
            Flag::RingBelowCallback | Flag::RingBelow512 => Unit::Frames,
            Flag::QueueDepth | Flag::AliasedBuffer => Unit::Blocks,
            Flag::SampleRateMismatch => Unit::Hz,
            Flag::Drift => Unit::Ppm,
            Flag::Allocation | Flag::DeviceUnderruns => Unit::Count,
            Flag::Artifacts => Unit::Db,
            Flag::Isolation => Unit::YesNo,
            Flag::HiddenTab => Unit::Seconds,
        }
    }
}
