//! Reports come in, tables, charts and files come out.

use serde_json::{Value, json};

use super::abx::{Outcome, Side};
use super::artifacts::Artifacts;
use super::charts::charts;
use super::plan::{Plan, Step};
use super::result::{Comparison, Listened, Place};
use super::strategy::Group;
use super::tables::{NOT_MEASURED, Row, Table};
use super::witness::{Killed, Sight, killed};
use super::{abx, export};
use crate::lab::report::{Facts, Injected, Recovery, Report, RunLog, Startup};
use crate::ledger::{ConsumerCounts, FILL_BUCKETS, ProducerCounts, Snapshot};

/// A report whose quanta all found `fill` buckets of 32 frames or so in the ring, and lost `lost` of 10,000 frames.
fn report(plan: &Plan, cell: usize, bucket: usize, lost: u64) -> Report {
    let scenario = plan.scenario(&plan.cells[cell]).expect("it can be run");
    let facts = Facts {
        browser: "Chromium 156".into(),
        isolated: true,
        sample_rate: 48_000.0,
        channels: 2,
        render_quantum: 128,
        capacity: 16_384,
        buffer_frames: 16_384,
        most_frames: 16_384,
        startup: Startup {
            module_ms: 1.0,
            worker_ms: 2.0,
            worklet_ms: 3.0,
            first_frame_ms: Some(20.0),
        },
        base_latency: Some(0.01),
        output_latency: None,
        device: None,
        start_ms: 1000.0,
        hidden_seconds: None,
        taken: Default::default(),
    };
    let mut fill = vec![0; FILL_BUCKETS];
    fill[bucket] = 100;
    let snapshot = Snapshot {
        producer: ProducerCounts {
            produced: 10_000 - lost,
            ..ProducerCounts::default()
        },
        consumer: ConsumerCounts {
            requested: 10_000,
            fresh: 10_000 - lost,
            concealed: lost,
            quanta: 100,
            duplicate_quanta: 5,
            underrun_events: lost.min(1),
            underrun_frames: lost,
            fill,
            ..ConsumerCounts::default()
        },
        write: 10_000 - lost,
        read: 10_000 - lost,
        ..Snapshot::default()
    };
    Report::new(&scenario, &facts, &RunLog::default(), &snapshot)
}

/// Two rings with three runs each, but the second one's last run failed; a strategy of a later version; a killed producer; a series.
fn comparison() -> Comparison {
    let cells = json!([{ "bufferFrames": 512 }, { "bufferFrames": 2048 }, { "strategy": "double" }]);
    let mut plan = Plan::from_value(&json!({ "cells": cells }), &json!([])).expect("a good plan");
    // Whatever strategies there are by now.
    plan.cells[2].refused = Some(crate::lab::scenario::Refusal::NotJson("later".into()));
    let place = Place {
        browser: "Chromium | 156".into(),
        cores: Some(2),
        isolated: true,
    };
    let mut comparison = Comparison::new(plan.clone(), place, 0.0);
    for (cell, bucket, lost) in [(0, 15, 100), (1, 63, 0), (0, 14, 0), (1, 63, 0), (0, 15, 300)] {
        comparison.measured(cell, &report(&plan, cell, bucket, lost));
    }
    comparison.failed(Step::Measure { cell: 1, repeat: 2 }, "nothing was heard".into());
    comparison.cells[0].artifacts = Some(Artifacts {
        median_db: -90.0,
        max_db: -30.5,
        looks: 20,
        silent_looks: 1,
    });
    let killed = Killed {
        died: true,
        page_alive: Some(true),
        audio_alive: Some(true),
        context_alive: Some(true),
        balanced: true,
        known_after_ms: Some(3.25),
        sound_back_ms: None,
    };
    comparison.killed.push((Group::Shared, 1, Ok(killed)));
    comparison.listened.push(Listened {
        a: "ring 512".into(),
        b: "ring 2048".into(),
        source: "sine".into(),
        level_db: Some(0.0),
        outcome: Outcome {
            trials: 10,
            correct: 9,
            p: abx::by_chance(9, 10),
        },
    });
    comparison
}

fn find<'a>(table: &'a Table, group: &str, name: &str) -> &'a Row {
    let found = table.rows.iter().find(|row| row.group == group && row.name == name);
    found.unwrap_or_else(|| panic!("{} has no row {group}: {name}", table.id))
}

fn texts(row: &Row) -> Vec<&str> {
    row.entries.iter().map(|entry| entry.text.as_str()).collect()
}

#[test]
fn the_first_table_has_medians_and_spreads_of_every_cell() {
    let [table, _] = Table::both(&comparison());
    assert_eq!(table.columns, ["ring 512", "ring 2048", "double 512"]);
    assert!(table.rows.iter().all(|row| row.entries.len() == 3));
    assert_eq!(texts(find(&table, "Runs", "measured")), ["3", "2", "–"]);
    let not_run = find(&table, "Runs", "not run");
    assert_eq!(texts(not_run), ["", "", "not run: the scenario is no JSON: later"]);
    let missing = find(&table, "Underrun risk", "frames missing");
    assert_eq!(texts(missing), ["1.00 %", "0 %", "–"]);
    assert_eq!(
        (missing.entries[0].spread.as_str(), missing.entries[1].spread.as_str()),
        ("0 to 3.00", "all 2 alike")
    );
    // Bucket 15 ends with frame 511, bucket 14 with 479, at 48 kHz.
    let latency = find(&table, "Latency", "in the buffer, half of the time");
    assert_eq!(
        (latency.entries[0].text.as_str(), latency.entries[0].spread.as_str()),
        ("10.6 ms", "10.0 to 10.6")
    );
    assert_eq!(texts(find(&table, "Duplicates", "quanta"))[0], "5.00 %");
    assert_eq!(texts(find(&table, "Ledger", "frames unaccounted for"))[..2], ["0", "0"]);
    assert_eq!(
        texts(find(&table, "Artefacts, 17 to 20 kHz", "beside the tone, at most")),
        ["-30.5 dB", NOT_MEASURED, "–"]
    );
}

#[test]
fn what_was_not_measured_is_told_to_be_so() {
    let [table, _] = Table::both(&comparison());
    // No output latency, so no sum either.
    assert_eq!(texts(find(&table, "Latency", "to the speaker, half of the time"))[0], NOT_MEASURED);
    assert_eq!(texts(find(&table, "Underrun risk", "callbacks starved"))[0], NOT_MEASURED);
}

#[test]
fn the_tables_have_the_notes_rows() {
    let [first, second] = Table::both(&comparison());
    for (table, rows) in [
        (
            &first,
            vec![
                "Latency",
                "CPU",
                "Underrun risk",
                "Duplicates",
                "Memory",
                "Allocations",
                "Artefacts, 17 to 20 kHz",
                "Complexity",
            ],
        ),
        (
            &second,
            vec![
                "Library compatibility",
                "Latency",
                "CPU",
                "Memory sharing",
                "Crash isolation",
                "Set-up",
            ],
        ),
    ] {
        for group in rows {
            assert!(table.rows.iter().any(|row| row.group == group), "{} has no {group}", table.id);
        }
    }
}

#[test]
fn the_second_table_tells_what_survived() {
    let [_, table] = Table::both(&comparison());
    assert_eq!(table.columns, ["Shared memory", "Messages", "Main thread"]);
    assert_eq!(texts(find(&table, "Runs", "measured with"))[0], "ring 2048");
    assert_eq!(
        texts(find(&table, "Crash isolation", "page goes on")),
        ["yes", NOT_MEASURED, NOT_MEASURED]
    );
    let known = &find(&table, "Crash isolation", "known after").entries[0];
    assert_eq!((known.text.as_str(), known.spread.as_str()), ("3.2 ms", "1 run only"));
    assert_eq!(texts(find(&table, "Crash isolation", "sound is back after"))[0], "not by itself");
    assert_eq!(texts(find(&table, "Set-up", "Play to first sound"))[..2], ["20.0 ms", NOT_MEASURED]);
}

#[test]
fn charts_show_what_was_measured_and_nothing_else() {
    let charts = charts(&comparison());
    let ids: Vec<_> = charts.iter().map(|chart| chart.id).collect();
    assert_eq!(&ids[..3], ["latency", "lost", "duplicates"]);
    let latency = &charts[0];
    assert_eq!(latency.bars.len(), 2, "not the one that was not run");
    // 511 and 2047 frames.
    assert!((latency.bars[0].to - 511.0 / 2047.0).abs() < 1e-9);
    assert_eq!((latency.bars[1].to, latency.bars[1].on_to), (1.0, Some(1.0)));
    assert_eq!(latency.top, "42.6 ms");
    let lost = &charts[1];
    assert_eq!((lost.bars[0].whisker, lost.bars[1].to), (Some((0.0, 1.0)), 0.0));
    assert_eq!(lost.bars[0].text, "1.00 % (0 to 3.00)");
}

#[test]
fn nothing_measured_makes_empty_tables_and_no_chart() {
    let full = comparison();
    let mut empty = Comparison::new(full.plan.clone(), full.place.clone(), 0.0);
    assert!(charts(&empty).is_empty());
    let [table, _] = Table::both(&empty);
    assert_eq!(texts(find(&table, "Runs", "not run"))[0], "not run: its turn did not come");
    assert_eq!(export::value(&empty)["imbalanceFrames"], Value::Null);
    // One run has no whisker.
    empty.measured(0, &report(&full.plan, 0, 15, 0));
    assert_eq!(charts(&empty)[0].bars[0].whisker, None);
    assert!(charts(&empty)[0].bars[0].text.ends_with("(1 run only)"));
}

#[test]
fn json_has_every_run() {
    let value = export::value(&comparison());
    assert_eq!(
        (&value["schema"], &value["complete"], &value["imbalanceFrames"]),
        (&json!(1), &json!(false), &json!(0.0))
    );
    let lost = &value["cells"][0]["figures"]["lost"];
    assert_eq!(lost["values"], json!([0.01, 0.0, 0.03]));
    assert_eq!(
        (&lost["median"], &lost["runs"], &lost["unit"]),
        (&json!(0.01), &json!(3), &json!("share"))
    );
    assert_eq!(value["cells"][1]["failures"], json!(["nothing was heard"]));
    assert_eq!(value["cells"][0]["scenario"]["bufferFrames"], json!(512));
    assert_eq!(value["cells"][2]["notRun"], json!("the scenario is no JSON: later"));
    assert_eq!(value["cells"][1]["artifacts"], Value::Null);
    assert_eq!(value["groups"][0]["killed"]["knownAfterMs"], json!(3.25));
    assert_eq!(value["groups"][1]["killed"], Value::Null);
    assert_eq!(value["listened"][0]["correct"], json!(9));
    assert_eq!(serde_json::from_str::<Value>(&export::json(&comparison())).expect("JSON"), value);
}

#[test]
fn csv_has_a_line_for_each_cell_and_measure() {
    let text = export::csv(&comparison());
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "cell,strategy,measure,unit,median,min,max,runs,run 1,run 2,run 3");
    assert!(lines.contains(&"ring 512,ring,lost,share,0.01,0,0.03,3,0.01,0,0.03"), "{text}");
    assert!(lines.contains(&"ring 2048,ring,lost,share,0,0,0,2,0,0,"), "{text}");
    assert!(lines.contains(&"double 512,double,lost,share,,,,0,,,"), "{text}");
    assert!(lines.contains(&"ring 512,ring,artifactsMax,dB,-30.5,,,1,,,"), "{text}");
    let columns = lines[0].matches(',').count();
    assert!(lines.iter().all(|line| line.matches(',').count() == columns));
}

#[test]
fn markdown_has_both_tables_and_what_was_heard() {
    let text = export::markdown(&comparison());
    assert!(
        text.contains("| | | ring 512 | ring 2048 | double 512 |\n| --- | --- | --- | --- | --- |"),
        "{text}"
    );
    assert!(
        text.contains("| Underrun risk | underruns in a run | 1<br>0 to 1 | 0<br>all 2 alike | – |"),
        "{text}"
    );
    assert!(text.contains("|  | frames missing | 1.00 %<br>0 to 3.00 |"), "{text}");
    assert!(text.contains("**Not complete:** 5 runs measured."));
    assert!(text.contains("- ring 512 against ring 2048, sine: 9 of 10 right"));
    // Every row of a table has as many cells as its head.
    for lines in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let head = lines.lines().next().map(columns);
        assert!(lines.lines().all(|line| Some(columns(line)) == head), "{lines}");
    }
}

#[test]
fn only_what_was_seen_after_the_death_says_who_survived() {
    let plan = comparison().plan;
    let mut report = report(&plan, 0, 15, 0);
    let sight = |at_ms, requested| Sight {
        at_ms,
        requested,
        running: true,
        lost: false,
        closing: false,
    };
    let lost = Sight {
        lost: true,
        ..sight(1312.5, Some(9_600))
    };
    let closing = Sight {
        running: false,
        closing: true,
        ..lost
    };
    let sights = [
        sight(1000.0, Some(9_000)),
        sight(1301.0, None),
        sight(1306.0, Some(9_500)),
        lost,
        closing,
    ];
    assert_eq!(
        (killed(&report, &sights).died, killed(&report, &sights).page_alive),
        (false, None),
        "nobody was killed"
    );

    report.injected.push(Injected {
        kind: "kill",
        at_ms: 1300.0 - report.started_at_ms,
        lasted_ms: None,
        frames: None,
        shown_frames: None,
        made: None,
    });
    report.recoveries.push(Recovery {
        at_ms: 400.0,
        cause: "producer-lost",
        reason: "it crashed".into(),
        took_ms: None,
    });
    let who = Killed {
        died: true,
        page_alive: Some(true),
        audio_alive: Some(true),
        context_alive: Some(true),
        balanced: true,
        known_after_ms: Some(12.5),
        sound_back_ms: None,
    };
    assert_eq!(killed(&report, &sights), who);
    // 10,000 frames were asked for in all: none since.
    let late = [sight(1306.0, Some(10_000))];
    assert_eq!(
        (killed(&report, &late).audio_alive, killed(&report, &late).known_after_ms),
        (Some(false), None)
    );
    let nobody = killed(&report, &sights[..1]);
    assert_eq!(
        (nobody.page_alive, nobody.audio_alive, nobody.context_alive),
        (Some(false), None, None)
    );
}

#[test]
fn every_figure_and_every_option_stands_in_the_docs() {
    let docs = include_str!("../../../docs/compare.md");
    let stands = |name: &str| docs.contains(&format!("`{name}`"));
    for measure in &super::measure::ALL {
        assert!(stands(measure.name), "{}", measure.name);
    }
    let value = export::value(&comparison());
    let fields = [
        &value,
        &value["cells"][0],
        &value["groups"][0],
        &value["groups"][0]["killed"],
        &value["listened"][0],
    ];
    for name in fields.iter().filter_map(|value| value.as_object()).flat_map(|fields| fields.keys()) {
        assert!(stands(name), "{name}");
    }
}

#[test]
fn sides_have_places() {
    assert_eq!((Side::A.index(), Side::B.index()), (0, 1));
}
