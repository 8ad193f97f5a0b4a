//! What the index signal showed, beside what the strategy said that it did.

use serde::Serialize;

use crate::ledger::{FoundKind, Snapshot};

/// What was found in the samples that were put out, by kind, and what was declared. One read is one quantum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Detected {
    /// Came again.
    pub duplicate: FoundCounts,
    /// Left out when later ones came.
    pub gap: FoundCounts,
    /// Came after later ones.
    pub reordered: FoundCounts,
    /// No whole frame.
    pub torn: FoundCounts,
    /// What the ledger says that the strategy did.
    pub declared: Declared,
    /// Whether as many frames came again as were declared to, and none came late.
    pub agrees: bool,
}

/// How much of one kind was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FoundCounts {
    /// Frames.
    pub frames: u64,
    /// Quanta with at least one such frame.
    pub quanta: u64,
    /// Callbacks with at least one; `None` when none was counted.
    pub callbacks: Option<u64>,
}

/// What the strategy says that it did, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// Played again.
    pub repeated_frames: u64,
    /// Written to while they were copied.
    pub changed_frames: u64,
    /// Replaced by something newer.
    pub superseded_frames: u64,
}

impl Detected {
    /// What `snapshot` holds.
    pub fn of(snapshot: &Snapshot) -> Detected {
        let consumer = &snapshot.consumer;
        let found = |kind: FoundKind| FoundCounts {
            frames: consumer.found_frames[kind as usize],
            quanta: consumer.found_quanta[kind as usize],
            callbacks: (consumer.callbacks > 0).then_some(consumer.found_callbacks[kind as usize]),
        };
        let superseded = crate::ledger::DroppedBy::Superseded as usize;
        let declared = Declared {
            repeated_frames: consumer.repeated,
            changed_frames: consumer.changed,
            superseded_frames: snapshot.producer.dropped[superseded] + consumer.dropped[superseded],
        };
        let (duplicate, reordered) = (found(FoundKind::Duplicate), found(FoundKind::Reordered));
        Detected {
            duplicate,
            gap: found(FoundKind::Gap),
            reordered,
            torn: found(FoundKind::Torn),
            declared,
            agrees: duplicate.frames == declared.repeated_frames && reordered.frames == 0,
        }
    }

    /// The kinds, in the order of [`FoundKind`].
    pub fn kinds(&self) -> [FoundCounts; FoundKind::COUNT] {
        [self.duplicate, self.gap, self.reordered, self.torn]
    }
}

/// Frames that changed while they were copied: as the reader noticed it, or as the index signal shows it, whichever is more (what tears on purpose is seen only by the latter).
pub fn torn_frames(snapshot: &Snapshot) -> u64 {
    snapshot.consumer.torn.max(snapshot.consumer.changed)
}
