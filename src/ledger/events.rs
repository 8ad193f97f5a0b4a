//! Events as they lie in shared memory: each kind in a circle of slots, numbered from 1, written by one side.

use crate::ring::Count;

/// Underruns kept in shared memory, and what the producer says of each; the page collects them long before they are overwritten.
pub const UNDERRUN_SLOTS: usize = 256;
/// Overruns kept in shared memory.
pub const OVERRUN_SLOTS: usize = 64;
/// Breaks of the index signal kept in shared memory.
pub const SLIP_SLOTS: usize = 64;
/// Injected faults kept in shared memory, by each side: a fault with every block of 64 frames, and a page that looks four times a second.
pub const INJECTION_SLOTS: usize = 256;

/// How an underrun ended. The discriminant is the value of [`Underrun::ended_by`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Ending {
    /// It goes on.
    #[default]
    Open = 0,
    /// A quantum was whole again.
    Back = 1,
    /// The page paused.
    Paused = 2,
    /// The source has ended.
    Ended = 3,
}

impl Ending {
    /// The ending that a number in shared memory stands for.
    pub fn from_number(number: u64) -> Self {
        match number {
            0 => Ending::Open,
            1 => Ending::Back,
            2 => Ending::Paused,
            _ => Ending::Ended,
        }
    }

    /// Its name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Open => "open",
            Ending::Back => "back",
            Ending::Paused => "paused",
            Ending::Ended => "ended",
        }
    }
}

/// One underrun: a run of starved quanta. Written by the consumer.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Underrun {
    /// Place of the first missing frame among all frames requested so far.
    pub frame: Count,
    /// Place of the first missing frame in the ring.
    pub position: Count,
    /// Frames that were concealed or silent.
    pub frames: Count,
    /// Frames in the ring when the first starved quantum began.
    pub fill: Count,
    /// Starved quanta.
    pub quanta: Count,
    /// An [`Ending`].
    pub ended_by: Count,
}

/// What a break of the index signal was. The discriminant is the value of [`Slip::kind`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum SlipKind {
    /// Frames are missing.
    #[default]
    Skipped = 0,
    /// Frames came again.
    Replayed = 1,
    /// Frames whose channels disagree or that hold no index.
    Torn = 2,
}

impl SlipKind {
    /// The kind that a number in shared memory stands for.
    pub fn from_number(number: u64) -> Self {
        match number {
            0 => SlipKind::Skipped,
            1 => SlipKind::Replayed,
            _ => SlipKind::Torn,
        }
    }

    /// Its name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            SlipKind::Skipped => "skipped",
            SlipKind::Replayed => "replayed",
            SlipKind::Torn => "torn",
        }
    }
}

/// One break of the index signal. Written by the consumer.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Slip {
    /// A [`SlipKind`].
    pub kind: Count,
    /// Place among all frames requested so far.
    pub frame: Count,
    /// Frames skipped, replayed or torn.
    pub frames: Count,
}

/// One overrun: a run of refused blocks. Written by the producer.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Overrun {
    /// When the first block was refused: milliseconds since the epoch, times 1000.
    pub at_us: Count,
    /// Place in the ring at which its first frame would have been.
    pub position: Count,
    /// Frames that were dropped.
    pub frames: Count,
    /// Blocks refused, wholly or in part.
    pub blocks: Count,
    /// Frames in the ring when the first was refused.
    pub fill: Count,
    /// For how long the reader had asked for nothing at most, in microseconds.
    pub still_us: Count,
    /// Number of the underrun of which this is the other half; 0: of none. What was late for the reader comes when there is no room for it any more.
    pub echo: Count,
    /// [`Ending::Open`] or [`Ending::Back`].
    pub ended_by: Count,
    /// What the producer had done since it was last in time, when the first block was refused.
    pub account: Account,
}

/// One fault as it really happened. Written by the side that was made to fail.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Injection {
    /// A number of [`FaultKind`](crate::inject::FaultKind).
    pub kind: Count,
    /// When it began: milliseconds since the epoch, times 1000.
    pub at_us: Count,
    /// How long it lasted, in microseconds.
    pub lasted_us: Count,
    /// The side's position in the ring, in frames.
    pub position: Count,
    /// Frames that it concerned: skipped, replayed, torn or asked for at once.
    pub frames: Count,
}

/// What the producer did from the time when the ring was last full until the frames came for which the reader starved. Written by the producer, which has a fine clock and knows best what kept
/// it. Times in microseconds.
///
/// `spell = asleep + render + prepare + away + dry + rest`, where the rest is what nobody accounts for: it was not scheduled.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Account {
    /// Number of the underrun (or overrun), from 1; anything else: this slot is not about it (yet).
    pub event: Count,
    /// When the missing frames were committed (or the first block was refused): milliseconds since the epoch, times 1000.
    pub at_us: Count,
    /// From the ring being full until then.
    pub spell_us: Count,
    /// Asleep, waiting for room or for its time.
    pub asleep_us: Count,
    /// By how much the latest of its wake-ups was late (a part of `asleep_us`).
    pub late_us: Count,
    /// Rendering, all blocks.
    pub render_us: Count,
    /// The block that took longest.
    pub longest_us: Count,
    /// Letting the source work ahead.
    pub prepare_us: Count,
    /// At the event loop, handling messages.
    pub away_us: Count,
    /// Waiting for a source that had nothing.
    pub dry_us: Count,
    /// Blocks rendered.
    pub blocks: Count,
    /// Frames of the largest of them.
    pub block_frames: Count,
    /// Frames ahead of the reader when the spell began.
    pub ahead_frames: Count,
    /// Frames that the producer may keep ahead.
    pub limit_frames: Count,
    /// Frames that the reader asked for during the spell.
    pub asked_frames: Count,
    /// By how many frames the reader once asked for more than the time that had passed accounts for.
    pub burst_frames: Count,
    /// Bits: see [`Account::JUMPED`] and the others.
    pub flags: Count,
}

impl Account {
    /// The sound has jumped, or another source has begun, during the spell.
    pub const JUMPED: u64 = 1;
    /// The producer has a clock of its own.
    pub const OWN_CLOCK: u64 = 2;
    /// No frames came: the producer was asked to stop, or its source ended.
    pub const NOTHING_CAME: u64 = 4;
    /// The page had paused the output.
    pub const PAUSED: u64 = 8;
}
