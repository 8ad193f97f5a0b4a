//! Checks the index signal: each frame carries its own number.

use super::Planar;
use crate::source::INDEX_PERIOD;

/// What was wrong, in frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Frames that are missing.
    pub skipped: u64,
    /// Frames that came again.
    pub replayed: u64,
    /// Frames whose channels disagree or that hold no index.
    pub torn: u64,
}

/// Follows the index.
#[derive(Debug, Default)]
pub struct IndexCheck {
    /// The next index, 0 to `INDEX_PERIOD - 1`; unknown at first and after a jump that was asked for.
    expected: Option<u64>,
}

impl IndexCheck {
    /// The next index may be any.
    pub fn forget(&mut self) {
        self.expected = None;
    }

    /// Checks the first `frames` frames and makes them silent.
    ///
    /// # Real-time
    /// Bounded, allocates nothing.
    pub fn check(&mut self, quantum: &mut Planar, frames: usize, channels: usize) -> Faults {
        let mut faults = Faults::default();
        for frame in 0..frames {
            let value = quantum.channel(0)[frame];
            let agree = (1..channels).all(|channel| quantum.channel(channel)[frame] == value);
            if !agree || value.fract() != 0.0 || !(0.0..INDEX_PERIOD as f32).contains(&value) {
                faults.torn += 1;
                self.expected = self.expected.map(|expected| (expected + 1) % INDEX_PERIOD);
                continue;
            }
            let index = value as u64;
            let ahead = (index + INDEX_PERIOD - self.expected.unwrap_or(index)) % INDEX_PERIOD;
            // The nearer explanation of the two: a jump of less than half the period forward, or a step back.
            match ahead {
                0 => {}
                _ if ahead < INDEX_PERIOD / 2 => faults.skipped += ahead,
                _ => faults.replayed += INDEX_PERIOD - ahead,
            }
            self.expected = Some((index + 1) % INDEX_PERIOD);
        }
        for channel in 0..channels {
            quantum.channel_mut(channel)[..frames].fill(0.0);
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(check: &mut IndexCheck, indices: &[f32]) -> Faults {
        let mut quantum = Planar::new(2, 64);
        quantum.set_frames(indices.len());
        let interleaved: Vec<f32> = indices.iter().flat_map(|index| [*index; 2]).collect();
        quantum.deinterleave(&interleaved, 0);
        let faults = check.check(&mut quantum, indices.len(), 2);
        assert!(
            quantum.channel(1).iter().all(|sample| *sample == 0.0),
            "the index must not be heard"
        );
        faults
    }

    #[test]
    fn skips_replays_and_tears_are_counted_exactly() {
        let mut follow = IndexCheck::default();
        assert_eq!(check(&mut follow, &[5.0, 6.0, 7.0]), Faults::default());
        assert_eq!(
            check(&mut follow, &[8.0, 12.0, 13.0]),
            Faults {
                skipped: 3,
                ..Faults::default()
            }
        );
        assert_eq!(
            check(&mut follow, &[10.0, 11.0]),
            Faults {
                replayed: 4,
                ..Faults::default()
            }
        );
        assert_eq!(
            check(&mut follow, &[12.0, 0.5, 14.0]),
            Faults {
                torn: 1,
                ..Faults::default()
            }
        );
        follow.forget();
        assert_eq!(check(&mut follow, &[100.0]), Faults::default());
    }

    #[test]
    fn the_index_starts_again_after_its_period() {
        let mut follow = IndexCheck::default();
        let last = (INDEX_PERIOD - 1) as f32;
        assert_eq!(check(&mut follow, &[last - 1.0, last, 0.0, 1.0]), Faults::default());
    }
}
