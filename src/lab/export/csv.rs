//! The event log as a table.

use std::fmt::{Display, Write};

use super::time::Utc;
use crate::error::Decimal;
use crate::lab::report::{Report, sentence};
use crate::ledger::{Cause, Ending, LogEntry};

/// Columns, under the names that the same figures have in the report.
const COLUMNS: [&str; 38] = [
    "kind",
    "number",
    "at",
    "atMs",
    "frame",
    "frames",
    "lastedMs",
    "fill",
    "endedBy",
    "cause",
    "coveringFrames",
    "count",
    "stillMs",
    "callbackFrames",
    "longTasksMs",
    "hiddenMs",
    "context",
    "stoodStillMs",
    "deviceUnderruns",
    "spellMs",
    "asleepMs",
    "lateMs",
    "renderMs",
    "longestMs",
    "prepareMs",
    "awayMs",
    "dryMs",
    "restMs",
    "blocks",
    "blockFrames",
    "aheadFrames",
    "limitFrames",
    "askedFrames",
    "burstFrames",
    "jumped",
    "ownClock",
    "nothingCame",
    "words",
];

/// The report's listed events, one row for each, oldest first, below a row of names: RFC 4180, with commas and CRLF. What is not known is empty. `at` is UTC, `atMs` counts from the run's first frame, `count` is starved quanta, refused
/// blocks or how often the browser counted it; `words` is the sentence that the page shows, without its time.
pub fn csv(report: &Report) -> String {
    let mut table = COLUMNS.join(",");
    table.push_str("\r\n");
    for entry in &report.entries {
        row(&mut table, entry, report);
    }
    table
}

fn row(table: &mut String, entry: &LogEntry, report: &Report) {
    let evidence = &entry.evidence;
    let mut row = Row { table, first: true };
    row.cell(entry.kind.name());
    row.cell(entry.number);
    row.cell(Utc(entry.at_ms));
    row.cell(Decimal(entry.at_ms - report.started_at_ms));
    row.cell(entry.frame);
    row.cell(entry.frames);
    row.cell(Decimal(entry.lasted_ms));
    row.maybe(entry.fill);
    row.maybe(entry.ended_by.map(Ending::name));
    row.maybe(entry.cause.map(Cause::name));
    row.maybe(entry.covering_frames());
    row.cell(evidence.count);
    row.cell(Decimal(evidence.still_ms));
    row.maybe(evidence.callback_frames);
    row.maybe(evidence.long_tasks_ms.map(Decimal));
    row.cell(Decimal(evidence.hidden_ms));
    row.maybe(evidence.context);
    row.cell(Decimal(evidence.stood_still_ms));
    row.maybe(evidence.device_underruns);
    let account = evidence.account.as_ref();
    let ms = account.map(|said| {
        [
            said.spell_ms,
            said.asleep_ms,
            said.late_ms,
            said.render_ms,
            said.longest_ms,
            said.prepare_ms,
            said.away_ms,
            said.dry_ms,
            said.rest_ms(),
        ]
    });
    (0..9).for_each(|nth| row.maybe(ms.map(|ms| Decimal(ms[nth]))));
    let counts = account.map(|said| {
        [
            said.blocks,
            said.block_frames,
            said.ahead_frames,
            said.limit_frames,
            said.asked_frames,
            said.burst_frames,
        ]
    });
    (0..6).for_each(|nth| row.maybe(counts.map(|counts| counts[nth])));
    let flags = account.map(|said| [said.jumped, said.own_clock, said.nothing_came]);
    (0..3).for_each(|nth| row.maybe(flags.map(|flags| flags[nth])));
    row.cell(sentence(entry, report.sample_rate).without_time());
    table.push_str("\r\n");
}

struct Row<'a> {
    table: &'a mut String,
    first: bool,
}

impl Row<'_> {
    fn cell(&mut self, value: impl Display) {
        if !self.first {
            self.table.push(',');
        }
        self.first = false;
        let begin = self.table.len();
        // Writing into a text cannot fail.
        let _ = write!(self.table, "{value}");
        if self.table[begin..].contains([',', '"', '\r', '\n']) {
            let quoted = format!("\"{}\"", self.table[begin..].replace('"', "\"\""));
            self.table.replace_range(begin.., &quoted);
        }
    }

    fn maybe(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.cell(value),
            None => self.cell(""),
        }
    }
}
