//! The producer's loop, one turn at a time: look for commands, render when there is room, else sleep until there is.

use core::time::Duration;

use super::{Clock, RenderInfo, Source};
use crate::error::{Error, in_range};
use crate::inject::{StallPlan, Staller};
use crate::ledger::{INJECTION_SLOTS, ProducerState};
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Producer, Ticket};
use crate::shared::SharedOutput;

/// Every sleep ends after this long at the latest, so that the heartbeat goes on.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_millis(250);

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

/// Drives a [`Source`] by the ring's room: back-pressure is its clock, so it cannot drift from the device's.
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
    freezes_done: u32,
    staller: Option<Staller>,
    primed: bool,
    ended: bool,
    /// While another sound is being rendered behind frames that are still to be discarded: where the sound ends that is heard meanwhile.
    changing: Option<u64>,
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
        Ok(Pacer {
            producer,
            shared,
            source,
            clock,
            block,
            block_frames,
            position: 0,
            mail_handled: 0,
            freezes_done: 0,
            staller: None,
            primed: false,
            ended: false,
            changing: None,
        })
    }

    /// Stalls from now on as planned; `None` ends it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn set_stalls(&mut self, plan: Option<StallPlan>) -> Result<(), Error> {
        self.staller = plan.map(|plan| Staller::new(plan, self.clock.now_ms())).transpose()?;
        Ok(())
    }

    /// Renders further ahead than the ring's size, as far as the storage allows with room left for another source: before work that takes long, such as opening one.
    pub fn build_up(&mut self) {
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
        self.position = 0;
        self.ended = false;
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
        self.tell(|ledger| ledger.heartbeat.add(1));
        // Before looking at anything: a call that comes after the look changes the word, and `wait` does not sleep.
        let ticket = self.producer.ticket();
        let control = &self.shared.control;
        if control.stop.load(Ordering::Relaxed) != 0 {
            self.set_state(ProducerState::Stopped);
            return Turn::Stopped;
        }
        assert!(control.panic.load(Ordering::Relaxed) == 0, "the page asked for a crash");
        if control.mail.load(Ordering::Relaxed) != self.mail_handled {
            return Turn::Mail;
        }
        if let Some(how_long) = self.fault_due() {
            self.stand_still(how_long);
            return Turn::Idle;
        }
        if self.source.jumped() {
            self.begin_anew();
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
        if !self.primed && !dry {
            self.primed = true;
            self.set_state(if self.ended { ProducerState::Ended } else { ProducerState::Running });
        }
        if !self.ended && self.prepare() {
            return Turn::Idle;
        }
        self.sleep(ticket, block, dry);
        Turn::Idle
    }

    /// Renders a block of up to `block` frames, if there is room for it and the source has any.
    fn advance(&mut self, block: usize) -> Step {
        if self.ended || self.producer.write_available() < block {
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

    /// Renders and commits one block of `frames` frames, for which there is room.
    fn render(&mut self, frames: usize) {
        let channels = self.producer.ring().channels();
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
        let work = Work {
            asked: frames,
            took_ns,
            allocated,
        };
        hand_over(&mut self.producer, &self.shared, &mut block[..written * channels], work);
        self.ended = written < frames;
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

    /// Sleeps until there is room for `frames`, or, when the source is `dry`, until the old sound is nearly over; or until a call, a fault or the heartbeat.
    fn sleep(&mut self, ticket: Ticket, frames: usize, dry: bool) {
        let fault = self
            .staller
            .as_ref()
            .map(|staller| Duration::from_secs_f64(staller.due_in(self.clock.now_ms()) / 1e3));
        let longest = fault.map_or(LONGEST_SLEEP, |fault| fault.min(LONGEST_SLEEP));
        // A source that has ended needs no room; it waits for mail.
        let woken = if self.ended {
            self.producer.wait_for_call(ticket, longest)
        } else if dry {
            // Room there is already; who brings frames calls.
            let change_at = self.change_at();
            self.producer.wait_for_reader(ticket, change_at, longest)
        } else {
            self.producer.wait(ticket, frames, longest)
        };
        self.tell(|ledger| {
            ledger.sleeps.add(1);
            ledger.time_outs.add(u64::from(woken == crate::ring::Woken::TimedOut));
        });
    }

    /// How long to stand still now, if a fault is due.
    fn fault_due(&mut self) -> Option<Duration> {
        let control = &self.shared.control;
        // Acquire: pairs with the page's store after `freeze_ms`.
        let freezes = control.freezes.load(Ordering::Acquire);
        if freezes != self.freezes_done {
            self.freezes_done = freezes;
            return Some(Duration::from_millis(u64::from(control.freeze_ms.load(Ordering::Relaxed))));
        }
        let now = self.clock.now_ms();
        let ms = self.staller.as_mut()?.due(now)?;
        Some(Duration::from_secs_f64(ms / 1e3))
    }

    /// Stands still and records it as it really was.
    fn stand_still(&mut self, how_long: Duration) {
        let start = self.clock.now_ms();
        let mut left = how_long;
        // In pieces with a heartbeat: who stands still on purpose is not lost, and stops when asked to.
        while !left.is_zero() && self.shared.control.stop.load(Ordering::Relaxed) == 0 {
            let piece = left.min(LONGEST_SLEEP);
            self.clock.stand_still(piece);
            self.tell(|ledger| ledger.heartbeat.add(1));
            left -= piece;
        }
        let lasted = self.clock.now_ms() - start;
        let at = self.clock.origin_ms() + start;
        let position = self.producer.position();
        self.tell(|ledger| {
            let record = &ledger.injections[(ledger.injected.get() % INJECTION_SLOTS as u64) as usize];
            record.at_us.set((at * 1e3).round() as u64);
            record.lasted_us.set((lasted * 1e3).round() as u64);
            record.position.set(position);
            ledger.injected.add(1);
        });
    }

    /// Lets the source work ahead; that is part of what rendering costs. Returns whether there is more to do.
    fn prepare(&mut self) -> bool {
        let start = self.clock.now_ms();
        let more = self.source.prepare();
        let took_ns = (self.clock.now_ms() - start).max(0.0) * 1e6;
        self.tell(|ledger| ledger.render_ns.add(took_ns as u64));
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
    /// Frames asked for. A block with fewer is the source's last.
    pub asked: usize,
    /// Time it took, in nanoseconds.
    pub took_ns: f64,
    /// Heap allocations it made.
    pub allocated: u64,
}

/// Commits a rendered block, for which there is room, and counts it: all that a block costs between the render buffer and the ring. The bench times this.
#[inline]
pub(crate) fn hand_over(producer: &mut Producer, shared: &SharedOutput, block: &mut [f32], work: Work) {
    let spoiled = zero_non_finite(block);
    let ledger = &shared.producer;
    ledger.sequence.begin();
    let written = producer.write(block).expect("a block holds whole frames");
    debug_assert_eq!(
        written * producer.ring().channels(),
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
    if written < work.asked {
        ledger.state.store(ProducerState::Ended as u32, Ordering::Release);
    }
    ledger.sequence.end();
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
