//! What the chart shows: the ring's fill over the last seconds, and the underruns among them.

use std::collections::VecDeque;

use crate::ledger::{ConsumerLedger, Snapshot, UnderrunEvent};

/// How far the chart looks back, in milliseconds.
pub const WINDOW_MS: f64 = 10_000.0;
/// Underruns kept at most: a ring that is far too small starves with every callback.
const MAX_MARKS: usize = 1024;

/// One look at the ring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, in milliseconds of the page's clock.
    pub at_ms: f64,
    /// Frames that the browser had asked for until then.
    pub requested: u64,
    /// Frames in the ring.
    pub fill: u64,
    /// The lowest and the highest fill that a quantum has found since the look before, to within a bucket of the ledger's histogram.
    pub range: Option<(u64, u64)>,
}

/// The last [`WINDOW_MS`] of one output.
#[derive(Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
    marks: VecDeque<UnderrunEvent>,
    events: u64,
    quanta_by_fill: Vec<u64>,
}

impl History {
    /// Forgets everything: another output follows.
    pub fn clear(&mut self) {
        self.points.clear();
        self.marks.clear();
        self.events = 0;
        self.quanta_by_fill.clear();
    }

    /// Adds what `snapshot` shows at `now_ms` of an output whose ring has room for `capacity` frames.
    pub fn take(&mut self, now_ms: f64, snapshot: &Snapshot, capacity: usize) {
        let range = self.range_since(&snapshot.consumer.fill, capacity);
        self.points.push_back(Point {
            at_ms: now_ms,
            requested: snapshot.consumer.requested,
            fill: snapshot.in_flight(),
            range,
        });
        while self.points.len() > 2 && self.points[1].at_ms < now_ms - WINDOW_MS {
            self.points.pop_front();
        }
        self.take_marks(snapshot);
    }

    fn range_since(&mut self, fill: &[u64], capacity: usize) -> Option<(u64, u64)> {
        let width = ConsumerLedger::fill_bucket_frames(capacity) as u64;
        let before = |bucket: usize| self.quanta_by_fill.get(bucket).copied().unwrap_or(0);
        let grown = |bucket: &usize| fill[*bucket] > before(*bucket);
        let lowest = (0..fill.len()).find(grown);
        let highest = (0..fill.len()).rfind(grown);
        self.quanta_by_fill.clear();
        self.quanta_by_fill.extend_from_slice(fill);
        Some((lowest? as u64 * width, (highest? as u64 + 1) * width))
    }

    fn take_marks(&mut self, snapshot: &Snapshot) {
        let events = snapshot.consumer.underrun_events;
        // The one that was latest may have grown since.
        let known = events.saturating_sub(self.events) as usize;
        if self.events > 0
            && let Some(last) = self.marks.back_mut()
            && let Some(now) = snapshot.underruns.len().checked_sub(known + 1)
        {
            *last = snapshot.underruns[now];
        }
        let new = known.min(snapshot.underruns.len());
        self.marks.extend(&snapshot.underruns[snapshot.underruns.len() - new..]);
        self.events = events;
        let oldest = self.points.front().map_or(0, |point| point.requested);
        while self
            .marks
            .front()
            .is_some_and(|mark| mark.frame + mark.frames < oldest || self.marks.len() > MAX_MARKS)
        {
            self.marks.pop_front();
        }
    }

    /// What was seen, oldest first.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }

    /// The underruns within the window, oldest first.
    pub fn marks(&self) -> impl Iterator<Item = &UnderrunEvent> {
        self.marks.iter()
    }

    /// When frame `requested` was asked for, in milliseconds of the page's clock: exact at each look, a straight line between two.
    pub fn time_of(&self, requested: u64) -> Option<f64> {
        let after = self.points.partition_point(|point| point.requested < requested);
        let next = self.points.get(after).or_else(|| self.points.back())?;
        let Some(before) = after.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return Some(next.at_ms);
        };
        let (span, part) = (next.requested - before.requested, requested - before.requested);
        if span == 0 {
            return Some(next.at_ms);
        }
        Some(before.at_ms + (next.at_ms - before.at_ms) * part as f64 / span as f64)
    }

    /// Mean, lowest and highest fill in frames of the last `span_ms`.
    pub fn fill_over(&self, span_ms: f64) -> Option<(f64, u64, u64)> {
        let since = self.points.back()?.at_ms - span_ms;
        let recent = self.points.iter().rev().take_while(|point| point.at_ms >= since);
        let (mut sum, mut count, mut low, mut high) = (0.0, 0, u64::MAX, 0);
        for point in recent {
            sum += point.fill as f64;
            count += 1;
            low = low.min(point.fill);
            high = high.max(point.fill);
        }
        Some((sum / f64::from(count), low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::FILL_BUCKETS;

    fn snapshot(requested: u64, fill: u64, underruns: &[UnderrunEvent]) -> Snapshot {
        let mut snapshot = Snapshot {
            write: fill,
            underruns: underruns.to_vec(),
            ..Snapshot::default()
        };
        snapshot.consumer.requested = requested;
        snapshot.consumer.underrun_events = underruns.len() as u64;
        snapshot.consumer.fill = vec![0; FILL_BUCKETS];
        snapshot
    }

    fn underrun(frame: u64, frames: u64) -> UnderrunEvent {
        UnderrunEvent {
            frame,
            frames,
            ..UnderrunEvent::default()
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut history = History::default();
        for tick in 0..2000_u64 {
            history.take(tick as f64 * 10.0, &snapshot(tick * 480, 100, &[underrun(5, 10)]), 16_384);
        }
        let first = history.points().next().unwrap();
        assert!(first.at_ms >= 19_990.0 - WINDOW_MS - 10.0);
        assert_eq!(history.marks().count(), 0);
        assert_eq!(history.fill_over(1000.0), Some((100.0, 100, 100)));
    }

    #[test]
    fn the_latest_underrun_grows_and_others_follow() {
        let mut history = History::default();
        history.take(-10.0, &snapshot(0, 0, &[]), 16_384);
        history.take(0.0, &snapshot(100, 0, &[underrun(50, 10)]), 16_384);
        history.take(10.0, &snapshot(200, 0, &[underrun(50, 90)]), 16_384);
        history.take(20.0, &snapshot(400, 0, &[underrun(50, 100), underrun(300, 7)]), 16_384);
        let marks: Vec<_> = history.marks().map(|mark| (mark.frame, mark.frames)).collect();
        assert_eq!(marks, [(50, 100), (300, 7)]);
    }

    #[test]
    fn frames_have_times_between_the_looks() {
        let mut history = History::default();
        assert_eq!(history.time_of(3), None);
        history.take(0.0, &snapshot(0, 0, &[]), 16_384);
        history.take(10.0, &snapshot(480, 0, &[]), 16_384);
        history.take(20.0, &snapshot(480, 0, &[]), 16_384);
        assert_eq!(history.time_of(240), Some(5.0));
        assert_eq!(history.time_of(480), Some(10.0));
        assert_eq!(history.time_of(9999), Some(20.0));
    }

    #[test]
    fn the_range_is_that_of_the_quanta_since_the_last_look() {
        let mut history = History::default();
        let mut seen = snapshot(0, 0, &[]);
        seen.consumer.fill[3] = 5;
        history.take(0.0, &seen, 16_384);
        seen.consumer.fill[10] = 1;
        seen.consumer.fill[12] = 1;
        history.take(10.0, &seen, 16_384);
        history.take(20.0, &seen, 16_384);
        let ranges: Vec<_> = history.points().map(|point| point.range).collect();
        let width = ConsumerLedger::fill_bucket_frames(16_384) as u64;
        assert_eq!(ranges, [Some((3 * width, 4 * width)), Some((10 * width, 13 * width)), None]);
    }
}
