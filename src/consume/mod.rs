//! The audio thread's side: one render quantum at a time, read, concealed, deinterleaved, counted. Pure: no clock, no JS.

mod burst;
mod index_check;
mod planar;
mod quantum;

pub use burst::BurstMeter;
pub use planar::Planar;
pub use quantum::Quanta;
