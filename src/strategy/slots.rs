//! Blocks of which the newest counts: what `double` and `triple` have in common.

/// A block that the audio thread has taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Block {
    /// Which slot it lies in.
    pub slot: usize,
    /// Frames in it, 1 to [`Block::MAX_FRAMES`].
    pub frames: usize,
    /// Place of its end among all frames committed, which no other block has; below 2^47: 93 years at 48 kHz.
    pub end: u64,
}

impl Block {
    /// Most frames of a block: what the word has room for.
    pub const MAX_FRAMES: usize = (1 << FRAME_BITS) - 1;

    /// As one atomic word that is not [`taken`] yet.
    pub(super) fn fresh(self) -> u64 {
        self.end << (1 + SLOT_BITS + FRAME_BITS) | (self.frames as u64) << (1 + SLOT_BITS) | (self.slot as u64) << 1 | FRESH
    }

    /// The block that a word tells of.
    pub(super) fn of(word: u64) -> Block {
        Block {
            slot: (word >> 1) as usize & ((1 << SLOT_BITS) - 1),
            frames: (word >> (1 + SLOT_BITS)) as usize & Block::MAX_FRAMES,
            end: word >> (1 + SLOT_BITS + FRAME_BITS),
        }
    }

    /// The frames that are lost when a word is replaced: none where the block was taken.
    pub(super) fn replaced(word: u64) -> usize {
        if word & FRESH == 0 { 0 } else { Block::of(word).frames }
    }
}

/// The lowest bit of a word: nobody has taken the block.
pub(super) const FRESH: u64 = 1;
const SLOT_BITS: u32 = 2;
const FRAME_BITS: u32 = 14;

/// An exchange in which the newest block counts. One producer, one consumer.
///
/// Whether a block was taken or replaced is decided by one atomic exchange of one word that tells all about it, so each frame is counted once: by the producer when it replaces what nobody took, else by the consumer.
/// That holds for `double` as well, whose samples are racy; the accounts are not.
pub trait Slots: Send + Sync {
    /// Puts a block of `interleaved` frames out, which ends at `end` among all frames committed; at least one frame, and no more than there is room for. Returns the frames of the block that it replaced, 0 if the consumer
    /// had taken that. The producer alone.
    fn publish(&self, interleaved: &[f32], end: u64) -> usize;

    /// The newest block, if it was not taken yet. By the time it is taken, it may be a newer one. The consumer alone.
    ///
    /// # Real-time
    /// Wait-free.
    fn pending(&self) -> Option<Block>;

    /// Takes the newest block, if it was not taken yet. The consumer alone.
    ///
    /// # Real-time
    /// Wait-free.
    fn take(&self) -> Option<Block>;

    /// Copies frames of a block that was taken, `from` on, into `out` (whole frames, all within the block). Returns whether they were the block's own, untouched from the first sample to the last. The consumer alone.
    ///
    /// # Real-time
    /// Wait-free.
    fn copy(&self, block: Block, from: usize, out: &mut [f32]) -> bool;
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_all_about_its_block() {
        for block in [
            Block {
                slot: 0,
                frames: 1,
                end: 1,
            },
            Block {
                slot: 2,
                frames: Block::MAX_FRAMES,
                end: (1 << 47) - 1,
            },
            Block {
                slot: 1,
                frames: 8192,
                end: 0,
            },
        ] {
            let word = block.fresh();
            assert_eq!((Block::of(word), Block::of(word & !FRESH)), (block, block));
            assert_eq!((Block::replaced(word), Block::replaced(word & !FRESH)), (block.frames, 0));
        }
    }
}
