//! The page, in simulated time: the code that ships (event log, pulse, standstill), joined as `src/web/page/output.rs` and `src/web/page/explain.rs` join it, with the browser's part played here. It
//! knows what a page can know: the ledger at its looks, its own clock and the calendar, the context's state.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use noxrun::inject::Random;
use noxrun::ledger::{EventKind, EventLog, InjectedFault, LogEntry, Sight, Snapshot};
use noxrun::shared::SharedOutput;
use noxrun::sim::{ORIGIN_MS, World};
use noxrun::watch::{EVERY_MS, Look, Pulse, Standstill};

/// How long the page takes to hear of an event at most, in ms.
const HEARS_WITHIN_MS: f64 = 5.0;
/// Of so many looks one comes late, because the page's thread is busy.
const BUSY_ONE_IN: f64 = 15.0;
/// By how much at most, in ms. (Shared memory keeps 256 underruns: some rings here have as many in half a second.)
const BUSY_MS: f64 = 400.0;

/// Times in which the machine's clocks stand still, from and until in ms of the world: some do while it sleeps. Page and worker see the same.
#[derive(Clone, Default)]
pub struct Stops(Rc<RefCell<Vec<(f64, f64)>>>);

impl Stops {
    pub fn add(&self, from_ms: f64, until_ms: f64) {
        self.0.borrow_mut().push((from_ms, until_ms));
    }

    /// How often they did, or will.
    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// What such a clock shows at `world_ms`.
    pub fn clock_ms(&self, world_ms: f64) -> f64 {
        let stood = |(from, until): &(f64, f64)| (world_ms.min(*until) - from).max(0.0);
        world_ms - self.0.borrow().iter().map(stood).sum::<f64>()
    }
}

/// A page with one output.
#[derive(Clone)]
pub struct Page(Rc<RefCell<Seen>>);

struct Seen {
    log: EventLog,
    pulse: Pulse,
    standstill: Standstill,
    frames_per_ms: f64,
    stops: Stops,
    random: Random,
    /// The context's state now, and what becomes of it when.
    context: &'static str,
    changes: VecDeque<(f64, &'static str)>,
    /// Until when the page's thread does not run.
    asleep: Option<(f64, f64)>,
    next_look_ms: f64,
    /// When the worker's `error` event comes.
    crash_ms: f64,
    lost: bool,
    /// When a script has the output pause.
    pause_ms: f64,
    /// Faults on purpose as they really happened, from either side's records: the truth. The log never sees it.
    injected: Vec<InjectedFault>,
    of_audio: Vec<InjectedFault>,
}

impl Page {
    /// Watches over the output of `world` from now on.
    pub fn new(world: &World, stops: Stops, seed: u64) -> Page {
        let sample_rate = f64::from(world.device().sample_rate);
        let now_ms = world.now_ms();
        let first = Look {
            at_ms: now_ms,
            date_ms: ORIGIN_MS + now_ms,
            ..Look::default()
        };
        let mut seen = Seen {
            log: EventLog::new(sample_rate),
            pulse: Pulse::new(now_ms),
            standstill: Standstill::new(first, EVERY_MS),
            frames_per_ms: sample_rate / 1e3,
            stops,
            random: Random::new(seed),
            context: "running",
            changes: VecDeque::new(),
            asleep: None,
            next_look_ms: now_ms + EVERY_MS,
            crash_ms: f64::INFINITY,
            lost: false,
            pause_ms: f64::INFINITY,
            injected: Vec::new(),
            of_audio: Vec::new(),
        };
        seen.hear(now_ms, "running");
        // That long tasks are watched.
        seen.log.saw(Sight::LongTask {
            at_ms: ORIGIN_MS + now_ms,
            ms: 0.0,
        });
        let page = Page(Rc::new(RefCell::new(seen)));
        let watching = page.clone();
        world.watch(now_ms, move |now_ms, shared| watching.0.borrow_mut().turn(now_ms, shared));
        page
    }

    /// The context's state changes at `at_ms`, of which the page hears a moment later.
    pub fn context_becomes(&self, at_ms: f64, state: &'static str) {
        self.0.borrow_mut().changes.push_back((at_ms, state));
    }

    /// The worker's code crashes at `at_ms`, of which the browser tells the page.
    pub fn worker_crashes(&self, at_ms: f64) {
        self.0.borrow_mut().crash_ms = at_ms;
    }

    /// The output pauses at `at_ms`.
    pub fn pauses(&self, at_ms: f64) {
        self.0.borrow_mut().pause_ms = at_ms;
    }

    /// The page's thread does not run from `from_ms` until `until_ms`.
    pub fn sleeps(&self, from_ms: f64, until_ms: f64) {
        self.0.borrow_mut().asleep = Some((from_ms, until_ms));
    }

    /// A script asks: the output looks at once.
    pub fn look(&self, now_ms: f64, shared: &SharedOutput) {
        self.0.borrow_mut().look(now_ms, shared);
    }

    /// What the log says of events of one kind, by the calendar.
    pub fn entries(&self, kind: EventKind) -> Vec<LogEntry> {
        let seen = self.0.borrow();
        seen.log.dated().filter(|entry| entry.kind == kind).collect()
    }

    /// Whether the page has found the producer lost.
    pub fn found_it_lost(&self) -> bool {
        self.0.borrow().lost
    }

    /// The faults on purpose as they really happened so far.
    pub fn injected(&self) -> Vec<InjectedFault> {
        let seen = self.0.borrow();
        let mut all = [&seen.injected[..], &seen.of_audio[..]].concat();
        all.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        all
    }
}

impl Seen {
    /// The page's clock.
    fn clock_ms(&self, now_ms: f64) -> f64 {
        self.stops.clock_ms(now_ms)
    }

    fn epoch_ms(&self, now_ms: f64) -> f64 {
        ORIGIN_MS + self.clock_ms(now_ms)
    }

    /// What the page's event loop has to do at `now_ms`; when it comes next.
    fn turn(&mut self, now_ms: f64, shared: &SharedOutput) -> f64 {
        let next_ms = now_ms + HEARS_WITHIN_MS;
        if let Some((from, until)) = self.asleep
            && now_ms >= from
        {
            if now_ms < until {
                return until;
            }
            self.asleep = None;
        }
        while let Some((_, state)) = self.changes.front().copied().filter(|(at_ms, _)| *at_ms <= now_ms) {
            self.changes.pop_front();
            self.hear(now_ms, state);
        }
        if now_ms >= self.pause_ms {
            shared.set_paused(true);
        }
        if now_ms >= self.next_look_ms {
            self.look(now_ms, shared);
            let busy_ms = match self.random.unit() * BUSY_ONE_IN < 1.0 {
                true => self.random.unit() * BUSY_MS,
                false => self.random.unit() * 2.0,
            };
            if busy_ms >= 50.0 {
                self.log.saw(Sight::LongTask {
                    at_ms: self.epoch_ms(now_ms),
                    ms: busy_ms,
                });
            }
            self.next_look_ms = now_ms + EVERY_MS + busy_ms;
        }
        next_ms.min(self.next_look_ms)
    }

    /// `statechange`.
    fn hear(&mut self, now_ms: f64, state: &'static str) {
        self.context = state;
        let at_ms = self.epoch_ms(now_ms);
        self.log.saw(Sight::Context { at_ms, state, ms: None });
    }

    /// The output looks after itself.
    fn look(&mut self, now_ms: f64, shared: &SharedOutput) {
        let snapshot = shared.snapshot();
        assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
        let (clock_ms, epoch_ms) = (self.clock_ms(now_ms), self.epoch_ms(now_ms));
        let asked_ms = snapshot.consumer.requested as f64 / self.frames_per_ms;
        if self.standstill.is_due(clock_ms) {
            self.log.date(epoch_ms, ORIGIN_MS + now_ms);
            let stood_still = self.standstill.look(Look {
                at_ms: clock_ms,
                date_ms: ORIGIN_MS + now_ms,
                asked_ms,
                running: self.context == "running",
                ..Look::default()
            });
            if let Some((from_ms, ms)) = stood_still {
                let at_ms = ORIGIN_MS + from_ms;
                self.log.saw(Sight::StoodStill { at_ms, ms });
            }
        }
        self.log.look(epoch_ms, &snapshot);
        let beat = Some((snapshot.producer.heartbeat, asked_ms));
        if !self.lost && (now_ms >= self.crash_ms || self.pulse.feel(clock_ms, beat).is_some()) {
            // Silence by pause, not one endless underrun.
            shared.set_paused(true);
            self.log.lost(epoch_ms);
            self.lost = true;
        }
        self.collect(&snapshot);
    }

    fn collect(&mut self, snapshot: &Snapshot) {
        let sides = [
            (&mut self.injected, snapshot.producer.injected, &snapshot.injections),
            (&mut self.of_audio, snapshot.consumer.injected, &snapshot.audio_injections),
        ];
        for (known, total, latest) in sides {
            let first = total as usize - latest.len();
            assert!(first <= known.len(), "records were forgotten before anybody looked");
            known.truncate(first);
            known.extend(latest);
        }
    }
}
