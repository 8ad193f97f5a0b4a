//! The end of a sound that was cut: what was last heard, backwards, fading.

use super::fade::{FADE_FRAMES, Fade};

/// A fade tail of up to [`FADE_FRAMES`] frames.
///
/// The last frames heard are mirrored in time, so the tail begins with the very value the sound ended with and has its spectrum; holding the last sample instead would leave a
/// thump of direct current, plain silence a click.
#[derive(Debug)]
pub struct Tail {
    /// The mirrored, faded frames: channel by channel, each [`FADE_FRAMES`] long.
    frames: Box<[f32]>,
    /// Next frame to play, 0 to [`FADE_FRAMES`].
    at: usize,
}

impl Tail {
    /// A tail, at its end, for `channels` channels. Allocates.
    pub fn new(channels: usize) -> Self {
        Tail {
            frames: vec![0.0; channels * FADE_FRAMES].into(),
            at: FADE_FRAMES,
        }
    }

    /// Frames that are left, 0 to [`FADE_FRAMES`].
    ///
    /// # Real-time
    /// Safe.
    pub fn left(&self) -> usize {
        FADE_FRAMES - self.at
    }

    /// Begins the tail of a sound whose last frames in each channel are `latest(channel)`, and before those `earlier(channel)`; each may be empty. With nothing to mirror there is
    /// no tail.
    ///
    /// # Real-time
    /// Bounded, allocates nothing.
    pub fn begin<'a>(&mut self, fade: &Fade, latest: impl Fn(usize) -> &'a [f32], earlier: impl Fn(usize) -> &'a [f32]) {
        self.at = FADE_FRAMES;
        for (channel, frames) in self.frames.chunks_exact_mut(FADE_FRAMES).enumerate() {
            let (latest, earlier) = (latest(channel), earlier(channel));
            let known = latest.len() + earlier.len();
            if known == 0 {
                return;
            }
            for (step, frame) in frames.iter_mut().enumerate() {
                // Reflects at both ends: with less than a fade's length known, it goes to and fro.
                let turn = step % (2 * known);
                let back = if turn < known { turn } else { 2 * known - 1 - turn };
                let sample = if back < latest.len() {
                    latest[latest.len() - 1 - back]
                } else {
                    earlier[known - 1 - back]
                };
                *frame = sample * fade.gain(FADE_FRAMES - 1 - step);
            }
        }
        self.at = 0;
    }

    /// Adds the next `out.len()` frames of `channel` to `out`, fewer if fewer are left. Does not advance.
    ///
    /// # Real-time
    /// Bounded, allocates nothing.
    pub fn mix(&self, channel: usize, out: &mut [f32]) {
        let frames = &self.frames[channel * FADE_FRAMES..][self.at..FADE_FRAMES];
        for (out, frame) in out.iter_mut().zip(frames) {
            *out += frame;
        }
    }

    /// Goes on by `frames` frames, to the end at most.
    ///
    /// # Real-time
    /// Safe.
    pub fn advance(&mut self, frames: usize) {
        self.at = (self.at + frames).min(FADE_FRAMES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_goes_on_where_the_sound_ended_and_ends_in_silence() {
        let sound: Vec<f32> = (0..300).map(|frame| (frame as f32 * 0.07).sin()).collect();
        let fade = Fade::default();
        let mut tail = Tail::new(1);
        tail.begin(&fade, |_| &sound[250..], |_| &sound[..250]);
        let mut out = vec![0.0; 2 * FADE_FRAMES];
        tail.mix(0, &mut out);
        assert!((out[0] - sound[299]).abs() < 1e-3, "{} after {}", out[0], sound[299]);
        let mut last = sound[299];
        for (frame, sample) in out.iter().enumerate() {
            assert!((sample - last).abs() < 0.1, "a click of {} at {frame}", sample - last);
            last = *sample;
        }
        assert!(out[FADE_FRAMES - 1].abs() < 1e-3);
        assert!(out[FADE_FRAMES..].iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn one_known_frame_is_enough_and_none_is_no_tail() {
        let fade = Fade::default();
        let mut tail = Tail::new(2);
        tail.begin(&fade, |_| &[0.5], |_| &[]);
        assert_eq!(tail.left(), FADE_FRAMES);
        tail.begin(&fade, |_| &[], |_| &[]);
        assert_eq!(tail.left(), 0);
    }
}
