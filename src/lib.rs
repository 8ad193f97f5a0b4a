//! Noxrun (skeleton).
// The instructions to wait on and notify a word of memory are not stable in Rust yet.
#![cfg_attr(all(target_family = "wasm", target_feature = "atomics"), feature(stdarch_wasm_atomic_wait))]

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
#[cfg(all(target_family = "wasm", not(loom)))]
pub mod web;

pub use error::Error;

#[cfg(not(loom))]
mod counting;
#[cfg(not(loom))]
pub use counting::allocations;
