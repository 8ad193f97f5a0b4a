//! One render quantum: what to put out, and what to write in the ledger about it.

#[cfg(feature = "faults")]
use super::burst_fault::BurstFault;
#[cfg(feature = "strategies")]
use super::detect::Detector;
use super::index_check::IndexCheck;
use super::keep::{Parts, Served};
use super::{Keep, Ledger, Planar};
use crate::conceal::{Conceal, FADE_FRAMES, Fade, Tail};
use crate::error::{Error, in_range};
use crate::ledger::{DroppedBy, ProducerState, SilentBy};
use crate::ring::Consumer;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::strategy::{Look, Reader, RingReader, Taken};

/// Serves render quanta from an output's exchange, through the reader `R`: that of the ring, or any strategy's. `L` keeps the books: the [`Ledger`], unless a bench leaves it out.
///
/// # Real-time
/// [`quantum`](Quanta::quantum) allocates nothing, takes no lock, never waits, and its work is bounded by frames times channels.
#[derive(Debug)]
pub struct Quanta<L = Ledger, R = RingReader> {
    shared: Arc<SharedOutput>,
    keep: L,
    service: Service<R>,
    #[cfg(feature = "faults")]
    bursts: BurstFault,
}

/// All that changes from quantum to quantum; apart from the shared state, so that the two can be borrowed at once.
#[derive(Debug)]
struct Service<R> {
    reader: R,
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
    /// Whether the latest quantum woke the producer.
    called: bool,
    index: IndexCheck,
    #[cfg(feature = "strategies")]
    detector: Detector,
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
        let reader = RingReader::new(Consumer::claim(shared.ring.clone())?);
        Quanta::reading(shared, reader, frames)
    }
}

impl<R: Reader> Quanta<Ledger, R> {
    /// The same through a reader of any strategy, which belongs to `shared`. Allocates.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn reading(shared: Arc<SharedOutput>, reader: R, frames: usize) -> Result<Self, Error> {
        in_range("the render quantum", frames as f64, 1.0, Quanta::MAX_QUANTUM as f64, " frames")?;
        let channels = shared.ring.channels();
        let service = Service {
            reader,
            quanta: [Planar::new(channels, frames), Planar::new(channels, frames)],
            latest: 0,
            fade: Fade::default(),
            tail: Tail::new(channels),
            level: FADE_FRAMES,
            started: false,
            called: false,
            index: IndexCheck::default(),
            #[cfg(feature = "strategies")]
            detector: Detector::new(),
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

impl<L: Keep, R: Reader> Quanta<L, R> {
    /// The same, with new books of another kind.
    pub fn keeping<M: Keep>(self) -> Quanta<M, R> {
        Quanta {
            keep: M::new(&self.shared),
            shared: self.shared,
            service: self.service,
            #[cfg(feature = "faults")]
            bursts: self.bursts,
        }
    }

    /// Where what the browser brings is to be put before a quantum; `None` where the strategy hears nothing.
    pub fn inlet(&mut self) -> Option<&mut Planar> {
        self.service.reader.inlet()
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
        let mut left = self.bursts.due(&self.shared, frames, now_ms, self.service.reader.position());
        while left > 0 {
            let piece = left.min(frames.max(1));
            self.service.quantum(&mut self.keep, &self.shared, piece, now_ms);
            left -= piece;
        }
    }

    /// Whether the latest quantum woke the producer; where that is in another memory, somebody has to tell it.
    pub fn called(&self) -> bool {
        self.service.called
    }

    /// Whether the ring has been filled for the first time, so that something is heard.
    pub fn started(&self) -> bool {
        self.service.started
    }
}

impl<R: Reader> Service<R> {
    #[inline]
    fn quantum(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize, now_ms: f64) {
        keep.begin(shared, now_ms);
        let served = self.serve(keep, shared, frames);
        keep.served(shared, served);
        // After the position is out: a producer woken now finds its room. And not before the books are closed, which waking would keep open for long.
        let wakes = self.reader.producer_waits();
        keep.end(shared, wakes);
        self.called = wakes;
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
        let look = self.look(keep, shared);
        let parts = self.read(keep, shared, frames, state, look);
        self.fade_played(parts);
        let concealed = self.fill_missing(parts, shared);
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
            position: self.reader.position(),
            held: self.reader.held(),
        }
    }

    /// Looks at the exchange. Discards what the producer wants discarded, fading what was heard before.
    fn look(&mut self, keep: &mut impl Keep, shared: &SharedOutput) -> Look {
        let look = self.reader.look();
        if let Some(dropped) = look.flushed {
            keep.dropped(shared, DroppedBy::Seek, dropped);
            self.index.forget();
            #[cfg(feature = "strategies")]
            self.detector.forget();
            self.cut(0);
        }
        look
    }

    /// Reads what there is and decides what the rest is.
    fn read(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize, state: ProducerState, look: Look) -> Parts {
        let rest = |why| Parts {
            played: 0,
            repeated: 0,
            holes: 0,
            missing: 0,
            resting: frames,
            why,
            pausing: false,
            fill: None,
        };
        if !self.started && (state == ProducerState::Priming || look.waits) {
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
        // On the way to a pause only the fade is played.
        let wanted = if pausing { frames.min(self.level) } else { frames };
        let over = matches!(state, ProducerState::Ended | ProducerState::Stopped);
        let Taken {
            frames: played,
            repeated,
            holes,
            ended,
            ..
        } = self.take(keep, shared, wanted, !over);
        let ended = played < wanted && (over || ended);
        let missing = if ended { 0 } else { wanted - played };
        Parts {
            played,
            repeated,
            holes,
            missing,
            resting: frames - played - missing,
            why: if ended { SilentBy::Ended } else { SilentBy::Paused },
            pausing,
            fill: Some(look.fill),
        }
    }

    /// Moves up to `frames` frames from the exchange to the staging area.
    #[inline]
    fn take(&mut self, keep: &mut impl Keep, shared: &SharedOutput, frames: usize, repeat: bool) -> Taken {
        let out = &mut self.quanta[self.latest];
        let taken = self.reader.take(out, frames, repeat);
        if taken.superseded > 0 {
            keep.dropped(shared, DroppedBy::Superseded, taken.superseded);
        }
        if taken.torn > 0 {
            keep.torn(shared, taken.torn);
        }
        if taken.reads > 0 {
            keep.read(shared, taken.reads, taken.stale);
        }
        if shared.control.verify_index.load(Ordering::Relaxed) != 0 {
            self.verify(keep, shared, taken);
        }
        taken
    }

    /// Checks the index signal in the frames that were taken, and silences it.
    fn verify(&mut self, keep: &mut impl Keep, shared: &SharedOutput, taken: Taken) {
        let out = &mut self.quanta[self.latest];
        let (frames, channels) = (taken.frames, shared.ring.channels());
        #[cfg(feature = "strategies")]
        keep.found(shared, self.detector.look(out, frames, channels, taken.holes));
        if taken.holes > 0 {
            // Where frames are missing in between there is no break to be told of: the underrun says it.
            out.channels_mut().for_each(|channel| channel[..frames].fill(0.0));
            self.index.forget();
            return;
        }
        self.index.check(out, frames, channels, |slip| keep.slipped(shared, slip));
    }

    /// Fades the frames in after a gap, or out before a pause, over what is left of a tail.
    fn fade_played(&mut self, parts: Parts) {
        let played = parts.played;
        let out = &mut self.quanta[self.latest];
        if parts.pausing {
            let level = self.level;
            for channel in out.channels_mut() {
                for (step, sample) in channel[..played].iter_mut().enumerate() {
                    *sample *= self.fade.gain(level - 1 - step);
                }
            }
            self.level -= played;
        } else if self.level < FADE_FRAMES {
            let level = self.level;
            for channel in out.channels_mut() {
                for (step, sample) in channel[..played.min(FADE_FRAMES - level)].iter_mut().enumerate() {
                    *sample *= self.fade.gain(level + 1 + step);
                }
            }
            self.level = (level + played).min(FADE_FRAMES);
        }
        if self.tail.left() > 0 {
            for (channel, samples) in out.channels_mut().enumerate() {
                self.tail.mix(channel, &mut samples[..played]);
            }
            self.tail.advance(played);
        }
    }

    /// Puts what the page wants where frames are missing. Returns the frames that are more than silence.
    fn fill_missing(&mut self, parts: Parts, shared: &SharedOutput) -> usize {
        if parts.missing == 0 {
            return 0;
        }
        let missing = parts.played..parts.played + parts.missing;
        let policy = Conceal::from_number(shared.control.conceal.load(Ordering::Relaxed));
        match policy {
            Conceal::Fade => return self.fade_out(parts),
            Conceal::Silence => {}
            Conceal::Hold | Conceal::Repeat => {
                let [one, other] = &mut self.quanta;
                let (now, before) = if self.latest == 0 { (one, &*other) } else { (other, &*one) };
                let channels = now.channels_mut().count();
                for channel in 0..channels {
                    let (now, before) = (now.channel_mut(channel), before.channel(channel));
                    // Before this quantum, if it brought nothing at all.
                    let held = now[..missing.start].last().or(before.last()).copied().unwrap_or(0.0);
                    for at in missing.clone() {
                        now[at] = match policy {
                            Conceal::Hold => held,
                            _ => before.get(at % before.len().max(1)).copied().unwrap_or(0.0),
                        };
                    }
                }
                return parts.missing;
            }
        }
        for channel in self.quanta[self.latest].channels_mut() {
            channel[missing.clone()].fill(0.0);
        }
        0
    }

    /// Puts a fade tail, then silence, where frames are missing. Returns the frames that the tail covered.
    fn fade_out(&mut self, parts: Parts) -> usize {
        // What was played in this quantum ends here; without any, what was heard before ends (unless that is fading or silent already).
        if parts.played > 0 || self.level > 0 {
            self.cut(parts.played);
        }
        let concealed = self.tail.left().min(parts.missing);
        for (channel, samples) in self.quanta[self.latest].channels_mut().enumerate() {
            let samples = &mut samples[parts.played..parts.played + parts.missing];
            samples.fill(0.0);
            self.tail.mix(channel, samples);
        }
        self.tail.advance(parts.missing);
        concealed
    }

    /// Ends the sound after the first `played` frames of this quantum: a tail begins, and what comes next fades in.
    fn cut(&mut self, played: usize) {
        let [one, other] = &self.quanta;
        let (now, before) = if self.latest == 0 { (one, other) } else { (other, one) };
        self.tail.begin(
            &self.fade,
            |channel| &now.channel(channel)[..played],
            |channel| before.channel(channel),
        );
        self.level = 0;
    }
}
