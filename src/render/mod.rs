//! The producer's side: sources, and pacing (how much to render, when to sleep).

mod source;

pub use source::{RenderInfo, Source};
