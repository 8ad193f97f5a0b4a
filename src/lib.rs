//! Noxrun (skeleton).
pub mod error;
pub mod render;
pub mod source;
