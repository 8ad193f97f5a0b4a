//! The faults of a scenario.

use core::ops::RangeInclusive;

use serde::Serialize;
use serde_json::Value;

use super::Pace;
use super::fields::{Fields, Refusal, listed, shown};
use crate::inject::{Fault, FaultKind};
use crate::strategy::Strategy;

/// A fault on purpose. Times in milliseconds, counted from the run's first frame (those that the output causes itself: from a little earlier, when its producer was made).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Stress {
    /// The page's own thread is busy for `ms`, again and again.
    Jank {
        /// Length of each.
        ms: f64,
        /// From the beginning of one to the beginning of the next.
        every_ms: f64,
    },
    /// Workers that each keep a core busy, from the first frame to the end.
    Hogs {
        /// How many.
        count: u32,
    },
    /// The producer dies.
    Kill {
        /// When.
        at_ms: f64,
        /// How.
        by: KillBy,
    },
    /// The context is suspended and resumed.
    Suspend {
        /// When.
        at_ms: f64,
        /// For how long.
        ms: f64,
    },
    /// One that the output causes itself.
    #[serde(untagged)]
    Output(Fault),
}

/// How a producer dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum KillBy {
    /// Its worker is terminated behind the engine's back, which has to find out by the missing heartbeat.
    Terminate,
    /// It panics, which the worker reports.
    Panic,
}

/// Longest jank, longest suspension, ms.
const LONGEST_JANK: f64 = 10_000.0;
const LONGEST_SUSPENSION: f64 = 60_000.0;

/// The fields of a kind.
fn known(kind: FaultKind) -> &'static [&'static str] {
    match kind {
        FaultKind::Stall => &["kind", "ms", "everyMs", "jitterMs"],
        FaultKind::Slow => &["kind", "share"],
        FaultKind::Late | FaultKind::Jank => &["kind", "ms", "everyMs"],
        FaultKind::Gc => &["kind", "everyMs"],
        FaultKind::Hogs => &["kind", "count"],
        FaultKind::Burst => &["kind", "frames", "everyMs"],
        FaultKind::Kill => &["kind", "atMs", "by"],
        FaultKind::Suspend => &["kind", "atMs", "ms"],
        FaultKind::Rate => &["kind", "ppm"],
        FaultKind::Skip | FaultKind::Replay | FaultKind::Tear => &["kind", "everyBlocks"],
        FaultKind::Alias | FaultKind::Allocate => &["kind"],
    }
}

impl Stress {
    /// Its `kind`, as in the scenario and the report.
    pub fn kind(&self) -> &'static str {
        let kind = match self {
            Stress::Jank { .. } => FaultKind::Jank,
            Stress::Hogs { .. } => FaultKind::Hogs,
            Stress::Kill { .. } => FaultKind::Kill,
            Stress::Suspend { .. } => FaultKind::Suspend,
            Stress::Output(fault) => fault.kind(),
        };
        kind.name()
    }

    /// As the output's fault, if it causes it itself.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Stress::Output(fault) => Some(*fault),
            _ => None,
        }
    }

    /// The list at `stress`, for a run of `run_ms` whose producer is driven by `pace` and whose frames go by `strategy`.
    pub(super) fn list(value: &Value, run_ms: f64, pace: Pace, strategy: Strategy) -> Result<Vec<Stress>, Refusal> {
        let wrong = |place: String, value: &Value, wanted: &str| Refusal::Wrong {
            field: place,
            value: shown(value),
            wanted: wanted.into(),
        };
        let items = value
            .as_array()
            .ok_or_else(|| wrong("stress".into(), value, "a list of faults, each {kind, …}"))?;
        let mut faults = Vec::new();
        for (nth, item) in items.iter().enumerate() {
            let place = format!("stress[{nth}]");
            let fault = Stress::one(item, &place, run_ms, strategy)?;
            if faults.iter().any(|earlier: &Stress| earlier.kind() == fault.kind()) {
                return Err(wrong(
                    format!("{place}.kind"),
                    &fault.kind().into(),
                    "a fault that the list does not hold yet: one of each kind",
                ));
            }
            if fault.kind() == FaultKind::Rate.name() && pace == Pace::Demand {
                return Err(wrong(
                    format!("{place}.kind"),
                    &fault.kind().into(),
                    "run with `pace` {kind: 'timer'}: a producer that goes by the ring's room has no clock that could be off",
                ));
            }
            if let Some(why) = fault.impossible_with(strategy) {
                return Err(wrong(
                    format!("{place}.kind"),
                    &fault.kind().into(),
                    &format!("run with another `strategy` than '{}': {why}", strategy.name()),
                ));
            }
            faults.push(fault);
        }
        Ok(faults)
    }

    /// Why it cannot be caused with `strategy`, if it cannot.
    fn impossible_with(&self, strategy: Strategy) -> Option<&'static str> {
        match (strategy, self) {
            (Strategy::InWorklet, Stress::Output(Fault::Late { .. })) => Some("the audio thread never sleeps, so it never wakes late"),
            (Strategy::BufferSource, Stress::Output(Fault::Burst { .. })) => {
                Some("what the browser plays by itself cannot be asked for more")
            }
            _ => None,
        }
    }

    fn one(item: &Value, place: &str, run_ms: f64, strategy: Strategy) -> Result<Stress, Refusal> {
        let fields = Fields::of(item, place)?;
        let names = FaultKind::ALL.map(FaultKind::name);
        let Some(name) = fields.word("kind", &names, &[])? else {
            return Err(fields.wrong("kind", format!("one of {}", listed(&names, '\''))));
        };
        let kind = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.expect("the word is one of their names");
        let fields = fields.only(known(kind))?;
        let at_ms = || fields.needed("atMs", 0.0..=run_ms, " ms (the run's length)");
        let every_blocks = || whole(&fields, "everyBlocks", Fault::EVERY_BLOCKS, " blocks");
        Ok(match kind {
            FaultKind::Jank => {
                let (ms, every_ms) = repeated(&fields, 1.0..=LONGEST_JANK)?;
                Stress::Jank { ms, every_ms }
            }
            FaultKind::Hogs => Stress::Hogs {
                count: whole(&fields, "count", 1.0..=16.0, " workers")?,
            },
            FaultKind::Kill => Stress::Kill {
                at_ms: at_ms()?,
                by: match fields.word("by", &["terminate", "panic"], &[])? {
                    Some("terminate") if !strategy.has_worker() => {
                        let name = strategy.name();
                        return Err(fields.wrong(
                            "by",
                            format!("'panic' with `strategy` '{name}': its producer has no worker that could be terminated"),
                        ));
                    }
                    Some("panic") => KillBy::Panic,
                    None if !strategy.has_worker() => KillBy::Panic,
                    _ => KillBy::Terminate,
                },
            },
            FaultKind::Suspend => Stress::Suspend {
                at_ms: at_ms()?,
                ms: fields.needed("ms", 1.0..=LONGEST_SUSPENSION, " ms")?,
            },
            FaultKind::Stall => {
                let (ms, every_ms) = repeated(&fields, Fault::MS)?;
                let jitter_ms = fields.number("jitterMs", 0.0..=every_ms, " ms (everyMs)")?.unwrap_or(0.0);
                Stress::Output(Fault::Stall { ms, every_ms, jitter_ms })
            }
            FaultKind::Slow => Stress::Output(Fault::Slow {
                share: fields.needed("share", Fault::SHARE, " of a block's length")?,
            }),
            FaultKind::Late => {
                let (ms, every_ms) = repeated(&fields, Fault::MS)?;
                Stress::Output(Fault::Late { ms, every_ms })
            }
            FaultKind::Gc => Stress::Output(Fault::Gc {
                every_ms: fields.number("everyMs", Fault::EVERY_MS, " ms")?,
            }),
            FaultKind::Burst => Stress::Output(Fault::Burst {
                frames: whole(&fields, "frames", Fault::BURST_FRAMES, " frames")?,
                every_ms: fields.needed("everyMs", Fault::EVERY_MS, " ms")?,
            }),
            FaultKind::Rate => Stress::Output(Fault::Rate {
                ppm: fields.needed("ppm", Fault::PPM, " ppm")?,
            }),
            FaultKind::Skip => Stress::Output(Fault::Skip {
                every_blocks: every_blocks()?,
            }),
            FaultKind::Replay => Stress::Output(Fault::Replay {
                every_blocks: every_blocks()?,
            }),
            FaultKind::Tear => Stress::Output(Fault::Tear {
                every_blocks: every_blocks()?,
            }),
            FaultKind::Alias => Stress::Output(Fault::Alias),
            FaultKind::Allocate => Stress::Output(Fault::Allocate),
        })
    }
}

/// A whole number that cannot be left out.
fn whole(fields: &Fields<'_>, name: &str, range: RangeInclusive<f64>, unit: &str) -> Result<u32, Refusal> {
    let (least, most) = (*range.start() as u64, *range.end() as u64);
    let number = fields.whole(name, least..=most, unit)?;
    let number = number.ok_or_else(|| fields.wrong(name, format!("a whole number from {least} to {most}{unit}")))?;
    Ok(number as u32)
}

/// `ms` and `everyMs` of a fault that comes again and again.
fn repeated(fields: &Fields<'_>, lengths: RangeInclusive<f64>) -> Result<(f64, f64), Refusal> {
    let ms = fields.needed("ms", lengths, " ms")?;
    let every_ms = fields.needed("everyMs", Fault::EVERY_MS, " ms")?;
    if every_ms <= ms {
        return Err(fields.wrong(
            "everyMs",
            format!(
                "more than `{}`, which is {ms} ms: else there is nothing between two faults",
                fields.place("ms")
            ),
        ));
    }
    Ok((ms, every_ms))
}
