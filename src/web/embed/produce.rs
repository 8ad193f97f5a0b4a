//! The producer, in whatever way JavaScript brings its sound.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::rc::Rc;

use super::source::{Called, Fifo, OwnSource, Steered};
use crate::error::Error;
use crate::render::{Naps, Pacer, PushWriter, Source, Turn};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::source::{Index, Sine};
use crate::strategy::forward::Forward;
use crate::strategy::message::Answer;
use crate::web::raw::RawClock;
use crate::web::worklet::shared_at;

/// What [`noxrun_turn`] returns when there is more to do at once; 0 and more: after so many ms, or when somebody calls. Must match `npm/src/producing.js`, as all below.
const AGAIN: f64 = -1.0;
/// … and when it was asked to stop.
const STOPPED: f64 = -2.0;
/// Frames that can be offered at once. Must match `npm/src/producing.js`.
const OFFER_FRAMES: usize = 16_384;
/// How long a producer with a clock of its own may be left alone, in ms: for its heartbeat.
const LEFT_ALONE_MS: f64 = 250.0;

/// What [`noxrun_produce`] returns instead of a handle: there is no output of this version at that address; it has a producer already; a number is out of range.
const NO_OUTPUT: f64 = -1.0;
const TAKEN: f64 = -2.0;
const OUT_OF_RANGE: f64 = -3.0;

/// Who renders.
enum Kind {
    /// By the ring's room.
    Paced(Box<Pacer<RawClock>>),
    /// By a clock of its own.
    Own(Box<PushWriter<RawClock>>),
}

/// A producer whose turns JavaScript takes.
pub struct Embedded {
    shared: Arc<SharedOutput>,
    kind: Kind,
    fifo: Rc<Fifo>,
    jump: Rc<Cell<bool>>,
    /// Where blocks travel as messages.
    forward: Option<Forward>,
}

impl Embedded {
    fn new(shared: Arc<SharedOutput>, block: usize, clock: RawClock, way: u32, number: f64, by_message: bool) -> Result<Self, Error> {
        let channels = shared.ring.channels();
        // What is pushed waits there for its room, so that is little; what is offered comes and goes at once.
        let fifo = Fifo::new(if way == 2 { OFFER_FRAMES } else { block }, channels);
        let jump = Rc::new(Cell::new(false));
        let source: Option<Box<dyn Source>> = match way {
            0 => Some(Box::new(Called)),
            1 => Some(Box::new(fifo.clone())),
            2 => None,
            3 => Some(Box::new(Sine::new(number)?)),
            4 => Some(Box::new(Index)),
            _ => Some(OwnSource::adopt(number as usize)),
        };
        let kind = match source {
            Some(source) => {
                let steered = Steered {
                    source,
                    jump: jump.clone(),
                };
                let mut pacer = Pacer::new(shared.clone(), Box::new(steered), block, clock)?;
                pacer.set_naps(Naps::Always);
                Kind::Paced(Box::new(pacer))
            }
            None => Kind::Own(Box::new(PushWriter::new(shared.clone(), clock)?)),
        };
        let forward = by_message.then(|| Forward::new(shared.clone(), block)).transpose()?;
        Ok(Embedded {
            shared,
            kind,
            fifo,
            jump,
            forward,
        })
    }

    fn turn(&mut self) -> f64 {
        match &mut self.kind {
            Kind::Paced(pacer) => match pacer.turn() {
                Turn::Nap(longest) => longest.as_secs_f64() * 1e3,
                Turn::Stopped => STOPPED,
                // Nobody sends it any.
                Turn::Mail => {
                    pacer.handled();
                    AGAIN
                }
                Turn::Rendered | Turn::Idle => AGAIN,
            },
            Kind::Own(writer) => {
                writer.beat();
                if self.shared.control.stop.load(Ordering::Relaxed) != 0 {
                    writer.stop();
                    return STOPPED;
                }
                LEFT_ALONE_MS
            }
        }
    }
}

/// A producer for the output at `address`: `block` frames at once; `origin_ms`: when the thread's clock was 0, since the epoch; `way`: a function in JavaScript (0), frames that are pushed (1) or offered (2), a sine of `number` Hz (3), the index
/// signal (4), the [`OwnSource`] at address `number` (5); `by_message`: its frames are carried on as messages. Returns a handle, or one of three negative numbers.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_produce(address: usize, block: usize, origin_ms: f64, way: u32, number: f64, by_message: u32) -> f64 {
    let Some(shared) = shared_at(address) else { return NO_OUTPUT };
    match Embedded::new(shared, block, RawClock { origin_ms }, way, number, by_message != 0) {
        Ok(made) => Box::into_raw(Box::new(made)) as usize as f64,
        Err(Error::AlreadyTaken { .. }) => TAKEN,
        Err(_) => OUT_OF_RANGE,
    }
}

/// The producer is over.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_unproduce(handle: usize) {
    // SAFETY: JavaScript passes what `noxrun_produce` gave it, and forgets it.
    drop(unsafe { Box::from_raw(handle as *mut Embedded) });
}

/// Takes one turn. Returns for how long to leave it alone at most, in ms, or one of two negative numbers.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_turn(handle: usize) -> f64 {
    embedded(handle).turn()
}

/// The ring's word as it was before the latest turn: while it is that, there is nothing new.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_ticket(handle: usize) -> u32 {
    let embedded = embedded(handle);
    match &embedded.kind {
        Kind::Paced(pacer) => pacer.nap_ticket(),
        Kind::Own(_) => embedded.shared.ring.ticket(),
    }
}

/// Address at which frames are to be put that are pushed or offered.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_fifo(handle: usize) -> usize {
    embedded(handle).fifo.place()
}

/// Frames that may be put there now.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_fifo_room(handle: usize) -> usize {
    embedded(handle).fifo.room()
}

/// So many frames were put there, to be pushed.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_fifo_put(handle: usize, frames: usize) {
    embedded(handle).fifo.put(frames);
}

/// So many frames were put there, to be offered. Returns those that fitted.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_offer(handle: usize, frames: usize) -> usize {
    let Embedded { kind, fifo, .. } = embedded(handle);
    let Kind::Own(writer) = kind else { return 0 };
    // Whole frames by construction.
    fifo.take(frames, |samples| writer.offer(samples).unwrap_or_default())
}

/// No more comes: of what is pushed or offered.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_end(handle: usize) {
    let Embedded { kind, fifo, .. } = embedded(handle);
    fifo.end();
    if let Kind::Own(writer) = kind {
        writer.end();
    }
}

/// What lies ahead is not wanted any more: it is dropped once what follows is there.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_flush(handle: usize) {
    let Embedded {
        kind, fifo, jump, shared, ..
    } = embedded(handle);
    fifo.clear();
    jump.set(true);
    if let Kind::Own(writer) = kind {
        writer.flush();
    }
    shared.ring.call();
}

/// Whether the source has ended.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_ended(handle: usize) -> u32 {
    match &embedded(handle).kind {
        Kind::Paced(pacer) => u32::from(pacer.ended()),
        Kind::Own(_) => 0,
    }
}

/// Writes down the next message, at `now_ms` since the epoch. Returns its bytes, 0 where there is nothing to tell.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_forward(handle: usize, now_ms: f64) -> usize {
    embedded(handle).forward.as_mut().map_or(0, |forward| forward.fill(now_ms))
}

/// Address of the message (`part` 0), and the most bytes that it can have (1).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_forward_place(handle: usize, part: u32) -> usize {
    let forward = embedded(handle).forward.as_ref();
    forward.map_or(0, |forward| match part {
        0 => forward.message().as_ptr() as usize,
        _ => size_of_val(forward.message()),
    })
}

/// The audio thread has answered.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_forward_hear(handle: usize, read: f64, requested: f64, underruns: f64, starved_at: f64) {
    if let Some(forward) = &mut embedded(handle).forward {
        forward.hear(Answer {
            read: read as u64,
            requested: requested as u64,
            underruns: underruns as u32,
            starved_at: starved_at as u64,
        });
    }
}

fn embedded(handle: usize) -> &'static mut Embedded {
    // SAFETY: JavaScript passes only what `noxrun_produce` gave it, from one thread, one call at a time: a callback's own calls are refused there while it runs.
    unsafe { &mut *(handle as *mut Embedded) }
}
