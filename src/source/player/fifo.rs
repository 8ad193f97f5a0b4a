//! Frames that are decoded and resampled, waiting to be rendered.

/// A first-in first-out store of interleaved frames with a capacity that only [`grow`](Fifo::grow) changes.
#[derive(Debug)]
pub(super) struct Fifo {
    samples: Vec<f32>,
    channels: usize,
    /// First frame to read, 0 to `capacity() - 1`.
    first: usize,
    /// Frames held, 0 to `capacity()`.
    len: usize,
}

impl Fifo {
    /// An empty store for `frames` frames (at least one) of `channels` samples (at least one).
    pub(super) fn new(channels: usize, frames: usize) -> Self {
        Fifo {
            samples: vec![0.0; channels * frames],
            channels,
            first: 0,
            len: 0,
        }
    }

    /// Samples per frame.
    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    fn capacity(&self) -> usize {
        self.samples.len() / self.channels
    }

    /// Frames held.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Frames that can be pushed.
    pub(super) fn free(&self) -> usize {
        self.capacity() - self.len
    }

    /// Makes room for at least `frames` frames in all; what is held stays. Allocates if it was smaller.
    pub(super) fn grow(&mut self, frames: usize) {
        if frames <= self.capacity() {
            return;
        }
        let mut larger = Fifo::new(self.channels, frames);
        larger.len = self.pop(&mut larger.samples);
        *self = larger;
    }

    /// Forgets what is held.
    pub(super) fn clear(&mut self) {
        (self.first, self.len) = (0, 0);
    }

    /// Copies the oldest frames to the start of `out` (interleaved), as many as are held and fit, and keeps them; returns how many
    /// frames that were. Allocates nothing.
    pub(super) fn peek(&self, out: &mut [f32]) -> usize {
        let (channels, capacity) = (self.channels, self.capacity());
        let count = (out.len() / channels).min(self.len);
        let unbroken = count.min(capacity - self.first);
        let (head, tail) = out[..count * channels].split_at_mut(unbroken * channels);
        head.copy_from_slice(&self.samples[self.first * channels..][..head.len()]);
        tail.copy_from_slice(&self.samples[..tail.len()]);
        count
    }

    /// Takes in as many of the interleaved frames as there is room for and returns how many frames that were.
    pub(super) fn push(&mut self, frames: &[f32]) -> usize {
        let (channels, capacity) = (self.channels, self.capacity());
        let count = (frames.len() / channels).min(self.free());
        let start = (self.first + self.len) % capacity;
        let unbroken = count.min(capacity - start);
        let (head, tail) = frames[..count * channels].split_at(unbroken * channels);
        self.samples[start * channels..][..head.len()].copy_from_slice(head);
        self.samples[..tail.len()].copy_from_slice(tail);
        self.len += count;
        count
    }

    /// Moves the oldest frames to the start of `out` (interleaved), as many as are held and fit; returns how many frames that were.
    ///
    /// Allocates nothing.
    pub(super) fn pop(&mut self, out: &mut [f32]) -> usize {
        let count = self.peek(out);
        self.first = (self.first + count) % self.capacity();
        self.len -= count;
        count
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::Fifo;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// Any sequence of pushes, pops and growth behaves as a queue.
        #[test]
        fn is_a_queue(steps in proptest::collection::vec((0u8..10, 0usize..13), 0..60), channels in 1usize..4) {
            let mut fifo = Fifo::new(channels, 7);
            let mut model: VecDeque<f32> = VecDeque::new();
            let mut capacity = 7;
            let mut next = 0.0;
            for (kind, amount) in steps {
                match kind {
                    0..4 => {
                        let frames: Vec<f32> = (0..amount * channels).map(|i| next + i as f32).collect();
                        next += frames.len() as f32;
                        let taken = fifo.push(&frames);
                        prop_assert_eq!(taken, amount.min(capacity - model.len() / channels));
                        model.extend(&frames[..taken * channels]);
                    }
                    4..7 => {
                        let mut out = vec![-1.0; amount * channels];
                        let got = fifo.pop(&mut out);
                        prop_assert_eq!(got, amount.min(model.len() / channels));
                        for sample in &out[..got * channels] {
                            prop_assert_eq!(Some(*sample), model.pop_front());
                        }
                    }
                    7 => {
                        let mut out = vec![-1.0; amount * channels];
                        let got = fifo.peek(&mut out) * channels;
                        prop_assert_eq!(got, amount.min(model.len() / channels) * channels);
                        prop_assert!(out[..got].iter().eq(model.iter().take(got)));
                    }
                    8 if amount == 0 => {
                        fifo.clear();
                        model.clear();
                    }
                    _ => {
                        fifo.grow(amount);
                        capacity = capacity.max(amount);
                    }
                }
                prop_assert_eq!(fifo.len(), model.len() / channels);
                prop_assert_eq!(fifo.free(), capacity - fifo.len());
            }
        }
    }
}
