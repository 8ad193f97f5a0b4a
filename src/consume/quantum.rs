//! One render quantum: what to put out, and what to write in the ledger about it.

use super::index_check::IndexCheck;
use super::{BurstMeter, Planar};
use crate::conceal::{FADE_FRAMES, Fade, Tail};
use crate::error::{Error, in_range};
use crate::ledger::{ConsumerLedger, DroppedBy, Ending, ProducerState, SilentBy, UNDERRUN_SLOTS};
use crate::ring::Consumer;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Serves render quanta from an output's ring.
///
/// # Real-time
/// [`quantum`](Quanta::quantum) allocates nothing, takes no lock, never waits, and its work is bounded by frames times channels.
#[derive(Debug)]
pub struct Quanta {
    shared: Arc<SharedOutput>,
    service: Service,
}

/// All that changes from quantum to quantum; apart from the shared state, so that the two can be borrowed at once.
#[derive(Debug)]
struct Service {
    consumer: Consumer,
    /// This quantum and the one before, which is what a fade tail is made of; they take turns.
    quanta: [Planar; 2],
    /// Which of the two is the latest.
    latest: usize,
    fade: Fade,
    tail: Tail,
    /// How far the sound is faded in: 0 silent, [`FADE_FRAMES`] full.
    level: usize,
    /// Whether the ring has been filled for the first time.
    started: bool,
    /// Whether the latest underrun goes on.
    starving: bool,
    index: IndexCheck,
    bursts: BurstMeter,
    fill_bucket: usize,
}

/// How a quantum's frames divide: `fresh`, then `missing` for want of data, then `resting` on purpose.
#[derive(Debug, Clone, Copy)]
struct Parts {
    fresh: usize,
    missing: usize,
    resting: usize,
    why: SilentBy,
    /// Whether the fresh frames are the fade before a pause.
    pausing: bool,
}

impl Quanta {
    /// Longest render quantum, in frames (the specification's own limit is lower in every browser so far).
    pub const MAX_QUANTUM: usize = 32_768;

    /// Takes the output's reading end, for quanta of up to `frames` frames (1 to 32,768; longer ones are served in pieces). Allocates.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, frames: usize) -> Result<Self, Error> {
        in_range("the render quantum", frames as f64, 1.0, Self::MAX_QUANTUM as f64, " frames")?;
        let consumer = Consumer::claim(shared.ring.clone())?;
        let channels = shared.ring.channels();
        let service = Service {
            consumer,
            quanta: [Planar::new(channels, frames), Planar::new(channels, frames)],
            latest: 0,
            fade: Fade::default(),
            tail: Tail::new(channels),
            level: FADE_FRAMES,
            started: false,
            starving: false,
            index: IndexCheck::default(),
            bursts: BurstMeter::new(),
            fill_bucket: ConsumerLedger::fill_bucket_frames(shared.ring.capacity()),
        };
        Ok(Quanta { shared, service })
    }

    /// Frames that one call serves at most.
    pub fn longest(&self) -> usize {
        self.service.quanta[0].stride()
    }

    /// Both staging areas, of which [`quantum`](Quanta::quantum) says which holds the result.
    pub fn staging(&self) -> &[Planar; 2] {
        &self.service.quanta
    }

    /// Whether the next call should bring the time: reading it costs garbage in JS, so it is wanted only now and then.
    pub fn wants_time(&self) -> bool {
        self.service.bursts.wants_time()
    }

    /// Serves `frames` frames ([`longest`](Quanta::longest) at most). `now_ms` is any clock in milliseconds, looked at only while [`wants_time`](Quanta::wants_time). Returns which of the two
    /// staging areas holds them.
    pub fn quantum(&mut self, frames: usize, now_ms: f64) -> usize {
        let frames = frames.min(self.longest());
        let Quanta { shared, service } = self;
        let ledger = &shared.consumer.0;
        ledger.sequence.begin();
        service.serve(shared, frames, now_ms);
        ledger.sequence.end();
        // After the positions are out: a producer woken now finds its room.
        if service.consumer.wake_producer() {
            ledger.sequence.begin();
            ledger.wakes.add(1);
            ledger.sequence.end();
        }
        service.latest
    }

    /// Whether the ring has been filled for the first time, so that something is heard.
    pub fn started(&self) -> bool {
        self.service.started
    }
}

impl Service {
    fn serve(&mut self, shared: &SharedOutput, frames: usize, now_ms: f64) {
        let ledger = &shared.consumer.0;
        let allocations = crate::allocations();
        self.latest ^= 1;
        self.quanta[self.latest].set_frames(frames);
        self.count_burst(shared, now_ms);
        // Before looking at the fill: a producer that has ended has committed everything.
        let state = ProducerState::from_number(shared.producer.state.load(Ordering::Acquire));
        self.flush(ledger);
        let parts = self.read(shared, frames, state);
        self.fade_fresh(parts);
        let concealed = self.fill_missing(parts);
        if parts.resting > 0 {
            self.quanta[self.latest]
                .channels_mut()
                .for_each(|channel| channel[frames - parts.resting..].fill(0.0));
            // What comes after the rest begins from silence, not with the end of an old tail.
            self.tail.advance(FADE_FRAMES);
        }
        self.account(ledger, frames, parts, concealed);
        ledger.allocations.add(crate::allocations() - allocations);
    }

    /// Looks at the fill and discards what the producer wants discarded, fading what was heard before.
    fn flush(&mut self, ledger: &ConsumerLedger) {
        if let Some(dropped) = self.consumer.apply_flush() {
            ledger.dropped[DroppedBy::Seek as usize].add(dropped as u64);
            self.index.forget();
            self.cut(0);
        }
    }

    /// Reads what there is and decides what the rest is.
    fn read(&mut self, shared: &SharedOutput, frames: usize, state: ProducerState) -> Parts {
        let ledger = &shared.consumer.0;
        let rest = |why| Parts {
            fresh: 0,
            missing: 0,
            resting: frames,
            why,
            pausing: false,
        };
        if !self.started && state == ProducerState::Priming {
            return rest(SilentBy::Startup);
        }
        let pausing = shared.control.paused.load(Ordering::Relaxed) != 0;
        if pausing && !self.started {
            // Nothing was heard yet, so there is nothing to fade out.
            self.level = 0;
        }
        self.started = true;
        if pausing && self.level == 0 {
            return rest(SilentBy::Paused);
        }
        // Of the look in `flush`: frames that came since may lie behind another flush, and are the next quantum's.
        let fill = self.consumer.known_available();
        ledger.fill[(fill / self.fill_bucket).min(ledger.fill.len() - 1)].add(1);
        // On the way to a pause only the fade is played.
        let wanted = if pausing { frames.min(self.level) } else { frames };
        let fresh = self.take(shared, wanted.min(fill));
        if fresh < wanted && matches!(state, ProducerState::Ended | ProducerState::Stopped) {
            return Parts {
                fresh,
                missing: 0,
                resting: frames - fresh,
                why: SilentBy::Ended,
                pausing,
            };
        }
        let missing = wanted - fresh;
        if missing > 0 {
            self.begin_underrun(ledger, fresh, fill);
        }
        Parts {
            fresh,
            missing,
            resting: frames - wanted,
            why: SilentBy::Paused,
            pausing,
        }
    }

    /// Moves up to `frames` frames from the ring to the staging area. Returns the frames moved.
    fn take(&mut self, shared: &SharedOutput, frames: usize) -> usize {
        let out = &mut self.quanta[self.latest];
        let channels = shared.ring.channels();
        let (first, second) = self.consumer.regions(frames);
        let before_wrap = first.len() / channels;
        out.deinterleave(first, 0);
        out.deinterleave(second, before_wrap);
        let fresh = before_wrap + second.len() / channels;
        self.consumer.commit(fresh);
        if shared.control.verify_index.load(Ordering::Relaxed) != 0 {
            let ledger = &shared.consumer.0;
            let faults = self.index.check(out, fresh, channels);
            ledger.skipped.add(faults.skipped);
            ledger.replayed.add(faults.replayed);
            ledger.torn.add(faults.torn);
        }
        fresh
    }

    /// Fades the fresh frames in after a gap, or out before a pause, over what is left of a tail.
    fn fade_fresh(&mut self, parts: Parts) {
        let fresh = parts.fresh;
        let out = &mut self.quanta[self.latest];
        if parts.pausing {
            let level = self.level;
            for channel in out.channels_mut() {
                for (step, sample) in channel[..fresh].iter_mut().enumerate() {
                    *sample *= self.fade.gain(level - 1 - step);
                }
            }
            self.level -= fresh;
        } else if self.level < FADE_FRAMES {
            let level = self.level;
            for channel in out.channels_mut() {
                for (step, sample) in channel[..fresh.min(FADE_FRAMES - level)].iter_mut().enumerate() {
                    *sample *= self.fade.gain(level + 1 + step);
                }
            }
            self.level = (level + fresh).min(FADE_FRAMES);
        }
        if self.tail.left() > 0 {
            for (channel, samples) in out.channels_mut().enumerate() {
                self.tail.mix(channel, &mut samples[..fresh]);
            }
            self.tail.advance(fresh);
        }
    }

    /// Puts a fade tail, then silence, where frames are missing. Returns the frames that the tail covered.
    fn fill_missing(&mut self, parts: Parts) -> usize {
        if parts.missing == 0 {
            return 0;
        }
        // What was fresh in this quantum ends here; without any, what was heard before ends (unless that is fading or silent already).
        if parts.fresh > 0 || self.level > 0 {
            self.cut(parts.fresh);
        }
        let concealed = self.tail.left().min(parts.missing);
        for (channel, samples) in self.quanta[self.latest].channels_mut().enumerate() {
            let samples = &mut samples[parts.fresh..parts.fresh + parts.missing];
            samples.fill(0.0);
            self.tail.mix(channel, samples);
        }
        self.tail.advance(parts.missing);
        concealed
    }

    /// Ends the sound after the first `fresh` frames of this quantum: a tail begins, and what comes next fades in.
    fn cut(&mut self, fresh: usize) {
        let [one, other] = &self.quanta;
        let (now, before) = if self.latest == 0 { (one, other) } else { (other, one) };
        self.tail.begin(
            &self.fade,
            |channel| &now.channel(channel)[..fresh],
            |channel| before.channel(channel),
        );
        self.level = 0;
    }

    /// Writes down what became of this quantum.
    fn account(&mut self, ledger: &ConsumerLedger, frames: usize, parts: Parts, concealed: usize) {
        let requested = ledger.requested.load(Ordering::Relaxed) + frames as u64;
        ledger.requested.store(requested, Ordering::Relaxed);
        ledger.fresh.add(parts.fresh as u64);
        ledger.quanta.add(1);
        ledger.quantum.set(frames as u64);
        if parts.fresh < frames {
            let to = requested;
            let from = to - (frames - parts.fresh) as u64;
            if from != ledger.gap_to.get() {
                ledger.gap_from.set(from);
            }
            ledger.gap_to.set(to);
        }
        if parts.resting > 0 {
            ledger.silent[parts.why as usize].add(parts.resting as u64);
        }
        if parts.missing > 0 {
            ledger.concealed.add(concealed as u64);
            ledger.silent[SilentBy::Underrun as usize].add((parts.missing - concealed) as u64);
            ledger.starved_quanta.add(1);
            let event = &ledger.underruns[latest_slot(ledger)];
            event.frames.add(parts.missing as u64);
            event.quanta.add(1);
            ledger.underrun_frames.add(parts.missing as u64);
            ledger.underrun_longest.set(ledger.underrun_longest.get().max(event.frames.get()));
        } else if self.starving {
            self.starving = false;
            let ended_by = match parts.why {
                _ if parts.resting == 0 => Ending::Back,
                SilentBy::Ended => Ending::Ended,
                _ => Ending::Paused,
            };
            ledger.underruns[latest_slot(ledger)].ended_by.set(ended_by as u64);
        }
    }

    /// Opens an event at the first starved quantum of a run. `fresh`: frames of this quantum that were there; `fill`: frames in the ring before.
    fn begin_underrun(&mut self, ledger: &ConsumerLedger, fresh: usize, fill: usize) {
        if self.starving {
            return;
        }
        self.starving = true;
        let events = ledger.underrun_events.load(Ordering::Relaxed).wrapping_add(1);
        let position = self.consumer.position();
        ledger.starved_at.store(position, Ordering::Relaxed);
        // Release: the producer that sees this event also sees where it began.
        ledger.underrun_events.store(events, Ordering::Release);
        let event = &ledger.underruns[latest_slot(ledger)];
        event.frame.set(ledger.requested.load(Ordering::Relaxed) + fresh as u64);
        event.position.set(position);
        event.frames.set(0);
        event.fill.set(fill as u64);
        event.quanta.set(0);
        event.ended_by.set(Ending::Open as u64);
    }

    fn count_burst(&mut self, shared: &SharedOutput, now_ms: f64) {
        let ledger = &shared.consumer.0;
        if self.bursts.recount(shared.control.recount.load(Ordering::Relaxed)) {
            ledger.bursts.iter().for_each(|bucket| bucket.set(0));
        }
        if self.bursts.wants_time()
            && let Some(length) = self.bursts.quantum(now_ms)
        {
            ledger.bursts[length].add(1);
        }
    }
}

/// Place of the latest underrun.
fn latest_slot(ledger: &ConsumerLedger) -> usize {
    ledger.underrun_events.load(Ordering::Relaxed).wrapping_sub(1) as usize % UNDERRUN_SLOTS
}
