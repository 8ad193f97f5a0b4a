//! A producer on the page's own thread. Called by `src/web/page/on_page.rs`.
#![allow(unsafe_code)]

use super::{RawClock, open, spec_at};
#[cfg(feature = "faults")]
use crate::inject::{Injector, LateClock};
use crate::render::{Naps, Pacer, Turn};
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;
use crate::web::fed::Feeds;
use crate::web::worklet::shared_at;

#[cfg(feature = "faults")]
type Clock = LateClock<RawClock>;
#[cfg(not(feature = "faults"))]
type Clock = RawClock;

/// What [`noxrun_page_turn`] returns when there is more to do at once; 0 and more: after so many ms, or when somebody calls.
pub const AGAIN: f64 = -1.0;
/// … and when it was asked to stop.
pub const STOPPED: f64 = -2.0;

/// A producer whose turns somebody else takes.
pub struct PagePacer {
    shared: Arc<SharedOutput>,
    pacer: Pacer<Clock>,
    feeds: Feeds,
    #[cfg(feature = "faults")]
    injector: Injector,
    block: usize,
}

/// A producer for the output at `address`, of what `count` numbers at `numbers` tell. Returns a handle, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_producer(address: usize, numbers: usize, count: usize) -> usize {
    let Some((shared, spec)) = shared_at(address).zip(spec_at(numbers, count)) else {
        return 0;
    };
    let clock = RawClock { origin_ms: spec.origin_ms };
    let mut feeds = Feeds::default();
    let Some(source) = open(spec.source, &shared, &mut feeds) else {
        return 0;
    };
    #[cfg(feature = "faults")]
    let (source, clock, pace, injector) = {
        let injector = Injector::new(shared.clone(), clock, spec.pace, spec.seed);
        if injector.set(&spec.faults).is_err() {
            return 0;
        }
        (
            injector.source(source, spec.block),
            injector.clock(clock),
            injector.pace(),
            injector,
        )
    };
    #[cfg(not(feature = "faults"))]
    let pace = spec.pace;
    let Ok(mut pacer) = Pacer::new(shared.clone(), source, spec.block, clock) else {
        return 0;
    };
    if pacer.set_pace(pace).is_err() {
        return 0;
    }
    pacer.set_naps(Naps::Always);
    Box::into_raw(Box::new(PagePacer {
        shared,
        pacer,
        feeds,
        #[cfg(feature = "faults")]
        injector,
        block: spec.block,
    })) as usize
}

/// Takes one turn. Returns for how long to leave it alone at most, in ms, [`AGAIN`] or [`STOPPED`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_turn(handle: usize) -> f64 {
    let page = page(handle);
    match page.pacer.turn() {
        Turn::Nap(longest) => longest.as_secs_f64() * 1e3,
        Turn::Stopped => STOPPED,
        // Nobody sends it messages.
        Turn::Mail => {
            page.pacer.handled();
            AGAIN
        }
        Turn::Rendered | Turn::Idle => AGAIN,
    }
}

/// The ring's word as it was before the latest turn: while it is that, there is nothing new.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_ticket(handle: usize) -> u32 {
    page(handle).pacer.nap_ticket()
}

/// What the latest turn has committed: address of its samples (`part` 0), their number in frames (1), the place of its end (2); and the producer's state (3).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_outgoing(handle: usize, part: u32) -> f64 {
    let page = page(handle);
    let outgoing = page.pacer.outgoing();
    match part {
        0 => outgoing.samples.as_ptr() as usize as f64,
        1 => (outgoing.samples.len() / page.shared.ring.channels()) as f64,
        2 => outgoing.end as f64,
        _ => f64::from(page.shared.producer.state.load(crate::ring::sync::Ordering::Relaxed)),
    }
}

/// Counts a backing store that had to be made for a block.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_buffer(handle: usize) {
    let ledger = &page(handle).shared.producer;
    ledger.sequence.begin();
    ledger.new_buffers.add(1);
    ledger.sequence.end();
}

/// Whether the source has ended.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_ended(handle: usize) -> u32 {
    u32::from(page(handle).pacer.ended())
}

/// Plays another source. Returns 1, or 0 and goes on with the old one.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_source(handle: usize, numbers: usize, count: usize) -> u32 {
    let page = page(handle);
    let Some(spec) = spec_at(numbers, count) else { return 0 };
    let Some(source) = open(spec.source, &page.shared, &mut page.feeds) else {
        return 0;
    };
    #[cfg(feature = "faults")]
    let source = page.injector.source(source, page.block);
    let _ = page.block;
    page.pacer.set_source(source);
    1
}

/// Causes these faults and no others. Returns 1, or 0 and changes nothing.
#[cfg(feature = "faults")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_faults(handle: usize, numbers: usize, count: usize) -> u32 {
    let page = page(handle);
    let Some(spec) = spec_at(numbers, count) else { return 0 };
    let before = page.injector.pace();
    if page.injector.set(&spec.faults).is_err() {
        return 0;
    }
    let after = page.injector.pace();
    u32::from(after == before || page.pacer.set_pace(after).is_ok())
}

/// Address of the feed for the worker that decodes, made now if there is none; `renew`: its worker is gone, another feed is played from now on. One share of it is given away, for good. 0: it cannot be had.
#[cfg(feature = "decode")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_feed(handle: usize, renew: u32) -> usize {
    let page = page(handle);
    if renew != 0 && page.feeds.forget() {
        let Ok(source) = page.feeds.source(&page.shared) else { return 0 };
        #[cfg(feature = "faults")]
        let source = page.injector.source(source, page.block);
        page.pacer.set_source(source);
    }
    page.feeds.share(&page.shared).unwrap_or_default()
}

/// Address of that feed's ring, or 0.
#[cfg(feature = "decode")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_page_feed_ring(handle: usize) -> usize {
    page(handle).feeds.ring()
}

/// A feed for the output at `address`, without a producer of its own: for the audio thread to render. Address of the feed (`part` 0; one share is given away) …
#[cfg(feature = "decode")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed(address: usize) -> usize {
    let Some(shared) = shared_at(address) else { return 0 };
    // Two shares: the decoder's, and the audio thread's.
    let mut feeds = Feeds::default();
    let feed = feeds.share(&shared).unwrap_or_default();
    let _ = feeds.share(&shared);
    feed
}

/// … and of the ring of the feed at `feed`.
#[cfg(feature = "decode")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_ring(feed: usize) -> usize {
    Feeds::ring_of(feed)
}

fn page(handle: usize) -> &'static mut PagePacer {
    // SAFETY: the page passes only what `noxrun_page_producer` gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut PagePacer) }
}
