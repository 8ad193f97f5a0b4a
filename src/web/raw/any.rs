//! The audio thread's end of any strategy. Called by `worklet/strategies.js`.
#![allow(unsafe_code)]

use core::cell::Cell;
use std::rc::Rc;

use super::{RawClock, SourceNumbers, open, spec_at};
use crate::consume::{Ledger, Quanta};
#[cfg(feature = "faults")]
use crate::inject::Injector;
#[cfg(feature = "faults")]
use crate::render::Pace;
use crate::render::Source;
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;
use crate::strategy::{Direct, Reader, reader};
use crate::web::fed::Feeds;
use crate::web::worklet::shared_at;

/// The next call should bring the time. Must match `worklet/strategies.js`, as the three below.
const WANTS_TIME: u32 = 2;
/// Which of the two staging areas holds the result.
const SECOND_AREA: u32 = 1;
/// The sound has begun.
const STARTED: u32 = 4;
/// The producer waits for an answer.
const CALLED: u32 = 8;

/// Serves quanta of one output, through any reader.
pub struct AnyQuanta {
    shared: Arc<SharedOutput>,
    quanta: Quanta<Ledger, Box<dyn Reader>>,
    /// Where the audio thread renders: the source that is to be played next, and the faults.
    next: Rc<Cell<Option<Box<dyn Source>>>>,
    #[cfg(feature = "faults")]
    injector: Option<Injector>,
    frames: usize,
}

/// Attaches to the output at `address` for quanta of `frames` frames. Returns a handle, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_attach(address: usize, frames: usize) -> usize {
    let Some(shared) = shared_at(address) else { return 0 };
    let Ok(reader) = reader(&shared, frames) else { return 0 };
    hand_out(shared, reader, frames, AnyQuanta::without_source)
}

/// The same where the audio thread renders what `count` numbers at `numbers` tell of.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_render(address: usize, numbers: usize, count: usize, frames: usize) -> usize {
    let Some((shared, spec)) = shared_at(address).zip(spec_at(numbers, count)) else {
        return 0;
    };
    let clock = RawClock { origin_ms: spec.origin_ms };
    let Some(source) = open(spec.source, &shared, &mut Feeds::default()) else {
        return 0;
    };
    #[cfg(feature = "faults")]
    let (source, injector) = {
        let injector = Injector::new(shared.clone(), clock, Pace::Demand, spec.seed);
        if injector.set(&spec.faults).is_err() {
            return 0;
        }
        (injector.source(source, frames), Some(injector))
    };
    let next = Rc::new(Cell::new(None));
    let Ok(direct) = Direct::new(shared.clone(), source, frames, clock) else {
        return 0;
    };
    let direct = direct.with_next(next.clone());
    hand_out(shared, Box::new(direct), frames, |shared, quanta, frames| AnyQuanta {
        shared,
        quanta,
        next,
        #[cfg(feature = "faults")]
        injector,
        frames,
    })
}

fn hand_out(
    shared: Arc<SharedOutput>,
    reader: Box<dyn Reader>,
    frames: usize,
    make: impl FnOnce(Arc<SharedOutput>, Quanta<Ledger, Box<dyn Reader>>, usize) -> AnyQuanta,
) -> usize {
    let Ok(quanta) = Quanta::reading(shared.clone(), reader, frames) else {
        return 0;
    };
    Box::into_raw(Box::new(make(shared, quanta, frames))) as usize
}

impl AnyQuanta {
    fn without_source(shared: Arc<SharedOutput>, quanta: Quanta<Ledger, Box<dyn Reader>>, frames: usize) -> Self {
        AnyQuanta {
            shared,
            quanta,
            next: Rc::default(),
            #[cfg(feature = "faults")]
            injector: None,
            frames,
        }
    }
}

/// Plays another source, where the audio thread renders. Returns 1, or 0 and goes on with the old one.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_source(handle: usize, numbers: usize, count: usize) -> u32 {
    let any = any(handle);
    let Some(spec) = spec_at(numbers, count) else { return 0 };
    let Some(source) = open(spec.source, &any.shared, &mut Feeds::default()) else {
        return 0;
    };
    #[cfg(feature = "faults")]
    let source = match &any.injector {
        Some(injector) => injector.source(source, any.frames),
        None => source,
    };
    let _ = (any.frames, spec.source == SourceNumbers::Index);
    any.next.set(Some(source));
    1
}

/// Causes these faults and no others, where the audio thread renders. Returns 1, or 0 and changes nothing.
#[cfg(feature = "faults")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_faults(handle: usize, numbers: usize, count: usize) -> u32 {
    let Some(spec) = spec_at(numbers, count) else { return 0 };
    let injector = any(handle).injector.as_ref();
    u32::from(injector.is_some_and(|injector| injector.set(&spec.faults).is_ok()))
}

/// Address of a staging area's first channel; `area` is 0 or 1.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_staging(handle: usize, area: usize) -> usize {
    any(handle).quanta.staging()[area & 1].as_ptr() as usize
}

/// Address of the first channel of what the browser brings, or 0 where it brings nothing; the channels (one more than the output has) follow each other every `frames` samples.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_inlet(handle: usize) -> usize {
    any(handle).quanta.inlet().map_or(0, |inlet| inlet.as_ptr() as usize)
}

/// Serves one quantum of `frames` frames. Returns bits.
///
/// # Real-time
/// As [`Quanta::quantum`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_any_quantum(handle: usize, frames: usize, now_ms: f64) -> u32 {
    let quanta = &mut any(handle).quanta;
    if let Some(inlet) = quanta.inlet() {
        inlet.set_frames(frames);
    }
    let area = quanta.quantum(frames, now_ms) as u32 * SECOND_AREA;
    area | if quanta.wants_time() { WANTS_TIME } else { 0 }
        | if quanta.started() { STARTED } else { 0 }
        | if quanta.called() { CALLED } else { 0 }
}

fn any(handle: usize) -> &'static mut AnyQuanta {
    // SAFETY: the processor passes only what the two above gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut AnyQuanta) }
}
