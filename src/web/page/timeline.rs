//! Losses in the browser's own Performance panel, coloured by cause.

use std::cell::RefCell;

use web_sys::Performance;

use crate::ledger::{Cause, EventKind, LogEntry};
use crate::web::timing::{Colour, Shown, Track};

/// What a loss is called: by its cause, else by what it was.
const NAMES: [(Option<Cause>, EventKind, &str); 18] = {
    const fn by(cause: Cause, name: &'static str) -> (Option<Cause>, EventKind, &'static str) {
        (Some(cause), EventKind::Underrun, name)
    }
    const fn other(kind: EventKind, name: &'static str) -> (Option<Cause>, EventKind, &'static str) {
        (None, kind, name)
    }
    [
        by(Cause::Startup, "lost: startup"),
        by(Cause::RenderTooSlow, "lost: render-too-slow"),
        by(Cause::WokenLate, "lost: woken-late"),
        by(Cause::Stalled, "lost: stalled"),
        by(Cause::CallbackBurst, "lost: callback-burst"),
        by(Cause::RingTooSmall, "lost: ring-too-small"),
        by(Cause::ProducerLost, "lost: producer-lost"),
        by(Cause::Ended, "lost: ended"),
        by(Cause::Seek, "lost: seek"),
        by(Cause::Suspended, "lost: suspended"),
        by(Cause::RateMismatch, "lost: rate-mismatch"),
        by(Cause::Unknown, "lost: unknown"),
        other(EventKind::Underrun, "lost"),
        other(EventKind::Overrun, "overrun"),
        other(EventKind::Skipped, "skipped"),
        other(EventKind::Replayed, "replayed"),
        other(EventKind::Torn, "torn"),
        other(EventKind::Device, "device underrun"),
    ]
};

/// The track of one output's losses.
pub(super) struct Timeline {
    track: Track,
    /// The latest event of each kind that is there, by its number.
    shown: RefCell<[u64; EventKind::ALL.len()]>,
}

impl Timeline {
    pub fn new(performance: Performance) -> Self {
        Timeline {
            track: Track::new(performance, "Losses"),
            shown: RefCell::default(),
        }
    }

    /// Adds what has been settled among `entries`; the page's clock was 0 at `origin_ms` since the epoch.
    pub fn show<'a>(&self, entries: impl Iterator<Item = &'a LogEntry>, origin_ms: f64) {
        let mut shown = self.shown.borrow_mut();
        // In their order: one that is still open holds up the later ones of its kind.
        let mut open = [false; EventKind::ALL.len()];
        for entry in entries {
            let kind = entry.kind as usize;
            open[kind] |= !entry.settled;
            if open[kind] || entry.number <= shown[kind] {
                continue;
            }
            shown[kind] = entry.number;
            self.add(entry, entry.at_ms - origin_ms);
        }
    }

    fn add(&self, entry: &LogEntry, start_ms: f64) {
        let evidence = &entry.evidence;
        let name = NAMES.iter().find(|(cause, kind, _)| (*cause, *kind) == (entry.cause, entry.kind));
        let mut properties = vec![("frames", (entry.frames as f64).into()), ("ms", entry.lasted_ms.into())];
        let mut add = |name, value: Option<f64>| properties.extend(value.map(|value| (name, value.into())));
        add("frames in the ring before", entry.fill.map(|fill| fill as f64));
        add("long tasks, ms", evidence.long_tasks_ms);
        if let Some(account) = &evidence.account {
            add("woken late by, ms", Some(account.late_ms));
            add("rendering, ms", Some(account.render_ms));
            add("longest block, ms", Some(account.longest_ms));
            add("not scheduled, ms", Some(account.rest_ms()));
        }
        let tooltip = format!("{} frames lost: {}", entry.frames, entry.cause.map_or("no cause", Cause::name));
        let shown = Shown {
            name: name.map_or("lost", |(.., name)| name),
            colour: colour(entry),
            tooltip: &tooltip,
            properties: &properties,
        };
        self.track
            .add(start_ms, start_ms + entry.lasted_ms, shown, NAMES.iter().map(|(.., name)| *name));
    }
}

/// What can be helped by the one who wrote the source is darkest; what was to be expected is light.
fn colour(entry: &LogEntry) -> Colour {
    Colour(match (entry.kind, entry.cause) {
        (EventKind::Skipped | EventKind::Replayed | EventKind::Torn, _) | (_, Some(Cause::ProducerLost)) => "error",
        (_, Some(Cause::RenderTooSlow)) => "primary-dark",
        (_, Some(Cause::Stalled)) => "primary",
        (_, Some(Cause::WokenLate)) => "secondary-dark",
        (_, Some(Cause::RingTooSmall | Cause::CallbackBurst)) => "secondary",
        (EventKind::Overrun | EventKind::Device, _) | (_, Some(Cause::RateMismatch)) => "tertiary-dark",
        (_, Some(Cause::Startup | Cause::Ended | Cause::Seek | Cause::Suspended)) => "primary-light",
        (_, Some(Cause::Unknown) | None) => "tertiary-light",
    })
}
