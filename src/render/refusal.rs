//! Overruns: what a producer with a clock of its own could not put into the ring.

use crate::ledger::{DroppedBy, OVERRUN_SLOTS};
use crate::shared::SharedOutput;

/// Counts refused frames, a run of refused blocks as one event.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    running: bool,
}

impl Refusals {
    /// Of a block offered at `at_ms` since the epoch, `refused` frames did not fit; `position`: where the first of them would have been in the ring. 0 ends a run.
    pub fn offered(&mut self, shared: &SharedOutput, at_ms: f64, position: u64, refused: u64) {
        let began = !core::mem::replace(&mut self.running, refused > 0);
        if refused == 0 {
            return;
        }
        let ledger = &shared.producer;
        ledger.sequence.begin();
        ledger.produced.add(refused);
        ledger.dropped[DroppedBy::Overflow as usize].add(refused);
        ledger.overrun_events.add(u64::from(began));
        let event = &ledger.overruns[(ledger.overrun_events.get() - 1) as usize % OVERRUN_SLOTS];
        if began {
            event.at_us.set((at_ms * 1e3).round().max(0.0) as u64);
            event.position.set(position);
            event.frames.set(0);
            event.blocks.set(0);
        }
        event.frames.add(refused);
        event.blocks.add(1);
        ledger.sequence.end();
    }
}
