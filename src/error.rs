//! What can go wrong, typed. Each message names what was asked for and what is allowed.

/// Everything that an engine call can refuse or fail with.
///
/// Underruns and overruns are not errors: they are data, in the [ledger](crate::ledger).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("{what} is {}: it must be {} to {}{unit}", Decimal(*value), Decimal(*min), Decimal(*max))]
    OutOfRange {
        /// Which setting, in words.
        what: &'static str,
        /// What was asked for.
        value: f64,
        /// Smallest value allowed.
        min: f64,
        /// Largest value allowed.
        max: f64,
        /// Unit with a leading space, or nothing.
        unit: &'static str,
    },
    /// The memory at that place holds no output of this version.
    #[error("no Noxrun output at address {address}: {reason}")]
    NotAnOutput {
        /// Byte offset in the memory.
        address: usize,
        /// What did not fit.
        reason: &'static str,
    },
    /// The ring has one producer and one consumer, and that place is taken.
    #[error("this ring already has a {side}: a ring has exactly one of each, for good")]
    AlreadyTaken {
        /// `producer` or `consumer`.
        side: &'static str,
    },
    /// A buffer's length does not fit the channel count.
    #[error("{len} samples are no whole number of frames of {channels} channels")]
    NotWholeFrames {
        /// Samples given.
        len: usize,
        /// Channels of the ring.
        channels: usize,
    },
    /// A fault on purpose cannot be caused as things are.
    #[cfg(feature = "faults")]
    #[error("the fault '{kind}' cannot be caused: {why}")]
    Fault {
        /// Its kind, as in the scenario.
        kind: &'static str,
        /// What it lacks.
        why: &'static str,
    },
    /// Something makes no sense with the strategy that was asked for.
    #[cfg(feature = "strategies")]
    #[error("the strategy '{strategy}' cannot have {what}: {why}")]
    Strategy {
        /// Its name, as in the scenario.
        strategy: &'static str,
        /// What was asked for.
        what: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// A file cannot be played, or not to its end.
    #[error("{name}: {reason}")]
    File {
        /// The file's name as the person knows it.
        name: String,
        /// What kind of problem this is, for programs.
        problem: FileProblem,
        /// How far the sound can be played, in seconds from its beginning; `None` if nothing of it can.
        at: Option<f64>,
        /// What is wrong with it, for people. Names the position where there is one.
        reason: String,
    },
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileProblem {
    /// It has no bytes.
    Empty,
    /// No audio file of a kind known here.
    NotAudio,
    /// A kind, codec, rate or channel count that is not played.
    Unsupported,
    /// Only the browser could decode it, and this one does not.
    NoDecoder,
    /// What it says contradicts itself.
    Damaged,
    /// It ends before it should.
    CutOff,
    /// It cannot be read (any more): moved, changed, removed, not served.
    Unreadable,
    /// The decoder crashed, ran out of memory or did not come back.
    Crashed,
}

impl FileProblem {
    /// A word for programs, the same in every version.
    pub fn code(self) -> &'static str {
        match self {
            FileProblem::Empty => "empty",
            FileProblem::NotAudio => "not-audio",
            FileProblem::Unsupported => "unsupported",
            FileProblem::NoDecoder => "no-decoder",
            FileProblem::Damaged => "damaged",
            FileProblem::CutOff => "cut-off",
            FileProblem::Unreadable => "unreadable",
            FileProblem::Crashed => "crashed",
        }
    }
}

/// A number for people: up to three decimals, without trailing zeros.
///
/// The standard library prints an `f64` exactly, with code that weighs more than the whole ring (8 KB of Wasm).
#[derive(Debug, Clone, Copy)]
pub struct Decimal(pub f64);

impl core::fmt::Display for Decimal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        /// Beyond this a thousandth is no longer exact, and nobody counts it.
        const LARGEST: f64 = 1e12;
        let Decimal(value) = *self;
        if value.is_nan() {
            return f.write_str("not a number");
        }
        if value.abs() > LARGEST {
            return f.write_str(if value > 0.0 { "more than 10^12" } else { "less than -10^12" });
        }
        let thousandths = (value.abs() * 1e3).round() as u64;
        let (whole, mut rest) = (thousandths / 1000, thousandths % 1000);
        let sign = if value < 0.0 && thousandths > 0 { "-" } else { "" };
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let mut digits = 3;
        while rest.is_multiple_of(10) {
            rest /= 10;
            digits -= 1;
        }
        write!(f, "{sign}{whole}.{rest:0digits$}")
    }
}

/// `value` when it lies in `min..=max`, else [`Error::OutOfRange`] naming all of them.
pub fn in_range(what: &'static str, value: f64, min: f64, max: f64, unit: &'static str) -> Result<f64, Error> {
    if value >= min && value <= max {
        Ok(value)
    } else {
        Err(Error::OutOfRange {
            what,
            value,
            min,
            max,
            unit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (440.0, "440"),
            (0.5, "0.5"),
            (-1.25, "-1.25"),
            (0.007, "0.007"),
            (44_100.05, "44100.05"),
            (1.9999, "2"),
            (-0.0001, "0"),
            (1e12, "1000000000000"),
            (f64::INFINITY, "more than 10^12"),
            (-1e300, "less than -10^12"),
            (f64::NAN, "not a number"),
        ] {
            assert_eq!(Decimal(value).to_string(), text);
        }
    }
}
