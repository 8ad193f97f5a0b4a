//! Noxrun (skeleton).
#[cfg(not(loom))]
pub mod conceal;
#[cfg(not(loom))]
pub mod consume;
pub mod error;
#[cfg(not(loom))]
pub mod inject;
#[cfg(not(loom))]
pub mod ledger;
#[cfg(not(loom))]
pub mod render;
pub mod ring;
#[cfg(not(loom))]
pub mod shared;
#[cfg(not(loom))]
pub mod source;

pub use error::Error;

#[cfg(not(loom))]
mod counting;
#[cfg(not(loom))]
pub use counting::allocations;
