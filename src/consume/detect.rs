//! What the index signal shows of what is put out: duplicates, gaps, reordering, tears. Found in the samples; nothing that a strategy declares is believed.

use super::Planar;
use crate::ledger::FoundKind;
use crate::source::INDEX_PERIOD;

/// Frames behind the newest one of which it is known whether they came: whoever comes later than that counts as coming again.
const WINDOW: u64 = 1 << 15;

/// Frames of one read (a quantum) by what was found.
pub(super) type Found = [u64; FoundKind::COUNT];

/// Follows the index over everything that is put out.
#[derive(Debug)]
pub(super) struct Detector {
    /// The newest index that came, counted on over the signal's period; `None` before the first, and after a jump that was asked for.
    newest: Option<u64>,
    /// Of the last [`WINDOW`] frames, one bit each at `index % WINDOW`: it came.
    came: Box<[u64]>,
}

impl Detector {
    /// Nothing came yet. Allocates.
    pub fn new() -> Self {
        Detector {
            newest: None,
            came: vec![0; WINDOW as usize / 64].into(),
        }
    }

    /// The next index may be any.
    pub fn forget(&mut self) {
        self.newest = None;
    }

    /// Looks at the first `frames` frames. Of these, `holes` are zeros where there was nothing to play, which no index is.
    ///
    /// # Real-time
    /// Bounded, allocates nothing.
    pub fn look(&mut self, quantum: &Planar, frames: usize, channels: usize, mut holes: usize) -> Found {
        let mut found = Found::default();
        for at in 0..frames {
            let value = quantum.channel(0)[at];
            let agree = (1..channels).all(|channel| quantum.channel(channel)[at] == value);
            if !agree || value.fract() != 0.0 || !(0.0..INDEX_PERIOD as f32).contains(&value) {
                found[FoundKind::Torn as usize] += 1;
                // It takes the place of the frame that was due.
                if let Some(newest) = self.newest {
                    self.newest = Some(newest + 1);
                    self.mark(newest + 1);
                }
                continue;
            }
            // Index 0 looks the same; where that is due, the zero is it.
            let due = self.newest.is_some_and(|newest| (newest + 1) % INDEX_PERIOD == 0);
            if value == 0.0 && holes > 0 && !due {
                holes -= 1;
                continue;
            }
            self.frame(value as u64, &mut found);
        }
        found
    }

    fn frame(&mut self, index: u64, found: &mut Found) {
        let Some(newest) = self.newest else {
            self.came.fill(u64::MAX);
            // One period up, so that there is room before it.
            self.newest = Some(index + INDEX_PERIOD);
            return;
        };
        // The nearer explanation of the two: a jump of less than half the period forward, or a step back.
        let ahead = (index + INDEX_PERIOD - newest % INDEX_PERIOD) % INDEX_PERIOD;
        if ahead == 1 {
            self.newest = Some(newest + 1);
            self.mark(newest + 1);
        } else if ahead > 0 && ahead < INDEX_PERIOD / 2 {
            found[FoundKind::Gap as usize] += ahead - 1;
            for missing in newest + 1..newest + ahead.min(WINDOW) {
                self.came[(missing % WINDOW / 64) as usize] &= !(1 << (missing % 64));
            }
            if ahead >= WINDOW {
                self.came.fill(0);
            }
            self.newest = Some(newest + ahead);
            self.mark(newest + ahead);
        } else {
            let back = (INDEX_PERIOD - ahead) % INDEX_PERIOD;
            let frame = newest - back;
            let late = back < WINDOW && self.came[(frame % WINDOW / 64) as usize] & 1 << (frame % 64) == 0;
            let kind = if late { FoundKind::Reordered } else { FoundKind::Duplicate };
            found[kind as usize] += 1;
            self.mark(frame);
        }
    }

    fn mark(&mut self, frame: u64) {
        self.came[(frame % WINDOW / 64) as usize] |= 1 << (frame % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(signal: impl IntoIterator<Item = u64>) -> Found {
        let mut detector = Detector::new();
        let mut sum = Found::default();
        let signal: Vec<u64> = signal.into_iter().collect();
        for quantum in signal.chunks(64) {
            let mut planar = Planar::new(2, 64);
            planar.set_frames(quantum.len());
            for channel in 0..2 {
                for (sample, index) in planar.channel_mut(channel).iter_mut().zip(quantum) {
                    *sample = (index % INDEX_PERIOD) as f32;
                }
            }
            let found = detector.look(&planar, quantum.len(), 2, 0);
            sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        sum
    }

    #[test]
    fn whole_signals_are_whole() {
        assert_eq!(found(0..1000), [0; 4]);
        assert_eq!(found(INDEX_PERIOD - 100..INDEX_PERIOD + 100), [0; 4], "over the period's end");
    }

    #[test]
    fn what_comes_again_is_no_gap_and_no_reordering() {
        assert_eq!(found((0..256).chain(128..512)), [128, 0, 0, 0]);
        assert_eq!(found((0..128).chain(0..128).chain(0..128)), [256, 0, 0, 0]);
    }

    #[test]
    fn what_is_left_out_is_a_gap() {
        assert_eq!(found((0..100).chain(228..500)), [0, 128, 0, 0]);
        assert_eq!(found((0..100).chain(100_000..100_500)), [0, 99_900, 0, 0]);
    }

    #[test]
    fn what_comes_later_is_reordered_once_and_again_after_that() {
        let swapped = (0..128).chain(256..384).chain(128..256).chain(384..512);
        assert_eq!(found(swapped), [0, 128, 128, 0]);
        let twice = (0..128).chain(256..384).chain(128..256).chain(128..256).chain(384..512);
        assert_eq!(found(twice), [128, 128, 128, 0]);
    }

    #[test]
    fn holes_are_no_frames_and_what_follows_them_is_looked_at() {
        let mut detector = Detector::new();
        let mut planar = Planar::new(1, 8);
        planar.set_frames(8);
        planar.channel_mut(0).copy_from_slice(&[5.0, 6.0, 0.0, 0.0, 7.0, 9.0, 0.0, 9.0]);
        assert_eq!(detector.look(&planar, 8, 1, 3), [1, 1, 0, 0]);
        planar
            .channel_mut(0)
            .copy_from_slice(&[10.0, 11.0, 0.0, 12.0, 13.0, 14.0, 15.0, 16.0]);
        assert_eq!(detector.look(&planar, 8, 1, 0), [1, 0, 0, 0], "frame 0 once more, and no hole");
    }

    #[test]
    fn frames_that_are_none_are_torn() {
        let mut detector = Detector::new();
        let mut planar = Planar::new(2, 64);
        planar.set_frames(64);
        for channel in 0..2 {
            for (at, sample) in planar.channel_mut(channel).iter_mut().enumerate() {
                *sample = at as f32;
            }
        }
        planar.channel_mut(1)[20] = 7.0;
        planar.channel_mut(0)[30] = 0.5;
        assert_eq!(detector.look(&planar, 64, 2, 0), [0, 0, 0, 2]);
    }
}
