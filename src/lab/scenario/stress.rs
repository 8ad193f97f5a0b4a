//! The faults of a scenario.

use serde::Serialize;
use serde_json::Value;

use super::fields::{Fields, Refusal, shown};
use crate::inject::StallPlan;

/// A fault on purpose. Times in milliseconds, counted from the run's first frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Stress {
    /// The producer stands still for `ms`, again and again.
    Stall {
        /// Length of each.
        ms: f64,
        /// From the beginning of one to the beginning of the next.
        every_ms: f64,
        /// Each beginning moves by up to this much, either way.
        jitter_ms: f64,
    },
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

/// Faults that this version can cause, with their fields.
const KINDS: [(&str, &[&str]); 4] = [
    ("stall", &["kind", "ms", "everyMs", "jitterMs"]),
    ("jank", &["kind", "ms", "everyMs"]),
    ("hogs", &["kind", "count"]),
    ("kill", &["kind", "atMs", "by"]),
];
/// Faults of the design that a later version will cause.
const LATER: [&str; 11] = [
    "slow", "late", "gc", "burst", "suspend", "rate", "skip", "replay", "tear", "alias", "allocate",
];
/// Longest stall, longest jank, longest time between two of them, ms: the first and the last are the injector's own limits.
const LONGEST_STALL: f64 = 60_000.0;
const LONGEST_JANK: f64 = 10_000.0;
const LONGEST_PERIOD: f64 = 3_600_000.0;

impl Stress {
    /// Its `kind`, as in the scenario and the report.
    pub fn kind(&self) -> &'static str {
        let [stall, jank, hogs, kill] = KINDS;
        match self {
            Stress::Stall { .. } => stall.0,
            Stress::Jank { .. } => jank.0,
            Stress::Hogs { .. } => hogs.0,
            Stress::Kill { .. } => kill.0,
        }
    }

    /// The injector's plan, if this is a stall.
    pub fn stalls(&self, seed: u64) -> Option<StallPlan> {
        match *self {
            Stress::Stall { ms, every_ms, jitter_ms } => Some(StallPlan {
                ms,
                every_ms,
                jitter_ms,
                seed,
            }),
            _ => None,
        }
    }

    /// The list at `stress`, for a run of `run_ms`.
    pub(super) fn list(value: &Value, run_ms: f64) -> Result<Vec<Stress>, Refusal> {
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
            let fault = Stress::one(item, &place, run_ms)?;
            if faults.iter().any(|earlier: &Stress| earlier.kind() == fault.kind()) {
                return Err(wrong(
                    format!("{place}.kind"),
                    &fault.kind().into(),
                    "a fault that the list does not hold yet: one of each kind",
                ));
            }
            faults.push(fault);
        }
        Ok(faults)
    }

    fn one(item: &Value, place: &str, run_ms: f64) -> Result<Stress, Refusal> {
        let fields = Fields::of(item, place)?;
        let kinds = KINDS.map(|(kind, _)| kind);
        let Some(kind) = fields.word("kind", &kinds, &LATER)? else {
            return Err(fields.wrong("kind", format!("one of {}", super::fields::listed(&kinds, '\''))));
        };
        let known = KINDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, known)| known);
        let fields = fields.only(known)?;
        match kind {
            "stall" => {
                let (ms, every_ms) = repeated(&fields, LONGEST_STALL)?;
                let jitter_ms = fields.number("jitterMs", 0.0..=every_ms, " ms (everyMs)")?.unwrap_or(0.0);
                Ok(Stress::Stall { ms, every_ms, jitter_ms })
            }
            "jank" => repeated(&fields, LONGEST_JANK).map(|(ms, every_ms)| Stress::Jank { ms, every_ms }),
            "hogs" => {
                let count = fields.whole("count", 1..=16, " workers")?;
                let count = count.ok_or_else(|| fields.wrong("count", "a whole number from 1 to 16 workers"))?;
                Ok(Stress::Hogs { count: count as u32 })
            }
            _ => {
                let at_ms = fields.needed("atMs", 0.0..=run_ms, " ms (the run's length)")?;
                let by = match fields.word("by", &["terminate", "panic"], &[])? {
                    Some("panic") => KillBy::Panic,
                    _ => KillBy::Terminate,
                };
                Ok(Stress::Kill { at_ms, by })
            }
        }
    }
}

/// `ms` and `everyMs` of a fault that comes again and again.
fn repeated(fields: &Fields<'_>, longest: f64) -> Result<(f64, f64), Refusal> {
    let ms = fields.needed("ms", 1.0..=longest, " ms")?;
    let every_ms = fields.needed("everyMs", 1.0..=LONGEST_PERIOD, " ms")?;
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
