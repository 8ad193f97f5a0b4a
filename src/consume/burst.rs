//! How many quanta the browser asks for back to back: the device's callback, which no API names.

use crate::ledger::BURST_BUCKETS;

/// Counts quanta between pauses of the clock.
///
/// The audio thread has no clock finer than 1 ms, and reading it makes garbage in JS; so bursts are counted for the first seconds only, and again or always when the page asks.
/// Callbacks that follow each other within less than [`BurstMeter::GAP_MS`] cannot be told apart.
#[derive(Debug)]
pub struct BurstMeter {
    /// Callbacks still to be counted.
    left: u32,
    /// Whether it never rests.
    always: bool,
    last_ms: f64,
    /// Quanta of the burst under way; 0 before the first gap was seen.
    length: usize,
    recounts: u32,
}

impl BurstMeter {
    /// Callbacks counted before it rests: 2 to 3 s with 512 frames at 44.1 kHz.
    pub const CALLBACKS: u32 = 200;
    /// What the clock must have gone on by for a quantum to belong to a new callback, in ms. The clock ticks in whole milliseconds, so a burst of
    /// microseconds may see one tick; the shortest common callback (128 frames at 48 kHz) lasts 2.67.
    pub const GAP_MS: f64 = 2.0;

    /// Ready to count.
    pub fn new() -> Self {
        BurstMeter {
            left: Self::CALLBACKS,
            always: false,
            last_ms: f64::INFINITY,
            length: 0,
            recounts: 0,
        }
    }

    /// Whether the next quantum should bring the time.
    ///
    /// # Real-time
    /// Safe.
    pub fn wants_time(&self) -> bool {
        self.always || self.left > 0
    }

    /// Never rests while `always`.
    ///
    /// # Real-time
    /// Safe.
    pub fn count_always(&mut self, always: bool) {
        self.always = always;
        self.rest();
    }

    /// When it is not to count: what follows is not seen until somebody asks again.
    fn rest(&mut self) {
        if !self.wants_time() {
            (self.length, self.last_ms) = (0, f64::INFINITY);
        }
    }

    /// Counts again when `recounts` has changed. Returns whether it has: what was counted so far is to be forgotten.
    ///
    /// # Real-time
    /// Safe.
    pub fn recount(&mut self, recounts: u32) -> bool {
        let again = recounts != self.recounts;
        if again {
            *self = BurstMeter {
                recounts,
                always: self.always,
                ..BurstMeter::new()
            };
        }
        again
    }

    /// A quantum at `now_ms`. When it is the first of a callback, returns the length of the one that ended before it, in quanta (at most [`BURST_BUCKETS`] - 1); 0 when that was not
    /// seen from its beginning.
    ///
    /// # Real-time
    /// Safe.
    pub fn quantum(&mut self, now_ms: f64) -> Option<usize> {
        if !self.wants_time() {
            return None;
        }
        let gap = now_ms - self.last_ms >= Self::GAP_MS;
        self.last_ms = now_ms;
        if !gap {
            // Before the first gap it is unknown how many quanta this burst had already.
            self.length += usize::from(self.length > 0);
            return None;
        }
        let ended = core::mem::replace(&mut self.length, 1);
        self.left = self.left.saturating_sub(u32::from(ended > 0));
        self.rest();
        Some(ended.min(BURST_BUCKETS - 1))
    }
}

impl Default for BurstMeter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bursts of `quanta` quanta every `period_ms`, seen through a clock of whole milliseconds.
    fn counted(quanta: usize, period_ms: f64, callbacks: usize) -> Vec<usize> {
        let mut meter = BurstMeter::new();
        let mut lengths = Vec::new();
        for callback in 0..callbacks {
            for quantum in 0..quanta {
                let now = 1e9 + callback as f64 * period_ms + quantum as f64 * 0.02;
                lengths.extend(meter.quantum(now.floor()).filter(|length| *length > 0));
            }
        }
        lengths
    }

    #[test]
    fn bursts_are_counted_whole() {
        let lengths = counted(4, 11.61, 50);
        assert_eq!(lengths.len(), 48, "the first is cut off, the last not over");
        assert!(lengths.iter().all(|length| *length == 4), "{lengths:?}");
        assert!(counted(1, 2.67, 50).iter().all(|length| *length == 1));
    }

    #[test]
    fn it_rests_after_enough_and_starts_again_when_asked() {
        let mut meter = BurstMeter::new();
        for callback in 0..BurstMeter::CALLBACKS + 2 {
            meter.quantum(f64::from(callback) * 10.0);
        }
        assert!(!meter.wants_time());
        assert!(!meter.recount(0));
        assert!(meter.recount(1) && meter.wants_time());
        assert_eq!(meter.quantum(5000.0), None);
        assert_eq!(meter.quantum(5010.0), Some(0), "of the one before, the beginning was not seen");
        assert_eq!(meter.quantum(5020.0), Some(1));
    }

    #[test]
    fn it_never_rests_while_it_counts_always() {
        let mut meter = BurstMeter::new();
        meter.count_always(true);
        for callback in 0..3 * BurstMeter::CALLBACKS {
            let ended = meter.quantum(f64::from(callback) * 10.0);
            assert_eq!(ended, [None, Some(0)].get(callback as usize).copied().unwrap_or(Some(1)));
        }
        assert!(meter.wants_time());
        meter.count_always(false);
        assert!(!meter.wants_time() && meter.quantum(1e6).is_none());
    }
}
