//! An echo that goes from one ear to the other, in time with the piece.

use super::lanes::BLOCK;

/// Level of each repeat against the one before.
const FEEDBACK: f32 = 0.42;
/// Above this, in Hz, each repeat is duller than the one before.
const DAMPING_HZ: f32 = 2_400.0;
/// Added to what goes in, against denormals in a dying tail (-300 dB).
const BIAS: f32 = 1e-15;

/// Two delay lines that feed each other: what comes in left is repeated right, then left again.
#[derive(Debug)]
pub(super) struct Echo {
    /// Frames of both ears, oldest at `at`.
    line: Vec<[f32; 2]>,
    at: usize,
    damping: f32,
    damped: [f32; 2],
}

impl Echo {
    /// One repeat every `frames`, at least 1.
    pub(super) fn new(frames: usize, sample_rate: f32) -> Self {
        Echo {
            line: vec![[0.0; 2]; frames.max(1)],
            at: 0,
            damping: 1.0 - (-core::f32::consts::TAU * DAMPING_HZ / sample_rate).exp(),
            damped: [0.0; 2],
        }
    }

    /// Replaces what was sent in by the repeats alone.
    pub(super) fn process(&mut self, left: &mut [f32; BLOCK], right: &mut [f32; BLOCK]) {
        for (left, right) in left.iter_mut().zip(right) {
            let repeat = self.line[self.at];
            for (damped, repeat) in self.damped.iter_mut().zip(repeat) {
                *damped += (repeat - *damped) * self.damping;
            }
            let [damped_left, damped_right] = self.damped;
            self.line[self.at] = [*right + FEEDBACK * damped_right + BIAS, *left + FEEDBACK * damped_left + BIAS];
            self.at = if self.at + 1 == self.line.len() { 0 } else { self.at + 1 };
            (*left, *right) = (damped_left, damped_right);
        }
    }
}
