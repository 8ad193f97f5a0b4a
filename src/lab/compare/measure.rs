//! What is measured of each run, and how it is written.

use std::fmt::{Display, Formatter, Write};

use super::stats::Figure;
use crate::lab::format::Grouped;
use crate::lab::report::Report;

/// What a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// A part of a whole, shown in percent.
    Share,
    /// A count of what has no unit of its own.
    Count,
    /// Bytes.
    Bytes,
    /// Frames.
    Frames,
    /// Decibels.
    Db,
}

impl Unit {
    /// For exports, whose numbers are plain: a share is 0 to 1 there.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Ms => "ms",
            Unit::Share => "share",
            Unit::Count => "",
            Unit::Bytes => "bytes",
            Unit::Frames => "frames",
            Unit::Db => "dB",
        }
    }

    /// Behind a number as people read it.
    fn sign(self) -> &'static str {
        match self {
            Unit::Ms => " ms",
            Unit::Share => " %",
            Unit::Db => " dB",
            Unit::Frames | Unit::Count | Unit::Bytes => "",
        }
    }

    /// `value` as people read it, without its unit where that is `bare`.
    fn write(self, f: &mut Formatter<'_>, value: f64, bare: bool) -> std::fmt::Result {
        match self {
            Unit::Ms | Unit::Db => write!(f, "{value:.1}")?,
            Unit::Share => {
                let percent = 100.0 * value;
                match percent {
                    _ if percent == 0.0 => write!(f, "0")?,
                    // Never 0 for what is not.
                    _ if percent.abs() < 0.005 => write!(f, "< 0.01")?,
                    _ if percent.abs() < 10.0 => write!(f, "{percent:.2}")?,
                    _ => write!(f, "{percent:.1}")?,
                }
            }
            Unit::Bytes if value >= 1_048_576.0 => return write!(f, "{:.1} MiB", value / 1_048_576.0),
            Unit::Bytes if value >= 1024.0 => return write!(f, "{:.1} KiB", value / 1024.0),
            Unit::Bytes => return write!(f, "{value:.0} B"),
            // Half an event is what the median of an even number of runs can be.
            Unit::Count | Unit::Frames if value.fract() != 0.0 => write!(f, "{value:.1}")?,
            Unit::Count | Unit::Frames => write!(f, "{}", Grouped(value.max(0.0) as u64))?,
        }
        if bare { Ok(()) } else { f.write_str(self.sign()) }
    }
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown(pub f64, pub Unit);

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.1.write(f, self.0, false)
    }
}

/// The same without it.
struct Bare(f64, Unit);

impl Display for Bare {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.1.write(f, self.0, true)
    }
}

/// How far the runs lie apart, and how many they are when that is not as many as there should be: "45.1 to 47.2", "1 run", "all 3 alike". Nothing for what was not measured.
pub fn spread(figure: &Figure, unit: Unit) -> String {
    let (Some(min), Some(max)) = (figure.min, figure.max) else {
        return String::new();
    };
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = match figure.runs {
        1 => write!(text, "1 run only"),
        runs if figure.alike() => write!(text, "all {runs} alike"),
        _ => write!(text, "{} to {}", Bare(min, unit), Bare(max, unit)),
    };
    if figure.runs > 1 && figure.runs < figure.values.len() {
        let _ = write!(text, ", {} of {} runs", figure.runs, figure.values.len());
    }
    text
}

/// One thing that is measured of each run.
#[derive(Debug)]
pub struct Measure {
    /// For programs.
    pub name: &'static str,
    /// Of what.
    pub unit: Unit,
    /// Out of a run's report; `None` where it was not measured.
    pub of: fn(&Report) -> Option<f64>,
}

/// All, in the order of the exports.
pub const ALL: [Measure; 23] = [
    measure("latencyP50", Unit::Ms, |report| Some(report.latency.ring_ms?.p50)),
    measure("latencyP99", Unit::Ms, |report| Some(report.latency.ring_ms?.p99)),
    measure("latencyTotal", Unit::Ms, |report| report.latency.total_ms),
    measure("cpu", Unit::Share, cpu),
    measure("cpuProducer", Unit::Share, |report| report.cpu.producer),
    measure("cpuAudio", Unit::Share, |report| report.cpu.audio),
    measure("cpuPage", Unit::Share, |report| report.cpu.page),
    measure("renderLoad", Unit::Share, |report| report.producer.render_load),
    measure("underruns", Unit::Count, |report| Some(report.underruns.events as f64)),
    measure("lost", Unit::Share, |report| {
        share(report.underruns.frames, report.ledger.requested_frames)
    }),
    measure("starvedCallbacks", Unit::Share, |report| {
        let callbacks = report.callbacks.as_ref()?;
        share(callbacks.starved, callbacks.total)
    }),
    measure("duplicates", Unit::Share, |report| {
        share(report.quanta.duplicate, report.quanta.total)
    }),
    measure("duplicateCallbacks", Unit::Share, |report| {
        let callbacks = report.callbacks.as_ref()?;
        share(callbacks.duplicate, callbacks.total)
    }),
    measure("dropped", Unit::Share, |report| {
        share(report.ledger.dropped_frames, report.ledger.produced_frames)
    }),
    measure("torn", Unit::Frames, |report| Some(report.ledger.torn_frames as f64)),
    measure("storage", Unit::Bytes, |report| Some(report.exchange.storage_bytes? as f64)),
    measure("memory", Unit::Bytes, |report| Some(report.exchange.memory_bytes? as f64)),
    measure("allocations", Unit::Count, |report| Some(report.producer.allocations? as f64)),
    measure("newBuffers", Unit::Count, |report| Some(report.exchange.new_buffers? as f64)),
    measure("messages", Unit::Count, |report| Some(report.exchange.messages? as f64)),
    measure("transit", Unit::Ms, |report| report.exchange.transit_ms),
    measure("firstSound", Unit::Ms, |report| report.startup.first_frame_ms),
    measure("imbalance", Unit::Frames, |report| Some(report.ledger.imbalance_frames as f64)),
];

const fn measure(name: &'static str, unit: Unit, of: fn(&Report) -> Option<f64>) -> Measure {
    Measure { name, unit, of }
}

/// The place of a measure among [`ALL`].
pub fn place(name: &str) -> Option<usize> {
    ALL.iter().position(|measure| measure.name == name)
}

/// Of all threads together, as far as they were measured.
fn cpu(report: &Report) -> Option<f64> {
    let parts = [report.cpu.producer, report.cpu.audio, report.cpu.page];
    parts.iter().flatten().copied().reduce(|sum, part| sum + part)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_what_they_are_of() {
        for (value, unit, text) in [
            (46.44, Unit::Ms, "46.4 ms"),
            (0.0, Unit::Share, "0 %"),
            (0.00001, Unit::Share, "< 0.01 %"),
            (0.0123, Unit::Share, "1.23 %"),
            (0.753, Unit::Share, "75.3 %"),
            (1234.0, Unit::Count, "1,234"),
            (0.5, Unit::Count, "0.5"),
            (512.0, Unit::Bytes, "512 B"),
            (16_384.0, Unit::Bytes, "16.0 KiB"),
            (8.0 * 1_048_576.0, Unit::Bytes, "8.0 MiB"),
            (-61.25, Unit::Db, "-61.2 dB"),
        ] {
            assert_eq!(Shown(value, unit).to_string(), text);
        }
    }

    #[test]
    fn one_run_is_told_to_be_one() {
        let spread = |values: &[Option<f64>]| spread(&Figure::of(values.iter().copied()), Unit::Ms);
        assert_eq!(spread(&[Some(1.0)]), "1 run only");
        assert_eq!(spread(&[Some(1.0), None, None]), "1 run only");
        assert_eq!(spread(&[Some(2.0), Some(2.0)]), "all 2 alike");
        assert_eq!(spread(&[Some(2.0), Some(1.25), Some(9.0)]), "1.2 to 9.0");
        assert_eq!(spread(&[Some(2.0), Some(1.25), None]), "1.2 to 2.0, 2 of 3 runs");
        assert_eq!(spread(&[None]), "");
    }

    #[test]
    fn names_are_unique() {
        for (nth, measure) in ALL.iter().enumerate() {
            assert_eq!(place(measure.name), Some(nth));
        }
        assert_eq!(place("belt"), None);
    }
}
