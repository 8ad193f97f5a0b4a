//! Buffering strategies: how frames get from the producer to the audio thread. One file each, the lock-free ring among them.
//!
//! | strategy | file | between the two sides | what is not played |
//! | --- | --- | --- | --- |
//! | `ring` | `ring.rs` | the ring of [`crate::ring`] | nothing |
//! | `queue` | `queue.rs` | whole blocks, so many at most | nothing |
//! | `double` | `double.rs` | two blocks, the newest counts; racy by design | what a newer block replaces |
//! | `triple` | `triple.rs` | three blocks, the newest counts; never torn | what a newer block replaces |
//! | `message-copy`, `message-transfer` | `message.rs` | blocks in messages, into a ring on the audio thread | nothing |
//! | `main-thread` | `ring.rs` | the ring; the producer lives on the page's own thread | nothing |
//! | `in-worklet` | `direct.rs` | nothing: rendered inside `process()` | nothing |
//! | `buffer-source` | `heard.rs` | one `AudioBufferSourceNode` after the other; the audio thread listens to what they play | nothing |
//!
//! The audio thread, the simulator and the tests see all of them through one trait, [`Reader`]. The producer's side is the same [`Pacer`](crate::render::Pacer) everywhere: positions, room and waking are the
//! ring's; only where a block's samples go differs (`Exchange`).

#[cfg(all(feature = "strategies", not(loom)))]
mod direct;
#[cfg(any(feature = "strategies", loom))]
pub mod double;
#[cfg(all(feature = "strategies", not(loom)))]
mod exchange;
#[cfg(all(feature = "embed", not(loom)))]
pub mod forward;
#[cfg(all(feature = "strategies", not(loom)))]
mod heard;
#[cfg(all(feature = "strategies", not(loom)))]
mod kind;
#[cfg(all(feature = "strategies", not(loom)))]
mod latest;
#[cfg(all(any(feature = "strategies", feature = "embed"), not(loom)))]
pub mod message;
#[cfg(all(feature = "strategies", not(loom)))]
mod queue;
#[cfg(not(loom))]
mod reader;
#[cfg(not(loom))]
mod ring;
#[cfg(any(feature = "strategies", loom))]
pub mod slots;
#[cfg(any(feature = "strategies", loom))]
pub mod triple;

#[cfg(all(feature = "strategies", not(loom)))]
pub use direct::Direct;
#[cfg(all(feature = "strategies", not(loom)))]
pub use exchange::{Exchange, Put, reader};
#[cfg(all(feature = "strategies", not(loom)))]
pub use heard::{Heard, NUMBERS, number_of};
#[cfg(all(feature = "strategies", not(loom)))]
pub use kind::Strategy;
#[cfg(all(feature = "strategies", not(loom)))]
pub use latest::LatestReader;
#[cfg(all(feature = "strategies", not(loom)))]
pub use queue::QueueReader;
#[cfg(not(loom))]
pub use reader::{Look, Reader, Taken};
#[cfg(not(loom))]
pub use ring::RingReader;
