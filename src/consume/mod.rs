//! The audio thread's side: one render quantum at a time, read, concealed, deinterleaved, counted. Pure: no clock, no JS.

mod burst;
#[cfg(feature = "faults")]
mod burst_fault;
mod callbacks;
#[cfg(feature = "strategies")]
mod detect;
mod index_check;
mod keep;
mod planar;
mod quantum;

pub use burst::BurstMeter;
pub use keep::{Keep, Ledger, NoLedger};
pub use planar::Planar;
pub use quantum::Quanta;
