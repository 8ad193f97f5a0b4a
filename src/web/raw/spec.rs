//! What to make, as a row of numbers.
#![allow(unsafe_code)]

use crate::conceal::Conceal;
use crate::error::Error;
#[cfg(feature = "faults")]
use crate::inject::Fault;
use crate::render::Pace;
use crate::shared::SharedOutput;
use crate::strategy::Strategy;

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceNumbers {
    /// A sine, Hz.
    Sine(f64),
    /// The index signal.
    Index,
    /// The built-in piece, voices.
    Synth(u32),
    /// A decoder's feed at this address, or one of its own (0).
    Feed(usize),
}

/// What an output is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Samples per frame.
    pub channels: usize,
    /// Frames of storage.
    pub capacity: usize,
    /// Frames that the producer keeps ahead.
    pub limit: usize,
    /// Of the context, Hz.
    pub sample_rate: f64,
    /// How frames get to the audio thread.
    pub strategy: Strategy,
    /// Frames rendered at once.
    pub block: usize,
    /// Blocks that a queue holds.
    pub depth: usize,
    /// What is heard when there is nothing.
    pub conceal: Conceal,
    /// The time at which the thread's clock was 0, in ms since the epoch.
    pub origin_ms: f64,
    /// What is played.
    pub source: SourceNumbers,
    /// What drives the producer.
    pub pace: Pace,
    /// Decides what is left to chance.
    pub seed: u64,
    /// Faults on purpose.
    #[cfg(feature = "faults")]
    pub faults: Vec<Fault>,
}

/// Stands for a number that there is none of.
const NONE: f64 = f64::NAN;
/// Numbers before those of the faults.
const FIXED: usize = 17;
/// Numbers of each fault.
#[cfg(feature = "faults")]
const PER_FAULT: usize = 4;

impl Spec {
    /// As [`Spec::from_numbers`] reads it.
    pub fn to_numbers(&self) -> Vec<f64> {
        let (kind, number) = match self.source {
            SourceNumbers::Sine(hz) => (0.0, hz),
            SourceNumbers::Index => (1.0, 0.0),
            SourceNumbers::Synth(voices) => (2.0, f64::from(voices)),
            SourceNumbers::Feed(address) => (3.0, address as f64),
        };
        let pace = match self.pace {
            Pace::Demand => [0.0, NONE, 0.0, 0.0],
            Pace::Timer {
                period_ms, jitter_ms, ppm, ..
            } => [1.0, period_ms.unwrap_or(NONE), jitter_ms, ppm],
        };
        let mut numbers = vec![
            self.channels as f64,
            self.capacity as f64,
            self.limit as f64,
            self.sample_rate,
            f64::from(self.strategy as u32),
            self.block as f64,
            self.depth as f64,
            f64::from(self.conceal as u32),
            self.origin_ms,
            kind,
            number,
        ];
        numbers.extend(pace);
        numbers.push(self.seed as f64);
        #[cfg(feature = "faults")]
        {
            numbers.push(self.faults.len() as f64);
            numbers.extend(self.faults.iter().flat_map(Fault::to_numbers));
        }
        #[cfg(not(feature = "faults"))]
        numbers.push(0.0);
        numbers
    }

    /// Reads numbers; `None` where they are not from [`Spec::to_numbers`].
    pub fn from_numbers(numbers: &[f64]) -> Option<Spec> {
        let (fixed, rest) = numbers.split_at_checked(FIXED)?;
        let whole = |place: usize| fixed[place] as usize;
        let seed = fixed[15] as u64;
        #[cfg(feature = "faults")]
        let faults = rest
            .as_chunks::<PER_FAULT>()
            .0
            .iter()
            .map(Fault::from_numbers)
            .collect::<Option<_>>()?;
        #[cfg(not(feature = "faults"))]
        let _ = rest;
        Some(Spec {
            channels: whole(0),
            capacity: whole(1),
            limit: whole(2),
            sample_rate: fixed[3],
            strategy: Strategy::from_number(whole(4) as u32)?,
            block: whole(5),
            depth: whole(6),
            conceal: Conceal::from_number(whole(7) as u32),
            origin_ms: fixed[8],
            source: match whole(9) {
                0 => SourceNumbers::Sine(fixed[10]),
                1 => SourceNumbers::Index,
                2 => SourceNumbers::Synth(fixed[10] as u32),
                _ => SourceNumbers::Feed(whole(10)),
            },
            pace: match whole(11) {
                0 => Pace::Demand,
                _ => Pace::Timer {
                    period_ms: Some(fixed[12]).filter(|ms| !ms.is_nan()),
                    jitter_ms: fixed[13],
                    ppm: fixed[14],
                    seed,
                },
            },
            seed,
            #[cfg(feature = "faults")]
            faults,
        })
    }

    /// The shared state of such an output.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn output(&self) -> Result<SharedOutput, Error> {
        make(
            self.channels,
            self.capacity,
            self.limit,
            self.sample_rate as f32,
            self.strategy,
            self.block,
            self.depth,
            self.conceal,
        )
    }
}

/// The shared state of an output of any strategy.
///
/// # Errors
/// [`Error::OutOfRange`].
#[expect(clippy::too_many_arguments, reason = "all that an output is made of")]
pub fn make(
    channels: usize,
    capacity: usize,
    limit: usize,
    sample_rate: f32,
    strategy: Strategy,
    block: usize,
    depth: usize,
    conceal: Conceal,
) -> Result<SharedOutput, Error> {
    let shared = SharedOutput::new(channels, capacity, sample_rate)?;
    shared.ring.set_limit(limit)?;
    let shared = shared.with_strategy(strategy, block, depth)?;
    shared.control.conceal.store(conceal as u32, crate::ring::sync::Ordering::Relaxed);
    Ok(shared)
}

/// Room for `count` numbers, for good: a handful for each output. Returns its address.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_numbers(count: usize) -> usize {
    Vec::leak(vec![0.0_f64; count]).as_mut_ptr() as usize
}

/// The numbers at `address`.
pub(super) fn numbers_at(address: usize, count: usize) -> &'static [f64] {
    // SAFETY: callers pass what `noxrun_numbers` gave them, with the same count or less, and change it only between calls.
    unsafe { core::slice::from_raw_parts(address as *const f64, count) }
}

/// Makes the output that `count` numbers at `numbers` tell of. Returns its address, or 0 if they make no sense. One share of it is given away, for good.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_output(numbers: usize, count: usize) -> usize {
    let Some(spec) = super::spec_at(numbers, count) else { return 0 };
    let Ok(shared) = spec.output() else { return 0 };
    if spec.source == SourceNumbers::Index {
        shared.control.verify_index.store(1, crate::ring::sync::Ordering::Relaxed);
    }
    crate::ring::sync::Arc::into_raw(crate::ring::sync::Arc::new(shared)) as usize
}
