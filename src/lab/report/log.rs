//! What happened during a run, gathered from snapshots before shared memory forgets it.

use super::{Injected, Recovery};
use crate::ledger::{InjectedFault, Snapshot, UnderrunEvent};

/// Events of a run. Times are milliseconds since the epoch until the report is made.
#[derive(Debug, Default)]
pub struct RunLog {
    underruns: Numbered<UnderrunEvent>,
    stalls: Numbered<InjectedFault>,
    faults: Vec<Injected>,
    recoveries: Vec<Recovery>,
}

/// The latest entries of a list that grows elsewhere, each with its number there.
#[derive(Debug)]
struct Numbered<T>(Vec<(u64, T)>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered(Vec::new())
    }
}

impl<T: Copy> Numbered<T> {
    /// Takes over the `latest` of `total` entries. One that is known already is replaced: it may have gone on.
    fn merge(&mut self, total: u64, latest: &[T]) {
        let first = total.saturating_sub(latest.len() as u64);
        let known = self.0.partition_point(|(number, _)| *number < first);
        self.0.truncate(known);
        self.0.extend((first..).zip(latest.iter().copied()));
        // With room to spare, so that a full list is not moved at each look.
        if self.0.len() > 2 * RunLog::LIMIT {
            self.0.drain(..self.0.len() - RunLog::LIMIT);
        }
    }

    fn latest(&self) -> impl Iterator<Item = T> {
        self.0[self.0.len().saturating_sub(RunLog::LIMIT)..].iter().map(|(_, entry)| *entry)
    }
}

impl RunLog {
    /// Entries of each kind that a report lists; of more, the latest. The counts cover all.
    pub const LIMIT: usize = 10_000;

    /// Takes over what is new in a snapshot. Shared memory holds the last 256 underruns and 64 stalls: look often enough.
    pub fn look(&mut self, snapshot: &Snapshot) {
        self.underruns.merge(snapshot.consumer.underrun_events, &snapshot.underruns);
        self.stalls.merge(snapshot.producer.injected, &snapshot.injections);
    }

    /// A fault that the page caused itself, `at_ms` since the epoch; `lasted_ms` `None`: for good.
    pub fn fault(&mut self, kind: &'static str, at_ms: f64, lasted_ms: Option<f64>) {
        if self.faults.len() < RunLog::LIMIT {
            self.faults.push(Injected { kind, at_ms, lasted_ms });
        }
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

    /// Underruns, oldest first.
    pub(super) fn underruns(&self) -> impl Iterator<Item = UnderrunEvent> {
        self.underruns.latest()
    }

    /// All faults by their beginning, in milliseconds since `start_ms`.
    pub(in crate::lab) fn injected(&self, start_ms: f64) -> Vec<Injected> {
        let stalls = self.stalls.latest().map(|stall| Injected {
            kind: "stall",
            at_ms: stall.at_ms,
            lasted_ms: Some(stall.lasted_ms),
        });
        let mut all: Vec<Injected> = stalls.chain(self.faults.iter().copied()).collect();
        all.iter_mut().for_each(|fault| fault.at_ms -= start_ms);
        all.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        all
    }

    /// Losses, in milliseconds since `start_ms`.
    pub(super) fn recoveries(&self, start_ms: f64) -> Vec<Recovery> {
        self.recoveries
            .iter()
            .map(|loss| Recovery {
                at_ms: loss.at_ms - start_ms,
                ..loss.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(frame: u64, frames: u64) -> UnderrunEvent {
        UnderrunEvent {
            frame,
            frames,
            ..UnderrunEvent::default()
        }
    }

    fn snapshot(total: u64, latest: &[UnderrunEvent]) -> Snapshot {
        let mut snapshot = Snapshot {
            underruns: latest.to_vec(),
            ..Snapshot::default()
        };
        snapshot.consumer.underrun_events = total;
        snapshot
    }

    #[test]
    fn overlapping_looks_are_merged_by_number() {
        let mut log = RunLog::default();
        log.look(&snapshot(0, &[]));
        log.look(&snapshot(2, &[event(10, 5), event(20, 1)]));
        log.look(&snapshot(2, &[event(10, 5), event(20, 7)]));
        log.look(&snapshot(4, &[event(20, 9), event(30, 2), event(40, 3)]));
        let all: Vec<_> = log.underruns().map(|event| (event.frame, event.frames)).collect();
        assert_eq!(all, [(10, 5), (20, 9), (30, 2), (40, 3)]);
        log.look(&snapshot(9, &[event(90, 1)]));
        assert_eq!(
            log.underruns().map(|event| event.frame).collect::<Vec<_>>(),
            [10, 20, 30, 40, 90],
            "a gap where looks came too late"
        );
    }

    #[test]
    fn the_list_is_bounded_and_keeps_the_latest() {
        let mut log = RunLog::default();
        for number in 0..3 * RunLog::LIMIT as u64 {
            log.look(&snapshot(number + 1, &[event(number, 1)]));
        }
        let frames: Vec<_> = log.underruns().map(|event| event.frame).collect();
        assert_eq!((frames.len(), frames[0]), (RunLog::LIMIT, 2 * RunLog::LIMIT as u64));
        assert!(log.underruns.0.len() <= 2 * RunLog::LIMIT);
    }

    #[test]
    fn faults_of_both_sides_stand_in_order_of_time() {
        let mut log = RunLog::default();
        log.fault("kill", 5_000.0, None);
        log.fault("jank", 1_200.0, Some(151.0));
        let stall = InjectedFault {
            at_ms: 1_100.5,
            lasted_ms: 20.25,
            position: 1,
        };
        let mut snapshot = Snapshot {
            injections: vec![stall],
            ..Snapshot::default()
        };
        snapshot.producer.injected = 1;
        log.look(&snapshot);
        log.lost(7_100.0, "no heartbeat for 2 s".into());
        let all: Vec<_> = log
            .injected(1_000.0)
            .iter()
            .map(|fault| (fault.kind, fault.at_ms, fault.lasted_ms))
            .collect();
        assert_eq!(
            all,
            [("stall", 100.5, Some(20.25)), ("jank", 200.0, Some(151.0)), ("kill", 4_000.0, None)]
        );
        let lost = Recovery {
            at_ms: 6_100.0,
            cause: "producer-lost",
            reason: "no heartbeat for 2 s".into(),
            took_ms: None,
        };
        assert_eq!(log.recoveries(1_000.0), [lost]);
    }
}
