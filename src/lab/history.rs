//! What the chart shows: the ring's fill over the last seconds, and what was lost meanwhile.

use std::collections::VecDeque;

use super::causes::Why;
use crate::ledger::{ConsumerLedger, Snapshot, UnderrunEvent};

/// How far the chart looks back, in milliseconds.
pub const WINDOW_MS: f64 = 10_000.0;
/// Losses kept at most, of each sort: a ring that is far too small starves with every callback.
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

/// One loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Place of its first frame among all frames requested.
    pub frame: u64,
    /// Frames that it lasted.
    pub frames: u64,
    /// Why it was.
    pub why: Why,
}

impl Mark {
    /// An underrun that nobody has explained yet.
    fn of(event: &UnderrunEvent) -> Mark {
        Mark {
            frame: event.frame,
            frames: event.frames,
            why: Why::Open,
        }
    }
}

/// The last [`WINDOW_MS`] of one output.
#[derive(Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
    /// Underruns, oldest first, as the ledger tells them.
    marks: VecDeque<Mark>,
    /// All other losses, oldest first.
    others: VecDeque<Mark>,
    events: u64,
    quanta_by_fill: Vec<u64>,
}

impl History {
    /// Forgets everything: another output follows.
    pub fn clear(&mut self) {
        self.points.clear();
        self.marks.clear();
        self.others.clear();
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
            last.frames = snapshot.underruns[now].frames;
        }
        let new = known.min(snapshot.underruns.len());
        self.marks
            .extend(snapshot.underruns[snapshot.underruns.len() - new..].iter().map(Mark::of));
        self.events = events;
        self.forget();
    }

    /// Drops what lies before the window, and what is too much.
    fn forget(&mut self) {
        let oldest = self.points.front().map_or(0, |point| point.requested);
        for marks in [&mut self.marks, &mut self.others] {
            while marks
                .front()
                .is_some_and(|mark| mark.frame + mark.frames < oldest || marks.len() > MAX_MARKS)
            {
                marks.pop_front();
            }
        }
    }

    /// The loss at `mark.frame` is that: explains an underrun, or adds a loss that is none.
    pub fn explain(&mut self, mark: Mark) {
        let underrun = self.marks.binary_search_by_key(&mark.frame, |known| known.frame);
        if let (Ok(place), Why::Cause(_) | Why::Open) = (underrun, mark.why) {
            self.marks[place].why = mark.why;
        } else if !matches!(mark.why, Why::Cause(_) | Why::Open) {
            let place = self.others.partition_point(|known| known.frame < mark.frame);
            match self.others.get_mut(place) {
                Some(known) if known.frame == mark.frame && known.why == mark.why => *known = mark,
                _ => self.others.insert(place, mark),
            }
            self.forget();
        }
    }

    /// Place of the first frame of the window, among all frames requested.
    pub fn oldest(&self) -> u64 {
        self.points.front().map_or(0, |point| point.requested)
    }

    /// What was seen, oldest first.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter()
    }

    /// The losses within the window: underruns, oldest first, then all others, oldest first.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().chain(&self.others)
    }

    /// How many frames had been asked for at `at_ms` of the page's clock, as far as the window reaches: the other way round than [`History::time_of`].
    pub fn frame_at(&self, at_ms: f64) -> Option<u64> {
        let after = self.points.partition_point(|point| point.at_ms < at_ms);
        let next = self.points.get(after).or_else(|| self.points.back())?;
        let Some(before) = after.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return Some(next.requested);
        };
        let span = next.at_ms - before.at_ms;
        if span <= 0.0 {
            return Some(next.requested);
        }
        let part = ((at_ms - before.at_ms) / span).clamp(0.0, 1.0);
        Some(before.requested + (part * (next.requested - before.requested) as f64) as u64)
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
    use crate::ledger::{Cause, FILL_BUCKETS};

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
    fn marks_are_explained_when_it_becomes_known_and_others_stand_beside_them() {
        let mut history = History::default();
        history.take(-10.0, &snapshot(0, 0, &[]), 16_384);
        history.take(0.0, &snapshot(100, 0, &[underrun(50, 10)]), 16_384);
        let why = |history: &History| history.marks().map(|mark| (mark.frame, mark.frames, mark.why)).collect::<Vec<_>>();
        assert_eq!(why(&history), [(50, 10, Why::Open)]);
        let late = Why::Cause(Cause::WokenLate);
        let mark = |frame, why| Mark { frame, frames: 4, why };
        history.explain(mark(50, late));
        // An underrun that has left the window, or was never in it.
        history.explain(mark(51, late));
        history.explain(mark(70, Why::Skipped));
        history.explain(mark(60, Why::Device));
        history.explain(Mark {
            frames: 9,
            ..mark(60, Why::Device)
        });
        assert_eq!(why(&history), [(50, 10, late), (60, 9, Why::Device), (70, 4, Why::Skipped)]);
        history.take(10.0, &snapshot(200, 0, &[underrun(50, 12)]), 16_384);
        assert_eq!(why(&history)[0], (50, 12, late), "it goes on");
        for tick in 1..20_u64 {
            history.take(tick as f64 * 1000.0, &snapshot(tick * 48_000, 0, &[underrun(50, 12)]), 16_384);
        }
        assert_eq!(why(&history), []);
    }

    #[test]
    fn times_have_frames_between_the_looks() {
        let mut history = History::default();
        assert_eq!(history.frame_at(3.0), None);
        history.take(0.0, &snapshot(0, 0, &[]), 16_384);
        history.take(10.0, &snapshot(480, 0, &[]), 16_384);
        history.take(20.0, &snapshot(480, 0, &[]), 16_384);
        for (at_ms, frame) in [(-5.0, 0), (5.0, 240), (10.0, 480), (15.0, 480), (99.0, 480)] {
            assert_eq!(history.frame_at(at_ms), Some(frame), "{at_ms} ms");
        }
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
