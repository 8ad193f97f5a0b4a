//! When it was by the calendar: the page's clock may stand still while the machine sleeps, and does not notice when somebody sets the time.

use std::collections::VecDeque;

/// Moves that are kept.
const KEPT: usize = 16;
/// A move of less is none, in ms: the calendar is read a moment after the clock, and is itself nudged to stay right.
const LEAST_MS: f64 = 250.0;

/// By how much the calendar was ahead of the page's clock, from when on. Made by an [`EventLog`](super::EventLog), which is told both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calendar {
    /// (From when on by the clock, ms ahead), oldest first.
    moves: VecDeque<(f64, f64)>,
    looked_ms: f64,
}

impl Calendar {
    /// The clock shows `at_ms` and the calendar `date_ms`, both since the epoch.
    pub(super) fn look(&mut self, at_ms: f64, date_ms: f64) {
        let ahead_ms = date_ms - at_ms;
        let known_ms = self.moves.back().map_or(0.0, |(_, known)| *known);
        if (ahead_ms - known_ms).abs() >= LEAST_MS {
            if self.moves.len() == KEPT {
                self.moves.pop_front();
            }
            // Somewhere since the look before. What is lost around a sleep is mostly lost after it.
            self.moves.push_back((self.looked_ms, ahead_ms));
        }
        self.looked_ms = at_ms;
    }

    /// What the calendar showed when the clock showed `at_ms`, both in ms since the epoch: the latter itself as far as nothing else is known.
    pub fn date_of(&self, at_ms: f64) -> f64 {
        let ahead = self.moves.iter().rev().find(|(from_ms, _)| at_ms >= *from_ms);
        at_ms + ahead.map_or(0.0, |(_, ahead_ms)| *ahead_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_stood_still_in_a_sleep_is_set_by_the_calendar() {
        let mut calendar = Calendar::default();
        for second in 1..=10 {
            let at_ms = 1e12 + f64::from(second) * 1e3;
            // Read a little later, and an hour later after five seconds, of which the clock knows nothing.
            let slept_ms = if second > 5 { 3.6e6 } else { 0.0 };
            calendar.look(at_ms, at_ms + slept_ms + 3.0);
        }
        assert_eq!(calendar.date_of(1e12 + 4_500.0), 1e12 + 4_500.0);
        assert_eq!(calendar.date_of(1e12 + 5_500.0), 1e12 + 3_605_503.0);
        assert_eq!(calendar.date_of(1e12 + 60_000.0), 1e12 + 3_660_003.0);
    }

    #[test]
    fn a_calendar_that_is_set_back_counts_too_and_only_the_latest_moves_are_kept() {
        let mut calendar = Calendar::default();
        for hour in 0..100 {
            let at_ms = f64::from(hour) * 3.6e6;
            calendar.look(at_ms, at_ms - f64::from(hour) * 500.0);
        }
        assert_eq!(calendar.moves.len(), KEPT);
        assert_eq!(calendar.date_of(99.0 * 3.6e6), 99.0 * 3.6e6 - 49_500.0);
    }
}
