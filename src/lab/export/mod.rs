//! What is taken along of a run: its report as JSON, its events as CSV, a summary as Markdown to paste into an issue. Text goes out; saving and copying it is the page's.

mod csv;
mod summary;
mod time;

#[cfg(test)]
mod tests;

pub use csv::csv;
pub use summary::summary;
pub(in crate::lab) use time::Utc;

use super::report::Report;

/// The report as JSON for people: two spaces for each level, a newline at the end.
pub fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("numbers are finite and keys are text");
    text.push('\n');
    text
}
