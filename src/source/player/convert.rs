//! From decoded frames (the file's rate and channels) to frames for the output (the context's).

use super::fifo::Fifo;
use super::mixdown::Mixdown;
use super::resample::Resample;
use super::{CHANNELS, RATES};

/// Frames that pass at once where nothing is resampled.
const BLOCK: usize = 512;

/// The way of one signal layout: mix down, resample, mix up. Each only where needed; equal rate and channels pass bit by bit.
///
/// Fewer channels are resampled that way, and mixing commutes with resampling.
pub(super) struct Converter {
    rate_in: u32,
    channels_in: usize,
    before: Option<Mixdown>,
    resample: Option<Resample>,
    after: Option<Mixdown>,
    /// What [`before`](Converter::before) made of a block.
    narrow: Vec<f32>,
    /// What [`after`](Converter::after) made of a block.
    wide: Vec<f32>,
    /// The most frames that one block becomes.
    largest: usize,
    /// Frames still to be left out before any is passed on.
    skip: u64,
}

impl Converter {
    /// From `rate_in` Hz (1,000 to 768,000) and `channels_in` to `rate_out` Hz and `channels_out` (both 1 to 32 channels). The error is
    /// a reason for people.
    pub(super) fn new(rate_in: u32, channels_in: usize, rate_out: f32, channels_out: usize) -> Result<Self, String> {
        if !RATES.contains(&rate_in) {
            let (min, max) = (RATES.start(), RATES.end());
            return Err(format!("its sample rate is {rate_in} Hz; {min} to {max} Hz can be played"));
        }
        if !CHANNELS.contains(&channels_in) {
            let (min, max) = (CHANNELS.start(), CHANNELS.end());
            return Err(format!("it has {channels_in} channels; {min} to {max} can be played"));
        }
        let channels = channels_in.min(channels_out);
        let resample = if f64::from(rate_in) == f64::from(rate_out) {
            None
        } else {
            Some(Resample::new(rate_in, rate_out, channels)?)
        };
        let largest = resample.as_ref().map_or(BLOCK, Resample::max_output);
        let mix = Mixdown::new(channels_in, channels_out);
        let (before, after) = if channels_in > channels_out { (mix, None) } else { (None, mix) };
        let narrow = vec![0.0; if before.is_some() { BLOCK * channels } else { 0 }];
        let wide = vec![0.0; if after.is_some() { largest * channels_out } else { 0 }];
        Ok(Converter {
            rate_in,
            channels_in,
            before,
            resample,
            after,
            narrow,
            wide,
            largest,
            skip: 0,
        })
    }

    /// Begins anew, as if just made, but leaves out the first `skip` frames that come out. Allocates nothing.
    pub(super) fn restart(&mut self, skip: u64) {
        if let Some(resample) = &mut self.resample {
            resample.reset();
        }
        self.skip = skip;
    }

    /// Frames of input around the instant of an output frame, on either side, that have a part in it; 0 if nothing is resampled.
    pub(super) fn reach(&self) -> u64 {
        self.resample.as_ref().map_or(0, Resample::reach)
    }

    /// Whether this is the way for decoded frames of that kind.
    pub(super) fn fits(&self, rate_in: u32, channels_in: usize) -> bool {
        self.rate_in == rate_in && self.channels_in == channels_in
    }

    /// The rate that goes in, in Hz.
    pub(super) fn rate_in(&self) -> u32 {
        self.rate_in
    }

    /// Room in frames without which [`feed`](Converter::feed) and [`finish`](Converter::finish) do nothing.
    pub(super) fn room(&self) -> usize {
        self.largest
    }

    /// Passes on decoded interleaved frames until they or the room are used up; returns how many samples were taken.
    /// Allocates nothing.
    pub(super) fn feed(&mut self, samples: &[f32], fifo: &mut Fifo) -> usize {
        let block = self.resample.as_ref().map_or(BLOCK, Resample::max_input) * self.channels_in;
        let mut taken = 0;
        for block in samples.chunks(block) {
            if fifo.free() < self.largest {
                break;
            }
            taken += block.len();
            let narrow = match &self.before {
                Some(mix) => {
                    let len = mix.apply(block, &mut self.narrow);
                    &self.narrow[..len]
                }
                None => block,
            };
            let resampled = match &mut self.resample {
                Some(resample) => resample.push(narrow),
                None => narrow,
            };
            pass_on(
                &self.after,
                &mut self.wide,
                left(resampled, self.channels_in.min(fifo.channels()), &mut self.skip),
                fifo,
            );
        }
        taken
    }

    /// Passes on what is still inside until it or the room is used up; returns whether all is out.
    pub(super) fn finish(&mut self, fifo: &mut Fifo) -> bool {
        let Some(resample) = &mut self.resample else { return true };
        while fifo.free() >= self.largest {
            let rest = resample.finish();
            if rest.is_empty() {
                return true;
            }
            pass_on(
                &self.after,
                &mut self.wide,
                left(rest, self.channels_in.min(fifo.channels()), &mut self.skip),
                fifo,
            );
        }
        false
    }
}

/// What is left of the frames without the first `skip`, which is counted down.
fn left<'a>(frames: &'a [f32], channels: usize, skip: &mut u64) -> &'a [f32] {
    let out = (*skip).min((frames.len() / channels) as u64);
    *skip -= out;
    &frames[out as usize * channels..]
}

fn pass_on(after: &Option<Mixdown>, wide: &mut [f32], frames: &[f32], fifo: &mut Fifo) {
    match after {
        Some(mix) => {
            let len = mix.apply(frames, wide);
            fifo.push(&wide[..len]);
        }
        None => {
            fifo.push(frames);
        }
    }
}
