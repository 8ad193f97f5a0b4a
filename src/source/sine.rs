//! A pure tone, the signal in which a click is heard best.

use crate::error::{Error, in_range};
use crate::render::{RenderInfo, Source};

/// A sine of one frequency in every channel, peak 0.25 (-12 dBFS).
#[derive(Debug)]
pub struct Sine {
    hz: f64,
    /// Fraction of a period, 0.0 to 1.0.
    phase: f64,
}

impl Sine {
    /// Peak level of the tone.
    pub const PEAK: f32 = 0.25;

    /// A tone of `hz`, 1 to 20,000 Hz.
    pub fn new(hz: f64) -> Result<Self, Error> {
        in_range("the sine's frequency", hz, 1.0, 20_000.0, " Hz").map(|hz| Sine { hz, phase: 0.0 })
    }
}

impl Source for Sine {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let step = self.hz / f64::from(info.sample_rate);
        for frame in block.chunks_exact_mut(info.channels) {
            frame.fill(Self::PEAK * crate::turn::sine(self.phase) as f32);
            self.phase = (self.phase + step).fract();
        }
        block.len() / info.channels
    }
}
