//! The cause of an underrun by messages: the producer hears of the reader late, and after its thread has stood still it hears one old answer after the other, each followed by a turn of its own.
#![cfg(feature = "embed")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use noxrun::consume::Quanta;
use noxrun::ledger::{Cause, Circumstances, ProducerAccount, cause};
use noxrun::render::{Clock, Naps, Pacer, RenderInfo, Source, Turn};
use noxrun::ring::sync::Arc;
use noxrun::shared::SharedOutput;
use noxrun::strategy::forward::Forward;
use noxrun::strategy::message::{Answer, HEADER, Receiver};

const RATE: f64 = 48_000.0;
const QUANTUM: usize = 128;
/// How long an answer is on its way, in ms.
const TRANSIT_MS: f64 = 15.0;
/// Quanta that the device asks for at once.
const BURST: u64 = 4;
const BLOCK: usize = 256;
const RING: usize = 2048;

/// The audio thread with its memory, what is on its way between it and the producer, and the time.
struct World {
    now_ms: Cell<f64>,
    there: Arc<SharedOutput>,
    receiver: RefCell<Receiver>,
    reader: RefCell<Quanta>,
    quanta: Cell<u64>,
    messages: RefCell<VecDeque<Vec<f64>>>,
    answers: RefCell<VecDeque<(f64, Answer)>>,
}

impl World {
    fn new() -> World {
        let there = output();
        World {
            now_ms: Cell::new(0.0),
            receiver: RefCell::new(Receiver::new(there.clone()).expect("free")),
            reader: RefCell::new(Quanta::new(there.clone(), QUANTUM).expect("free")),
            there,
            quanta: Cell::new(0),
            messages: RefCell::default(),
            answers: RefCell::default(),
        }
    }

    /// Lets time pass on the audio thread: messages arrive, quanta are read, every second one is answered.
    fn pass(&self, ms: f64) {
        let until = self.now_ms.get() + ms;
        loop {
            let next = (self.quanta.get() / BURST + 1) as f64 * (BURST as usize * QUANTUM) as f64 * 1e3 / RATE;
            if next > until {
                break;
            }
            self.now_ms.set(next);
            while let Some(message) = self.messages.borrow_mut().pop_front() {
                let header: [f64; HEADER] = message[..HEADER].try_into().expect("a header");
                self.receiver.borrow_mut().receive(&header, &vec![0.25; header[1] as usize], next);
            }
            for _ in 0..BURST {
                self.reader.borrow_mut().quantum(QUANTUM, next);
                self.quanta.set(self.quanta.get() + 1);
                if self.quanta.get().is_multiple_of(2) {
                    self.answers.borrow_mut().push_back((next + TRANSIT_MS, Answer::of(&self.there)));
                }
            }
        }
        self.now_ms.set(until);
    }

    /// How many answers have arrived that were not heard yet.
    fn arrived(&self) -> usize {
        let now = self.now_ms.get();
        self.answers.borrow().iter().take_while(|(due, _)| *due <= now).count()
    }
}

#[derive(Clone)]
struct Hand(Rc<World>);

impl Clock for Hand {
    fn now_ms(&self) -> f64 {
        self.0.now_ms.get()
    }

    fn origin_ms(&self) -> f64 {
        0.0
    }
}

/// Renders in no time, but for the blocks that hold one of these places.
struct Stalls {
    world: Rc<World>,
    at: Vec<u64>,
    ms: f64,
}

impl Source for Stalls {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        if self.at.first().is_some_and(|at| info.position >= *at) {
            self.at.remove(0);
            self.world.pass(self.ms);
        }
        block.fill(0.25);
        block.len() / info.channels
    }
}

fn output() -> Arc<SharedOutput> {
    let shared = SharedOutput::new(1, 2 * RING, RATE as f32).expect("in range");
    shared.ring.set_limit(RING).expect("in range");
    Arc::new(shared)
}

/// How the thread hears of the answers that have come meanwhile.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hears {
    /// All before its next turn.
    All,
    /// None before its next turn, then one after the other with turns in between: so browsers do after a long task.
    OneByOne,
    /// One, then all others.
    OneThenAll,
}

/// The causes of the underruns while a source stalls for `ms` at these places, a second apart.
fn causes(at: &[u64], ms: f64, hears: Hears) -> Vec<(u64, Option<Cause>, Option<ProducerAccount>)> {
    let (world, here) = (Rc::new(World::new()), output());
    let source = Stalls {
        world: world.clone(),
        at: at.to_vec(),
        ms,
    };
    let mut pacer = Pacer::new(here.clone(), Box::new(source), BLOCK, Hand(world.clone())).expect("free");
    pacer.set_naps(Naps::Always);
    let mut forward = Forward::new(here.clone(), BLOCK).expect("free");
    let mut turns = |forward: &mut Forward| {
        loop {
            let turn = pacer.turn();
            while forward.fill(world.now_ms.get()) > 0 {
                let message = forward.message();
                let frames = message[1] as usize;
                world
                    .messages
                    .borrow_mut()
                    .push_back(message[..HEADER + frames.div_ceil(2)].to_vec());
            }
            if matches!(turn, Turn::Nap(_)) {
                break;
            }
        }
    };
    let last = at.last().map_or(0, |last| last + RATE as u64);
    while world.there.snapshot().consumer.fresh < last {
        turns(&mut forward);
        let arrived = world.arrived();
        for heard in 0..arrived {
            let (_, answer) = world.answers.borrow_mut().pop_front().expect("it has arrived");
            forward.hear(answer);
            if hears == Hears::OneByOne || hears == Hears::OneThenAll && heard == 0 {
                turns(&mut forward);
            }
        }
        world.pass(1.0);
    }
    let (there, here) = (world.there.snapshot(), here.snapshot());
    let around = Circumstances {
        sample_rate: RATE,
        callback_frames: Some(BURST * QUANTUM as u64),
        ..Circumstances::default()
    };
    let mut found = Vec::new();
    for (number, event) in (1..).zip(&there.underruns) {
        let account = here.accounts.iter().find(|account| account.event == number).copied();
        found.push((event.frames, cause(event, account.as_ref(), &around), account));
    }
    found
}

#[test]
fn a_source_that_stood_still_is_named_however_the_answers_are_heard() {
    for hears in [Hears::All, Hears::OneByOne, Hears::OneThenAll] {
        for ms in [80.0, 400.0, 1500.0] {
            let found = causes(&[30_000, 78_000, 126_000], ms, hears);
            let long: Vec<_> = found.iter().filter(|(frames, ..)| *frames > 1000).collect();
            assert_eq!(long.len(), 3, "{hears:?}, {ms} ms: {found:#?}");
            for (frames, cause, account) in long {
                assert_eq!(*cause, Some(Cause::Stalled), "{hears:?}, {ms} ms, {frames} frames: {account:#?}");
            }
        }
    }
}
