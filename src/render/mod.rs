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
pub use pacer::{Pacer, Turn};
#[cfg(all(target_family = "wasm", feature = "bench"))]
pub(crate) use pacer::{Work, hand_over};
pub use push::PushWriter;
pub use source::{RenderInfo, Source};
