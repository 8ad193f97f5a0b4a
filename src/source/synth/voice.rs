//! One voice's note, envelope and movement: everything that changes once per block. Its sound is made in `lanes`.

use super::envelope::{Envelope, Shape, share_per_block};
use super::filter::LowPass;
use super::lanes::{BLOCK, Control};
use super::oscillator::{bipolar, phase_step, sine};
use super::parts::{Part, Sound};

/// The bells' modulator runs at this multiple of the note: whole, so that the bell stays in tune, and not 1, which would give an offset.
const BELL_RATIO: f32 = 3.0;
/// Speed of the vibrato in Hz.
const VIBRATO_HZ: f32 = 5.2;
/// The slow movement of each voice: speed in Hz (slowest, and what is added at most), and depth in place, brightness and pitch.
const DRIFT_HZ: (f32, f32) = (0.05, 0.09);
const DRIFT_PAN: f32 = 0.22;
const DRIFT_CUTOFF: f32 = 0.22;
const DRIFT_PITCH: f32 = 0.0008;
/// Where the first layer's notes sit, left to right; every second layer is mirrored.
const PLACES: [f32; 4] = [-0.55, 0.45, -0.9, 0.9];
/// The golden ratio's fraction: its multiples fill the circle evenly however many there are.
const GOLDEN: u32 = 0x9E37_79B9;

/// A note that is to begin.
#[derive(Debug, Clone, Copy)]
struct Note {
    hz: f32,
    peak: f32,
    /// Blocks until it is taken notice of.
    wait: u32,
}

/// The control side of one voice.
#[derive(Debug)]
pub(super) struct Voice {
    sound: &'static Sound,
    sample_rate: f32,
    /// Octave and detuning of the layer, as a frequency ratio.
    tune: f32,
    gain: f32,
    place: f32,
    delay: u32,
    drift: u32,
    drift_step: u32,
    vibrato: u32,
    vibrato_step: u32,
    glide: f32,
    closing: f32,
    dip: u32,
    envelope: Envelope,
    hz: f32,
    goal_hz: f32,
    /// How far the filter is still open from the strike, 1.0 to 0.0.
    open: f32,
    coming: Option<Note>,
}

impl Voice {
    /// The `index`-th voice of a part; `gain` is its share of the part's loudness.
    pub(super) fn new(part: Part, index: usize, gain: f32, sample_rate: f32) -> Self {
        let sound = part.sound();
        let (slot, layer) = (index % part.slots(), index / part.slots());
        let share = |seconds| share_per_block(seconds, BLOCK, sample_rate);
        let blocks = |seconds: f32| (seconds * sample_rate / BLOCK as f32) as u32;
        // -1.0 to 1.0, 0.0 for the first layer.
        let apart = bipolar((layer as u32).wrapping_mul(GOLDEN));
        let cents = sound.spread * apart;
        let mirror = if layer.is_multiple_of(2) { 1.0 } else { -1.0 };
        let place = if part.slots() == 1 { apart } else { mirror * PLACES[slot] };
        let scatter = (index as u32 + 1).wrapping_mul(GOLDEN);
        let drift_hz = DRIFT_HZ.0 + DRIFT_HZ.1 * (scatter >> 8) as f32 / 16_777_216.0;
        Voice {
            sound,
            sample_rate,
            tune: sound.layers[layer % sound.layers.len()].0 * (cents / 1200.0).exp2(),
            gain,
            place: sound.width * place,
            // The pad's notes enter one after the other; doublings of a struck note within 30 ms.
            delay: match part {
                Part::Pad => blocks(0.07 * slot as f32 + 0.02 * (layer % 5) as f32),
                Part::Pluck => blocks(0.03 * apart.abs()),
                Part::Lead | Part::Bass => 0,
            },
            drift: scatter.wrapping_mul(3),
            drift_step: phase_step(drift_hz * BLOCK as f32, sample_rate),
            vibrato: scatter,
            vibrato_step: phase_step(VIBRATO_HZ * BLOCK as f32, sample_rate),
            glide: share(sound.glide),
            closing: share(sound.closing),
            dip: blocks(sound.dip),
            envelope: Envelope::new(Shape {
                rise: share(sound.rise),
                fall: share(sound.fall),
                floor: sound.floor,
                sustains: sound.sustains,
            }),
            hz: 0.0,
            goal_hz: 0.0,
            open: 0.0,
            coming: None,
        }
    }

    /// Plays MIDI note `note` with loudness `peak`. A sustained note that is the same goes on.
    pub(super) fn play(&mut self, note: u8, peak: f32) {
        let hz = 440.0 * ((f32::from(note) - 69.0) / 12.0).exp2() * self.tune;
        if self.hz == 0.0 {
            // Not yet used: there is nothing to fade out or to slide from.
            (self.hz, self.goal_hz) = (hz, hz);
            self.envelope.strike(peak);
            if self.sound.sustains {
                self.envelope.arrive();
            }
        } else if hz != self.goal_hz || !self.sound.sustains {
            self.coming = Some(Note {
                hz,
                peak,
                wait: self.delay + self.dip,
            });
        }
    }

    /// Moves on by one block and writes what the voice's lane is to do.
    pub(super) fn next(&mut self, control: &mut Control, lane: usize) {
        self.attend();
        let Sound {
            cutoff,
            follow,
            opening,
            damping,
            deviation,
            vibrato,
            ..
        } = *self.sound;
        self.drift = self.drift.wrapping_add(self.drift_step);
        self.vibrato = self.vibrato.wrapping_add(self.vibrato_step);
        let drift = sine(bipolar(self.drift));
        self.hz += (self.goal_hz - self.hz) * self.glide;
        self.open -= self.open * self.closing;
        if self.open < 1e-6 {
            self.open = 0.0;
        }
        let wave = vibrato * (1.0 - self.open) * sine(bipolar(self.vibrato));
        let hz = self.hz * (1.0 + wave + DRIFT_PITCH * drift);
        let cutoff = (cutoff + follow * hz) * (1.0 + opening * self.open) * (1.0 + DRIFT_CUTOFF * drift);
        let filter = LowPass::new(cutoff, damping, self.sample_rate);
        let level = self.gain * self.envelope.next();
        // Equal power from left to right, without a sine: the squares add up to 1.
        let place = (self.place + self.sound.width * DRIFT_PAN * drift).clamp(-1.0, 1.0);
        control.step[lane] = phase_step(hz, self.sample_rate);
        control.a1[lane] = filter.a1;
        control.a2[lane] = filter.a2;
        control.a3[lane] = filter.a3;
        control.left[lane] = level * (0.5 - 0.5 * place).sqrt();
        control.right[lane] = level * (0.5 + 0.5 * place).sqrt();
        if deviation > 0.0 {
            // A bell darkens as it fades. What would fold back at the sample rate is left out: by Carson's rule
            // (Carson, "Notes on the theory of modulation", Proc. IRE 10(1), 1922) the band reaches up to (deviation + 1) modulators.
            let room = (0.45 * self.sample_rate / hz.max(1.0) - 1.0) / BELL_RATIO - 1.0;
            let wanted = deviation * (0.15 + 0.85 * self.open);
            control.deviation[lane] = wanted.min(room / core::f32::consts::PI).max(0.0);
            control.modulator_step[lane] = phase_step(BELL_RATIO * hz, self.sample_rate);
        } else {
            control.inverse_width[lane] = 0.5 * self.sample_rate / hz.max(1.0);
        }
    }

    /// Lets the old note go and begins the new one when their time has come.
    fn attend(&mut self) {
        let Some(note) = &mut self.coming else { return };
        if note.wait == self.dip && self.dip > 0 {
            self.envelope.let_go();
        }
        if note.wait > 0 {
            note.wait -= 1;
            return;
        }
        self.goal_hz = note.hz;
        self.open = 1.0;
        self.envelope.strike(note.peak);
        self.coming = None;
    }
}
