//! `queue`: a bounded queue of whole blocks, as Python's `queue.Queue(maxsize=3)`.
//!
//! The queue is the ring with a limit of so many blocks; what makes it a queue is its reader, who takes a block out whole and puts the rest aside until the next quantum. So there is room for another
//! block as soon as one is taken, not frame by frame.

use super::{Look, Reader, Taken};
use crate::consume::Planar;
use crate::ring::Consumer;

/// Takes whole blocks.
#[derive(Debug)]
pub struct QueueReader {
    consumer: Consumer,
    /// The block that was taken last, interleaved.
    block: Box<[f32]>,
    /// Frames of it, and of these those that were put out.
    frames: usize,
    at: usize,
}

impl QueueReader {
    /// Reads through `consumer`, blocks of up to `block_frames` frames. Allocates.
    pub fn new(consumer: Consumer, block_frames: usize) -> Self {
        let samples = block_frames * consumer.ring().channels();
        QueueReader {
            consumer,
            block: vec![0.0; samples].into(),
            frames: 0,
            at: 0,
        }
    }

    /// Takes the next block out of the queue; the last one of a sound may be shorter. Returns whether there was one.
    fn next_block(&mut self) -> bool {
        let channels = self.consumer.ring().channels();
        let frames = self.consumer.known_available().min(self.block.len() / channels);
        let (first, second) = self.consumer.regions(frames);
        self.block[..first.len()].copy_from_slice(first);
        self.block[first.len()..first.len() + second.len()].copy_from_slice(second);
        (self.frames, self.at) = (frames, 0);
        self.consumer.commit(frames);
        frames > 0
    }
}

impl Reader for QueueReader {
    fn look(&mut self) -> Look {
        let position = self.position();
        let flushed = self.consumer.apply_flush().map(|frames| {
            // What was put aside may be of the sound before, of the one that follows, or of both.
            let old = self.consumer.flushed_to().saturating_sub(position) as usize;
            let of_block = old.min(self.frames - self.at);
            self.at += of_block;
            frames + of_block
        });
        Look {
            fill: self.consumer.known_available() + self.frames - self.at,
            flushed,
            ..Look::default()
        }
    }

    fn take(&mut self, out: &mut Planar, frames: usize, _repeat: bool) -> Taken {
        let channels = self.consumer.ring().channels();
        let mut done = 0;
        while done < frames && (self.at < self.frames || self.next_block()) {
            let piece = (frames - done).min(self.frames - self.at);
            out.deinterleave(&self.block[self.at * channels..][..piece * channels], done);
            self.at += piece;
            done += piece;
        }
        Taken {
            frames: done,
            ..Taken::default()
        }
    }

    fn position(&self) -> u64 {
        self.consumer.position() - (self.frames - self.at) as u64
    }

    fn held(&self) -> Option<usize> {
        Some(self.frames - self.at)
    }

    fn producer_waits(&mut self) -> bool {
        self.consumer.producer_waits()
    }
}
