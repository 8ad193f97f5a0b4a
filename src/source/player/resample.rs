//! From the file's rate to the context's, in step with the file's own clock: frame `j` that comes out is the sound at `j / rate_out`.
//!
//! rubato's sinc resampler does the work. Where the rates' ratio reduces to a small fraction out/in = b/a (48,000/44,100 is
//! 160/147), b filters are all that can ever be asked for, so they are computed once and used without interpolating between
//! them: exact, and one dot product a sample instead of four. Other ratios use cubic interpolation between filters.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction, calculate_cutoff};

/// Filter length in frames of the lower of both rates. With [`WINDOW`] it is flat up to 0.92 of that rate's half.
const TAPS: usize = 256;
/// Side lobes below -110 dB, where 16-bit sound has its noise at -98 dB.
const WINDOW: WindowFunction = WindowFunction::Blackman2;
/// Longest filter in input frames: full quality down to a sixteenth of the file's rate.
const MAX_TAPS: usize = 16 * TAPS;
/// Largest set of exact filters, in samples (2 MiB).
const MAX_TABLE: usize = 1 << 19;
/// Frames of input the resampler is given at once.
const CHUNK: usize = 256;

/// A resampler for interleaved frames. Input is gathered into chunks; the filter's delay is cut off at the start and given back
/// at the end, so that n frames become `round(n * rate_out / rate_in)`.
pub(super) struct Resample {
    inner: Async<f32>,
    channels: usize,
    ratio: f64,
    input: Vec<f32>,
    /// Frames in `input`, 0 to `CHUNK - 1` between calls.
    filled: usize,
    output: Vec<f32>,
    /// Where the sound begins.
    plan: Plan,
    /// Frames still to come out that lie before the sound's beginning.
    early: usize,
    /// Frames taken in.
    taken: u64,
    /// Frames given out.
    given: u64,
}

impl Resample {
    /// From `rate_in` to `rate_out`, both in Hz, 1,000 to 768,000, and different. Allocates all it will ever need.
    pub(super) fn new(rate_in: u32, rate_out: f32, channels: usize) -> Result<Self, String> {
        let ratio = f64::from(rate_out) / f64::from(rate_in);
        let shrink = (1.0 / ratio).max(1.0);
        let taps = ((TAPS as f64 * shrink).ceil() as usize).min(MAX_TAPS).next_multiple_of(8);
        // What the filter is worth in frames of the lower rate decides how steep it can be.
        let cutoff = calculate_cutoff::<f32>(((taps as f64 / shrink) as usize).max(32), WINDOW);
        let plan = Plan::new(rate_in, rate_out, taps);
        let parameters = SincInterpolationParameters::new(taps, WINDOW)
            .f_cutoff(cutoff)
            .oversampling_factor(plan.filters)
            .interpolation(plan.interpolation);
        let inner = Async::new_sinc(ratio, 1.0, &parameters, CHUNK, channels, FixedAsync::Input).map_err(|error| error.to_string())?;
        let output = vec![0.0; inner.output_frames_max() * channels];
        let input = vec![0.0; CHUNK * channels];
        let mut made = Resample {
            inner,
            channels,
            ratio,
            input,
            filled: 0,
            output,
            plan,
            early: 0,
            taken: 0,
            given: 0,
        };
        made.reset();
        Ok(made)
    }

    /// Forgets all sound: what is pushed next is a beginning. Allocates nothing and keeps the filters.
    pub(super) fn reset(&mut self) {
        self.inner.reset();
        (self.early, self.taken, self.given) = (self.plan.early, 0, 0);
        self.input.fill(0.0);
        for _ in 0..self.plan.silence / CHUNK {
            self.process();
        }
        self.filled = self.plan.silence % CHUNK;
    }

    /// Frames of input before and after the instant of an output frame that have a part in it.
    pub(super) fn reach(&self) -> u64 {
        self.plan.reach as u64
    }

    /// The most frames that one [`push`](Resample::push) or [`finish`](Resample::finish) gives out.
    pub(super) fn max_output(&self) -> usize {
        self.output.len() / self.channels
    }

    /// The most frames that one [`push`](Resample::push) takes.
    pub(super) fn max_input(&self) -> usize {
        CHUNK
    }

    /// Takes interleaved frames, at most [`max_input`](Resample::max_input), and returns what came out. Allocates nothing.
    pub(super) fn push(&mut self, frames: &[f32]) -> &[f32] {
        let (head, tail) = {
            let room = (CHUNK - self.filled) * self.channels;
            frames.split_at(room.min(frames.len()))
        };
        self.taken += (frames.len() / self.channels) as u64;
        self.input[self.filled * self.channels..][..head.len()].copy_from_slice(head);
        self.filled += head.len() / self.channels;
        if self.filled < CHUNK {
            return &[];
        }
        let range = self.process();
        self.input[..tail.len()].copy_from_slice(tail);
        self.filled = tail.len() / self.channels;
        self.given += (range.len() / self.channels) as u64;
        &self.output[range]
    }

    /// Returns more of the sound's end, nothing once it is complete. Nothing may be pushed afterwards.
    pub(super) fn finish(&mut self) -> &[f32] {
        let total = (self.taken as f64 * self.ratio).round() as u64;
        while self.given < total {
            self.input[self.filled * self.channels..].fill(0.0);
            self.filled = 0;
            let mut range = self.process();
            let frames = (range.len() / self.channels).min((total - self.given) as usize);
            range.end = range.start + frames * self.channels;
            if frames > 0 {
                self.given += frames as u64;
                return &self.output[range];
            }
        }
        &[]
    }

    /// Resamples the chunk; returns which samples of `output` belong to the sound.
    fn process(&mut self) -> std::ops::Range<usize> {
        let frames = self.output.len() / self.channels;
        let input = InterleavedSlice::new(&self.input, self.channels, CHUNK);
        let output = InterleavedSlice::new_mut(&mut self.output, self.channels, frames);
        let (Ok(input), Ok(mut output)) = (input, output) else {
            return 0..0;
        };
        // The sizes are the resampler's own, so it cannot refuse them.
        let made = match self.inner.process_into_buffer(&input, &mut output, None) {
            Ok((_, made)) => made,
            Err(error) => {
                debug_assert!(false, "{error}");
                0
            }
        };
        let early = self.early.min(made);
        self.early -= early;
        early * self.channels..made * self.channels
    }
}

/// How to set rubato up for a ratio.
struct Plan {
    filters: usize,
    interpolation: SincInterpolationType,
    /// Silent frames to feed before the sound, so that the sound's first frame falls on an output frame.
    silence: usize,
    /// Output frames before the sound's first.
    early: usize,
    /// Half the filter's length in input frames, rounded up.
    reach: usize,
}

impl Plan {
    /// With F filters, output frame k (from 0) of rubato's sinc resampler is the input at `(k + 1) * in/out - taps/2 + 1/F`.
    fn new(rate_in: u32, rate_out: f32, taps: usize) -> Self {
        let half = taps / 2;
        let fraction = (rate_out.fract() == 0.0).then(|| {
            let divisor = greatest_common_divisor(rate_in, rate_out as u32);
            ((rate_in / divisor) as usize, (rate_out as u32 / divisor) as usize)
        });
        match fraction {
            // Frame q - 1 is the sound's first when q * a = b * (half + silence) - 1, all in units of 1/b input frames.
            Some((a, b)) if b * taps <= MAX_TABLE => {
                let fits = |silence: &usize| (b * (half + silence) - 1).is_multiple_of(a);
                let silence = (0..a).find(fits).unwrap_or(0);
                let early = (b * (half + silence) - 1) / a - 1;
                Plan {
                    filters: b,
                    interpolation: SincInterpolationType::Nearest,
                    silence,
                    early,
                    reach: half + 1,
                }
            }
            // To half an output frame.
            _ => {
                let step = f64::from(rate_in) / f64::from(rate_out);
                let filters = ((256.0 / step.max(1.0)) as usize).max(32);
                let early = ((half as f64 - 1.0 / filters as f64) / step).round() as usize - 1;
                let interpolation = SincInterpolationType::Cubic;
                Plan {
                    filters,
                    interpolation,
                    silence: 0,
                    early,
                    reach: half + 2,
                }
            }
        }
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::Resample;
    use std::f64::consts::TAU;

    fn run(rate_in: u32, rate_out: f32, input: &[f32]) -> Vec<f32> {
        let mut resample = Resample::new(rate_in, rate_out, 1).unwrap();
        let mut out = Vec::new();
        for piece in input.chunks(100) {
            out.extend_from_slice(resample.push(piece));
        }
        loop {
            let more = resample.finish();
            if more.is_empty() {
                return out;
            }
            out.extend_from_slice(more);
        }
    }

    fn sine(hz: f64, rate: f64, frames: usize) -> Vec<f32> {
        (0..frames).map(|n| (0.5 * (TAU * hz * n as f64 / rate).sin()) as f32).collect()
    }

    /// Signal against difference from the ideal, in dB, away from the ends (where a sine that starts at once has no defined value).
    fn quality(rate_in: u32, rate_out: f32, hz: f64) -> f64 {
        let out = run(rate_in, rate_out, &sine(hz, f64::from(rate_in), rate_in as usize / 2));
        let ideal = sine(hz, f64::from(rate_out), out.len());
        let (mut signal, mut noise) = (0.0, 0.0);
        for n in out.len() / 4..out.len() * 3 / 4 {
            signal += f64::from(ideal[n]).powi(2);
            noise += (f64::from(out[n]) - f64::from(ideal[n])).powi(2);
        }
        10.0 * (signal / noise).log10()
    }

    /// 85 dB against the ideal sine leaves no room for a gain error of 0.001 dB nor for a shift of a thousandth of a frame.
    #[test]
    fn is_clean_flat_and_in_time() {
        for (rate_in, rate_out) in [
            (44_100, 48_000.0),
            (48_000, 44_100.0),
            (96_000, 48_000.0),
            (96_000, 44_100.0),
            (44_100, 96_000.0),
        ] {
            for hz in [100.0, 1_000.0, 10_000.0, 18_000.0] {
                let db = quality(rate_in, rate_out, hz);
                println!("{rate_in} -> {rate_out} at {hz} Hz: {db:.1} dB");
                assert!(db > 85.0, "{rate_in} -> {rate_out} at {hz} Hz: {db:.1} dB");
            }
        }
        assert!(quality(8_000, 48_000.0, 3_000.0) > 85.0);
        assert!(quality(22_050, 48_000.0, 9_000.0) > 85.0);
    }

    #[test]
    fn cuts_what_the_lower_rate_cannot_hold() {
        let out = run(48_000, 44_100.0, &sine(23_000.0, 48_000.0, 24_000));
        let middle = &out[out.len() / 4..out.len() * 3 / 4];
        let loudest = middle.iter().fold(0.0f32, |max, x| max.max(x.abs()));
        assert!(loudest < 0.5 * 10f32.powf(-85.0 / 20.0), "{loudest}");
    }

    #[test]
    fn odd_ratios_are_flat_too() {
        // The sine may be up to half a frame late, so only its level is compared.
        for (rate_in, rate_out) in [(44_100, 44_056.0), (44_056, 48_000.0), (48_000, 44_100.5)] {
            let out = run(rate_in, rate_out, &sine(18_000.0, f64::from(rate_in), 30_000));
            let middle = &out[out.len() / 4..out.len() * 3 / 4];
            let power = middle.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
            let db = 10.0 * (power / middle.len() as f64 / 0.125).log10();
            assert!(db.abs() < 0.1, "{rate_in} -> {rate_out}: {db} dB");
        }
    }

    #[test]
    fn keeps_the_length() {
        for (rate_in, rate_out) in [
            (44_100, 48_000.0),
            (48_000, 44_100.0),
            (8_000, 48_000.0),
            (96_000, 44_100.0),
            (44_100, 44_056.0),
            (1_000, 768_000.0),
            (768_000, 1_000.0),
        ] {
            for frames in [0usize, 1, 2, 255, 256, 257, 1_000, 4_321] {
                let out = run(rate_in, rate_out, &vec![0.25; frames]);
                let ideal = frames as f64 * f64::from(rate_out) / f64::from(rate_in);
                assert!(
                    (out.len() as f64 - ideal).abs() <= 0.5,
                    "{frames} frames {rate_in} -> {rate_out}: {}",
                    out.len()
                );
            }
        }
    }
}
