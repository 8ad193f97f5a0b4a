//! Overruns: what a producer with a clock of its own could not put into the ring.

use super::delays::Delays;
use crate::ledger::{DroppedBy, Ending, OVERRUN_SLOTS};
use crate::ring::sync::Ordering;
use crate::shared::SharedOutput;

/// Whether the sound of a producer with a clock of its own may begin, with room for `room` frames left of `limit`: with half a ring and a block ahead. A full ring would have no room for the block that
/// comes before the next callback does, one that is half full bridges what is late; the block is of the callback that comes first.
pub(super) fn may_begin(limit: usize, room: usize, block: usize) -> bool {
    room < block || room + block <= limit / 2
}

/// A block that was offered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    /// When, in ms on the producer's clock.
    pub at_ms: f64,
    /// Where the first frame that did not fit would have been in the ring.
    pub position: u64,
    /// Frames in the ring by now.
    pub fill: u64,
    /// Frames that did not fit.
    pub refused: u64,
    /// Frames of the block before that it has replaced, and that are counted as such already.
    pub superseded: u64,
}

/// Counts refused frames, a run of refused blocks as one event.
///
/// # Steady state
/// Allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    running: bool,
    /// Frames that the reader has missed so far and that have come, late, since: those of an overrun that are no more than were missed are these.
    missed: u64,
}

impl Refusals {
    /// A block was offered, and `delays` knows of it. What fits wholly ends a run.
    pub fn offered(&mut self, shared: &SharedOutput, delays: &Delays, offer: Offer) {
        let ledger = &shared.producer;
        let Offer {
            at_ms,
            position,
            fill,
            refused,
            superseded,
        } = offer;
        let lost = refused + superseded;
        let began = !core::mem::replace(&mut self.running, lost > 0) && lost > 0;
        let events = ledger.overrun_events.get() + u64::from(began);
        let event = &ledger.overruns[events.saturating_sub(1) as usize % OVERRUN_SLOTS];
        if lost == 0 {
            if events > 0 && event.ended_by.get() == Ending::Open as u64 {
                ledger.sequence.begin();
                event.ended_by.set(Ending::Back as u64);
                ledger.sequence.end();
            }
            return;
        }
        let reader = &shared.consumer.0;
        let owed = reader.underrun_frames.get().saturating_sub(self.missed);
        self.missed += owed.min(lost);
        ledger.sequence.begin();
        ledger.produced.add(refused);
        ledger.dropped[DroppedBy::Overflow as usize].add(refused);
        ledger.overrun_events.set(events);
        if began {
            event.at_us.set(delays.since_epoch_us(at_ms));
            event.position.set(position);
            event.fill.set(fill);
            let echo = if owed > 0 {
                reader.underrun_events.load(Ordering::Relaxed)
            } else {
                0
            };
            event.echo.set(u64::from(echo));
            event.ended_by.set(Ending::Open as u64);
            for count in [&event.frames, &event.blocks, &event.still_us] {
                count.set(0);
            }
            delays.tell(shared, &event.account, events, at_ms);
        }
        event.frames.add(lost);
        event.blocks.add(1);
        event.still_us.set(event.still_us.get().max(delays.still_us(at_ms)));
        ledger.sequence.end();
    }
}
