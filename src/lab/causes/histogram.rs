//! Histograms as the page draws them: the ledger's fine buckets in a few bars, and the figures below.

use crate::ledger::{LATENESS_BUCKETS, lateness_edge_ms};

/// Bars of a histogram.
pub const BARS: usize = 32;

/// A bar's height in percent, so that one of a million is seen as well: logarithmic, 0 for nothing and 100 for `highest`.
pub fn height(count: u64, highest: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    100.0 * (1.0 + count as f64).ln() / (1.0 + highest as f64).ln()
}

/// Place of the first entry by which `share` (0.0 to 1.0) of all that was counted is reached; `None` where nothing was.
pub fn quantile(counts: &[u64], share: f64) -> Option<usize> {
    let all: u64 = counts.iter().sum();
    let mut seen = 0;
    counts.iter().position(|count| {
        seen += count;
        *count > 0 && seen as f64 >= share * all as f64
    })
}

/// The ledger's buckets of wake lateness in bars: half an octave each, from 10 us on.
pub fn lateness_bars(buckets: &[u64]) -> [u64; BARS] {
    let mut bars = [0; BARS];
    for (bucket, count) in buckets.iter().enumerate() {
        bars[bucket * BARS / LATENESS_BUCKETS] += count;
    }
    bars
}

/// Where the bar `bar` of wake lateness ends, in milliseconds. The last one holds all that is later as well.
pub fn lateness_bar_ms(bar: usize) -> f64 {
    lateness_edge_ms((bar + 1) * LATENESS_BUCKETS / BARS - 1)
}

/// The ledger's buckets of fill, `width` frames each, in bars from 0 to `top` frames; the last one holds all that is above as well.
pub fn fill_bars(buckets: &[u64], width: usize, top: u64) -> [u64; BARS] {
    let mut bars = [0; BARS];
    for (bucket, count) in buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
        let bar = bucket as u64 * width as u64 * BARS as u64 / top.max(1);
        bars[(bar as usize).min(BARS - 1)] += count;
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::lateness_bucket;

    #[test]
    fn heights_show_one_among_a_million() {
        assert_eq!((height(0, 5), height(5, 5)), (0.0, 100.0));
        assert!(height(1, 1_000_000) > 4.0);
    }

    #[test]
    fn quantiles_are_the_first_place_that_reaches_them() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[0, 0], 0.5), None);
        let counts = [0, 98, 0, 1, 1, 0];
        for (share, place) in [(0.0, 1), (0.5, 1), (0.98, 1), (0.99, 3), (1.0, 4)] {
            assert_eq!(quantile(&counts, share), Some(place), "{share}");
        }
    }

    #[test]
    fn bars_hold_everything_and_end_where_they_say() {
        let mut buckets = vec![0; LATENESS_BUCKETS];
        for (ms, wakes) in [(0.0, 3), (0.02, 5), (1.5, 7), (20.0, 2), (9e9, 1)] {
            buckets[lateness_bucket(ms)] += wakes;
            let bar = lateness_bars(&buckets).iter().rposition(|count| *count > 0).expect("counted");
            assert!(
                ms < lateness_bar_ms(bar) || bar == BARS - 1,
                "{ms} ms in the bar to {}",
                lateness_bar_ms(bar)
            );
            assert!(
                bar == 0 || ms >= lateness_bar_ms(bar - 1),
                "{ms} ms in the bar from {}",
                lateness_bar_ms(bar - 1)
            );
        }
        assert_eq!(lateness_bars(&buckets).iter().sum::<u64>(), 18);

        let mut fill = vec![0; 1024];
        (fill[0], fill[40], fill[1000]) = (1, 2, 4);
        let bars = fill_bars(&fill, 25, 2048);
        assert_eq!((bars[0], bars[15], bars[31]), (1, 2, 4));
        assert_eq!(bars.iter().sum::<u64>(), 7);
    }
}
