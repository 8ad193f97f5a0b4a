//! The kinds of faults.

/// What a fault is. The discriminant is the value of [`Injection::kind`](crate::ledger::Injection::kind).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum FaultKind {
    /// The source blocks.
    Stall = 0,
    /// Each block takes longer.
    Slow = 1,
    /// The worker wakes late.
    Late = 2,
    /// The page's own thread is busy.
    Jank = 3,
    /// Garbage in the producer's worker.
    Gc = 4,
    /// Other threads keep the cores busy.
    Hogs = 5,
    /// The audio thread asks for more at once.
    Burst = 6,
    /// The producer dies.
    Kill = 7,
    /// The context is suspended.
    Suspend = 8,
    /// The producer's clock is off.
    Rate = 9,
    /// Frames are left out.
    Skip = 10,
    /// Frames come again.
    Replay = 11,
    /// Frames are half of one block, half of another.
    Tear = 12,
    /// Blocks are handed out as references to one buffer.
    Alias = 13,
    /// The render path allocates.
    Allocate = 14,
}

impl FaultKind {
    /// All of them, in the order of the discriminants.
    pub const ALL: [FaultKind; 15] = [
        FaultKind::Stall,
        FaultKind::Slow,
        FaultKind::Late,
        FaultKind::Jank,
        FaultKind::Gc,
        FaultKind::Hogs,
        FaultKind::Burst,
        FaultKind::Kill,
        FaultKind::Suspend,
        FaultKind::Rate,
        FaultKind::Skip,
        FaultKind::Replay,
        FaultKind::Tear,
        FaultKind::Alias,
        FaultKind::Allocate,
    ];

    /// The kind that a number in shared memory stands for, if there is one.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }

    /// Of `frames` frames concerned from `position` in the ring on, those that the index signal shows once everything before `read` has been read; `None` for kinds that it does not count one for one.
    pub fn shown(self, position: u64, frames: u64, read: u64) -> Option<u64> {
        match self {
            // At the first frame behind what is missing, and at the first that comes again.
            FaultKind::Skip | FaultKind::Replay => Some(if read > position { frames } else { 0 }),
            FaultKind::Tear => Some(read.saturating_sub(position).min(frames)),
            _ => None,
        }
    }

    /// Its name, as in the scenario and the report.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Stall => "stall",
            FaultKind::Slow => "slow",
            FaultKind::Late => "late",
            FaultKind::Jank => "jank",
            FaultKind::Gc => "gc",
            FaultKind::Hogs => "hogs",
            FaultKind::Burst => "burst",
            FaultKind::Kill => "kill",
            FaultKind::Suspend => "suspend",
            FaultKind::Rate => "rate",
            FaultKind::Skip => "skip",
            FaultKind::Replay => "replay",
            FaultKind::Tear => "tear",
            FaultKind::Alias => "alias",
            FaultKind::Allocate => "allocate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_leads_back_to_its_kind() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::from_number(kind as u32), Some(kind));
        }
        assert_eq!(FaultKind::from_number(FaultKind::ALL.len() as u32), None);
    }
}
