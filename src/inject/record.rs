//! Faults as they really happened, in the producer's part of the ledger.

use super::FaultKind;
use crate::ledger::{INJECTION_SLOTS, ProducerLedger};
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;

/// Writes the records. Belongs to the producer's thread, like the ledger's part that it writes to.
#[derive(Debug)]
pub(super) struct Records {
    shared: Arc<SharedOutput>,
}

/// A record by its number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record(u64);

impl Records {
    pub fn new(shared: Arc<SharedOutput>) -> Self {
        Records { shared }
    }

    /// A fault begins at `at_ms` since the epoch, when the producer is at `position` in the ring.
    pub fn begin(&self, kind: FaultKind, at_ms: f64, position: u64, amount: u64) -> Record {
        self.change(|ledger| {
            let number = ledger.injected.get();
            let slot = &ledger.injections[number as usize % INJECTION_SLOTS];
            slot.kind.set(u64::from(kind as u32));
            slot.at_us.set(microseconds(at_ms));
            slot.lasted_us.set(0);
            slot.position.set(position);
            slot.frames.set(amount);
            ledger.injected.set(number + 1);
            Record(number)
        })
    }

    /// It has lasted for `lasted_ms` so far and concerns so much more. False when so many came after it that it has no place any more.
    pub fn goes_on(&self, record: Record, lasted_ms: f64, more: u64) -> bool {
        self.change(|ledger| {
            let there = ledger.injected.get() - record.0 <= INJECTION_SLOTS as u64;
            if there {
                let slot = &ledger.injections[record.0 as usize % INJECTION_SLOTS];
                slot.lasted_us.set(microseconds(lasted_ms));
                slot.frames.add(more);
            }
            there
        })
    }

    /// A sign of life of a producer that stands still on purpose.
    pub fn beat(&self) {
        self.change(|ledger| ledger.heartbeat.add(1));
    }

    fn change<T>(&self, change: impl FnOnce(&ProducerLedger) -> T) -> T {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        let made = change(ledger);
        ledger.sequence.end();
        made
    }
}

/// A fault that goes on and on: one record from its first effect to its latest. (Where others have taken its place meanwhile, another one follows.)
#[derive(Debug, Default)]
pub(super) struct Lasting {
    began: Option<(Record, f64)>,
}

impl Lasting {
    /// It had an effect from `from_ms` to `to_ms` since the epoch, of this amount.
    pub fn felt(&mut self, records: &Records, kind: FaultKind, (from_ms, to_ms): (f64, f64), position: u64, amount: u64) {
        if let Some((record, began_ms)) = self.began
            && records.goes_on(record, to_ms - began_ms, amount)
        {
            return;
        }
        let record = records.begin(kind, from_ms, position, amount);
        records.goes_on(record, to_ms - from_ms, 0);
        self.began = Some((record, from_ms));
    }
}

fn microseconds(ms: f64) -> u64 {
    (ms * 1e3).round().max(0.0) as u64
}
