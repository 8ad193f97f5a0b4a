//! The producer's end of messages, of whatever brings frames: what lies in its own ring is carried on in order, in pieces.
//!
//! The strategies `message-copy` and `message-transfer` carry the block that was rendered; this carries what was pushed or offered as well, at the price of one copy more.

use super::message::{Answer, HEADER, Sender, bytes, pack};
use crate::error::Error;
use crate::render::Outgoing;
use crate::ring::Consumer;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Frames in a message at most, unless a block is longer: what a producer with a clock of its own brings at once is cut into these.
const PIECE: usize = 1024;

/// Reads the producer's ring without freeing room: that is for the audio thread's answers to do.
#[derive(Debug)]
pub struct Forward {
    shared: Arc<SharedOutput>,
    sender: Sender,
    consumer: Consumer,
    /// Place of the first frame that was not sent yet.
    sent: u64,
    block: u64,
    /// The header, then the samples as pairs of them.
    message: Box<[f64]>,
    samples: Box<[f32]>,
    told_state: u32,
}

impl Forward {
    /// For a producer of blocks of `block` frames. Allocates.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, block: usize) -> Result<Self, Error> {
        let samples = block.max(PIECE) * shared.ring.channels();
        Ok(Forward {
            consumer: Consumer::claim(shared.ring.clone())?,
            sender: Sender::default(),
            sent: 0,
            block: block as u64,
            message: vec![0.0; HEADER + samples.div_ceil(2)].into(),
            samples: vec![0.0; samples].into(),
            told_state: 0,
            shared,
        })
    }

    /// Writes down the next message, at `now_ms` since the epoch; its bytes, 0 where there is nothing to tell.
    pub fn fill(&mut self, now_ms: f64) -> usize {
        let ring = &self.shared.ring;
        let frames = self.consumer.peek(self.sent, &mut self.samples);
        let (write, limit) = (ring.write_position(), ring.limit() as u64);
        let end = self.sent + frames as u64;
        let outgoing = Outgoing {
            samples: &self.samples[..frames * ring.channels()],
            end,
            behind: write - end,
            flushed_to: ring.flush_position().min(end),
            room_at: (write + self.block.min(limit)).saturating_sub(limit),
        };
        let Some(header) = self.sender.header(&self.shared, &outgoing, self.told_state, now_ms) else {
            return 0;
        };
        if outgoing.behind == 0 {
            self.told_state = self.shared.producer.state.load(Ordering::Relaxed);
        }
        self.sent = end;
        self.message[..HEADER].copy_from_slice(&header);
        pack(&mut self.message[HEADER..], outgoing.samples);
        bytes(outgoing.samples.len())
    }

    /// The latest message, and room for the longest.
    pub fn message(&self) -> &[f64] {
        &self.message
    }

    /// An answer came: there may be room now.
    pub fn hear(&mut self, answer: Answer) {
        answer.store(&self.shared);
        let read = (answer.read.min(self.sent)).saturating_sub(self.consumer.position());
        self.consumer.read_available();
        self.consumer.commit(read as usize);
        self.shared.ring.call();
    }
}
