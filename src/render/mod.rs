//! The producer's side: sources, and pacing (how much to render, when to sleep).

mod clock;
mod delays;
mod pace;
mod pacer;
mod push;
mod reader_clock;
mod refusal;
mod source;

pub use clock::Clock;
#[cfg(not(target_family = "wasm"))]
pub use clock::SystemClock;
pub use pace::Pace;
#[cfg(any(feature = "strategies", feature = "embed"))]
pub use pacer::Outgoing;
#[cfg(any(feature = "strategies", all(target_family = "wasm", feature = "bench")))]
pub(crate) use pacer::Work;
#[cfg(feature = "strategies")]
pub(crate) use pacer::account;
#[cfg(all(target_family = "wasm", feature = "bench"))]
pub(crate) use pacer::hand_over;
pub use pacer::{Naps, Pacer, Turn};
pub use push::PushWriter;
pub use source::{RenderInfo, Source};
