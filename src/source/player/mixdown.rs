//! From the file's channels to the output's, as Web Audio mixes them.
//!
//! The gains are those of the "speakers" interpretation, <https://www.w3.org/TR/webaudio/#ChannelLayouts> and
//! <https://www.w3.org/TR/webaudio/#channel-up-mixing-and-down-mixing>, defined for mono, stereo, quad (L, R, SL, SR) and 5.1
//! (L, R, C, LFE, SL, SR). Between any other counts channels are copied one to one, the rest dropped or silent ("discrete").

use std::f32::consts::FRAC_1_SQRT_2;

/// Which input goes into which output, and how loud.
#[derive(Debug)]
pub(super) struct Mixdown {
    inputs: usize,
    outputs: usize,
    /// (output channel, input channel, gain), ordered by output.
    routes: Vec<(usize, usize, f32)>,
}

impl Mixdown {
    /// The mix from `inputs` to `outputs` channels (each at least 1), or nothing if no mixing is needed.
    pub(super) fn new(inputs: usize, outputs: usize) -> Option<Self> {
        const HALF: f32 = 0.5;
        const DIAGONAL: f32 = FRAC_1_SQRT_2;
        let routes: Vec<(usize, usize, f32)> = match (inputs, outputs) {
            (same, other) if same == other => return None,
            (1, 2 | 4) => vec![(0, 0, 1.0), (1, 0, 1.0)],
            (1, 6) => vec![(2, 0, 1.0)],
            (2, 1) => vec![(0, 0, HALF), (0, 1, HALF)],
            (4, 1) => (0..4).map(|input| (0, input, 0.25)).collect(),
            (6, 1) => {
                vec![(0, 0, DIAGONAL), (0, 1, DIAGONAL), (0, 2, 1.0), (0, 4, HALF), (0, 5, HALF)]
            }
            (4, 2) => vec![(0, 0, HALF), (0, 2, HALF), (1, 1, HALF), (1, 3, HALF)],
            (6, 2) => vec![
                (0, 0, 1.0),
                (0, 2, DIAGONAL),
                (0, 4, DIAGONAL),
                (1, 1, 1.0),
                (1, 2, DIAGONAL),
                (1, 5, DIAGONAL),
            ],
            (4, 6) => vec![(0, 0, 1.0), (1, 1, 1.0), (4, 2, 1.0), (5, 3, 1.0)],
            (6, 4) => vec![
                (0, 0, 1.0),
                (0, 2, DIAGONAL),
                (1, 1, 1.0),
                (1, 2, DIAGONAL),
                (2, 4, 1.0),
                (3, 5, 1.0),
            ],
            _ => (0..inputs.min(outputs)).map(|channel| (channel, channel, 1.0)).collect(),
        };
        Some(Mixdown { inputs, outputs, routes })
    }

    /// Mixes the interleaved frames of `input` into the start of `output` and returns the samples written there.
    ///
    /// `output` must hold as many frames as `input` has. Allocates nothing.
    pub(super) fn apply(&self, input: &[f32], output: &mut [f32]) -> usize {
        let frames = input.len() / self.inputs;
        let output = &mut output[..frames * self.outputs];
        output.fill(0.0);
        for (from, to) in input.chunks_exact(self.inputs).zip(output.chunks_exact_mut(self.outputs)) {
            for &(out, channel, gain) in &self.routes {
                to[out] += gain * from[channel];
            }
        }
        output.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Mixdown;

    fn mixed(inputs: usize, outputs: usize) -> Vec<f32> {
        // Powers of two: every sum tells which channels went in.
        let frame: Vec<f32> = (0..inputs).map(|channel| (1 << channel) as f32).collect();
        let mut out = vec![9.0; outputs];
        match Mixdown::new(inputs, outputs) {
            Some(mix) => assert_eq!(mix.apply(&frame, &mut out), outputs),
            None => out.copy_from_slice(&frame),
        }
        out
    }

    #[test]
    fn follows_the_speakers_interpretation() {
        let r = std::f32::consts::FRAC_1_SQRT_2;
        assert_eq!(mixed(1, 2), [1.0, 1.0]);
        assert_eq!(mixed(1, 4), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(mixed(1, 6), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(mixed(2, 1), [1.5]);
        assert_eq!(mixed(2, 4), [1.0, 2.0, 0.0, 0.0]);
        assert_eq!(mixed(2, 6), [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(mixed(4, 1), [3.75]);
        assert_eq!(mixed(4, 2), [2.5, 5.0]);
        assert_eq!(mixed(4, 6), [1.0, 2.0, 0.0, 0.0, 4.0, 8.0]);
        let near = |got: Vec<f32>, wanted: &[f32]| {
            assert_eq!(got.len(), wanted.len());
            assert!(got.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-5), "{got:?}");
        };
        near(mixed(6, 1), &[r * 3.0 + 4.0 + 24.0]);
        near(mixed(6, 2), &[1.0 + r * 20.0, 2.0 + r * 36.0]);
        near(mixed(6, 4), &[1.0 + r * 4.0, 2.0 + r * 4.0, 16.0, 32.0]);
    }

    #[test]
    fn other_layouts_are_discrete() {
        assert_eq!(mixed(3, 2), [1.0, 2.0]);
        assert_eq!(mixed(8, 2), [1.0, 2.0]);
        assert_eq!(mixed(1, 3), [1.0, 0.0, 0.0]);
        assert_eq!(mixed(3, 5), [1.0, 2.0, 4.0, 0.0, 0.0]);
        assert!(Mixdown::new(32, 32).is_none());
    }
}
