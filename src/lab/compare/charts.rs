//! What the charts beside the tables show: bars for each cell, with whiskers from the least to the most that a run measured.

use super::measure::{self, Shown, Unit, spread};
use super::result::Comparison;

/// A bar. Places are parts of the chart's width, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The cell.
    pub label: String,
    /// Where it ends: the median.
    pub to: f64,
    /// Where its paler continuation ends, if it has one.
    pub on_to: Option<f64>,
    /// Least and most of what it ends with; `None` where all runs are alike, or where there is only one.
    pub whisker: Option<(f64, f64)>,
    /// What it shows, in words.
    pub text: String,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// For programs.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What the whole width is.
    pub top: String,
    /// One for each cell that measured it.
    pub bars: Vec<Bar>,
}

/// Id, title, measure of the bar, measure of its continuation.
const CHARTS: [(&str, &str, &str, Option<&str>); 4] = [
    (
        "latency",
        "Latency in the buffer, half of the time and 99 %",
        "latencyP50",
        Some("latencyP99"),
    ),
    ("lost", "Frames missing", "lost", None),
    ("duplicates", "Quanta that repeat frames", "duplicates", None),
    ("cpu", "CPU, all threads", "cpu", None),
];

/// The charts of what there is so far; none of what no cell has measured.
pub fn charts(comparison: &Comparison) -> Vec<Chart> {
    let charts = CHARTS
        .iter()
        .map(|(id, title, measure, on)| chart(comparison, id, title, measure, *on));
    charts.filter(|chart| !chart.bars.is_empty()).collect()
}

fn chart(comparison: &Comparison, id: &'static str, title: &'static str, name: &str, on: Option<&str>) -> Chart {
    let unit = measure::place(name).map_or(Unit::Count, |place| measure::ALL[place].unit);
    let measured: Vec<_> = comparison
        .plan
        .cells
        .iter()
        .zip(&comparison.cells)
        .map(|(cell, result)| (&cell.label, result.figure(name), on.map(|on| result.figure(on))))
        .filter(|(_, figure, _)| figure.median.is_some())
        .collect();
    let most = |figure: &super::stats::Figure| figure.max.unwrap_or_default();
    let top = measured
        .iter()
        .map(|(_, figure, on)| most(figure).max(on.as_ref().map_or(0.0, most)))
        .fold(0.0, f64::max);
    let part = |value: f64| if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    let bars = measured.iter().map(|(label, figure, on)| {
        let end = on.as_ref().filter(|on| on.median.is_some()).unwrap_or(figure);
        let mut text = Shown(figure.median.unwrap_or_default(), unit).to_string();
        if let Some(median) = on.as_ref().and_then(|on| on.median) {
            text += &format!(", 99 %: {}", Shown(median, unit));
        }
        text += &format!(" ({})", spread(end, unit));
        Bar {
            label: (*label).clone(),
            to: part(figure.median.unwrap_or_default()),
            on_to: on.as_ref().and_then(|on| on.median).map(part),
            whisker: end
                .min
                .zip(end.max)
                .filter(|_| end.runs > 1 && !end.alike())
                .map(|(min, max)| (part(min), part(max))),
            text,
        }
    });
    Chart {
        id,
        title,
        bars: bars.collect(),
        top: Shown(top, unit).to_string(),
    }
}
