//! What the log says of one event.

use crate::ledger::{Cause, Ending, ProducerAccount};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum EventKind {
    /// The ring was empty and should not have been.
    Underrun = 0,
    /// A producer with a clock of its own was refused.
    Overrun = 1,
    /// Frames of the index signal are missing.
    Skipped = 2,
    /// Frames of the index signal came again.
    Replayed = 3,
    /// Frames of the index signal whose channels disagree or that hold no index.
    Torn = 4,
    /// The browser did not deliver to the device (`playbackStats`).
    Device = 5,
}

impl EventKind {
    /// All of them, in the order of the discriminants.
    pub const ALL: [EventKind; 6] = [
        EventKind::Underrun,
        EventKind::Overrun,
        EventKind::Skipped,
        EventKind::Replayed,
        EventKind::Torn,
        EventKind::Device,
    ];

    /// Its name, as in exports.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Underrun => "underrun",
            EventKind::Overrun => "overrun",
            EventKind::Skipped => "skipped",
            EventKind::Replayed => "replayed",
            EventKind::Torn => "torn",
            EventKind::Device => "device",
        }
    }
}

/// One event. It changes until it is settled: frames grow, it ends, the producer's account arrives, the cause is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogEntry {
    /// Number from 1, counted among underruns, among overruns, among breaks of the index signal (skipped, replayed and torn together) and among device events.
    pub number: u64,
    /// What happened.
    pub kind: EventKind,
    /// When it began, in milliseconds since the epoch, by the clock or the calendar ([`EventLog::dated`](super::EventLog::dated)): when the browser asked for the first frame concerned, within one callback. It is heard later, by the output's latency. Of device events, the latest time at which they can have begun.
    pub at_ms: f64,
    /// Place of the first frame concerned among all frames requested; of overruns and device events, of the frame that was asked for at that time.
    pub frame: u64,
    /// Frames missing, dropped, skipped, replayed or torn; of device events, those that last as long.
    pub frames: u64,
    /// How long `frames` last, in milliseconds.
    pub lasted_ms: f64,
    /// Frames in the ring when it began; `None` unless it is an underrun or an overrun.
    pub fill: Option<u64>,
    /// How it ended; `None` unless it is an underrun or an overrun.
    pub ended_by: Option<Ending>,
    /// Why; `None` while more may become known, and unless it is an underrun or an overrun.
    pub cause: Option<Cause>,
    /// What else was going on.
    pub evidence: Evidence,
    /// Whether it will change no more.
    pub settled: bool,
}

/// What was going on around an event: from the ring having been full for the last time (or, as long as that is not known, a little before the event) until the event was over.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Evidence {
    /// What the producer says about it; `None` until it has, and unless it is an underrun or an overrun.
    pub account: Option<ProducerAccount>,
    /// Starved quanta of an underrun, refused blocks of an overrun, and of a device event how often the browser counted it; else 0.
    pub count: u64,
    /// For how long the reader had asked for nothing at most while blocks were refused; 0 unless it is an overrun.
    pub still_ms: f64,
    /// Frames of the device's usual callback; `None` before any was counted.
    pub callback_frames: Option<u64>,
    /// For how long long tasks kept the page's thread busy meanwhile; `None` where they cannot be watched.
    pub long_tasks_ms: Option<f64>,
    /// For how long the page was hidden meanwhile.
    pub hidden_ms: f64,
    /// The context's state, if it was not running for some of that time.
    pub context: Option<&'static str>,
    /// For how long everything stood still meanwhile: the machine slept, or the page was frozen.
    pub stood_still_ms: f64,
    /// Times that the browser did not deliver to the device meanwhile or within a second; `None` where it does not count them.
    pub device_underruns: Option<u64>,
}

impl LogEntry {
    /// The largest ring that can be had, in frames.
    pub const LARGEST_RING: u64 = 16_384;

    /// The least power of two that, as the ring's size in frames, would have covered the loss; `None` when none would, or when nobody can tell.
    ///
    /// A ring that had been larger by what was missing would have run dry exactly when the missing frames came. (When it ran dry several times before it was full again, by what was missing in all of these.)
    pub fn covering_frames(&self) -> Option<u64> {
        let account = self
            .evidence
            .account
            .filter(|account| account.limit_frames > 0 && self.kind == EventKind::Underrun)?;
        let larger = match self.cause? {
            Cause::RenderTooSlow if self.overloaded() => return None,
            Cause::RenderTooSlow | Cause::WokenLate | Cause::Stalled | Cause::CallbackBurst | Cause::Unknown => account.limit_frames,
            // Room for a block beside the callback that is being served.
            Cause::RingTooSmall => account
                .limit_frames
                .max(account.block_frames + self.evidence.callback_frames.unwrap_or(0)),
            // No frames were to be had, or a slow clock empties any ring.
            Cause::Startup | Cause::ProducerLost | Cause::Ended | Cause::Seek | Cause::Suspended | Cause::RateMismatch => return None,
        };
        let since_full = account
            .asked_frames
            .saturating_sub(account.blocks.saturating_sub(1) * account.block_frames);
        let needed = (larger + self.frames).max(since_full);
        Some(needed.next_power_of_two()).filter(|frames| *frames <= Self::LARGEST_RING)
    }
    /// Whether the producer had been slower than the sound for so long that a larger ring would only have run dry later: it has rendered a whole ring since it last was full.
    pub fn overloaded(&self) -> bool {
        let account = self.evidence.account.filter(|_| self.cause == Some(Cause::RenderTooSlow));
        account.is_some_and(|account| account.blocks * account.block_frames >= account.limit_frames)
    }
}
