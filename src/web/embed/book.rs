//! The page's book of one output: ledgers come as copies of bytes, losses go into the log, and all there is to know comes out as a row of numbers.
#![allow(unsafe_code)]

use core::mem::{MaybeUninit, offset_of};

use super::output::RING_BYTES;
use crate::ledger::{Cause, DroppedBy, Ending, EventKind, EventLog, Lateness, Sight, SilentBy, Snapshot};
use crate::ring::Ring;
use crate::shared::SharedOutput;
use crate::watch::{EVERY_MS, Look, Pulse, Standstill};

/// A copy of an output's shared state and its ring's positions, as it was sent.
#[repr(C, align(128))]
struct Copied {
    shared: [MaybeUninit<u8>; size_of::<SharedOutput>()],
    ring: [MaybeUninit<u8>; RING_BYTES],
}

impl Copied {
    fn new() -> Box<Copied> {
        Box::new(Copied {
            shared: [MaybeUninit::new(0); size_of::<SharedOutput>()],
            ring: [MaybeUninit::new(0); RING_BYTES],
        })
    }

    fn snapshot(&self) -> Snapshot {
        let shared = self.shared.as_ptr().cast::<SharedOutput>();
        let ring = self.ring.as_ptr().cast::<Ring>();
        // SAFETY: aligned and inside the copy; the two ledgers and the words of positions are integers in cells and atomics, for which any bytes will do. What else is in the state (a pointer) is not looked at.
        unsafe {
            let write = &raw const (*ring).producer.0.write;
            let read = &raw const (*ring).consumer.0.read;
            let position = |of: *const crate::ring::sync::AtomicU64| (*of).load(crate::ring::sync::Ordering::Relaxed);
            Snapshot::of(&(*shared).producer, &(*shared).consumer.0, position(write), position(read))
        }
    }
}

const _: () = assert!(offset_of!(Ring, wake) < RING_BYTES, "what is copied of a ring holds its positions");

/// How often the browser's own counts are told, in ms: it brings them up to date once a second.
const DEVICE_EVERY_MS: f64 = 1000.0;

/// Numbers of a row before those by cause; must match `npm/src/book.js`.
const FIXED: usize = 48;
/// Numbers of one event.
const EVENT: usize = 12;

/// The book of one output.
pub struct Book {
    /// As the audio thread sees it, and as the producer does where that has a memory of its own.
    copies: [Box<Copied>; 2],
    snapshot: Snapshot,
    log: EventLog,
    standstill: Standstill,
    pulse: Pulse,
    sample_rate: f64,
    device: [f64; 3],
    row: Box<[f64; FIXED + Cause::ALL.len()]>,
    event: [f64; EVENT],
}

/// A book of an output whose context runs at `sample_rate` Hz, opened at `now_ms` of the page's clock and `date_ms` of the calendar.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book(sample_rate: f64, now_ms: f64, date_ms: f64) -> usize {
    let first = Look {
        at_ms: now_ms,
        date_ms,
        ..Look::default()
    };
    Box::into_raw(Box::new(Book {
        copies: [Copied::new(), Copied::new()],
        snapshot: Snapshot::default(),
        log: EventLog::new(sample_rate),
        standstill: Standstill::new(first, EVERY_MS),
        pulse: Pulse::new(now_ms),
        sample_rate,
        device: [0.0; 3],
        row: Box::new([0.0; FIXED + Cause::ALL.len()]),
        event: [0.0; EVENT],
    })) as usize
}

/// The book is not needed any more.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_drop(handle: usize) {
    // SAFETY: the page passes what `noxrun_book` gave it, and forgets it.
    drop(unsafe { Box::from_raw(handle as *mut Book) });
}

/// Address at which a copy is to be put: of the audio thread's view (`part` 0) or the producer's own (1); of the row of numbers (2); of one event's (3).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_place(handle: usize, part: u32) -> usize {
    let book = book(handle);
    match part {
        0 | 1 => (&raw const *book.copies[part as usize]) as usize,
        2 => book.row.as_ptr() as usize,
        _ => book.event.as_ptr() as usize,
    }
}

/// Takes over the copies, at `now_ms` since the epoch: the first, or with `both` also what the producer's own memory says. Fills the row.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_look(handle: usize, now_ms: f64, both: u32) {
    let book = book(handle);
    let seen = book.copies[0].snapshot();
    book.snapshot = if both == 0 {
        seen
    } else {
        seen.with_producer(book.copies[1].snapshot())
    };
    book.log.look(now_ms, &book.snapshot);
    book.fill_row();
}

/// Looks around, at `now_ms` of the page's clock (which was 0 at `origin_ms` since the epoch) and `date_ms` of the calendar: whether everything stood still, and what the browser counts of the device (`events` negative: it does not). To be called some four
/// times a second.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_around(
    handle: usize,
    now_ms: f64,
    origin_ms: f64,
    date_ms: f64,
    running: u32,
    hidden: u32,
    frozen_from: f64,
    frozen_to: f64,
    events: f64,
    seconds: f64,
) {
    let book = book(handle);
    if !book.standstill.is_due(now_ms) {
        return;
    }
    book.log.date(origin_ms + now_ms, date_ms);
    if events >= 0.0 {
        let [before_ms, events_before, seconds_before] = book.device;
        if now_ms - before_ms >= DEVICE_EVERY_MS {
            book.device = [now_ms, events, seconds];
            book.log.saw(Sight::Device {
                at_ms: origin_ms + now_ms,
                events: (events - events_before) as u64,
                seconds: seconds - seconds_before,
            });
        }
    }
    let stood_still = book.standstill.look(Look {
        at_ms: now_ms,
        date_ms,
        asked_ms: book.asked_ms(),
        running: running != 0,
        hidden: hidden != 0,
        undelivered_ms: seconds * 1e3,
        frozen: (frozen_to > 0.0).then_some((frozen_from, frozen_to)),
    });
    if let Some((from_ms, ms)) = stood_still {
        book.log.saw(Sight::StoodStill {
            at_ms: origin_ms + from_ms,
            ms,
        });
    }
}

/// The page saw something: a long task (`kind` 0), hidden (1); the context running (2), suspended (3), interrupted (4), closed (5), changing its device (6). `at_ms` since the epoch.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_saw(handle: usize, kind: u32, at_ms: f64, ms: f64) {
    let context = |state, ms| Sight::Context { at_ms, state, ms };
    book(handle).log.saw(match kind {
        0 => Sight::LongTask { at_ms, ms },
        1 => Sight::Hidden { at_ms, ms },
        2 => context("running", None),
        3 => context("suspended", None),
        4 => context("interrupted", None),
        5 => context("closed", None),
        _ => context("changing device", Some(0.0)),
    });
}

/// Whether the producer lives, at `now_ms` of the page's clock: since when it has shown no sign of life, if that is too long, else a negative number. `readable` 0: the ledger could not be read.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_pulse(handle: usize, now_ms: f64, readable: u32) -> f64 {
    let book = book(handle);
    let beat = (readable != 0).then(|| (book.snapshot.producer.heartbeat, book.asked_ms()));
    book.pulse.feel(now_ms, beat).unwrap_or(-1.0)
}

/// The producer was found lost.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_lost(handle: usize, now_ms: f64) {
    book(handle).log.lost(now_ms);
}

/// The output is closed.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_close(handle: usize, now_ms: f64) {
    let book = book(handle);
    book.log.close(now_ms);
    book.fill_row();
}

/// Events that are listed.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_events(handle: usize) -> usize {
    book(handle).log.entries().len()
}

/// Writes down the listed event number `place`, from 0, the oldest first.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_book_event(handle: usize, place: usize) {
    let book = book(handle);
    let Some(entry) = book.log.dated().nth(place) else { return };
    let or_none = |value: Option<f64>| value.unwrap_or(-1.0);
    book.event = [
        entry.kind as usize as f64,
        entry.number as f64,
        entry.at_ms,
        entry.frame as f64,
        entry.frames as f64,
        or_none(entry.fill.map(|fill| fill as f64)),
        or_none(entry.cause.map(|cause| cause as usize as f64)),
        or_none(entry.ended_by.map(|ending| ending as usize as f64)),
        f64::from(u8::from(entry.settled)),
        or_none(entry.covering_frames().map(|frames| frames as f64)),
        or_none(entry.evidence.account.map(|account| account.late_ms)),
        or_none(entry.evidence.account.map(|account| account.longest_ms)),
    ];
}

/// Address of the words for numbers, lists apart by `|`, words by `,`: silence and drops by reason, causes, kinds of events, endings. UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_words() -> usize {
    let lists = [
        SilentBy::NAMES.to_vec(),
        DroppedBy::NAMES.to_vec(),
        Cause::ALL.map(Cause::name).to_vec(),
        EventKind::ALL.map(EventKind::name).to_vec(),
        [Ending::Open, Ending::Back, Ending::Paused, Ending::Ended]
            .map(Ending::name)
            .to_vec(),
    ];
    let mut words = lists.map(|list| list.join(",")).join("|");
    words.push('\0');
    // Asked for once in a page's life.
    words.leak().as_ptr() as usize
}

impl Book {
    fn asked_ms(&self) -> f64 {
        self.snapshot.consumer.requested as f64 * 1e3 / self.sample_rate
    }

    fn fill_row(&mut self) {
        let now = &self.snapshot;
        let (consumer, producer) = (&now.consumer, &now.producer);
        let whole = |count: u64| count as f64;
        let lateness = Lateness::of(&producer.lateness, producer.latest_us);
        let late = |of: fn(Lateness) -> f64| lateness.map_or(-1.0, of);
        let (usual, longest) = now.callback_frames().unwrap_or_default();
        let numbers = [
            whole(consumer.requested),
            whole(consumer.fresh),
            whole(consumer.repeated),
            whole(consumer.concealed),
            whole(producer.produced),
            whole(now.in_flight()),
            whole(consumer.torn),
            whole(now.imbalance()),
            whole(consumer.quanta),
            whole(consumer.duplicate_quanta),
            whole(consumer.starved_quanta),
            whole(consumer.underrun_events),
            whole(consumer.underrun_frames),
            whole(consumer.underrun_longest),
            whole(producer.overrun_events),
            whole(u64::from(producer.state)),
            whole(producer.heartbeat),
            whole(producer.blocks),
            whole(producer.render_ns),
            whole(producer.lasted_ns),
            whole(producer.longest_ns),
            whole(producer.sleeps),
            whole(producer.time_outs),
            late(|lateness| lateness.p50),
            late(|lateness| lateness.p99),
            late(|lateness| lateness.max),
            whole(usual),
            whole(longest),
            whole(consumer.slip_events),
            whole(consumer.skipped),
            whole(consumer.replayed),
            whole(producer.non_finite),
            whole(producer.identical_blocks),
            whole(consumer.quantum),
            whole(producer.messages),
            whole(consumer.wakes),
        ];
        let silent = consumer.silent.map(whole);
        let dropped: [f64; DroppedBy::COUNT] = core::array::from_fn(|by| whole(producer.dropped[by] + consumer.dropped[by]));
        let causes = self.log.by_cause().map(|(_, events)| whole(events));
        let all = numbers.into_iter().chain(silent).chain(dropped);
        self.row[..FIXED].fill(0.0);
        for (place, number) in self.row.iter_mut().zip(all) {
            *place = number;
        }
        self.row[FIXED..].copy_from_slice(&causes);
    }
}

fn book(handle: usize) -> &'static mut Book {
    // SAFETY: the page passes only what `noxrun_book` gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut Book) }
}
