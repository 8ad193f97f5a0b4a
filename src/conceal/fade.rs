//! The shape of every fade.

/// Length of a fade, in frames: 2.7 ms at 48 kHz, short enough to lose little and long enough that its spectrum ends near 750 Hz instead of clicking up to 20 kHz.
pub const FADE_FRAMES: usize = 128;

/// A raised-cosine fade in, as a table: `0` is silence, [`FADE_FRAMES`] full level. Read backwards it fades out, and both together are 1 at every step.
#[derive(Debug)]
pub struct Fade([f32; FADE_FRAMES + 1]);

impl Default for Fade {
    fn default() -> Self {
        Fade(core::array::from_fn(|step| {
            // Half a turn of a raised cosine as the square of a sine, which is exactly 0 where it begins.
            let sine = crate::turn::sine(0.25 * step as f64 / FADE_FRAMES as f64);
            (sine * sine) as f32
        }))
    }
}

impl Fade {
    /// Gain at `step`, 0 to [`FADE_FRAMES`]; beyond that it stays 1.
    ///
    /// # Real-time
    /// One table look-up.
    #[inline]
    pub fn gain(&self, step: usize) -> f32 {
        self.0[step.min(FADE_FRAMES)]
    }
}
