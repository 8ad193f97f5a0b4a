//! The output itself: made, and told what the page wishes.
#![allow(unsafe_code)]

use core::mem::offset_of;

use crate::conceal::Conceal;
use crate::ledger::{ConsumerLedger, ProducerLedger};
use crate::ring::Ring;
use crate::ring::sync::{Arc, Ordering};
use crate::shared::{Control, SharedOutput};
use crate::web::worklet::shared_at;

/// Bytes of a ring that hold its positions and what wakes its producer: what stands before them and three pairs of cache lines.
pub(super) const RING_BYTES: usize = 512;

/// Makes an output: `channels` 1 to 32, `capacity` frames of storage of which the producer keeps up to `limit` ahead, at `sample_rate` Hz; `conceal` and `verify_index` as in [`Control`]. Returns its address, or 0 where a number is out of
/// range. One share of it is given away, until [`noxrun_unmake`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_make(channels: usize, capacity: usize, limit: usize, sample_rate: f32, conceal: u32, verify_index: u32) -> usize {
    let Ok(shared) = SharedOutput::new(channels, capacity, sample_rate) else {
        return 0;
    };
    if shared.ring.set_limit(limit).is_err() {
        return 0;
    }
    let control = &shared.control;
    control.conceal.store(Conceal::from_number(conceal) as u32, Ordering::Relaxed);
    control.verify_index.store(verify_index, Ordering::Relaxed);
    Arc::into_raw(Arc::new(shared)) as usize
}

/// The output at `address` is over, for whoever made it. When both ends were given back as well, the memory is as it was before, and can be used for another.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_unmake(address: usize) {
    // SAFETY: an address that `noxrun_make` gave out, of a share that is taken back once.
    drop(unsafe { Arc::from_raw(address as *const SharedOutput) });
}

/// The crate's version, as a number: major * 10^6 + minor * 10^3 + patch. For a page to know whether its scripts belong to it.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_version() -> u32 {
    const fn number(text: &str) -> u32 {
        let (text, mut value, mut at) = (text.as_bytes(), 0, 0);
        while at < text.len() {
            value = value * 10 + (text[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    const VERSION: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
        + number(env!("CARGO_PKG_VERSION_PATCH"));
    VERSION
}

/// What [`noxrun_wish`] sets; must match `npm/src/engine.js`.
fn wish(control: &Control, which: u32) -> Option<&crate::ring::sync::AtomicU32> {
    Some(match which {
        0 => &control.paused,
        1 => &control.stop,
        2 => &control.recount,
        3 => &control.count_callbacks,
        4 => &control.conceal,
        _ => return None,
    })
}

/// The ring's size, beside the wishes in [`Control`].
const LIMIT: u32 = 5;

/// Sets a wish of the output at `address` and wakes its producer, so that it is seen at once. Any thread may; allocates nothing.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_wish(address: usize, which: u32, value: u32) {
    let Some(shared) = shared_at(address) else { return };
    if which == LIMIT {
        // Out of range is refused before it comes here.
        let _ = shared.ring.set_limit(value as usize);
        return;
    }
    if let Some(place) = wish(&shared.control, which) {
        place.store(value, Ordering::Relaxed);
        shared.ring.call();
    }
}

/// Sizes and places in bytes, for whoever copies a ledger from outside: of the shared state (0) and the part of a ring (1) that are copied; in the former, of the producer's sequence number (2) and the consumer's (3); in a ring, of the
/// word that changes with every call (4).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_size(which: u32) -> usize {
    match which {
        0 => size_of::<SharedOutput>(),
        1 => RING_BYTES,
        2 => offset_of!(SharedOutput, producer) + offset_of!(ProducerLedger, sequence),
        3 => offset_of!(SharedOutput, consumer) + offset_of!(ConsumerLedger, sequence),
        _ => offset_of!(Ring, wake),
    }
}
