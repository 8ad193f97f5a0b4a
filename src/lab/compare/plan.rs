//! What a comparison does: which cells, how often, in which order, under which faults.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::strategy::{self, Group};
use crate::lab::scenario::{Fields, Refusal, Scenario};

/// What starting and closing an output takes beside the run itself, in seconds, before any was seen.
const OVERHEAD_SECONDS: f64 = 0.45;
/// How long the real output is looked at for artefacts, in seconds.
pub const ARTIFACT_SECONDS: f64 = 1.2;
/// How long a run lasts whose producer is killed, and after how many milliseconds it is.
pub const KILL_SECONDS: f64 = 0.8;
const KILL_AT_MS: f64 = 300.0;
/// What the artefact pass plays.
pub const TONE_HZ: f64 = 440.0;
/// Most cells, and most runs of one.
const MOST_CELLS: usize = 200;
const MOST_REPEATS: u64 = 20;

/// How much is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Ten cells, about two minutes.
    Quick,
    /// Every strategy in every size, about fifteen minutes.
    Full,
    /// The cells that were given.
    Given,
}

/// Faults that the page offers; scripts give a list as a scenario has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    /// None.
    None,
    /// The page's own thread is busy again and again.
    PageBusy,
    /// More workers than cores are busy.
    MachineBusy,
    /// The source blocks again and again.
    SourceStalls,
}

impl Faults {
    /// All, as the page lists them.
    pub const ALL: [Faults; 4] = [Faults::None, Faults::PageBusy, Faults::MachineBusy, Faults::SourceStalls];

    /// As the page's control names it.
    pub fn name(self) -> &'static str {
        match self {
            Faults::None => "none",
            Faults::PageBusy => "page-busy",
            Faults::MachineBusy => "machine-busy",
            Faults::SourceStalls => "source-stalls",
        }
    }

    /// As a scenario's `stress`, on a machine with so many cores.
    pub fn stress(self, cores: u32) -> Value {
        match self {
            Faults::None => json!([]),
            Faults::PageBusy => json!([{ "kind": "jank", "ms": 100, "everyMs": 500 }]),
            Faults::MachineBusy => json!([{ "kind": "hogs", "count": (cores + 1).clamp(2, 16) }]),
            Faults::SourceStalls => json!([{ "kind": "stall", "ms": 60, "everyMs": 500 }]),
        }
    }
}

/// One way to play: a strategy in a size.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanCell {
    /// For people; no two of a plan are alike.
    pub label: String,
    /// Name of the strategy.
    pub strategy: String,
    /// What of a scenario makes it this cell.
    pub fragment: Map<String, Value>,
    /// Why it cannot be run, if it cannot.
    pub refused: Option<Refusal>,
}

/// Fields of a scenario that may differ from cell to cell. The others are the same for all, or they would not be compared.
const CELL_FIELDS: [&str; 12] = [
    "strategy",
    "queueDepth",
    "bufferFrames",
    "blockFrames",
    "channels",
    "latencyHint",
    "renderQuantum",
    "sampleRate",
    "pace",
    "conceal",
    "late",
    "latency",
];

/// One run of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Cell number `cell` for the `repeat`th time (from 0).
    Measure {
        /// Which.
        cell: usize,
        /// Time.
        repeat: usize,
    },
    /// What cell number `cell` really puts out is looked at.
    Artifacts {
        /// Which.
        cell: usize,
    },
    /// The producer of cell number `cell` is killed.
    Kill {
        /// For which column of the second table.
        group: Group,
        /// Which.
        cell: usize,
    },
}

/// A whole comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How the cells were chosen.
    pub mode: Mode,
    /// What is compared.
    pub cells: Vec<PlanCell>,
    /// Runs of each.
    pub repeats: usize,
    /// Length of each.
    pub seconds: f64,
    /// Faults under which all are run: a scenario's `stress`.
    pub faults: Value,
    /// Whether artefacts are looked for.
    pub artifacts: bool,
    /// Whether producers are killed.
    pub kill: bool,
}

impl Plan {
    /// The plan that `options` ask for: `mode`, `cells`, `repeats`, `seconds`, `faults`, `artifacts`, `kill`, all optional. `faults` are what is meant where they say nothing.
    ///
    /// # Errors
    /// [`Refusal`], by name, for what is unknown or makes no sense. A cell that a later version will run is no error.
    pub fn from_value(options: &Value, faults: &Value) -> Result<Plan, Refusal> {
        let known = ["mode", "cells", "repeats", "seconds", "faults", "artifacts", "kill"];
        let fields = Fields::of(options, "").map_err(|refusal| refusal.renamed("scenario", "options"))?;
        let fields = fields.only(&known)?;
        let mode = match fields.word("mode", &["quick", "full"], &[])? {
            Some("full") => Mode::Full,
            _ => Mode::Quick,
        };
        let flag = |name: &str| match fields.get(name) {
            None => Ok(true),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(fields.wrong(name, "true or false")),
        };
        let given = fields.get("cells");
        if given.is_some() && fields.get("mode").is_some() {
            return Err(fields.wrong("mode", "left out where `cells` are given: it names a list of cells"));
        }
        let mut plan = Plan {
            mode: if given.is_some() { Mode::Given } else { mode },
            cells: Vec::new(),
            repeats: fields.whole("repeats", 1..=MOST_REPEATS, "")?.unwrap_or(3) as usize,
            seconds: fields.number("seconds", 0.2..=60.0, " s")?.unwrap_or(3.0),
            faults: fields.get("faults").unwrap_or(faults).clone(),
            artifacts: flag("artifacts")?,
            kill: flag("kill")?,
        };
        plan.check_faults()?;
        let fragments = match (given, plan.mode) {
            (Some(Value::Array(cells)), _) if (1..=MOST_CELLS).contains(&cells.len()) => cells.clone(),
            (Some(_), _) => return Err(fields.wrong("cells", format!("a list of 1 to {MOST_CELLS} cells, each a part of a scenario"))),
            (None, Mode::Full) => full(),
            (None, _) => quick(),
        };
        for (nth, fragment) in fragments.iter().enumerate() {
            let cell = plan.cell(fragment, &format!("cells[{nth}]"))?;
            plan.cells.push(cell);
        }
        Ok(plan)
    }

    /// Faults are refused as the scenario does it, but under the name that they have here.
    fn check_faults(&self) -> Result<(), Refusal> {
        let scenario = json!({ "seconds": self.seconds, "stress": self.faults });
        let checked = Scenario::from_value(&scenario).map_err(|refusal| refusal.renamed("stress", "faults"))?;
        match checked.stress.iter().position(|fault| fault.kind() == "kill") {
            Some(nth) => Err(Refusal::Wrong {
                field: format!("faults[{nth}].kind"),
                value: "'kill'".into(),
                wanted: "something that a run survives: `kill` of the comparison itself kills producers".into(),
            }),
            None => Ok(()),
        }
    }

    fn cell(&self, fragment: &Value, place: &str) -> Result<PlanCell, Refusal> {
        Fields::of(fragment, place)?.only(&CELL_FIELDS)?;
        let given = fragment.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let map: Map<String, Value> = given.map(|(name, value)| (name.clone(), value.clone())).collect();
        let strategy = map.get("strategy").and_then(Value::as_str).unwrap_or("ring").to_owned();
        let mut cell = PlanCell {
            label: self.unused(label(&strategy, &map)),
            strategy,
            fragment: map,
            refused: None,
        };
        match self.scenario(&cell) {
            Ok(_) => {}
            Err(refusal) if self.mode != Mode::Given || matches!(refusal, Refusal::NotYet { .. }) => cell.refused = Some(refusal),
            Err(refusal) => return Err(refusal.within(place)),
        }
        Ok(cell)
    }

    /// `label`, numbered if there is a cell with it already: the same twice shows how far chance alone goes.
    fn unused(&self, label: String) -> String {
        let taken = |label: &str| self.cells.iter().any(|cell| cell.label == label);
        if !taken(&label) {
            return label;
        }
        (2..)
            .map(|number| format!("{label} ({number})"))
            .find(|label| !taken(label))
            .unwrap_or_default()
    }

    /// What one measured run of `cell` plays: the index signal, silent and checked frame by frame.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn scenario(&self, cell: &PlanCell) -> Result<Scenario, Refusal> {
        cell.with(json!({ "kind": "index" }), self.seconds, &self.faults)
    }

    /// What is played when artefacts are looked for.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn artifact_scenario(&self, cell: &PlanCell) -> Result<Scenario, Refusal> {
        cell.with(json!({ "kind": "sine", "hz": TONE_HZ }), ARTIFACT_SECONDS, &self.faults)
    }

    /// What is played when the producer is killed: nothing else goes wrong meanwhile.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn kill_scenario(&self, cell: &PlanCell) -> Result<Scenario, Refusal> {
        let kill = json!([{ "kind": "kill", "atMs": KILL_AT_MS, "by": "panic" }]);
        cell.with(json!({ "kind": "index" }), KILL_SECONDS, &kill)
    }

    /// All runs in their order: interleaved, so that whatever the machine does meanwhile falls on all cells alike.
    pub fn steps(&self) -> Vec<Step> {
        let runs: Vec<usize> = (0..self.cells.len()).filter(|cell| self.cells[*cell].refused.is_none()).collect();
        let mut steps = Vec::new();
        for repeat in 0..self.repeats {
            steps.extend(runs.iter().map(|&cell| Step::Measure { cell, repeat }));
        }
        if self.artifacts {
            steps.extend(runs.iter().map(|&cell| Step::Artifacts { cell }));
        }
        if self.kill {
            let groups = Group::ALL.into_iter();
            steps.extend(groups.filter_map(|group| {
                Some(Step::Kill {
                    group,
                    cell: self.stands_for(group)?,
                })
            }));
        }
        steps
    }

    /// The cell that stands for `group` in the second table: of its first strategy that can be run, the one of 2048 frames or else the first.
    pub fn stands_for(&self, group: Group) -> Option<usize> {
        group.strategies().iter().find_map(|strategy| {
            let of_it = |cell: &&PlanCell| cell.strategy == *strategy && cell.refused.is_none();
            let usual = |cell: &PlanCell| {
                cell.fragment
                    .get("bufferFrames")
                    .is_none_or(|frames| frames.as_f64() == Some(2048.0))
            };
            let place = |cell: &PlanCell| self.cells.iter().position(|other| other.label == cell.label);
            let mut all = self.cells.iter().filter(of_it);
            all.clone().find(|cell| usual(cell)).or_else(|| all.next()).and_then(place)
        })
    }

    /// How long `step` plays, in seconds.
    pub fn step_seconds(&self, step: Step) -> f64 {
        match step {
            Step::Measure { .. } => self.seconds,
            Step::Artifacts { .. } => ARTIFACT_SECONDS,
            Step::Kill { .. } => KILL_SECONDS,
        }
    }

    /// How long all of it, or what is left of it, takes in seconds; `overhead` is what a run took beside itself so far, if any was made.
    pub fn estimate(&self, steps: &[Step], overhead: Option<f64>) -> f64 {
        let overhead = overhead.unwrap_or(OVERHEAD_SECONDS);
        steps.iter().map(|step| self.step_seconds(*step) + overhead).sum()
    }
}

impl PlanCell {
    /// The scenario that plays `source` in this way.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn with(&self, source: Value, seconds: f64, stress: &Value) -> Result<Scenario, Refusal> {
        let mut scenario = self.fragment.clone();
        scenario.insert("source".into(), source);
        scenario.insert("seconds".into(), seconds.into());
        scenario.insert("stress".into(), stress.clone());
        Scenario::from_value(&Value::Object(scenario))
    }
}

/// "ring 2048", "queue 3 × 256", "in-worklet": strategy and size, and whatever else is not as usual.
fn label(strategy: &str, fragment: &Map<String, Value>) -> String {
    let frames = |name: &str| fragment.get(name).map(ToString::to_string);
    let mut label = strategy.to_owned();
    let block = frames("blockFrames");
    match strategy {
        "double" | "triple" => label += &format!(" {}", block.unwrap_or_else(|| "512".into())),
        "queue" => {
            let depth = frames("queueDepth").unwrap_or_else(|| "3".into());
            label += &format!(" {depth} × {}", block.unwrap_or_else(|| "256".into()));
        }
        "in-worklet" => {}
        _ => {
            label += &format!(" {}", frames("bufferFrames").unwrap_or_else(|| "2048".into()));
            if let Some(block) = block {
                label += &format!(" in {block}s");
            }
        }
    }
    let told = ["strategy", "queueDepth", "bufferFrames", "blockFrames"];
    for (name, value) in fragment.iter().filter(|(name, _)| !told.contains(&name.as_str())) {
        let value = value.as_str().map_or_else(|| value.to_string(), Into::into);
        label += &format!(", {name} {value}");
    }
    label
}

/// One of each, as somebody would begin with it, and the ring in a second size.
fn quick() -> Vec<Value> {
    vec![
        json!({ "strategy": "ring", "bufferFrames": 512 }),
        json!({ "strategy": "ring", "bufferFrames": 2048 }),
        json!({ "strategy": "double", "blockFrames": 512 }),
        json!({ "strategy": "triple", "blockFrames": 512 }),
        json!({ "strategy": "queue", "queueDepth": 3, "blockFrames": 256 }),
        json!({ "strategy": "message-copy", "bufferFrames": 2048 }),
        json!({ "strategy": "message-transfer", "bufferFrames": 2048 }),
        json!({ "strategy": "main-thread", "bufferFrames": 2048 }),
        json!({ "strategy": "in-worklet" }),
        json!({ "strategy": "buffer-source", "bufferFrames": 2048 }),
    ]
}

/// Every strategy from 256 to 8192 frames.
fn full() -> Vec<Value> {
    let mut cells = Vec::new();
    for strategy in strategy::ALL.iter().map(|strategy| strategy.name) {
        match strategy {
            "double" | "triple" => {
                let sizes = [128, 256, 512, 1024];
                cells.extend(sizes.map(|frames| json!({ "strategy": strategy, "blockFrames": frames })));
            }
            "queue" => {
                for block in [128, 256] {
                    let depths = [1, 2, 3, 8, 32];
                    cells.extend(depths.map(|depth| json!({ "strategy": strategy, "queueDepth": depth, "blockFrames": block })));
                }
            }
            "in-worklet" => cells.push(json!({ "strategy": strategy })),
            _ => {
                let sizes = [256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192];
                cells.extend(sizes.map(|frames| json!({ "strategy": strategy, "bufferFrames": frames })));
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(options: Value) -> Plan {
        Plan::from_value(&options, &Faults::PageBusy.stress(2)).expect("a good plan")
    }

    fn refusal(options: Value) -> String {
        let refused = Plan::from_value(&options, &json!([])).expect_err("a bad plan");
        refused.to_string()
    }

    fn two() -> Plan {
        plan(json!({ "cells": [{ "bufferFrames": 512 }, { "strategy": "ring", "bufferFrames": 4096 }], "repeats": 2, "seconds": 0.5 }))
    }

    #[test]
    fn the_default_has_ten_cells_and_takes_about_two_minutes_when_all_can_be_run() {
        let mut plan = plan(json!({}));
        let labels: Vec<_> = plan.cells.iter().map(|cell| cell.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "ring 512",
                "ring 2048",
                "double 512",
                "triple 512",
                "queue 3 × 256",
                "message-copy 2048",
                "message-transfer 2048",
                "main-thread 2048",
                "in-worklet",
                "buffer-source 2048",
            ]
        );
        assert_eq!((plan.repeats, plan.seconds), (3, 3.0));
        assert_eq!(plan.faults, json!([{ "kind": "jank", "ms": 100, "everyMs": 500 }]));
        plan.cells.iter_mut().for_each(|cell| cell.refused = None);
        let seconds = plan.estimate(&plan.steps(), None);
        assert!((100.0..=150.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn the_full_one_has_every_strategy_and_takes_about_fifteen_minutes() {
        let mut plan = plan(json!({ "mode": "full" }));
        for strategy in &strategy::ALL {
            assert!(plan.cells.iter().any(|cell| cell.strategy == strategy.name), "{}", strategy.name);
        }
        plan.cells.iter_mut().for_each(|cell| cell.refused = None);
        let minutes = plan.estimate(&plan.steps(), None) / 60.0;
        assert!((13.0..=17.0).contains(&minutes), "{minutes}");
        let mut labels: Vec<_> = plan.cells.iter().map(|cell| &cell.label).collect();
        labels.sort();
        labels.dedup();
        assert_eq!(labels.len(), plan.cells.len());
    }

    #[test]
    fn repeats_are_interleaved_and_the_other_passes_come_after_them() {
        let plan = two();
        let (measure, artifacts) = (|cell, repeat| Step::Measure { cell, repeat }, |cell| Step::Artifacts { cell });
        // Of both rings neither has 2048 frames, so the first stands for shared memory.
        let kill = Step::Kill {
            group: Group::Shared,
            cell: 0,
        };
        assert_eq!(
            plan.steps(),
            [
                measure(0, 0),
                measure(1, 0),
                measure(0, 1),
                measure(1, 1),
                artifacts(0),
                artifacts(1),
                kill
            ]
        );
        let mut less = plan.clone();
        (less.artifacts, less.kill) = (false, false);
        assert_eq!(less.steps().len(), 4);
        let estimate = less.estimate(&less.steps(), Some(0.25));
        assert!((estimate - 3.0).abs() < 1e-9, "{estimate}");
    }

    #[test]
    fn the_usual_size_stands_for_its_group() {
        let plan = plan(json!({ "cells": [{ "bufferFrames": 512 }, {}, { "bufferFrames": 8192 }] }));
        assert_eq!(plan.stands_for(Group::Shared), Some(1));
        assert_eq!(plan.cells[1].label, "ring 2048");
        // Nothing can stand for a group none of whose cells can be run, or of which there is none.
        assert_eq!(plan.stands_for(Group::MainThread), None);
    }

    #[test]
    fn what_cannot_be_run_yet_is_a_cell_with_a_reason() {
        let mut plan = two();
        plan.cells[0].refused = Some(Refusal::NotJson("a reason".into()));
        assert_eq!(plan.steps().len(), 2 + 1 + 1);
        assert!(!plan.steps().contains(&Step::Artifacts { cell: 0 }));
    }

    #[test]
    fn all_play_the_same_under_the_same_faults() {
        let plan = two();
        for cell in &plan.cells {
            let measured = plan.scenario(cell).expect("it can be run");
            assert_eq!(serde_json::to_value(&measured.source).expect("JSON"), json!({ "kind": "index" }));
            assert_eq!((measured.seconds, measured.stress.len()), (0.5, 1));
            assert_eq!(plan.artifact_scenario(cell).expect("it can be run").stress, measured.stress);
            let killed = plan.kill_scenario(cell).expect("it can be run");
            assert_eq!(killed.stress[0].kind(), "kill");
            assert_eq!(killed.buffer_frames, measured.buffer_frames);
        }
    }

    #[test]
    fn the_same_cell_twice_has_two_names_and_what_is_unusual_is_told() {
        let plan = plan(json!({ "cells": [{}, { "strategy": "ring" }, { "blockFrames": 64, "channels": 1, "latencyHint": "playback" }] }));
        let labels: Vec<_> = plan.cells.iter().map(|cell| cell.label.as_str()).collect();
        assert_eq!(
            labels,
            ["ring 2048", "ring 2048 (2)", "ring 2048 in 64s, channels 1, latencyHint playback"]
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (options, message) in [
            (json!(5), "`options` is 5: it must be an object"),
            (json!({ "cell": [] }), "unknown field `cell`: known are `mode`, `cells`"),
            (json!({ "mode": "slow" }), "`mode` is 'slow': it must be one of 'quick', 'full'"),
            (json!({ "mode": "full", "cells": [{}] }), "`mode` is 'full': it must be left out"),
            (json!({ "cells": [] }), "`cells` is []: it must be a list of 1 to 200 cells"),
            (json!({ "cells": [5] }), "`cells[0]` is 5: it must be an object"),
            (
                json!({ "cells": [{}, { "bufferFrames": 1 }] }),
                "`cells[1].bufferFrames` is 1: it must be a whole number",
            ),
            (
                json!({ "cells": [{ "seconds": 1 }] }),
                "unknown field `cells[0].seconds`: known are `strategy`",
            ),
            (
                json!({ "cells": [{ "strategy": "belt" }] }),
                "`cells[0].strategy` is 'belt': it must be one of",
            ),
            (json!({ "repeats": 0 }), "`repeats` is 0"),
            (json!({ "seconds": 0.1 }), "`seconds` is 0.1"),
            (json!({ "faults": [{ "kind": "nap" }] }), "`faults[0].kind` is 'nap'"),
            (json!({ "faults": 5 }), "`faults` is 5: it must be a list of faults"),
            (
                json!({ "faults": [{ "kind": "kill", "atMs": 1 }] }),
                "`faults[0].kind` is 'kill': it must be something that a run survives",
            ),
            (json!({ "kill": 1 }), "`kill` is 1: it must be true or false"),
        ] {
            let said = refusal(options);
            assert!(said.starts_with(message), "{said}");
        }
    }

    #[test]
    fn the_faults_that_the_page_offers_are_faults() {
        for faults in Faults::ALL {
            let stress = faults.stress(2);
            let plan = Plan::from_value(&json!({ "faults": stress }), &json!([])).expect("a good plan");
            assert_eq!(plan.faults, stress, "{}", faults.name());
        }
    }
}
