//! The fault panel's table: each kind as a sentence with its figures in it.

use crate::inject::FaultKind;

/// A figure of a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// As in the scenario.
    pub name: &'static str,
    /// For whoever cannot see the sentence around it.
    pub label: &'static str,
    /// What it is at first.
    pub initial: f64,
    /// The least that may be asked for.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// In the scenario it is a so-and-so-manieth of what the page shows: 100 where the page shows percent.
    pub scale: f64,
}

/// A piece of a fault's sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// Words.
    Words(&'static str),
    /// A figure.
    Figure(Field),
}

/// A kind of fault that can be switched on and off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Which.
    pub kind: FaultKind,
    /// For people.
    pub title: &'static str,
    /// What it does.
    pub parts: &'static [Part],
    /// What to know beforehand; nothing where there is nothing to know.
    pub note: &'static str,
    /// Whether an output has to be made anew for it.
    pub needs_new_output: bool,
}

const fn figure(name: &'static str, label: &'static str, initial: f64, min: f64, max: f64) -> Part {
    Part::Figure(Field {
        name,
        label,
        initial,
        min,
        max,
        scale: 1.0,
    })
}

/// Longest time between two faults, in ms: an hour, as in the scenario.
const HOUR_MS: f64 = 3_600_000.0;

const fn every_ms(initial: f64) -> Part {
    figure("everyMs", "milliseconds from one to the next", initial, 1.0, HOUR_MS)
}

const fn every_blocks() -> Part {
    figure("everyBlocks", "blocks from one to the next", 200.0, 1.0, 1_000_000.0)
}

const fn entry(kind: FaultKind, title: &'static str, parts: &'static [Part]) -> Entry {
    Entry {
        kind,
        title,
        parts,
        note: "",
        needs_new_output: false,
    }
}

const fn noted(entry: Entry, note: &'static str) -> Entry {
    Entry { note, ..entry }
}

const fn anew(entry: Entry) -> Entry {
    Entry {
        needs_new_output: true,
        ..entry
    }
}

const INDEX_ONLY: &str = "Counted only with the frame index as source.";

/// All that can be switched, in groups by who is made to fail. What happens once (a crash, a kill, a suspension) has buttons of its own.
pub const GROUPS: [(&str, &[Entry]); 3] = [
    (
        "The producer",
        &[
            entry(
                FaultKind::Stall,
                "Stall",
                &[
                    Part::Words("The source blocks for"),
                    figure("ms", "milliseconds of each stall", 80.0, 1.0, 60_000.0),
                    Part::Words("ms every"),
                    every_ms(1000.0),
                    Part::Words("ms, give or take"),
                    figure("jitterMs", "milliseconds earlier or later", 0.0, 0.0, HOUR_MS),
                    Part::Words("ms."),
                ],
            ),
            entry(
                FaultKind::Slow,
                "Slow",
                &[
                    Part::Words("Each block takes"),
                    Part::Figure(Field {
                        name: "share",
                        label: "percent of its length",
                        initial: 60.0,
                        min: 1.0,
                        max: 1000.0,
                        scale: 100.0,
                    }),
                    Part::Words("% of its length longer."),
                ],
            ),
            entry(
                FaultKind::Late,
                "Late",
                &[
                    Part::Words("The worker wakes"),
                    figure("ms", "milliseconds late", 60.0, 1.0, 60_000.0),
                    Part::Words("ms late every"),
                    every_ms(1000.0),
                    Part::Words("ms."),
                ],
            ),
            entry(
                FaultKind::Gc,
                "Garbage",
                &[
                    Part::Words("The worker makes much garbage every"),
                    every_ms(100.0),
                    Part::Words("ms, which has to be collected."),
                ],
            ),
            entry(
                FaultKind::Allocate,
                "Allocate",
                &[Part::Words("The render path allocates in every block.")],
            ),
        ],
    ),
    (
        "The machine",
        &[
            entry(
                FaultKind::Jank,
                "Jank",
                &[
                    Part::Words("The page's own thread is busy for"),
                    figure("ms", "milliseconds of each", 200.0, 1.0, 10_000.0),
                    Part::Words("ms every"),
                    every_ms(1000.0),
                    Part::Words("ms."),
                ],
            ),
            entry(
                FaultKind::Hogs,
                "Hogs",
                &[
                    figure("count", "threads", 4.0, 1.0, 16.0),
                    Part::Words("threads keep the cores busy."),
                ],
            ),
            entry(
                FaultKind::Burst,
                "Burst",
                &[
                    Part::Words("The audio thread asks for"),
                    figure("frames", "frames at once", 4096.0, 1.0, 32_768.0),
                    Part::Words("frames at once every"),
                    every_ms(1000.0),
                    Part::Words("ms."),
                ],
            ),
            anew(entry(
                FaultKind::Rate,
                "Rate",
                &[
                    Part::Words("The producer goes by a clock of its own, off by"),
                    figure("ppm", "millionths", -5000.0, -500_000.0, 500_000.0),
                    Part::Words("ppm."),
                ],
            )),
        ],
    ),
    (
        "The data",
        &[
            noted(
                entry(
                    FaultKind::Skip,
                    "Skip",
                    &[Part::Words("A block is left out every"), every_blocks(), Part::Words("blocks.")],
                ),
                INDEX_ONLY,
            ),
            noted(
                entry(
                    FaultKind::Replay,
                    "Replay",
                    &[
                        Part::Words("The block before comes again every"),
                        every_blocks(),
                        Part::Words("blocks."),
                    ],
                ),
                INDEX_ONLY,
            ),
            noted(
                entry(
                    FaultKind::Tear,
                    "Tear",
                    &[
                        Part::Words("Some channels are still half of the block before every"),
                        every_blocks(),
                        Part::Words("blocks."),
                    ],
                ),
                INDEX_ONLY,
            ),
            entry(
                FaultKind::Alias,
                "Alias",
                &[Part::Words(
                    "Three blocks at a time are references to one buffer: the newest comes three times.",
                )],
            ),
        ],
    ),
];

/// All of them.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    GROUPS.iter().flat_map(|(_, entries)| entries.iter())
}

impl Entry {
    /// Its figures.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.parts.iter().filter_map(|part| match part {
            Part::Figure(field) => Some(field),
            Part::Words(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_there_once_or_happens_once() {
        let once = [FaultKind::Kill, FaultKind::Suspend];
        for kind in FaultKind::ALL {
            let count = entries().filter(|entry| entry.kind == kind).count();
            assert_eq!(count, usize::from(!once.contains(&kind)), "{}", kind.name());
        }
    }

    #[test]
    fn what_a_field_is_at_first_is_allowed() {
        for field in entries().flat_map(Entry::fields) {
            assert!(field.min <= field.initial && field.initial <= field.max, "{field:?}");
        }
    }
}
