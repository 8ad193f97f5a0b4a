//! The counters as plain numbers, consistent among themselves.

use crate::ring::sync::Ordering;

use super::blocks::{ConsumerLedger, DroppedBy, FoundKind, ProducerLedger, ProducerState, SilentBy};
use super::events::{Account, Ending, INJECTION_SLOTS, Injection, SlipKind, UNDERRUN_SLOTS};

/// The consumer's counters at one instant; frames unless said otherwise. See [`ConsumerLedger`] for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsumerCounts {
    /// Asked for by the browser.
    pub requested: u64,
    /// Played for the first time.
    pub fresh: u64,
    /// Played again by the strategy.
    pub repeated: u64,
    /// Made up by the concealment.
    pub concealed: u64,
    /// Zeros, by [`SilentBy`].
    pub silent: [u64; SilentBy::COUNT],
    /// Read and thrown away, by [`DroppedBy`].
    pub dropped: [u64; DroppedBy::COUNT],
    /// Quanta asked for.
    pub quanta: u64,
    /// Quanta with a repeated frame.
    pub duplicate_quanta: u64,
    /// Quanta with a concealed or underrun-silent frame.
    pub starved_quanta: u64,
    /// Frames that changed while they were copied.
    pub torn: u64,
    /// Frames missing in the index signal.
    pub skipped: u64,
    /// Frames of the index signal that came again.
    pub replayed: u64,
    /// Times the producer was woken.
    pub wakes: u64,
    /// Heap allocations inside `process()`.
    pub allocations: u64,
    /// Frames in the latest quantum.
    pub quantum: u64,
    /// The latest stretch of frames that did not come from the ring: its beginning and the first frame after it, among all frames requested.
    pub gap: [u64; 2],
    /// Underruns begun.
    pub underrun_events: u64,
    /// Frames missing in all of them.
    pub underrun_frames: u64,
    /// Frames missing in the longest.
    pub underrun_longest: u64,
    /// Quanta per bucket of ring fill.
    pub fill: Vec<u64>,
    /// Callbacks by length in quanta.
    pub bursts: Vec<u64>,
    /// Callbacks counted.
    pub callbacks: u64,
    /// Of those, with a repeated frame.
    pub duplicate_callbacks: u64,
    /// Of those, with a concealed or underrun-silent frame.
    pub starved_callbacks: u64,
    /// Callbacks counted per bucket of ring fill.
    pub callback_fill: Vec<u64>,
    /// Time spent in `process()`, us, while callbacks were counted.
    pub busy_us: u64,
    /// Taken from the exchange and not played yet.
    pub held: u64,
    /// Reads, where only the newest block counts.
    pub reads: u64,
    /// Of these, those that found nothing newer and nothing unread.
    pub stale_reads: u64,
    /// Written to while they were copied.
    pub changed: u64,
    /// What the index signal showed, in frames.
    pub found_frames: [u64; FoundKind::COUNT],
    /// The same in quanta.
    pub found_quanta: [u64; FoundKind::COUNT],
    /// The same in callbacks.
    pub found_callbacks: [u64; FoundKind::COUNT],
    /// Breaks of the index signal.
    pub slip_events: u64,
    /// Faults injected on the audio thread.
    pub injected: u64,
}

/// The producer's counters at one instant; frames unless said otherwise. See [`ProducerLedger`] for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerCounts {
    /// Committed, plus what was offered and refused.
    pub produced: u64,
    /// Never to be played, by [`DroppedBy`].
    pub dropped: [u64; DroppedBy::COUNT],
    /// A [`ProducerState`] as its number.
    pub state: u32,
    /// Of the newest block, where only that counts; else 0.
    pub newest: u64,
    /// Blocks rendered.
    pub blocks: u64,
    /// Time spent rendering, ns.
    pub render_ns: u64,
    /// Time that the rendered frames last, ns.
    pub lasted_ns: u64,
    /// Time that the producer's thread was awake for it, us.
    pub busy_us: u64,
    /// Longest time one block took, ns.
    pub longest_ns: u64,
    /// Runs of refused blocks.
    pub overrun_events: u64,
    /// Blocks that were the one before once more.
    pub identical_blocks: u64,
    /// Wake-ups by how late they were.
    pub lateness: Vec<u64>,
    /// The latest of them, us.
    pub latest_us: u64,
    /// Samples that were not finite and became zero.
    pub non_finite: u64,
    /// Heap allocations inside `Source::render`.
    pub allocations: u64,
    /// Rises while the producer lives.
    pub heartbeat: u64,
    /// Times it slept.
    pub sleeps: u64,
    /// Sleeps that ran out.
    pub time_outs: u64,
    /// Backing stores newly allocated for messages or buffers.
    pub new_buffers: u64,
    /// Messages received from it.
    pub messages: u64,
    /// For how long all of them together were on their way, us.
    pub transit_us: i64,
    /// Faults injected.
    pub injected: u64,
}

/// One underrun. See [`Underrun`](super::Underrun).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnderrunEvent {
    /// Place of the first missing frame among all frames requested.
    pub frame: u64,
    /// Place of the first missing frame in the ring.
    pub position: u64,
    /// Frames missing so far.
    pub frames: u64,
    /// Frames in the ring when it began.
    pub fill: u64,
    /// Starved quanta.
    pub quanta: u64,
    /// How it ended, if it has.
    pub ended_by: Ending,
}

/// One break of the index signal. See [`Slip`](super::Slip).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SlipEvent {
    /// What it was.
    pub kind: SlipKind,
    /// Place among all frames requested.
    pub frame: u64,
    /// Frames skipped, replayed or torn.
    pub frames: u64,
}

/// One overrun. See [`Overrun`](super::Overrun).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OverrunEvent {
    /// When it began, in milliseconds since the epoch.
    pub at_ms: f64,
    /// Place in the ring at which the first refused frame would have been.
    pub position: u64,
    /// Frames dropped so far.
    pub frames: u64,
    /// Blocks refused so far.
    pub blocks: u64,
    /// Frames in the ring when the first was refused.
    pub fill: u64,
    /// For how long the reader had asked for nothing at most, in milliseconds.
    pub still_ms: f64,
    /// Number of the underrun of which it is the other half, if of one.
    pub echo: Option<u64>,
    /// [`Ending::Open`] or [`Ending::Back`].
    pub ended_by: Ending,
    /// What the producer had done since it was last in time.
    pub account: ProducerAccount,
}

/// What the producer did while the reader starved, times in milliseconds. See [`Account`](super::Account) for each.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProducerAccount {
    /// Number of the underrun, from 1.
    pub event: u64,
    /// When the missing frames were committed, since the epoch.
    pub at_ms: f64,
    /// From the ring being full until then.
    pub spell_ms: f64,
    /// Asleep.
    pub asleep_ms: f64,
    /// By how much the latest of its wake-ups was late (a part of `asleep_ms`).
    pub late_ms: f64,
    /// Rendering.
    pub render_ms: f64,
    /// The block that took longest.
    pub longest_ms: f64,
    /// Letting the source work ahead.
    pub prepare_ms: f64,
    /// At the event loop.
    pub away_ms: f64,
    /// Waiting for a source that had nothing.
    pub dry_ms: f64,
    /// Blocks rendered.
    pub blocks: u64,
    /// Frames of the largest of them.
    pub block_frames: u64,
    /// Frames ahead of the reader when the spell began.
    pub ahead_frames: u64,
    /// Frames that the producer may keep ahead.
    pub limit_frames: u64,
    /// Frames that the reader asked for during the spell.
    pub asked_frames: u64,
    /// By how many frames the reader once asked for more than the time that had passed accounts for.
    pub burst_frames: u64,
    /// The sound has jumped, or another source has begun, during the spell.
    pub jumped: bool,
    /// The producer has a clock of its own.
    pub own_clock: bool,
    /// No frames came: the producer was asked to stop, or its source ended.
    pub nothing_came: bool,
    /// The page had paused the output.
    pub paused: bool,
}

impl ProducerAccount {
    /// Not scheduled, as far as anybody can tell: the time of the spell that no other part of it accounts for.
    pub fn rest_ms(&self) -> f64 {
        (self.spell_ms - self.asleep_ms - self.render_ms - self.prepare_ms - self.away_ms - self.dry_ms).max(0.0)
    }

    fn of(account: &Account) -> ProducerAccount {
        let ms = |us: &crate::ring::Count| us.get() as f64 / 1e3;
        let flags = account.flags.get();
        ProducerAccount {
            event: account.event.get(),
            at_ms: ms(&account.at_us),
            spell_ms: ms(&account.spell_us),
            asleep_ms: ms(&account.asleep_us),
            late_ms: ms(&account.late_us),
            render_ms: ms(&account.render_us),
            longest_ms: ms(&account.longest_us),
            prepare_ms: ms(&account.prepare_us),
            away_ms: ms(&account.away_us),
            dry_ms: ms(&account.dry_us),
            blocks: account.blocks.get(),
            block_frames: account.block_frames.get(),
            ahead_frames: account.ahead_frames.get(),
            limit_frames: account.limit_frames.get(),
            asked_frames: account.asked_frames.get(),
            burst_frames: account.burst_frames.get(),
            jumped: flags & Account::JUMPED != 0,
            own_clock: flags & Account::OWN_CLOCK != 0,
            nothing_came: flags & Account::NOTHING_CAME != 0,
            paused: flags & Account::PAUSED != 0,
        }
    }
}

/// One injected fault as it happened. See [`Injection`](super::Injection).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct InjectedFault {
    /// What it was: a number of [`FaultKind`](crate::inject::FaultKind).
    pub kind: u32,
    /// When it began, in milliseconds since the epoch.
    pub at_ms: f64,
    /// How long it lasted, in milliseconds.
    pub lasted_ms: f64,
    /// The side's position in the ring, in frames.
    pub position: u64,
    /// Frames that it concerned.
    pub frames: u64,
}

/// What only an event log needs is left out of what pages load without one, which it would make larger by 2 %.
const EXPLAINED: bool = cfg!(any(feature = "explain", not(target_family = "wasm")));

/// Both sides' counters and the ring's positions, taken while neither changed.
///
/// In Wasm, only the feature `explain` has all lists filled; else that of underruns alone is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The producer's side.
    pub producer: ProducerCounts,
    /// The consumer's side.
    pub consumer: ConsumerCounts,
    /// Position after the last frame committed.
    pub write: u64,
    /// Position after the last frame read or discarded.
    pub read: u64,
    /// The latest underruns, oldest first: the last of `consumer.underrun_events`, [`UNDERRUN_SLOTS`] at most.
    pub underruns: Vec<UnderrunEvent>,
    /// What the producer says of the latest underruns, as far as it has: found by their numbers.
    pub accounts: Vec<ProducerAccount>,
    /// The latest overruns, oldest first: the last of `producer.overrun_events`.
    pub overruns: Vec<OverrunEvent>,
    /// The latest breaks of the index signal, oldest first: the last of `consumer.slip_events`.
    pub slips: Vec<SlipEvent>,
    /// The latest faults injected in the producer, oldest first: the last of `producer.injected`.
    pub injections: Vec<InjectedFault>,
    /// The latest faults injected on the audio thread, oldest first: the last of `consumer.injected`.
    pub audio_injections: Vec<InjectedFault>,
}

impl Snapshot {
    /// Reads the counters out of both blocks. The caller sees to it that neither changes meanwhile, or throws the result away.
    pub fn of(producer: &ProducerLedger, consumer: &ConsumerLedger, write: u64, read: u64) -> Snapshot {
        let events = u64::from(consumer.underrun_events.load(Ordering::Relaxed));
        let injected = producer.injected.get();
        let (overrun_events, slip_events) = (producer.overrun_events.get(), consumer.slip_events.get());
        let mut accounts = latest(&producer.accounts, wanted(EXPLAINED, events), ProducerAccount::of);
        accounts.retain(|account| account.event + (UNDERRUN_SLOTS as u64) > events);
        Snapshot {
            producer: ProducerCounts {
                produced: producer.produced.get(),
                dropped: producer.dropped.each_ref().map(|count| count.get()),
                state: producer.state.load(Ordering::Acquire),
                newest: producer.newest.get(),
                blocks: producer.blocks.get(),
                render_ns: producer.render_ns.get(),
                lasted_ns: producer.lasted_ns.get(),
                busy_us: producer.busy_us.get(),
                longest_ns: producer.longest_ns.get(),
                overrun_events,
                identical_blocks: producer.identical_blocks.get(),
                lateness: producer.lateness.iter().map(|count| count.get()).collect(),
                latest_us: producer.latest_us.get(),
                non_finite: producer.non_finite.get(),
                allocations: producer.allocations.get(),
                heartbeat: producer.heartbeat.get(),
                sleeps: producer.sleeps.get(),
                time_outs: producer.time_outs.get(),
                new_buffers: producer.new_buffers.get(),
                messages: producer.messages.get(),
                transit_us: producer.transit_us.get().cast_signed(),
                injected,
            },
            consumer: ConsumerCounts {
                requested: consumer.requested.load(Ordering::Relaxed),
                fresh: consumer.fresh.get(),
                repeated: consumer.repeated.get(),
                concealed: consumer.concealed.get(),
                silent: consumer.silent.each_ref().map(|count| count.get()),
                dropped: consumer.dropped.each_ref().map(|count| count.get()),
                quanta: consumer.quanta.get(),
                duplicate_quanta: consumer.duplicate_quanta.get(),
                starved_quanta: consumer.starved_quanta.get(),
                torn: consumer.torn.get(),
                skipped: consumer.skipped.get(),
                replayed: consumer.replayed.get(),
                wakes: consumer.wakes.get(),
                allocations: consumer.allocations.get(),
                quantum: consumer.quantum.get(),
                gap: [consumer.gap_from.get(), consumer.gap_to.get()],
                underrun_events: events,
                underrun_frames: consumer.underrun_frames.get(),
                underrun_longest: consumer.underrun_longest.get(),
                fill: consumer.fill.iter().map(|count| count.get()).collect(),
                bursts: consumer.bursts.iter().map(|count| count.get()).collect(),
                callbacks: consumer.callbacks.get(),
                duplicate_callbacks: consumer.duplicate_callbacks.get(),
                starved_callbacks: consumer.starved_callbacks.get(),
                callback_fill: consumer.callback_fill.iter().map(|count| count.get()).collect(),
                busy_us: consumer.busy_us.get(),
                held: consumer.held.get(),
                reads: consumer.reads.get(),
                stale_reads: consumer.stale_reads.get(),
                changed: consumer.changed.get(),
                found_frames: consumer.found_frames.each_ref().map(|count| count.get()),
                found_quanta: consumer.found_quanta.each_ref().map(|count| count.get()),
                found_callbacks: consumer.found_callbacks.each_ref().map(|count| count.get()),
                slip_events,
                injected: consumer.injected.get(),
            },
            write,
            read,
            underruns: latest(&consumer.underruns, events, |event| UnderrunEvent {
                frame: event.frame.get(),
                position: event.position.get(),
                frames: event.frames.get(),
                fill: event.fill.get(),
                quanta: event.quanta.get(),
                ended_by: Ending::from_number(event.ended_by.get()),
            }),
            accounts,
            overruns: latest(&producer.overruns, wanted(EXPLAINED, overrun_events), |event| OverrunEvent {
                at_ms: event.at_us.get() as f64 / 1e3,
                position: event.position.get(),
                frames: event.frames.get(),
                blocks: event.blocks.get(),
                fill: event.fill.get(),
                still_ms: event.still_us.get() as f64 / 1e3,
                echo: Some(event.echo.get()).filter(|number| *number > 0),
                ended_by: Ending::from_number(event.ended_by.get()),
                account: ProducerAccount::of(&event.account),
            }),
            slips: latest(&consumer.slips, wanted(EXPLAINED, slip_events), |event| SlipEvent {
                kind: SlipKind::from_number(event.kind.get()),
                frame: event.frame.get(),
                frames: event.frames.get(),
            }),
            injections: injections(&producer.injections, injected),
            audio_injections: injections(&consumer.injections, consumer.injected.get()),
        }
    }

    /// The same with what `here`, of the producer's own memory, knows better: what it did and why. What was produced stays as it was received.
    #[cfg(any(feature = "strategies", feature = "embed"))]
    pub fn with_producer(self, here: Snapshot) -> Snapshot {
        let received = self.producer;
        Snapshot {
            producer: ProducerCounts {
                produced: received.produced,
                dropped: received.dropped,
                newest: received.newest,
                state: received.state,
                messages: received.messages,
                transit_us: received.transit_us,
                ..here.producer
            },
            accounts: here.accounts,
            overruns: here.overruns,
            injections: here.injections,
            ..self
        }
    }

    /// Frames committed, neither consumed nor dropped: those between the two sides, and those that the consumer has taken and not played yet.
    pub fn in_flight(&self) -> u64 {
        let between = self.write.saturating_sub(self.read);
        let between = match self.producer.newest {
            0 => between,
            newest => between.min(newest),
        };
        between + self.consumer.held
    }

    /// Place in the ring of the frame that was put out `behind` frames ago (1: the latest); where that was none of the ring's, of the last one before it. Of the rests in
    /// which nothing came from the ring (pauses, underruns, after the end) only the latest is known.
    pub fn put_out(&self, behind: u64) -> u64 {
        let [from, to] = self.consumer.gap;
        let since = self.consumer.requested.saturating_sub(to);
        let read = if behind <= since {
            behind.max(1)
        } else {
            since + (behind - since).saturating_sub(to - from).max(1)
        };
        self.read.saturating_sub(self.consumer.held + read)
    }

    /// Zeros put out, for whatever reason.
    pub fn silent(&self) -> u64 {
        self.consumer.silent.iter().sum()
    }

    /// Frames never to be played, counted on either side.
    pub fn dropped(&self) -> u64 {
        self.producer.dropped.iter().chain(&self.consumer.dropped).sum()
    }

    /// By how many frames the two identities of the ledger miss, in sum; 0 in every snapshot of a correct run.
    pub fn imbalance(&self) -> u64 {
        let consumer = &self.consumer;
        let put_out = consumer.fresh + consumer.repeated + consumer.concealed + self.silent();
        let gone = consumer.fresh + self.dropped() + self.in_flight();
        consumer.requested.abs_diff(put_out) + self.producer.produced.abs_diff(gone)
    }

    /// What the producer says of underrun number `event` (from 1), if it has said anything yet.
    pub fn account_of(&self, event: u64) -> Option<&ProducerAccount> {
        self.accounts.iter().find(|account| account.event == event)
    }

    /// What the producer was doing.
    pub fn state(&self) -> ProducerState {
        ProducerState::from_number(self.producer.state)
    }

    /// Share of real time that rendering took, 0.0 and more, between an `earlier` snapshot and this one; `None` if nothing was rendered.
    pub fn render_load(&self, earlier: &Snapshot) -> Option<f64> {
        let lasted = self.producer.lasted_ns.checked_sub(earlier.producer.lasted_ns)?;
        let render = self.producer.render_ns.checked_sub(earlier.producer.render_ns)?;
        (lasted > 0).then(|| render as f64 / lasted as f64)
    }

    /// Frames of the most frequent callback seen, and of the longest; `None` before any was counted.
    pub fn callback_frames(&self) -> Option<(u64, u64)> {
        let bursts = &self.consumer.bursts;
        // The shorter of two equally frequent ones: a burst cut in two by the clock is rarer than one whole.
        let (common, count) = bursts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
        let longest = bursts.iter().rposition(|count| *count > 0)?;
        (*count > 0).then_some((common as u64 * self.consumer.quantum, longest as u64 * self.consumer.quantum))
    }
}

/// The last of `total` faults.
fn injections(slots: &[Injection; INJECTION_SLOTS], total: u64) -> Vec<InjectedFault> {
    latest(
        slots,
        wanted(cfg!(any(feature = "faults", not(target_family = "wasm"))), total),
        |fault| InjectedFault {
            kind: fault.kind.get() as u32,
            at_ms: fault.at_us.get() as f64 / 1e3,
            lasted_ms: fault.lasted_us.get() as f64 / 1e3,
            position: fault.position.get(),
            frames: fault.frames.get(),
        },
    )
}

/// The last of `total` entries in a circle of `slots`, oldest first.
fn latest<S, T>(slots: &[S], total: u64, of: impl Fn(&S) -> T) -> Vec<T> {
    let first = total.saturating_sub(slots.len() as u64);
    // An iterator that knows its length is collected by far less code than one over u64.
    let count = (total - first) as usize;
    let from = (first % slots.len() as u64) as usize;
    (0..count).map(|entry| of(&slots[(from + entry) % slots.len()])).collect()
}

/// `total`, or nothing where nobody wants to know.
fn wanted(by_somebody: bool, total: u64) -> u64 {
    if by_somebody { total } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_out_is_found_over_a_gap() {
        // 100 frames, then 30 of silence, then 20 frames.
        let mut snapshot = Snapshot::default();
        (snapshot.consumer.requested, snapshot.consumer.gap, snapshot.read) = (150, [100, 130], 120);
        for (behind, place) in [
            (0, 119),
            (1, 119),
            (20, 100),
            (21, 99),
            (50, 99),
            (51, 99),
            (52, 98),
            (150, 0),
            (1_000, 0),
        ] {
            assert_eq!(snapshot.put_out(behind), place, "{behind} frames ago");
        }
        // A rest that goes on.
        (snapshot.consumer.requested, snapshot.consumer.gap, snapshot.read) = (130, [100, 130], 100);
        for (behind, place) in [(1, 99), (30, 99), (31, 99), (32, 98)] {
            assert_eq!(snapshot.put_out(behind), place, "{behind} frames ago, in a rest");
        }
    }
}
