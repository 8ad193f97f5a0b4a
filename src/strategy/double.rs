//! `double`: two blocks, the newest counts. Racy by design.
//!
//! The producer writes to the slot that is not the newest; but that is the one which the consumer reads if it took the block before. So what is being read may be written to: two sides, two slots, and nobody waits. Samples are
//! relaxed atomic words, so that the race is defined: words may be of either block, none is half of both. Each slot carries the number of the block that it was last begun to be written with: the consumer looks at it after its
//! copy, and knows when what it copied was torn. It plays it all the same: that is what a double buffer does.
//!
//! That is the reader's half of a seqlock (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012). It needs no look before the copy and no number for a slot that is half written: a block is
//! known only once all of it is there.
//!
//! | store | load | what it orders |
//! | --- | --- | --- |
//! | producer's exchange (release) | consumer's exchange (acquire) | the block's number and samples are there before they are read |
//! | samples behind a fence (release) | samples before a fence (acquire) | whoever has read a later block's sample finds its number, or a later one |

use super::slots::{Block, FRESH, Slots};
use crate::ring::sync::{AtomicU32, AtomicU64, Ordering, fence_at, ordering};

/// Two blocks of one length at most.
#[derive(Debug)]
pub struct Double {
    /// Samples as bits.
    samples: Box<[AtomicU32]>,
    /// Of each slot: the end of the block in it, from before its first sample is written.
    begun: [AtomicU64; 2],
    /// The newest block.
    newest: AtomicU64,
    /// Slot that the next block goes to; the producer alone touches it.
    next: AtomicU32,
    channels: usize,
    /// Samples per slot.
    stride: usize,
}

impl Double {
    /// Two slots for blocks of up to `block_frames` frames of `channels` channels. Allocates.
    pub fn new(channels: usize, block_frames: usize) -> Self {
        let stride = channels * block_frames;
        Double {
            samples: (0..2 * stride).map(|_| AtomicU32::new(0)).collect(),
            begun: [AtomicU64::new(0), AtomicU64::new(0)],
            newest: AtomicU64::new(0),
            next: AtomicU32::new(0),
            channels,
            stride,
        }
    }
}

impl Slots for Double {
    fn publish(&self, interleaved: &[f32], end: u64) -> usize {
        let slot = self.next.load(Ordering::Relaxed) as usize;
        self.next.store(1 - slot as u32, Ordering::Relaxed);
        let samples = &interleaved[..interleaved.len().min(self.stride)];
        self.begun[slot].store(end, Ordering::Relaxed);
        // Keeps the samples behind the number.
        fence_at!(BeginSlot, Ordering::Release);
        for (word, sample) in self.samples[slot * self.stride..].iter().zip(samples) {
            word.store(sample.to_bits(), Ordering::Relaxed);
        }
        let frames = samples.len() / self.channels;
        // Release: who takes the block finds all of it.
        let before = self
            .newest
            .swap(Block { slot, frames, end }.fresh(), ordering!(Publish, Ordering::Release));
        Block::replaced(before)
    }

    fn pending(&self) -> Option<Block> {
        // Relaxed: the word tells all by itself; whoever takes the block looks again.
        let word = self.newest.load(Ordering::Relaxed);
        (word & FRESH != 0).then(|| Block::of(word))
    }

    fn take(&self) -> Option<Block> {
        if self.newest.load(Ordering::Relaxed) & FRESH == 0 {
            return None;
        }
        // Acquire: the block is there. From here on it counts as taken, whatever becomes of its samples.
        let newest = self.newest.fetch_and(!FRESH, ordering!(Take, Ordering::Acquire));
        Some(Block::of(newest))
    }

    fn copy(&self, block: Block, from: usize, out: &mut [f32]) -> bool {
        let at = (from * self.channels).min(self.stride);
        for (sample, word) in out.iter_mut().zip(&self.samples[block.slot * self.stride..][at..self.stride]) {
            *sample = f32::from_bits(word.load(Ordering::Relaxed));
        }
        // Keeps the look behind the samples.
        fence_at!(EndSlot, Ordering::Acquire);
        self.begun[block.slot].load(Ordering::Relaxed) == block.end
    }
}
