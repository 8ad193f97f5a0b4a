//! The player for files: the list, what plays of it, where, and what can be done about that.
//!
//! Seeks, marks, words and the waveform's columns are plain Rust and tested natively; the rest is the page.

pub mod marks;
pub mod seeker;
pub mod shape;
pub mod words;

#[cfg(target_family = "wasm")]
mod about;
#[cfg(target_family = "wasm")]
mod actions;
#[cfg(target_family = "wasm")]
mod connect;
#[cfg(target_family = "wasm")]
mod inspected;
#[cfg(target_family = "wasm")]
mod list;
#[cfg(target_family = "wasm")]
mod panel;
#[cfg(target_family = "wasm")]
mod seek_bar;
#[cfg(target_family = "wasm")]
mod wave;
#[cfg(target_family = "wasm")]
mod ways;

#[cfg(target_family = "wasm")]
pub(super) use connect::{connect, items};
#[cfg(target_family = "wasm")]
pub(super) use panel::Player;
