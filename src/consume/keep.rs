//! What is written down about the quanta, apart from serving them: so that a bench can leave it out and tell what it costs.

use super::callbacks::Callbacks;
#[cfg(feature = "strategies")]
use super::detect::Found;
use super::index_check::Break;
use crate::ledger::{ConsumerLedger, DroppedBy, Ending, SLIP_SLOTS, SilentBy, SlipKind, UNDERRUN_SLOTS};
use crate::ring::sync::Ordering;
use crate::shared::SharedOutput;

/// How a quantum's frames divide: `played`, then `missing` for want of data, then `resting` on purpose.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Out of the exchange, and of these: played before, and zeros where the exchange itself had nothing.
    pub(super) played: usize,
    pub(super) repeated: usize,
    pub(super) holes: usize,
    pub(super) missing: usize,
    pub(super) resting: usize,
    pub(super) why: SilentBy,
    /// Whether the frames played are the fade before a pause.
    pub(super) pausing: bool,
    /// Frames ahead of the reader before; `None` when the exchange was left alone.
    pub(super) fill: Option<usize>,
}

/// A quantum as it was served.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    pub(super) frames: usize,
    pub(super) parts: Parts,
    /// Of the missing frames, those that the fade tail covered.
    pub(super) concealed: usize,
    /// Position in the ring after it.
    pub(super) position: u64,
    /// Frames taken out of the exchange and not played yet, where the strategy does that.
    pub(super) held: Option<usize>,
}

impl Parts {
    /// Frames played for the first time.
    fn fresh(&self) -> usize {
        self.played - self.repeated - self.holes
    }

    /// Frames that should have been there.
    fn lost(&self) -> usize {
        self.missing + self.holes
    }
}

/// Keeps the books of one consumer, on the audio thread: [`Ledger`], or [`NoLedger`].
///
/// # Real-time
/// All but `new` is bounded, allocates nothing, and never waits.
pub trait Keep {
    /// Opens the books of `shared`.
    fn new(shared: &SharedOutput) -> Self;

    /// Whether the next quantum should bring the time.
    fn wants_time(&self) -> bool;

    /// A quantum begins, at `now_ms` if it was asked to bring the time.
    fn begin(&mut self, shared: &SharedOutput, now_ms: f64);

    /// Frames were discarded.
    fn dropped(&mut self, shared: &SharedOutput, by: DroppedBy, frames: usize);

    /// So many reads of a strategy in which the newest block counts, and how many of them were stale.
    fn read(&mut self, shared: &SharedOutput, reads: usize, stale: usize);

    /// Frames were written to while they were copied.
    fn torn(&mut self, shared: &SharedOutput, frames: usize);

    /// What the index signal showed of this quantum.
    #[cfg(feature = "strategies")]
    fn found(&mut self, shared: &SharedOutput, found: Found);

    /// The index signal broke.
    fn slipped(&mut self, shared: &SharedOutput, slip: Break);

    /// The quantum is ready.
    fn served(&mut self, shared: &SharedOutput, served: Served);

    /// All is written down that concerns this quantum, whose position is out. `wakes`: the producer is about to be woken.
    fn end(&mut self, shared: &SharedOutput, wakes: bool);
}

/// Nothing is written down: for benches alone.
#[derive(Debug)]
pub struct NoLedger;

impl Keep for NoLedger {
    fn new(_: &SharedOutput) -> Self {
        NoLedger
    }

    fn wants_time(&self) -> bool {
        false
    }

    fn begin(&mut self, _: &SharedOutput, _: f64) {}

    fn dropped(&mut self, _: &SharedOutput, _: DroppedBy, _: usize) {}

    fn read(&mut self, _: &SharedOutput, _: usize, _: usize) {}

    fn torn(&mut self, _: &SharedOutput, _: usize) {}

    #[cfg(feature = "strategies")]
    fn found(&mut self, _: &SharedOutput, _: Found) {}

    fn slipped(&mut self, _: &SharedOutput, _: Break) {}

    fn served(&mut self, _: &SharedOutput, _: Served) {}

    fn end(&mut self, _: &SharedOutput, _: bool) {}
}

/// The counters in shared memory: see [`ConsumerLedger`].
#[derive(Debug)]
pub struct Ledger {
    callbacks: Callbacks,
    /// Whether the latest underrun goes on.
    starving: bool,
    /// Power of two of the frames in a bucket of fill.
    fill_shift: u32,
    /// Heap allocations before this quantum.
    allocations: u64,
}

impl Keep for Ledger {
    fn new(shared: &SharedOutput) -> Self {
        Ledger {
            callbacks: Callbacks::new(),
            starving: false,
            fill_shift: ConsumerLedger::fill_bucket_frames(shared.ring.capacity()).ilog2(),
            allocations: 0,
        }
    }

    fn wants_time(&self) -> bool {
        self.callbacks.wants_time()
    }

    #[inline]
    fn begin(&mut self, shared: &SharedOutput, now_ms: f64) {
        let ledger = &shared.consumer.0;
        self.allocations = crate::allocations();
        ledger.sequence.begin();
        self.callbacks.begin(ledger, &shared.control, now_ms);
    }

    fn dropped(&mut self, shared: &SharedOutput, by: DroppedBy, frames: usize) {
        shared.consumer.0.dropped[by as usize].add(frames as u64);
    }

    fn read(&mut self, shared: &SharedOutput, reads: usize, stale: usize) {
        shared.consumer.0.reads.add(reads as u64);
        shared.consumer.0.stale_reads.add(stale as u64);
    }

    fn torn(&mut self, shared: &SharedOutput, frames: usize) {
        shared.consumer.0.changed.add(frames as u64);
    }

    #[cfg(feature = "strategies")]
    fn found(&mut self, shared: &SharedOutput, found: Found) {
        let ledger = &shared.consumer.0;
        for (kind, frames) in found.into_iter().enumerate().filter(|(_, frames)| *frames > 0) {
            ledger.found_frames[kind].add(frames);
            ledger.found_quanta[kind].add(1);
        }
        self.callbacks.found(found.map(|frames| frames > 0));
    }

    fn slipped(&mut self, shared: &SharedOutput, slip: Break) {
        let ledger = &shared.consumer.0;
        match slip.kind {
            SlipKind::Skipped => &ledger.skipped,
            SlipKind::Replayed => &ledger.replayed,
            SlipKind::Torn => &ledger.torn,
        }
        .add(slip.frames);
        ledger.slip_events.add(u64::from(!slip.goes_on));
        let event = &ledger.slips[(ledger.slip_events.get() - 1) as usize % SLIP_SLOTS];
        if !slip.goes_on {
            event.kind.set(slip.kind as u64);
            event.frame.set(ledger.requested.load(Ordering::Relaxed) + slip.at as u64);
            event.frames.set(0);
        }
        event.frames.add(slip.frames);
    }

    #[inline]
    fn served(&mut self, shared: &SharedOutput, served: Served) {
        let ledger = &shared.consumer.0;
        let Served { frames, parts, .. } = served;
        let bucket = parts.fill.map(|fill| (fill >> self.fill_shift).min(ledger.fill.len() - 1));
        if let Some(bucket) = bucket {
            ledger.fill[bucket].add(1);
        }
        self.callbacks.served(parts.lost() > 0, parts.repeated > 0, bucket);
        let before = ledger.requested.load(Ordering::Relaxed);
        ledger.requested.store(before + frames as u64, Ordering::Relaxed);
        ledger.fresh.add(parts.fresh() as u64);
        ledger.quanta.add(1);
        ledger.quantum.set(frames as u64);
        if parts.repeated > 0 {
            ledger.repeated.add(parts.repeated as u64);
            ledger.duplicate_quanta.add(1);
        }
        if let Some(held) = served.held {
            ledger.held.set(held as u64);
        }
        if parts.played - parts.holes < frames {
            self.gap(ledger, before, &served);
        } else if self.starving {
            self.ended(ledger, Ending::Back);
        }
        let allocated = crate::allocations() - self.allocations;
        if allocated > 0 {
            ledger.allocations.add(allocated);
        }
    }

    #[inline]
    fn end(&mut self, shared: &SharedOutput, wakes: bool) {
        let ledger = &shared.consumer.0;
        if wakes {
            ledger.wakes.add(1);
        }
        ledger.sequence.end();
    }
}

impl Ledger {
    /// Not all frames were fresh. `before`: frames requested before this quantum.
    #[cold]
    fn gap(&mut self, ledger: &ConsumerLedger, before: u64, served: &Served) {
        let Served {
            frames, parts, concealed, ..
        } = *served;
        // Holes lie anywhere: from the beginning, then.
        let from = before + if parts.holes > 0 { 0 } else { parts.played as u64 };
        let to = before + frames as u64;
        if from != ledger.gap_to.get() {
            ledger.gap_from.set(from);
        }
        ledger.gap_to.set(to);
        ledger.silent[parts.why as usize].add(parts.resting as u64);
        let lost = parts.lost();
        if lost > 0 {
            let begins = !core::mem::replace(&mut self.starving, true);
            if begins {
                begin_underrun(ledger, from, served);
            }
            ledger.concealed.add(concealed as u64);
            ledger.silent[SilentBy::Underrun as usize].add((lost - concealed) as u64);
            ledger.starved_quanta.add(1);
            let event = &ledger.underruns[latest_slot(ledger)];
            event.frames.add(lost as u64);
            event.quanta.add(1);
            ledger.underrun_frames.add(lost as u64);
            ledger.underrun_longest.set(ledger.underrun_longest.get().max(event.frames.get()));
        } else if self.starving {
            self.ended(
                ledger,
                if parts.why == SilentBy::Ended {
                    Ending::Ended
                } else {
                    Ending::Paused
                },
            );
        }
    }

    fn ended(&mut self, ledger: &ConsumerLedger, by: Ending) {
        self.starving = false;
        ledger.underruns[latest_slot(ledger)].ended_by.set(by as u64);
    }
}

/// Opens an event at the first starved quantum of a run, whose first missing frame is frame `from` of all requested.
fn begin_underrun(ledger: &ConsumerLedger, from: u64, served: &Served) {
    let events = ledger.underrun_events.load(Ordering::Relaxed).wrapping_add(1);
    ledger.starved_at.store(served.position, Ordering::Relaxed);
    // Release: the producer that sees this event also sees where it began.
    ledger.underrun_events.store(events, Ordering::Release);
    let event = &ledger.underruns[latest_slot(ledger)];
    event.frame.set(from);
    event.position.set(served.position);
    event.frames.set(0);
    event.fill.set(served.parts.fill.unwrap_or(0) as u64);
    event.quanta.set(0);
    event.ended_by.set(Ending::Open as u64);
}

/// Place of the latest underrun.
fn latest_slot(ledger: &ConsumerLedger) -> usize {
    ledger.underrun_events.load(Ordering::Relaxed).wrapping_sub(1) as usize % UNDERRUN_SLOTS
}
