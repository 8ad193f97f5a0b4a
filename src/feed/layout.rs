//! What lies in the shared memory, field by field: who writes it, its unit.

use std::sync::Mutex;

use super::Mark;
use super::source::Reader;
use crate::error::Error;
use crate::ring::sync::{Arc, AtomicU32, AtomicU64, Ordering, fence};
use crate::ring::{Count, Ring, Sequence};
use crate::shared::{Aligned, SharedOutput};

/// Reads "NOXF" in memory; what does not begin with it is no feed.
pub const FEED_MAGIC: u32 = u32::from_le_bytes(*b"NOXF");
/// Counts up with every change of this file.
pub const FEED_VERSION: u32 = 3;
/// Segments kept: positions in older ones are not known any more.
pub const SEGMENT_SLOTS: usize = 256;
/// Changeovers kept: positions before them are not known any more.
pub const CHANGE_SLOTS: usize = 16;

/// What the page wants of the feeder. Written by the page alone, which then calls ([`Feed::call`]).
#[derive(Debug, Default)]
#[repr(C)]
pub struct Commands {
    /// Twice the serial of the latest seek; odd while the three words below change. 0: there was none.
    pub number: AtomicU32,
    /// Where to: item of the playlist.
    pub item: AtomicU32,
    /// Where to: seconds from the item's beginning, the low half of an `f64`'s bits.
    pub seconds_low: AtomicU32,
    /// The high half.
    pub seconds_high: AtomicU32,
    /// Messages sent to the feeder's worker; a feeder that has handled fewer returns to its event loop to get them.
    pub mail: AtomicU32,
    /// 1: the feeder is gone. What it wrote is rendered, and then the source ends.
    pub abandoned: AtomicU32,
}

/// Written by the feeder alone.
#[derive(Debug)]
#[repr(C)]
pub struct FeederWords {
    /// The latest jump: everything before it is stale. Stored after the frames before it.
    pub(super) jump: AtomicU64,
    /// The joint of that jump: up to there the frames before it stay, and the reader goes over from there to the jump as if nothing lay between. 0, or where the reader was already: all that was
    /// not read is stale. Stored before the jump whose number it has.
    pub(super) joint: AtomicU64,
    /// Where the sound ends after that jump. Stored after the frames before it; of another jump's number, it means nothing.
    pub(super) end: AtomicU64,
    /// Rises with each look of the feeder at its commands.
    pub heartbeat: AtomicU32,
    /// Serial of the latest seek that was done.
    pub done: AtomicU32,
}

/// From `at` on, the feed's frames are `item` from `seconds` on; until the next segment, or the next jump.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Segment {
    /// Feed position, in frames.
    pub(super) at: Count,
    /// The jump that it follows.
    pub(super) jump: Count,
    /// Bits of an `f64`, in seconds.
    pub(super) seconds: Count,
    /// Item of the playlist.
    pub(super) item: Count,
    /// Serial that the feeder gave with that jump.
    pub(super) serial: Count,
}

/// The latest segments. Written by the feeder alone.
#[derive(Debug)]
#[repr(C)]
pub struct Segments {
    /// Guards all of it.
    pub sequence: Sequence,
    /// Segments so far; the latest is `slots[(count - 1) % SEGMENT_SLOTS]`.
    pub(super) count: Count,
    pub(super) slots: [Segment; SEGMENT_SLOTS],
}

impl Segments {
    /// The item of the latest segment.
    pub fn latest_item(&self) -> Option<u32> {
        let latest = self.count.get().checked_sub(1)?;
        Some(self.slots[latest as usize % SEGMENT_SLOTS].item.get() as u32)
    }
}

/// From `main` on, the main ring's frames are the feed's from `feed` on; until the next changeover.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Change {
    /// Main position, in frames.
    pub(super) main: Count,
    /// Feed position, in frames.
    pub(super) feed: Count,
    /// The jump that it follows; 0: another source follows.
    pub(super) jump: Count,
    /// Main position before which what was rendered earlier has surely been heard; from here to `main` it may have been discarded. Follows the consumer until that is at `main`.
    pub(super) kept: Count,
}

/// The latest changeovers. Written by the producer alone.
#[derive(Debug)]
#[repr(C)]
pub struct Changes {
    /// Guards all of it.
    pub sequence: Sequence,
    /// Main position after the last frame rendered from this feed.
    pub(super) until: Count,
    /// Changeovers so far; the latest is `slots[(count - 1) % CHANGE_SLOTS]`.
    pub(super) count: Count,
    pub(super) slots: [Change; CHANGE_SLOTS],
}

/// A feed in an output's memory. `#[repr(C)]`: the page writes its words and copies its bytes.
#[derive(Debug)]
#[repr(C)]
pub struct Feed {
    /// [`FEED_MAGIC`]; never changes.
    pub magic: u32,
    /// [`FEED_VERSION`]; never changes.
    pub version: u32,
    /// The context's rate in Hz; never changes.
    pub sample_rate: f32,
    /// What the page wants.
    pub commands: Aligned<Commands>,
    /// What the feeder says.
    pub feeder: Aligned<FeederWords>,
    /// Grows whenever the producer finds no frames and goes to sleep, skipping 0 on wrap. Written by the producer alone.
    pub(super) hungry: Aligned<AtomicU32>,
    /// Which second of which item a feed position is.
    pub segments: Aligned<Segments>,
    /// Which feed position a main position is.
    pub changes: Aligned<Changes>,
    ring: Arc<Ring>,
    output: Arc<SharedOutput>,
    /// The reading end while no [`FeedSource`](super::FeedSource) has it. Touched on the producer's thread only, so never contended.
    pub(super) reader: Mutex<Option<Reader>>,
}

impl Feed {
    /// A feed of `frames` frames (1 to 2^22) for `output`, with its channels and rate. Allocates all that it ever needs. What the feeder decodes ahead of what is heard is `frames` and the main ring.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(output: Arc<SharedOutput>, frames: usize) -> Result<Arc<Feed>, Error> {
        let ring = Ring::new(output.ring.channels(), frames)?;
        let reader = Mutex::new(Some(Reader::new(ring.clone())?));
        Ok(Arc::new(Feed {
            magic: FEED_MAGIC,
            version: FEED_VERSION,
            sample_rate: output.sample_rate,
            commands: Aligned::default(),
            feeder: Aligned(FeederWords {
                jump: AtomicU64::new(Mark::START.0),
                joint: AtomicU64::new(Mark::START.0),
                end: AtomicU64::new(Mark::NONE.0),
                heartbeat: AtomicU32::new(0),
                done: AtomicU32::new(0),
            }),
            hungry: Aligned::default(),
            segments: Aligned(Segments {
                sequence: Sequence::default(),
                count: Count::default(),
                slots: core::array::from_fn(|_| Segment::default()),
            }),
            changes: Aligned(Changes {
                sequence: Sequence::default(),
                until: Count::default(),
                count: Count::default(),
                slots: core::array::from_fn(|_| Change::default()),
            }),
            ring,
            output,
            reader,
        }))
    }

    /// The frames on their way to the producer.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The output that is fed.
    pub fn output(&self) -> &Arc<SharedOutput> {
        &self.output
    }

    /// Asks for `seconds` of `item`, under a serial of the page's choice (1 to 2^31 - 1, another one each time); a seek that was asked for before and not begun is forgotten. For the page alone, which
    /// writes the same words in the same order from outside.
    pub fn seek(&self, serial: u32, item: u32, seconds: f64) {
        let commands = &self.commands.0;
        commands.number.store(serial << 1 | 1, Ordering::Relaxed);
        // Keeps what follows behind the odd number.
        fence(Ordering::Release);
        let bits = seconds.to_bits();
        commands.item.store(item, Ordering::Relaxed);
        commands.seconds_low.store(bits as u32, Ordering::Relaxed);
        commands.seconds_high.store((bits >> 32) as u32, Ordering::Relaxed);
        // Release: who sees the even number sees all of the seek.
        commands.number.store(serial << 1, Ordering::Release);
        self.call();
    }

    /// Wakes the feeder, or keeps it from falling asleep: after a command was written.
    pub fn call(&self) {
        self.ring.call();
    }

    /// Says that the feeder is gone, and calls the producer: what was written is rendered, and then the source ends.
    pub fn abandon(&self) {
        self.commands.0.abandoned.store(1, Ordering::Release);
        self.output.ring.call();
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.commands.0.abandoned.load(Ordering::Acquire) != 0
    }

    pub(super) fn jump(&self) -> Mark {
        // Acquire: pairs with the release in `FeedWriter::jump`: the frames before it are known.
        Mark(self.feeder.0.jump.load(Ordering::Acquire))
    }

    /// The joint of the jump that was seen before, or of a later one that will be seen in a moment.
    pub(super) fn joint(&self) -> Mark {
        Mark(self.feeder.0.joint.load(Ordering::Relaxed))
    }

    pub(super) fn end(&self) -> Mark {
        // Acquire: pairs with the release in `FeedWriter::end`: the frames before it are known.
        Mark(self.feeder.0.end.load(Ordering::Acquire))
    }
}
