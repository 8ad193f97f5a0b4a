//! Checks the index signal: each frame carries its own number.

use super::Planar;
use crate::ledger::SlipKind;
use crate::source::INDEX_PERIOD;

/// A break of the index signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// What it is.
    pub kind: SlipKind,
    /// Where in the quantum: the first frame after what is missing, the first that came again, the torn one.
    pub at: usize,
    /// Frames skipped, replayed or torn (1 at a time).
    pub frames: u64,
    /// Whether it goes on with the break before it: a torn frame right behind a torn frame.
    pub goes_on: bool,
}

/// Follows the index.
#[derive(Debug, Default)]
pub struct IndexCheck {
    /// The next index, 0 to `INDEX_PERIOD - 1`; unknown at first and after a jump that was asked for.
    expected: Option<u64>,
    /// Whether the latest frame was torn.
    torn: bool,
}

impl IndexCheck {
    /// The next index may be any.
    pub fn forget(&mut self) {
        *self = IndexCheck::default();
    }

    /// Checks the first `frames` frames, tells every break, and makes the frames silent.
    ///
    /// A torn frame counts as the one that was due, whatever it holds: where the index goes on behind torn frames as if they had been whole, nothing was skipped.
    ///
    /// # Real-time
    /// Bounded, allocates nothing.
    pub fn check(&mut self, quantum: &mut Planar, frames: usize, channels: usize, mut tell: impl FnMut(Break)) {
        for at in 0..frames {
            let value = quantum.channel(0)[at];
            let agree = (1..channels).all(|channel| quantum.channel(channel)[at] == value);
            if !agree || value.fract() != 0.0 || !(0.0..INDEX_PERIOD as f32).contains(&value) {
                let goes_on = core::mem::replace(&mut self.torn, true);
                self.expected = self.expected.map(|expected| (expected + 1) % INDEX_PERIOD);
                tell(Break {
                    kind: SlipKind::Torn,
                    at,
                    frames: 1,
                    goes_on,
                });
                continue;
            }
            self.torn = false;
            let index = value as u64;
            let ahead = (index + INDEX_PERIOD - self.expected.unwrap_or(index)) % INDEX_PERIOD;
            self.expected = Some((index + 1) % INDEX_PERIOD);
            // The nearer explanation of the two: a jump of less than half the period forward, or a step back.
            let (kind, frames) = match ahead {
                0 => continue,
                _ if ahead < INDEX_PERIOD / 2 => (SlipKind::Skipped, ahead),
                _ => (SlipKind::Replayed, INDEX_PERIOD - ahead),
            };
            tell(Break {
                kind,
                at,
                frames,
                goes_on: false,
            });
        }
        for channel in 0..channels {
            quantum.channel_mut(channel)[..frames].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Breaks as (kind, place, frames), torn frames that belong together as one; the places count on from quantum to quantum.
    #[derive(Default)]
    struct Followed {
        check: IndexCheck,
        checked: usize,
        breaks: Vec<(SlipKind, usize, u64)>,
    }

    impl Followed {
        fn check(&mut self, indices: &[f32]) {
            let frames: Vec<[f32; 2]> = indices.iter().map(|index| [*index; 2]).collect();
            self.check_stereo(&frames);
        }

        fn check_stereo(&mut self, frames: &[[f32; 2]]) {
            let mut quantum = Planar::new(2, 64);
            quantum.set_frames(frames.len());
            quantum.deinterleave(frames.as_flattened(), 0);
            self.check.check(&mut quantum, frames.len(), 2, |slip| {
                if slip.goes_on {
                    let last = self.breaks.last_mut().expect("something that goes on");
                    assert_eq!(last.0, slip.kind);
                    last.2 += slip.frames;
                } else {
                    self.breaks.push((slip.kind, self.checked + slip.at, slip.frames));
                }
            });
            self.checked += frames.len();
            assert!(
                (0..2).all(|channel| quantum.channel(channel).iter().all(|sample| *sample == 0.0)),
                "the index must not be heard"
            );
        }
    }

    #[test]
    fn skips_replays_and_tears_are_told_exactly_and_where() {
        let mut follow = Followed::default();
        follow.check(&[5.0, 6.0, 7.0]);
        assert_eq!(follow.breaks, []);
        follow.check(&[8.0, 12.0, 13.0]);
        follow.check(&[10.0, 11.0]);
        follow.check(&[12.0, 0.5, 14.0]);
        let expected = [(SlipKind::Skipped, 4, 3), (SlipKind::Replayed, 6, 4), (SlipKind::Torn, 9, 1)];
        assert_eq!(follow.breaks, expected);
        follow.check.forget();
        follow.check(&[100.0]);
        assert_eq!(follow.breaks, expected);
    }

    #[test]
    fn torn_frames_that_follow_one_another_are_one_break_and_no_skip() {
        let mut follow = Followed::default();
        follow.check_stereo(&[[5.0, 5.0], [6.0, 9.0], [7.0, 10.0]]);
        // It goes on in the next quantum.
        follow.check_stereo(&[[f32::NAN, f32::NAN], [9.0, 9.0], [10.0, 1.0], [11.0, 11.0]]);
        assert_eq!(follow.breaks, [(SlipKind::Torn, 1, 3), (SlipKind::Torn, 5, 1)]);
        // Behind torn frames the index may really be another one.
        follow.check_stereo(&[[12.0, 13.0], [20.0, 20.0]]);
        assert_eq!(follow.breaks[2..], [(SlipKind::Torn, 7, 1), (SlipKind::Skipped, 8, 7)]);
    }

    #[test]
    fn the_index_starts_again_after_its_period() {
        let mut follow = Followed::default();
        let last = (INDEX_PERIOD - 1) as f32;
        follow.check(&[last - 1.0, last, 0.0, 1.0]);
        assert_eq!(follow.breaks, []);
    }
}
