//! The note's two tables, filled in: by what was measured, or by what is required where nothing can be measured.

use super::measure::{Shown, Unit, spread};
use super::result::{CellResult, Comparison};
use super::stats::Figure;
use super::strategy::{self, Group};
use super::witness::Killed;

/// What stands where nothing was measured.
pub const NOT_MEASURED: &str = "not measured";

/// What stands where a strategy has nothing that could be measured: no messages where memory is shared, say.
pub const NO_PART: &str = "none";

/// One entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The median, or words.
    pub text: String,
    /// How far the runs lie apart, or nothing.
    pub spread: String,
    /// Whether it is words rather than a figure.
    pub words: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The note's row that it belongs to; the same for neighbours.
    pub group: &'static str,
    /// What it is.
    pub name: &'static str,
    /// One for each column.
    pub entries: Vec<Entry>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// For programs.
    pub id: &'static str,
    /// What it compares.
    pub title: &'static str,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// Both, of what there is so far.
    pub fn both(comparison: &Comparison) -> [Table; 2] {
        [strategies(comparison), sides(comparison)]
    }
}

/// Rows that are figures: the note's row, the name, the measure.
type Figures = &'static [(&'static str, &'static str, &'static str, Unit)];

const LATENCY: Figures = &[
    ("Latency", "in the buffer, half of the time", "latencyP50", Unit::Ms),
    ("Latency", "in the buffer, 99 %", "latencyP99", Unit::Ms),
    ("Latency", "to the speaker, half of the time", "latencyTotal", Unit::Ms),
];
const CPU: Figures = &[
    ("CPU", "all threads, of one core", "cpu", Unit::Share),
    ("CPU", "producer", "cpuProducer", Unit::Share),
    ("CPU", "audio thread", "cpuAudio", Unit::Share),
    ("CPU", "page", "cpuPage", Unit::Share),
    ("CPU", "rendering alone", "renderLoad", Unit::Share),
];
const RISK: Figures = &[
    ("Underrun risk", "underruns in a run", "underruns", Unit::Count),
    ("Underrun risk", "frames missing", "lost", Unit::Share),
    ("Underrun risk", "callbacks starved", "starvedCallbacks", Unit::Share),
    ("Duplicates", "quanta", "duplicates", Unit::Share),
    ("Duplicates", "callbacks", "duplicateCallbacks", Unit::Share),
    ("Duplicates", "frames dropped", "dropped", Unit::Share),
    ("Duplicates", "frames torn", "torn", Unit::Frames),
];
const MEMORY: Figures = &[
    ("Memory", "the exchange's samples", "storage", Unit::Bytes),
    ("Memory", "all memories and messages", "memory", Unit::Bytes),
    ("Allocations", "while rendering", "allocations", Unit::Count),
    ("Allocations", "new buffers", "newBuffers", Unit::Count),
];
const SHARING: Figures = &[
    ("Memory sharing", "all memories and messages", "memory", Unit::Bytes),
    ("Memory sharing", "messages in a run", "messages", Unit::Count),
    ("Memory sharing", "new buffers in a run", "newBuffers", Unit::Count),
    ("Memory sharing", "a message is on its way", "transit", Unit::Ms),
];

fn strategies(comparison: &Comparison) -> Table {
    let cells = &comparison.cells;
    let mut rows = Vec::new();
    let not_run: Vec<Option<String>> = (0..cells.len()).map(|cell| comparison.not_run(cell)).collect();
    if not_run.iter().any(Option::is_some) {
        let said = |why: &Option<String>| why.as_ref().map_or_else(Entry::default, |why| words(format!("not run: {why}")));
        rows.push(row("Runs", "not run", not_run.iter().map(said)));
    }
    let entry = |cell: usize, figure: &dyn Fn(&CellResult) -> Entry| match not_run[cell] {
        Some(_) => dash(),
        None => figure(&cells[cell]),
    };
    let each = |figure: &dyn Fn(&CellResult) -> Entry| (0..cells.len()).map(|cell| entry(cell, figure)).collect::<Vec<_>>();
    rows.push(row("Runs", "measured", each(&|cell| words(cell.runs().to_string()))));
    for (group, name, measure, unit) in [LATENCY, CPU, RISK, MEMORY].concat() {
        let entries = each(&|cell| figure(&cell.figure(measure), unit));
        let strategies = comparison.plan.cells.iter().map(|cell| Some(cell.strategy.as_str()));
        rows.push(row(group, name, without_part(entries, strategies, measure)));
    }
    let artifacts = |of: fn(&super::artifacts::Artifacts) -> f64| {
        each(&move |cell| match &cell.artifacts {
            Some(seen) => Entry {
                text: Shown(of(seen), Unit::Db).to_string(),
                spread: format!("{} looks", seen.looks),
                words: false,
            },
            None => words(NOT_MEASURED.into()),
        })
    };
    rows.push(row(
        "Artefacts, 17 to 20 kHz",
        "beside the tone, half of the time",
        artifacts(|seen| seen.median_db),
    ));
    rows.push(row(
        "Artefacts, 17 to 20 kHz",
        "beside the tone, at most",
        artifacts(|seen| seen.max_db),
    ));
    let known = |of: &dyn Fn(&strategy::Strategy) -> Option<String>| {
        let names = comparison.plan.cells.iter().map(|cell| strategy::named(&cell.strategy));
        names
            .map(|strategy| words(strategy.and_then(of).unwrap_or_else(|| NOT_MEASURED.into())))
            .collect::<Vec<_>>()
    };
    rows.push(row(
        "Complexity",
        "lines of its own code",
        known(&|strategy| strategy.lines.map(|lines| lines.to_string())),
    ));
    rows.push(row("Complexity", "requires", known(&|strategy| Some(strategy.needs.into()))));
    rows.push(row(
        "Ledger",
        "frames unaccounted for",
        each(&|cell| figure(&cell.figure("imbalance"), Unit::Frames)),
    ));
    Table {
        id: "strategies",
        title: "Buffering strategies",
        columns: comparison.plan.cells.iter().map(|cell| cell.label.clone()).collect(),
        rows,
    }
}

fn sides(comparison: &Comparison) -> Table {
    let plan = &comparison.plan;
    let stand: Vec<Option<usize>> = Group::ALL.into_iter().map(|group| plan.stands_for(group)).collect();
    let measured = |of: &dyn Fn(&CellResult) -> Entry| {
        let entry = |cell: &Option<usize>| match cell {
            Some(cell) if comparison.not_run(*cell).is_none() => of(&comparison.cells[*cell]),
            _ => words(NOT_MEASURED.into()),
        };
        stand.iter().map(entry).collect::<Vec<_>>()
    };
    let said = |of: fn(Group) -> &'static str| Group::ALL.map(|group| words(of(group).into())).to_vec();
    let mut rows = vec![
        row(
            "Runs",
            "measured with",
            stand
                .iter()
                .map(|cell| words(cell.map_or_else(|| "no cell that can be run".into(), |cell| plan.cells[cell].label.clone()))),
        ),
        row("Library compatibility", "what can be used", said(Group::libraries)),
    ];
    for (group, name, measure, unit) in [LATENCY, CPU, SHARING].concat() {
        let entries = measured(&|cell| figure(&cell.figure(measure), unit));
        let strategies = stand.iter().map(|cell| cell.map(|cell| plan.cells[cell].strategy.as_str()));
        rows.push(row(group, name, without_part(entries, strategies, measure)));
    }
    rows.extend(isolation(comparison));
    rows.push(row(
        "Set-up",
        "Play to first sound",
        measured(&|cell| figure(&cell.figure("firstSound"), Unit::Ms)),
    ));
    rows.push(row("Set-up", "what a page must bring", said(Group::set_up)));
    Table {
        id: "sides",
        title: "Shared memory, messages, main thread",
        columns: Group::ALL.map(|group| group.title().to_owned()).to_vec(),
        rows,
    }
}

/// What survived when the producer was killed.
fn isolation(comparison: &Comparison) -> Vec<Row> {
    const GROUP: &str = "Crash isolation";
    let each = |of: &dyn Fn(&Killed) -> Entry| {
        let entry = |group: Group| match comparison.killed(group) {
            Some((_, Ok(killed))) if killed.died => of(killed),
            Some((_, Ok(_))) => words("the producer did not die".into()),
            Some((_, Err(why))) => words(format!("not run: {why}")),
            None => words(NOT_MEASURED.into()),
        };
        Group::ALL.map(entry).to_vec()
    };
    let yes = |alive: Option<bool>| words(alive.map_or(NOT_MEASURED, |alive| if alive { "yes" } else { "no" }).into());
    let after = |ms: Option<f64>, never: &str| match ms {
        Some(ms) => Entry {
            text: Shown(ms, Unit::Ms).to_string(),
            spread: "1 run only".into(),
            words: false,
        },
        None => words(never.into()),
    };
    vec![
        row(GROUP, "page goes on", each(&|killed| yes(killed.page_alive))),
        row(GROUP, "audio thread goes on", each(&|killed| yes(killed.audio_alive))),
        row(GROUP, "context goes on", each(&|killed| yes(killed.context_alive))),
        row(GROUP, "every frame accounted for", each(&|killed| yes(Some(killed.balanced)))),
        row(GROUP, "known after", each(&|killed| after(killed.known_after_ms, "never"))),
        row(
            GROUP,
            "sound is back after",
            each(&|killed| after(killed.sound_back_ms, "not by itself")),
        ),
    ]
}

fn row(group: &'static str, name: &'static str, entries: impl IntoIterator<Item = Entry>) -> Row {
    Row {
        group,
        name,
        entries: entries.into_iter().collect(),
    }
}

/// The same, where a strategy has no part in what is measured saying that.
fn without_part<'a>(entries: Vec<Entry>, strategies: impl Iterator<Item = Option<&'a str>>, measure: &str) -> Vec<Entry> {
    let say = |(entry, strategy): (Entry, Option<&str>)| match strategy {
        Some(strategy) if entry.text == NOT_MEASURED && strategy::has_no_part(strategy, measure) => words(NO_PART.into()),
        _ => entry,
    };
    entries.into_iter().zip(strategies).map(say).collect()
}

fn figure(figure: &Figure, unit: Unit) -> Entry {
    match figure.median {
        None => words(NOT_MEASURED.into()),
        Some(median) => Entry {
            text: Shown(median, unit).to_string(),
            spread: spread(figure, unit),
            words: false,
        },
    }
}

fn words(text: String) -> Entry {
    Entry {
        text,
        spread: String::new(),
        words: true,
    }
}

fn dash() -> Entry {
    words("–".into())
}
