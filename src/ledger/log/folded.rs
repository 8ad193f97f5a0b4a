//! What is left of events that are listed no more.

use super::{EventKind, LogEntry};
use crate::ledger::Cause;

/// Counts of the events that the log lists no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// Events that were listed once.
    pub events: u64,
    kinds: [u64; EventKind::ALL.len()],
    frames: [u64; EventKind::ALL.len()],
    causes: [u64; Cause::ALL.len()],
    /// Underruns that came faster than shared memory keeps them: nothing is known of them.
    pub missed_underruns: u64,
    /// The same of overruns.
    pub missed_overruns: u64,
    /// The same of breaks of the index signal.
    pub missed_slips: u64,
}

impl Folded {
    /// Events of `kind`, missed ones aside.
    pub fn of_kind(&self, kind: EventKind) -> u64 {
        self.kinds[kind as usize]
    }

    /// Frames of these events.
    pub fn frames_of_kind(&self, kind: EventKind) -> u64 {
        self.frames[kind as usize]
    }

    /// Underruns with this cause, missed ones aside.
    pub fn of_cause(&self, cause: Cause) -> u64 {
        self.causes[cause as usize]
    }

    /// Underruns, overruns and breaks of the index signal of which nothing is known.
    pub fn missed(&self) -> u64 {
        self.missed_underruns + self.missed_overruns + self.missed_slips
    }

    pub(super) fn take(&mut self, entry: &LogEntry) {
        self.events += 1;
        self.kinds[entry.kind as usize] += 1;
        self.frames[entry.kind as usize] += entry.frames;
        if let Some(cause) = entry.cause.filter(|_| entry.kind == EventKind::Underrun) {
            self.causes[cause as usize] += 1;
        }
    }
}
