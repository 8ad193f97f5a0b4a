//! Distributions out of the ledger's histograms.

use super::{CallbackFillMs, Facts, Latency, RingMs, WakeLatenessMs};
use crate::ledger::{ConsumerLedger, Lateness, Snapshot};

pub(super) fn latency(facts: &Facts, last: &Snapshot) -> Latency {
    let ring_ms = Fill::of(&last.consumer.fill, facts).map(|fill| RingMs {
        p50: fill.at_most_ms(0.5),
        p99: fill.at_most_ms(0.99),
        max: fill.at_most_ms(1.0),
    });
    let callback_fill_ms = Fill::of(&last.consumer.callback_fill, facts).map(|fill| CallbackFillMs {
        min: fill.at_least_ms(0.0),
        p1: fill.at_least_ms(0.01),
        p50: fill.at_most_ms(0.5),
        max: fill.at_most_ms(1.0),
    });
    let (base_ms, output_ms) = (facts.base_latency.map(|s| s * 1e3), facts.output_latency.map(|s| s * 1e3));
    let total_ms = ring_ms
        .zip(base_ms)
        .zip(output_ms)
        .map(|((ring, base), output)| ring.p50 + base + output);
    Latency {
        ring_ms,
        callback_fill_ms,
        base_ms,
        output_ms,
        total_ms,
        target_history: (),
    }
}

/// By how much the producer woke late.
pub(super) fn wake_lateness_ms(last: &Snapshot) -> Option<WakeLatenessMs> {
    let Lateness { p50, p99, max } = Lateness::of(&last.producer.lateness, last.producer.latest_us)?;
    Some(WakeLatenessMs { p50, p99, max })
}

/// A histogram of the ring's fill that counts something.
struct Fill<'a> {
    buckets: &'a [u64],
    counted: u64,
    facts: &'a Facts,
}

impl<'a> Fill<'a> {
    fn of(buckets: &'a [u64], facts: &'a Facts) -> Option<Self> {
        let counted = buckets.iter().sum();
        let fill = Fill { buckets, counted, facts };
        (counted > 0).then_some(fill)
    }

    /// The first bucket by which `share` of all are reached, and not none.
    fn bucket(&self, share: f64) -> usize {
        let (mut seen, needed) = (0, (share * self.counted as f64).max(1.0));
        let reached = |count: &u64| {
            seen += count;
            seen as f64 >= needed
        };
        self.buckets.iter().position(reached).unwrap_or_default()
    }

    /// `share` of all found no more than this, in ms: the bucket's upper edge, because a latency promised too low is the worse mistake; but never more than was kept ahead.
    fn at_most_ms(&self, share: f64) -> f64 {
        self.ms(((self.bucket(share) + 1) * self.bucket_frames() - 1).min(self.facts.most_frames))
    }

    /// `share` of all found less than this, in ms: the bucket's lower edge, because a reserve promised too high is the worse mistake.
    fn at_least_ms(&self, share: f64) -> f64 {
        self.ms(self.bucket(share) * self.bucket_frames())
    }

    fn bucket_frames(&self) -> usize {
        ConsumerLedger::fill_bucket_frames(self.facts.capacity)
    }

    fn ms(&self, frames: usize) -> f64 {
        frames as f64 * 1e3 / self.facts.sample_rate
    }
}
