//! What a comparison came to so far: of each cell what its runs measured.

use serde_json::{Map, Value};

use super::abx::Outcome;
use super::artifacts::Artifacts;
use super::measure::{self, Unit};
use super::plan::{Plan, Step};
use super::stats::Figure;
use super::strategy::Group;
use super::witness::Killed;
use crate::lab::report::Report;

/// What there is of one cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellResult {
    /// What each run measured, in the order of [`measure::ALL`].
    runs: Vec<Vec<Option<f64>>>,
    /// As the first run understood it.
    pub scenario: Option<Value>,
    /// What was seen of its output; `None` when nobody could look.
    pub artifacts: Option<Artifacts>,
    /// Why runs gave nothing, in their order.
    pub failures: Vec<String>,
}

/// A blind series of somebody who listened to two cells.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listened {
    /// The two.
    pub a: String,
    /// The two.
    pub b: String,
    /// What was played.
    pub source: String,
    /// By how much B was corrected against A, in dB.
    pub level_db: Option<f64>,
    /// What it came to.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Where it was made: the same for all runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Name, version and user agent.
    pub browser: String,
    /// Logical processors that the browser tells of.
    pub cores: Option<u32>,
    /// Whether the page is cross-origin isolated.
    pub isolated: bool,
}

/// The context that played, as the first run found it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The context's rate, Hz.
    pub sample_rate: f64,
    /// Frames per `process()` call.
    pub render_quantum: u32,
    /// Frames of the largest callback counted.
    pub callback_frames: Option<u64>,
}

/// A comparison, finished or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What it was to do.
    pub plan: Plan,
    /// What came of each cell.
    pub cells: Vec<CellResult>,
    /// What came of killing, by group.
    pub killed: Vec<(Group, usize, Result<Killed, String>)>,
    /// Whether all steps were made.
    pub complete: bool,
    /// Where.
    pub place: Place,
    /// With what; `None` before any run.
    pub device: Option<Device>,
    /// When it began, ms since the epoch.
    pub started_at_ms: f64,
    /// How long it took, s.
    pub took_seconds: f64,
    /// Blind series since.
    pub listened: Vec<Listened>,
}

impl Comparison {
    /// One that begins now.
    pub fn new(plan: Plan, place: Place, started_at_ms: f64) -> Comparison {
        let cells = plan.cells.iter().map(|_| CellResult::default()).collect();
        Comparison {
            plan,
            cells,
            killed: Vec::new(),
            complete: false,
            place,
            device: None,
            started_at_ms,
            took_seconds: 0.0,
            listened: Vec::new(),
        }
    }

    /// Takes in a measured run of cell `cell`.
    pub fn measured(&mut self, cell: usize, report: &Report) {
        self.device.get_or_insert(Device {
            sample_rate: report.sample_rate,
            render_quantum: report.render_quantum,
            callback_frames: report.callback_frames,
        });
        let result = &mut self.cells[cell];
        result.runs.push(measure::ALL.iter().map(|measure| (measure.of)(report)).collect());
        if result.scenario.is_none() {
            result.scenario = serde_json::to_value(&report.scenario).ok();
        }
    }

    /// A step gave nothing.
    pub fn failed(&mut self, step: Step, why: String) {
        match step {
            Step::Measure { cell, .. } => self.cells[cell].failures.push(why),
            Step::Artifacts { cell } => self.cells[cell].failures.push(format!("looking for artefacts: {why}")),
            Step::Kill { group, cell } => self.killed.push((group, cell, Err(why))),
        }
    }

    /// What killing the producer of `group` showed, and which cell stood for it.
    pub fn killed(&self, group: Group) -> Option<(usize, &Result<Killed, String>)> {
        self.killed
            .iter()
            .find(|(of, ..)| *of == group)
            .map(|(_, cell, killed)| (*cell, killed))
    }

    /// Why there is nothing of cell `cell`; `None` when there is something.
    pub fn not_run(&self, cell: usize) -> Option<String> {
        if let Some(refusal) = &self.plan.cells[cell].refused {
            return Some(refusal.to_string());
        }
        let result = &self.cells[cell];
        if !result.runs.is_empty() {
            return None;
        }
        let failure = result.failures.first().cloned();
        Some(failure.unwrap_or_else(|| "its turn did not come".into()))
    }

    /// Runs that were measured in all.
    pub fn runs(&self) -> usize {
        self.cells.iter().map(CellResult::runs).sum()
    }

    /// Frames that any run did not account for.
    pub fn imbalance(&self) -> f64 {
        let of = |cell: &CellResult| cell.figure("imbalance").max.unwrap_or_default();
        self.cells.iter().map(of).fold(0.0, f64::max)
    }
}

impl CellResult {
    /// How many runs were measured.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// What the runs came to in the measure of this name.
    pub fn figure(&self, name: &str) -> Figure {
        let place = measure::place(name);
        Figure::of(self.runs.iter().map(|run| run[place?]))
    }

    /// All figures by name, with their units.
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, Unit, Figure)> {
        measure::ALL
            .iter()
            .map(|measure| (measure.name, measure.unit, self.figure(measure.name)))
    }

    /// The figures as JSON.
    pub fn figures_json(&self) -> Map<String, Value> {
        self.figures()
            .filter_map(|(name, unit, figure)| {
                let mut value = serde_json::to_value(figure).ok()?;
                value.as_object_mut()?.insert("unit".into(), unit.name().into());
                Some((name.to_owned(), value))
            })
            .collect()
    }
}
