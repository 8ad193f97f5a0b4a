//! Noxrun plays audio that Rust renders in a Web Worker, through a lock-free ring in shared memory, out of an AudioWorklet; and it accounts for every frame.
//!
//! ```text
//!  page (starts, shows)            web::page, lab
//!    |  module + memory + address
//!    v
//!  worker: Source renders ──> Producer ──┐        render, source, web::worker, worklet/producer.js
//!                                        v
//!                      ring in the shared Wasm memory      ring, shared
//!                                        |
//!  worklet: Consumer reads <─────────────┘        consume, conceal, web::worklet, worklet/processor.js
//!    |        └─> ledger (counters, events) ──> page, report
//!    v
//!  device
//! ```
//!
//! One Wasm module, instantiated in the worker and in the worklet over one shared memory: the same code runs on both ends, natively, and (the ring) under loom.
//! Nothing below `web` knows JavaScript; nothing below `lab` knows the lab.
//!
//! | to | look at |
//! | --- | --- |
//! | write a source of sound | [`render::Source`] (pulled), [`render::PushWriter`] (pushed) |
//! | move frames between threads | [`ring`] |
//! | know what became of each frame | [`ledger`] |
//! | see what the audio thread does | [`consume::Quanta`] |
//! | compare other ways between the two | [`strategy`] |
//! | hand a source of your own to the npm package | `web::OwnSource` (Wasm, feature `embed`) |
//! | start an output in a page that Rust drives | `web::page::Output` (Wasm, feature `page`) |
//!
//! Pages that JavaScript drives use the npm package `noxrun`: this crate with the feature `embed`, and scripts (`npm/src`). See `docs/embedding.md`, and `docs/protocol.md` for what lies in the shared memory.
//!
//! # Features
//! None by default. `embed`: exports of numbers for the npm package, no glue. `page`: the page's end in Rust, with glue. `synth`: the built-in synthesiser. `decode`: audio files. `lab`: the lab. `explain`: why frames were lost. `faults`: faults on
//! purpose. `strategies`: the other ways from the producer to the audio thread. `count-allocations`: an allocator that counts.
// The instructions to wait on and notify a word of memory are not stable in Rust yet.
#![cfg_attr(all(target_family = "wasm", target_feature = "atomics"), feature(stdarch_wasm_atomic_wait))]

#[cfg(not(loom))]
pub mod conceal;
#[cfg(not(loom))]
pub mod consume;
pub mod error;
#[cfg(all(feature = "decode", not(loom)))]
pub mod feed;
#[cfg(not(loom))]
pub mod inject;
#[cfg(all(feature = "lab", not(loom)))]
pub mod lab;
#[cfg(not(loom))]
pub mod ledger;
#[cfg(all(feature = "decode", not(loom)))]
pub mod overview;
#[cfg(not(loom))]
pub mod render;
pub mod ring;
#[cfg(not(loom))]
pub mod shared;
#[cfg(not(any(loom, target_family = "wasm")))]
pub mod sim;
#[cfg(not(loom))]
pub mod source;
pub mod strategy;
#[cfg(not(loom))]
pub mod watch;
#[cfg(all(target_family = "wasm", not(loom)))]
pub mod web;

pub use error::{Error, FileProblem};

#[cfg(not(loom))]
mod counting;
#[cfg(not(loom))]
mod turn;
#[cfg(not(loom))]
pub use counting::allocations;

/// The guides' Rust examples, which have to compile too.
#[cfg(doctest)]
mod guides {
    #![doc = include_str!("../docs/embedding.md")]
}
