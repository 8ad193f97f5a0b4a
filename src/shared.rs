//! Everything that the threads of one output share: the ring, the ledger's two blocks, the page's wishes.

use crate::error::Error;
#[cfg(not(target_family = "wasm"))]
use crate::ledger::Snapshot;
use crate::ledger::{ConsumerLedger, ProducerLedger};
use crate::ring::sync::{Arc, AtomicU32, Ordering};
use crate::ring::{MAGIC, Ring, VERSION};
#[cfg(feature = "strategies")]
use crate::strategy::{Exchange, Strategy};

/// What the page asks for. Written by the page alone; the sides look at it once a quantum or once a turn.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Control {
    /// 1: silence, and leave the ring alone. The consumer fades out and in.
    pub paused: AtomicU32,
    /// 1: the producer returns at its next turn, for good.
    pub stop: AtomicU32,
    /// Messages sent to the worker; a producer that has handled fewer returns to its event loop to get them.
    pub mail: AtomicU32,
    /// Freezes asked for so far. When it grows, the producer stands still for `freeze_ms`.
    pub freezes: AtomicU32,
    /// Length of the latest freeze asked for, in milliseconds.
    pub freeze_ms: AtomicU32,
    /// Grows when the length of callbacks is to be counted again (the device has changed, say).
    pub recount: AtomicU32,
    /// 1: the producer panics at its next turn: a fault on purpose.
    pub panic: AtomicU32,
    /// 1: this is the index signal: check each frame and multiply it by 0.
    pub verify_index: AtomicU32,
    /// 1: callbacks are counted for as long as this stands, not only the first; each quantum then brings the time, which makes garbage in JS.
    pub count_callbacks: AtomicU32,
    /// Frames that the consumer asks for at once and throws away: a fault on purpose (feature `faults`). 0: none.
    pub burst_frames: AtomicU32,
    /// Frames requested from one such burst to the next; 0: none.
    pub burst_every: AtomicU32,
    /// What is heard when there is nothing to play: a [`Conceal`](crate::conceal::Conceal) as its number.
    pub conceal: AtomicU32,
}

/// The shared state of one output, in its engine memory. `#[repr(C)]`: the page copies its bytes out of that memory.
#[derive(Debug)]
#[repr(C)]
pub struct SharedOutput {
    /// [`MAGIC`]; never changes.
    pub magic: u32,
    /// [`VERSION`]; never changes.
    pub version: u32,
    /// The samples on their way.
    pub ring: Arc<Ring>,
    /// The page's wishes.
    pub control: Control,
    /// What the producer counts.
    pub producer: ProducerLedger,
    /// What the consumer counts, on cache lines of its own.
    pub consumer: Aligned<ConsumerLedger>,
    /// The context's rate in Hz; never changes.
    pub sample_rate: f32,
    /// What lies between the two sides beside the ring; never changes.
    #[cfg(feature = "strategies")]
    pub exchange: Exchange,
}

/// Begins on a pair of cache lines of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Aligned<T>(pub T);

impl SharedOutput {
    /// Lowest context rate, in Hz (what Web Audio promises to accept).
    pub const MIN_RATE: f64 = 8_000.0;
    /// Highest context rate, in Hz.
    pub const MAX_RATE: f64 = 192_000.0;

    /// The state of a new output: `channels` 1 to 32, `capacity` in frames, `sample_rate` 8,000 to 192,000 Hz.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(channels: usize, capacity: usize, sample_rate: f32) -> Result<Self, Error> {
        crate::error::in_range("the sample rate", f64::from(sample_rate), Self::MIN_RATE, Self::MAX_RATE, " Hz")?;
        Ok(SharedOutput {
            magic: MAGIC,
            version: VERSION,
            ring: Ring::new(channels, capacity)?,
            control: Control::default(),
            producer: ProducerLedger::default(),
            consumer: Aligned::default(),
            sample_rate,
            #[cfg(feature = "strategies")]
            exchange: Exchange::new(Strategy::Ring, channels, 0),
        })
    }

    /// The same output with another strategy, for blocks of up to `block_frames` frames (1 to 8192). The ring's limit is set to what the strategy may keep ahead: `blocks` of them where it keeps whole blocks.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    #[cfg(feature = "strategies")]
    pub fn with_strategy(mut self, strategy: Strategy, block_frames: usize, depth: usize) -> Result<Self, Error> {
        crate::error::in_range("the block", block_frames as f64, 1.0, 8192.0, " frames")?;
        let (least, most) = (*Strategy::DEPTH.start(), *Strategy::DEPTH.end());
        crate::error::in_range("the queue's depth", depth as f64, least as f64, most as f64, " blocks")?;
        self.exchange = Exchange::new(strategy, self.ring.channels(), block_frames);
        match strategy {
            Strategy::Queue => self.ring.set_limit(depth * block_frames)?,
            _ if strategy.newest_counts() => self.ring.set_limit(block_frames)?,
            _ => {}
        }
        Ok(self)
    }

    /// A consistent snapshot, from the same process (natively; the page has its own way, through bytes). Tries until neither side changes anything meanwhile.
    #[cfg(not(target_family = "wasm"))]
    pub fn snapshot(&self) -> Snapshot {
        loop {
            let (producer, consumer) = (&self.producer, &self.consumer.0);
            if let (Some(before), Some(after)) = (producer.sequence.read_begin(), consumer.sequence.read_begin()) {
                let snapshot = Snapshot::of(producer, consumer, self.ring.write_position(), self.ring.read_position());
                if producer.sequence.read_end(before) && consumer.sequence.read_end(after) {
                    return snapshot;
                }
            }
            core::hint::spin_loop();
        }
    }

    /// Pauses or resumes; for the page.
    pub fn set_paused(&self, paused: bool) {
        self.control.paused.store(u32::from(paused), Ordering::Relaxed);
    }
}
