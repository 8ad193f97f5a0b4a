//! The other style of producer: it has sound and writes it, and waits while there is no room.

use core::time::Duration;

use super::Clock;
use super::delays::{Delays, Rest};
use super::pacer::{LONGEST_SLEEP, zero_non_finite};
use super::refusal::{Offer, Refusals, may_begin};
use crate::error::Error;
use crate::ledger::{ProducerLedger, ProducerState};
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Producer, Ticket, Until, Woken};
use crate::shared::SharedOutput;

/// A blocking writer (as PyAudio's and ALSA's `write`) with the ledger kept.
///
/// What its caller does between two calls counts as rendering: so underruns get an account, as those of a pulled source do.
///
/// ```
/// use core::time::Duration;
/// use noxrun::consume::Quanta;
/// use noxrun::render::{PushWriter, SystemClock};
/// use noxrun::shared::SharedOutput;
/// use std::sync::Arc;
///
/// let shared = Arc::new(SharedOutput::new(2, 512, 48_000.0)?);
/// let mut writer = PushWriter::new(shared.clone(), SystemClock::default())?;
/// let mut reader = Quanta::new(shared.clone(), 128)?;
///
/// // As much as fits; for the rest somebody would have to read, and nobody does.
/// assert_eq!(writer.write(&[0.5; 2 * 600], Duration::from_millis(1))?, 512);
/// reader.quantum(128, 0.0);
/// // By a clock of its own: what does not fit is dropped, and counted.
/// assert_eq!(writer.offer(&[0.5; 2 * 200])?, 128);
///
/// let books = shared.snapshot();
/// assert_eq!((books.consumer.fresh, books.producer.overrun_events, books.imbalance()), (128, 1, 0));
/// # Ok::<(), noxrun::Error>(())
/// ```
#[derive(Debug)]
pub struct PushWriter<C> {
    producer: Producer,
    shared: Arc<SharedOutput>,
    clock: C,
    delays: Delays,
    refusals: Refusals,
    /// For samples that need mending.
    mended: Vec<f32>,
    primed: bool,
    /// When the latest call returned, in ms.
    left_ms: Option<f64>,
}

impl<C: Clock> PushWriter<C> {
    /// Takes the output's writing end. `clock` measures what the caller and its sleeps take.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, clock: C) -> Result<Self, Error> {
        let producer = Producer::claim(shared.ring.clone())?;
        let mended = vec![0.0; shared.ring.channels() * 1024];
        let delays = Delays::new(&shared, clock.now_ms(), clock.origin_ms(), false);
        Ok(PushWriter {
            producer,
            shared,
            clock,
            delays,
            refusals: Refusals::default(),
            mended,
            primed: false,
            left_ms: None,
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
        let took_ms = self.back();
        let mut written = 0;
        loop {
            let ticket = self.producer.ticket();
            let taken = self.put(&interleaved[written * self.channels()..]);
            if written == 0 && taken > 0 {
                self.account_for(took_ms, frames, false);
            } else {
                self.delays.committed(&self.shared, self.clock.now_ms(), self.producer.position());
            }
            written += taken;
            if written == frames {
                break;
            }
            self.caught_up();
            if self.shared.control.stop.load(Ordering::Relaxed) != 0 {
                self.nothing_comes();
                break;
            }
            self.prime();
            if self.sleep(ticket, patience) {
                break;
            }
        }
        self.leave(frames);
        Ok(written)
    }

    /// Sleeps until there is room, a call, or `patience` is over; in pieces, so that the heartbeat goes on. Returns whether patience is over.
    fn sleep(&mut self, ticket: Ticket, mut patience: Duration) -> bool {
        loop {
            let witness_ms = self.delays.witness_ms(&self.shared, 1).min(LONGEST_SLEEP.as_secs_f64() * 1e3);
            let piece = patience.min(Duration::from_secs_f64(witness_ms / 1e3));
            let frame = Delays::asked(&self.shared) + 1;
            let from_ms = self.clock.now_ms();
            let woken = self.clock.sleep(&mut self.producer, ticket, Until::Room(1), piece);
            let now_ms = self.clock.now_ms();
            let (there, asked) = Delays::found(&self.shared, &mut self.producer, Until::Room(1));
            self.delays.slept(&self.shared, from_ms, now_ms, Rest::Room { frame }, there, asked);
            self.tell(|ledger| {
                ledger.heartbeat.add(1);
                ledger.sleeps.add(1);
                ledger.time_outs.add(u64::from(woken == Woken::TimedOut));
            });
            patience -= piece;
            if woken != Woken::TimedOut || patience.is_zero() {
                return woken == Woken::TimedOut;
            }
        }
    }

    /// For a producer with a clock of its own, which cannot wait: writes what fits and drops the rest. The sound begins with half a ring and a block ahead, so that there is room both for what is early and for what is late. What was dropped is counted as
    /// produced and dropped (`overflow`); a run of calls that were refused, wholly or in part, is one overrun. Returns the frames that fitted.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is written then.
    pub fn offer(&mut self, interleaved: &[f32]) -> Result<usize, Error> {
        let frames = self.whole_frames(interleaved)?;
        self.delays.go_by_own_clock();
        let took_ms = self.back();
        let written = self.put(interleaved);
        self.account_for(took_ms, frames, true);
        let offer = Offer {
            at_ms: self.clock.now_ms(),
            position: self.producer.position(),
            fill: self.producer.fill() as u64,
            refused: (frames - written) as u64,
            superseded: 0,
        };
        self.refusals.offered(&self.shared, &self.delays, offer);
        if may_begin(self.producer.ring().limit(), self.producer.write_available(), frames) {
            self.prime();
        }
        // It comes when it comes: each call is in time, as far as anybody can tell.
        self.caught_up();
        self.leave(frames);
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
        self.nothing_comes();
    }

    /// Drops what lies ahead: what is written next is heard at once.
    pub fn flush(&mut self) {
        self.delays.jumped();
        self.producer.flush();
    }

    /// Lives, though it has nothing to write.
    pub fn beat(&self) {
        self.tell(|ledger| ledger.heartbeat.add(1));
    }

    /// Says that the page asked to stop, and that it has.
    pub fn stop(&mut self) {
        self.set_state(ProducerState::Stopped);
        self.nothing_comes();
    }

    /// The caller is back: for how long it was gone, in ms. Nobody knows what it did before its first call.
    fn back(&mut self) -> f64 {
        let left_ms = self.left_ms.take();
        left_ms.map_or(0.0, |left_ms| (self.clock.now_ms() - left_ms).max(0.0))
    }

    /// The caller goes on, having brought `frames` frames. If as many more would not fit, the ring is as full as it should be.
    fn leave(&mut self, frames: usize) {
        if self.producer.write_available() < frames {
            self.caught_up();
        }
        self.left_ms = Some(self.clock.now_ms());
    }

    /// The caller took `took_ms` for `frames` frames, of which the first are in the ring. Of one with a clock of its own nobody knows how much of that was work.
    fn account_for(&mut self, took_ms: f64, frames: usize, own_clock: bool) {
        let took_ns = (took_ms * 1e6) as u64;
        self.tell(|ledger| {
            if own_clock {
                return;
            }
            ledger.render_ns.add(took_ns);
            ledger
                .lasted_ns
                .add((frames as f64 / f64::from(self.shared.sample_rate) * 1e9) as u64);
            ledger.longest_ns.set(ledger.longest_ns.get().max(took_ns));
        });
        let (now_ms, position) = (self.clock.now_ms(), self.producer.position());
        self.delays.rendered(&self.shared, now_ms, took_ms, frames as u64, position);
    }

    fn caught_up(&mut self) {
        let (position, ahead) = (self.producer.position(), self.producer.ahead() as u64);
        self.delays.caught_up(&self.shared, self.clock.now_ms(), position, ahead);
    }

    fn nothing_comes(&mut self) {
        let (now_ms, position) = (self.clock.now_ms(), self.producer.position());
        self.delays.nothing_comes(&self.shared, now_ms, position);
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
        self.tell(|ledger| ledger.state.store(state as u32, Ordering::Release));
    }

    /// Changes the ledger in one piece.
    fn tell(&self, change: impl FnOnce(&ProducerLedger)) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        change(ledger);
        ledger.sequence.end();
    }
}
