//! Seeks as fast as they arrive: while one is under way the latest place that was asked for waits, and the ones between are never sought.

/// The place that was asked for is shown until what is heard is so close to it, in seconds: what is still on its way to the speaker is of before the seek.
const CLOSE: f64 = 0.5;
/// After so many milliseconds of playing what is heard is shown wherever it is: the file may be shorter than anybody thought.
const HOLD_MS: f64 = 1500.0;

/// A position in one of the list's items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Number of the item, from 0.
    pub item: usize,
    /// Seconds from its beginning.
    pub seconds: f64,
}

impl Place {
    /// The beginning of an item.
    pub fn start_of(item: usize) -> Self {
        Place { item, seconds: 0.0 }
    }

    /// This place moved on by `seconds`, but not out of a file that is `length` long. The end itself would be the next file's beginning: a second is left.
    pub fn moved(self, seconds: f64, length: Option<f64>) -> Self {
        let last = length.map_or(f64::INFINITY, |length| (length - 1.0).max(0.0));
        Place {
            // Somebody who is in the last second already is not thrown back by a step on.
            seconds: (self.seconds + seconds).min(last.max(self.seconds)).max(0.0),
            ..self
        }
    }
}

/// Who sought what.
#[derive(Debug, Default)]
pub struct Seeker {
    waiting: Option<Place>,
    busy: bool,
    /// What is shown instead of what is heard, and for how many more milliseconds.
    held: Option<(Place, f64)>,
    looked_ms: f64,
}

impl Seeker {
    /// Somebody asks for a place.
    pub fn want(&mut self, place: Place) {
        self.waiting = Some(place);
        self.held = Some((place, HOLD_MS));
    }

    /// Begins a seek: the place that waits, if no other seek is under way. To be followed by [`Seeker::done`].
    pub fn start(&mut self) -> Option<Place> {
        if self.busy {
            return None;
        }
        let place = self.waiting.take()?;
        self.busy = true;
        Some(place)
    }

    /// The seek that was under way is over.
    pub fn done(&mut self) {
        self.busy = false;
    }

    /// The place that waits: taken out.
    pub fn take(&mut self) -> Option<Place> {
        self.waiting.take()
    }

    /// Another list follows: nothing is sought in it.
    pub fn forget(&mut self) {
        self.waiting = None;
        self.held = None;
    }

    /// What to show at `now_ms` of the page's clock while `heard` is: the place that was asked for, until it is heard.
    pub fn shown(&mut self, heard: Option<Place>, playing: bool, now_ms: f64) -> Option<Place> {
        let passed = now_ms - self.looked_ms;
        self.looked_ms = now_ms;
        let Some((place, left_ms)) = &mut self.held else { return heard };
        let unsettled = self.busy || self.waiting.is_some();
        // Paused, nothing new is heard: time that counts is time in which something plays.
        if playing && !unsettled {
            *left_ms -= passed;
        }
        let there = heard.is_some_and(|heard| heard.item == place.item && (heard.seconds - place.seconds).abs() < CLOSE);
        if !unsettled && (there || *left_ms <= 0.0) {
            self.held = None;
            return heard;
        }
        Some(*place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Place {
        Place { item: 0, seconds }
    }

    #[test]
    fn of_many_only_the_latest_is_sought() {
        let mut seeker = Seeker::default();
        assert_eq!(seeker.start(), None);
        seeker.want(at(1.0));
        assert_eq!(seeker.start(), Some(at(1.0)));
        seeker.want(at(2.0));
        seeker.want(at(3.0));
        assert_eq!(seeker.start(), None, "one is under way");
        seeker.done();
        assert_eq!(seeker.start(), Some(at(3.0)));
        seeker.done();
        assert_eq!(seeker.start(), None);
    }

    #[test]
    fn what_was_asked_for_is_shown_until_it_is_heard() {
        let mut seeker = Seeker::default();
        assert_eq!(seeker.shown(Some(at(9.0)), true, 0.0), Some(at(9.0)));
        seeker.want(at(40.0));
        assert_eq!(seeker.shown(Some(at(9.1)), true, 100.0), Some(at(40.0)));
        seeker.start();
        assert_eq!(seeker.shown(Some(at(40.1)), true, 200.0), Some(at(40.0)), "it has not arrived");
        seeker.done();
        assert_eq!(seeker.shown(Some(at(9.3)), true, 300.0), Some(at(40.0)), "not heard yet");
        assert_eq!(seeker.shown(Some(at(40.1)), true, 400.0), Some(at(40.1)));
        assert_eq!(seeker.shown(Some(at(9.4)), true, 500.0), Some(at(9.4)), "over");
    }

    #[test]
    fn what_is_never_heard_is_shown_for_a_while_of_playing() {
        let mut seeker = Seeker::default();
        seeker.shown(None, false, 0.0);
        seeker.want(at(40.0));
        seeker.start();
        seeker.done();
        assert_eq!(seeker.shown(Some(at(1.0)), false, 60_000.0), Some(at(40.0)), "paused");
        assert_eq!(seeker.shown(Some(at(1.0)), true, 61_000.0), Some(at(40.0)));
        assert_eq!(seeker.shown(Some(at(1.0)), true, 61_600.0), Some(at(1.0)));
    }

    #[test]
    fn steps_stay_in_the_file() {
        assert_eq!(at(3.0).moved(-5.0, Some(60.0)), at(0.0));
        assert_eq!(at(3.0).moved(5.0, Some(60.0)), at(8.0));
        assert_eq!(at(57.0).moved(5.0, Some(60.0)), at(59.0));
        assert_eq!(at(59.5).moved(5.0, Some(60.0)), at(59.5));
        assert_eq!(at(57.0).moved(5.0, None), at(62.0));
        assert_eq!(at(0.2).moved(5.0, Some(0.5)), at(0.2));
        assert_eq!(at(0.0).moved(f64::INFINITY, Some(60.0)), at(59.0));
    }
}
