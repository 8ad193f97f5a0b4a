//! When the reader should have called, as far as a producer can tell: the audio thread has no clock, the producer has a fine one and sees how far the reader is.

/// Estimates how late wake-ups are.
///
/// A wake-up that waits for frame `n` to be asked for cannot come before it is: `time - n / rate` is the device's own offset plus how late the wake-up was. The smallest offset of the last
/// seconds is taken for the device's. So what is found is lateness beyond the promptest wake-up of that time. Where block and callback do not divide one another, frames wait for different parts of a
/// callback, and up to one callback's length counts as lateness.
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

    /// A wake-up at `now_ms` that waited for frame `frame` (counted as the reader asks for them) to be asked for; during the sleep `asked` frames were. Returns by how many ms it was late.
    ///
    /// # Real-time
    /// Safe.
    pub fn woken(&mut self, now_ms: f64, frame: u64, asked: u64) -> f64 {
        if now_ms >= self.span_ends_ms {
            self.smallest = [f64::INFINITY, self.smallest[0]];
            self.span_ends_ms = now_ms + SPAN_MS;
        }
        let offset = now_ms - frame as f64 * self.frame_ms;
        self.smallest[0] = self.smallest[0].min(offset);
        // One callback in sixteen: a single long one changes little.
        let weight = if self.usual == 0.0 { 1.0 } else { 1.0 / 16.0 };
        self.usual += weight * (asked as f64 - self.usual);
        offset - self.smallest[0].min(self.smallest[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_measured_against_the_promptest() {
        let mut clock = ReaderClock::new(48_000.0);
        for callback in 0..2_000_u64 {
            let due = 100.0 + callback as f64 * 512.0 / 48.0;
            let late = match callback % 100 {
                50 => 20.0,
                _ => 0.05,
            };
            let found = clock.woken(due + late, callback * 512, 512);
            assert!((found - (late - 0.05)).abs() < 1e-6, "callback {callback}: {found} for {late}");
        }
        // The device pauses for a second: first all wake-ups seem late, then that is how it is.
        clock.forget();
        assert_eq!(clock.woken(30_000.0, 1_024_000, 512), 0.0);
        assert_eq!(clock.usual_frames(), 512.0);
    }
}
