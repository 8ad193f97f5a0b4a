//! What happened during a run, gathered from snapshots before shared memory forgets it.

use super::events::Events;
use super::{Injected, Recovery};
use crate::inject::FaultKind;
use crate::ledger::{EventLog, InjectedFault, Snapshot};

/// What a run's faults were, and what came of them. Times are milliseconds since the epoch until the report is made.
#[derive(Debug, Default)]
pub struct RunLog {
    events: Option<Events>,
    producers: Numbered,
    audio_threads: Numbered,
    faults: Vec<Injected>,
    /// Faults of the page that found no room among these.
    more_faults: u64,
    recoveries: Vec<Recovery>,
    /// How far the ring was read at the latest look, in frames.
    read: u64,
}

/// The latest faults of one side, each with its number there, and how many there were in all.
#[derive(Debug, Default)]
struct Numbered(Vec<(u64, InjectedFault)>, u64);

impl Numbered {
    /// Takes over the `latest` of `total` faults. One that is known already is replaced: it may have gone on.
    fn merge(&mut self, total: u64, latest: &[InjectedFault]) {
        self.1 = total;
        let first = total.saturating_sub(latest.len() as u64);
        let known = self.0.partition_point(|(number, _)| *number < first);
        self.0.truncate(known);
        self.0.extend((first..).zip(latest.iter().copied()));
        // With room to spare, so that a full list is not moved at each look.
        if self.0.len() > 2 * RunLog::LIMIT {
            self.0.drain(..self.0.len() - RunLog::LIMIT);
        }
    }

    fn latest(&self) -> impl Iterator<Item = &InjectedFault> {
        self.0[self.0.len().saturating_sub(RunLog::LIMIT)..].iter().map(|(_, fault)| fault)
    }

    /// Those that are not among the latest: too many to list, or they came and went between two looks.
    fn missed(&self) -> u64 {
        self.1 - self.latest().count() as u64
    }
}

impl RunLog {
    /// Faults of each side that a report lists; of more, the latest.
    pub const LIMIT: usize = 10_000;

    /// Takes over what is new in a snapshot. Shared memory holds the last 256 faults of each side: look often enough.
    pub fn look(&mut self, snapshot: &Snapshot) {
        self.producers.merge(snapshot.producer.injected, &snapshot.injections);
        self.audio_threads.merge(snapshot.consumer.injected, &snapshot.audio_injections);
        self.read = snapshot.read;
    }

    /// Takes over what the output's own log says of losses, in place of what it said before. Until then nothing is known of them but their number.
    pub fn explain(&mut self, events: &EventLog) {
        self.events.get_or_insert_default().take(events);
    }

    /// A fault that the page caused itself, `at_ms` since the epoch; `lasted_ms` `None`: for good.
    pub fn fault(&mut self, kind: &'static str, at_ms: f64, lasted_ms: Option<f64>) {
        if self.faults.len() < RunLog::LIMIT {
            self.faults.push(Injected {
                kind,
                at_ms,
                lasted_ms,
                frames: None,
                shown_frames: None,
                made: None,
            });
        } else {
            self.more_faults += 1;
        }
    }

    /// Faults that happened and that [`injected`](RunLog::injected) does not list.
    pub(super) fn missed_injected(&self) -> u64 {
        self.producers.missed() + self.audio_threads.missed() + self.more_faults
    }

    /// The producer was found lost, `at_ms` since the epoch, and nothing took its place.
    pub fn lost(&mut self, at_ms: f64, reason: String) {
        self.recoveries.push(Recovery {
            at_ms,
            cause: "producer-lost",
            reason,
            took_ms: None,
        });
    }

    /// What is known of losses.
    pub(super) fn events(&self) -> Option<&Events> {
        self.events.as_ref()
    }

    /// All faults by their beginning, in the time that `since` makes of milliseconds since the epoch.
    pub(in crate::lab) fn injected(&self, since: impl Fn(f64) -> f64) -> Vec<Injected> {
        let sides = self.producers.latest().chain(self.audio_threads.latest());
        let mut all: Vec<Injected> = sides
            .map(|fault| injected(fault, self.read))
            .chain(self.faults.iter().copied())
            .collect();
        all.iter_mut().for_each(|fault| fault.at_ms = since(fault.at_ms));
        all.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        all
    }

    /// Losses, in the time that `since` makes of milliseconds since the epoch.
    pub(super) fn recoveries(&self, since: impl Fn(f64) -> f64) -> Vec<Recovery> {
        self.recoveries
            .iter()
            .map(|loss| Recovery {
                at_ms: since(loss.at_ms),
                ..loss.clone()
            })
            .collect()
    }
}

/// `read`: how far the ring was read.
fn injected(fault: &InjectedFault, read: u64) -> Injected {
    let kind = FaultKind::from_number(fault.kind);
    let (frames, made) = match kind {
        Some(FaultKind::Gc | FaultKind::Allocate) => (None, Some(fault.frames)),
        Some(FaultKind::Stall | FaultKind::Late) | None => (None, None),
        Some(_) => (Some(fault.frames), None),
    };
    Injected {
        // A number that has no name would be another version's.
        kind: kind.map_or("unknown", FaultKind::name),
        at_ms: fault.at_ms,
        lasted_ms: Some(fault.lasted_ms),
        frames,
        shown_frames: kind.and_then(|kind| kind.shown(fault.position, fault.frames, read)),
        made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, at_ms: f64, frames: u64) -> InjectedFault {
        InjectedFault {
            kind: kind as u32,
            at_ms,
            lasted_ms: 20.25,
            position: 1,
            frames,
        }
    }

    fn snapshot(total: u64, latest: &[InjectedFault]) -> Snapshot {
        let mut snapshot = Snapshot {
            injections: latest.to_vec(),
            ..Snapshot::default()
        };
        snapshot.producer.injected = total;
        snapshot
    }

    #[test]
    fn what_a_fault_came_to_is_told_in_its_own_unit() {
        let mut log = RunLog::default();
        let kinds = [FaultKind::Gc, FaultKind::Skip, FaultKind::Tear, FaultKind::Alias, FaultKind::Stall];
        let faults: Vec<_> = (0..).zip(kinds).map(|(at_ms, kind)| fault(kind, f64::from(at_ms), 96)).collect();
        log.look(&Snapshot {
            read: 51,
            ..snapshot(5, &faults)
        });
        let all = log.injected(|at_ms| at_ms);
        let told: Vec<_> = all.iter().map(|fault| (fault.frames, fault.shown_frames, fault.made)).collect();
        let all = Some(96);
        assert_eq!(
            told,
            [
                (None, None, all),
                (all, all, None),
                (all, Some(50), None),
                (all, None, None),
                (None, None, None)
            ]
        );
    }

    #[test]
    fn overlapping_looks_tell_of_each_fault_once() {
        let mut log = RunLog::default();
        let at = |ms: f64| fault(FaultKind::Slow, ms, 0);
        log.look(&snapshot(0, &[]));
        log.look(&snapshot(2, &[at(10.0), at(19.0)]));
        log.look(&snapshot(2, &[at(10.0), at(20.0)]));
        log.look(&snapshot(4, &[at(20.0), at(30.0), at(40.0)]));
        // Looks came too late.
        log.look(&snapshot(9, &[at(90.0)]));
        let all: Vec<f64> = log.injected(|at_ms| at_ms).iter().map(|fault| fault.at_ms).collect();
        assert_eq!(all, [10.0, 20.0, 30.0, 40.0, 90.0]);
        assert_eq!(log.missed_injected(), 4, "numbers 5 to 8");
    }

    #[test]
    fn the_list_is_bounded_and_keeps_the_latest() {
        let mut log = RunLog::default();
        for number in 0..3 * RunLog::LIMIT as u64 {
            log.look(&snapshot(number + 1, &[fault(FaultKind::Stall, number as f64, 0)]));
        }
        let all = log.injected(|at_ms| at_ms);
        assert_eq!((all.len(), all[0].at_ms), (RunLog::LIMIT, 2.0 * RunLog::LIMIT as f64));
        assert_eq!(log.missed_injected(), 2 * RunLog::LIMIT as u64);
        assert!(log.producers.0.len() <= 2 * RunLog::LIMIT);
    }

    #[test]
    fn faults_of_all_sides_stand_in_order_of_time_under_their_names() {
        let mut log = RunLog::default();
        log.fault("kill", 5_000.0, None);
        log.fault("jank", 1_200.0, Some(151.0));
        let mut both = snapshot(2, &[fault(FaultKind::Stall, 1_100.5, 0), fault(FaultKind::Skip, 1_300.0, 96)]);
        both.audio_injections = vec![fault(FaultKind::Burst, 1_150.0, 4096)];
        both.consumer.injected = 1;
        log.look(&both);
        log.lost(7_100.0, "no heartbeat for 2 s".into());
        let all: Vec<_> = log
            .injected(|at_ms| at_ms - 1_000.0)
            .iter()
            .map(|fault| (fault.kind, fault.at_ms, fault.lasted_ms, fault.frames))
            .collect();
        assert_eq!(
            all,
            [
                ("stall", 100.5, Some(20.25), None),
                ("burst", 150.0, Some(20.25), Some(4096)),
                ("jank", 200.0, Some(151.0), None),
                ("skip", 300.0, Some(20.25), Some(96)),
                ("kill", 4_000.0, None, None),
            ]
        );
        let lost = Recovery {
            at_ms: 6_100.0,
            cause: "producer-lost",
            reason: "no heartbeat for 2 s".into(),
            took_ms: None,
        };
        assert_eq!(log.recoveries(|at_ms| at_ms - 1_000.0), [lost]);
    }

    #[test]
    fn every_kind_of_fault_has_its_name_in_the_report() {
        let faults: Vec<_> = FaultKind::ALL.iter().map(|kind| fault(*kind, 0.0, 0)).collect();
        let mut log = RunLog::default();
        log.look(&snapshot(faults.len() as u64, &faults));
        let names: Vec<_> = log.injected(|at_ms| at_ms).iter().map(|fault| fault.kind).collect();
        assert_eq!(names, FaultKind::ALL.map(FaultKind::name));
        assert!(names.contains(&"allocate") && !names.contains(&"unknown"));
    }
}
