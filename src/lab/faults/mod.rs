//! The fault panel: each kind of fault with its figures, on and off while it plays, and what really happened.

pub mod kinds;

#[cfg(target_family = "wasm")]
mod live;
#[cfg(target_family = "wasm")]
mod panel;
#[cfg(target_family = "wasm")]
mod records;
#[cfg(target_family = "wasm")]
mod switch;

#[cfg(target_family = "wasm")]
pub(super) use live::Live;
#[cfg(target_family = "wasm")]
pub(super) use panel::FaultPanel;
#[cfg(target_family = "wasm")]
pub(super) use records::Records;
#[cfg(target_family = "wasm")]
pub(super) use switch::connect;
