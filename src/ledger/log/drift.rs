//! By how much the clock of a producer leaves the device's, as far as losses show it.

use super::{EventKind, LogEntry};
use crate::ledger::Cause;

/// By how many millionths the producer's own clock is fast (or slow: below 0), from the frames that had no room or were missing because of [`Cause::RateMismatch`], among all that were asked for. `entries`: the
/// log's, oldest first; `whole`: none was folded before them; `requested`: frames asked for so far; `limit`: the ring's size in frames.
///
/// What the ring itself takes up hides a drift: `None` as long as that may be more than what was lost, and more than 20 millionths of what was played.
pub fn drift_ppm<'a>(entries: impl Iterator<Item = &'a LogEntry>, whole: bool, requested: u64, limit: u64) -> Option<f64> {
    let (mut first, mut frames) = (None, 0.0);
    for entry in entries {
        first.get_or_insert(entry.frame);
        frames += match (entry.kind, entry.cause) {
            (EventKind::Overrun, Some(Cause::RateMismatch)) => entry.frames as f64,
            (EventKind::Underrun, Some(Cause::RateMismatch)) => -(entry.frames as f64),
            _ => 0.0,
        };
    }
    let since = if whole { 0 } else { first? };
    let played = requested.saturating_sub(since) as f64;
    let hidden = limit as f64;
    (frames.abs() > hidden || hidden * 1e6 <= 20.0 * played).then(|| frames * 1e6 / played)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EventKind, cause: Cause, frame: u64, frames: u64) -> LogEntry {
        LogEntry {
            number: 1,
            kind,
            at_ms: 0.0,
            frame,
            frames,
            lasted_ms: 0.0,
            fill: None,
            ended_by: None,
            cause: Some(cause),
            evidence: super::super::Evidence::default(),
            settled: true,
        }
    }

    #[test]
    fn frames_lost_by_clocks_that_disagree_are_a_drift_once_they_are_more_than_the_ring_holds() {
        let fast = |frames| entry(EventKind::Overrun, Cause::RateMismatch, 48_000, frames);
        let slow = |frames| entry(EventKind::Underrun, Cause::RateMismatch, 48_000, frames);
        let ppm = |entries: &[LogEntry], requested| drift_ppm(entries.iter(), true, requested, 2048);
        assert_eq!(ppm(&[fast(2048)], 480_000), None);
        assert_eq!(ppm(&[fast(2400), fast(2400)], 480_000), Some(10_000.0));
        assert_eq!(ppm(&[slow(4800)], 480_000), Some(-10_000.0));
        let stalled = entry(EventKind::Underrun, Cause::Stalled, 48_000, 9_999);
        assert_eq!(ppm(&[stalled, fast(4800), slow(4800)], 480_000), None);
        // After an hour hardly anything can hide.
        assert_eq!(ppm(&[stalled], 172_800_000), Some(0.0));
        assert_eq!(ppm(&[], 172_800_000), Some(0.0));
        // What is listed no more is left out, with the time in which it was.
        assert_eq!(drift_ppm([fast(4320)].iter(), false, 480_000, 2048), Some(10_000.0));
        assert_eq!(drift_ppm([].iter(), false, 480_000, 2048), None);
    }
}
