//! The producer's end of messages (feature `strategies`): one at a time, as bytes in the worker's memory, for `worklet/producer.js` to send.

use crate::error::Error;
use crate::render::Outgoing;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::strategy::message::{Answer, HEADER, Mirror, Sender, bytes, pack};

/// What is to be sent.
pub(super) struct Outbox {
    sender: Sender,
    mirror: Mirror,
    /// The header, then the samples as pairs of them.
    message: Box<[f64]>,
    told_state: u32,
}

impl Outbox {
    /// For blocks of up to `block_frames` frames. Allocates.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: &Arc<SharedOutput>, block_frames: usize) -> Result<Self, Error> {
        let samples = block_frames * shared.ring.channels();
        Ok(Outbox {
            sender: Sender::default(),
            mirror: Mirror::new(shared.clone())?,
            message: vec![0.0; HEADER + samples.div_ceil(2)].into(),
            told_state: 0,
        })
    }

    /// Writes down a message with what is outgoing, at `now_ms` since the epoch; its bytes, 0 where there is nothing to tell.
    pub fn fill(&mut self, shared: &SharedOutput, outgoing: &Outgoing<'_>, now_ms: f64) -> usize {
        let Some(header) = self.sender.header(shared, outgoing, self.told_state, now_ms) else {
            return 0;
        };
        self.told_state = shared.producer.state.load(Ordering::Relaxed);
        self.message[..HEADER].copy_from_slice(&header);
        pack(&mut self.message[HEADER..], outgoing.samples);
        bytes(outgoing.samples.len())
    }

    /// Address of the message.
    pub fn address(&self) -> usize {
        self.message.as_ptr() as usize
    }

    /// Most bytes of a message.
    pub fn longest(&self) -> usize {
        self.message.len() * size_of::<f64>()
    }

    /// An answer came.
    pub fn hear(&mut self, read: u64, requested: u64, underruns: u32, starved_at: u64) {
        self.mirror.hear(Answer {
            read,
            requested,
            underruns,
            starved_at,
        });
    }
}
