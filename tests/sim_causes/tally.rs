//! What became of the faults.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

use noxrun::ledger::{Cause, LogEntry};

use super::rig::is_right;

/// What became of the faults of one kind. A fault is one thing that went wrong, however many losses it made.
#[derive(Debug, Default)]
pub struct Tally {
    /// Faults that were caused.
    pub faults: usize,
    /// Of these, those that lost frames or broke the index.
    pub heard: usize,
    /// Faults about which there is something to say: those that were heard, and those that must not be.
    pub judged: usize,
    /// Of the judged, those of which all that was said is right.
    pub right: usize,
    /// Of the judged, those of which something was said to be unknown, or not said at all.
    pub unknown: usize,
    /// Underruns, and overruns where these are all there is.
    pub losses: usize,
    pub causes: BTreeMap<Cause, usize>,
    /// Gaps whose place and length were compared with the index at the output.
    pub gaps: usize,
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Tally {
            faults,
            heard,
            judged,
            right,
            unknown,
            losses,
            causes,
            gaps,
        } = self;
        write!(f, "{faults} faults, {heard} heard, {right} of {judged} right, {unknown} unknown; ")?;
        write!(f, "{losses} losses {causes:?}, {gaps} gaps as the index shows them")
    }
}

impl Tally {
    /// One fault and all that it lost. Without any it was too mild to be heard, and says nothing.
    pub fn of_losses(&mut self, losses: &[LogEntry], right: &[Cause]) {
        self.faults += 1;
        self.count(losses);
        if losses.is_empty() {
            return;
        }
        self.heard += 1;
        self.judged += 1;
        self.right += usize::from(losses.iter().all(|loss| is_right(loss, right)));
        let unknown = |loss: &LogEntry| loss.cause.is_none_or(|cause| cause == Cause::Unknown);
        self.unknown += usize::from(losses.iter().any(unknown));
    }

    /// One fault by which nothing may be lost: any underrun is a wrong one.
    pub fn of_nothing(&mut self, losses: &[LogEntry]) {
        self.faults += 1;
        self.judged += 1;
        self.right += usize::from(losses.is_empty());
        self.count(losses);
    }

    /// One fault that breaks the index and loses nothing; `right`: whether it was told as it happened.
    pub fn of_index(&mut self, right: bool) {
        self.faults += 1;
        self.heard += 1;
        self.judged += 1;
        self.right += usize::from(right);
    }

    fn count(&mut self, losses: &[LogEntry]) {
        self.losses += losses.len();
        for cause in losses.iter().filter_map(|loss| loss.cause) {
            *self.causes.entry(cause).or_default() += 1;
        }
    }

    pub fn right_share(&self) -> f64 {
        self.right as f64 / self.judged as f64
    }

    pub fn unknown_share(&self) -> f64 {
        self.unknown as f64 / self.judged as f64
    }

    pub fn add(&mut self, other: &Tally) {
        self.faults += other.faults;
        self.heard += other.heard;
        self.judged += other.judged;
        self.right += other.right;
        self.unknown += other.unknown;
        self.losses += other.losses;
        self.gaps += other.gaps;
        for (cause, count) in &other.causes {
            *self.causes.entry(*cause).or_default() += count;
        }
    }
}
