//! All voices of one part, four by four, and the bus that they are mixed on.

use super::lanes::{BLOCK, Bus, Control, LANES, Lanes};
use super::parts::Part;
use super::voice::Voice;

/// Left and right of one block.
pub(super) type Stereo = [[f32; BLOCK]; 2];

/// The voices of one part.
#[derive(Debug)]
pub(super) struct Section {
    part: Part,
    voices: Vec<Voice>,
    /// One for every four voices; what is left over stays silent.
    lanes: Vec<Lanes>,
    controls: Vec<Control>,
    level: f32,
}

impl Section {
    /// `count` voices for `part`, 0 or more. Together they are as loud as one voice per slot, in however many layers.
    pub(super) fn new(part: Part, count: usize, sample_rate: f32) -> Self {
        let sound = part.sound();
        let gain = |index: usize| sound.layers[index / part.slots() % sound.layers.len()].1;
        let power: f32 = (0..count).map(|index| gain(index) * gain(index)).sum();
        // Detuned voices add by power, not by amplitude; a chord that lacks notes is softer.
        let full = count.min(part.slots()) as f32 / part.slots() as f32;
        let level = sound.level * full.sqrt();
        let groups = count.div_ceil(LANES);
        let mut lanes = vec![Lanes::default(); groups];
        for index in 0..count {
            lanes[index / LANES].set_phase(index % LANES, (index as u32).wrapping_mul(0x9E37_79B9));
        }
        Section {
            part,
            voices: (0..count)
                .map(|index| Voice::new(part, index, level * gain(index) / power.sqrt(), sample_rate))
                .collect(),
            lanes,
            controls: vec![Control::default(); groups],
            level,
        }
    }

    /// Mean power that the part adds to the mix.
    pub(super) fn power(&self) -> f32 {
        if self.voices.is_empty() {
            0.0
        } else {
            self.level * self.level * self.part.sound().power
        }
    }

    /// Has every layer of a slot play a note; a slot without voices plays nothing.
    pub(super) fn play(&mut self, slot: usize, note: u8, loudness: f32) {
        for voice in self.voices.iter_mut().skip(slot).step_by(self.part.slots()) {
            voice.play(note, loudness);
        }
    }

    /// Adds one block to the mix and to what goes to room and echo.
    pub(super) fn render(&mut self, dry: &mut Stereo, room: &mut Stereo, echo: &mut Stereo) {
        if self.voices.is_empty() {
            return;
        }
        let mut left: Bus = [[0.0; LANES]; BLOCK];
        let mut right: Bus = [[0.0; LANES]; BLOCK];
        let sound = self.part.sound();
        let groups = self.voices.chunks_mut(LANES).zip(&mut self.lanes).zip(&mut self.controls);
        for ((voices, lanes), control) in groups {
            for (lane, voice) in voices.iter_mut().enumerate() {
                voice.next(control, lane);
            }
            if sound.deviation > 0.0 {
                lanes.add::<true>(control, &mut left, &mut right);
            } else {
                lanes.add::<false>(control, &mut left, &mut right);
            }
        }
        for (ear, bus) in [left, right].iter().enumerate() {
            for (frame, lanes) in bus.iter().enumerate() {
                let sum: f32 = lanes.iter().sum();
                dry[ear][frame] += sum;
                room[ear][frame] += sound.room * sum;
                echo[ear][frame] += sound.echo * sum;
            }
        }
    }
}
