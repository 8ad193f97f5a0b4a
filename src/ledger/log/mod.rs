//! The event log: every loss of an output, with its cause and what shows it.
//!
//! Pure: the page tells what it sees ([`EventLog::look`], [`EventLog::saw`]), and nothing here asks the browser. See `DESIGN.md`, "Causes".

mod entry;
mod folded;
mod sight;

use std::collections::VecDeque;

pub use entry::{EventKind, Evidence, LogEntry};
pub use folded::Folded;
pub use sight::Sight;

use super::{Cause, Circumstances, Snapshot, cause};

/// Events of one output. Memory is bounded: beyond [`EventLog::LISTED`] the oldest fold into counts.
#[derive(Debug)]
pub struct EventLog {
    sample_rate: f64,
    entries: VecDeque<LogEntry>,
    folded: Folded,
}

impl EventLog {
    /// Events that are listed at most.
    pub const LISTED: usize = 1_000;

    /// A log of an output whose context runs at `sample_rate` Hz.
    pub fn new(sample_rate: f64) -> Self {
        EventLog {
            sample_rate,
            entries: VecDeque::new(),
            folded: Folded::default(),
        }
    }

    /// Takes over what is new in `snapshot`, taken at `now_ms` since the epoch. Shared memory keeps 256 underruns: look several times a second.
    pub fn look(&mut self, now_ms: f64, snapshot: &Snapshot) {
        let total = snapshot.consumer.underrun_events;
        let first = total - snapshot.underruns.len() as u64 + 1;
        for (number, event) in (first..).zip(&snapshot.underruns) {
            let account = snapshot.account_of(number).copied();
            let around = Circumstances {
                sample_rate: self.sample_rate,
                callback_frames: snapshot.callback_frames().map(|(usual, _)| usual),
                ..Circumstances::default()
            };
            let entry = LogEntry {
                number,
                kind: EventKind::Underrun,
                at_ms: now_ms - (snapshot.consumer.requested - event.frame) as f64 * 1e3 / self.sample_rate,
                frame: event.frame,
                frames: event.frames,
                lasted_ms: event.frames as f64 * 1e3 / self.sample_rate,
                fill: Some(event.fill),
                ended_by: Some(event.ended_by),
                cause: cause(event, account.as_ref(), &around),
                evidence: Evidence {
                    account,
                    count: event.quanta,
                    callback_frames: around.callback_frames,
                    ..Evidence::default()
                },
                settled: false,
            };
            match self.entries.iter_mut().find(|known| known.number == number) {
                Some(known) => {
                    *known = LogEntry {
                        at_ms: known.at_ms,
                        ..entry
                    }
                }
                None => self.entries.push_back(entry),
            }
        }
        while self.entries.len() > Self::LISTED {
            if let Some(oldest) = self.entries.pop_front() {
                self.folded.take(&oldest);
            }
        }
    }

    /// Takes over what the page saw.
    pub fn saw(&mut self, _sight: Sight) {}

    /// The producer was found lost at `at_ms` since the epoch: what has no account by now never will.
    pub fn lost(&mut self, _at_ms: f64) {}

    /// The output is closed at `at_ms` since the epoch: every event is settled with what is known.
    pub fn close(&mut self, _at_ms: f64) {
        self.entries.iter_mut().for_each(|entry| entry.settled = true);
    }

    /// The latest events, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// What is known of events that are listed no more.
    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Underruns by cause, listed and folded ones, in the order of [`Cause::ALL`]; those without a cause yet and missed ones are left out.
    pub fn by_cause(&self) -> [(Cause, u64); Cause::ALL.len()] {
        Cause::ALL.map(|cause| {
            let listed = self.entries.iter().filter(|entry| entry.cause == Some(cause)).count();
            (cause, self.folded.of_cause(cause) + listed as u64)
        })
    }
}
