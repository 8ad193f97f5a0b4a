//! Each kind of loss as the page marks it: a name, a letter and a colour.

use crate::ledger::{Cause, EventKind, Folded, LogEntry};

/// What became of something, as a mark on the page. Colours alone would leave out whoever cannot tell them apart, so each has a letter too; the colours stand in
/// lab.css under [`Why::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// An underrun whose cause is not known yet.
    Open,
    /// An underrun with a cause.
    Cause(Cause),
    /// The producer was refused.
    Overrun,
    /// Frames are missing in the index signal.
    Skipped,
    /// Frames of the index signal came again.
    Replayed,
    /// Frames changed while they were copied.
    Torn,
    /// The browser did not deliver to the device.
    Device,
}

impl Why {
    /// How many there are.
    pub const COUNT: usize = Cause::ALL.len() + 6;

    /// All of them, in the order of [`Why::index`].
    pub fn all() -> impl Iterator<Item = Why> {
        let others = [Why::Overrun, Why::Skipped, Why::Replayed, Why::Torn, Why::Device, Why::Open];
        Cause::ALL.into_iter().map(Why::Cause).chain(others)
    }

    /// What `entry` is about.
    pub fn of(entry: &LogEntry) -> Why {
        match entry.kind {
            EventKind::Underrun => entry.cause.map_or(Why::Open, Why::Cause),
            EventKind::Overrun => Why::Overrun,
            EventKind::Skipped => Why::Skipped,
            EventKind::Replayed => Why::Replayed,
            EventKind::Torn => Why::Torn,
            EventKind::Device => Why::Device,
        }
    }

    /// How many events there were of each, by [`Why::index`]: those that are listed and those that are not any more.
    pub fn count<'a>(entries: impl Iterator<Item = &'a LogEntry>, folded: &Folded) -> [u64; Why::COUNT] {
        let mut counts = [0; Why::COUNT];
        entries.for_each(|entry| counts[Why::of(entry).index()] += 1);
        for why in Why::all() {
            counts[why.index()] += match why {
                Why::Cause(cause) => folded.of_cause(cause),
                Why::Overrun => folded.of_kind(EventKind::Overrun),
                Why::Skipped => folded.of_kind(EventKind::Skipped),
                Why::Replayed => folded.of_kind(EventKind::Replayed),
                Why::Torn => folded.of_kind(EventKind::Torn),
                Why::Device => folded.of_kind(EventKind::Device),
                // What is folded is settled.
                Why::Open => 0,
            };
        }
        counts
    }

    /// Its place among all, from 0.
    pub fn index(self) -> usize {
        let causes = Cause::ALL.len();
        match self {
            Why::Cause(cause) => Cause::ALL.iter().position(|other| *other == cause).unwrap_or(causes - 1),
            Why::Overrun => causes,
            Why::Skipped => causes + 1,
            Why::Replayed => causes + 2,
            Why::Torn => causes + 3,
            Why::Device => causes + 4,
            Why::Open => causes + 5,
        }
    }

    /// A word for attributes, scripts and the style sheet: the cause's own name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            Why::Open => "open",
            Why::Cause(cause) => cause.name(),
            Why::Overrun => "overrun",
            Why::Skipped => "skipped",
            Why::Replayed => "replayed",
            Why::Torn => "torn",
            Why::Device => "device",
        }
    }

    /// The property of lab.css that holds its colour.
    pub fn colour(self) -> String {
        format!("--cause-{}", self.name())
    }

    /// One sign that no other has.
    pub fn letter(self) -> &'static str {
        match self {
            Why::Open => "…",
            Why::Cause(Cause::Startup) => "U",
            Why::Cause(Cause::RenderTooSlow) => "R",
            Why::Cause(Cause::WokenLate) => "W",
            Why::Cause(Cause::Stalled) => "S",
            Why::Cause(Cause::CallbackBurst) => "B",
            Why::Cause(Cause::RingTooSmall) => "T",
            Why::Cause(Cause::ProducerLost) => "L",
            Why::Cause(Cause::Ended) => "E",
            Why::Cause(Cause::Seek) => "J",
            Why::Cause(Cause::Suspended) => "P",
            Why::Cause(Cause::RateMismatch) => "M",
            Why::Cause(Cause::Unknown) => "?",
            Why::Overrun => "O",
            Why::Skipped => "K",
            Why::Replayed => "Y",
            Why::Torn => "X",
            Why::Device => "D",
        }
    }

    /// For people: two words or three.
    pub fn title(self) -> &'static str {
        match self {
            Why::Open => "not known yet",
            Why::Cause(Cause::Startup) => "start-up",
            Why::Cause(Cause::RenderTooSlow) => "render too slow",
            Why::Cause(Cause::WokenLate) => "woken late",
            Why::Cause(Cause::Stalled) => "source stalled",
            Why::Cause(Cause::CallbackBurst) => "callback burst",
            Why::Cause(Cause::RingTooSmall) => "ring too small",
            Why::Cause(Cause::ProducerLost) => "producer lost",
            Why::Cause(Cause::Ended) => "source ended",
            Why::Cause(Cause::Seek) => "seek",
            Why::Cause(Cause::Suspended) => "suspended",
            Why::Cause(Cause::RateMismatch) => "rate mismatch",
            Why::Cause(Cause::Unknown) => "unknown",
            Why::Overrun => "overrun",
            Why::Skipped => "skipped",
            Why::Replayed => "replayed",
            Why::Torn => "torn",
            Why::Device => "device underran",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const STYLE: &str = include_str!("../../../lab.css");

    #[test]
    fn each_has_a_place_a_name_and_a_letter_of_its_own() {
        assert_eq!(Why::all().count(), Why::COUNT);
        for (place, why) in Why::all().enumerate() {
            assert_eq!(why.index(), place, "{why:?}");
        }
        for of in [Why::name, Why::letter, Why::title] {
            assert_eq!(Why::all().map(of).collect::<BTreeSet<_>>().len(), Why::COUNT);
        }
    }

    /// Red, green and blue, 0 to 255, of each definition of `property`.
    fn colours(property: &str) -> Vec<[f64; 3]> {
        let lines = STYLE
            .lines()
            .filter_map(|line| line.trim().strip_prefix(property)?.strip_prefix(": #"));
        let channel = |digits: &str, at: usize| f64::from(u8::from_str_radix(&digits[at..at + 2], 16).expect("a colour"));
        lines.map(|digits| [0, 2, 4].map(|at| channel(digits, at))).collect()
    }

    /// Contrast of two colours, 1 to 21 (WCAG 2.2).
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let light = |colour: [f64; 3]| {
            let linear = colour.map(|channel| channel / 255.0).map(|part| {
                if part <= 0.040_45 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055_f64).powf(2.4)
                }
            });
            0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        };
        let (a, b) = (light(one) + 0.05, light(other) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn each_has_a_colour_that_can_be_read_in_light_and_in_dark() {
        let grounds = [colours("--screen"), colours("--panel")];
        for why in Why::all() {
            let of_it = colours(&why.colour());
            assert_eq!(of_it.len(), 2, "{}: one for light and one for dark", why.colour());
            for ground in &grounds {
                for (colour, ground) in of_it.iter().zip(ground) {
                    let contrast = contrast(*colour, *ground);
                    assert!(contrast >= 4.5, "{}: {contrast:.2} on {ground:?}", why.colour());
                }
            }
        }
    }

    #[test]
    fn no_two_have_the_same_colour() {
        for scheme in 0..2 {
            let all: BTreeSet<String> = Why::all().map(|why| format!("{:?}", colours(&why.colour())[scheme])).collect();
            assert_eq!(all.len(), Why::COUNT);
        }
    }
}
