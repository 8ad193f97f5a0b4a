//! The audio thread's end of any strategy.

use crate::consume::Planar;

/// What a look at the exchange found, before a quantum is read. Frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// That can be read without playing any of them again: what lies ahead of the reader.
    pub fill: usize,
    /// Discarded because the producer asked for that (a seek), if it did; they may be none.
    pub flushed: Option<usize>,
    /// Nothing has arrived yet, and that is no gap: the sound has not begun.
    pub waits: bool,
}

/// What a read came to. Frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Put out, from the beginning of the quantum, of whatever kind.
    pub frames: usize,
    /// Of these, played before.
    pub repeated: usize,
    /// Of these, zeros where the exchange itself had nothing: only where it plays by a schedule (`buffer-source`), so that gaps lie wherever they lie.
    pub holes: usize,
    /// Of these, from a block that was written to while it was copied.
    pub torn: usize,
    /// Left unread because there was something newer.
    pub superseded: usize,
    /// Reads that began, where the newest block counts: looks for a newer one after which frames were put out …
    pub reads: usize,
    /// … and of these, those that found nothing newer and nothing unread.
    pub stale: usize,
    /// The source has ended with them: nothing is missing behind. Only where it renders on the audio thread itself (`in-worklet`); elsewhere the ledger says so.
    pub ended: bool,
}

/// The reading end of a strategy.
///
/// # Real-time
/// No method waits, locks or allocates; the work of each is bounded by frames times channels (of `in-worklet`: by what its source does).
pub trait Reader {
    /// Looks at the exchange; to be called once before each quantum.
    fn look(&mut self) -> Look;

    /// Puts up to `frames` frames at the beginning of `out`. A strategy that repeats does so only while `repeat`: not when the producer has ended. Frames that came since [`look`](Reader::look) may be taken or
    /// left.
    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken;

    /// Place among all frames committed of the one that is read next.
    fn position(&self) -> u64;

    /// Frames that it has taken out of the exchange and not put out yet; `None` where it never does that.
    fn held(&self) -> Option<usize> {
        None
    }

    /// Where what the browser brings is to be put before a quantum, channel by channel; `None` where it brings nothing.
    fn inlet(&mut self) -> Option<&mut Planar> {
        None
    }

    /// Whether the producer is to be woken: it sleeps, and what it waits for is there. Says so once for each of its sleeps; [`Ring::call`](crate::ring::Ring::call) must follow.
    fn producer_waits(&mut self) -> bool;
}

impl<R: Reader + ?Sized> Reader for Box<R> {
    fn look(&mut self) -> Look {
        (**self).look()
    }

    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken {
        (**self).take(out, frames, repeat)
    }

    fn position(&self) -> u64 {
        (**self).position()
    }

    fn held(&self) -> Option<usize> {
        (**self).held()
    }

    fn inlet(&mut self) -> Option<&mut Planar> {
        (**self).inlet()
    }

    fn producer_waits(&mut self) -> bool {
        (**self).producer_waits()
    }
}
