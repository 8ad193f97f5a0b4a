//! A summary to paste into an issue.

use std::fmt::{Display, Write};

use super::time::Utc;
use crate::error::Decimal;
use crate::lab::format::{Grouped, Many, Ms, Share, sentence as capitalised};
use crate::lab::report::{Report, sentence};
use crate::lab::scenario::{Hint, Pace, Scenario, SourceChoice};
use crate::ledger::{Cause, Status};
use crate::strategy::Strategy;

/// Events told one by one: the latest.
const TOLD: usize = 5;

/// What happened, as Markdown that GitHub and its like show: browser, settings, figures, red flags that are not good, causes, the latest events, and `link`, which plays the same again (none when there is no such link).
pub fn summary(report: &Report, link: Option<&str>) -> String {
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write(&mut text, report, link);
    text
}

fn write(text: &mut String, report: &Report, link: Option<&str>) -> std::fmt::Result {
    let underruns = &report.underruns;
    writeln!(text, "### Noxrun {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(text)?;
    let frames = Many(underruns.frames, "frame");
    match underruns.events {
        0 => writeln!(text, "Nothing was lost.")?,
        events => writeln!(text, "{}: {frames} lost.", Many(events, "underrun"))?,
    }
    writeln!(text)?;
    table(text, ["setting", "value"], settings(report))?;
    writeln!(text)?;
    table(text, ["figure", "value"], figures(report))?;
    flags(text, report)?;
    causes(text, report)?;
    events(text, report)?;
    writeln!(text)?;
    match link {
        Some(link) => writeln!(text, "[Play the same again](<{link}>)"),
        None => writeln!(text, "No link plays this again: it holds files of one computer."),
    }
}

fn settings(report: &Report) -> Vec<[String; 2]> {
    let scenario = &report.scenario;
    let row = |name: &str, value: String| [name.to_owned(), value];
    vec![
        row("browser", report.browser.clone()),
        row("isolated", if report.isolated { "yes" } else { "no" }.into()),
        row("began", Utc(report.started_at_ms).to_string()),
        row("source", source(&scenario.source)),
        row("strategy", scenario.strategy.name().into()),
        row("ahead", ahead(scenario)),
        row("when there is nothing", scenario.conceal.name().into()),
        row("latency hint", hint(scenario)),
        row(
            "context",
            format!(
                "{} Hz, {}, render quantum of {}, callbacks of up to {}",
                Decimal(report.sample_rate),
                Many(report.channels as u64, "channel"),
                report.render_quantum,
                report
                    .callback_frames
                    .map_or("unknown size".into(), |frames| Many(frames, "frame").to_string()),
            ),
        ),
        row("faults on purpose", faults(report)),
    ]
}

/// What the producer kept ahead, and at what pace.
fn ahead(scenario: &Scenario) -> String {
    let block = scenario.block_frames;
    let mut text = match (scenario.strategy, scenario.queue_depth) {
        (Strategy::InWorklet, _) => "nothing: a quantum at a time".into(),
        (_, Some(depth)) => format!("{} of {block} frames", Many(depth as u64, "block")),
        (strategy, None) if strategy.newest_counts() => format!("one block of {block} frames, of which the newest counts"),
        _ => format!("{} frames, blocks of {block}", scenario.buffer_frames),
    };
    if let Pace::Timer { period_ms, jitter_ms } = scenario.pace {
        let period = period_ms.map_or("its length".into(), |ms| format!("{} ms", Decimal(ms)));
        text += &format!(", a block every {period}");
        if jitter_ms > 0.0 {
            text += &format!(" and up to {} ms later", Decimal(jitter_ms));
        }
    }
    text
}

fn source(source: &SourceChoice) -> String {
    match source {
        SourceChoice::Sine { hz } => format!("sine of {} Hz", Decimal(*hz)),
        SourceChoice::Index => "index signal".into(),
        SourceChoice::Synth { voices } => format!("synth with {}", Many(u64::from(*voices), "voice")),
        SourceChoice::File { url } => format!("file {url}"),
    }
}

fn hint(scenario: &Scenario) -> String {
    match scenario.latency_hint {
        Hint::Interactive => "interactive".into(),
        Hint::Balanced => "balanced".into(),
        Hint::Playback => "playback".into(),
        Hint::Seconds(seconds) => format!("{} s", Decimal(seconds)),
    }
}

/// "3 of stall, 1 of kill", in the order in which they first came.
fn faults(report: &Report) -> String {
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for fault in &report.injected {
        match kinds.iter_mut().find(|(kind, _)| *kind == fault.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((fault.kind, 1)),
        }
    }
    if kinds.is_empty() {
        return "none".into();
    }
    let each: Vec<String> = kinds.iter().map(|(kind, count)| format!("{} of {kind}", Grouped(*count))).collect();
    each.join(", ")
}

fn figures(report: &Report) -> Vec<[String; 2]> {
    let row = |name: &str, value: String| [name.to_owned(), value];
    let unknown = || "unknown".to_owned();
    let ms = |ms: Option<f64>| ms.map_or_else(unknown, |ms| Ms(ms).to_string());
    let (ledger, quanta) = (&report.ledger, &report.quanta);
    let lost = report.underruns.frames;
    vec![
        row("asked for", Many(ledger.requested_frames, "frame").to_string()),
        row("lost", format!("{} ({})", Many(lost, "frame"), of(lost, ledger.requested_frames))),
        row(
            "longest underrun",
            Ms(report.underruns.longest_frames as f64 * 1e3 / report.sample_rate).to_string(),
        ),
        row(
            "starved quanta",
            format!("{} of {}", Grouped(quanta.starved), Grouped(quanta.total)),
        ),
        row("overruns", Grouped(report.overruns.events).to_string()),
        row(
            "device underruns, by the browser's count",
            report.device.as_ref().map_or_else(unknown, |device| {
                format!("{} ({} s)", Decimal(device.underrun_events), Decimal(device.underrun_seconds))
            }),
        ),
        row("imbalance of the ledger", Many(ledger.imbalance_frames, "frame").to_string()),
        row("latency", ms(report.latency.total_ms)),
        row("of that in the ring", ms(report.latency.ring_ms.map(|ring| ring.p50))),
        row(
            "wake-ups late by (50 %, 99 %, all)",
            report
                .producer
                .wake_lateness_ms
                .map_or_else(unknown, |late| format!("{}, {}, {}", Ms(late.p50), Ms(late.p99), Ms(late.max))),
        ),
        row(
            "producer's load",
            report
                .producer
                .render_load
                .map_or_else(unknown, |load| format!("{} %", Decimal((load * 1e3).round() / 10.0))),
        ),
    ]
}

/// "0 %" also of nothing.
fn of(part: u64, whole: u64) -> String {
    let whole = whole.max(1);
    Share { part, whole }.to_string()
}

fn flags(text: &mut String, report: &Report) -> std::fmt::Result {
    let verdicts = report.verdicts.iter().map(|flagged| flagged.0);
    let raised: Vec<_> = verdicts
        .filter(|verdict| matches!(verdict.status, Status::Warning | Status::Bad))
        .collect();
    writeln!(text)?;
    if raised.is_empty() {
        return writeln!(text, "No red flag.");
    }
    writeln!(text, "**{}**", Many(raised.len() as u64, "red flag"))?;
    writeln!(text)?;
    for verdict in raised {
        writeln!(text, "- {}: {}", verdict.status.name(), escaped(&verdict.sentence().to_string()))?;
    }
    Ok(())
}

fn causes(text: &mut String, report: &Report) -> std::fmt::Result {
    let Some(by_cause) = &report.underruns.by_cause else {
        return Ok(());
    };
    let seen: Vec<&(Cause, u64)> = by_cause.0.iter().filter(|(_, events)| *events > 0).collect();
    if seen.is_empty() {
        return Ok(());
    }
    writeln!(text)?;
    let rows = seen
        .iter()
        .map(|(cause, events)| [cause.name().to_owned(), Grouped(*events).to_string()]);
    table(text, ["cause", "underruns"], rows)
}

fn events(text: &mut String, report: &Report) -> std::fmt::Result {
    let entries = &report.entries;
    let latest = &entries[entries.len().saturating_sub(TOLD)..];
    if latest.is_empty() {
        return Ok(());
    }
    writeln!(text)?;
    writeln!(text, "The latest (UTC):")?;
    writeln!(text)?;
    for entry in latest {
        let told = sentence(entry, report.sample_rate).to_string();
        writeln!(text, "- {}", escaped(&capitalised(&told)))?;
    }
    Ok(())
}

fn table(text: &mut String, head: [&str; 2], rows: impl IntoIterator<Item = [String; 2]>) -> std::fmt::Result {
    writeln!(text, "| {} | {} |", head[0], head[1])?;
    writeln!(text, "| --- | --- |")?;
    for [name, value] in rows {
        writeln!(text, "| {} | {} |", escaped(&name), escaped(&value))?;
    }
    Ok(())
}

/// What comes from outside (a browser's name, a file's address) is text and no markup, and stays in its row.
fn escaped(text: &str) -> impl Display {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '|' | '<' | '>' | '[' | ']' | '@' => {
                plain.push('\\');
                plain.push(character);
            }
            '\r' | '\n' => plain.push(' '),
            _ => plain.push(character),
        }
    }
    plain
}
