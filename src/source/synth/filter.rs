//! The voices' low-pass filter: coefficients here, the two integrators in `lanes`.

/// Lowest cut-off in Hz.
const LOWEST: f32 = 20.0;
/// Highest cut-off as a share of the sample rate.
const HIGHEST: f32 = 0.4;

/// Coefficients of a two-pole state variable filter with trapezoidal integrators. It stays stable while they move, which is why it was taken.
///
/// Simper, "Solving the continuous SVF equations using trapezoidal integration and equivalent currents", Cytomic, 2013;
/// Zavalishin, "The Art of VA Filter Design", 2012.
#[derive(Debug, Clone, Copy)]
pub(super) struct LowPass {
    /// From the first integrator to the band-pass.
    pub(super) a1: f32,
    /// From the input to the band-pass.
    pub(super) a2: f32,
    /// From the input to the low-pass.
    pub(super) a3: f32,
}

impl LowPass {
    /// A filter at `hz` (held within 20 Hz to 0.4 of the rate), `damping` 1/Q: 1.414 is flat, less resonates.
    pub(super) fn new(hz: f32, damping: f32, sample_rate: f32) -> Self {
        let hz = hz.clamp(LOWEST, HIGHEST * sample_rate);
        let g = tangent(core::f32::consts::PI * hz / sample_rate);
        let a1 = 1.0 / (1.0 + g * (g + damping));
        LowPass {
            a1,
            a2: g * a1,
            a3: g * g * a1,
        }
    }
}

/// tan(x) for x in 0 to 1.26, within 1 %: the Padé approximant [3/2].
fn tangent(x: f32) -> f32 {
    let z = x * x;
    x * (15.0 - z) / (15.0 - 6.0 * z)
}
