//! The room: a feedback delay network of eight lines.

use super::lanes::BLOCK;
use super::oscillator::{bipolar, phase_step, sine};

const LINES: usize = 8;
/// The lines' lengths in ms, chosen without common ratios so that their echoes do not fall together.
const LENGTHS_MS: [f32; LINES] = [31.3, 37.9, 42.7, 49.1, 57.7, 66.1, 73.9, 86.3];
/// How far a line's length swings either way, in ms, and how fast, in Hz: it blurs the room's own resonances.
const SWING_MS: f32 = 0.14;
const SWING_HZ: [f32; LINES] = [0.31, 0.47, 0.37, 0.59, 0.43, 0.53, 0.29, 0.67];
/// Seconds until the room is 60 dB down.
const DECAY_SECONDS: f32 = 3.8;
/// Above this, in Hz, the tail dies sooner.
const DAMPING_HZ: f32 = 4_200.0;
/// The diffusers' lengths in ms (left; the right ones are 7 % longer) and their gain.
const DIFFUSERS_MS: [f32; 3] = [4.9, 7.3, 11.1];
const DIFFUSION: f32 = 0.62;
/// Added to what goes in: it keeps a dying tail above the denormal range, and at -300 dB is far below hearing.
const BIAS: f32 = 1e-15;

/// An all-pass that smears a click into a soft patch. Schroeder, "Natural sounding artificial reverberation", JAES 10(3), 1962.
#[derive(Debug)]
struct Diffuser {
    line: Vec<f32>,
    at: usize,
}

impl Diffuser {
    fn new(ms: f32, sample_rate: f32) -> Self {
        Diffuser {
            line: vec![0.0; frames(ms, sample_rate) as usize],
            at: 0,
        }
    }

    #[inline]
    fn next(&mut self, x: f32) -> f32 {
        let delayed = self.line[self.at];
        let into = x + DIFFUSION * delayed;
        self.line[self.at] = into;
        self.at = if self.at + 1 == self.line.len() { 0 } else { self.at + 1 };
        delayed - DIFFUSION * into
    }
}

/// Eight delay lines that feed each other through a Hadamard matrix, each with its own loss and a low-pass.
///
/// Jot & Chaigne, "Digital delay networks for designing artificial reverberators", AES convention 90, 1991.
#[derive(Debug)]
pub(super) struct Reverb {
    diffusers: [[Diffuser; 3]; 2],
    /// The lines one after the other, `size` samples each, a power of two.
    memory: Vec<f32>,
    size: usize,
    /// Where all lines are written next.
    at: usize,
    length: [f32; LINES],
    swing_frames: f32,
    swing: [u32; LINES],
    swing_step: [u32; LINES],
    /// Loss per pass, with the matrix's norm in it.
    gain: [f32; LINES],
    damping: f32,
    damped: [f32; LINES],
    /// The lengths at the end of the last block.
    reached: [f32; LINES],
}

impl Reverb {
    pub(super) fn new(sample_rate: f32) -> Self {
        let swing_frames = SWING_MS * 1e-3 * sample_rate;
        let length = LENGTHS_MS.map(|ms| frames(ms, sample_rate));
        let size = (length[LINES - 1] + swing_frames + 4.0) as usize;
        let size = size.next_power_of_two();
        Reverb {
            diffusers: [1.0, 1.07].map(|stretch| DIFFUSERS_MS.map(|ms| Diffuser::new(ms * stretch, sample_rate))),
            memory: vec![0.0; LINES * size],
            size,
            at: 0,
            length,
            swing_frames,
            swing: core::array::from_fn(|line| (line as u32).wrapping_mul(0x9E37_79B9)),
            swing_step: SWING_HZ.map(|hz| phase_step(hz * BLOCK as f32, sample_rate)),
            gain: length.map(|frames| 10f32.powf(-3.0 * frames / (DECAY_SECONDS * sample_rate)) / (LINES as f32).sqrt()),
            damping: 1.0 - (-core::f32::consts::TAU * DAMPING_HZ / sample_rate).exp(),
            damped: [0.0; LINES],
            reached: length,
        }
    }

    /// Replaces what was sent in by the room's answer alone.
    pub(super) fn process(&mut self, left: &mut [f32; BLOCK], right: &mut [f32; BLOCK]) {
        let mut slope = [0.0; LINES];
        let mut length = self.reached;
        for line in 0..LINES {
            self.swing[line] = self.swing[line].wrapping_add(self.swing_step[line]);
            self.reached[line] = self.length[line] + self.swing_frames * sine(bipolar(self.swing[line]));
            slope[line] = (self.reached[line] - length[line]) / BLOCK as f32;
        }
        let mask = self.size - 1;
        for (left, right) in left.iter_mut().zip(right) {
            let [diffuse_left, diffuse_right] = &mut self.diffusers;
            let into_left = diffuse_left.iter_mut().fold(*left + BIAS, |x, diffuser| diffuser.next(x));
            let into_right = diffuse_right.iter_mut().fold(*right + BIAS, |x, diffuser| diffuser.next(x));
            let mut x = [0.0; LINES];
            for (line, memory) in self.memory.chunks_exact(self.size).enumerate() {
                // Linear interpolation between the two frames that the moving end of the line lies between.
                let whole = length[line] as usize;
                let part = length[line] - whole as f32;
                let newer = memory[self.at.wrapping_sub(whole) & mask];
                let older = memory[self.at.wrapping_sub(whole + 1) & mask];
                x[line] = newer + part * (older - newer);
            }
            for line in 0..LINES {
                self.damped[line] += (x[line] - self.damped[line]) * self.damping;
                x[line] = self.damped[line] * self.gain[line];
                length[line] += slope[line];
            }
            *left = (x[0] - x[2] + x[4] - x[6]) * 1.4;
            *right = (x[1] - x[3] + x[5] - x[7]) * 1.4;
            hadamard(&mut x);
            for (line, memory) in self.memory.chunks_exact_mut(self.size).enumerate() {
                memory[self.at] = x[line] + if line % 2 == 0 { into_left } else { into_right };
            }
            self.at = (self.at + 1) & mask;
        }
    }
}

/// The fast Walsh-Hadamard transform of eight values, without its norm of 1/sqrt(8).
#[inline(always)]
fn hadamard(x: &mut [f32; LINES]) {
    for half in [1, 2, 4] {
        for i in (0..LINES).filter(|i| i & half == 0) {
            (x[i], x[i + half]) = (x[i] + x[i + half], x[i] - x[i + half]);
        }
    }
}

/// `ms` in whole frames, at least 1.
fn frames(ms: f32, sample_rate: f32) -> f32 {
    (ms * 1e-3 * sample_rate).round().max(1.0)
}
