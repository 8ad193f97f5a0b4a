//! The counters as they lie in shared memory: one block for each writer.

use super::events::{Account, INJECTION_SLOTS, Injection, OVERRUN_SLOTS, Overrun, SLIP_SLOTS, Slip, UNDERRUN_SLOTS, Underrun};
use crate::ring::sync::{AtomicU32, AtomicU64};
use crate::ring::{Count, Sequence};

/// Buckets of the histogram of the ring's fill.
pub const FILL_BUCKETS: usize = 1024;
/// Buckets of the histogram of quanta per callback; the last one holds all that are longer.
pub const BURST_BUCKETS: usize = 64;
/// Buckets of the histogram of wake lateness: see [`lateness_bucket`].
pub const LATENESS_BUCKETS: usize = 64;

/// Why a frame was silent. The discriminant is the place in [`ConsumerLedger::silent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum SilentBy {
    /// Nothing has been heard yet: the ring is being filled for the first time.
    Startup = 0,
    /// The page paused.
    Paused = 1,
    /// The source has ended.
    Ended = 2,
    /// The node was connected to nothing, or its processor had failed.
    Disconnected = 3,
    /// The ring was empty and should not have been.
    Underrun = 4,
}

impl SilentBy {
    /// Number of reasons.
    pub const COUNT: usize = 5;
    /// Names, as in the report, in the order of the discriminants.
    pub const NAMES: [&'static str; Self::COUNT] = ["startup", "paused", "ended", "disconnected", "underrun"];
}

/// Why a committed frame was never played. The discriminant is the place in [`ProducerLedger::dropped`] and [`ConsumerLedger::dropped`], of which each side uses its own reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum DroppedBy {
    /// Refused for want of room, from a producer with a clock of its own (producer's side).
    Overflow = 0,
    /// Replaced by something newer before it was played.
    Superseded = 1,
    /// Discarded because the page jumped elsewhere (consumer's side).
    Seek = 2,
    /// Too late to be played (consumer's side).
    SkippedLate = 3,
    /// In a memory that was given up with its producer.
    Lost = 4,
}

impl DroppedBy {
    /// Number of reasons.
    pub const COUNT: usize = 5;
    /// Names, as in the report, in the order of the discriminants.
    pub const NAMES: [&'static str; Self::COUNT] = ["overflow", "superseded", "seek", "skippedLate", "lost"];
}

/// What the index signal can show of what was put out. The discriminant is the place in [`ConsumerLedger::found_frames`] and the two beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum FoundKind {
    /// Came again.
    Duplicate = 0,
    /// Left out when later ones came. Those that come after all count as reordered as well.
    Gap = 1,
    /// Came after later ones.
    Reordered = 2,
    /// No whole frame: its channels disagree, or it is no number of a frame.
    Torn = 3,
}

impl FoundKind {
    /// Number of kinds.
    pub const COUNT: usize = 4;
    /// Names, as in the report, in the order of the discriminants.
    pub const NAMES: [&'static str; Self::COUNT] = ["duplicate", "gap", "reordered", "torn"];
}

/// What the producer is doing. The discriminant is the value of [`ProducerLedger::state`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ProducerState {
    /// Fills the ring before anything is heard.
    Priming = 0,
    /// Plays.
    Running = 1,
    /// The source has ended; what is in the ring still plays.
    Ended = 2,
    /// Was asked to stop and has stopped.
    Stopped = 3,
}

impl ProducerState {
    /// The state that a number in shared memory stands for.
    pub fn from_number(number: u32) -> Self {
        match number {
            0 => ProducerState::Priming,
            1 => ProducerState::Running,
            2 => ProducerState::Ended,
            _ => ProducerState::Stopped,
        }
    }
}

/// Written by the consumer alone, on the audio thread. Frames unless said otherwise.
#[derive(Debug)]
#[repr(C)]
pub struct ConsumerLedger {
    /// Guards everything below and the ring's read position.
    pub sequence: Sequence,
    // First what changes with every quantum, all on one cache line.
    /// Asked for by the browser. An atomic, because the producer looks at it too (relaxed: a number by itself).
    pub requested: AtomicU64,
    /// Played for the first time.
    pub fresh: Count,
    /// Quanta asked for.
    pub quanta: Count,
    /// Frames in the latest quantum.
    pub quantum: Count,
    /// Times the producer was woken.
    pub wakes: Count,
    /// Played again by the strategy.
    pub repeated: Count,
    /// Made up by the concealment.
    pub concealed: Count,
    /// Zeros, by [`SilentBy`].
    pub silent: [Count; SilentBy::COUNT],
    /// Read and thrown away, by [`DroppedBy`].
    pub dropped: [Count; DroppedBy::COUNT],
    /// Quanta with at least one repeated frame.
    pub duplicate_quanta: Count,
    /// Quanta with at least one concealed or underrun-silent frame.
    pub starved_quanta: Count,
    /// Frames that changed while they were copied.
    pub torn: Count,
    /// Frames missing in the index signal.
    pub skipped: Count,
    /// Frames of the index signal that came again.
    pub replayed: Count,
    /// Heap allocations on the audio thread inside `process()` (counted when the counting allocator is built in).
    pub allocations: Count,
    /// Where the latest stretch of frames that did not come from the ring begins, among all frames requested …
    pub gap_from: Count,
    /// … and the first frame after it.
    pub gap_to: Count,
    /// Underruns begun so far; the latest is `underruns[(events - 1) % UNDERRUN_SLOTS]`. An atomic, because the producer looks at it too: stored with release after `starved_at`.
    pub underrun_events: AtomicU32,
    /// Place in the ring of the first frame that the latest underrun missed, for the producer.
    pub starved_at: AtomicU64,
    /// Frames missing in all underruns.
    pub underrun_frames: Count,
    /// Frames missing in the longest underrun.
    pub underrun_longest: Count,
    /// The latest underruns.
    pub underruns: [Underrun; UNDERRUN_SLOTS],
    /// Quanta per bucket of ring fill, seen before the quantum was read; a bucket is `capacity / (FILL_BUCKETS - 1)` frames wide, rounded up to a power of two.
    pub fill: [Count; FILL_BUCKETS],
    /// Callbacks by their length in quanta (index), while callbacks are counted.
    pub bursts: [Count; BURST_BUCKETS],
    /// Callbacks counted: those that ended while they were counted.
    pub callbacks: Count,
    /// Of those, with at least one repeated frame.
    pub duplicate_callbacks: Count,
    /// Of those, with at least one concealed or underrun-silent frame.
    pub starved_callbacks: Count,
    /// Callbacks per bucket of ring fill, seen before their first quantum was read; buckets as in `fill`.
    pub callback_fill: [Count; FILL_BUCKETS],
    /// Time spent in `process()`, in microseconds, as a clock of whole milliseconds shows it: each read is off by up to one, their sum is not. While callbacks are counted.
    pub busy_us: Count,
    /// Frames that the strategy has taken from the exchange and not played yet: the rest of a block.
    pub held: Count,
    /// Reads, where only the newest block counts: one block or one quantum, whichever is longer.
    pub reads: Count,
    /// Of these, those that found nothing newer and nothing unread.
    pub stale_reads: Count,
    /// Frames whose block was written to while they were copied, by its sequence number (`double`).
    pub changed: Count,
    /// What the index signal showed of what was put out, whatever the strategy says: in frames …
    pub found_frames: [Count; FoundKind::COUNT],
    /// … in quanta with at least one such frame …
    pub found_quanta: [Count; FoundKind::COUNT],
    /// … and in callbacks, while they are counted.
    pub found_callbacks: [Count; FoundKind::COUNT],
    /// Breaks of the index signal so far; the latest is `slips[(slip_events - 1) % SLIP_SLOTS]`.
    pub slip_events: Count,
    /// The latest breaks of the index signal.
    pub slips: [Slip; SLIP_SLOTS],
    /// Faults injected on the audio thread so far; the latest is `injections[(injected - 1) % INJECTION_SLOTS]`.
    pub injected: Count,
    /// The latest faults injected on the audio thread.
    pub injections: [Injection; INJECTION_SLOTS],
}

/// Written by the producer alone, in its worker. Frames unless said otherwise.
#[derive(Debug)]
#[repr(C)]
pub struct ProducerLedger {
    /// Guards everything below and the ring's write position.
    pub sequence: Sequence,
    /// Committed, plus what was offered and refused.
    pub produced: Count,
    /// Never to be played, by [`DroppedBy`].
    pub dropped: [Count; DroppedBy::COUNT],
    /// A [`ProducerState`]. An atomic, because the consumer looks at it too: stored with release after the last frame was committed, loaded with acquire before the fill.
    pub state: AtomicU32,
    /// Frames of the newest block, where only that counts (`double`, `triple`): no more than these are in flight besides what the consumer holds. 0 where all count.
    pub newest: Count,
    /// Blocks rendered.
    pub blocks: Count,
    /// Time spent rendering and preparing to render, in nanoseconds.
    pub render_ns: Count,
    /// Time that the rendered frames last, in nanoseconds.
    pub lasted_ns: Count,
    /// Time that the producer's thread was awake for it, in microseconds: rendering, handing over, looking around, and standing still where it blocks.
    pub busy_us: Count,
    /// The longest time one block took, in nanoseconds.
    pub longest_ns: Count,
    /// Overruns: runs of blocks of a producer with its own clock that were refused, wholly or in part; the latest is `overruns[(overrun_events - 1) % OVERRUN_SLOTS]`.
    pub overrun_events: Count,
    /// The latest overruns.
    pub overruns: [Overrun; OVERRUN_SLOTS],
    /// Blocks that began, bit by bit for 32 samples or to their end, as the block before did, and with no constant: what an aliased buffer looks like. A block of one sample never does.
    pub identical_blocks: Count,
    /// Wake-ups by how late they were: see [`lateness_bucket`].
    pub lateness: [Count; LATENESS_BUCKETS],
    /// The latest wake-up of all, in microseconds.
    pub latest_us: Count,
    /// What the producer did while the reader starved; that of underrun number `n` is `accounts[(n - 1) % UNDERRUN_SLOTS]`, if it is there.
    pub accounts: [Account; UNDERRUN_SLOTS],
    /// Samples that were not finite and became zero.
    pub non_finite: Count,
    /// Heap allocations inside `Source::render` (counted when the counting allocator is built in).
    pub allocations: Count,
    /// Rises with every turn of the producer's loop, at least every 250 ms unless it is stuck.
    pub heartbeat: Count,
    /// Times it slept.
    pub sleeps: Count,
    /// Sleeps that ended because the time was up: the heartbeat's, or that by which a reader in time would have called.
    pub time_outs: Count,
    /// Backing stores that were newly allocated for messages or buffers, where the strategy needs some.
    pub new_buffers: Count,
    /// Messages received from it, where it sends some.
    pub messages: Count,
    /// For how long all of them together were on their way, in microseconds, as two's complement: the clocks of two threads may be a little apart.
    pub transit_us: Count,
    /// Faults injected so far; the latest is `injections[(injected - 1) % INJECTION_SLOTS]`.
    pub injected: Count,
    /// The latest injected faults.
    pub injections: [Injection; INJECTION_SLOTS],
}

impl Default for ConsumerLedger {
    fn default() -> Self {
        ConsumerLedger {
            sequence: Sequence::default(),
            requested: AtomicU64::new(0),
            fresh: Count::default(),
            repeated: Count::default(),
            concealed: Count::default(),
            silent: Default::default(),
            dropped: Default::default(),
            quanta: Count::default(),
            duplicate_quanta: Count::default(),
            starved_quanta: Count::default(),
            torn: Count::default(),
            skipped: Count::default(),
            replayed: Count::default(),
            wakes: Count::default(),
            allocations: Count::default(),
            quantum: Count::default(),
            gap_from: Count::default(),
            gap_to: Count::default(),
            underrun_events: AtomicU32::new(0),
            starved_at: AtomicU64::new(0),
            underrun_frames: Count::default(),
            underrun_longest: Count::default(),
            underruns: core::array::from_fn(|_| Underrun::default()),
            fill: core::array::from_fn(|_| Count::default()),
            bursts: core::array::from_fn(|_| Count::default()),
            callbacks: Count::default(),
            duplicate_callbacks: Count::default(),
            starved_callbacks: Count::default(),
            callback_fill: core::array::from_fn(|_| Count::default()),
            busy_us: Count::default(),
            held: Count::default(),
            reads: Count::default(),
            stale_reads: Count::default(),
            changed: Count::default(),
            found_frames: Default::default(),
            found_quanta: Default::default(),
            found_callbacks: Default::default(),
            slip_events: Count::default(),
            slips: core::array::from_fn(|_| Slip::default()),
            injected: Count::default(),
            injections: core::array::from_fn(|_| Injection::default()),
        }
    }
}

impl Default for ProducerLedger {
    fn default() -> Self {
        ProducerLedger {
            sequence: Sequence::default(),
            produced: Count::default(),
            dropped: Default::default(),
            state: AtomicU32::new(ProducerState::Priming as u32),
            newest: Count::default(),
            blocks: Count::default(),
            render_ns: Count::default(),
            lasted_ns: Count::default(),
            busy_us: Count::default(),
            longest_ns: Count::default(),
            overrun_events: Count::default(),
            overruns: core::array::from_fn(|_| Overrun::default()),
            identical_blocks: Count::default(),
            lateness: core::array::from_fn(|_| Count::default()),
            latest_us: Count::default(),
            accounts: core::array::from_fn(|_| Account::default()),
            non_finite: Count::default(),
            allocations: Count::default(),
            heartbeat: Count::default(),
            sleeps: Count::default(),
            time_outs: Count::default(),
            new_buffers: Count::default(),
            messages: Count::default(),
            transit_us: Count::default(),
            injected: Count::default(),
            injections: core::array::from_fn(|_| Injection::default()),
        }
    }
}

/// Bucket of [`ProducerLedger::lateness`] for a wake-up that came `ms` milliseconds late: four to the octave, the first below 10 us.
///
/// # Real-time
/// Safe.
pub fn lateness_bucket(ms: f64) -> usize {
    let edges = ms / LATENESS_FIRST_MS;
    if edges.is_nan() || edges < 1.0 {
        return 0;
    }
    // The exponent and the first two bits after the point: a logarithm without one.
    let quarters = (edges.to_bits() >> (f64::MANTISSA_DIGITS - 1 - 2)) as usize;
    (1 + quarters - (f64::MAX_EXP as usize - 1) * 4).min(LATENESS_BUCKETS - 1)
}

/// Upper edge of bucket `bucket` of [`ProducerLedger::lateness`], in milliseconds: 10 us, 12.5, 15, 17.5, 20, 25 us, … The last bucket holds all that is later as well.
pub fn lateness_edge_ms(bucket: usize) -> f64 {
    let (octave, quarter) = (bucket / 4, bucket % 4);
    LATENESS_FIRST_MS * (1_u64 << octave.min(63)) as f64 * (1.0 + quarter as f64 / 4.0)
}

/// Upper edge of the first bucket, in milliseconds: two steps of a worker's clock.
const LATENESS_FIRST_MS: f64 = 0.01;

impl ConsumerLedger {
    /// Frames per bucket of [`ConsumerLedger::fill`] for a ring of `capacity` frames: a power of two, because the audio thread would feel a division.
    pub fn fill_bucket_frames(capacity: usize) -> usize {
        capacity.div_ceil(FILL_BUCKETS - 1).next_power_of_two()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_lies_below_its_buckets_edge_and_not_below_the_one_before() {
        for ms in [0.0, 0.005, 0.0099, 0.01, 0.0124, 0.0126, 0.02, 0.3, 1.0, 10.0, 33.3, 400.0] {
            let bucket = lateness_bucket(ms);
            assert!(ms < lateness_edge_ms(bucket), "{ms} ms in bucket {bucket}");
            assert!(
                bucket == 0 || ms >= lateness_edge_ms(bucket - 1) * 0.999_999,
                "{ms} ms in bucket {bucket}"
            );
        }
        assert_eq!([f64::NAN, -1.0, 1e9].map(lateness_bucket), [0, 0, LATENESS_BUCKETS - 1]);
    }
}
