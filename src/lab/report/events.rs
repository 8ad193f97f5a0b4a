//! Events of the log as a report lists them. Times count from the run's first frame.

use serde::Serialize;

use crate::ledger::{Calendar, Cause, EventKind, EventLog, Folded, LogEntry, ProducerAccount};

/// One underrun.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Underrun {
    /// When the browser asked for the first missing frame; below 0 before the run's first frame.
    pub at_ms: f64,
    /// Place of the first missing frame among all frames requested.
    pub frame: u64,
    /// Frames missing.
    pub frames: u64,
    /// How long these last.
    pub lasted_ms: f64,
    /// Frames in the ring when it began.
    pub fill: u64,
    /// How it ended.
    pub ended_by: &'static str,
    /// Why; `None`: not known when the report was made.
    pub cause: Option<&'static str>,
    /// The smallest ring that would have covered it; `None`: none would, or nobody can tell.
    pub covering_frames: Option<u64>,
    /// What shows it.
    pub evidence: Evidence,
}

/// What was going on around an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What the producer says; `None`: nothing.
    pub producer: Option<Account>,
    /// Starved quanta.
    pub quanta: u64,
    /// Frames of the device's usual callback.
    pub callback_frames: Option<u64>,
    /// Long tasks of the page meanwhile.
    pub long_tasks_ms: Option<f64>,
    /// The page was hidden meanwhile.
    pub hidden_ms: f64,
    /// The context's state, if it was not running.
    pub context: Option<&'static str>,
    /// Everything stood still meanwhile.
    pub stood_still_ms: f64,
    /// Device underruns near it.
    pub device_underruns: Option<u64>,
}

/// What the producer did since the ring was last full.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// When the missing frames were committed.
    pub at_ms: f64,
    /// Since the ring was full.
    pub spell_ms: f64,
    /// Asleep.
    pub asleep_ms: f64,
    /// How late it woke.
    pub late_ms: f64,
    /// Rendering.
    pub render_ms: f64,
    /// The longest block.
    pub longest_ms: f64,
    /// Working ahead.
    pub prepare_ms: f64,
    /// At its event loop.
    pub away_ms: f64,
    /// Waiting for the source.
    pub dry_ms: f64,
    /// Not scheduled.
    pub rest_ms: f64,
    /// Blocks rendered.
    pub blocks: u64,
    /// Frames of the latest.
    pub block_frames: u64,
    /// Frames ahead of the reader at first.
    pub ahead_frames: u64,
    /// Frames that it may keep ahead.
    pub limit_frames: u64,
    /// Frames asked for meanwhile.
    pub asked_frames: u64,
    /// Frames asked for beyond what the time accounts for.
    pub burst_frames: u64,
    /// The sound jumped.
    pub jumped: bool,
    /// It has a clock of its own.
    pub own_clock: bool,
    /// Nothing came.
    pub nothing_came: bool,
}

/// One overrun.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overrun {
    /// When it began.
    pub at_ms: f64,
    /// The frame that the browser asked for then.
    pub frame: u64,
    /// Frames dropped.
    pub frames: u64,
    /// How long these last.
    pub lasted_ms: f64,
    /// Blocks refused.
    pub blocks: u64,
    /// Frames in the ring when it began.
    pub fill: u64,
    /// How it ended.
    pub ended_by: &'static str,
    /// Why; `None`: not known when the report was made.
    pub cause: Option<&'static str>,
    /// What shows it.
    pub evidence: OverrunEvidence,
}

/// What was going on when a block was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverrunEvidence {
    /// What the producer had done since it was last in time.
    pub producer: Option<Account>,
    /// For how long the reader had asked for nothing.
    pub still_ms: f64,
    /// Frames of the device's usual callback.
    pub callback_frames: Option<u64>,
    /// The context's state, if it was not running.
    pub context: Option<&'static str>,
    /// Everything stood still meanwhile.
    pub stood_still_ms: f64,
    /// As with underruns.
    pub long_tasks_ms: Option<f64>,
    /// As with underruns.
    pub hidden_ms: f64,
    /// As with underruns.
    pub device_underruns: Option<u64>,
}

/// One break of the index signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slip {
    /// What it was.
    pub kind: &'static str,
    /// When the browser asked for the frame.
    pub at_ms: f64,
    /// Its place among all frames requested.
    pub frame: u64,
    /// Frames skipped, replayed or torn.
    pub frames: u64,
}

/// One time in which the browser did not deliver to the device.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceEvent {
    /// When it can have begun at the latest.
    pub at_ms: f64,
    /// How long it was.
    pub lasted_ms: f64,
    /// How often the browser counted it.
    pub counted: u64,
}

/// What a report takes over of an event log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Events {
    entries: Vec<LogEntry>,
    folded: Folded,
    by_cause: Vec<(Cause, u64)>,
    calendar: Calendar,
}

impl Events {
    /// Takes over what `log` says now. Allocates only as the log grows: it may be looked at with every picture.
    pub fn take(&mut self, log: &EventLog) {
        self.entries.clear();
        self.entries.extend(log.dated());
        self.folded.clone_from(log.folded());
        self.calendar.clone_from(log.calendar());
        self.by_cause.clear();
        self.by_cause.extend(log.by_cause());
    }

    /// When it was by the calendar, as all that stands here is.
    pub fn date_of(&self, at_ms: f64) -> f64 {
        self.calendar.date_of(at_ms)
    }

    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Underruns by cause. Nothing is known of missed ones.
    pub fn by_cause(&self) -> impl Iterator<Item = (Cause, u64)> {
        let missed = |cause| if cause == Cause::Unknown { self.folded.missed_underruns } else { 0 };
        self.by_cause.iter().map(move |(cause, events)| (*cause, events + missed(*cause)))
    }

    fn of_kind(&self, kind: EventKind) -> impl Iterator<Item = &LogEntry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }

    pub fn underruns(&self, start_ms: f64) -> Vec<Underrun> {
        let underrun = |entry: &LogEntry| Underrun {
            at_ms: entry.at_ms - start_ms,
            frame: entry.frame,
            frames: entry.frames,
            lasted_ms: entry.lasted_ms,
            fill: entry.fill.unwrap_or_default(),
            ended_by: entry.ended_by.unwrap_or_default().name(),
            cause: entry.cause.map(Cause::name),
            covering_frames: entry.covering_frames(),
            evidence: evidence(entry, start_ms),
        };
        // By their numbers, so that they stand as they were counted.
        let mut all: Vec<&LogEntry> = self.of_kind(EventKind::Underrun).collect();
        all.sort_by_key(|entry| entry.number);
        all.into_iter().map(underrun).collect()
    }

    pub fn overruns(&self, start_ms: f64) -> Vec<Overrun> {
        let overrun = |entry: &LogEntry| Overrun {
            at_ms: entry.at_ms - start_ms,
            frame: entry.frame,
            frames: entry.frames,
            lasted_ms: entry.lasted_ms,
            blocks: entry.evidence.count,
            fill: entry.fill.unwrap_or(0),
            ended_by: entry.ended_by.unwrap_or_default().name(),
            cause: entry.cause.map(Cause::name),
            evidence: OverrunEvidence {
                producer: entry.evidence.account.map(|of| account(&of, start_ms)),
                still_ms: entry.evidence.still_ms,
                callback_frames: entry.evidence.callback_frames,
                context: entry.evidence.context,
                stood_still_ms: entry.evidence.stood_still_ms,
                long_tasks_ms: entry.evidence.long_tasks_ms,
                hidden_ms: entry.evidence.hidden_ms,
                device_underruns: entry.evidence.device_underruns,
            },
        };
        self.of_kind(EventKind::Overrun).map(overrun).collect()
    }

    pub fn slips(&self, start_ms: f64) -> Vec<Slip> {
        let of = |entry: &&LogEntry| matches!(entry.kind, EventKind::Skipped | EventKind::Replayed | EventKind::Torn);
        let slip = |entry: &LogEntry| Slip {
            kind: entry.kind.name(),
            at_ms: entry.at_ms - start_ms,
            frame: entry.frame,
            frames: entry.frames,
        };
        self.entries.iter().filter(of).map(slip).collect()
    }

    /// Breaks of the index signal that are listed no more.
    pub fn folded_slips(&self) -> u64 {
        let kinds = [EventKind::Skipped, EventKind::Replayed, EventKind::Torn];
        kinds.map(|kind| self.folded.of_kind(kind)).iter().sum()
    }

    /// Device events, listed or not.
    pub fn device_events(&self) -> u64 {
        self.of_kind(EventKind::Device).count() as u64 + self.folded.of_kind(EventKind::Device)
    }

    pub fn device(&self, start_ms: f64) -> Vec<DeviceEvent> {
        let event = |entry: &LogEntry| DeviceEvent {
            at_ms: entry.at_ms - start_ms,
            lasted_ms: entry.lasted_ms,
            counted: entry.evidence.count,
        };
        self.of_kind(EventKind::Device).map(event).collect()
    }
}

fn evidence(entry: &LogEntry, start_ms: f64) -> Evidence {
    let evidence = &entry.evidence;
    Evidence {
        producer: evidence.account.map(|of| account(&of, start_ms)),
        quanta: evidence.count,
        callback_frames: evidence.callback_frames,
        long_tasks_ms: evidence.long_tasks_ms,
        hidden_ms: evidence.hidden_ms,
        context: evidence.context,
        stood_still_ms: evidence.stood_still_ms,
        device_underruns: evidence.device_underruns,
    }
}

fn account(of: &ProducerAccount, start_ms: f64) -> Account {
    Account {
        at_ms: of.at_ms - start_ms,
        spell_ms: of.spell_ms,
        asleep_ms: of.asleep_ms,
        late_ms: of.late_ms,
        render_ms: of.render_ms,
        longest_ms: of.longest_ms,
        prepare_ms: of.prepare_ms,
        away_ms: of.away_ms,
        dry_ms: of.dry_ms,
        rest_ms: of.rest_ms(),
        blocks: of.blocks,
        block_frames: of.block_frames,
        ahead_frames: of.ahead_frames,
        limit_frames: of.limit_frames,
        asked_frames: of.asked_frames,
        burst_frames: of.burst_frames,
        jumped: of.jumped,
        own_clock: of.own_clock,
        nothing_came: of.nothing_came,
    }
}
