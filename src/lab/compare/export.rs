//! A comparison as JSON, CSV and Markdown.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::result::Comparison;
use super::strategy::{self, Group};
use super::tables::{Entry, Table};
use crate::lab::export::Utc;
use crate::lab::format::Many;

/// Version of the JSON; counts up with every change that is no addition.
pub const SCHEMA: u32 = 1;

/// Every figure, run and table. What was not measured is null.
pub fn value(comparison: &Comparison) -> Value {
    let plan = &comparison.plan;
    let cells = plan.cells.iter().zip(&comparison.cells).enumerate().map(|(nth, (cell, result))| {
        let known = strategy::named(&cell.strategy);
        json!({
            "label": cell.label,
            "strategy": cell.strategy,
            "cell": cell.fragment,
            "scenario": result.scenario,
            "notRun": comparison.not_run(nth),
            "failures": result.failures,
            "runs": result.runs(),
            "figures": result.figures_json(),
            "artifacts": result.artifacts,
            "complexity": { "lines": known.and_then(|known| known.lines), "requires": known.map(|known| known.needs) },
        })
    });
    let groups = Group::ALL.into_iter().map(|group| {
        let killed = comparison.killed(group);
        json!({
            "name": group.name(),
            "cell": plan.stands_for(group).map(|cell| &plan.cells[cell].label),
            "killed": killed.and_then(|(_, killed)| killed.as_ref().ok()),
            "notKilled": killed.and_then(|(_, killed)| killed.as_ref().err()),
            "libraries": group.libraries(),
            "setUp": group.set_up(),
        })
    });
    let tables = Table::both(comparison);
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "browser": comparison.place.browser,
        "cores": comparison.place.cores,
        "isolated": comparison.place.isolated,
        "device": comparison.device,
        "startedAtMs": comparison.started_at_ms,
        "tookSeconds": comparison.took_seconds,
        "complete": comparison.complete,
        "mode": plan.mode,
        "repeats": plan.repeats,
        "seconds": plan.seconds,
        "faults": plan.faults,
        "imbalanceFrames": if comparison.runs() > 0 { Some(comparison.imbalance()) } else { None },
        "cells": cells.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "tables": tables.iter().map(table_value).collect::<Vec<_>>(),
        "listened": comparison.listened,
    })
}

fn table_value(table: &Table) -> Value {
    let rows = table.rows.iter().map(|row| {
        let entries = row
            .entries
            .iter()
            .map(|entry| json!({ "text": entry.text, "spread": entry.spread }));
        json!({ "group": row.group, "name": row.name, "entries": entries.collect::<Vec<_>>() })
    });
    json!({ "name": table.id, "columns": table.columns, "rows": rows.collect::<Vec<_>>() })
}

/// The JSON for people.
pub fn json(comparison: &Comparison) -> String {
    // A value of JSON is JSON.
    let mut text = serde_json::to_string_pretty(&value(comparison)).unwrap_or_default();
    text.push('\n');
    text
}

/// A line for each cell and measure, with what each run measured: `cell,strategy,measure,unit,median,min,max,runs,run 1,…`.
pub fn csv(comparison: &Comparison) -> String {
    let mut text = String::from("cell,strategy,measure,unit,median,min,max,runs");
    for run in 1..=comparison.plan.repeats {
        text += &format!(",run {run}");
    }
    text += "\r\n";
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for (cell, result) in comparison.plan.cells.iter().zip(&comparison.cells) {
        let begin = format!("{},{}", quoted(&cell.label), quoted(&cell.strategy));
        for (name, unit, figure) in result.figures() {
            let sum = [figure.median, figure.min, figure.max].map(number).join(",");
            text += &format!("{begin},{name},{},{sum},{}", unit.name(), figure.runs);
            for run in 0..comparison.plan.repeats {
                text += ",";
                text += &number(figure.values.get(run).copied().flatten());
            }
            text += "\r\n";
        }
        if let Some(seen) = result.artifacts {
            let empty = ",".repeat(comparison.plan.repeats);
            // One run, so there is nothing between least and most.
            text += &format!("{begin},artifactsMedian,dB,{},,,1{empty}\r\n", seen.median_db);
            text += &format!("{begin},artifactsMax,dB,{},,,1{empty}\r\n", seen.max_db);
        }
    }
    text
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

/// Both tables, to paste into an issue.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write(&mut text, comparison);
    text
}

fn write(text: &mut String, comparison: &Comparison) -> fmt::Result {
    let plan = &comparison.plan;
    writeln!(text, "### Noxrun {}: buffering strategies compared", env!("CARGO_PKG_VERSION"))?;
    writeln!(text)?;
    if !comparison.complete {
        writeln!(text, "**Not complete:** {} measured.", Many(comparison.runs() as u64, "run"))?;
        writeln!(text)?;
    }
    writeln!(text, "{}", about(comparison))?;
    for table in Table::both(comparison) {
        writeln!(text)?;
        writeln!(text, "#### {}", table.title)?;
        writeln!(text)?;
        writeln!(text, "| | | {} |", escaped(&table.columns.join("\n")).replace('\n', " | "))?;
        writeln!(text, "|{}", " --- |".repeat(2 + table.columns.len()))?;
        let mut group = "";
        for row in &table.rows {
            let entries: Vec<String> = row.entries.iter().map(entry).collect();
            let shown = if row.group == group { "" } else { row.group };
            writeln!(text, "| {shown} | {} | {} |", row.name, entries.join(" | "))?;
            group = row.group;
        }
    }
    if !comparison.listened.is_empty() {
        writeln!(text)?;
        writeln!(text, "#### Listened to, blind")?;
        writeln!(text)?;
    }
    for heard in &comparison.listened {
        let (a, b) = (escaped(&heard.a), escaped(&heard.b));
        writeln!(text, "- {a} against {b}, {}: {}", escaped(&heard.source), heard.outcome.verdict())?;
    }
    if plan.cells.is_empty() {
        writeln!(text, "Nothing was compared.")?;
    }
    Ok(())
}

/// Under which conditions it was made, in a sentence or two.
pub fn about(comparison: &Comparison) -> String {
    let plan = &comparison.plan;
    let runs = Many(plan.repeats as u64, "run");
    let faults: Vec<&str> = plan
        .faults
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fault| fault.get("kind")?.as_str())
        .collect();
    let faults = if faults.is_empty() { "none".into() } else { faults.join(", ") };
    let device = comparison.device.map_or_else(String::new, |device| {
        let callback = device
            .callback_frames
            .map_or_else(String::new, |frames| format!(" in callbacks of up to {frames}"));
        format!(" {} Hz, quanta of {} frames{callback}.", device.sample_rate, device.render_quantum)
    });
    let medians = if plan.repeats > 1 {
        "Medians, and what lies between the least and the most."
    } else {
        "One run of each: no figure that can be relied on."
    };
    format!(
        "{runs} of {} s for each cell, interleaved; faults: {faults}. {medians} {}{device} {}",
        plan.seconds,
        comparison.place.browser,
        Utc(comparison.started_at_ms)
    )
}

fn entry(entry: &Entry) -> String {
    let text = escaped(&entry.text);
    if entry.spread.is_empty() {
        text
    } else {
        format!("{text}<br>{}", escaped(&entry.spread))
    }
}

/// So that nothing in it ends a cell of the table or begins markup.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('*', "\\*")
}
