//! Faults as they are asked for.

use core::ops::RangeInclusive;

use super::FaultKind;
use crate::error::{Error, in_range};
use crate::render::Pace;

/// A fault on purpose that an output causes itself, for as long as it stands in the output's list. What a page does (`jank`, `hogs`, `kill`, `suspend`) is not among them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "lab",
    derive(serde::Serialize),
    serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")
)]
pub enum Fault {
    /// The source blocks, again and again, inside of a block.
    Stall {
        /// Length of each, in ms: [`Fault::MS`].
        ms: f64,
        /// From the beginning of one to the beginning of the next, in ms: [`Fault::EVERY_MS`]. The first comes after so long.
        every_ms: f64,
        /// Each beginning is moved by up to this much, either way, in ms; 0 to `every_ms`.
        jitter_ms: f64,
    },
    /// Each block takes longer, and the processor is busy meanwhile.
    Slow {
        /// By which share of the time that the block lasts: [`Fault::SHARE`].
        share: f64,
    },
    /// The worker is not scheduled when it should be: a sleep that has ended goes on.
    Late {
        /// For how long, in ms: [`Fault::MS`].
        ms: f64,
        /// From one to the next, in ms: [`Fault::EVERY_MS`].
        every_ms: f64,
    },
    /// Much garbage in the worker's heap, which has to be collected.
    Gc {
        /// From one heap of garbage to the next, in ms: [`Fault::EVERY_MS`]; `None`: with every block.
        every_ms: Option<f64>,
    },
    /// The audio thread asks for more at once.
    Burst {
        /// So much, in frames: [`Fault::BURST_FRAMES`].
        frames: u32,
        /// From one to the next, in ms of what the device plays: [`Fault::EVERY_MS`].
        every_ms: f64,
    },
    /// The producer's own clock is off. Wants a producer that goes by one ([`Pace::Timer`]).
    Rate {
        /// By how much it is fast, in parts per million: [`Fault::PPM`].
        ppm: f64,
    },
    /// A block is rendered and thrown away.
    Skip {
        /// Blocks from one to the next: [`Fault::EVERY_BLOCKS`].
        every_blocks: u32,
    },
    /// The block before is put out again.
    Replay {
        /// Blocks from one to the next: [`Fault::EVERY_BLOCKS`].
        every_blocks: u32,
    },
    /// In the second half of a block some channels are still the block before. (A single channel becomes what is in neither.)
    Tear {
        /// Blocks from one to the next: [`Fault::EVERY_BLOCKS`].
        every_blocks: u32,
    },
    /// Three blocks at a time are references to one buffer: the newest of them comes three times.
    Alias,
    /// Each block allocates.
    Allocate,
}

impl Fault {
    /// Length of a stall or of a late wake-up, in ms.
    pub const MS: RangeInclusive<f64> = 1.0..=60_000.0;
    /// Time from one fault to the next, in ms: up to an hour.
    pub const EVERY_MS: RangeInclusive<f64> = 1.0..=3_600_000.0;
    /// Share of its length by which a block takes longer.
    pub const SHARE: RangeInclusive<f64> = 0.01..=10.0;
    /// Frames of a burst: what bounds the audio thread's work.
    pub const BURST_FRAMES: RangeInclusive<f64> = 1.0..=32_768.0;
    /// How far a clock may be off, in parts per million.
    pub const PPM: RangeInclusive<f64> = -500_000.0..=500_000.0;
    /// Blocks from one fault to the next.
    pub const EVERY_BLOCKS: RangeInclusive<f64> = 1.0..=1_000_000.0;

    /// What it is.
    pub fn kind(&self) -> FaultKind {
        match self {
            Fault::Stall { .. } => FaultKind::Stall,
            Fault::Slow { .. } => FaultKind::Slow,
            Fault::Late { .. } => FaultKind::Late,
            Fault::Gc { .. } => FaultKind::Gc,
            Fault::Burst { .. } => FaultKind::Burst,
            Fault::Rate { .. } => FaultKind::Rate,
            Fault::Skip { .. } => FaultKind::Skip,
            Fault::Replay { .. } => FaultKind::Replay,
            Fault::Tear { .. } => FaultKind::Tear,
            Fault::Alias => FaultKind::Alias,
            Fault::Allocate => FaultKind::Allocate,
        }
    }

    /// Its kind and figures, for where only numbers can cross; NaN stands for none.
    pub fn to_numbers(&self) -> [f64; 4] {
        let kind = f64::from(self.kind() as u32);
        match *self {
            Fault::Stall { ms, every_ms, jitter_ms } => [kind, ms, every_ms, jitter_ms],
            Fault::Slow { share } => [kind, share, 0.0, 0.0],
            Fault::Late { ms, every_ms } => [kind, ms, every_ms, 0.0],
            Fault::Gc { every_ms } => [kind, every_ms.unwrap_or(f64::NAN), 0.0, 0.0],
            Fault::Burst { frames, every_ms } => [kind, f64::from(frames), every_ms, 0.0],
            Fault::Rate { ppm } => [kind, ppm, 0.0, 0.0],
            Fault::Skip { every_blocks } | Fault::Replay { every_blocks } | Fault::Tear { every_blocks } => {
                [kind, f64::from(every_blocks), 0.0, 0.0]
            }
            Fault::Alias | Fault::Allocate => [kind, 0.0, 0.0, 0.0],
        }
    }

    /// What [`Fault::to_numbers`] gave; `None` for a kind that no output causes itself.
    pub fn from_numbers(&[kind, one, two, three]: &[f64; 4]) -> Option<Fault> {
        let every_blocks = one as u32;
        Some(match FaultKind::from_number(kind as u32)? {
            FaultKind::Stall => Fault::Stall {
                ms: one,
                every_ms: two,
                jitter_ms: three,
            },
            FaultKind::Slow => Fault::Slow { share: one },
            FaultKind::Late => Fault::Late { ms: one, every_ms: two },
            FaultKind::Gc => Fault::Gc {
                every_ms: Some(one).filter(|ms| !ms.is_nan()),
            },
            FaultKind::Burst => Fault::Burst {
                frames: one as u32,
                every_ms: two,
            },
            FaultKind::Rate => Fault::Rate { ppm: one },
            FaultKind::Skip => Fault::Skip { every_blocks },
            FaultKind::Replay => Fault::Replay { every_blocks },
            FaultKind::Tear => Fault::Tear { every_blocks },
            FaultKind::Alias => Fault::Alias,
            FaultKind::Allocate => Fault::Allocate,
            FaultKind::Jank | FaultKind::Hogs | FaultKind::Kill | FaultKind::Suspend => return None,
        })
    }

    /// Refuses figures out of range, by name.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn check(&self) -> Result<(), Error> {
        let within = |what, value, range: RangeInclusive<f64>, unit| in_range(what, value, *range.start(), *range.end(), unit).map(drop);
        let blocks = |what, blocks: u32| within(what, f64::from(blocks), Fault::EVERY_BLOCKS, " blocks");
        match *self {
            Fault::Stall { ms, every_ms, jitter_ms } => {
                within("a stall's ms", ms, Fault::MS, " ms")?;
                within("a stall's everyMs", every_ms, Fault::EVERY_MS, " ms")?;
                within("a stall's jitterMs", jitter_ms, 0.0..=every_ms, " ms")
            }
            Fault::Slow { share } => within("slow's share", share, Fault::SHARE, " of a block's length"),
            Fault::Late { ms, every_ms } => {
                within("a late wake-up's ms", ms, Fault::MS, " ms")?;
                within("a late wake-up's everyMs", every_ms, Fault::EVERY_MS, " ms")
            }
            Fault::Gc { every_ms: None } | Fault::Alias | Fault::Allocate => Ok(()),
            Fault::Gc { every_ms: Some(every_ms) } => within("the garbage's everyMs", every_ms, Fault::EVERY_MS, " ms"),
            Fault::Burst { frames, every_ms } => {
                within("a burst's frames", f64::from(frames), Fault::BURST_FRAMES, " frames")?;
                within("a burst's everyMs", every_ms, Fault::EVERY_MS, " ms")
            }
            Fault::Rate { ppm } => within("the rate's ppm", ppm, Fault::PPM, " ppm"),
            Fault::Skip { every_blocks } => blocks("a skip's everyBlocks", every_blocks),
            Fault::Replay { every_blocks } => blocks("a replay's everyBlocks", every_blocks),
            Fault::Tear { every_blocks } => blocks("a tear's everyBlocks", every_blocks),
        }
    }

    /// Refuses a list that cannot be caused in a producer that is driven by `pace`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]; [`Error::Fault`] for a second one of a kind, and for [`Fault::Rate`] without a clock that could be off.
    pub fn check_all(faults: &[Fault], pace: Pace) -> Result<(), Error> {
        let refused = |fault: &Fault, why| {
            Err(Error::Fault {
                kind: fault.kind().name(),
                why,
            })
        };
        for (nth, fault) in faults.iter().enumerate() {
            fault.check()?;
            if faults[..nth].iter().any(|earlier| earlier.kind() == fault.kind()) {
                return refused(fault, "the list holds one already, and there is one of each kind at most");
            }
            if matches!(fault, Fault::Rate { .. }) && pace == Pace::Demand {
                return refused(
                    fault,
                    "the producer goes by the ring's room and has no clock that could be off: set the pace to a timer",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMER: Pace = Pace::Timer {
        period_ms: None,
        jitter_ms: 0.0,
        ppm: 0.0,
        seed: 0,
    };

    fn refused(faults: &[Fault], pace: Pace) -> String {
        Fault::check_all(faults, pace).expect_err("to be refused").to_string()
    }

    #[test]
    fn figures_out_of_range_are_refused_by_name() {
        let stall = |ms, every_ms, jitter_ms| Fault::Stall { ms, every_ms, jitter_ms };
        for (fault, message) in [
            (stall(0.0, 10.0, 0.0), "a stall's ms is 0: it must be 1 to 60000 ms"),
            (
                stall(5.0, f64::NAN, 0.0),
                "a stall's everyMs is not a number: it must be 1 to 3600000 ms",
            ),
            (stall(5.0, 10.0, 10.5), "a stall's jitterMs is 10.5: it must be 0 to 10 ms"),
            (
                Fault::Slow { share: 0.0 },
                "slow's share is 0: it must be 0.01 to 10 of a block's length",
            ),
            (
                Fault::Late { ms: 1e5, every_ms: 10.0 },
                "a late wake-up's ms is 100000: it must be 1 to 60000 ms",
            ),
            (
                Fault::Gc { every_ms: Some(0.5) },
                "the garbage's everyMs is 0.5: it must be 1 to 3600000 ms",
            ),
            (
                Fault::Burst {
                    frames: 40_000,
                    every_ms: 10.0,
                },
                "a burst's frames is 40000: it must be 1 to 32768 frames",
            ),
            (
                Fault::Skip { every_blocks: 0 },
                "a skip's everyBlocks is 0: it must be 1 to 1000000 blocks",
            ),
            (
                Fault::Rate { ppm: -600_000.0 },
                "the rate's ppm is -600000: it must be -500000 to 500000 ppm",
            ),
        ] {
            assert_eq!(refused(&[fault], TIMER), message);
        }
    }

    #[test]
    fn numbers_lead_back_to_their_fault() {
        for fault in [
            Fault::Stall {
                ms: 5.5,
                every_ms: 10.0,
                jitter_ms: 1.5,
            },
            Fault::Slow { share: 0.3 },
            Fault::Late { ms: 3.0, every_ms: 50.0 },
            Fault::Gc { every_ms: None },
            Fault::Gc { every_ms: Some(7.0) },
            Fault::Burst {
                frames: 4096,
                every_ms: 500.0,
            },
            Fault::Rate { ppm: -20.8 },
            Fault::Skip { every_blocks: 9 },
            Fault::Replay { every_blocks: 8 },
            Fault::Tear { every_blocks: 7 },
            Fault::Alias,
            Fault::Allocate,
        ] {
            assert_eq!(Fault::from_numbers(&fault.to_numbers()), Some(fault));
        }
        assert_eq!(Fault::from_numbers(&[f64::from(FaultKind::Kill as u32), 0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn a_list_holds_one_of_each_kind_and_what_the_pace_allows() {
        let list = [Fault::Alias, Fault::Allocate, Fault::Rate { ppm: 100.0 }];
        assert_eq!(Fault::check_all(&list, TIMER), Ok(()));
        assert!(refused(&list, Pace::Demand).starts_with("the fault 'rate' cannot be caused: the producer goes by the ring's room"));
        let twice = [Fault::Skip { every_blocks: 5 }, Fault::Skip { every_blocks: 6 }];
        assert!(refused(&twice, Pace::Demand).starts_with("the fault 'skip' cannot be caused: the list holds one already"));
    }
}
