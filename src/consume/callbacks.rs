//! What became of each of the device's callbacks, while they are counted.

use super::BurstMeter;
use crate::ledger::ConsumerLedger;
#[cfg(feature = "strategies")]
use crate::ledger::FoundKind;
use crate::ring::sync::Ordering;
use crate::shared::Control;

/// Follows callbacks and counts each when it is over.
#[derive(Debug)]
pub(super) struct Callbacks {
    meter: BurstMeter,
    /// Whether the quantum that comes, or is being served, was asked to bring the time: otherwise what it brings is none.
    asked: bool,
    /// The page's wishes as they were seen last: count again, count always.
    wishes: (u32, u32),
    /// The callback under way: whether a quantum of it starved or was a duplicate.
    starved: bool,
    duplicate: bool,
    /// … and what the index signal showed in it.
    #[cfg(feature = "strategies")]
    found: [bool; FoundKind::COUNT],
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
            wishes: (0, 0),
            starved: false,
            duplicate: false,
            #[cfg(feature = "strategies")]
            found: Default::default(),
            fill_bucket: None,
            first: true,
        }
    }

    /// Whether the next quantum should bring the time.
    pub fn wants_time(&self) -> bool {
        self.asked
    }

    /// A quantum begins. If it is a new callback's first, the one before is counted.
    ///
    /// # Real-time
    /// Safe.
    #[inline]
    pub fn begin(&mut self, ledger: &ConsumerLedger, control: &Control, now_ms: f64) {
        let wishes = (
            control.recount.load(Ordering::Relaxed),
            control.count_callbacks.load(Ordering::Relaxed),
        );
        // Nearly always neither.
        if self.asked || wishes != self.wishes {
            self.look(ledger, wishes, now_ms);
        }
    }

    /// The quantum is served.
    ///
    /// # Real-time
    /// Safe.
    #[inline]
    pub fn served(&mut self, starved: bool, duplicate: bool, fill_bucket: Option<usize>) {
        if !self.asked {
            return;
        }
        self.starved |= starved;
        self.duplicate |= duplicate;
        if core::mem::replace(&mut self.first, false) {
            self.fill_bucket = fill_bucket;
        }
        self.asked = self.meter.wants_time();
    }

    /// What the index signal showed in the quantum that is about to be served, by kind.
    ///
    /// # Real-time
    /// Safe.
    #[cfg(feature = "strategies")]
    pub fn found(&mut self, found: [bool; FoundKind::COUNT]) {
        self.found.iter_mut().zip(found).for_each(|(any, found)| *any |= found);
    }

    #[cold]
    #[inline(never)]
    fn look(&mut self, ledger: &ConsumerLedger, wishes: (u32, u32), now_ms: f64) {
        self.wishes = wishes;
        let (recounts, always) = wishes;
        self.meter.count_always(always != 0);
        if self.meter.recount(recounts) {
            // Of another device, perhaps. The callbacks that were counted stay counted.
            ledger.bursts.iter().for_each(|bucket| bucket.set(0));
        }
        if !self.asked {
            // From the next quantum on.
            self.asked = self.meter.wants_time();
            return;
        }
        if let Some(ended) = self.meter.quantum(now_ms) {
            if ended > 0 {
                self.count(ledger, ended);
            }
            #[cfg(feature = "strategies")]
            {
                self.found = Default::default();
            }
            (self.starved, self.duplicate, self.fill_bucket, self.first) = (false, false, None, true);
        }
    }

    /// The callback under way is over; it was `quanta` long.
    fn count(&self, ledger: &ConsumerLedger, quanta: usize) {
        ledger.bursts[quanta].add(1);
        ledger.callbacks.add(1);
        ledger.starved_callbacks.add(u64::from(self.starved));
        ledger.duplicate_callbacks.add(u64::from(self.duplicate));
        #[cfg(feature = "strategies")]
        for (count, found) in ledger.found_callbacks.iter().zip(self.found) {
            count.add(u64::from(found));
        }
        if let Some(bucket) = self.fill_bucket {
            ledger.callback_fill[bucket].add(1);
        }
    }
}
