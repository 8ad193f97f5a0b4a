//! The strategy and all that goes with it: how frames get to the audio thread, how many, at what pace, and what is heard when there are none.

pub mod words;

#[cfg(target_family = "wasm")]
mod panel;
#[cfg(target_family = "wasm")]
mod switch;

#[cfg(target_family = "wasm")]
pub(super) use panel::StrategyPanel;
#[cfg(target_family = "wasm")]
pub(super) use switch::connect;
