//! When the reader should have called, as far as a producer can tell: the audio thread has no clock, the producer has a fine one and sees how far the reader is.

/// Estimates how late wake-ups are.
///
/// A wake-up cannot come before the callback that it waits for. Of a callback it is known how many frames had been asked for when it was over; the time of the wake-up less those frames, as a time, is
/// the device's own offset plus how late the wake-up was. The smallest offset of the last seconds is taken for the device's. So what is found is lateness beyond the promptest wake-up of that time; and where the
/// hardware's callbacks are no whole quanta, up to one quantum's length counts as lateness.
#[derive(Debug)]
pub(super) struct ReaderClock {
    frame_ms: f64,
    /// Smallest offset of this span and of the one before it, in ms.
    smallest: [f64; 2],
    /// Frames asked for during one sleep, smoothed.
    usual: f64,
    span_ends_ms: f64,
}

/// Offsets are compared within one to two of these, in ms: clocks drift apart by 0.1 ms meanwhile (20 ppm), and a few hundred callbacks pass.
const SPAN_MS: f64 = 2_500.0;

impl ReaderClock {
    pub fn new(sample_rate: f32) -> Self {
        ReaderClock {
            frame_ms: 1e3 / f64::from(sample_rate),
            smallest: [f64::INFINITY; 2],
            usual: 0.0,
            span_ends_ms: f64::NEG_INFINITY,
        }
    }

    /// Frames that the reader usually asks for between two wake-ups: about one callback; 0 before any was seen.
    pub fn usual_frames(&self) -> f64 {
        self.usual
    }

    /// The device stood still: its offset is another one from now on.
    pub fn forget(&mut self) {
        self.smallest = [f64::INFINITY; 2];
    }

    /// At `now_ms`, `asked` frames had been asked for, some of them just lately: the device's offset is no larger than that. So a wake-up right after a burst is not measured against what was before it.
    ///
    /// # Real-time
    /// Safe.
    pub fn seen(&mut self, now_ms: f64, asked: u64) {
        self.smallest[0] = self.smallest[0].min(now_ms - asked as f64 * self.frame_ms);
    }

    /// A wake-up at `now_ms` that waited for frame `frame` to be asked for; before the sleep `before` frames had been, now `after` have. Returns by how many ms it was late.
    ///
    /// # Real-time
    /// Safe.
    pub fn woken(&mut self, now_ms: f64, frame: u64, before: u64, after: u64) -> f64 {
        let asked = (after - before) as f64;
        // Up to the end of the callback that called; where there were several since, of the first.
        let called_at = match asked > 1.5 * self.usual && self.usual > 0.0 {
            true => frame.max(before + self.usual as u64).min(after),
            false => after,
        };
        if now_ms >= self.span_ends_ms {
            self.smallest = [f64::INFINITY, self.smallest[0]];
            self.span_ends_ms = now_ms + SPAN_MS;
        }
        let offset = now_ms - called_at as f64 * self.frame_ms;
        self.smallest[0] = self.smallest[0].min(offset);
        // One callback in sixteen: a single long one changes little.
        let weight = if self.usual == 0.0 { 1.0 } else { 1.0 / 16.0 };
        self.usual += weight * (asked - self.usual);
        offset - self.smallest[0].min(self.smallest[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_measured_against_the_promptest() {
        let mut clock = ReaderClock::new(48_000.0);
        for callback in 1..2_000_u64 {
            let due = 100.0 + callback as f64 * 512.0 / 48.0;
            // Twice as long as a callback lasts: the reader asks for two more meanwhile.
            let (late, after) = match callback % 100 {
                50 => (22.0, callback * 512 + 1024),
                _ => (0.05, callback * 512),
            };
            let found = clock.woken(due + late, (callback - 1) * 512 + 128, (callback - 1) * 512, after);
            // Callbacks that seem longer now and then make their usual length less certain.
            assert!((found - (late - 0.05)).abs() < 1.5, "callback {callback}: {found} for {late}");
            if late < 1.0 {
                assert!(found < 1e-6, "callback {callback}: {found}");
            }
        }
        assert!((clock.usual_frames() - 512.0).abs() < 64.0, "{}", clock.usual_frames());
        // The device pauses for a second: first all wake-ups seem late, then that is how it is.
        clock.forget();
        assert_eq!(clock.woken(30_000.0, 1_024_000, 1_023_500, 1_024_000), 0.0);
    }

    #[test]
    fn a_late_wake_up_right_after_a_burst_is_late() {
        let mut clock = ReaderClock::new(48_000.0);
        for callback in 1..=100_u64 {
            clock.woken(callback as f64 * 512.0 / 48.0, callback * 512, (callback - 1) * 512, callback * 512);
        }
        // 6144 frames beyond the usual ones, seen while rendering; then a sleep for the next callback, which is 128 ms late.
        let asked = 101 * 512 + 6144;
        clock.seen(101.0 * 512.0 / 48.0 + 2.0, asked);
        let late = clock.woken(102.0 * 512.0 / 48.0 + 128.0, asked + 128, asked, asked + 13 * 512);
        assert!((late - 126.0).abs() < 0.1, "{late}");
    }

    #[test]
    fn callbacks_of_no_whole_quanta_are_late_by_less_than_a_quantum() {
        let mut clock = ReaderClock::new(44_100.0);
        let asked = |callback: u64| (callback * 441).div_ceil(128) * 128;
        for callback in 1..1_000 {
            let found = clock.woken(
                callback as f64 * 10.0,
                asked(callback - 1) + 64,
                asked(callback - 1),
                asked(callback),
            );
            assert!(found < 128.0 / 44.1, "callback {callback}: {found}");
        }
    }
}
