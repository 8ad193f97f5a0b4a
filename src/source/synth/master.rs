//! The end of the chain: no offset, no clipping, no click at the start.

use super::lanes::BLOCK;

/// Corner of the high-pass that takes offsets away, in Hz.
const OFFSET_HZ: f32 = 12.0;
/// Below this level nothing is changed.
const KNEE: f32 = 0.55;
/// Never reached.
const CEILING: f32 = 0.89;
/// The very first frames are faded in over this time, in seconds.
const FADE_SECONDS: f32 = 0.004;

/// High-pass, gain and soft limit of both ears.
#[derive(Debug)]
pub(super) struct Master {
    gain: f32,
    /// The fade-in's part of the gain, 0.0 to 1.0.
    fade: f32,
    fade_step: f32,
    keep: f32,
    /// Last input and output of the high-pass.
    last: [(f32, f32); 2],
}

impl Master {
    pub(super) fn new(gain: f32, sample_rate: f32) -> Self {
        Master {
            gain,
            fade: 0.0,
            fade_step: 1.0 / (FADE_SECONDS * sample_rate),
            keep: (-core::f32::consts::TAU * OFFSET_HZ / sample_rate).exp(),
            last: [(0.0, 0.0); 2],
        }
    }

    pub(super) fn process(&mut self, left: &mut [f32; BLOCK], right: &mut [f32; BLOCK]) {
        for (left, right) in left.iter_mut().zip(right) {
            self.fade = (self.fade + self.fade_step).min(1.0);
            for (sample, (before, out)) in [left, right].into_iter().zip(&mut self.last) {
                // The bias keeps a silent input's decay out of the denormal range.
                *out = *sample - *before + self.keep * *out + 1e-18;
                *before = *sample;
                *sample = limit(*out * self.gain * self.fade);
            }
        }
    }
}

/// Bends what is above the knee towards the ceiling along a hyperbola: no corner, and no look-ahead needed.
fn limit(x: f32) -> f32 {
    let over = x.abs() - KNEE;
    if over <= 0.0 {
        return x;
    }
    let room = CEILING - KNEE;
    (KNEE + room * over / (over + room)).copysign(x)
}
