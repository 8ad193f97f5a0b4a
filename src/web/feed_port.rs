//! The feeder's exports: numbers and addresses only, for a second instance of the engine's module over the output's memory, in the feeder's worker (as the audio thread has one, see
//! [`worklet`](super::worklet)). The feeder itself decodes in a memory of its own and copies what it made into the staging area.
//!
//! [`noxrun_feed_attach`] allocates, and nothing else here does: a worker that is ended while it allocates leaves the allocator's lock held for ever, and with it the output. So a
//! feeder may be ended at any moment once it has attached.
#![allow(unsafe_code)]

use core::time::Duration;

use crate::feed::{FEED_MAGIC, FEED_VERSION, Feed, FeedWriter, SeekCommand};
use crate::ring::sync::Arc;
use crate::ring::{Ticket, Woken};

/// Frames of the staging area.
const STAGING_FRAMES: usize = 2048;
/// What [`noxrun_feed_wait`] returns: there is room.
const ROOM: u32 = 0;
/// Somebody called.
const CALLED: u32 = 1;
/// The time is up.
const TIMED_OUT: u32 = 2;

/// What a handle stands for.
struct Port {
    writer: FeedWriter,
    /// Interleaved.
    staging: Box<[f32]>,
    /// The seek that [`noxrun_feed_command_serial`] found.
    command: SeekCommand,
}

/// Attaches to the feed at `address`. Returns a handle, or 0 when there is no feed of this version there or it has a feeder already.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_attach(address: usize) -> usize {
    let Some(feed) = feed_at(address) else { return 0 };
    let samples = STAGING_FRAMES * feed.ring().channels();
    FeedWriter::attach(feed).map_or(0, |writer| {
        let port = Port {
            writer,
            staging: vec![0.0; samples].into(),
            command: SeekCommand {
                serial: 0,
                item: 0,
                seconds: 0.0,
            },
        };
        Box::into_raw(Box::new(port)) as usize
    })
}

/// Samples per frame.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_channels(handle: usize) -> usize {
    port(handle).writer.feed().ring().channels()
}

/// Address of the staging area: interleaved samples.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_staging(handle: usize) -> usize {
    port(handle).staging.as_ptr() as usize
}

/// Frames that the staging area holds.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_staging_frames(handle: usize) -> usize {
    port(handle).staging.len() / noxrun_feed_channels(handle)
}

/// Frames that can be written now.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_room(handle: usize) -> usize {
    port(handle).writer.room()
}

/// Writes the first `frames` frames of the staging area. Returns the frames taken.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_write(handle: usize, frames: usize) -> usize {
    let Port { writer, staging, .. } = port(handle);
    let channels = writer.feed().ring().channels();
    let samples = frames.saturating_mul(channels).min(staging.len());
    // Whole frames, so it cannot fail.
    writer.write(&staging[..samples]).unwrap_or(0)
}

/// As [`FeedWriter::jump`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_jump(handle: usize, serial: u32) {
    port(handle).writer.jump(serial);
}

/// As [`FeedWriter::join`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_join(handle: usize, serial: u32, stale: usize) {
    port(handle).writer.join(serial, stale);
}

/// As [`FeedWriter::unread`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_unread(handle: usize) -> usize {
    port(handle).writer.unread()
}

/// As [`FeedWriter::segment`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_segment(handle: usize, item: u32, seconds: f64) {
    port(handle).writer.segment(item, seconds);
}

/// As [`FeedWriter::end`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_end(handle: usize) {
    port(handle).writer.end();
}

/// 1 when everything that was written has been read.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_drained(handle: usize) -> u32 {
    u32::from(port(handle).writer.is_drained())
}

/// As [`FeedWriter::ticket`].
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_ticket(handle: usize) -> u32 {
    port(handle).writer.ticket().0
}

/// As [`FeedWriter::wait`], for `ms` milliseconds at most (what is no number or negative: not at all). Returns 0 when there is room, 1 when somebody called, 2 when the time is up.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_wait(handle: usize, ticket: u32, frames: usize, ms: f64) -> u32 {
    let timeout = Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default();
    match port(handle).writer.wait(Ticket(ticket), frames, timeout) {
        Woken::Room => ROOM,
        Woken::Called => CALLED,
        Woken::TimedOut => TIMED_OUT,
    }
}

/// Looks for the page's newest seek that is not done ([`FeedWriter::command`]). Returns its serial, 0 if there is none; item and seconds of the one found last are asked for with the two exports below.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_command_serial(handle: usize) -> u32 {
    let port = port(handle);
    port.writer.command().map_or(0, |command| {
        port.command = command;
        command.serial
    })
}

/// Item of the playlist that the seek found last goes to.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_command_item(handle: usize) -> u32 {
    port(handle).command.item
}

/// Seconds from that item's beginning. Whatever the page wrote: not checked.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_command_seconds(handle: usize) -> f64 {
    port(handle).command.seconds
}

/// Messages that the page has sent so far.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_mail(handle: usize) -> u32 {
    port(handle).writer.mail()
}

/// Shows that the feeder is alive ([`noxrun_feed_ticket`] does too).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_feed_beat(handle: usize) {
    port(handle).writer.beat();
}

/// A share in the feed at `address`, if there is one.
fn feed_at(address: usize) -> Option<Arc<Feed>> {
    let place = address as *const Feed;
    let end = address.checked_add(size_of::<Feed>())?;
    if !place.is_aligned() || address == 0 || end > core::arch::wasm32::memory_size(0) * 65_536 {
        return None;
    }
    // SAFETY: aligned and inside the memory; these two numbers never change once a feed is made, and any bits are numbers.
    let (magic, version) = unsafe { ((*place).magic, (*place).version) };
    if (magic, version) != (FEED_MAGIC, FEED_VERSION) {
        return None;
    }
    // SAFETY: this is a feed of which the producer's worker leaked one share, made by the same module, so with the same layout and allocator.
    unsafe {
        Arc::increment_strong_count(place);
        Some(Arc::from_raw(place))
    }
}

/// What a handle stands for.
fn port(handle: usize) -> &'static mut Port {
    // SAFETY: the feeder passes only what `noxrun_feed_attach` gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut Port) }
}
