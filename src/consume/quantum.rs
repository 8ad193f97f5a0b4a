//! One render quantum: what to put out, and what to write in the ledger about it.

#[cfg(feature = "faults")]
use super::burst_fault::BurstFault;
use super::index_check::IndexCheck;
use super::keep::{Parts, Served};
use super::{Keep, Ledger, Planar};
use crate::conceal::{FADE_FRAMES, Fade, Tail};
use crate::error::{Error, in_range};
use crate::ledger::{DroppedBy, ProducerState, SilentBy};
use crate::ring::Consumer;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Serves render quanta from an output's ring. `L` keeps the books: the [`Ledger`], unless a bench leaves it out.
///
/// # Real-time
/// [`quantum`](Quanta::quantum) allocates nothing, takes no lock, never waits, and its work is bounded by frames times channels.
#[derive(Debug)]
pub struct Quanta<L = Ledger> {
    shared: Arc<SharedOutput>,
    keep: L,
    service: Service,
    #[cfg(feature = "faults")]
    bursts: BurstFault,
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
    index: IndexCheck,
}

impl Quanta {
    /// Longest render quantum, in frames (the specification's own limit is lower in every browser so far).
    pub const MAX_QUANTUM: usize = 32_768;

    /// Takes the output's reading end, for quanta of up to `frames` frames (1 to 32,768; longer ones are served in pieces). Allocates.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::AlreadyTaken`].
    pub fn new(shared: Arc<SharedOutput>, frames: usize) -> Result<Self, Error> {
        in_range("the render quantum", frames as f64, 1.0, Quanta::MAX_QUANTUM as f64, " frames")?;
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
            index: IndexCheck::default(),
        };
        Ok(Quanta {
            keep: Ledger::new(&shared),
            shared,
            service,
            #[cfg(feature = "faults")]
            bursts: BurstFault::default(),
        })
    }
}

impl<L: Keep> Quanta<L> {
    /// The same, with new books of another kind.
    pub fn keeping<M: Keep>(self) -> Quanta<M> {
        Quanta {
            keep: M::new(&self.shared),
            shared: self.shared,
            service: self.service,
            #[cfg(feature = "faults")]
            bursts: self.bursts,
        }
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
        #[cfg(feature = "faults")]
        if self.bursts.wants_time() {
            return true;
        }
        self.keep.wants_time()
    }

    /// Serves `frames` frames ([`longest`](Quanta::longest) at most). `now_ms` is the time since the epoch in milliseconds, looked at only while [`wants_time`](Quanta::wants_time) said so before.
    /// Returns which of the two staging areas holds them.
    pub fn quantum(&mut self, frames: usize, now_ms: f64) -> usize {
        let frames = frames.min(self.longest());
        #[cfg(feature = "faults")]
        self.burst(frames, now_ms);
        self.service.quantum(&mut self.keep, &self.shared, frames, now_ms);
        self.service.latest
    }

    /// Serves what a burst on purpose asks for, as many quanta as that takes. Nobody hears them.
    #[cfg(feature = "faults")]
    fn burst(&mut self, frames: usize, now_ms: f64) {
        if !self.started() {
            return;
        }
        let mut left = self.bursts.due(&self.shared, frames, now_ms, self.service.consumer.position());
        while left > 0 {
            let piece = left.min(frames.max(1));
            self.service.quantum(&mut self.keep, &self.shared, piece, now_ms);
            left -= piece;
        }
    }

    /// Whether the ring has been filled for the first time, so that something is heard.
    pub fn started(&self) -> bool {
        self.service.started
    }
}

impl Service {
    #[inline]
    fn quantum(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize, now_ms: f64) {
        keep.begin(shared, now_ms);
        let served = self.serve(keep, shared, frames);
        keep.served(shared, served);
        // After the position is out: a producer woken now finds its room. And not before the books are closed, which waking would keep open for long.
        let wakes = self.consumer.producer_waits();
        keep.end(shared, wakes);
        if wakes {
            shared.ring.call();
        }
    }

    #[inline]
    fn serve(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize) -> Served {
        self.latest ^= 1;
        self.quanta[self.latest].set_frames(frames);
        // Before looking at the fill: a producer that has ended has committed everything.
        let state = ProducerState::from_number(shared.producer.state.load(Ordering::Acquire));
        self.flush(keep, shared);
        let parts = self.read(keep, shared, frames, state);
        self.fade_fresh(parts);
        let concealed = self.fill_missing(parts);
        if parts.resting > 0 {
            self.quanta[self.latest]
                .channels_mut()
                .for_each(|channel| channel[frames - parts.resting..].fill(0.0));
            // What comes after the rest begins from silence, not with the end of an old tail.
            self.tail.advance(FADE_FRAMES);
        }
        Served {
            frames,
            parts,
            concealed,
            position: self.consumer.position(),
        }
    }

    /// Looks at the fill and discards what the producer wants discarded, fading what was heard before.
    fn flush(&mut self, keep: &mut impl Keep, shared: &SharedOutput) {
        if let Some(dropped) = self.consumer.apply_flush() {
            keep.dropped(shared, DroppedBy::Seek, dropped);
            self.index.forget();
            self.cut(0);
        }
    }

    /// Reads what there is and decides what the rest is.
    fn read(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize, state: ProducerState) -> Parts {
        let rest = |why| Parts {
            fresh: 0,
            missing: 0,
            resting: frames,
            why,
            pausing: false,
            fill: None,
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
        // On the way to a pause only the fade is played.
        let wanted = if pausing { frames.min(self.level) } else { frames };
        let fresh = self.take(keep, shared, wanted.min(fill));
        let ended = fresh < wanted && matches!(state, ProducerState::Ended | ProducerState::Stopped);
        let missing = if ended { 0 } else { wanted - fresh };
        Parts {
            fresh,
            missing,
            resting: frames - fresh - missing,
            why: if ended { SilentBy::Ended } else { SilentBy::Paused },
            pausing,
            fill: Some(fill),
        }
    }

    /// Moves up to `frames` frames from the ring to the staging area. Returns the frames moved.
    fn take(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize) -> usize {
        let out = &mut self.quanta[self.latest];
        let channels = shared.ring.channels();
        let (first, second) = self.consumer.regions(frames);
        let before_wrap = first.len() / channels;
        out.deinterleave(first, 0);
        out.deinterleave(second, before_wrap);
        let fresh = before_wrap + second.len() / channels;
        self.consumer.commit(fresh);
        if shared.control.verify_index.load(Ordering::Relaxed) != 0 {
            self.index.check(out, fresh, channels, |slip| keep.slipped(shared, slip));
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
}
