//! The reading end of `double` and `triple`.
//!
//! **A read is one block or one quantum, whichever is longer.** Where blocks are no longer than quanta, each quantum is a read: at its beginning the reader goes over to the newest block and leaves what is left of the one before
//! (`superseded`). Longer blocks are played to their end, and each is a read. A read that finds nothing newer is stale: the block begins once more (`repeated`). There is always something to play, and it is not always new. When a
//! block is used up within a quantum, the reader looks for a newer one there as well.

use super::slots::{Block, Slots};
use super::{Look, Reader, Taken};
use crate::consume::Planar;
use crate::ring::Consumer;
use crate::ring::sync::Arc;

/// Reads the newest block.
pub struct LatestReader<S: ?Sized> {
    slots: Arc<S>,
    /// Keeps the positions, and wakes the producer.
    consumer: Consumer,
    /// What is being played; no frames at first.
    block: Block,
    /// Frames of it that were put out, or left.
    at: usize,
    /// Whether all of it was put out or left before: what comes now is repeated.
    again: bool,
    /// Where the sound that is being played began among all frames committed.
    flushed_to: u64,
    /// Another sound begins with the next read: its first block is there.
    anew: bool,
    /// A piece of it on its way, interleaved.
    piece: Box<[f32]>,
    /// Frames of a quantum.
    quantum: usize,
}

/// Frames that are copied at once.
const PIECE: usize = 128;

impl<S: Slots + ?Sized> LatestReader<S> {
    /// Reads `slots`, whose positions are kept in the ring of `consumer`, for quanta of `quantum` frames. Allocates.
    pub fn new(slots: Arc<S>, consumer: Consumer, quantum: usize) -> Self {
        let samples = PIECE * consumer.ring().channels();
        LatestReader {
            slots,
            consumer,
            block: Block::default(),
            at: 0,
            again: false,
            flushed_to: 0,
            anew: false,
            piece: vec![0.0; samples].into(),
            quantum,
        }
    }

    /// Goes over to the newest block, if there is a newer one. Returns whether, and the frames of the one before that are left unread.
    fn renew(&mut self) -> Option<usize> {
        let block = self.slots.take()?;
        let left = self.rest();
        self.consumer.skip_to(block.end);
        (self.block, self.at, self.again) = (block, 0, false);
        Some(left)
    }

    /// Whether a block of another sound is about to come, or has come since the last look: it begins with a quantum, since only before one it can be announced.
    fn jumps(&self) -> bool {
        self.consumer.flush_asked() != self.flushed_to
    }

    /// Whether each quantum is a read: blocks are no longer than quanta.
    fn reads_quanta(&self) -> bool {
        self.block.frames <= self.quantum
    }

    /// Frames of the block that were not put out yet.
    fn rest(&self) -> usize {
        if self.again { 0 } else { self.block.frames - self.at }
    }
}

impl<S: Slots + ?Sized> Reader for LatestReader<S> {
    fn look(&mut self) -> Look {
        let asked = self.consumer.flush_asked();
        let pending = self.slots.pending();
        // The first block of another sound; until it is there, the last one of this sound plays on.
        let jumped = asked != self.flushed_to && pending.is_some_and(|block| block.end > asked);
        if jumped {
            (self.flushed_to, self.anew) = (asked, true);
        }
        let (rest, newer) = (self.rest(), pending.map_or(0, |block| block.frames));
        let fill = match newer > 0 && (self.anew || self.reads_quanta()) {
            // What is left of the one before is about to be left.
            true => newer,
            false => rest + newer,
        };
        Look {
            fill,
            flushed: jumped.then_some(0),
            ..Look::default()
        }
    }

    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken {
        let channels = self.consumer.ring().channels();
        let mut taken = Taken::default();
        if core::mem::take(&mut self.anew) || self.reads_quanta() {
            // This quantum is a read.
            let left = if self.jumps() { None } else { self.renew() };
            taken.superseded += left.unwrap_or(0);
            taken.reads += usize::from(self.block.frames > 0);
            taken.stale += usize::from(self.block.frames > 0 && self.rest() == 0);
        }
        while taken.frames < frames {
            if self.at == self.block.frames || self.again && !repeat {
                let is_a_read = !self.reads_quanta();
                let newer = !self.jumps() && self.renew().is_some();
                if !newer {
                    if !repeat || self.block.frames == 0 {
                        break;
                    }
                    (self.at, self.again) = (0, true);
                }
                taken.reads += usize::from(is_a_read);
                taken.stale += usize::from(is_a_read && !newer);
            }
            let piece = (frames - taken.frames).min(self.block.frames - self.at).min(PIECE);
            let samples = &mut self.piece[..piece * channels];
            let whole = self.slots.copy(self.block, self.at, samples);
            out.deinterleave(samples, taken.frames);
            self.at += piece;
            taken.frames += piece;
            taken.repeated += if self.again { piece } else { 0 };
            taken.torn += if whole { 0 } else { piece };
        }
        taken
    }

    fn position(&self) -> u64 {
        self.consumer.position() - self.rest() as u64
    }

    fn held(&self) -> Option<usize> {
        Some(self.rest())
    }

    fn producer_waits(&mut self) -> bool {
        self.consumer.producer_waits()
    }
}
