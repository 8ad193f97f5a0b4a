//! The lock-free ring between the producer's worker and the audio thread.
//!
//! One [`Producer`], one [`Consumer`], for good. Data moves in whole frames; a partial transfer is a count, not an error.
//! The producer may sleep until there is room ([`Producer::sleep`]); the consumer never waits.
//!
//! | thread | calls | pairs with |
//! | --- | --- | --- |
//! | producer | stores `write` (release) after filling cells | consumer's load of `write` (acquire) before reading them |
//! | consumer | stores `read` (release) after reading cells | producer's load of `read` (acquire) before overwriting them |
//! | producer | stores `sleep`, barrier, loads `read` | consumer stores `read`, barrier, loads `sleep`: one of them sees the other |
//! | anyone | adds to `word`, notifies | producer waits only while `word` is what it saw before it looked for work |
//!
//! ```
//! let ring = noxrun::ring::Ring::new(2, 480)?;
//! let (mut producer, mut consumer) = noxrun::ring::Ring::split(ring)?;
//! assert_eq!(producer.write(&[0.1, -0.1, 0.2, -0.2])?, 2);
//! let mut frame = [0.0; 2];
//! assert_eq!(consumer.read(&mut frame)?, 1);
//! assert_eq!(frame, [0.1, -0.1]);
//! assert_eq!((consumer.read_available(), producer.write_available()), (1, 479));
//! # Ok::<(), noxrun::Error>(())
//! ```

mod consumer;
mod layout;
mod producer;
#[cfg(not(loom))]
mod sequence;
mod storage;
pub mod sync;

pub use consumer::Consumer;
pub use layout::{MAGIC, MAX_CAPACITY, MAX_CHANNELS, Ring, VERSION};
pub use producer::{Producer, Ticket, Until, Woken};
#[cfg(not(loom))]
pub use sequence::{Count, Sequence};

use crate::error::{Error, in_range};
use layout::{ConsumerWords, Line, ProducerWords, WakeWords};
#[cfg(not(any(feature = "strategies", loom)))]
use storage::Storage;
#[cfg(any(feature = "strategies", loom))]
pub(crate) use storage::Storage;
use sync::{Arc, AtomicU32, AtomicU64, Futex, Ordering};

/// Bit of `claimed`.
const PRODUCER: u32 = 1;
/// Bit of `claimed`.
const CONSUMER: u32 = 2;

impl Ring {
    /// A ring of `channels` (1 to 32) and `capacity` frames (1 to 2^22), all of which the producer may fill.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(channels: usize, capacity: usize) -> Result<Arc<Ring>, Error> {
        in_range("the channel count", channels as f64, 1.0, MAX_CHANNELS as f64, "")?;
        in_range("the ring's capacity", capacity as f64, 1.0, MAX_CAPACITY as f64, " frames")?;
        Ok(Arc::new(Ring {
            magic: MAGIC,
            version: VERSION,
            channels: channels as u32,
            capacity: capacity as u32,
            limit: AtomicU32::new(capacity as u32),
            claimed: AtomicU32::new(0),
            producer: Line(ProducerWords {
                write: AtomicU64::new(0),
                skip_to: AtomicU64::new(0),
                wake_at: AtomicU64::new(0),
                sleep: AtomicU32::new(0),
            }),
            consumer: Line(ConsumerWords { read: AtomicU64::new(0) }),
            wake: Line(WakeWords {
                word: AtomicU32::new(0),
                futex: Futex::new(),
            }),
            storage: Storage::new(channels * capacity),
        }))
    }

    /// Both ends of a ring.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn split(ring: Arc<Ring>) -> Result<(Producer, Consumer), Error> {
        ring.claim(PRODUCER | CONSUMER)?;
        Ok((Producer::new(ring.clone()), Consumer::new(ring)))
    }

    /// Takes the sides in `bits` for good: all of them or, if one is taken already, none.
    fn claim(&self, bits: u32) -> Result<(), Error> {
        let free = |taken: u32| (taken & bits == 0).then_some(taken | bits);
        // AcqRel is more than needed: positions carry the data. It keeps a late second claim ordered after the first.
        match self.claimed.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) {
            Ok(_) => Ok(()),
            Err(taken) => Err(Error::AlreadyTaken {
                side: if taken & bits & PRODUCER != 0 { "producer" } else { "consumer" },
            }),
        }
    }

    /// Samples per frame.
    pub fn channels(&self) -> usize {
        self.channels as usize
    }

    /// Frames that the storage holds.
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Frames that the producer may keep ahead of the reader, 1 to [`Ring::capacity`].
    pub fn limit(&self) -> usize {
        // Relaxed: a number by itself. Clamped because another thread writes it.
        (self.limit.load(Ordering::Relaxed) as usize).clamp(1, self.capacity())
    }

    /// Sets [`Ring::limit`]; for the ring's owner alone. Drops nothing.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn set_limit(&self, frames: usize) -> Result<(), Error> {
        in_range("the ring's size", frames as f64, 1.0, self.capacity() as f64, " frames")?;
        self.limit.store(frames as u32, Ordering::Relaxed);
        self.call();
        Ok(())
    }

    /// Wakes the producer if it sleeps, or keeps it from falling asleep over an older [`Ticket`]. Any thread but the audio thread's steady state
    /// (which wakes by [`Consumer::wake_producer`], only when there is room).
    pub fn call(&self) {
        // Release: what the caller wrote before (a command) is seen by the producer's acquire load in `ticket`.
        self.wake.0.word.fetch_add(1, sync::ordering!(Call, Ordering::Release));
        self.wake.0.futex.notify(&self.wake.0.word);
    }

    /// Where in a ring its word lies that changes with every call, in bytes: for whoever waits for it from outside.
    #[cfg(all(target_family = "wasm", feature = "strategies"))]
    pub(crate) fn word_offset() -> usize {
        core::mem::offset_of!(Ring, wake)
    }

    /// The word that changes with every call, for whoever sleeps in a way of its own.
    pub fn ticket(&self) -> u32 {
        self.wake.0.word.load(Ordering::Acquire)
    }

    /// Position after the last frame committed, for an observer; older than the truth by the time it is used.
    pub fn write_position(&self) -> u64 {
        self.producer.0.write.load(Ordering::Acquire)
    }

    /// Position before which the producer wants everything discarded, for an observer.
    #[cfg(feature = "embed")]
    pub fn flush_position(&self) -> u64 {
        self.producer.0.skip_to.load(Ordering::Acquire)
    }

    /// Position after the last frame read or discarded, for an observer; older than the truth by the time it is used.
    pub fn read_position(&self) -> u64 {
        self.consumer.0.read.load(Ordering::Acquire)
    }

    /// Number of whole frames in `samples` samples.
    fn whole_frames(&self, samples: usize) -> Result<usize, Error> {
        let channels = self.channels();
        // A division by a number known only now takes longer than all else but the copy; mono and stereo are spared it.
        let (frames, rest) = match channels {
            1 => (samples, 0),
            2 => (samples / 2, samples % 2),
            _ => (samples / channels, samples % channels),
        };
        if rest == 0 {
            Ok(frames)
        } else {
            Err(Error::NotWholeFrames { len: samples, channels })
        }
    }
}
