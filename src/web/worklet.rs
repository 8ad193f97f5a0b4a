//! The audio thread's exports: numbers and addresses, no strings, nothing that `wasm-bindgen` would convert. Called by `worklet/processor.js`.
#![allow(unsafe_code)]

use crate::consume::{Keep, Ledger, Quanta};
use crate::ring::sync::Arc;
use crate::ring::{MAGIC, VERSION};
use crate::shared::SharedOutput;

/// Which of the two staging areas holds the result. Must match `worklet/processor.js`, as the two below.
const SECOND_AREA: u32 = 1;
/// The next call should bring the time.
const WANTS_TIME: u32 = 2;
/// The ring has been filled for the first time.
const STARTED: u32 = 4;
/// The producer was woken: where it has another memory, it waits for an answer. Must match `worklet/inbox.js`.
#[cfg(feature = "embed")]
const CALLED: u32 = 8;

/// Attaches to the output at `address` for quanta of `frames` frames. Returns a handle, or 0 when there is no output of this version there or it has a consumer already.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_attach(address: usize, frames: usize) -> usize {
    let Some(shared) = shared_at(address) else { return 0 };
    Quanta::new(shared, frames).map_or(0, |quanta| Box::into_raw(Box::new(quanta)) as usize)
}

/// Gives the reading end back: the output is over, for this thread.
#[cfg(feature = "embed")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_detach(handle: usize) {
    // SAFETY: the processor passes what `noxrun_attach` gave it, and forgets it.
    drop(unsafe { Box::from_raw(handle as *mut Quanta<Ledger>) });
}

/// Address of a staging area's first channel; `area` is 0 or 1, the channels follow each other every `frames` (as given to [`noxrun_attach`]) samples.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_staging(handle: usize, area: usize) -> usize {
    quanta::<Ledger>(handle).staging()[area & 1].as_ptr() as usize
}

/// Serves one quantum of `frames` frames. Returns bits: which staging area holds it, whether the next call should bring the time (`now_ms`), whether the sound has begun.
///
/// # Real-time
/// As [`Quanta::quantum`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_quantum(handle: usize, frames: usize, now_ms: f64) -> u32 {
    quantum::<Ledger>(handle, frames, now_ms)
}

/// `process()` has taken `ms` milliseconds, by a clock of whole milliseconds, for the output at `address`; to be told while the next call should bring the time.
///
/// # Real-time
/// Two additions.
#[cfg(feature = "explain")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_busy(address: usize, ms: f64) {
    // SAFETY: the processor passes the address to which it has attached.
    let ledger = unsafe { &(*(address as *const SharedOutput)).consumer.0 };
    ledger.sequence.begin();
    // A calendar that was set may go back.
    ledger.busy_us.add((ms.clamp(0.0, 1e3) * 1e3) as u64);
    ledger.sequence.end();
}

/// [`noxrun_quantum`] with any books.
#[inline]
pub(super) fn quantum<L: Keep + 'static>(handle: usize, frames: usize, now_ms: f64) -> u32 {
    let quanta = quanta::<L>(handle);
    let area = quanta.quantum(frames, now_ms) as u32 * SECOND_AREA;
    let told = area | if quanta.wants_time() { WANTS_TIME } else { 0 } | if quanta.started() { STARTED } else { 0 };
    #[cfg(feature = "embed")]
    let told = told | if quanta.called() { CALLED } else { 0 };
    told
}

/// A share in the output at `address`, if there is one.
pub(super) fn shared_at(address: usize) -> Option<Arc<SharedOutput>> {
    let place = address as *const SharedOutput;
    let end = address.checked_add(size_of::<SharedOutput>())?;
    if !place.is_aligned() || address == 0 || end > core::arch::wasm32::memory_size(0) * 65_536 {
        return None;
    }
    // SAFETY: aligned and inside the memory; these two numbers never change once an output is made, and any bits are numbers.
    let (magic, version) = unsafe { ((*place).magic, (*place).version) };
    if (magic, version) != (MAGIC, VERSION) {
        return None;
    }
    // SAFETY: this is an output that `ProducerWorker::new` leaked one share of, made by the same module, so with the same layout and allocator.
    unsafe {
        Arc::increment_strong_count(place);
        Some(Arc::from_raw(place))
    }
}

/// What a handle stands for.
pub(super) fn quanta<L: 'static>(handle: usize) -> &'static mut Quanta<L> {
    // SAFETY: the processor passes only what `noxrun_attach` gave it (a bench: what its own did, with the same books), from one thread, one call at a time.
    unsafe { &mut *(handle as *mut Quanta<L>) }
}
