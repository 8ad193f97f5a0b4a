//! The reading end of `double` and `triple`.
//!
//! A read is one quantum. At its beginning the reader looks whether there is a newer block; if so, it leaves the rest of the one before (`superseded`). When a block is used up within a quantum, it looks again; if there is nothing
//! newer, the block begins once more (`repeated`): there is always something to play, and it is not always new.

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
    /// A piece of it on its way, interleaved.
    piece: Box<[f32]>,
}

/// Frames that are copied at once.
const PIECE: usize = 128;

impl<S: Slots + ?Sized> LatestReader<S> {
    /// Reads `slots`, whose positions are kept in the ring of `consumer`. Allocates.
    pub fn new(slots: Arc<S>, consumer: Consumer) -> Self {
        let samples = PIECE * consumer.ring().channels();
        LatestReader {
            slots,
            consumer,
            block: Block::default(),
            at: 0,
            again: false,
            flushed_to: 0,
            piece: vec![0.0; samples].into(),
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

    /// Whether a block of another sound is about to come, or has.
    fn jumps(&self) -> bool {
        self.consumer.flush_asked() != self.flushed_to
    }

    /// Frames of the block that were not put out yet.
    fn rest(&self) -> usize {
        if self.again { 0 } else { self.block.frames - self.at }
    }
}

impl<S: Slots + ?Sized> Reader for LatestReader<S> {
    fn look(&mut self) -> Look {
        let superseded = self.renew().unwrap_or(0);
        let asked = self.consumer.flush_asked();
        // The first block of another sound; until it is there, the last one of this sound plays on.
        let jumped = asked != self.flushed_to && self.block.end > asked;
        if jumped {
            self.flushed_to = asked;
        }
        Look {
            fill: self.rest(),
            superseded,
            flushed: jumped.then_some(0),
            ..Look::default()
        }
    }

    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken {
        let channels = self.consumer.ring().channels();
        let mut taken = Taken::default();
        while taken.frames < frames {
            if self.at == self.block.frames || self.again && !repeat {
                // Another sound begins with a quantum: only before one is it announced.
                let newer = if self.jumps() { None } else { self.renew() };
                match newer {
                    // Nothing was left of the one before.
                    Some(_) => {}
                    None if repeat && self.block.frames > 0 => (self.at, self.again) = (0, true),
                    None => break,
                }
            }
            let piece = (frames - taken.frames).min(self.block.frames - self.at).min(PIECE);
            if piece == 0 {
                break;
            }
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
