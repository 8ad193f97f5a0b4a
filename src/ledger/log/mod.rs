//! The event log: every loss of an output, with its cause and what shows it.
//!
//! Pure: the page tells what it sees ([`EventLog::look`], [`EventLog::saw`]), and nothing here asks the browser. See `DESIGN.md`, "Causes".

mod calendar;
mod drift;
mod entry;
mod folded;
mod kept;
mod sight;
mod sights;
mod timeline;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use calendar::Calendar;
pub use drift::drift_ppm;
pub use entry::{EventKind, Evidence, LogEntry};
pub use folded::Folded;
pub use sight::Sight;

use super::{Cause, Ending, Snapshot};
use kept::{Kept, News, Origins, Scene};

/// Events of one output. Memory is bounded: beyond [`EventLog::LISTED`] the oldest fold into counts.
#[derive(Debug)]
pub struct EventLog {
    scene: Scene,
    entries: VecDeque<Kept>,
    folded: Folded,
    /// Events of each [`Sort`] so far.
    known: [u64; 4],
    /// Whether the latest device event goes on.
    device_open: bool,
    calendar: Calendar,
}

/// Kinds that are numbered together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Sort {
    Underrun,
    Overrun,
    Slip,
    Device,
}

impl Sort {
    fn of(kind: EventKind) -> Sort {
        match kind {
            EventKind::Underrun => Sort::Underrun,
            EventKind::Overrun => Sort::Overrun,
            EventKind::Skipped | EventKind::Replayed | EventKind::Torn => Sort::Slip,
            EventKind::Device => Sort::Device,
        }
    }
}

impl EventLog {
    /// Events that are listed at most.
    pub const LISTED: usize = 1_000;

    /// A log of an output whose context runs at `sample_rate` Hz.
    pub fn new(sample_rate: f64) -> Self {
        EventLog {
            scene: Scene::new(sample_rate),
            entries: VecDeque::new(),
            folded: Folded::default(),
            known: [0; 4],
            device_open: false,
            calendar: Calendar::default(),
        }
    }

    /// Takes over what is new in `snapshot`, taken at `now_ms` since the epoch. Shared memory keeps 256 underruns: look several times a second.
    pub fn look(&mut self, now_ms: f64, snapshot: &Snapshot) {
        let scene = &mut self.scene;
        scene.now_ms = now_ms;
        scene.timeline.look(now_ms, snapshot.consumer.requested);
        scene.callback_frames = snapshot.callback_frames().map(|(usual, _)| usual);
        scene.quantum = snapshot.consumer.quantum;
        scene.longer_callbacks = scene.callback_frames.is_some_and(|usual| {
            let longer = usual.checked_div(scene.quantum).map_or(0, |quanta| quanta as usize + 1);
            snapshot.consumer.bursts.get(longer).is_some_and(|count| *count > 1)
        });
        let missed = self.take(
            Sort::Underrun,
            snapshot.consumer.underrun_events,
            snapshot.underruns.len(),
            &|number, place| News::Underrun(snapshot.underruns[place], snapshot.account_of(number).copied()),
        );
        self.folded.missed_underruns += missed;
        let missed = self.take(
            Sort::Overrun,
            snapshot.producer.overrun_events,
            snapshot.overruns.len(),
            &|_, place| News::Overrun(snapshot.overruns[place]),
        );
        self.folded.missed_overruns += missed;
        let missed = self.take(Sort::Slip, snapshot.consumer.slip_events, snapshot.slips.len(), &|_, place| {
            News::Slip(snapshot.slips[place])
        });
        self.folded.missed_slips += missed;
        self.consider();
    }

    /// Takes over the last `count` of `total` events; `news` tells of one by its number and its place among these. Returns how many came and went unseen.
    fn take(&mut self, sort: Sort, total: u64, count: usize, news: &dyn Fn(u64, usize) -> News) -> u64 {
        let first = (total + 1).saturating_sub(count as u64);
        let of = |number: u64| {
            let place = number.checked_sub(first)? as usize;
            (place < count).then(|| news(number, place))
        };
        let known = self.known[sort as usize];
        for kept in self.entries.iter_mut().filter(|kept| Sort::of(kept.entry.kind) == sort) {
            // What is settled changes no more, unless it is the latest and goes on against all appearances.
            if kept.entry.settled && kept.entry.number < known {
                continue;
            }
            match of(kept.entry.number) {
                Some(news) => kept.hear(news, &self.scene),
                None => kept.forgotten = true,
            }
        }
        for number in first.max(known + 1)..=total {
            let new = of(number).map(|news| Kept::new(number, news, &self.scene));
            self.entries.extend(new);
        }
        self.known[sort as usize] = total.max(known);
        first.saturating_sub(known + 1)
    }

    /// Takes over what the page saw.
    pub fn saw(&mut self, sight: Sight) {
        let Some(gap) = self.scene.sights.saw(sight) else { return };
        let known = &mut self.known[Sort::Device as usize];
        let frames = (gap.ms * self.scene.timeline.frames_per_ms()).round() as u64;
        let open = (self.entries.iter_mut().rev())
            .find(|kept| kept.entry.kind == EventKind::Device)
            .filter(|_| self.device_open && gap.goes_on);
        match open {
            _ if !gap.is_there() => {}
            Some(kept) => {
                let LogEntry {
                    at_ms,
                    frames: before,
                    evidence,
                    ..
                } = kept.entry;
                kept.hear(News::Device(at_ms, before + frames, evidence.count + gap.events), &self.scene);
            }
            None => {
                *known += 1;
                self.entries
                    .push_back(Kept::new(*known, News::Device(gap.at_ms, frames, gap.events), &self.scene));
            }
        }
        self.device_open = gap.is_there();
    }

    /// The producer was found lost at `at_ms` since the epoch: what has no account by now never will.
    pub fn lost(&mut self, at_ms: f64) {
        self.scene.now_ms = at_ms;
        self.scene.lost = true;
        self.consider();
    }

    /// The output is closed at `at_ms` since the epoch: every event is settled with what is known.
    pub fn close(&mut self, at_ms: f64) {
        self.scene.now_ms = at_ms;
        self.scene.over = true;
        self.consider();
    }

    /// Looks at everything once more that is not settled.
    fn consider(&mut self) {
        for place in 0..self.entries.len() {
            let may_grow = self.may_grow(&self.entries[place].entry);
            let origins = self.origins(&self.entries[place]);
            self.entries[place].consider(&self.scene, may_grow, self.scene.over, origins);
        }
        // All but in order, so that hardly anything moves; the library's sorting is 1 KB of Wasm.
        for place in 1..self.entries.len() {
            let mut to = place;
            while to > 0 && self.entries[to].entry.at_ms < self.entries[to - 1].entry.at_ms {
                self.entries.swap(to, to - 1);
                to -= 1;
            }
        }
        while self.entries.len() > Self::LISTED {
            let oldest = self.entries.iter().position(|kept| !self.may_grow(&kept.entry)).unwrap_or(0);
            let Some(mut kept) = self.entries.remove(oldest) else { return };
            let origins = self.origins(&kept);
            kept.consider(&self.scene, false, true, origins);
            self.folded.take(&kept.entry);
        }
    }

    /// What an overrun may come of.
    fn origins(&self, kept: &Kept) -> Origins {
        if kept.entry.settled || kept.entry.kind != EventKind::Overrun {
            return Origins::default();
        }
        let origin = |kind, number| {
            let is = |other: &&Kept| other.entry.kind == kind && Some(other.entry.number) == number;
            self.entries.iter().rev().find(is)?.origin(kept.entry.at_ms)
        };
        Origins {
            underrun: origin(EventKind::Underrun, kept.echo()),
            overrun: origin(EventKind::Overrun, kept.entry.number.checked_sub(1)),
        }
    }

    /// Whether it is the latest of its sort and has not ended.
    fn may_grow(&self, entry: &LogEntry) -> bool {
        let sort = Sort::of(entry.kind);
        let latest = entry.number == self.known[sort as usize];
        latest
            && match sort {
                Sort::Underrun | Sort::Overrun => entry.ended_by == Some(Ending::Open),
                Sort::Device => self.device_open,
                Sort::Slip => !entry.settled,
            }
    }

    /// The latest events, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> + ExactSizeIterator {
        self.entries.iter().map(|kept| &kept.entry)
    }

    /// The page's clock shows `at_ms` and the calendar `date_ms`, both since the epoch. To be told about once a second: a clock may stand still while the machine sleeps.
    pub fn date(&mut self, at_ms: f64, date_ms: f64) {
        self.calendar.look(at_ms, date_ms);
    }

    /// What is known of the calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The latest events, oldest first, in the time of the calendar as far as it was told ([`EventLog::date`]); [`EventLog::entries`] are in that of the clock.
    pub fn dated(&self) -> impl DoubleEndedIterator<Item = LogEntry> + ExactSizeIterator {
        self.entries().map(|entry| {
            let mut dated = *entry;
            dated.at_ms = self.calendar.date_of(entry.at_ms);
            if let Some(account) = &mut dated.evidence.account {
                account.at_ms = self.calendar.date_of(account.at_ms);
            }
            dated
        })
    }

    /// What is known of events that are listed no more.
    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// Underruns by cause, listed and folded ones, in the order of [`Cause::ALL`]; those without a cause yet and missed ones are left out.
    pub fn by_cause(&self) -> [(Cause, u64); Cause::ALL.len()] {
        let mut events = Cause::ALL.map(|cause| (cause, self.folded.of_cause(cause)));
        let underruns = self.entries().filter(|entry| entry.kind == EventKind::Underrun);
        for cause in underruns.filter_map(|entry| entry.cause) {
            events[cause as usize].1 += 1;
        }
        events
    }
}
