//! Whether everything stood still: the machine slept, or the browser stopped the page with all that belongs to it.

/// The least that counts, in ms: more than any device asks for at once, and than a timer is late on a page that has something to do.
const LEAST_MS: f64 = 300.0;
/// By how much more the calendar must have moved than the page's clock, in ms, for the machine to have slept: there are clocks that stand still meanwhile.
const SLEPT_MS: f64 = 1500.0;
/// Around such a sleep, what stops first and what goes on first is told by no clock that slept as well: it counts as standing still for so long before and after, in ms.
const UNEVEN_MS: f64 = 200.0;
/// The browser's count of what it did not deliver comes so late at most, in ms.
const COUNT_LATE_MS: f64 = 3000.0;

/// What is seen at one look. Times in ms.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// The page's clock.
    pub at_ms: f64,
    /// The calendar.
    pub date_ms: f64,
    /// What the device has asked for so far.
    pub asked_ms: f64,
    /// Whether it should be asking for more, and the page's timers should come in time: the context runs.
    pub running: bool,
    /// Whether the page is hidden: its timers come when the browser likes.
    pub hidden: bool,
    /// What the browser did not deliver to the device so far, where it counts that.
    pub undelivered_ms: f64,
    /// The latest time in which the browser says to have frozen the page: from and until.
    pub frozen: Option<(f64, f64)>,
}

/// Compares looks that should come at regular intervals.
#[derive(Debug)]
pub struct Standstill {
    every_ms: f64,
    before: Look,
    /// From when the page's thread did not run for how long, if nobody knows yet what else did not.
    late: Option<(f64, f64)>,
}

impl Standstill {
    /// Begins with a first look; others should come every `every_ms` ms.
    pub fn new(first: Look, every_ms: f64) -> Self {
        Standstill {
            every_ms,
            before: first,
            late: None,
        }
    }

    /// Whether it is time for another look, at `now_ms` of the page's clock.
    pub fn is_due(&self, now_ms: f64) -> bool {
        now_ms - self.before.at_ms >= self.every_ms
    }

    /// Looks again. Returns from when on and for how long everything stood still, if it did, by the page's clock; where that stood still too, the time between two looks and a moment on either side.
    pub fn look(&mut self, now: Look) -> Option<(f64, f64)> {
        let before = core::mem::replace(&mut self.before, now);
        let passed_ms = now.at_ms - before.at_ms;
        let slept_ms = now.date_ms - before.date_ms - passed_ms;
        if slept_ms > SLEPT_MS {
            self.late = None;
            // Told in the page's time, in which all else is told: however long the night was, it was over at this look.
            return Some((before.at_ms - UNEVEN_MS, passed_ms + 2.0 * UNEVEN_MS));
        }
        let late_ms = passed_ms - self.every_ms;
        if before.asked_ms > 0.0 && before.running && now.running && late_ms >= LEAST_MS {
            let still_ms = passed_ms - (now.asked_ms - before.asked_ms);
            if still_ms >= LEAST_MS {
                self.late = None;
                // The browser's own word for it is more exact than what is left of a second.
                let frozen = now.frozen.filter(|(_, until)| *until > before.at_ms);
                return Some(frozen.map_or((now.at_ms - still_ms, still_ms), |(from, until)| (from, until - from)));
            }
            if !before.hidden && !now.hidden {
                self.late = Some((now.at_ms - late_ms, late_ms));
            }
        }
        // There are devices that catch up at once on what was not asked for in time. Then both were away: the page's thread, as it knows itself, and the audio thread, as the browser has counted.
        let (from_ms, ms) = self.late?;
        if now.at_ms - from_ms - ms > COUNT_LATE_MS {
            self.late = None;
            return None;
        }
        let undelivered_ms = now.undelivered_ms - before.undelivered_ms;
        if undelivered_ms < ms / 2.0 {
            return None;
        }
        self.late.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A healthy output after `ms`.
    fn at(ms: f64) -> Look {
        Look {
            at_ms: ms,
            date_ms: 1e12 + ms,
            asked_ms: ms,
            running: true,
            ..Look::default()
        }
    }

    /// After five seconds of nothing special.
    fn begun() -> Standstill {
        let mut standstill = Standstill::new(at(1.0), 1000.0);
        for second in 1..=5 {
            assert_eq!(standstill.look(at(f64::from(second) * 1000.0)), None);
        }
        standstill
    }

    #[test]
    fn late_timers_alone_are_a_busy_or_hidden_page() {
        let mut standstill = begun();
        assert_eq!(standstill.look(at(8000.0)), None);
        let hidden = |ms: f64| Look { hidden: true, ..at(ms) };
        assert_eq!(standstill.look(hidden(68_000.0)), None);
        // And a device that does not get what it wants while the page runs.
        let look = Look {
            undelivered_ms: 900.0,
            ..hidden(70_000.0)
        };
        assert_eq!(standstill.look(look), None);
        let look = Look {
            undelivered_ms: 1800.0,
            ..at(71_000.0)
        };
        assert_eq!(standstill.look(look), None);
    }

    #[test]
    fn a_page_and_a_device_that_both_do_nothing_stand_still() {
        let mut standstill = begun();
        let later = |ms: f64| Look {
            asked_ms: ms - 3000.0,
            ..at(ms)
        };
        assert_eq!(standstill.look(later(9000.0)), Some((6000.0, 3000.0)));
        assert_eq!(standstill.look(later(10_000.0)), None);
        let frozen = Some((10_500.0, 19_900.0));
        let look = Look {
            asked_ms: 7600.0,
            frozen,
            ..at(20_000.0)
        };
        assert_eq!(standstill.look(look), Some((10_500.0, 9400.0)));
        assert_eq!(
            standstill.look(Look {
                asked_ms: 8600.0,
                frozen,
                ..at(21_000.0)
            }),
            None
        );
    }

    #[test]
    fn a_suspended_context_asks_for_nothing_and_is_no_standstill() {
        let mut standstill = begun();
        let suspended = |ms: f64| Look {
            asked_ms: 5000.0,
            running: false,
            ..at(ms)
        };
        assert_eq!(standstill.look(suspended(9000.0)), None);
        assert_eq!(standstill.look(suspended(70_000.0)), None);
        assert_eq!(
            standstill.look(Look {
                asked_ms: 5500.0,
                ..at(130_000.0)
            }),
            None
        );
    }

    #[test]
    fn a_device_that_catches_up_is_told_by_what_it_was_not_given() {
        let mut standstill = begun();
        assert_eq!(standstill.look(at(7000.0)), None);
        let look = Look {
            undelivered_ms: 980.0,
            ..at(8000.0)
        };
        assert_eq!(standstill.look(look), Some((6000.0, 1000.0)));
        assert_eq!(
            standstill.look(Look {
                undelivered_ms: 980.0,
                ..at(9000.0)
            }),
            None
        );
        // Much later it is something else.
        assert_eq!(
            standstill.look(Look {
                undelivered_ms: 980.0,
                ..at(11_000.0)
            }),
            None
        );
        for second in 12..16 {
            assert_eq!(
                standstill.look(Look {
                    undelivered_ms: 980.0,
                    ..at(f64::from(second) * 1000.0)
                }),
                None
            );
        }
        assert_eq!(
            standstill.look(Look {
                undelivered_ms: 1980.0,
                ..at(16_000.0)
            }),
            None
        );
    }

    #[test]
    fn a_clock_that_stops_in_a_sleep_is_told_by_the_calendar() {
        let mut standstill = begun();
        let woken = Look {
            date_ms: 1e12 + 3_606_000.0,
            ..at(6000.0)
        };
        assert_eq!(standstill.look(woken), Some((4800.0, 1400.0)));
    }
}
