//! Looking after an output by a clock of its own, so that what goes wrong is noticed without anybody asking.

use super::wait::sleep;

/// How often an output looks after itself, in ms. In a hidden tab it may be rarer: up to once a minute.
pub(super) const EVERY_MS: i32 = 1000;
/// A producer that shows no sign of life for so long is lost, in ms.
pub(super) const LOST_AFTER_MS: f64 = 2000.0;
/// Most that one look can count of it, in ms: whatever stood still together with the page gets a moment in which to show that it lives.
const MOST_AT_ONCE_MS: f64 = LOST_AFTER_MS / 2.0;

/// Calls `look` every second for as long as it returns true.
pub(super) fn watch(mut look: impl FnMut() -> bool + 'static) {
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            sleep(EVERY_MS).await;
            if !look() {
                return;
            }
        }
    });
}

/// How long the producer has shown no sign of life.
///
/// Only time counts in which it could have shown one. Where the page was not there to look, and the device asked for nothing meanwhile, everything stood still; where
/// the device went on, it was the page alone (a long task, or timers that a hidden tab gets once a minute).
#[derive(Debug)]
pub(super) struct Pulse {
    beat: u64,
    /// When the heartbeat last moved, as far as known.
    since_ms: f64,
    looked_ms: f64,
    asked_ms: f64,
    silent_ms: f64,
}

impl Pulse {
    pub fn new(now_ms: f64) -> Self {
        Pulse {
            beat: 0,
            since_ms: now_ms,
            looked_ms: now_ms,
            asked_ms: 0.0,
            silent_ms: 0.0,
        }
    }

    /// Looks at the heartbeat, `None` where it cannot be read, and at how much the device has asked for so far, in ms. Returns since when the producer is lost, if it is.
    pub fn feel(&mut self, now_ms: f64, beat: Option<(u64, f64)>) -> Option<f64> {
        let passed_ms = now_ms - core::mem::replace(&mut self.looked_ms, now_ms);
        // One that died while it wrote leaves a ledger that can never be read again.
        let (beat, asked_ms) = beat.unwrap_or((self.beat, self.asked_ms));
        let moved_ms = asked_ms - core::mem::replace(&mut self.asked_ms, asked_ms);
        let all_stood_still = passed_ms > LOST_AFTER_MS && moved_ms < passed_ms / 2.0;
        if core::mem::replace(&mut self.beat, beat) != beat || all_stood_still {
            (self.since_ms, self.silent_ms) = (now_ms, 0.0);
        } else {
            self.silent_ms += passed_ms.min(MOST_AT_ONCE_MS);
        }
        (self.silent_ms >= LOST_AFTER_MS).then_some(self.since_ms)
    }
}
