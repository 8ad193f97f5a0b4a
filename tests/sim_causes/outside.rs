//! Faults from outside of the injector: the source, the scheduler, the device, the machine, the figures themselves.

use noxrun::inject::Random;
use noxrun::ledger::{Cause, LogEntry};
use noxrun::render::Pace;
use noxrun::sim::{Burst, ORIGIN_MS};

use super::rig::{Puppet, Rig, SETTLES_MS, Shape, pick};
use super::tally::Tally;

/// How long a fault has, in ms, until it is over in any case.
const ACTS_MS: f64 = 750.0;
/// A page finds a producer lost after that long at the latest, in ms.
const LOST_WITHIN_MS: f64 = 3_500.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// The source blocks.
    Block,
    /// The source is too slow.
    Busy,
    /// A sleep that has ended goes on.
    Oversleep,
    /// The thread is stopped while it sleeps.
    PreemptAsleep,
    /// It is stopped whatever it does.
    PreemptAnywhere,
    /// One callback asks for more than the ring holds.
    LongCallback,
    /// The device comes late and makes up for it.
    Hang,
    /// The source has nothing.
    Dry,
    /// It has nothing after a jump.
    SeekDry,
    /// Another source takes long to open.
    SlowOpening,
    /// The producer goes by a clock that is slow.
    Drift,
    /// The ring cannot hold a block beside a callback.
    TooSmall,
    /// Every callback asks for more than the ring holds.
    LongCallbacks,
    /// The worker is gone without a word.
    Kill,
    /// It crashes, of which the page hears.
    Crash,
    /// The source ends, mostly in the midst of trouble.
    End,
    /// The context is suspended and resumed.
    Suspend,
    /// The same, with a device that asks on for a moment while the worker stands still already.
    LateSuspend,
    /// The machine sleeps: page, worker and device stop and go on together.
    Sleep,
    /// It sleeps, and the worker stops earlier than the device, or goes on later.
    UnevenSleep,
}

impl Outside {
    pub const ALL: [Outside; 20] = [
        Outside::Block,
        Outside::Busy,
        Outside::Oversleep,
        Outside::PreemptAsleep,
        Outside::PreemptAnywhere,
        Outside::LongCallback,
        Outside::Hang,
        Outside::Dry,
        Outside::SeekDry,
        Outside::SlowOpening,
        Outside::Drift,
        Outside::TooSmall,
        Outside::LongCallbacks,
        Outside::Kill,
        Outside::Crash,
        Outside::End,
        Outside::Suspend,
        Outside::LateSuspend,
        Outside::Sleep,
        Outside::UnevenSleep,
    ];

    /// The causes that are right for it: docs/faults.md. None: nothing may be lost.
    fn right(self) -> &'static [Cause] {
        match self {
            Outside::Block | Outside::Dry => &[Cause::Stalled],
            Outside::Busy => &[Cause::RenderTooSlow],
            Outside::Oversleep | Outside::PreemptAsleep => &[Cause::WokenLate],
            // While it renders, that is not told from a source that blocks.
            Outside::PreemptAnywhere => &[Cause::WokenLate, Cause::Stalled, Cause::RenderTooSlow],
            Outside::LongCallback | Outside::Hang | Outside::LongCallbacks => &[Cause::CallbackBurst],
            Outside::SeekDry | Outside::SlowOpening => &[Cause::Seek],
            Outside::Drift => &[Cause::RateMismatch],
            Outside::TooSmall => &[Cause::RingTooSmall],
            Outside::Kill | Outside::Crash => &[Cause::ProducerLost],
            Outside::LateSuspend | Outside::UnevenSleep => &[Cause::Suspended],
            Outside::Suspend | Outside::Sleep => &[],
            // The block that was the last one came late.
            Outside::End => &[Cause::Stalled, Cause::Ended],
        }
    }

    /// Whether it is a condition that goes on, of which there is one for each output.
    fn stands(self) -> bool {
        matches!(self, Outside::Drift | Outside::TooSmall | Outside::LongCallbacks)
    }

    /// Whether nothing comes after it, so that there is one for each output.
    fn ends(self) -> bool {
        matches!(self, Outside::Kill | Outside::Crash | Outside::End)
    }

    /// Whether the index goes on after it where it broke off.
    fn leaves_the_index(self) -> bool {
        !self.stands() && !self.ends() && !matches!(self, Outside::SeekDry | Outside::SlowOpening)
    }

    pub fn shape(self, random: &mut Random) -> Shape {
        match self {
            Outside::TooSmall => {
                let callback = pick(random, &[441, 557, 900]);
                let block = pick(random, &[300, 512, 600]);
                // Room for either, and for less than both.
                let (largest, both) = (callback.next_multiple_of(128).max(block), callback + block);
                let limit = largest + (random.unit() * 0.9 * (both - largest) as f64) as usize;
                Shape::of(random, limit, block, callback)
            }
            Outside::LongCallbacks => {
                let callback = pick(random, &[1024, 2048, 4096]);
                let limit = (callback as f64 * (0.4 + 0.5 * random.unit())) as usize;
                let block = pick(random, &[64, 128, 200]);
                Shape::of(random, limit, block, callback)
            }
            // Blocks that take no time, so that it is asleep when it is stopped.
            Outside::PreemptAsleep | Outside::LateSuspend | Outside::UnevenSleep => Shape::healthy(random, 0.0),
            _ => Shape::healthy(random, 0.4),
        }
    }

    /// Causes at least `faults` of the kind, on as many outputs as that takes, and judges them.
    pub fn campaign(self, faults: usize, seed: u64) -> Tally {
        let mut random = Random::new(seed);
        let mut tally = Tally::default();
        while tally.faults < faults {
            let mut rig = Rig::outside(self.shape(&mut random));
            if self.stands() {
                self.stand(&mut rig, &mut random, &mut tally);
                continue;
            }
            rig.warm_up();
            for _ in 0..if self.ends() { 1 } else { 4 } {
                self.once(&mut rig, &mut random, &mut tally);
            }
        }
        tally
    }

    /// When it was is known to one callback, and what the device's callbacks may be late by; but for those that are lost where nobody asks for anything and nobody looks.
    fn check_date(self, rig: &Rig, loss: &LogEntry) {
        if matches!(self, Outside::Hang | Outside::LateSuspend | Outside::UnevenSleep) {
            return;
        }
        let device = &rig.shape.device;
        let known_to_ms = rig.shape.ms(device.callback_frames + 128.0) + device.jitter_ms;
        let date_ms = ORIGIN_MS + rig.began_ms(loss);
        assert!((loss.at_ms - date_ms).abs() <= known_to_ms, "{self:?} at {date_ms}: {loss:?}");
    }

    /// One fault that passes.
    pub fn once(self, rig: &mut Rig, random: &mut Random, tally: &mut Tally) {
        let from_ms = rig.now_ms();
        let over_ms = self.happen(rig, random);
        rig.simulation.run_for(ACTS_MS.max(over_ms - from_ms));
        rig.strings.slow.set(0.0);
        rig.simulation.run_for(SETTLES_MS);
        let losses = rig.losses();
        for loss in &losses {
            assert!(rig.began_ms(loss) >= from_ms, "{self:?} came before itself: {loss:?}");
            super::show(self, rig, loss, self.right());
            self.check_date(rig, loss);
        }
        if self.leaves_the_index() {
            tally.gaps += rig.compare_with_index(&losses);
        }
        let gone = matches!(self, Outside::Kill | Outside::Crash);
        assert_eq!(rig.page.found_it_lost(), gone, "{self:?}");
        match self.right() {
            [] => tally.of_nothing(&losses),
            right => tally.of_losses(&losses, right),
        }
    }

    /// One condition that stands: what it loses again and again has one reason.
    fn stand(self, rig: &mut Rig, random: &mut Random, tally: &mut Tally) {
        let mut drains_ms = 0.0;
        if self == Outside::Drift {
            rig.warm_up();
            let share = 0.02 + random.unit() * 0.06;
            let pace = Pace::Timer {
                period_ms: None,
                jitter_ms: 0.0,
                ppm: -share * 1e6,
                seed: 1,
            };
            rig.simulation.set_pace(pace).expect("in range");
            drains_ms = rig.shape.ring_ms() / share;
        }
        rig.simulation.run_for(drains_ms + SETTLES_MS + 1_000.0);
        let mut losses = rig.losses();
        // It goes on: of the latest ones not all is known yet.
        let last_ms = rig.now_ms() - SETTLES_MS;
        losses.retain(|loss| rig.began_ms(loss) < last_ms);
        for loss in &losses {
            super::show(self, rig, loss, self.right());
            self.check_date(rig, loss);
        }
        tally.of_losses(&losses, self.right());
    }

    /// Makes it happen, now or in a moment. Returns when it will be over, in ms.
    fn happen(self, rig: &mut Rig, random: &mut Random) -> f64 {
        let (now, world) = (rig.now_ms(), rig.simulation.world().clone());
        let ring_ms = rig.shape.ring_ms();
        // About as long as the ring lasts, up to 60 ms more: some are not heard at all.
        let ms = rig.shape.stall_ms() + random.unit() * 60.0;
        let soon = now + random.unit() * 20.0;
        let apart_ms = ring_ms * 1.2 + random.unit() * 60.0;
        match self {
            Outside::Block => rig.strings.block_ms.set(ms),
            Outside::Busy => rig.strings.slow.set(1.1 + random.unit()),
            Outside::Oversleep => rig.strings.oversleep_ms.set(ms),
            Outside::PreemptAsleep | Outside::PreemptAnywhere => world.freeze(soon, ms),
            Outside::LongCallback => world.burst(Burst {
                at_ms: soon,
                frames: (rig.shape.limit as f64 * (1.2 + random.unit())) as u64,
            }),
            Outside::Hang => world.hang(soon, soon + ms),
            Outside::Dry => rig.strings.dry_until.set(now + ms),
            Outside::SeekDry => {
                rig.strings.jump.set(true);
                rig.strings.dry_until.set(now + ms + 100.0);
            }
            // The storage beyond the ring bridges 0.4 s at 48 kHz.
            Outside::SlowOpening => {
                let source = Box::new(Puppet(rig.strings.clone()));
                let opening_ms = rig.shape.ms(24_576.0) + random.unit() * 60.0;
                rig.simulation.set_source(source, opening_ms);
            }
            Outside::Crash => {
                rig.simulation.kill();
                rig.page.worker_crashes(now);
            }
            Outside::Kill => {
                rig.simulation.kill();
                return now + LOST_WITHIN_MS;
            }
            Outside::End => {
                rig.strings.block_ms.set(if random.unit() < 0.8 { ms } else { 0.0 });
                rig.strings.end.set(true);
            }
            Outside::Suspend => return suspend(rig, random, soon, soon),
            Outside::LateSuspend => return suspend(rig, random, soon, soon + apart_ms),
            Outside::Sleep => return sleep(rig, random, soon, 0.0),
            Outside::UnevenSleep => return sleep(rig, random, soon + apart_ms, apart_ms),
            Outside::Drift | Outside::TooSmall | Outside::LongCallbacks => unreachable!("it stands"),
        }
        now + ACTS_MS
    }
}

/// The context is suspended from `from_ms` on; the worker stands still from `still_ms` on where that is earlier. (Then not for so long that the page would have to take it for lost.)
fn suspend(rig: &Rig, random: &mut Random, still_ms: f64, from_ms: f64) -> f64 {
    let longest_ms = if still_ms < from_ms { 1_500.0 } else { 20_000.0 };
    let until_ms = from_ms + 400.0 + random.unit() * (longest_ms - 400.0);
    let world = rig.simulation.world();
    if still_ms < from_ms {
        world.freeze(still_ms, until_ms - still_ms);
    }
    world.rest(from_ms, until_ms);
    let state = if random.unit() < 0.5 { "suspended" } else { "interrupted" };
    rig.page.context_becomes(from_ms, state);
    rig.page.context_becomes(until_ms, "running");
    until_ms
}

/// The lid closes at `from_ms`. The worker stops `apart_ms` before the device, or goes on so much later than it; clocks stand still meanwhile, or go on.
fn sleep(rig: &Rig, random: &mut Random, from_ms: f64, apart_ms: f64) -> f64 {
    let until_ms = from_ms + 2_500.0 + random.unit() * 20_000.0;
    let world = rig.simulation.world();
    let early = random.unit() < 0.5;
    let (stops_ms, goes_on_ms) = match early {
        true => (from_ms - apart_ms, until_ms),
        false => (from_ms, until_ms + apart_ms),
    };
    world.freeze(stops_ms, goes_on_ms - stops_ms);
    world.rest(from_ms, until_ms);
    rig.page.sleeps(from_ms, until_ms + random.unit() * 50.0);
    if random.unit() < 0.5 {
        rig.stops.add(from_ms, until_ms);
    }
    goes_on_ms
}
