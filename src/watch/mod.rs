//! What a look now and then, by a clock that may itself stand still, says about what goes on elsewhere.

mod pulse;
mod standstill;

pub use pulse::Pulse;
pub use standstill::{Look, Standstill};

/// How often is to be looked, in ms.
pub const EVERY_MS: f64 = 1000.0;
