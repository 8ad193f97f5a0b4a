//! What lies between the two sides of one output, for any strategy.

use super::double::Double;
use super::slots::Slots;
use super::triple::Triple;
use super::{Heard, LatestReader, QueueReader, Reader, RingReader, Strategy};
use crate::error::Error;
use crate::ring::sync::Arc;
use crate::ring::{Consumer, Producer};
use crate::shared::SharedOutput;

/// The part of an output's shared state that differs between strategies. Positions, room and waking are the ring's in every case.
pub struct Exchange {
    strategy: Strategy,
    block_frames: usize,
    slots: Option<Arc<dyn Slots>>,
}

/// What became of a block, in frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Put {
    /// Committed.
    pub committed: usize,
    /// Of the block before, which nobody had taken: replaced.
    pub superseded: usize,
}

impl core::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Exchange")
            .field("strategy", &self.strategy)
            .field("block_frames", &self.block_frames)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    /// What `strategy` needs beside the ring, for blocks of up to `block_frames` frames of `channels` channels. Allocates.
    pub fn new(strategy: Strategy, channels: usize, block_frames: usize) -> Self {
        let slots: Option<Arc<dyn Slots>> = match strategy {
            Strategy::Double => Some(Arc::new(Double::new(channels, block_frames))),
            Strategy::Triple => Some(Arc::new(Triple::new(channels, block_frames))),
            _ => None,
        };
        Exchange {
            strategy,
            block_frames,
            slots,
        }
    }

    /// Which strategy it is of.
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Largest block, in frames.
    pub fn block_frames(&self) -> usize {
        self.block_frames
    }

    /// Commits a block, for which there is room unless only the newest counts: then there always is. The producer alone.
    #[inline]
    pub fn put(&self, producer: &mut Producer, block: &[f32]) -> Put {
        if let Some(slots) = &self.slots {
            let frames = block.len() / producer.ring().channels();
            if frames == 0 {
                return Put::default();
            }
            // First the position: whoever takes the block goes there.
            producer.advance(frames);
            return Put {
                committed: frames,
                superseded: slots.publish(block, producer.position()),
            };
        }
        let committed = if self.strategy.keeps_samples_in_ring() {
            producer.write(block).expect("a block holds whole frames")
        } else {
            // Somebody else takes the samples along.
            let frames = block.len() / producer.ring().channels();
            producer.advance(frames);
            frames
        };
        Put { committed, superseded: 0 }
    }
}

/// The audio thread's end of the output's exchange, for quanta of up to `quantum` frames. `in-worklet` has none of its own: see [`Direct`](super::Direct). Allocates.
///
/// # Errors
/// [`Error::AlreadyTaken`].
pub fn reader(shared: &Arc<SharedOutput>, quantum: usize) -> Result<Box<dyn Reader>, Error> {
    let consumer = Consumer::claim(shared.ring.clone())?;
    let exchange = &shared.exchange;
    Ok(match (&exchange.slots, exchange.strategy) {
        (Some(slots), _) => Box::new(LatestReader::new(slots.clone(), consumer, quantum)),
        (None, Strategy::Queue) => Box::new(QueueReader::new(consumer, exchange.block_frames)),
        (None, Strategy::BufferSource) => Box::new(Heard::new(consumer, quantum)),
        (None, _) => Box::new(RingReader::new(consumer)),
    })
}
