//! The other style of producer: it has sound and writes it, and waits while there is no room.

use core::time::Duration;

use super::pacer::{LONGEST_SLEEP, zero_non_finite};
use crate::error::Error;
use crate::ledger::{DroppedBy, ProducerState};
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Producer, Ticket, Woken};
use crate::shared::SharedOutput;

/// A blocking writer (as PyAudio's and ALSA's `write`) with the ledger kept.
#[derive(Debug)]
pub struct PushWriter {
    producer: Producer,
    shared: Arc<SharedOutput>,
    /// For samples that need mending.
    mended: Vec<f32>,
    primed: bool,
}

impl PushWriter {
    /// Takes the output's writing end.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>) -> Result<Self, Error> {
        let producer = Producer::claim(shared.ring.clone())?;
        let mended = vec![0.0; shared.ring.channels() * 1024];
        Ok(PushWriter {
            producer,
            shared,
            mended,
            primed: false,
        })
    }

    /// Frames that [`write`](PushWriter::write) takes without waiting.
    pub fn write_available(&mut self) -> usize {
        self.producer.write_available()
    }

    /// Writes all of `interleaved`, sleeping while the ring is full, for `patience` at most for each piece. Returns the frames written: fewer than given when the page asked
    /// to stop or patience ran out (the context is suspended, say); the rest was not taken and may be written again. Not for threads that must not sleep.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is written then.
    pub fn write(&mut self, interleaved: &[f32], patience: Duration) -> Result<usize, Error> {
        let frames = self.whole_frames(interleaved)?;
        let mut written = 0;
        loop {
            let ticket = self.producer.ticket();
            let taken = self.put(&interleaved[written * self.channels()..]);
            written += taken;
            if written == frames || self.shared.control.stop.load(Ordering::Relaxed) != 0 {
                return Ok(written);
            }
            self.prime();
            if self.sleep(ticket, patience) {
                return Ok(written);
            }
        }
    }

    /// Sleeps until there is room, a call, or `patience` is over; in pieces, so that the heartbeat goes on. Returns whether patience is over.
    fn sleep(&mut self, ticket: Ticket, mut patience: Duration) -> bool {
        loop {
            let piece = patience.min(LONGEST_SLEEP);
            let woken = self.producer.wait(ticket, 1, piece);
            let ledger = &self.shared.producer;
            ledger.sequence.begin();
            ledger.heartbeat.add(1);
            ledger.sleeps.add(1);
            ledger.time_outs.add(u64::from(woken == Woken::TimedOut));
            ledger.sequence.end();
            patience -= piece;
            if woken != Woken::TimedOut || patience.is_zero() {
                return woken == Woken::TimedOut;
            }
        }
    }

    /// For a producer with a clock of its own, which cannot wait: writes what fits and drops the rest. The sound begins when another such block would not fit. What was dropped is counted as produced and dropped (`overflow`), and the
    /// call as an overrun. Returns the frames that fitted.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is written then.
    pub fn offer(&mut self, interleaved: &[f32]) -> Result<usize, Error> {
        let frames = self.whole_frames(interleaved)?;
        let written = self.put(interleaved);
        let refused = (frames - written) as u64;
        if self.producer.write_available() < frames {
            self.prime();
        }
        if refused > 0 {
            let ledger = &self.shared.producer;
            ledger.sequence.begin();
            ledger.produced.add(refused);
            ledger.dropped[DroppedBy::Overflow as usize].add(refused);
            ledger.overrun_events.add(1);
            ledger.sequence.end();
        }
        Ok(written)
    }

    /// Lets the sound begin although the ring is not full yet.
    pub fn prime(&mut self) {
        if !self.primed {
            self.primed = true;
            self.set_state(ProducerState::Running);
        }
    }

    /// Says that nothing more comes: what follows in the output is silence by `ended`, not an underrun.
    pub fn end(&mut self) {
        self.primed = true;
        self.set_state(ProducerState::Ended);
    }

    fn channels(&self) -> usize {
        self.producer.ring().channels()
    }

    fn whole_frames(&self, interleaved: &[f32]) -> Result<usize, Error> {
        let channels = self.channels();
        match interleaved.len() % channels {
            0 => Ok(interleaved.len() / channels),
            _ => Err(Error::NotWholeFrames {
                len: interleaved.len(),
                channels,
            }),
        }
    }

    /// Commits what fits. Returns the frames taken.
    fn put(&mut self, interleaved: &[f32]) -> usize {
        let channels = self.channels();
        let mut taken = 0;
        while taken * channels < interleaved.len() {
            let rest = &interleaved[taken * channels..];
            let piece = rest.len().min(self.mended.len()).min(self.producer.write_available() * channels);
            if piece == 0 {
                break;
            }
            let mended = &mut self.mended[..piece];
            mended.copy_from_slice(&rest[..piece]);
            let spoiled = zero_non_finite(mended);
            let ledger = &self.shared.producer;
            ledger.sequence.begin();
            let frames = self.producer.write(mended).expect("a piece holds whole frames");
            ledger.produced.add(frames as u64);
            ledger.blocks.add(1);
            ledger.non_finite.add(spoiled);
            ledger.heartbeat.add(1);
            ledger.sequence.end();
            taken += frames;
        }
        taken
    }

    fn set_state(&self, state: ProducerState) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        ledger.state.store(state as u32, Ordering::Release);
        ledger.sequence.end();
    }
}
