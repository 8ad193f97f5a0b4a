//! `in-worklet`: the source renders on the audio thread, inside `process()`. No worker, no exchange, no latency of its own; and whatever the source does wrong, the audio thread does.

use core::cell::Cell;
use std::rc::Rc;

use super::{Look, Reader, Taken};
use crate::consume::Planar;
use crate::error::Error;
use crate::ledger::ProducerState;
use crate::render::{Clock, RenderInfo, Source, Work, account};
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Consumer, Producer, Ring};
use crate::shared::SharedOutput;

/// Renders what is asked for. Keeps the producer's ledger as well, since it is the producer.
pub struct Direct<C> {
    shared: Arc<SharedOutput>,
    source: Box<dyn Source>,
    clock: C,
    producer: Producer,
    consumer: Consumer,
    /// One block on its way, interleaved.
    block: Box<[f32]>,
    /// Frames since the source began.
    position: u64,
    ended: bool,
    /// What is to be played next, where somebody put something there.
    next: Rc<Cell<Option<Box<dyn Source>>>>,
}

impl<C: Clock> Direct<C> {
    /// Takes both ends of the output, for blocks of up to `block_frames` frames (a quantum). Allocates.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, source: Box<dyn Source>, block_frames: usize, clock: C) -> Result<Self, Error> {
        let (producer, consumer) = Ring::split(shared.ring.clone())?;
        let block = vec![0.0; block_frames.max(1) * shared.ring.channels()].into();
        Ok(Direct {
            shared,
            source,
            clock,
            producer,
            consumer,
            block,
            position: 0,
            ended: false,
            next: Rc::default(),
        })
    }

    /// Goes over to what is put into `next`, at the next quantum.
    pub fn with_next(self, next: Rc<Cell<Option<Box<dyn Source>>>>) -> Self {
        Direct { next, ..self }
    }

    fn set_state(&self, state: ProducerState) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        ledger.state.store(state as u32, Ordering::Release);
        ledger.sequence.end();
    }

    /// Renders up to `frames` frames into the block; how many there are.
    fn render(&mut self, frames: usize) -> usize {
        let channels = self.shared.ring.channels();
        let info = RenderInfo {
            position: self.position,
            ring_position: self.producer.position(),
            sample_rate: self.shared.sample_rate,
            channels,
            heard_in: 0.0,
            underruns: u64::from(self.shared.consumer.0.underrun_events.load(Ordering::Relaxed)),
        };
        let block = &mut self.block[..frames * channels];
        let before = crate::allocations();
        let start = self.clock.now_ms();
        let written = self.source.render(block, &info).min(frames);
        self.ended = written < frames;
        let work = Work {
            ends: self.ended,
            took_ns: (self.clock.now_ms() - start).max(0.0) * 1e6,
            allocated: crate::allocations() - before,
        };
        let producer = &mut self.producer;
        account(&self.shared, &mut block[..written * channels], work, |_| {
            producer.advance(written);
            (written, 0)
        });
        self.position += written as u64;
        self.consumer.skip_to(self.producer.position());
        written
    }
}

impl<C: Clock> Reader for Direct<C> {
    fn look(&mut self) -> Look {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        ledger.heartbeat.add(1);
        ledger.sequence.end();
        let control = &self.shared.control;
        if control.stop.load(Ordering::Relaxed) != 0 && !self.ended {
            self.ended = true;
            self.set_state(ProducerState::Stopped);
        }
        assert!(control.panic.load(Ordering::Relaxed) == 0, "the page asked for a crash");
        let mut jumped = self.source.jumped();
        if let Some(source) = self.next.take() {
            self.source = source;
            jumped = true;
        }
        if jumped {
            (self.position, self.ended) = (0, false);
        }
        // Nothing is heard before the source has something.
        let priming = ledger.state.load(Ordering::Relaxed) == ProducerState::Priming as u32;
        if (priming || jumped) && !self.ended && self.source.available() > 0 {
            self.set_state(ProducerState::Running);
        }
        Look {
            flushed: jumped.then_some(0),
            ..Look::default()
        }
    }

    fn take(&mut self, out: &mut Planar, frames: usize, _repeat: bool) -> Taken {
        let channels = self.shared.ring.channels();
        let mut done = 0;
        while done < frames && !self.ended {
            let piece = (frames - done).min(self.block.len() / channels).min(self.source.available());
            if piece == 0 {
                break;
            }
            let written = self.render(piece);
            out.deinterleave(&self.block[..written * channels], done);
            done += written;
        }
        // There is no other time at which it could work ahead.
        self.source.prepare();
        Taken {
            frames: done,
            ended: self.ended,
            ..Taken::default()
        }
    }

    fn position(&self) -> u64 {
        self.consumer.position()
    }

    fn producer_waits(&mut self) -> bool {
        false
    }
}
