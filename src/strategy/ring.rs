//! `ring`: the lock-free ring. Also what `main-thread` and, on the audio thread's side, the message strategies read from.

use super::{Look, Reader, Taken};
use crate::consume::Planar;
use crate::ring::Consumer;

/// Reads a ring.
#[derive(Debug)]
pub struct RingReader {
    consumer: Consumer,
}

impl RingReader {
    /// Reads through `consumer`.
    pub fn new(consumer: Consumer) -> Self {
        RingReader { consumer }
    }
}

impl Reader for RingReader {
    #[inline]
    fn look(&mut self) -> Look {
        let flushed = self.consumer.apply_flush();
        Look {
            // Of the look in `apply_flush`: frames that came since may lie behind another flush, and are the next quantum's.
            fill: self.consumer.known_available(),
            flushed,
            ..Look::default()
        }
    }

    #[inline]
    fn take(&mut self, out: &mut Planar, frames: usize, _repeat: bool) -> Taken {
        let frames = frames.min(self.consumer.known_available());
        let channels = self.consumer.ring().channels();
        let (first, second) = self.consumer.regions(frames);
        let before_wrap = first.len() / channels;
        out.deinterleave(first, 0);
        out.deinterleave(second, before_wrap);
        let frames = before_wrap + second.len() / channels;
        self.consumer.commit(frames);
        Taken {
            frames,
            ..Taken::default()
        }
    }

    #[inline]
    fn position(&self) -> u64 {
        self.consumer.position()
    }

    #[inline]
    fn producer_waits(&mut self) -> bool {
        self.consumer.producer_waits()
    }
}
