//! A fault on purpose, on the audio thread: it asks for more at once, as a device does whose callback is suddenly longer.

use crate::inject::FaultKind;
use crate::ledger::INJECTION_SLOTS;
use crate::ring::sync::Ordering;
use crate::shared::SharedOutput;

/// Says when a burst is due, and records it.
#[derive(Debug, Default)]
pub(super) struct BurstFault {
    /// Whether the page wants bursts.
    on: bool,
    /// Frames requested since the latest one, or since they were wanted.
    since: u64,
}

impl BurstFault {
    /// Longest burst, in frames, but for the rest of its last quantum: what bounds the work of one quantum.
    const LONGEST: u32 = 32_768;

    /// Whether the next quantum should bring the time, for the record.
    pub fn wants_time(&self) -> bool {
        self.on
    }

    /// Frames to be asked for, and thrown away, before the quantum of `frames` frames that is about to be served; nearly always 0. `position`: the consumer's in the ring.
    ///
    /// # Real-time
    /// Safe.
    pub fn due(&mut self, shared: &SharedOutput, frames: usize, now_ms: f64, position: u64) -> usize {
        let burst = shared.control.burst_frames.load(Ordering::Relaxed).min(Self::LONGEST);
        let every = shared.control.burst_every.load(Ordering::Relaxed);
        let paused = shared.control.paused.load(Ordering::Relaxed) != 0;
        let on = burst > 0 && every > 0 && !paused;
        if !on || !core::mem::replace(&mut self.on, on) {
            (self.on, self.since) = (on, frames as u64);
            return 0;
        }
        if self.since < u64::from(every) {
            self.since += frames as u64;
            return 0;
        }
        self.since = frames as u64;
        // A device asks for whole quanta.
        let burst = burst.next_multiple_of((frames as u32).max(1));
        record(shared, now_ms, position, burst);
        burst as usize
    }
}

fn record(shared: &SharedOutput, now_ms: f64, position: u64, frames: u32) {
    let ledger = &shared.consumer.0;
    ledger.sequence.begin();
    let slot = &ledger.injections[ledger.injected.get() as usize % INJECTION_SLOTS];
    slot.kind.set(u64::from(FaultKind::Burst as u32));
    slot.at_us.set((now_ms * 1e3) as u64);
    slot.lasted_us.set(0);
    slot.position.set(position);
    slot.frames.set(u64::from(frames));
    ledger.injected.add(1);
    ledger.sequence.end();
}
