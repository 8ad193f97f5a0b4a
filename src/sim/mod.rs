//! Discrete-event time: the same rendering, ring, consuming and accounting code on a clock that moves only when nothing is left to do.
//!
//! One thread. Whatever takes time on the producer's side (rendering, sleeping, standing still, not being scheduled) lets the world go on: the device's callbacks that fall into that time are served
//! before it is over. So the code under simulation is the code that ships; only [`Clock`](crate::render::Clock) and [`Source`](crate::render::Source) are other ones. All chance comes from seeds: a run
//! is repeated bit by bit.
//!
//! ```
//! use noxrun::sim::{Device, Simulation, Worker};
//! use noxrun::source::Index;
//!
//! let mut simulation = Simulation::new(2, 2048, Box::new(Index), 256, Device::default(), Worker::default())?;
//! simulation.run_for(1_000.0);
//! let snapshot = simulation.snapshot();
//! assert_eq!((snapshot.imbalance(), snapshot.consumer.underrun_events), (0, 0));
//! # Ok::<(), noxrun::Error>(())
//! ```

mod clock;
mod device;
mod simulation;
#[cfg(feature = "strategies")]
mod strategies;
#[cfg(feature = "strategies")]
mod wire;
mod work;
mod world;

pub use clock::SimClock;
pub use device::{Burst, Device};
pub use simulation::{Seen, Simulation};
#[cfg(feature = "strategies")]
pub use strategies::Setup;
#[cfg(feature = "strategies")]
pub use wire::Delay;
pub use work::Worker;
pub use world::{ORIGIN_MS, World};
