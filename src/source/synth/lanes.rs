//! Four voices side by side: oscillator, filter and gain, one voice per SIMD lane. All of the synthesiser's time is spent here.

use super::oscillator::{bipolar, saw, sine, sine_wrapped};

/// Voices that are computed together: what a 128-bit register holds.
pub(super) const LANES: usize = 4;
/// Frames per control block: envelopes, filters and pitches move once in that time (0.67 ms at 48 kHz).
pub(super) const BLOCK: usize = 32;

/// One value per voice.
pub(super) type PerLane<T> = [T; LANES];
/// One block of one ear, still apart by lane: they are added up once per part, not once per voice.
pub(super) type Bus = [PerLane<f32>; BLOCK];

/// What the voices are told for one block.
#[derive(Debug, Clone, Default)]
pub(super) struct Control {
    /// Phase step of the oscillator.
    pub(super) step: PerLane<u32>,
    /// Phase step of the modulator (bells only).
    pub(super) modulator_step: PerLane<u32>,
    /// Half the period in frames (sawtooths only).
    pub(super) inverse_width: PerLane<f32>,
    /// Peak phase deviation in half periods, reached at the block's end (bells only).
    pub(super) deviation: PerLane<f32>,
    /// Filter coefficients, see `LowPass`.
    pub(super) a1: PerLane<f32>,
    pub(super) a2: PerLane<f32>,
    pub(super) a3: PerLane<f32>,
    /// Gain to the left, reached at the block's end.
    pub(super) left: PerLane<f32>,
    /// Gain to the right, reached at the block's end.
    pub(super) right: PerLane<f32>,
}

/// The state of four voices between blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    phase: PerLane<u32>,
    modulator: PerLane<u32>,
    /// The filters' integrators. Never denormal: an oscillator always feeds them, the gain comes after.
    band: PerLane<f32>,
    low: PerLane<f32>,
    /// Where the last block's ramps ended.
    deviation: PerLane<f32>,
    left: PerLane<f32>,
    right: PerLane<f32>,
}

impl Lanes {
    /// Sets where a voice's oscillator stands: voices in unison must not begin in step.
    pub(super) fn set_phase(&mut self, lane: usize, phase: u32) {
        self.phase[lane] = phase;
    }

    /// Adds one block of four voices to the buses. `BELL`: phase modulation instead of a sawtooth
    /// (Chowning, "The synthesis of complex audio spectra by means of frequency modulation", JAES 21(7), 1973).
    #[inline(never)]
    pub(super) fn add<const BELL: bool>(&mut self, control: &Control, left: &mut Bus, right: &mut Bus) {
        let Lanes {
            mut phase,
            mut modulator,
            mut band,
            mut low,
            mut deviation,
            left: mut gain_left,
            right: mut gain_right,
        } = self.clone();
        let slope = |from: &PerLane<f32>, to: &PerLane<f32>| -> PerLane<f32> {
            core::array::from_fn(|lane| (to[lane] - from[lane]) * (1.0 / BLOCK as f32))
        };
        let slope_deviation = slope(&deviation, &control.deviation);
        let slope_left = slope(&gain_left, &control.left);
        let slope_right = slope(&gain_right, &control.right);
        for (left, right) in left.iter_mut().zip(right) {
            for lane in 0..LANES {
                let s = bipolar(phase[lane]);
                phase[lane] = phase[lane].wrapping_add(control.step[lane]);
                let x = if BELL {
                    let bend = deviation[lane] * sine(bipolar(modulator[lane]));
                    modulator[lane] = modulator[lane].wrapping_add(control.modulator_step[lane]);
                    deviation[lane] += slope_deviation[lane];
                    sine_wrapped(s + bend)
                } else {
                    saw(s, control.inverse_width[lane])
                };
                let rest = x - low[lane];
                let v1 = control.a1[lane] * band[lane] + control.a2[lane] * rest;
                let v2 = low[lane] + control.a2[lane] * band[lane] + control.a3[lane] * rest;
                band[lane] = 2.0 * v1 - band[lane];
                low[lane] = 2.0 * v2 - low[lane];
                gain_left[lane] += slope_left[lane];
                gain_right[lane] += slope_right[lane];
                left[lane] += v2 * gain_left[lane];
                right[lane] += v2 * gain_right[lane];
            }
        }
        // The ramps' ends are set, not summed: 32 rounding errors a block would add up.
        *self = Lanes {
            phase,
            modulator,
            band,
            low,
            deviation: control.deviation,
            left: control.left,
            right: control.right,
        };
    }
}
