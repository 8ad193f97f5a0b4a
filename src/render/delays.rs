//! Where the producer's time goes, so that it can say what kept it when the reader has starved.

use super::reader_clock::ReaderClock;
use crate::ledger::{Account, ProducerLedger, UNDERRUN_SLOTS, lateness_bucket};
use crate::ring::sync::Ordering;
use crate::ring::{Producer, Until};
use crate::shared::SharedOutput;

/// How much later than after two usual callbacks a producer looks by itself, in ms: what jitter there is in any case.
const WITNESS_SLACK_MS: f64 = 2.0;

/// So many times it looks in a row when the reader stands still: a quarter of a second. Then it leaves that to the heartbeat.
const STILL_LOOKS: u32 = 10;

/// Spells that are kept. In shared memory an underrun is noticed in its own spell or the next one. By messages the reader's answers may wait while the thread is busy, and what each of them makes room for may be rendered
/// before the next one is heard: as many spells as a ring of 16,384 frames holds blocks of 256.
const KEPT: usize = 64;

/// What a sleep was for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rest {
    /// For room, which the reader makes when it has asked for this frame.
    Room {
        /// Counted as the reader asks for frames.
        frame: u64,
    },
    /// Until this time, in ms.
    Time(f64),
    /// For a source that had nothing.
    Dry,
    /// For a call only: the source has ended.
    Call,
}

/// One spell: from the ring being full (or, with a clock of its own, the producer being in time) until it is again. Times in ms.
#[derive(Debug, Clone, Copy, Default)]
struct Spell {
    began_ms: f64,
    /// When it was over, and the frames that the reader had asked for by then; `None` while it goes on.
    over: Option<(f64, u64)>,
    /// Place in the ring where it began.
    from: u64,
    asleep_ms: f64,
    late_ms: f64,
    render_ms: f64,
    longest_ms: f64,
    prepare_ms: f64,
    away_ms: f64,
    dry_ms: f64,
    blocks: u64,
    block_frames: u64,
    ahead: u64,
    /// Frames that the reader had asked for.
    asked: u64,
    burst: u64,
    flags: u64,
}

/// Keeps the producer's account. The producer tells it of everything that takes time; it answers each underrun with an [`Account`].
///
/// # Steady state
/// Allocates nothing; a few additions for each block.
#[derive(Debug)]
pub(super) struct Delays {
    spell: Spell,
    /// The latest spells before in which anything was rendered, each at its number: an underrun may be noticed only when its spell is over.
    earlier: Box<[Spell]>,
    /// How many such spells there were.
    ended: usize,
    /// Number of the latest underrun that was answered.
    answered: u32,
    /// The latest look at the reader: when, and the frames that it had asked for.
    looked: (f64, u64),
    /// The latest look at which it had asked for more than before, in ms.
    asked_ms: f64,
    reader: ReaderClock,
    /// Sleeps in a row in which the reader asked for nothing.
    still: u32,
    /// Whether the page had paused when the latest sleep was over.
    paused: bool,
    frames_per_ms: f64,
    own_clock: bool,
    origin_ms: f64,
}

impl Delays {
    /// Begins to account at `now_ms`; the clock was 0 at `origin_ms` since the epoch. `own_clock`: the producer does not go by the ring's room.
    pub fn new(shared: &SharedOutput, now_ms: f64, origin_ms: f64, own_clock: bool) -> Self {
        // Of no frame.
        let never = Spell {
            from: u64::MAX,
            ..Spell::default()
        };
        let mut delays = Delays {
            spell: Spell::default(),
            earlier: vec![never; KEPT].into(),
            ended: 0,
            // What happened before is not of this account.
            answered: shared.consumer.0.underrun_events.load(Ordering::Relaxed),
            looked: (now_ms, 0),
            asked_ms: now_ms,
            reader: ReaderClock::new(shared.sample_rate),
            still: 0,
            paused: false,
            frames_per_ms: f64::from(shared.sample_rate) / 1e3,
            own_clock,
            origin_ms,
        };
        delays.begin(shared, now_ms, 0, 0);
        delays
    }

    /// Frames that the reader has asked for so far.
    pub fn asked(shared: &SharedOutput) -> u64 {
        shared.consumer.0.requested.load(Ordering::Relaxed)
    }

    /// After a sleep: whether what it was for is there by now, and how many frames the reader had asked for just before that was looked up. The reader may have come since the sleep found nothing: that it was late counts
    /// then, or nobody would have been.
    pub fn found(shared: &SharedOutput, producer: &mut Producer, until: Until) -> (bool, u64) {
        // In this order: what is asked for after that is seen with the next look.
        let asked = Delays::asked(shared);
        (producer.is_there_now(until), asked)
    }

    /// How long to sleep for the reader to ask for `missing` more frames, in ms, before looking what keeps it; infinite while it asks for nothing. It should have called by then, even after a callback that was left out. Whoever has looked knows later that it was the reader that came late.
    pub fn witness_ms(&self, shared: &SharedOutput, missing: u64) -> f64 {
        let usual = self.reader.usual_frames();
        // In a pause the reader goes on asking, and takes nothing.
        let paused = shared.control.paused.load(Ordering::Relaxed) != 0;
        if self.still < STILL_LOOKS && !paused && usual > 0.0 {
            (missing as f64 + 2.0 * usual) / self.frames_per_ms + WITNESS_SLACK_MS
        } else {
            f64::INFINITY
        }
    }

    /// The ring is full, or it is not yet time for more: nothing that happened before matters from now on. `position`: where the producer is in the ring, `ahead`: frames before the reader.
    pub fn caught_up(&mut self, shared: &SharedOutput, now_ms: f64, position: u64, ahead: u64) {
        // First what has not been answered yet.
        self.answer(shared, now_ms, position);
        self.begin(shared, now_ms, position, ahead);
    }

    fn begin(&mut self, shared: &SharedOutput, now_ms: f64, position: u64, ahead: u64) {
        self.look(shared, now_ms);
        if self.spell.blocks > 0 {
            self.earlier[self.ended % KEPT] = Spell {
                over: Some(self.looked),
                ..self.spell
            };
            self.ended += 1;
        }
        self.spell = Spell {
            began_ms: now_ms,
            from: position,
            ahead,
            asked: self.looked.1,
            flags: if self.own_clock { Account::OWN_CLOCK } else { 0 },
            ..Spell::default()
        };
    }

    /// Slept from `from_ms` until `now_ms` for `rest`. `there`: what it slept for has come about (else a call or the time-out ended it); `after`: the frames that the reader had asked for when that was [`found`](Delays::found).
    pub fn slept(&mut self, shared: &SharedOutput, from_ms: f64, now_ms: f64, rest: Rest, there: bool, after: u64) {
        let took_ms = (now_ms - from_ms).max(0.0);
        let before = self.looked.1;
        // A sleep that a pause has lengthened tells nothing of the next ones, nor of this one; unless the ring ran dry before: then it was too long by itself.
        let paused = shared.control.paused.load(Ordering::Relaxed) != 0;
        let in_pause = paused || self.paused;
        self.paused = paused;
        let starved = shared.consumer.0.underrun_events.load(Ordering::Relaxed) != self.answered;
        let rest = if in_pause && !starved { Rest::Call } else { rest };
        self.still = if after > before { 0 } else { self.still.saturating_add(1) };
        if rest == Rest::Dry {
            self.spell.dry_ms += took_ms;
        } else {
            self.spell.asleep_ms += took_ms;
        }
        let late_ms = match rest {
            Rest::Room { frame } if there => self.reader.woken(now_ms, frame, before, after).clamp(0.0, took_ms),
            Rest::Time(due_ms) if there => (now_ms - due_ms).max(0.0),
            _ => {
                if self.still > 0 {
                    self.reader.forget();
                }
                self.look_at(after, now_ms);
                return;
            }
        };
        self.look_at(after, now_ms);
        self.spell.late_ms = self.spell.late_ms.max(late_ms);
        if in_pause {
            return;
        }
        let ledger = &shared.producer;
        ledger.sequence.begin();
        ledger.lateness[lateness_bucket(late_ms)].add(1);
        ledger.latest_us.set(ledger.latest_us.get().max(microseconds(late_ms)));
        ledger.sequence.end();
    }

    /// The source worked ahead for `ms`.
    pub fn prepared(&mut self, ms: f64) {
        self.spell.prepare_ms += ms;
    }

    /// The thread was at its event loop for `ms`.
    pub fn away(&mut self, ms: f64) {
        self.spell.away_ms += ms;
    }

    /// The sound has jumped, or is another one.
    pub fn jumped(&mut self) {
        self.spell.flags |= Account::JUMPED;
    }

    /// A block of `frames` was rendered in `took_ms` and committed; the ring's position after it is `position`.
    pub fn rendered(&mut self, shared: &SharedOutput, now_ms: f64, took_ms: f64, frames: u64, position: u64) {
        let spell = &mut self.spell;
        spell.render_ms += took_ms;
        spell.longest_ms = spell.longest_ms.max(took_ms);
        spell.blocks += 1;
        spell.block_frames = spell.block_frames.max(frames);
        self.look(shared, now_ms);
        self.answer(shared, now_ms, position);
    }

    /// More frames were committed of a block that was accounted for before; the ring's position after them is `position`.
    pub fn committed(&mut self, shared: &SharedOutput, now_ms: f64, position: u64) {
        self.look(shared, now_ms);
        self.answer(shared, now_ms, position);
    }

    /// The producer does not go by the ring's room.
    pub fn go_by_own_clock(&mut self) {
        self.own_clock = true;
        self.spell.flags |= Account::OWN_CLOCK;
    }

    /// No frames will come for which the reader may be starving: the producer stops, or its source has ended.
    pub fn nothing_comes(&mut self, shared: &SharedOutput, now_ms: f64, position: u64) {
        self.spell.flags |= Account::NOTHING_CAME;
        self.answer(shared, now_ms, position + 1);
    }

    /// Looks where the reader is.
    fn look(&mut self, shared: &SharedOutput, now_ms: f64) {
        self.look_at(Delays::asked(shared), now_ms);
    }

    fn look_at(&mut self, asked: u64, now_ms: f64) {
        let (before_ms, before) = self.looked;
        let accounted = ((now_ms - before_ms).max(0.0) * self.frames_per_ms) as u64;
        self.spell.burst = self.spell.burst.max((asked - before).saturating_sub(accounted));
        if asked > before {
            self.asked_ms = now_ms;
            self.reader.seen(now_ms, asked);
        }
        self.looked = (now_ms, asked);
    }

    /// Accounts for the underruns that began before `position`, the ring's position after the latest block.
    fn answer(&mut self, shared: &SharedOutput, now_ms: f64, position: u64) {
        let reader = &shared.consumer.0;
        // Acquire: pairs with the consumer's release; `starved_at` is of this event or a later one.
        let events = reader.underrun_events.load(Ordering::Acquire);
        if events == self.answered {
            return;
        }
        let starved_at = reader.starved_at.load(Ordering::Relaxed);
        // The latest one may miss frames that are not there yet: they are answered when they are.
        let newest = if starved_at < position { events } else { events.wrapping_sub(1) };
        // Of what is not known any more nothing is said: not how long it was either.
        let unknown = Spell {
            began_ms: now_ms,
            ..Spell::default()
        };
        let spell = self.spell_of(starved_at).unwrap_or(&unknown);
        // Of more than the shared memory holds, the latest.
        let first = self.answered.wrapping_add(1).max(newest.saturating_sub(UNDERRUN_SLOTS as u32 - 1));
        for event in first..=newest {
            self.write(&shared.producer, event, spell, now_ms, shared.ring.limit() as u64);
        }
        self.answered = newest;
    }

    /// The spell in which the frame at `place` was rendered, while that is known.
    fn spell_of(&self, place: u64) -> Option<&Spell> {
        if place >= self.spell.from {
            return Some(&self.spell);
        }
        (1..=KEPT)
            .map(|age| &self.earlier[self.ended.wrapping_sub(age) % KEPT])
            .find(|spell| spell.from <= place)
    }

    fn write(&self, ledger: &ProducerLedger, event: u32, spell: &Spell, now_ms: f64, limit: u64) {
        ledger.sequence.begin();
        let account = &ledger.accounts[event.wrapping_sub(1) as usize % UNDERRUN_SLOTS];
        self.fill_in(account, u64::from(event), spell, now_ms, limit);
        ledger.sequence.end();
    }

    /// Writes down the spell as it is at `now_ms`, for event number `event`. To be called while the ledger's sequence is open.
    pub fn tell(&self, shared: &SharedOutput, account: &Account, event: u64, now_ms: f64) {
        let mut spell = self.spell;
        if shared.control.paused.load(Ordering::Relaxed) != 0 {
            spell.flags |= Account::PAUSED;
        }
        self.fill_in(account, event, &spell, now_ms, shared.ring.limit() as u64);
    }

    fn fill_in(&self, account: &Account, event: u64, spell: &Spell, now_ms: f64, limit: u64) {
        let (now_ms, asked) = spell.over.unwrap_or((now_ms, self.looked.1));
        for (count, value) in [
            (&account.event, event),
            (&account.at_us, self.since_epoch_us(now_ms)),
            (&account.spell_us, microseconds(now_ms - spell.began_ms)),
            (&account.asleep_us, microseconds(spell.asleep_ms)),
            (&account.late_us, microseconds(spell.late_ms)),
            (&account.render_us, microseconds(spell.render_ms)),
            (&account.longest_us, microseconds(spell.longest_ms)),
            (&account.prepare_us, microseconds(spell.prepare_ms)),
            (&account.away_us, microseconds(spell.away_ms)),
            (&account.dry_us, microseconds(spell.dry_ms)),
            (&account.blocks, spell.blocks),
            (&account.block_frames, spell.block_frames),
            (&account.ahead_frames, spell.ahead),
            (&account.limit_frames, limit),
            (&account.asked_frames, asked.saturating_sub(spell.asked)),
            (&account.burst_frames, spell.burst),
            (&account.flags, spell.flags),
        ] {
            count.set(value);
        }
    }

    /// For how long the reader has asked for nothing at `now_ms`, in microseconds, as far as was looked.
    pub fn still_us(&self, now_ms: f64) -> u64 {
        microseconds(now_ms - self.asked_ms)
    }

    /// `now_ms` since the epoch, in microseconds.
    pub fn since_epoch_us(&self, now_ms: f64) -> u64 {
        microseconds(self.origin_ms + now_ms)
    }
}

fn microseconds(ms: f64) -> u64 {
    (ms * 1e3).round().max(0.0) as u64
}
