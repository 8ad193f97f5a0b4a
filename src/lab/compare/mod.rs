//! Compare: every buffering strategy on the visitor's own machine, the same sound under the same faults, in two tables.
//!
//! | module | |
//! | --- | --- |
//! | [`plan`] | which cells, how often, in which order |
//! | [`measure`], [`stats`], [`result`] | what runs come to |
//! | [`artifacts`] | what edges sound like, out of spectra |
//! | [`witness`] | who survives the death of a producer |
//! | [`strategy`], [`complexity`] | what is known of a strategy without running it |
//! | [`tables`], [`charts`], [`export`] | what is shown and taken along |
//! | [`abx`], [`level`] | blind series; two sounds as loud as each other |
//! | `drive` | makes the runs, one at a time |
//! | `api` | `window.noxrun.compare` |
//! | `panel`, [`paint`], `listen` | the page's part |

pub mod abx;
pub mod artifacts;
pub mod charts;
pub mod complexity;
pub mod export;
pub mod level;
pub mod measure;
pub mod paint;
pub mod plan;
pub mod result;
pub mod stats;
pub mod strategy;
pub mod tables;
pub mod witness;

#[cfg(target_family = "wasm")]
mod api;
#[cfg(target_family = "wasm")]
mod drive;
#[cfg(target_family = "wasm")]
mod listen;
#[cfg(target_family = "wasm")]
mod panel;

#[cfg(test)]
mod tests;

#[cfg(target_family = "wasm")]
pub(super) use api::install;
#[cfg(target_family = "wasm")]
pub(super) use panel::{connect, hush};
