//! Oscillators without tables: a band-limited sawtooth and a sine, written so that four of them run in one SIMD register.
//!
//! A phase is a whole `u32` per period: it wraps by itself and never loses precision, however long the piece runs.

/// Polynomial in s^2 for sin(pi s) / (s (1 - s^2)), lowest power first: interpolated for this file at the four Chebyshev nodes of 0.0 to 1.0.
/// The sine is then wrong by 1.7e-5 at most (-95 dB).
const SINE: [f32; 4] = [3.141_545, -2.024_594, 0.516_329, -0.062_528];

/// The part of a period that passes in one frame, as a phase step. `hz` 0 to half the rate.
pub(super) fn phase_step(hz: f32, sample_rate: f32) -> u32 {
    (f64::from(hz) / f64::from(sample_rate) * 4_294_967_296.0) as u32
}

/// A phase as -1.0 to 1.0: the naive sawtooth, rising, with its jump at the ends.
#[inline(always)]
pub(super) fn bipolar(phase: u32) -> f32 {
    phase as i32 as f32 * (1.0 / 2_147_483_648.0)
}

/// sin(pi s) for s in -1.0 to 1.0.
#[inline(always)]
pub(super) fn sine(s: f32) -> f32 {
    let z = s * s;
    s * (1.0 - z) * (SINE[0] + z * (SINE[1] + z * (SINE[2] + z * SINE[3])))
}

/// sin(pi s) for any |s| below 2^21: phase modulation leaves the first period.
#[inline(always)]
pub(super) fn sine_wrapped(s: f32) -> f32 {
    // Adding and taking away 1.5 * 2^23 rounds to a whole number in plain f32 sums, which vectorise everywhere; `round` does not.
    const ROUND: f32 = 12_582_912.0;
    let periods = s * 0.5;
    sine(2.0 * (periods - ((periods + ROUND) - ROUND)))
}

/// Rounds the corner of the naive sawtooth `s` over one frame on either side of its jump.
/// `inverse_width` is half the period in frames.
///
/// polyBLEP: Välimäki & Huovilainen, "Antialiasing oscillators in subtractive synthesis", IEEE Signal Processing Magazine 24(2), 2007.
#[inline(always)]
pub(super) fn saw(s: f32, inverse_width: f32) -> f32 {
    let after = positive(1.0 - (1.0 + s) * inverse_width);
    let before = positive(1.0 - (1.0 - s) * inverse_width);
    s + after * after - before * before
}

/// The larger of `x` and 0. A comparison becomes one SIMD instruction; `f32::max`, with its rule for NaN, becomes several.
#[inline(always)]
fn positive(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}
