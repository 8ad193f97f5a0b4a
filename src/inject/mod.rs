//! Faults on purpose. What is injected is recorded as it really happened; nothing that explains losses may look at it.

mod kind;
mod random;
mod stall;

pub use kind::FaultKind;
pub use random::Random;
pub use stall::{StallPlan, Staller};
