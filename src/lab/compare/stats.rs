//! What several runs come to: the median, and how far they lie apart.

use serde::Serialize;

/// A figure out of several runs. Nothing is made up for runs that did not measure it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// The middle one, or the mean of the two in the middle; `None` when no run measured it.
    pub median: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The most.
    pub max: Option<f64>,
    /// Runs that measured it: one is no figure yet, and what shows it must say so.
    pub runs: usize,
    /// Of each run, in the order in which they were made; `None` where it was not measured.
    pub values: Vec<Option<f64>>,
}

impl Figure {
    /// Of these runs.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Figure {
        // A ratio with nothing below it is no measurement.
        let values: Vec<Option<f64>> = values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect();
        let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
        sorted.sort_by(f64::total_cmp);
        Figure {
            median: median(&sorted),
            min: sorted.first().copied(),
            max: sorted.last().copied(),
            runs: sorted.len(),
            values,
        }
    }

    /// Whether all runs that measured it agree.
    pub fn alike(&self) -> bool {
        self.min == self.max
    }
}

/// The middle of `sorted`.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_however_the_runs_are_ordered() {
        let figure = Figure::of([Some(9.0), Some(1.0), Some(2.0)]);
        assert_eq!((figure.median, figure.min, figure.max), (Some(2.0), Some(1.0), Some(9.0)));
        assert_eq!(figure.values, [Some(9.0), Some(1.0), Some(2.0)], "as they were made");
        assert_eq!(Figure::of([Some(4.0), Some(1.0), Some(2.0), Some(9.0)]).median, Some(3.0));
        assert!(!figure.alike());
        assert!(Figure::of([Some(0.0), Some(0.0)]).alike());
    }

    #[test]
    fn what_was_not_measured_counts_for_nothing() {
        let figure = Figure::of([None, Some(5.0), Some(f64::NAN), Some(f64::INFINITY), Some(7.0)]);
        assert_eq!((figure.median, figure.runs), (Some(6.0), 2));
        assert_eq!(figure.values, [None, Some(5.0), None, None, Some(7.0)]);
        let none = Figure::of([None, None]);
        assert_eq!((none.median, none.min, none.max, none.runs), (None, None, None, 0));
        assert_eq!(Figure::of([]).median, None);
    }
}
