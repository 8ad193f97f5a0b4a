//! The list of faults at work.

use core::cell::RefCell;
use core::time::Duration;
use std::rc::Rc;

use super::due::Due;
use super::faulty::Faulty;
use super::late::LateClock;
use super::record::{Lasting, Records};
use super::{Fault, FaultKind, Hands};
use crate::error::Error;
use crate::render::{Clock, Pace, RenderInfo, Source};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;

/// Longest time without a sign of life, in ms: who stands still on purpose is not lost, and stops when asked to.
const PIECE_MS: f64 = 250.0;
/// Less than what a record tells, in ms: what is left when a clock's steps do not add up.
const NOTHING_MS: f64 = 0.000_5;
/// What [`Fault::Allocate`] takes, in bytes.
const ALLOCATED_BYTES: usize = 4096;

/// Causes the faults of a list in one output's producer, on its thread: wrap its sources and its clock. Cheap to clone: clones cause the same faults.
///
/// A freeze that the page asks for ([`Control::freezes`](crate::shared::Control::freezes)) is caused without standing in the list.
#[derive(Clone)]
pub struct Injector(Rc<RefCell<State>>);

pub(super) struct State {
    pub hands: Box<dyn Hands>,
    pub records: Records,
    shared: Arc<SharedOutput>,
    seed: u64,
    pace: Pace,
    list: Vec<Fault>,
    /// What is wrong with the blocks, and the number of this plan: it rises whenever that changes.
    pub blocks: (u64, BlockFaults),
    freezes_done: u32,
    stall: Option<(f64, Due)>,
    late: Option<(f64, Due)>,
    /// `None` within: with every block.
    gc: Option<(Option<Due>, Lasting)>,
    slow: Option<(f64, Lasting)>,
    allocate: Option<Lasting>,
    rate: Option<Lasting>,
}

/// The faults of whole blocks that are on, with the blocks from one to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct BlockFaults {
    pub skip: Option<u64>,
    pub replay: Option<u64>,
    pub tear: Option<u64>,
    pub alias: Option<u64>,
}

impl Injector {
    /// For the producer of `shared`, which is driven by `pace`; without any fault. `seed` decides what is left to chance.
    pub fn new(shared: Arc<SharedOutput>, hands: impl Hands + 'static, pace: Pace, seed: u64) -> Self {
        Injector(Rc::new(RefCell::new(State {
            hands: Box::new(hands),
            records: Records::new(shared.clone()),
            shared,
            seed,
            pace,
            list: Vec::new(),
            blocks: Default::default(),
            freezes_done: 0,
            stall: None,
            late: None,
            gc: None,
            slow: None,
            allocate: None,
            rate: None,
        })))
    }

    /// These faults from now on, and no others. One that was there already, with the same figures, goes on undisturbed.
    ///
    /// # Errors
    /// Those of [`Fault::check_all`]; everything stays as it was then.
    pub fn set(&self, faults: &[Fault]) -> Result<(), Error> {
        let state = &mut *self.0.borrow_mut();
        Fault::check_all(faults, state.pace)?;
        state.set(faults);
        Ok(())
    }

    /// What drives the producer with the faults that there are: for [`Pacer::set_pace`](crate::render::Pacer::set_pace).
    pub fn pace(&self) -> Pace {
        let state = self.0.borrow();
        match (state.pace, state.ppm()) {
            (
                Pace::Timer {
                    period_ms,
                    jitter_ms,
                    ppm,
                    seed,
                },
                Some(off),
            ) => Pace::Timer {
                period_ms,
                jitter_ms,
                ppm: ppm + off,
                seed,
            },
            (pace, _) => pace,
        }
    }

    /// A source with the faults; it is asked for blocks of up to `block_frames` frames. Allocates room for two of them.
    pub fn source(&self, source: Box<dyn Source>, block_frames: usize) -> Box<dyn Source> {
        let samples = block_frames * self.0.borrow().shared.ring.channels();
        Box::new(Faulty::new(source, self.clone(), samples))
    }

    /// A clock with the faults.
    pub fn clock<C: Clock>(&self, clock: C) -> LateClock<C> {
        LateClock::new(clock, self.clone())
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.borrow_mut())
    }
}

impl State {
    fn set(&mut self, faults: &[Fault]) {
        let before = core::mem::replace(&mut self.list, faults.to_vec());
        let find = |list: &[Fault], kind| list.iter().copied().find(|fault| fault.kind() == kind);
        let now_ms = self.hands.now_ms();
        let mut blocks = BlockFaults::default();
        for kind in FaultKind::ALL {
            let fault = find(&self.list, kind);
            match fault {
                Some(Fault::Skip { every_blocks }) => blocks.skip = Some(every_blocks.into()),
                Some(Fault::Replay { every_blocks }) => blocks.replay = Some(every_blocks.into()),
                Some(Fault::Tear { every_blocks }) => blocks.tear = Some(every_blocks.into()),
                Some(Fault::Alias) => blocks.alias = Some(1),
                _ => {}
            }
            if fault == find(&before, kind) {
                continue;
            }
            self.end(kind);
            match fault {
                Some(Fault::Stall { ms, every_ms, jitter_ms }) => {
                    self.stall = Some((ms, Due::new(every_ms, jitter_ms, self.seed, now_ms)));
                }
                Some(Fault::Late { ms, every_ms }) => self.late = Some((ms, Due::new(every_ms, 0.0, 0, now_ms))),
                Some(Fault::Gc { every_ms }) => {
                    let due = every_ms.map(|every_ms| Due::new(every_ms, 0.0, 0, now_ms));
                    self.gc = Some((due, Lasting::default()));
                }
                Some(Fault::Slow { share }) => self.slow = Some((share, Lasting::default())),
                Some(Fault::Allocate) => self.allocate = Some(Lasting::default()),
                Some(Fault::Rate { .. }) => self.rate = Some(Lasting::default()),
                Some(Fault::Burst { frames, every_ms }) => {
                    let every = every_ms * f64::from(self.shared.sample_rate) / 1e3;
                    self.burst(frames, every.max(1.0) as u32);
                }
                _ => {}
            }
        }
        if blocks != self.blocks.1 {
            self.blocks = (self.blocks.0 + 1, blocks);
        }
    }

    fn end(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::Stall => self.stall = None,
            FaultKind::Late => self.late = None,
            FaultKind::Gc => self.gc = None,
            FaultKind::Slow => self.slow = None,
            FaultKind::Allocate => self.allocate = None,
            FaultKind::Rate => self.rate = None,
            FaultKind::Burst => self.burst(0, 0),
            _ => {}
        }
    }

    /// The audio thread does this by itself.
    fn burst(&self, frames: u32, every: u32) {
        let control = &self.shared.control;
        control.burst_every.store(every, Ordering::Relaxed);
        control.burst_frames.store(frames, Ordering::Relaxed);
    }

    /// By how much the clock is off, if it is.
    fn ppm(&self) -> Option<f64> {
        self.list.iter().find_map(|fault| match fault {
            Fault::Rate { ppm } => Some(*ppm),
            _ => None,
        })
    }

    /// Milliseconds since the epoch.
    pub fn epoch_ms(&self) -> f64 {
        self.hands.origin_ms() + self.hands.now_ms()
    }

    /// Before a block: what blocks the source.
    pub fn before(&mut self, position: u64) {
        let control = &self.shared.control;
        // Acquire: pairs with the page's store after `freeze_ms`.
        let freezes = control.freezes.load(Ordering::Acquire);
        if core::mem::replace(&mut self.freezes_done, freezes) != freezes {
            let ms = control.freeze_ms.load(Ordering::Relaxed);
            self.stand_still(FaultKind::Stall, f64::from(ms), position);
        }
        let now_ms = self.hands.now_ms();
        if let Some((ms, due)) = &mut self.stall
            && due.is_due(now_ms)
        {
            let ms = *ms;
            self.stand_still(FaultKind::Stall, ms, position);
        }
    }

    /// After a block that lasts for `frames` frames: what else it costs.
    pub fn after(&mut self, frames: usize, info: &RenderInfo) {
        let position = info.ring_position;
        let now_ms = self.hands.now_ms();
        if let Some((due, lasting)) = &mut self.gc
            && due.as_mut().is_none_or(|due| due.is_due(now_ms))
        {
            let origin_ms = self.hands.origin_ms();
            let made = self.hands.litter();
            let time = (origin_ms + now_ms, origin_ms + self.hands.now_ms());
            lasting.felt(&self.records, FaultKind::Gc, time, position, made);
        }
        let from_ms = self.epoch_ms();
        if let Some(lasting) = &mut self.allocate {
            core::hint::black_box(Vec::<u8>::with_capacity(ALLOCATED_BYTES));
            lasting.felt(&self.records, FaultKind::Allocate, (from_ms, from_ms), position, 1);
        }
        if let Some(lasting) = &mut self.rate {
            lasting.felt(&self.records, FaultKind::Rate, (from_ms, from_ms), position, frames as u64);
        }
        if let Some((share, _)) = self.slow {
            let ms = share * frames as f64 * 1e3 / f64::from(info.sample_rate);
            self.in_pieces(ms, |state, piece| state.hands.work(piece));
            let until_ms = self.epoch_ms();
            if let Some((_, lasting)) = &mut self.slow {
                lasting.felt(&self.records, FaultKind::Slow, (from_ms, until_ms), position, frames as u64);
            }
        }
    }

    /// After a sleep: it goes on, if that is due.
    pub fn oversleep(&mut self, position: u64) {
        let now_ms = self.hands.now_ms();
        if let Some((ms, due)) = &mut self.late
            && due.is_due(now_ms)
        {
            let ms = *ms;
            self.stand_still(FaultKind::Late, ms, position);
        }
    }

    /// Stands still, and records it as it really was.
    fn stand_still(&mut self, kind: FaultKind, ms: f64, position: u64) {
        let from_ms = self.hands.now_ms();
        let record = self.records.begin(kind, self.epoch_ms(), position, 0);
        self.in_pieces(ms, |state, piece| {
            state.hands.stand_still(piece);
            state.records.goes_on(record, state.hands.now_ms() - from_ms, 0);
        });
    }

    /// Does something that lasts for `ms` in pieces, with signs of life in between; ends early when the producer is asked to stop.
    fn in_pieces(&mut self, ms: f64, mut piece: impl FnMut(&mut State, Duration)) {
        let from_ms = self.hands.now_ms();
        loop {
            let left_ms = ms - (self.hands.now_ms() - from_ms);
            if left_ms < NOTHING_MS || self.shared.control.stop.load(Ordering::Relaxed) != 0 {
                return;
            }
            piece(self, Duration::from_secs_f64(left_ms.min(PIECE_MS) / 1e3));
            self.records.beat();
        }
    }
}
