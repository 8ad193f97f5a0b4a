//! Producer and audio thread stand still together, as they do when their process is stopped, and the device then catches up: whoever goes on first, and wherever the other one comes in between, the loss has a cause.
#![cfg(not(any(loom, target_family = "wasm")))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use noxrun::consume::Quanta;
use noxrun::ledger::{Cause, Circumstances, ProducerAccount, cause};
use noxrun::render::{Clock, Pacer, RenderInfo, Source};
use noxrun::ring::sync::Arc;
use noxrun::ring::{Producer, Ticket, Until, Woken};
use noxrun::shared::SharedOutput;

const RATE: f64 = 44_100.0;
const QUANTUM: usize = 128;
/// Quanta that the device asks for at once.
const BURST: u64 = 3;
const BLOCK: usize = 256;
const RING: usize = 2048;
/// For how long both stand still, and when.
const STOPPED_MS: f64 = 150.0;
const STOPPED_AT_MS: f64 = 1_000.0;
/// What a thread takes to get its turn, in ms.
const TURN_MS: f64 = 0.2;

/// Who goes on first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum First {
    /// The audio thread: it has caught up when the producer wakes.
    Reader,
    /// The producer wakes and finds nothing; before it has looked how far the reader is, that has caught up.
    BetweenTwoLooks,
    /// The producer wakes, finds nothing and sleeps again; then the reader catches up.
    Producer,
}

struct World {
    now_ms: Cell<f64>,
    reader: RefCell<Quanta>,
    callbacks: Cell<u64>,
}

impl World {
    /// Lets the audio thread do what the device has asked for until `until_ms`; no time passes with it.
    fn read_until(&self, until_ms: f64) {
        loop {
            let next = (self.callbacks.get() + 1) as f64 * (BURST as usize * QUANTUM) as f64 * 1e3 / RATE;
            if next > until_ms {
                return;
            }
            self.callbacks.set(self.callbacks.get() + 1);
            for _ in 0..BURST {
                self.reader.borrow_mut().quantum(QUANTUM, next);
            }
        }
    }
}

struct Stopped {
    world: Rc<World>,
    first: First,
    done: bool,
}

impl Clock for Stopped {
    fn now_ms(&self) -> f64 {
        self.world.now_ms.get()
    }

    fn origin_ms(&self) -> f64 {
        0.0
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        if !producer.doze(until) {
            return producer.get_up(ticket, until);
        }
        let ends_ms = self.now_ms() + timeout.as_secs_f64() * 1e3;
        // Step by step, until somebody wakes it.
        while producer.ticket() == ticket {
            let now_ms = self.now_ms();
            if now_ms >= STOPPED_AT_MS && !self.done {
                self.done = true;
                self.world.now_ms.set(now_ms + STOPPED_MS);
                if self.first == First::Reader {
                    self.world.read_until(now_ms + STOPPED_MS);
                }
                self.world.now_ms.set(self.now_ms() + TURN_MS);
                let woken = producer.get_up(ticket, until);
                if self.first == First::BetweenTwoLooks {
                    self.world.read_until(now_ms + STOPPED_MS);
                    self.world.now_ms.set(self.now_ms() + TURN_MS);
                }
                return woken;
            }
            if now_ms >= ends_ms {
                break;
            }
            self.world.now_ms.set(now_ms + TURN_MS);
            self.world.read_until(now_ms + TURN_MS);
        }
        producer.get_up(ticket, until)
    }
}

struct Constant;

impl Source for Constant {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        block.fill(0.25);
        block.len() / info.channels
    }
}

/// What was lost, and why.
fn losses(first: First) -> Vec<(u64, Option<Cause>, Option<ProducerAccount>)> {
    let shared = SharedOutput::new(1, 2 * RING, RATE as f32).expect("in range");
    shared.ring.set_limit(RING).expect("in range");
    let shared = Arc::new(shared);
    let world = Rc::new(World {
        now_ms: Cell::new(0.0),
        reader: RefCell::new(Quanta::new(shared.clone(), QUANTUM).expect("free")),
        callbacks: Cell::new(0),
    });
    let clock = Stopped {
        world: world.clone(),
        first,
        done: false,
    };
    let mut pacer = Pacer::new(shared.clone(), Box::new(Constant), BLOCK, clock).expect("free");
    while world.now_ms.get() < STOPPED_AT_MS + 1_000.0 {
        pacer.turn();
    }
    let snapshot = shared.snapshot();
    let around = Circumstances {
        sample_rate: RATE,
        callback_frames: Some(BURST * QUANTUM as u64),
        ..Circumstances::default()
    };
    let mut found = Vec::new();
    for (number, event) in (1..).zip(&snapshot.underruns) {
        let account = snapshot.accounts.iter().find(|account| account.event == number).copied();
        found.push((event.frames, cause(event, account.as_ref(), &around), account));
    }
    found
}

#[test]
fn whoever_goes_on_first_after_both_stood_still_the_loss_has_a_cause() {
    for (first, right) in [
        (First::Reader, Cause::WokenLate),
        (First::BetweenTwoLooks, Cause::WokenLate),
        (First::Producer, Cause::CallbackBurst),
    ] {
        let found = losses(first);
        assert_eq!(found.len(), 1, "{first:?}: {found:#?}");
        let (frames, cause, account) = found[0];
        assert!(frames > 3_000, "{first:?}: {found:#?}");
        assert_eq!(cause, Some(right), "{first:?}, {frames} frames: {account:#?}");
    }
}
