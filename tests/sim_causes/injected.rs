//! Faults of the public injector, around source and clock as in an output. What really happened is what its records say.

use noxrun::inject::{Fault, FaultKind, Random};
use noxrun::ledger::{Cause, EventKind, InjectedFault, LogEntry};
use noxrun::render::Pace;
use noxrun::sim::ORIGIN_MS;

use super::rig::{Rig, SETTLES_MS, Shape, is_right, pick};
use super::tally::Tally;
use std::sync::atomic::Ordering;

const TIMER: Pace = Pace::Timer {
    period_ms: None,
    jitter_ms: 0.0,
    ppm: 0.0,
    seed: 0,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    Stall,
    /// A stall that the page asks for: `Output::freeze`.
    Freeze,
    Slow,
    Late,
    /// Garbage that takes long to collect now and then, or a little with every block.
    Gc,
    Burst,
    /// A clock that is slow.
    Rate,
    /// A clock that is fast: what is too much is refused.
    FastRate,
    /// Stalls, late wake-ups, bursts and broken blocks at once, each at its own distance.
    Mixed,
    Skip,
    Replay,
    Tear,
    /// All three at once.
    Broken,
    Allocate,
}

impl Injected {
    pub const ALL: [Injected; 14] = [
        Injected::Stall,
        Injected::Freeze,
        Injected::Slow,
        Injected::Late,
        Injected::Gc,
        Injected::Burst,
        Injected::Rate,
        Injected::FastRate,
        Injected::Mixed,
        Injected::Skip,
        Injected::Replay,
        Injected::Tear,
        Injected::Broken,
        Injected::Allocate,
    ];

    /// Causes at least `faults` of the kind, on as many outputs as that takes, and judges them.
    pub fn campaign(self, faults: usize, seed: u64) -> Tally {
        let mut random = Random::new(seed);
        let mut tally = Tally::default();
        while tally.faults < faults {
            match self {
                Injected::Rate | Injected::FastRate => self.rate(&mut random, &mut tally),
                Injected::Mixed => self.mixed(&mut random, &mut tally),
                Injected::Skip | Injected::Replay | Injected::Tear | Injected::Broken => self.broken(&mut random, &mut tally),
                _ => self.passing(&mut random, &mut tally),
            }
        }
        tally
    }

    /// Faults that come and go, four times on one output.
    fn passing(self, random: &mut Random, tally: &mut Tally) {
        let mut shape = Shape::healthy(random, 0.4);
        let block_ms = shape.ms(shape.block as f64);
        let seldom = random.unit() < 0.5;
        if self == Injected::Gc {
            shape.worker.litter_ms = match seldom {
                true => shape.ring_ms() + 3.0 * block_ms + random.unit() * 60.0,
                false => block_ms * (1.1 + random.unit()),
            };
        }
        let mut rig = Rig::injected(shape, 1, Pace::Demand, &[]);
        rig.warm_up();
        for _ in 0..4 {
            let ms = rig.shape.stall_ms() + random.unit() * 60.0;
            let every_ms = 300.0 + random.unit() * 300.0;
            let fault = match self {
                Injected::Stall => Fault::Stall {
                    ms,
                    every_ms,
                    jitter_ms: random.unit() * 100.0,
                },
                Injected::Slow => Fault::Slow {
                    share: 1.1 + random.unit(),
                },
                Injected::Late => Fault::Late { ms, every_ms },
                Injected::Gc => Fault::Gc {
                    every_ms: seldom.then_some(every_ms),
                },
                Injected::Burst => Fault::Burst {
                    frames: (rig.shape.limit as f64 * (1.2 + random.unit())) as u32,
                    every_ms,
                },
                _ => Fault::Allocate,
            };
            if self == Injected::Freeze {
                let control = &rig.simulation.shared().control;
                control.freeze_ms.store(ms as u32, Ordering::Relaxed);
                control.freezes.fetch_add(1, Ordering::Release);
            } else {
                rig.simulation.set_faults(&[fault]).expect("in range");
            }
            let known = rig.page.injected().len();
            rig.simulation.run_for(950.0);
            rig.simulation.set_faults(&[]).expect("in range");
            rig.simulation.run_for(SETTLES_MS);
            let losses = rig.losses();
            let records = rig.page.injected().split_off(known);
            // What the audio thread throws away of a burst is heard by nobody.
            if self != Injected::Burst {
                tally.gaps += rig.compare_with_index(&losses);
            }
            self.hold_against(&rig, &records, &losses, tally);
        }
    }

    /// The causes that are right for losses that `record` made: docs/faults.md. None: nothing may be lost.
    fn right(kind: Option<FaultKind>) -> &'static [Cause] {
        match kind {
            Some(FaultKind::Stall) => &[Cause::Stalled],
            Some(FaultKind::Slow) => &[Cause::RenderTooSlow],
            Some(FaultKind::Late) => &[Cause::WokenLate],
            // The collection comes with a block here.
            Some(FaultKind::Gc) => &[Cause::RenderTooSlow, Cause::Stalled],
            Some(FaultKind::Burst) => &[Cause::CallbackBurst],
            Some(FaultKind::Rate) => &[Cause::RateMismatch],
            _ => &[],
        }
    }

    /// Judges each record by the losses that overlap it in time. A loss that overlaps none was invented.
    fn hold_against(self, rig: &Rig, records: &[InjectedFault], losses: &[LogEntry], tally: &mut Tally) {
        assert!(!records.is_empty(), "{self:?} never happened: {:?}", rig.shape);
        let kind = |record: &InjectedFault| FaultKind::from_number(record.kind);
        let mut of_record = vec![Vec::new(); records.len()];
        for loss in losses {
            let (from_ms, until_ms) = spell(rig, loss);
            let overlaps = |record: &InjectedFault| {
                // The audio thread's clock ticks in whole milliseconds.
                let tick_ms = if kind(record) == Some(FaultKind::Burst) { 1.0 } else { 0.0 };
                let ended_ms = record.at_ms + record.lasted_ms + tick_ms;
                record.at_ms <= until_ms && ended_ms >= from_ms && !Self::right(kind(record)).is_empty()
            };
            let over: Vec<usize> = (0..records.len()).filter(|nth| overlaps(&records[*nth])).collect();
            assert!(!over.is_empty(), "{self:?}: nothing was injected at {loss:?}: {records:?}");
            // Of several at once any may be the reason.
            let right: Vec<Cause> = over.iter().flat_map(|nth| Self::right(kind(&records[*nth]))).copied().collect();
            super::show(self, rig, loss, &right);
            for nth in over {
                of_record[nth].push((*loss, right.clone()));
            }
        }
        for (record, losses) in records.iter().zip(of_record) {
            let all: Vec<LogEntry> = losses.iter().map(|(loss, _)| *loss).collect();
            if Self::right(kind(record)).is_empty() {
                tally.of_nothing(&all);
                continue;
            }
            let right: Vec<Cause> = losses.into_iter().flat_map(|(_, right)| right).collect();
            tally.of_losses(&all, &right);
        }
    }

    /// A clock that is off: one fault for each output.
    fn rate(self, random: &mut Random, tally: &mut Tally) {
        let mut rig = Rig::injected(Shape::healthy(random, 0.4), 1, TIMER, &[]);
        rig.warm_up();
        let share = 0.02 + random.unit() * 0.06;
        let slow = self == Injected::Rate;
        let ppm = if slow { -share * 1e6 } else { share * 1e6 };
        rig.simulation.set_faults(&[Fault::Rate { ppm }]).expect("in range");
        rig.simulation.run_for(rig.shape.ring_ms() / share + SETTLES_MS + 1_000.0);
        let mut losses = rig.losses();
        // It goes on: of the latest ones not all is known yet.
        let last_ms = rig.now_ms() - SETTLES_MS;
        losses.retain(|loss| rig.began_ms(loss) < last_ms);
        if slow {
            let records = rig.page.injected();
            return self.hold_against(&rig, &records, &losses, tally);
        }
        // What comes in between the first callbacks was too much before that already.
        let mut overruns = rig.page.entries(EventKind::Overrun);
        overruns.retain(|overrun| overrun.settled && overrun.cause != Some(Cause::Startup));
        assert!(!overruns.is_empty(), "what is too much is refused: {:?}", rig.shape);
        losses.extend(overruns);
        for loss in losses.iter().filter(|loss| !is_right(loss, &[Cause::RateMismatch])) {
            super::show(self, &rig, loss, &[Cause::RateMismatch]);
        }
        tally.of_losses(&losses, &[Cause::RateMismatch]);
    }

    /// Blocks left out, put out again or torn: the log has to tell each of them as it was injected, and nothing else.
    fn broken(self, random: &mut Random, tally: &mut Tally) {
        let (channels, shape) = (pick(random, &[1, 2, 6]), Shape::healthy(random, 0.4));
        let block_ms = shape.ms(shape.block as f64);
        // Shared memory keeps 64 of them, and the page may be busy.
        let mut every = || ((40.0 + random.unit() * 100.0) / block_ms) as u32 + 1;
        let (skip, replay, tear) = (
            Fault::Skip { every_blocks: every() },
            Fault::Replay { every_blocks: every() },
            Fault::Tear { every_blocks: every() },
        );
        let faults = match self {
            Injected::Skip => &[skip][..],
            Injected::Replay => &[replay],
            Injected::Tear => &[tear],
            _ => &[skip, replay, tear],
        };
        let mut rig = Rig::injected(shape, channels, Pace::Demand, &[]);
        rig.simulation.shared().control.verify_index.store(1, Ordering::Relaxed);
        rig.warm_up();
        rig.simulation.set_faults(faults).expect("in range");
        rig.simulation.run_for(1_000.0);
        rig.simulation.set_faults(&[]).expect("in range");
        rig.simulation.run_for(SETTLES_MS);
        assert!(rig.losses().is_empty(), "blocks that come in time lose nothing");
        tell_exactly(&rig, tally);
    }

    /// Several at once over a while.
    fn mixed(self, random: &mut Random, tally: &mut Tally) {
        let shape = Shape::healthy(random, 0.4);
        let (ms, frames) = (shape.stall_ms() + 20.0 + random.unit() * 60.0, (shape.limit * 3 / 2) as u32);
        let faults = [
            Fault::Stall {
                ms,
                every_ms: 1_100.0,
                jitter_ms: 150.0,
            },
            Fault::Late { ms, every_ms: 1_700.0 },
            Fault::Burst { frames, every_ms: 2_300.0 },
            Fault::Skip { every_blocks: 50 },
            Fault::Replay { every_blocks: 70 },
            Fault::Tear { every_blocks: 90 },
            Fault::Allocate,
        ];
        let mut rig = Rig::injected(shape, 2, Pace::Demand, &[]);
        rig.simulation.shared().control.verify_index.store(1, Ordering::Relaxed);
        rig.warm_up();
        rig.simulation.set_faults(&faults).expect("in range");
        rig.simulation.run_for(8_000.0);
        rig.simulation.set_faults(&[]).expect("in range");
        rig.simulation.run_for(SETTLES_MS);
        let losses = rig.losses();
        let mut records = rig.page.injected();
        records.retain(|record| !Self::right(FaultKind::from_number(record.kind)).is_empty());
        self.hold_against(&rig, &records, &losses, tally);
        // Broken blocks are so many that they would hide the rest.
        let mut broken = Tally::default();
        tell_exactly(&rig, &mut broken);
        assert!(broken.judged > 0 && broken.right == broken.judged, "{broken}");
    }
}

/// From the ring having been full for the last time until the missing frames were there, in ms since the epoch: by the producer's account, and by when the loss really began and how long it was.
fn spell(rig: &Rig, loss: &LogEntry) -> (f64, f64) {
    let began_ms = ORIGIN_MS + rig.began_ms(loss);
    let account = loss.evidence.account.expect("the producer is there");
    ((account.at_ms - account.spell_ms).min(began_ms), account.at_ms.max(began_ms))
}

/// Each broken block is one entry of its kind, with its frames, in its place; and nothing else broke.
fn tell_exactly(rig: &Rig, tally: &mut Tally) {
    let snapshot = rig.simulation.snapshot();
    let kinds = [
        (FaultKind::Skip, EventKind::Skipped, snapshot.consumer.skipped),
        (FaultKind::Replay, EventKind::Replayed, snapshot.consumer.replayed),
        (FaultKind::Tear, EventKind::Torn, snapshot.consumer.torn),
    ];
    for (kind, told_as, counted) in kinds {
        let injected: Vec<_> = rig
            .page
            .injected()
            .into_iter()
            .filter(|record| record.kind == kind as u32)
            .collect();
        let shown = |record: &InjectedFault| {
            kind.shown(record.position, record.frames, snapshot.read)
                .expect("a kind that it shows")
        };
        assert_eq!(injected.iter().map(shown).sum::<u64>(), counted, "{kind:?}");
        let entries = rig.page.entries(told_as);
        assert_eq!(entries.len(), injected.len(), "{kind:?}: {entries:?} of {injected:?}");
        for (entry, record) in entries.iter().zip(&injected) {
            tally.of_index(entry.settled && entry.frames == record.frames);
        }
    }
}
