//! `double`: two blocks, the newest counts. Racy by design.
//!
//! The producer writes to the slot that is not the newest; but that is the one which the consumer reads if it took the block before. So what is being read may be written to: two sides, two slots, and nobody waits. Samples are
//! relaxed atomic words, so that the race is defined: words may be of either block, none is half of both. Each slot carries a number that is odd while it is written to (H.-J. Boehm, "Can seqlocks get along with
//! programming language memory models?", MSPC 2012): the consumer looks at it before and after, and knows when what it copied was torn. It plays it all the same: that is what a double buffer does.

use super::slots::{Block, FRESH, Slots};
use crate::ring::sync::{AtomicU32, AtomicU64, Ordering, fence_at, ordering};

/// Two blocks of one length at most.
#[derive(Debug)]
pub struct Double {
    /// Samples as bits.
    samples: Box<[AtomicU32]>,
    /// Of each slot: twice the end of the block in it; one less while that is being written.
    written: [AtomicU64; 2],
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
            written: [AtomicU64::new(0), AtomicU64::new(0)],
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
        self.written[slot].store(2 * end - 1, Ordering::Relaxed);
        // Keeps the samples behind the odd number.
        fence_at!(BeginSlot, Ordering::Release);
        for (word, sample) in self.samples[slot * self.stride..].iter().zip(samples) {
            word.store(sample.to_bits(), Ordering::Relaxed);
        }
        // Release: whoever sees the even number before its copy sees these samples or later ones.
        self.written[slot].store(2 * end, Ordering::Release);
        let frames = samples.len() / self.channels;
        // Release: who takes the block finds all of it.
        let before = self
            .newest
            .swap(Block { slot, frames, end }.fresh(), ordering!(Publish, Ordering::AcqRel));
        Block::replaced(before)
    }

    fn pending(&self) -> usize {
        // Relaxed: a number by itself; whoever takes the block looks again.
        Block::replaced(self.newest.load(Ordering::Relaxed))
    }

    fn take(&self) -> Option<Block> {
        if self.newest.load(Ordering::Relaxed) & FRESH == 0 {
            return None;
        }
        // Acquire: the block is there. From here on it counts as taken, whatever becomes of its samples.
        let newest = self.newest.fetch_and(!FRESH, ordering!(Take, Ordering::AcqRel));
        Some(Block::of(newest))
    }

    fn copy(&self, block: Block, from: usize, out: &mut [f32]) -> bool {
        let at = (from * self.channels).min(self.stride);
        let whole = 2 * block.end;
        let before = self.written[block.slot].load(Ordering::Acquire);
        for (sample, word) in out.iter_mut().zip(&self.samples[block.slot * self.stride..][at..self.stride]) {
            *sample = f32::from_bits(word.load(Ordering::Relaxed));
        }
        // Keeps the second look behind the samples.
        fence_at!(EndSlot, Ordering::Acquire);
        let after = self.written[block.slot].load(Ordering::Relaxed);
        (before, after) == (whole, whole)
    }
}
