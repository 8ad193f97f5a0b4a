//! What lies in the shared memory, field by field: who writes it, its unit, how stale a reader may find it.

use super::storage::Storage;
use super::sync::{AtomicU32, AtomicU64, Futex};

/// Reads "NOXR" in memory; what does not begin with it is no ring.
pub const MAGIC: u32 = u32::from_le_bytes(*b"NOXR");
/// Counts up with every change of this file or of [`crate::ledger`]'s blocks.
pub const VERSION: u32 = 1;
/// Most channels of a ring.
pub const MAX_CHANNELS: usize = 32;
/// Most frames of a ring: 87 s at 48 kHz, and 512 MiB with 32 channels; the memory's maximum ends most wishes earlier.
pub const MAX_CAPACITY: usize = 1 << 22;

/// One value with its pair of cache lines to itself (x86-64 prefetches lines in pairs, and Apple's lines are 128 bytes long).
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);

/// The lock-free ring: single producer, single consumer, interleaved f32 frames.
///
/// # Invariants
/// `read <= write <= read + capacity`. Cells of the frames `read..write` belong to the consumer, all others to the producer.
/// A frame's place is `position % capacity`; there is no lost slot and any capacity will do. Positions count frames since the ring was
/// made and never wrap (64 bits last 12 million years at 48 kHz).
#[derive(Debug)]
#[repr(C)]
pub struct Ring {
    /// [`MAGIC`]; never changes.
    pub(crate) magic: u32,
    /// [`VERSION`]; never changes.
    pub(crate) version: u32,
    /// Samples per frame, 1 to [`MAX_CHANNELS`]; never changes.
    pub(super) channels: u32,
    /// Frames the storage holds, 1 to [`MAX_CAPACITY`]; never changes.
    pub(super) capacity: u32,
    /// Frames that the producer may keep ahead of the reader, 1 to `capacity`. Written by the ring's owner (the page), at any time; the producer follows
    /// at its next look. Lowering it drops nothing: the producer pauses until the reader has caught up.
    pub(crate) limit: AtomicU32,
    /// Bit 0: there was a producer; bit 1: there was a consumer. Never cleared: no ring gets a second one.
    pub(super) claimed: AtomicU32,
    /// What the producer writes.
    pub(crate) producer: Line<ProducerWords>,
    /// What the consumer writes.
    pub(crate) consumer: Line<ConsumerWords>,
    /// What wakes the producer.
    pub(crate) wake: Line<WakeWords>,
    pub(super) storage: Storage,
}

/// Written by the producer alone.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ProducerWords {
    /// Position after the last frame committed. The consumer may find it old, never too new.
    pub write: AtomicU64,
    /// The consumer discards everything before this position at its next read (seek, flush). Only grows; never beyond `write`.
    pub skip_to: AtomicU64,
    /// While asleep: the reader's position from which there is room for what the producer wants to write.
    pub wake_at: AtomicU64,
    /// 0 while awake, else the number of this sleep (1, 2, …, skipping 0 on wrap).
    pub sleep: AtomicU32,
}

/// Written by the consumer alone.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ConsumerWords {
    /// Position after the last frame read or discarded. The producer may find it old, never too new.
    pub read: AtomicU64,
}

/// The one word with more than one writer: whoever wants the producer awake adds 1 (consumer: room; page: a command) and notifies.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct WakeWords {
    /// Changes with every call. Its value means nothing; that it differs from the one seen before does.
    pub word: AtomicU32,
    pub futex: Futex,
}

#[cfg(not(loom))]
const _: () = {
    assert!(core::mem::offset_of!(Ring, magic) == 0);
    assert!(core::mem::offset_of!(Ring, version) == 4);
    assert!(core::mem::offset_of!(Ring, limit) == 16);
    assert!(core::mem::offset_of!(Ring, producer) == 128);
    assert!(core::mem::offset_of!(Ring, consumer) == 256);
    assert!(core::mem::offset_of!(Ring, wake) == 384);
    assert!(core::mem::align_of::<Ring>() == 128);
};
