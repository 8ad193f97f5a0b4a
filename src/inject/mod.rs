//! Faults on purpose (feature `faults`). What is injected is recorded as it really happened; nothing that explains losses may look at it.
//!
//! A [`Fault`] says what is wanted. An [`Injector`] causes a list of them in one output: it wraps the producer's [`Source`](crate::render::Source) and its [`Clock`](crate::render::Clock), and asks the
//! audio thread for bursts. [`Hands`] is what it needs of the world: a clock that can also stand still. Which causes are right for which fault stands in `docs/faults.md`.
//!
#![cfg_attr(all(feature = "faults", not(target_family = "wasm")), doc = "```")]
#![cfg_attr(not(all(feature = "faults", not(target_family = "wasm"))), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use noxrun::inject::{Fault, Injector};
//! use noxrun::render::{Pace, Pacer, SystemClock};
//! use noxrun::shared::SharedOutput;
//! use noxrun::source::Sine;
//!
//! let shared = Arc::new(SharedOutput::new(2, 2048, 48_000.0)?);
//! let injector = Injector::new(shared.clone(), SystemClock::default(), Pace::Demand, 1);
//! injector.set(&[Fault::Stall { ms: 20.0, every_ms: 500.0, jitter_ms: 0.0 }, Fault::Skip { every_blocks: 100 }])?;
//! let source = injector.source(Box::new(Sine::new(440.0)?), 256);
//! let pacer = Pacer::new(shared, source, 256, injector.clock(SystemClock::default()))?;
//! # Ok::<(), noxrun::Error>(())
//! ```

#[cfg(feature = "faults")]
mod blocks;
#[cfg(feature = "faults")]
mod due;
#[cfg(feature = "faults")]
mod fault;
#[cfg(feature = "faults")]
mod faulty;
#[cfg(feature = "faults")]
mod hands;
#[cfg(feature = "faults")]
mod injector;
mod kind;
#[cfg(feature = "faults")]
mod late;
mod random;
#[cfg(feature = "faults")]
mod record;

#[cfg(feature = "faults")]
pub use fault::Fault;
#[cfg(feature = "faults")]
pub use hands::{Hands, LITTER_BYTES};
#[cfg(feature = "faults")]
pub use injector::Injector;
pub use kind::FaultKind;
#[cfg(feature = "faults")]
pub use late::LateClock;
pub use random::Random;
