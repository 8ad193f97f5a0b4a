//! How late the producer woke, out of the ledger's histogram.

use super::blocks::{LATENESS_BUCKETS, lateness_edge_ms};

/// How late wake-ups were, in milliseconds: not too low, and too high by a quarter at most.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lateness {
    /// Half of them were not later.
    pub p50: f64,
    /// 99 of 100 were not later.
    pub p99: f64,
    /// None was later.
    pub max: f64,
}

impl Lateness {
    /// Of the wake-ups that `buckets` counts ([`ProducerLedger::lateness`](super::ProducerLedger::lateness)), of which none was later than `latest_us` microseconds. `None`
    /// if there were none.
    pub fn of(buckets: &[u64], latest_us: u64) -> Option<Lateness> {
        let wakes: u64 = buckets.iter().sum();
        let latest_ms = latest_us as f64 / 1e3;
        // The last bucket has no upper edge.
        let edge_ms = |bucket: usize| {
            if bucket + 1 < LATENESS_BUCKETS {
                lateness_edge_ms(bucket).min(latest_ms)
            } else {
                latest_ms
            }
        };
        let quantile = |share: f64| {
            let mut seen = 0;
            let reached = |count: &u64| {
                seen += count;
                seen as f64 >= share * wakes as f64
            };
            buckets.iter().position(reached).map(edge_ms)
        };
        (wakes > 0).then_some(())?;
        Some(Lateness {
            p50: quantile(0.5)?,
            p99: quantile(0.99)?,
            max: quantile(1.0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::lateness_bucket;

    #[test]
    fn quantiles_are_not_below_what_was_measured_and_not_a_quarter_above() {
        let mut buckets = [0; LATENESS_BUCKETS];
        let wakes: Vec<f64> = (1..=1000).map(|wake| f64::from(wake) * 0.031).collect();
        for ms in &wakes {
            buckets[lateness_bucket(*ms)] += 1;
        }
        let lateness = Lateness::of(&buckets, 31_000).expect("there are wake-ups");
        for (told, was) in [(lateness.p50, wakes[499]), (lateness.p99, wakes[989]), (lateness.max, wakes[999])] {
            assert!(told >= was && told <= was * 1.25, "{told} for {was}");
        }
        assert_eq!(lateness.max, 31.0);
    }

    #[test]
    fn what_is_later_than_the_last_bucket_is_as_late_as_the_latest() {
        let mut buckets = [0; LATENESS_BUCKETS];
        buckets[lateness_bucket(5_000.0)] += 1;
        let lateness = Lateness::of(&buckets, 5_000_000);
        assert_eq!(
            lateness,
            Some(Lateness {
                p50: 5000.0,
                p99: 5000.0,
                max: 5000.0
            })
        );
        assert_eq!(Lateness::of(&[0; LATENESS_BUCKETS], 0), None);
    }
}
