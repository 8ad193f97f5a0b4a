//! What `make bench` calls (feature `bench`): the producer's side without a source, as raw exports. The consumer's side is the shipped one, [`noxrun_attach`](super::worklet::noxrun_attach)
//! and [`noxrun_quantum`](super::worklet::noxrun_quantum), and beside it the same without a ledger.
#![allow(unsafe_code)]

use super::worklet;
use crate::consume::{Keep, Ledger, NoLedger};
use crate::ledger::ProducerState;
use crate::render::{Work, hand_over};
use crate::ring::sync::{Arc, Ordering};
use crate::ring::{Consumer, Producer};
use crate::shared::SharedOutput;

/// Frames per block, as ringbuf.js's own deinterleave wants them.
const BLOCK_FRAMES: usize = 128;

/// A stereo output with a producer that has rendered already.
struct Bench {
    shared: Arc<SharedOutput>,
    producer: Producer,
    /// Discards, where nobody reads.
    drain: Option<Consumer>,
    /// The render buffer: interleaved.
    block: [f32; 2 * BLOCK_FRAMES],
}

/// Makes an output with a ring of `capacity` frames. Returns a handle, or 0. It lives as long as the memory.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_new(capacity: usize) -> usize {
    let Ok(shared) = SharedOutput::new(2, capacity, 48_000.0).map(Arc::new) else {
        return 0;
    };
    let Ok(producer) = Producer::claim(shared.ring.clone()) else {
        return 0;
    };
    shared.producer.state.store(ProducerState::Running as u32, Ordering::Release);
    let block = core::array::from_fn(|sample| (sample as f32 * 0.01).sin());
    Box::into_raw(Box::new(Bench {
        shared,
        producer,
        drain: None,
        block,
    })) as usize
}

/// Address for `noxrun_attach`.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_address(handle: usize) -> usize {
    Arc::into_raw(bench(handle).shared.clone()) as usize
}

/// Pushes `blocks` blocks of 128 frames from the render buffer, as the producer's loop does after each render. Returns the position in frames.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_push(handle: usize, blocks: usize) -> f64 {
    let Bench {
        shared, producer, block, ..
    } = bench(handle);
    for _ in 0..blocks {
        let work = Work {
            ends: false,
            took_ns: 5000.0,
            allocated: 0,
        };
        hand_over(producer, shared, core::hint::black_box(block), work);
    }
    producer.position() as f64
}

/// Discards everything that was pushed, in place of a consumer: what is left of a round is the pushing. Returns the frames discarded.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_drain(handle: usize) -> usize {
    let Bench { shared, drain, .. } = bench(handle);
    if drain.is_none() {
        *drain = Consumer::claim(shared.ring.clone()).ok();
    }
    drain.as_mut().map_or(0, Consumer::flush)
}

/// Gives what [`noxrun_attach`](worklet::noxrun_attach) returned other books (none if `bare`, else the ledger); `was_bare` says which it has. Returns the new handle, in place of the old one. All
/// that is read and written stays where it lies, so that with and without can be compared.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_keep(handle: usize, was_bare: bool, bare: bool) -> usize {
    match (was_bare, bare) {
        (false, true) => other_books::<Ledger, NoLedger>(handle),
        (true, false) => other_books::<NoLedger, Ledger>(handle),
        _ => handle,
    }
}

fn other_books<L: Keep + 'static, M: Keep + 'static>(handle: usize) -> usize {
    // SAFETY: made by `Box::into_raw` in `noxrun_attach` or here, and used no more.
    let quanta = unsafe { Box::from_raw(worklet::quanta::<L>(handle)) };
    Box::into_raw(Box::new(quanta.keeping::<M>())) as usize
}

/// As [`noxrun_quantum`](worklet::noxrun_quantum), without a ledger.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_bench_quantum_bare(handle: usize, frames: usize, now_ms: f64) -> u32 {
    worklet::quantum::<NoLedger>(handle, frames, now_ms)
}

/// What a handle stands for.
fn bench(handle: usize) -> &'static mut Bench {
    // SAFETY: the bench passes only what `noxrun_bench_new` gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut Bench) }
}
