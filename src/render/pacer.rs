//! The producer's loop, one turn at a time: look for commands, render when there is room, else sleep until there is.

use core::time::Duration;

use super::delays::{Delays, Rest};
use super::pace::{Pace, Timer};
use super::refusal::{Offer, Refusals, may_begin};
use super::{Clock, RenderInfo, Source};
use crate::error::{Error, in_range};
use crate::ledger::ProducerState;
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Producer, Ticket, Until, Woken};
use crate::shared::SharedOutput;

/// Every sleep ends after this long at the latest, so that the heartbeat goes on.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_millis(250);
/// Samples by which two blocks are compared, or all where there are fewer. Real sound does not repeat so many, bit by bit, at a block's length.
const HEAD_SAMPLES: usize = 32;

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A block was rendered.
    Rendered,
    /// Slept, worked ahead or stood still; take another turn.
    Idle,
    /// There is mail: go and get it, say so with [`Pacer::handled`], and come back.
    Mail,
    /// The page asked to stop.
    Stopped,
    /// It wants to sleep for so long at most and may not block its thread ([`Naps`]): take the next turn then, or when somebody calls.
    Nap(Duration),
}

/// Which sleeps are left to whoever takes the turns, because its thread must go back to its event loop instead of waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naps {
    /// None: the thread may wait.
    #[default]
    Never,
    /// Those for something to happen, of which a message tells; until a time it waits as others do.
    ForNews,
    /// All: the page's own thread.
    Always,
}

/// A sleep that was left to whoever takes the turns.
#[derive(Debug, Clone, Copy)]
struct Nap {
    ticket: Ticket,
    until: Until,
    rest: Rest,
    longest: Duration,
    from_ms: f64,
}

/// Frames that are to be carried to the audio thread: those of the block that was rendered last, for strategies that carry it themselves.
#[cfg(any(feature = "strategies", feature = "embed"))]
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// Interleaved.
    pub samples: &'a [f32],
    /// Place of its end among all frames committed.
    pub end: u64,
    /// Frames that were committed after it and are to be carried next.
    pub behind: u64,
    /// Everything before this place is to be discarded.
    pub flushed_to: u64,
    /// Where the reader is when there is room for another block.
    pub room_at: u64,
}

/// What became of the attempt to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Rendered,
    /// There is no room, or the source has ended.
    Full,
    /// There is room, but the source has nothing yet.
    Dry,
}

/// Drives a [`Source`]: by the ring's room, so that back-pressure is its clock and it cannot drift from the device's, or by a clock of its own ([`Pace`]).
pub struct Pacer<C> {
    producer: Producer,
    shared: Arc<SharedOutput>,
    source: Box<dyn Source>,
    clock: C,
    /// Interleaved samples, the largest block there may be.
    block: Vec<f32>,
    /// Frames per block, unless the ring's limit is smaller.
    block_frames: usize,
    /// Frames since the source began.
    position: u64,
    mail_handled: u32,
    timer: Option<Timer>,
    refusals: Refusals,
    delays: Delays,
    /// How the latest block began: its first samples, as bits.
    head: [u32; HEAD_SAMPLES],
    /// When the loop was left for the mail, in ms.
    left_ms: Option<f64>,
    primed: bool,
    ended: bool,
    naps: Naps,
    /// When it woke, in ms.
    awake_ms: f64,
    /// The sleep that goes on, if one was left to whoever takes the turns.
    nap: Option<Nap>,
    /// Samples of the latest turn's block that were committed.
    #[cfg(feature = "strategies")]
    outgoing: usize,
    /// While another sound is being rendered behind frames that are still to be discarded: where the sound ends that is heard meanwhile.
    changing: Option<u64>,
    /// Where only the newest block counts: the next block is the first of another sound, and replaces what nobody has taken yet.
    replaces: bool,
}

impl<C: Clock> Pacer<C> {
    /// Longest block, in frames.
    pub const MAX_BLOCK: usize = 8192;

    /// Takes the output's writing end. `block_frames`: 1 to 8192 frames, rendered at once; smaller ones follow the device closer, larger ones cost less.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, source: Box<dyn Source>, block_frames: usize, clock: C) -> Result<Self, Error> {
        in_range("the block", block_frames as f64, 1.0, Self::MAX_BLOCK as f64, " frames")?;
        let producer = Producer::claim(shared.ring.clone())?;
        let block = vec![0.0; block_frames * shared.ring.channels()];
        let now_ms = clock.now_ms();
        let delays = Delays::new(&shared, now_ms, clock.origin_ms(), false);
        Ok(Pacer {
            producer,
            timer: None,
            refusals: Refusals::default(),
            delays,
            head: [0; HEAD_SAMPLES],
            left_ms: None,
            shared,
            source,
            clock,
            block,
            block_frames,
            position: 0,
            mail_handled: 0,
            primed: false,
            ended: false,
            naps: Naps::Never,
            awake_ms: now_ms,
            nap: None,
            #[cfg(feature = "strategies")]
            outgoing: 0,
            changing: None,
            replaces: false,
        })
    }

    /// Which of its sleeps are left to whoever takes the turns. Of those turns it is not counted how long the thread is busy: whoever takes them knows.
    pub fn set_naps(&mut self, naps: Naps) {
        self.naps = naps;
    }

    /// What the latest turn committed, if its samples are carried by whoever takes the turns.
    #[cfg(feature = "strategies")]
    pub fn outgoing(&self) -> Outgoing<'_> {
        let ring = self.producer.ring();
        let end = self.producer.position();
        let block = self.block_frames.min(ring.limit()) as u64;
        Outgoing {
            samples: &self.block[..self.outgoing],
            end,
            behind: 0,
            flushed_to: self.producer.flushed_to(),
            room_at: (end + block).saturating_sub(ring.limit() as u64),
        }
    }

    /// What [`Turn::Nap`] waits for to change: the ring's word as it was.
    pub fn nap_ticket(&self) -> u32 {
        self.nap.map_or_else(|| self.producer.ticket(), |nap| nap.ticket).0
    }

    /// Whether only the newest block counts: there is no room to be waited for before a change, nothing to be kept ahead.
    fn newest_counts(&self) -> bool {
        #[cfg(feature = "strategies")]
        return self.shared.exchange.strategy().newest_counts();
        #[cfg(not(feature = "strategies"))]
        false
    }

    /// What drives it from now on.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn set_pace(&mut self, pace: Pace) -> Result<(), Error> {
        let now = self.clock.now_ms();
        let block_ms = self.block_frames as f64 * 1e3 / f64::from(self.shared.sample_rate);
        self.timer = pace.timer(now, block_ms)?;
        self.delays = Delays::new(&self.shared, now, self.clock.origin_ms(), self.timer.is_some());
        Ok(())
    }

    /// Renders further ahead than the ring's size, as far as the storage allows with room left for another source: before work that takes long, such as opening one.
    pub fn build_up(&mut self) {
        // Whoever carries blocks away has to be asked for each.
        #[cfg(feature = "strategies")]
        if !self.shared.exchange.strategy().keeps_samples_in_ring() {
            self.tell(|ledger| ledger.heartbeat.add(1));
            return;
        }
        let ring = self.producer.ring();
        let room = ring.limit().min(Self::MAX_BLOCK);
        let (block, ahead) = (self.block_frames.min(ring.limit()), ring.capacity() - room);
        self.tell(|ledger| ledger.heartbeat.add(1));
        self.producer.keep_at_least(ahead);
        while self.advance(block) == Step::Rendered {}
        self.producer.keep_at_least(0);
    }

    /// Plays another source. What lies in the ring of the old one plays on until the new one has been rendered as far ahead as the ring's size and capacity allow; then it is discarded, so
    /// that the new sound is heard at once and without a gap.
    pub fn set_source(&mut self, source: Box<dyn Source>) {
        self.source = source;
        self.begin_anew();
    }

    /// Another sound follows: what lies in the ring plays on until there is enough of it.
    fn begin_anew(&mut self) {
        self.delays.jumped();
        self.position = 0;
        self.ended = false;
        if self.newest_counts() {
            // Nothing lies ahead that could play on; but the reader has to know which block is the first of the new sound.
            self.producer.flush();
            // A block of the old sound that lies there is not taken any more: waiting for room would be for ever.
            self.replaces = true;
            return;
        }
        // Of a sound that is itself replaced before it was heard, nothing need be heard: what plays is still the one before it.
        self.changing.get_or_insert(self.producer.position());
        self.producer.mark();
    }

    /// Discards what is left of the old sound.
    fn change_over(&mut self) {
        self.changing = None;
        self.producer.flush_to_mark();
    }

    /// Counts one message as handled.
    pub fn handled(&mut self) {
        self.mail_handled = self.mail_handled.wrapping_add(1);
    }

    /// Whether the source has ended.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Why the source ended before its end, once it has.
    pub fn failure(&self) -> Option<String> {
        self.ended.then(|| self.source.failure()).flatten()
    }

    /// One turn. To be called again and again, on a thread that may sleep.
    pub fn turn(&mut self) -> Turn {
        if let Some(nap) = self.nap.take() {
            let woken = self.producer.get_up(nap.ticket, nap.until);
            self.clock.overslept(&mut self.producer, woken, nap.until, nap.longest);
            self.woke(nap, woken);
        }
        #[cfg(feature = "strategies")]
        {
            self.outgoing = 0;
        }
        self.tell(|ledger| ledger.heartbeat.add(1));
        if let Some(left_ms) = self.left_ms.take() {
            self.delays.away((self.clock.now_ms() - left_ms).max(0.0));
        }
        // Before looking at anything: a call that comes after the look changes the word, and `sleep` does not sleep.
        let ticket = self.producer.ticket();
        let control = &self.shared.control;
        if control.stop.load(Ordering::Relaxed) != 0 {
            self.delays
                .nothing_comes(&self.shared, self.clock.now_ms(), self.producer.position());
            self.set_state(ProducerState::Stopped);
            return Turn::Stopped;
        }
        assert!(control.panic.load(Ordering::Relaxed) == 0, "the page asked for a crash");
        if control.mail.load(Ordering::Relaxed) != self.mail_handled {
            self.left_ms = Some(self.clock.now_ms());
            return Turn::Mail;
        }
        if self.source.jumped() {
            self.begin_anew();
        }
        if self.timer.is_some() {
            return self.turn_by_clock(ticket);
        }
        let block = self.block_frames.min(self.producer.ring().limit());
        let step = self.advance(block);
        if step == Step::Rendered {
            return Turn::Rendered;
        }
        let dry = step == Step::Dry;
        if self.changing.is_some() && (!dry || self.reader_at() >= self.change_at()) {
            self.change_over();
        }
        // A source that is only just in time has caught up as well.
        if !dry || self.producer.write_available() < 2 * block {
            self.caught_up();
        }
        if !dry {
            self.prime();
        }
        if !self.ended && self.prepare() {
            return Turn::Idle;
        }
        self.sleep(ticket, block, dry)
    }

    /// One turn by a clock of its own: a block when it is due, else sleep until it is.
    fn turn_by_clock(&mut self, ticket: Ticket) -> Turn {
        let now = self.clock.now_ms();
        let due_ms = self.timer.as_ref().map_or(now, Timer::due_ms);
        if self.ended || now < due_ms {
            self.caught_up();
            if !self.ended && self.prepare() {
                return Turn::Idle;
            }
            let left = if self.ended {
                LONGEST_SLEEP
            } else {
                Duration::from_secs_f64((due_ms - now).max(0.0) / 1e3)
            };
            let rest = if left < LONGEST_SLEEP { Rest::Time(due_ms) } else { Rest::Call };
            return self.sleep_for(ticket, Until::Call, rest, left.min(LONGEST_SLEEP));
        }
        let frames = self.source.available().min(self.block_frames);
        if frames > 0 {
            self.render(frames);
            if self.changing.is_some() {
                // By a clock of its own it cannot fill up with the new sound first: that begins at once.
                self.change_over();
            }
            let (limit, room) = (self.producer.ring().limit(), self.producer.write_available());
            if may_begin(limit, room, self.block_frames) {
                self.prime();
            }
        }
        if let Some(timer) = &mut self.timer {
            timer.ticked();
        }
        Turn::Rendered
    }

    /// The ring is as full as it should be.
    fn caught_up(&mut self) {
        let (position, ahead) = (self.producer.position(), self.producer.ahead() as u64);
        self.delays.caught_up(&self.shared, self.clock.now_ms(), position, ahead);
    }

    /// The ring is full for the first time: the sound begins.
    fn prime(&mut self) {
        if !self.primed {
            self.primed = true;
            self.set_state(if self.ended { ProducerState::Ended } else { ProducerState::Running });
        }
    }

    /// Renders a block of up to `block` frames, if there is room for it and the source has any.
    fn advance(&mut self, block: usize) -> Step {
        if self.ended || !self.replaces && self.producer.write_available() < block {
            return Step::Full;
        }
        let frames = self.source.available().min(block);
        if frames == 0 {
            return Step::Dry;
        }
        if self.changing.is_some() && self.producer.fill() == 0 {
            // The old sound is over. Said before the new one is there, this cannot come too late for its first frames.
            self.change_over();
        }
        self.render(frames);
        Step::Rendered
    }

    /// Position of the consumer.
    fn reader_at(&mut self) -> u64 {
        self.producer.position() - self.producer.fill() as u64
    }

    /// Position of the consumer at which a source that is dry has to do with what there is of the new sound: before the old one ends, with time for a callback that reads a good part of the
    /// ring at once, because only a change-over is faded. Without any new sound the old one plays to its end.
    fn change_at(&mut self) -> u64 {
        match self.changing {
            Some(old_end) if self.producer.ahead() > 0 => old_end.saturating_sub(self.producer.ring().limit() as u64 / 2),
            _ => u64::MAX,
        }
    }

    /// Renders one block of `frames` frames and commits it: as much of it as there is room for, which is all unless the producer has a clock of its own.
    fn render(&mut self, frames: usize) {
        let channels = self.producer.ring().channels();
        let newest_counts = self.newest_counts();
        let sample_rate = self.shared.sample_rate;
        let info = RenderInfo {
            position: self.position,
            ring_position: self.producer.position(),
            sample_rate,
            channels,
            heard_in: self.producer.ahead() as f64 / f64::from(sample_rate),
            underruns: u64::from(self.shared.consumer.0.underrun_events.load(Ordering::Relaxed)),
        };
        let block = &mut self.block[..frames * channels];
        let before = crate::allocations();
        let start = self.clock.now_ms();
        let written = self.source.render(block, &info).min(frames);
        let took_ns = (self.clock.now_ms() - start).max(0.0) * 1e6;
        let allocated = crate::allocations() - before;
        self.compare(frames);
        let block = &mut self.block[..frames * channels];
        let fits = match self.timer {
            Some(_) if !newest_counts => written.min(self.producer.write_available()),
            _ => written,
        };
        let work = Work {
            ends: written < frames,
            took_ns,
            allocated,
        };
        let superseded = hand_over(&mut self.producer, &self.shared, &mut block[..fits * channels], work);
        self.replaces = false;
        #[cfg(feature = "strategies")]
        {
            self.outgoing = fits * channels;
        }
        let now = self.clock.now_ms();
        self.ended = written < frames;
        let position = self.producer.position();
        self.delays.rendered(&self.shared, now, took_ns / 1e6, written as u64, position);
        if self.timer.is_some() {
            let offer = Offer {
                at_ms: now,
                position,
                fill: self.producer.fill() as u64,
                refused: (written - fits) as u64,
                superseded: superseded as u64,
            };
            self.refusals.offered(&self.shared, &self.delays, offer);
        }
        if self.ended {
            self.delays.nothing_comes(&self.shared, now, position);
        }
        if self.position == 0 && !self.ended {
            // Only now, when the sound before had ended: waiting for the first frames is no underrun. Before the ring was full for the first time it still has to become so.
            self.set_state(if self.primed {
                ProducerState::Running
            } else {
                ProducerState::Priming
            });
        }
        self.position += written as u64;
    }

    /// Counts a block that begins as the one before did, sample by sample, and neither with silence nor another constant: the source has handed out the same buffer again.
    fn compare(&mut self, frames: usize) {
        let samples = &self.block[..frames * self.producer.ring().channels()];
        let mut head = [0; HEAD_SAMPLES];
        for (bits, sample) in head.iter_mut().zip(samples) {
            *bits = sample.to_bits();
        }
        let compared = samples.len().min(HEAD_SAMPLES);
        let varied = head[..compared].iter().any(|bits| *bits != head[0]);
        if core::mem::replace(&mut self.head, head) == head && varied {
            self.tell(|ledger| ledger.identical_blocks.add(1));
        }
    }

    /// Sleeps until there is room for `frames`, or, when the source is `dry`, until the old sound is nearly over; or until a call or the heartbeat.
    fn sleep(&mut self, ticket: Ticket, frames: usize, dry: bool) -> Turn {
        let ring = self.producer.ring();
        let limit = ring.limit();
        let (until, rest, longest) = if self.ended {
            // It needs no room; it waits for mail.
            (Until::Call, Rest::Call, LONGEST_SLEEP)
        } else if dry {
            // Room there is already; who brings frames calls.
            (Until::Reader(self.change_at()), Rest::Dry, LONGEST_SLEEP)
        } else {
            let missing = frames.min(limit).saturating_sub(self.producer.write_available()) as u64;
            let frame = Delays::asked(&self.shared) + missing;
            let witness_ms = self.delays.witness_ms(&self.shared, missing).min(LONGEST_SLEEP.as_secs_f64() * 1e3);
            let longest = Duration::from_secs_f64(witness_ms / 1e3);
            (Until::Room(frames), Rest::Room { frame }, longest)
        };
        self.sleep_for(ticket, until, rest, longest)
    }

    /// Sleeps, or leaves that to whoever takes the turns.
    fn sleep_for(&mut self, ticket: Ticket, until: Until, rest: Rest, longest: Duration) -> Turn {
        let nap = Nap {
            ticket,
            until,
            rest,
            longest,
            from_ms: self.clock.now_ms(),
        };
        let naps = match self.naps {
            Naps::Never => false,
            Naps::ForNews => !matches!(rest, Rest::Time(_)),
            Naps::Always => true,
        };
        if !naps {
            let woken = self.clock.sleep(&mut self.producer, ticket, until, longest);
            self.woke(nap, woken);
            return Turn::Idle;
        }
        if self.producer.doze(until) {
            self.nap = Some(nap);
            return Turn::Nap(longest);
        }
        let woken = self.producer.get_up(ticket, until);
        self.woke(nap, woken);
        Turn::Idle
    }

    /// A sleep is over.
    fn woke(&mut self, nap: Nap, woken: Woken) {
        let Nap { rest, from_ms, until, .. } = nap;
        let (found, asked) = Delays::found(&self.shared, &mut self.producer, until);
        let there = match rest {
            Rest::Time(_) => woken == Woken::TimedOut,
            _ => found,
        };
        // Of turns that somebody else takes, that one knows.
        let busy_ms = if self.naps == Naps::Never {
            (from_ms - self.awake_ms).max(0.0)
        } else {
            0.0
        };
        self.awake_ms = self.clock.now_ms();
        self.delays.slept(&self.shared, from_ms, self.awake_ms, rest, there, asked);
        self.tell(|ledger| {
            ledger.busy_us.add((busy_ms * 1e3) as u64);
            ledger.sleeps.add(1);
            ledger.time_outs.add(u64::from(woken == Woken::TimedOut));
        });
    }

    /// Lets the source work ahead; that is part of what rendering costs. Returns whether there is more to do.
    fn prepare(&mut self) -> bool {
        let start = self.clock.now_ms();
        let more = self.source.prepare();
        let took_ms = (self.clock.now_ms() - start).max(0.0);
        self.delays.prepared(took_ms);
        self.tell(|ledger| ledger.render_ns.add((took_ms * 1e6) as u64));
        more
    }

    fn set_state(&self, state: ProducerState) {
        self.tell(|ledger| ledger.state.store(state as u32, Ordering::Release));
    }

    /// Changes the ledger in one piece.
    fn tell(&self, change: impl FnOnce(&crate::ledger::ProducerLedger)) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        change(ledger);
        ledger.sequence.end();
    }
}

/// What rendering a block came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// Whether this block is the source's last.
    pub ends: bool,
    /// Time it took, in nanoseconds.
    pub took_ns: f64,
    /// Heap allocations it made.
    pub allocated: u64,
}

/// Commits a rendered block, for which there is room, and counts it: all that a block costs between the render buffer and the ring. The bench times this. Returns the frames that it replaced, where only the newest block
/// counts.
#[inline]
pub(crate) fn hand_over(producer: &mut Producer, shared: &SharedOutput, block: &mut [f32], work: Work) -> usize {
    account(shared, block, work, |block| {
        #[cfg(feature = "strategies")]
        {
            let put = shared.exchange.put(producer, block);
            (put.committed, put.superseded)
        }
        #[cfg(not(feature = "strategies"))]
        (producer.write(block).expect("a block holds whole frames"), 0)
    })
}

/// Counts a rendered block that `put` commits; that returns the frames committed, and those that they replaced. Returns the latter.
#[inline]
pub(crate) fn account(shared: &SharedOutput, block: &mut [f32], work: Work, put: impl FnOnce(&[f32]) -> (usize, usize)) -> usize {
    let spoiled = zero_non_finite(block);
    let ledger = &shared.producer;
    ledger.sequence.begin();
    let (written, superseded) = put(block);
    debug_assert_eq!(
        written * shared.ring.channels(),
        block.len(),
        "room once seen stays, even when the page lowers the limit meanwhile"
    );
    ledger.produced.add(written as u64);
    ledger.blocks.add(1);
    ledger.render_ns.add(work.took_ns as u64);
    ledger.lasted_ns.add((written as f64 / f64::from(shared.sample_rate) * 1e9) as u64);
    ledger.longest_ns.set(ledger.longest_ns.get().max(work.took_ns as u64));
    ledger.non_finite.add(spoiled);
    ledger.allocations.add(work.allocated);
    if work.ends {
        ledger.state.store(ProducerState::Ended as u32, Ordering::Release);
    }
    #[cfg(feature = "strategies")]
    if shared.exchange.strategy().newest_counts() && written > 0 {
        ledger.newest.set(written as u64);
        ledger.dropped[crate::ledger::DroppedBy::Superseded as usize].add(superseded as u64);
    }
    ledger.sequence.end();
    superseded
}

/// Replaces what is NaN or infinite by 0 and counts it: one such sample in a graph can silence every filter after it for good.
pub(super) fn zero_non_finite(block: &mut [f32]) -> u64 {
    if all_finite(block) {
        return 0;
    }
    let mut spoiled = 0;
    for sample in block.iter_mut().filter(|sample| !sample.is_finite()) {
        *sample = 0.0;
        spoiled += 1;
    }
    spoiled
}

/// Whether every sample is a number; nearly always true, so there is no early exit.
fn all_finite(block: &[f32]) -> bool {
    /// Samples at a time: groups of a fixed length become vector instructions without a rest.
    const LANES: usize = 8;
    /// The sign bit and the bits of infinity.
    const SIGN: u32 = 1 << 31;
    const INFINITE: u32 = f32::INFINITY.to_bits();
    let (groups, rest) = block.as_chunks::<LANES>();
    // Without its sign, what is not finite is the largest as an integer.
    let mut largest = [0_u32; LANES];
    for group in groups {
        for (largest, sample) in largest.iter_mut().zip(group) {
            *largest = (*largest).max(sample.to_bits() & !SIGN);
        }
    }
    largest.iter().all(|bits| *bits < INFINITE) && rest.iter().all(|sample| sample.is_finite())
}
