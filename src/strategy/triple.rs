//! `triple`: three blocks, the newest counts, none is ever torn.
//!
//! The producer owns one slot, the consumer another, and the third changes hands through one atomic word. Each side gives its slot away and gets the third in the same exchange, so no slot is ever in two hands.
//!
//! | store | load | what it orders |
//! | --- | --- | --- |
//! | producer's exchange (release) | consumer's exchange (acquire) | the block's samples are there before they are read |
//! | consumer's exchange (release) | producer's exchange (acquire) | the consumer's reads are over before the slot is written to again |
#![allow(unsafe_code)]

use super::slots::{Block, FRESH, Slots};
use crate::ring::Storage;
use crate::ring::sync::{AtomicU32, AtomicU64, Ordering, ordering};

/// Three blocks of one length at most.
#[derive(Debug)]
pub struct Triple {
    storage: Storage,
    /// The slot between the two, with the block that lies in it.
    middle: AtomicU64,
    /// The producer's own slot; nobody else touches it.
    mine: AtomicU32,
    /// The consumer's own slot; nobody else touches it.
    theirs: AtomicU32,
    /// Samples per frame.
    channels: usize,
    /// Samples per slot.
    stride: usize,
}

impl Triple {
    /// Three slots for blocks of up to `block_frames` frames of `channels` channels. Allocates.
    pub fn new(channels: usize, block_frames: usize) -> Self {
        let stride = channels * block_frames;
        let taken = Block {
            slot: 1,
            ..Block::default()
        }
        .fresh()
            & !FRESH;
        Triple {
            storage: Storage::new(3 * stride),
            middle: AtomicU64::new(taken),
            mine: AtomicU32::new(0),
            theirs: AtomicU32::new(2),
            channels,
            stride,
        }
    }
}

impl Slots for Triple {
    fn publish(&self, interleaved: &[f32], end: u64) -> usize {
        let slot = self.mine.load(Ordering::Relaxed) as usize;
        let samples = &interleaved[..interleaved.len().min(self.stride)];
        // SAFETY: in bounds; the slot is the producer's until the exchange below.
        unsafe { self.storage.write(slot * self.stride, samples) };
        let frames = samples.len() / self.channels;
        // Release: the consumer finds the samples. Acquire: its reads of the slot that comes back are over.
        let back = self
            .middle
            .swap(Block { slot, frames, end }.fresh(), ordering!(Publish, Ordering::AcqRel));
        self.mine.store(Block::of(back).slot as u32, Ordering::Relaxed);
        Block::replaced(back)
    }

    fn pending(&self) -> Option<Block> {
        // Relaxed: the word tells all by itself; whoever takes the block looks again.
        let word = self.middle.load(Ordering::Relaxed);
        (word & FRESH != 0).then(|| Block::of(word))
    }

    fn take(&self) -> Option<Block> {
        // Relaxed: only whether it is worth the exchange; the producer alone sets the bit, and nobody else clears it.
        if self.middle.load(Ordering::Relaxed) & FRESH == 0 {
            return None;
        }
        let slot = self.theirs.load(Ordering::Relaxed) as usize;
        let given = Block { slot, ..Block::default() }.fresh() & !FRESH;
        // Acquire: the samples are there. Release: our reads of the slot that goes back are over.
        let block = Block::of(self.middle.swap(given, ordering!(Take, Ordering::AcqRel)));
        self.theirs.store(block.slot as u32, Ordering::Relaxed);
        Some(block)
    }

    fn copy(&self, block: Block, from: usize, out: &mut [f32]) -> bool {
        debug_assert_eq!(block.slot as u32, self.theirs.load(Ordering::Relaxed), "only what was taken last");
        let at = from * self.channels;
        let samples = out.len().min(self.stride.saturating_sub(at));
        // SAFETY: in bounds; the slot is the consumer's until it takes another one.
        unsafe { self.storage.read(block.slot * self.stride + at, &mut out[..samples]) };
        true
    }
}
