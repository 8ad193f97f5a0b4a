//! What can go wrong, typed. Each message names what was asked for and what is allowed.

/// Everything that an engine call can refuse or fail with.
///
/// Underruns and overruns are not errors: they are data, in the [ledger](crate::ledger).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("{what} is {value}: it must be {min} to {max}{unit}")]
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
    /// A file cannot be played.
    #[error("{name}: {reason}")]
    File {
        /// The file's name as the person knows it.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
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
