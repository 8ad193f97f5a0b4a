//! An event of the log as a sentence: "12:03:07.2, 31 ms lost: the worker was woken 34 ms late; a ring of 2048 would have covered it".

#[cfg(test)]
mod tests;

use std::fmt::{Display, Formatter, Result};

use crate::lab::format::{Grouped, Many};
use crate::ledger::{Cause, Ending, EventKind, LogEntry, ProducerAccount};

/// The sentence about `entry`, of an output whose context runs at `sample_rate` Hz. Without a capital and a full stop; times of day are in UTC unless [`Sentence::east_of_utc`] says otherwise.
pub fn sentence(entry: &LogEntry, sample_rate: f64) -> Sentence<'_> {
    Sentence {
        entry,
        sample_rate,
        east_minutes: 0.0,
    }
}

/// An event in words, once it is displayed.
#[derive(Debug, Clone, Copy)]
pub struct Sentence<'a> {
    entry: &'a LogEntry,
    sample_rate: f64,
    east_minutes: f64,
}

impl Sentence<'_> {
    /// The same with the time of day of a place whose clocks are `minutes` ahead of UTC (what `Date.getTimezoneOffset` gives, negated).
    pub fn east_of_utc(self, minutes: f64) -> Self {
        Sentence {
            east_minutes: minutes,
            ..self
        }
    }

    /// The sentence without the time of day.
    pub fn without_time(self) -> impl Display {
        Untimed(self)
    }
}

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let at_ms = self.entry.at_ms + self.east_minutes * 60e3;
        write!(f, "{}, {}", TimeOfDay(at_ms), Untimed(*self))
    }
}

/// The rest of the sentence.
struct Untimed<'a>(Sentence<'a>);

impl Display for Untimed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Untimed(Sentence { entry, sample_rate, .. }) = *self;
        let (frames, length) = (Many(entry.frames, "frame"), Length(entry.lasted_ms));
        match entry.kind {
            EventKind::Underrun => {
                let so_far = if entry.ended_by == Some(Ending::Open) { " so far" } else { "" };
                let hidden = if entry.evidence.hidden_ms > 0.0 {
                    " while the page was hidden"
                } else {
                    ""
                };
                write!(f, "{length} lost{so_far}{hidden}: ")?;
                Reason { entry, sample_rate }.fmt(f)
            }
            EventKind::Overrun => {
                let blocks = Many(entry.evidence.count, "block");
                write!(
                    f,
                    "{length} dropped: a producer with a clock of its own came with {frames} in {blocks} for which the ring had no room"
                )?;
                match entry.cause {
                    Some(cause) => write!(f, "; {}", TooMuch { entry, cause }),
                    None => Ok(()),
                }
            }
            EventKind::Skipped => write!(f, "{frames} skipped: what came out of the ring jumped ahead by {length}"),
            EventKind::Replayed => write!(f, "{frames} replayed: what came out of the ring jumped back by {length}"),
            EventKind::Torn => write!(
                f,
                "{frames} torn: a part of each is of another frame, or it is no frame of the signal at all"
            ),
            EventKind::Device => {
                write!(
                    f,
                    "{length} lost behind the ring: the browser did not deliver to the device in time"
                )?;
                match entry.evidence.count {
                    0 | 1 => Ok(()),
                    several => write!(f, " (it counts {} underruns)", Grouped(several)),
                }
            }
        }
    }
}

/// Why an underrun happened, and what would have helped.
struct Reason<'a> {
    entry: &'a LogEntry,
    sample_rate: f64,
}

/// Why frames had no room.
struct TooMuch<'a> {
    entry: &'a LogEntry,
    cause: Cause,
}

impl Display for TooMuch<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let evidence = &self.entry.evidence;
        let said = evidence.account.unwrap_or_default();
        match self.cause {
            Cause::Suspended if said.paused => f.write_str("the output was paused"),
            Cause::Suspended => f.write_str("nobody took any: the output was suspended, or everything stood still"),
            Cause::RingTooSmall => write!(
                f,
                "a ring of {} is too small for blocks of {} beside callbacks of {}",
                said.limit_frames,
                said.block_frames,
                evidence.callback_frames.unwrap_or(0)
            ),
            Cause::CallbackBurst => write!(f, "the device had asked for nothing for {}", Length(evidence.still_ms)),
            Cause::RateMismatch => f.write_str("that clock is faster than the device's"),
            Cause::Unknown => f.write_str("nothing that was measured explains it"),
            _ => f.write_str("they came late, when the sound had gone on without them"),
        }
    }
}

impl Reason<'_> {
    fn ms(&self, frames: u64) -> f64 {
        frames as f64 * 1e3 / self.sample_rate
    }

    /// What only the producer can say; `None` when it has said nothing.
    fn of_the_producer(&self, f: &mut Formatter<'_>, cause: Cause, said: &ProducerAccount) -> Result {
        let block = Length(self.ms(said.block_frames));
        match cause {
            Cause::RenderTooSlow => {
                let sound = Length(self.ms(said.blocks * said.block_frames));
                let took = Length(said.render_ms + said.prepare_ms);
                write!(f, "{took} of work were needed for {sound} of sound")
            }
            Cause::WokenLate if said.late_ms >= said.rest_ms() => write!(f, "the worker was woken {} late", Length(said.late_ms)),
            Cause::WokenLate => write!(f, "the worker was not given a core for {}", Length(said.rest_ms())),
            Cause::Stalled => {
                let longest = said.dry_ms.max(said.away_ms).max(said.longest_ms);
                if longest == said.dry_ms {
                    write!(f, "the source had nothing for {}", Length(longest))
                } else if longest == said.away_ms {
                    write!(f, "the worker was busy with other things for {}", Length(longest))
                } else {
                    write!(f, "the source stood still for {} over a block of {block}", Length(longest))
                }
            }
            Cause::Seek => {
                let waited = Length(said.dry_ms.max(said.away_ms));
                write!(f, "the sound jumped elsewhere, and what follows there came only after {waited}")
            }
            _ => self.of_the_reader(f, cause, said),
        }
    }

    fn of_the_reader(&self, f: &mut Formatter<'_>, cause: Cause, said: &ProducerAccount) -> Result {
        let ring = said.limit_frames;
        let callback = self.entry.evidence.callback_frames.unwrap_or(0);
        match cause {
            // Every callback, not one.
            Cause::CallbackBurst if callback > ring && said.burst_frames <= callback => write!(
                f,
                "the device asks for {} at once, and a ring of {ring} does not hold them",
                Many(callback, "frame")
            ),
            Cause::CallbackBurst if said.burst_frames > ring => write!(
                f,
                "the device asked for {} ahead of time, and a ring of {ring} does not hold them",
                Many(said.burst_frames, "frame")
            ),
            Cause::CallbackBurst => write!(f, "the device asked for {} ahead of time", Many(said.burst_frames, "frame")),
            Cause::RingTooSmall => write!(
                f,
                "a ring of {ring} is too small for blocks of {} beside callbacks of {callback}",
                said.block_frames
            ),
            Cause::RateMismatch => f.write_str("the producer goes by a clock of its own, which is slower than the device's"),
            _ => self.of_nobody(f, cause),
        }
    }

    fn of_nobody(&self, f: &mut Formatter<'_>, cause: Cause) -> Result {
        let evidence = &self.entry.evidence;
        f.write_str(match cause {
            Cause::Startup => "the ring was still being filled for the first time",
            Cause::RenderTooSlow => "rendering took longer than the sound lasts",
            Cause::WokenLate => "the worker was woken late",
            Cause::Stalled => "the source stood still",
            Cause::CallbackBurst => "the device asked for more at once than the ring holds",
            Cause::RingTooSmall => "the ring is too small for the producer's blocks",
            Cause::ProducerLost => "the producer was gone",
            Cause::Ended => "the source had come to its end",
            Cause::Seek => "the sound jumped elsewhere, and what follows there was not ready yet",
            Cause::Suspended if evidence.stood_still_ms > 0.0 => {
                return write!(
                    f,
                    "everything stood still for {}, as when a machine sleeps or a page is frozen",
                    Length(evidence.stood_still_ms)
                );
            }
            Cause::Suspended if evidence.context == Some("interrupted") => "the system had taken the device away for a while",
            Cause::Suspended => "the browser had suspended the output",
            Cause::RateMismatch => "the producer's own clock is slower than the device's",
            Cause::Unknown if evidence.account.is_some() => "nothing that was measured explains it",
            Cause::Unknown => "the producer left no account of it",
        })
    }

    fn advice(&self, f: &mut Formatter<'_>) -> Result {
        let of_a_ring = matches!(
            self.entry.cause,
            Some(Cause::RenderTooSlow | Cause::WokenLate | Cause::Stalled | Cause::CallbackBurst | Cause::RingTooSmall)
        );
        match self.entry.covering_frames() {
            Some(frames) => write!(f, "; a ring of {frames} would have covered it"),
            None if self.entry.overloaded() => f.write_str("; a larger ring would have run dry as well, only later"),
            None if of_a_ring && self.entry.evidence.account.is_some() => f.write_str("; no ring would have covered it"),
            None => Ok(()),
        }
    }
}

impl Display for Reason<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Some(cause) = self.entry.cause else {
            return f.write_str("why is not known yet");
        };
        match &self.entry.evidence.account {
            Some(said) => self.of_the_producer(f, cause, said)?,
            None => self.of_nobody(f, cause)?,
        }
        self.advice(f)
    }
}

/// Milliseconds as short as they can be said: 0.02 ms, 5.3 ms, 31 ms, 1.2 s, 75 s.
struct Length(f64);

impl Display for Length {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // Rounded before it is decided how much is shown.
        let tenths = (self.0 * 10.0).round();
        if self.0 > 0.0 && tenths < 1.0 {
            write!(f, "{} ms", (self.0 * 100.0).round() / 100.0)
        } else if tenths < 100.0 {
            write!(f, "{} ms", tenths / 10.0)
        } else if self.0.round() < 1_000.0 {
            write!(f, "{:.0} ms", self.0)
        } else if (self.0 / 100.0).round() < 100.0 {
            write!(f, "{} s", (self.0 / 100.0).round() / 10.0)
        } else {
            write!(f, "{:.0} s", self.0 / 1e3)
        }
    }
}

/// Milliseconds since the epoch as a time of day: 12:03:07.2.
pub(in crate::lab) struct TimeOfDay(pub f64);

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // Cut off rather than rounded, so that the day does not begin early.
        let tenths = (self.0 / 100.0).rem_euclid(864_000.0) as u64;
        let seconds = tenths / 10;
        write!(
            f,
            "{:02}:{:02}:{:02}.{}",
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            tenths % 10
        )
    }
}
