//! What became of events that are listed no more, in words.

use std::fmt::{Display, Formatter, Result};

use super::Why;
use crate::lab::format::{Grouped, Many};
use crate::ledger::Folded;

/// "1,240 older events, listed no more: 1,200 woken late, 40 callback burst. 3 underruns came too fast to be looked at."
#[derive(Debug, Clone, Copy)]
pub struct InWords<'a>(pub &'a Folded);

impl Display for InWords<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let InWords(folded) = self;
        if folded.events > 0 {
            write!(f, "{}, listed no more", Many(folded.events, "older event"))?;
            let counts = Why::count([].into_iter(), folded);
            let mut seen: Vec<(u64, Why)> = Why::all()
                .map(|why| (counts[why.index()], why))
                .filter(|(count, _)| *count > 0)
                .collect();
            // The most frequent first; of equals, in the order of all.
            seen.sort_by_key(|(count, _)| u64::MAX - count);
            for (nth, (count, why)) in seen.iter().enumerate() {
                write!(f, "{} {} {}", if nth == 0 { ":" } else { "," }, Grouped(*count), why.title())?;
            }
            f.write_str(".")?;
        }
        let missed = [
            (folded.missed_underruns, "underrun"),
            (folded.missed_overruns, "overrun"),
            (folded.missed_slips, "break"),
        ];
        let mut between = if folded.events > 0 { " " } else { "" };
        for (count, what) in missed.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{between}{} came too fast to be looked at.", Many(count, what))?;
            between = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Cause, EventLog, LogEntry, Snapshot, UnderrunEvent};

    /// A log of so many underruns that ended long ago.
    fn log(underruns: u64) -> EventLog {
        let mut log = EventLog::new(48_000.0);
        let mut snapshot = Snapshot::default();
        for number in 1..=underruns {
            snapshot.consumer.underrun_events = number;
            snapshot.consumer.requested = number * 48_000;
            snapshot.underruns = vec![UnderrunEvent {
                frame: number * 47_000,
                frames: 10,
                ended_by: crate::ledger::Ending::Ended,
                ..UnderrunEvent::default()
            }];
            log.look(number as f64 * 1e3, &snapshot);
        }
        log
    }

    #[test]
    fn nothing_folded_is_nothing_said() {
        assert_eq!(InWords(&Folded::default()).to_string(), "");
        assert_eq!(InWords(log(3).folded()).to_string(), "");
    }

    #[test]
    fn what_is_listed_no_more_is_counted_by_cause() {
        let log = log(EventLog::LISTED as u64 + 1_201);
        let listed: Vec<&LogEntry> = log.entries().collect();
        assert!(listed.iter().all(|entry| entry.cause == Some(Cause::Ended)), "{:?}", listed[0]);
        let folded = log.folded();
        let events = Grouped(folded.events);
        assert!(folded.events >= 1_201);
        assert_eq!(
            InWords(folded).to_string(),
            format!("{events} older events, listed no more: {events} source ended.")
        );
    }

    #[test]
    fn what_nobody_saw_is_said() {
        let mut folded = Folded::default();
        (folded.missed_underruns, folded.missed_slips) = (1, 1_000);
        assert_eq!(
            InWords(&folded).to_string(),
            "1 underrun came too fast to be looked at. 1,000 breaks came too fast to be looked at."
        );
    }
}
