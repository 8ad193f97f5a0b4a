//! Pushed sound, in a world of its own: a device that asks when it is due, a caller that takes its time, and a clock that only they move.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use noxrun::consume::Quanta;
use noxrun::ledger::{Cause, Circumstances, ProducerAccount, Snapshot, cause};
use noxrun::render::{Clock, PushWriter};
use noxrun::ring::{Producer, Ticket, Until, Woken};
use noxrun::shared::SharedOutput;

const RATE: f64 = 48_000.0;
const ORIGIN_MS: f64 = 1_000_000.0;
const LONG: Duration = Duration::from_secs(3600);
/// Frames in a callback: four quanta.
const CALLBACK: u64 = 512;
const BLOCK: usize = 480;
const BLOCK_MS: f64 = 10.0;

struct World {
    now_ms: Cell<f64>,
    callbacks: Cell<u64>,
    quanta: RefCell<Quanta>,
    /// By how much the next sleep that ends by a call ends late, in ms.
    late_ms: Cell<f64>,
}

impl World {
    /// Time goes on by `ms`; the device asks whenever it is due.
    fn pass(&self, ms: f64) {
        let end = self.now_ms.get() + ms;
        loop {
            let due = self.callbacks.get() as f64 * CALLBACK as f64 * 1e3 / RATE;
            if due > end {
                break;
            }
            self.now_ms.set(due);
            self.callbacks.set(self.callbacks.get() + 1);
            for _ in 0..CALLBACK / 128 {
                self.quanta.borrow_mut().quantum(128, f64::NAN);
            }
        }
        self.now_ms.set(end);
    }
}

#[derive(Clone)]
struct WorldClock(Rc<World>);

impl Clock for WorldClock {
    fn now_ms(&self) -> f64 {
        self.0.now_ms.get()
    }

    fn origin_ms(&self) -> f64 {
        ORIGIN_MS
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        if producer.doze(until) {
            let end = self.now_ms() + timeout.as_secs_f64() * 1e3;
            while producer.ticket() == ticket && self.now_ms() < end {
                self.0.pass(0.05);
            }
            if producer.ticket() != ticket {
                self.0.pass(self.0.late_ms.take());
            }
        }
        producer.get_up(ticket, until)
    }
}

struct Rig {
    shared: Arc<SharedOutput>,
    world: Rc<World>,
    writer: PushWriter<WorldClock>,
}

impl Rig {
    fn new(capacity: usize) -> Rig {
        let shared = Arc::new(SharedOutput::new(2, capacity, RATE as f32).expect("in range"));
        let world = Rc::new(World {
            now_ms: Cell::new(0.0),
            callbacks: Cell::new(0),
            quanta: RefCell::new(Quanta::new(shared.clone(), 128).expect("free")),
            late_ms: Cell::new(0.0),
        });
        let writer = PushWriter::new(shared.clone(), WorldClock(world.clone())).expect("free");
        Rig { shared, world, writer }
    }

    /// The caller makes a block in `ms` and writes it.
    fn write(&mut self, ms: f64) {
        self.world.pass(ms);
        assert_eq!(self.writer.write(&[0.25; 2 * BLOCK], LONG), Ok(BLOCK));
    }

    fn balanced(&self) -> Snapshot {
        let snapshot = self.shared.snapshot();
        assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
        snapshot
    }

    /// The only underrun's account and cause.
    fn explained(&self) -> (ProducerAccount, Cause) {
        let snapshot = self.balanced();
        let around = Circumstances {
            sample_rate: RATE,
            callback_frames: Some(CALLBACK),
            ..Circumstances::default()
        };
        assert_eq!((snapshot.underruns.len(), snapshot.accounts.len()), (1, 1), "{snapshot:?}");
        let account = snapshot.accounts[0];
        (
            account,
            cause(&snapshot.underruns[0], Some(&account), &around).expect("there is an account"),
        )
    }
}

#[test]
fn a_caller_that_keeps_up_has_a_load_and_no_underruns() {
    let mut rig = Rig::new(2048);
    for _ in 0..1000 {
        rig.write(2.0);
    }
    let snapshot = rig.balanced();
    assert_eq!((snapshot.consumer.underrun_events, snapshot.accounts.len()), (0, 0));
    let load = snapshot.producer.render_ns as f64 / snapshot.producer.lasted_ns as f64;
    // Before its first write, nobody knows what the caller did.
    assert!((load - 0.2 * 0.999).abs() < 1e-6, "{load}");
    assert_eq!(snapshot.producer.longest_ns, 2_000_000);
    assert!(
        snapshot.producer.lateness.iter().sum::<u64>() > 500,
        "sleeps that were ended by room"
    );
}

#[test]
fn a_caller_that_stands_still_is_told_from_one_that_is_slow() {
    let mut rig = Rig::new(2048);
    for _ in 0..100 {
        rig.write(2.0);
    }
    rig.write(90.0);
    for _ in 0..100 {
        rig.write(2.0);
    }
    let (account, cause) = rig.explained();
    assert!(
        (account.longest_ms - 90.0).abs() < 0.1 && account.render_ms >= account.longest_ms,
        "{account:?}"
    );
    assert!((account.at_ms - ORIGIN_MS - rig.world.now_ms.get()).abs() < 1_200.0);
    assert_eq!(cause, Cause::Stalled);

    let mut rig = Rig::new(2048);
    for _ in 0..100 {
        rig.write(2.0);
    }
    while rig.balanced().consumer.underrun_events == 0 {
        rig.write(1.3 * BLOCK_MS);
    }
    for _ in 0..100 {
        rig.write(2.0);
    }
    let (account, cause) = rig.explained();
    assert!((account.longest_ms - 13.0).abs() < 0.1 && account.blocks > 5, "{account:?}");
    assert_eq!(cause, Cause::RenderTooSlow);
}

#[test]
fn a_writer_that_is_woken_late_says_so() {
    let mut rig = Rig::new(2048);
    for _ in 0..100 {
        rig.write(2.0);
    }
    rig.world.late_ms.set(70.0);
    for _ in 0..100 {
        rig.write(2.0);
    }
    let (account, cause) = rig.explained();
    assert!((account.late_ms - 70.0).abs() < 12.0, "within a callback: {account:?}");
    assert_eq!(cause, Cause::WokenLate);
}

#[test]
fn a_clock_that_is_too_slow_is_a_mismatch() {
    let mut rig = Rig::new(4096);
    let mut offered = 0;
    while rig.balanced().consumer.underrun_events == 0 {
        assert!(rig.writer.offer(&[0.25; 2 * BLOCK]).is_ok() && offered < 10_000);
        // The sound begins when the ring is full: that is quick, then the clock is 1 % slow.
        rig.world.pass(if offered < 9 { 0.0 } else { 1.01 * BLOCK_MS });
        offered += 1;
    }
    assert_eq!(rig.writer.offer(&[0.25; 2 * BLOCK]), Ok(BLOCK));
    let (account, cause) = rig.explained();
    assert!(account.own_clock);
    assert_eq!(cause, Cause::RateMismatch, "{account:?}");
    assert_eq!(
        rig.balanced().render_load(&Snapshot::default()),
        None,
        "how much of the time between two offers was work is not known"
    );
}

#[test]
fn each_run_of_refused_offers_is_an_overrun_with_time_and_place() {
    let mut rig = Rig::new(1024);
    let block = [0.25; 2 * BLOCK];
    let offers = |rig: &mut Rig, count: usize| (0..count).map(|_| rig.writer.offer(&block).expect("whole frames")).sum::<usize>();
    assert_eq!(offers(&mut rig, 4), 1024);
    let first_ms = rig.world.now_ms.get();
    // Two callbacks read all of it.
    rig.world.pass(11.0);
    assert_eq!(offers(&mut rig, 1), BLOCK, "there is room again");
    rig.world.pass(0.5);
    let second_ms = rig.world.now_ms.get();
    assert_eq!(offers(&mut rig, 2), 1024 - BLOCK, "the second of them fits in part");
    let snapshot = rig.balanced();
    assert_eq!(snapshot.producer.overrun_events, 2);
    let [first, second] = snapshot.overruns[..] else {
        panic!("two overruns: {:?}", snapshot.overruns);
    };
    assert_eq!(
        (first.at_ms, first.position, first.frames, first.blocks),
        (ORIGIN_MS + first_ms, 1024, 896, 2)
    );
    assert_eq!(
        (second.at_ms, second.position, second.frames, second.blocks),
        (ORIGIN_MS + second_ms, 2048, 416, 1)
    );
    assert_eq!(first.frames + second.frames, snapshot.dropped());
}

#[test]
fn the_end_is_an_account_as_well() {
    let mut rig = Rig::new(1024);
    rig.write(0.0);
    rig.write(0.0);
    rig.write(0.0);
    rig.world.pass(100.0);
    rig.writer.end();
    rig.world.pass(20.0);
    let (account, _) = rig.explained();
    assert!(account.nothing_came);
}
