//! What a look now and then, by a clock that may itself stand still, says about what goes on elsewhere.

mod pulse;
mod standstill;

pub use pulse::Pulse;
pub use standstill::{Look, Standstill};

/// How often an output looks after itself, in ms. Often enough for an event log: 256 underruns are kept until somebody looks, and when something was is known from the looks around it.
pub const EVERY_MS: f64 = if cfg!(feature = "explain") { 250.0 } else { 1000.0 };
