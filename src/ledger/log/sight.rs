//! What only the page sees.

/// Something that the page saw. Times in milliseconds; `at_ms` is when it began, since the epoch.
///
/// What goes on may be told again and again, each time with the same `at_ms` and a longer `ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sight {
    /// A task kept the page's thread busy. One of 0 ms only says that they are watched.
    LongTask {
        /// When it began.
        at_ms: f64,
        /// How long it took.
        ms: f64,
    },
    /// The page was hidden.
    Hidden {
        /// From when.
        at_ms: f64,
        /// For how long so far.
        ms: f64,
    },
    /// The context's state changed.
    Context {
        /// When.
        at_ms: f64,
        /// To what: `running`, `suspended`, `interrupted`, `closed`.
        state: &'static str,
        /// For how long; `None`: until another one is told.
        ms: Option<f64>,
    },
    /// Everything stood still: the machine slept, or the page was frozen.
    StoodStill {
        /// From when.
        at_ms: f64,
        /// For how long.
        ms: f64,
    },
    /// The browser's own count of device underruns was looked at. To be told about once a second, also when nothing was counted: then it says that they are watched, and ends an event.
    Device {
        /// When it was looked at.
        at_ms: f64,
        /// Counted since the look before.
        events: u64,
        /// Their length, counted since the look before.
        seconds: f64,
    },
}
