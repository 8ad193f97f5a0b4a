//! The built-in synthesiser and its piece of music: something real to listen to, in which a dropout is heard.
//!
//! ```text
//! piece (who plays what, when) -> voice (envelope, pitch, filter: once per block) -> lanes (sound, four voices at once)
//!     -> one bus per part -> echo, reverb -> master (high-pass, soft limit) -> channels
//! ```

mod echo;
mod envelope;
mod filter;
mod lanes;
mod master;
mod oscillator;
mod parts;
mod piece;
mod reverb;
mod section;
#[cfg(test)]
mod tests;
mod voice;

use crate::error::{Error, in_range};
use crate::render::{RenderInfo, Source};
use echo::Echo;
use lanes::BLOCK;
use master::Master;
use parts::Part;
use piece::{Conductor, STEP_SECONDS};
use reverb::Reverb;
use section::Section;

/// Mean level of the whole, -16.5 dBFS.
const LEVEL: f32 = 0.15;
/// Steps of the piece per repeat of the echo: a dotted quaver.
const ECHO_STEPS: f64 = 3.0;

/// A polyphonic synthesiser that plays for ever.
///
/// The same arguments give the same samples on one platform, however the sound is split into blocks. About -16 dBFS for any number of voices, peaks below 0.9,
/// never silent. Channel 1 alone is the mono mix; two are left and right; of more, the odd ones repeat left and the even ones right.
///
/// # Cost
/// Grows with the number of voices, all of which are computed all the time, on top of a fixed part for echo and reverb.
#[derive(Debug)]
pub struct Synth {
    channels: usize,
    conductor: Conductor,
    sections: [Section; 4],
    echo: Echo,
    reverb: Reverb,
    master: Master,
    /// Frames until the piece's next step; less than a block's length at most.
    until_step: f64,
    step_frames: f64,
    /// The block that is being handed out, and how many of its frames are gone.
    left: [f32; BLOCK],
    right: [f32; BLOCK],
    used: usize,
}

impl Synth {
    /// Voices when nobody asks for a number.
    pub const DEFAULT_VOICES: u32 = 16;

    /// A synthesiser for `sample_rate` in Hz (8,000 to 192,000), `channels` per frame (1 to 32) and `voices` that sound at the same time
    /// (1 to 256). One voice plays the melody alone; sixteen are melody, bass, chords and a plucked figure; more make these thicker.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when one of them lies outside its range.
    pub fn new(sample_rate: f32, channels: usize, voices: u32) -> Result<Self, Error> {
        in_range("the synth's sample rate", f64::from(sample_rate), 8_000.0, 192_000.0, " Hz")?;
        in_range("the synth's channel count", channels as f64, 1.0, 32.0, "")?;
        in_range("the synth's voices", f64::from(voices), 1.0, 256.0, "")?;
        let step_frames = STEP_SECONDS * f64::from(sample_rate);
        let count = |part| (0..voices as usize).filter(|&index| Part::of_voice(index) == part).count();
        let sections = Part::ALL.map(|part| Section::new(part, count(part), sample_rate));
        let power: f32 = sections.iter().map(Section::power).sum();
        Ok(Synth {
            channels,
            conductor: Conductor::new(),
            sections,
            echo: Echo::new((ECHO_STEPS * step_frames) as usize, sample_rate),
            reverb: Reverb::new(sample_rate),
            master: Master::new(LEVEL / power.sqrt(), sample_rate),
            until_step: 0.0,
            step_frames,
            left: [0.0; BLOCK],
            right: [0.0; BLOCK],
            used: BLOCK,
        })
    }

    /// Makes the next block of both ears.
    fn advance(&mut self) {
        if self.until_step <= 0.0 {
            self.conductor
                .step(|part, slot, note, loudness| self.sections[part as usize].play(slot, note, loudness));
            self.until_step += self.step_frames;
        }
        self.until_step -= BLOCK as f64;
        let mut dry = [[0.0; BLOCK]; 2];
        let mut room = [[0.0; BLOCK]; 2];
        let mut echo = [[0.0; BLOCK]; 2];
        for section in &mut self.sections {
            section.render(&mut dry, &mut room, &mut echo);
        }
        let [echo_left, echo_right] = &mut echo;
        self.echo.process(echo_left, echo_right);
        // The repeats stand in the same room.
        for (ear, (dry, room)) in echo.iter().zip(dry.iter_mut().zip(&mut room)) {
            for (&echo, (dry, room)) in ear.iter().zip(dry.iter_mut().zip(room)) {
                *dry += echo;
                *room += 0.4 * echo;
            }
        }
        let [room_left, room_right] = &mut room;
        self.reverb.process(room_left, room_right);
        for frame in 0..BLOCK {
            self.left[frame] = dry[0][frame] + room[0][frame];
            self.right[frame] = dry[1][frame] + room[1][frame];
        }
        self.master.process(&mut self.left, &mut self.right);
        self.used = 0;
    }
}

impl Source for Synth {
    fn render(&mut self, block: &mut [f32], _info: &RenderInfo) -> usize {
        for frame in block.chunks_exact_mut(self.channels) {
            if self.used == BLOCK {
                self.advance();
            }
            let (left, right) = (self.left[self.used], self.right[self.used]);
            self.used += 1;
            if let [mono] = frame {
                *mono = 0.5 * (left + right);
            } else {
                for pair in frame.chunks_mut(2) {
                    pair[0] = left;
                    if let Some(second) = pair.get_mut(1) {
                        *second = right;
                    }
                }
            }
        }
        block.len() / self.channels
    }
}
