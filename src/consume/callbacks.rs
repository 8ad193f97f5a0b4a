//! What became of each of the device's callbacks, while they are counted.

use super::BurstMeter;
use crate::ledger::ConsumerLedger;
use crate::ring::sync::Ordering;
use crate::shared::Control;

/// Follows callbacks and counts each when it is over.
#[derive(Debug)]
pub(super) struct Callbacks {
    meter: BurstMeter,
    /// Whether the quantum that comes was asked to bring the time: otherwise what it brings is none.
    asked: bool,
    /// The callback under way: whether a quantum of it starved or was a duplicate.
    starved: bool,
    duplicate: bool,
    /// Bucket of the ring's fill before its first quantum was read; none if that was not read from the ring.
    fill_bucket: Option<usize>,
    /// Whether no quantum of it was served yet.
    first: bool,
}

impl Callbacks {
    /// Ready to count.
    pub fn new() -> Self {
        Callbacks {
            meter: BurstMeter::new(),
            asked: true,
            starved: false,
            duplicate: false,
            fill_bucket: None,
            first: true,
        }
    }

    /// Whether the next quantum should bring the time.
    pub fn wants_time(&self) -> bool {
        self.meter.wants_time()
    }

    /// A quantum begins. If it is a new callback's first, the one before is counted.
    ///
    /// # Real-time
    /// Safe.
    #[inline]
    pub fn begin(&mut self, ledger: &ConsumerLedger, control: &Control, now_ms: f64) {
        self.meter.count_always(control.count_callbacks.load(Ordering::Relaxed) != 0);
        if self.meter.recount(control.recount.load(Ordering::Relaxed)) {
            // Of another device, perhaps. The callbacks that were counted stay counted.
            ledger.bursts.iter().for_each(|bucket| bucket.set(0));
        }
        if self.asked
            && let Some(ended) = self.meter.quantum(now_ms)
        {
            if ended > 0 {
                self.count(ledger, ended);
            }
            (self.starved, self.duplicate, self.fill_bucket, self.first) = (false, false, None, true);
        }
        self.asked = self.meter.wants_time();
    }

    /// The quantum is served.
    ///
    /// # Real-time
    /// Safe.
    #[inline]
    pub fn served(&mut self, starved: bool, duplicate: bool, fill_bucket: Option<usize>) {
        self.starved |= starved;
        self.duplicate |= duplicate;
        if core::mem::replace(&mut self.first, false) {
            self.fill_bucket = fill_bucket;
        }
    }

    /// The callback under way is over; it was `quanta` long.
    #[cold]
    fn count(&self, ledger: &ConsumerLedger, quanta: usize) {
        ledger.bursts[quanta].add(1);
        ledger.callbacks.add(1);
        ledger.starved_callbacks.add(u64::from(self.starved));
        ledger.duplicate_callbacks.add(u64::from(self.duplicate));
        if let Some(bucket) = self.fill_bucket {
            ledger.callback_fill[bucket].add(1);
        }
    }
}
