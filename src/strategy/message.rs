//! `message-copy` and `message-transfer`: each block travels as a message from the producer's worker to the audio thread, which writes it into a ring of its own memory and reads that ring as any other.
//!
//! Nothing is shared: both sides run the same module, each over its own memory. The producer has the ring's positions only; it learns how far the reader is from answers. Each message carries its number, its place and the producer's
//! running totals, so what was received adds up at any time: what was not received when a worker died was never produced.
//!
//! ```text
//! worker:  Pacer ─> block + header ──message──> Receiver ─> ring ─> Quanta      audio thread
//!            ^                                                        |
//!            └──────── Answer (read so far), once a block has room <──┘
//! ```

use crate::error::Error;
use crate::ledger::{DroppedBy, ProducerLedger};
use crate::render::Outgoing;
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Consumer, Producer, Until};
use crate::shared::SharedOutput;

/// Numbers before the samples of each message.
pub const HEADER: usize = 32;

/// Bytes of a message with `samples` samples.
pub const fn bytes(samples: usize) -> usize {
    HEADER * size_of::<f64>() + samples * size_of::<f32>()
}

/// Puts samples behind a header, as pairs of them: the message is of doubles, so that it begins where a double may.
#[cfg(any(target_family = "wasm", feature = "embed"))]
pub(crate) fn pack(message: &mut [f64], samples: &[f32]) {
    let (pairs, rest) = samples.as_chunks::<2>();
    let both = |[first, second]: [f32; 2]| f64::from_bits(u64::from(second.to_bits()) << 32 | u64::from(first.to_bits()));
    let last = rest.first().map(|sample| [*sample, 0.0]);
    for (place, pair) in message.iter_mut().zip(pairs.iter().copied().chain(last)) {
        *place = both(pair);
    }
}

/// What stands where in the header. Frames unless said otherwise; all fit into the whole numbers of a double.
#[derive(Debug, Clone, Copy)]
#[repr(usize)]
enum Place {
    /// Number of the message, from 1.
    Sequence = 0,
    /// Frames in it; may be none.
    Frames = 1,
    /// Place of its end among all frames committed.
    End = 2,
    /// The reader discards what lies before (a seek).
    FlushTo = 3,
    /// Where the reader will be when there is room for another block.
    AnswerAt = 4,
    /// When it was sent, in ms since the epoch.
    SentMs = 5,
    /// Frames that the reader is to ask for at once, and how often: a fault on purpose.
    BurstFrames = 6,
    BurstEvery = 7,
    /// The producer's state, then its totals, in the order of `totals`.
    Totals = 8,
}

/// The running totals that a message brings along.
fn totals(ledger: &ProducerLedger) -> impl Iterator<Item = &crate::ring::Count> {
    let fixed = [
        &ledger.produced,
        &ledger.blocks,
        &ledger.render_ns,
        &ledger.lasted_ns,
        &ledger.longest_ns,
        &ledger.overrun_events,
        &ledger.identical_blocks,
        &ledger.non_finite,
        &ledger.allocations,
        &ledger.heartbeat,
        &ledger.sleeps,
        &ledger.time_outs,
        &ledger.latest_us,
    ];
    fixed.into_iter().chain(&ledger.dropped)
}

/// Writes headers, on the producer's side.
#[derive(Debug, Default)]
pub struct Sender {
    sent: u64,
    flushed_to: u64,
}

impl Sender {
    /// The header of a message with what `outgoing` says, sent at `now_ms` since the epoch; `None` when there is nothing to tell: no frames, no new flush, no new state.
    pub fn header(&mut self, shared: &SharedOutput, outgoing: &Outgoing<'_>, told_state: u32, now_ms: f64) -> Option<[f64; HEADER]> {
        let ledger = &shared.producer;
        let frames = outgoing.samples.len() / shared.ring.channels();
        // A new state is of the time after all that is on its way.
        let state = match outgoing.behind {
            0 => ledger.state.load(Ordering::Relaxed),
            _ => told_state,
        };
        if frames == 0 && outgoing.flushed_to == self.flushed_to && state == told_state {
            return None;
        }
        self.sent += 1;
        self.flushed_to = outgoing.flushed_to;
        let mut header = [0.0; HEADER];
        let mut put = |place: usize, value: f64| header[place] = value;
        put(Place::Sequence as usize, self.sent as f64);
        put(Place::Frames as usize, frames as f64);
        put(Place::End as usize, outgoing.end as f64);
        put(Place::FlushTo as usize, outgoing.flushed_to as f64);
        put(Place::AnswerAt as usize, outgoing.room_at as f64);
        put(Place::SentMs as usize, now_ms);
        put(
            Place::BurstFrames as usize,
            f64::from(shared.control.burst_frames.load(Ordering::Relaxed)),
        );
        put(
            Place::BurstEvery as usize,
            f64::from(shared.control.burst_every.load(Ordering::Relaxed)),
        );
        put(Place::Totals as usize, f64::from(state));
        for (place, count) in (Place::Totals as usize + 1..).zip(totals(ledger)) {
            put(place, count.get() as f64);
        }
        // What follows later was not produced yet, as far as the receiver is concerned.
        header[Place::Totals as usize + 1] -= outgoing.behind as f64;
        Some(header)
    }
}

/// How far the reader is, as the producer hears of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answer {
    /// Position after the last frame read or discarded.
    pub read: u64,
    /// Frames asked for by the browser.
    pub requested: u64,
    /// Underruns begun so far.
    pub underruns: u32,
    /// Place in the ring of the first frame that the latest of them missed.
    pub starved_at: u64,
}

impl Answer {
    /// Writes it down on the producer's side.
    pub(crate) fn store(self, shared: &SharedOutput) {
        let reader = &shared.consumer.0;
        reader.requested.store(self.requested, Ordering::Relaxed);
        reader.starved_at.store(self.starved_at, Ordering::Relaxed);
        reader.underrun_events.store(self.underruns, Ordering::Release);
    }

    /// As it stands on the audio thread.
    pub fn of(shared: &SharedOutput) -> Answer {
        let consumer = &shared.consumer.0;
        Answer {
            read: shared.ring.read_position(),
            requested: consumer.requested.load(Ordering::Relaxed),
            underruns: consumer.underrun_events.load(Ordering::Relaxed),
            starved_at: consumer.starved_at.load(Ordering::Relaxed),
        }
    }
}

/// The reader's place in the producer's own memory: moved when an answer comes.
#[derive(Debug)]
pub struct Mirror {
    shared: Arc<SharedOutput>,
    consumer: Consumer,
}

impl Mirror {
    /// Takes the reading end of the producer's own ring.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>) -> Result<Self, Error> {
        let consumer = Consumer::claim(shared.ring.clone())?;
        Ok(Mirror { shared, consumer })
    }

    /// An answer came: there may be room now.
    pub fn hear(&mut self, answer: Answer) {
        answer.store(&self.shared);
        self.consumer.skip_to(answer.read);
        self.shared.ring.call();
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It is in the ring. The answer is due once there is room: [`Quanta`](crate::consume::Quanta) says so as where a producer is to be woken.
    Later,
    /// It is in the ring, and the answer is due now.
    AnswerNow,
    /// It was not the next one: nothing was taken over.
    OutOfOrder,
}

/// Writes what arrives into the audio thread's own ring.
///
/// # Real-time
/// [`receive`](Receiver::receive) runs on the audio thread between two callbacks: it waits for nothing and allocates nothing.
#[derive(Debug)]
pub struct Receiver {
    shared: Arc<SharedOutput>,
    producer: Producer,
    received: u64,
    /// Frames that did not fit.
    overflow: u64,
}

impl Receiver {
    /// Takes the writing end of the audio thread's ring.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>) -> Result<Self, Error> {
        let mut producer = Producer::claim(shared.ring.clone())?;
        // How much is on its way is the sender's business: while a sound replaces another, both are.
        producer.keep_at_least(shared.ring.capacity());
        Ok(Receiver {
            shared,
            producer,
            received: 0,
            overflow: 0,
        })
    }

    /// A message arrived at `now_ms` since the epoch (in whole milliseconds), with `samples` behind its header: as many as the header says, or more.
    pub fn receive(&mut self, header: &[f64; HEADER], samples: &[f32], now_ms: f64) -> Received {
        let at = |place: Place| header[place as usize];
        if at(Place::Sequence) as u64 != self.received + 1 {
            return Received::OutOfOrder;
        }
        self.received += 1;
        // Nothing was waited for while it was on its way.
        self.producer.get_up(self.producer.ticket(), Until::Call);
        let channels = self.shared.ring.channels();
        let samples = &samples[..samples.len().min(at(Place::Frames) as usize * channels)];
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        let written = self.producer.write(samples).unwrap_or_default();
        self.overflow += (samples.len() / channels - written) as u64;
        for (count, value) in totals(ledger).zip(&header[Place::Totals as usize + 1..]) {
            count.set(*value as u64);
        }
        ledger.dropped[DroppedBy::Overflow as usize].add(self.overflow);
        ledger.messages.add(1);
        // Its clock ticks in whole milliseconds: half of one is how much it is behind on average.
        let transit_us = (now_ms + 0.5 - at(Place::SentMs)) * 1e3;
        ledger
            .transit_us
            .set(ledger.transit_us.get().wrapping_add_signed(transit_us as i64));
        ledger.state.store(at(Place::Totals) as u32, Ordering::Release);
        ledger.sequence.end();
        self.producer.flush_to(at(Place::FlushTo) as u64);
        let control = &self.shared.control;
        control.burst_every.store(at(Place::BurstEvery) as u32, Ordering::Relaxed);
        control.burst_frames.store(at(Place::BurstFrames) as u32, Ordering::Relaxed);
        let until = Until::Reader(at(Place::AnswerAt) as u64);
        let ticket = self.producer.ticket();
        if self.producer.doze(until) {
            return Received::Later;
        }
        // The reader need not call for what is answered now.
        self.producer.get_up(ticket, until);
        Received::AnswerNow
    }
}
