//! The piece: 24 bars in D major, 80 s, round and round. Chords, bass and melody are written out; the plucked figure is drawn anew each time
//! from the chord of the moment by a seeded generator, so that no round is quite like the one before.
//!
//! Notes are MIDI numbers: 60 is the middle C, 69 the A of 440 Hz.

use super::parts::Part;

/// Crotchets per minute.
const TEMPO: f64 = 72.0;
/// Steps (semiquavers) per bar.
const STEPS_PER_BAR: usize = 16;
/// Seconds per step.
pub(super) const STEP_SECONDS: f64 = 60.0 / TEMPO / 4.0;

/// Bass and four pad notes per bar. From one chord to the next most notes stay or move by a step (voice leading); written for this piece.
#[rustfmt::skip]
const CHORDS: [(u8, [u8; 4]); 24] = [
    (38, [54, 61, 64, 69]), (38, [54, 61, 64, 69]), // Dmaj9
    (35, [54, 61, 62, 69]), (35, [54, 61, 62, 69]), // Bm9
    (43, [54, 59, 62, 69]), (43, [54, 59, 62, 69]), // Gmaj9
    (45, [52, 59, 62, 69]), (37, [52, 59, 61, 69]), // Asus, A/C#
    (35, [57, 61, 66, 74]), (42, [57, 61, 64, 73]), // Bm9, F#m7
    (43, [57, 59, 66, 74]), (42, [57, 62, 66, 76]), // Gmaj9, D/F#
    (40, [55, 59, 66, 74]), (40, [55, 62, 66, 71]), // Em9
    (45, [55, 62, 66, 71]), (45, [55, 61, 64, 71]), // A13sus, A9
    (43, [57, 62, 66, 71]), (43, [57, 62, 66, 71]), // Gmaj9
    (42, [57, 62, 64, 69]), (42, [57, 62, 64, 69]), // D/F#
    (40, [55, 59, 62, 69]), (35, [54, 57, 62, 69]), // Em11, Bm7
    (43, [54, 57, 62, 71]), (45, [52, 59, 64, 69]), // Gmaj9, A
];

/// The melody: bar, step within it, note. Each note lasts until the next.
#[rustfmt::skip]
const MELODY: [(usize, usize, u8); 58] = [
    (0, 0, 78), (0, 10, 76), (1, 0, 73), (1, 6, 76), (1, 12, 78), (2, 0, 74), (2, 10, 73), (3, 0, 69), (3, 8, 71), (3, 12, 73),
    (4, 0, 74), (4, 10, 76), (5, 0, 71), (5, 8, 74), (6, 0, 76), (6, 8, 74), (6, 12, 76), (7, 0, 73), (7, 8, 69), (7, 12, 71),
    (8, 0, 78), (8, 8, 74), (8, 12, 76), (9, 0, 73), (9, 8, 69), (10, 0, 71), (10, 6, 74), (10, 12, 78), (11, 0, 81), (11, 8, 78),
    (12, 0, 79), (12, 6, 78), (12, 12, 76), (13, 0, 74), (13, 8, 71), (14, 0, 76), (14, 8, 78), (14, 12, 79),
    (15, 0, 76), (15, 8, 73), (15, 12, 71), (16, 0, 74), (16, 12, 73), (17, 0, 71), (17, 8, 69), (18, 0, 78), (18, 12, 76),
    (19, 0, 74), (19, 8, 69), (20, 0, 71), (20, 8, 74), (20, 12, 76), (21, 0, 78), (21, 8, 74), (22, 0, 71), (22, 8, 76),
    (23, 0, 76), (23, 8, 73),
];

/// On which steps of even and odd bars the plucked figure may sound, the first step in the lowest bit.
const FIGURES: [u16; 2] = [0b0101_0101_0100_1001, 0b1100_1001_0101_0101];
/// Which note of the chord comes next: up and down again over six places, two octaves.
const CONTOUR: [usize; 10] = [0, 2, 1, 3, 2, 4, 5, 3, 4, 1];
/// How many of the figure's notes stay out, of 256, per section of eight bars.
const RESTS: [u32; 3] = [72, 24, 48];

/// Walks through the piece step by step.
#[derive(Debug)]
pub(super) struct Conductor {
    step: usize,
    plucked: usize,
    seed: u32,
}

impl Conductor {
    /// Slots of the plucked part that take turns, so that notes ring on over each other.
    const PLUCK_SLOTS: usize = Part::Pluck.slots();

    pub(super) fn new() -> Self {
        Conductor {
            step: 0,
            plucked: 0,
            seed: 0x6e6f_7872,
        }
    }

    /// Plays one step: calls `play` with part, slot, note and loudness (0.0 to 1.0) for each note that begins.
    pub(super) fn step(&mut self, mut play: impl FnMut(Part, usize, u8, f32)) {
        let (bar, step) = (self.step / STEPS_PER_BAR, self.step % STEPS_PER_BAR);
        let (bass, chord) = CHORDS[bar];
        if step == 0 {
            for (slot, note) in chord.into_iter().enumerate() {
                play(Part::Pad, slot, note, 1.0);
            }
            play(Part::Bass, 0, bass, 1.0);
        } else if step == 10 && bar % 2 == 1 {
            play(Part::Bass, 0, bass + 12, 0.75);
        }
        for &(_, _, note) in MELODY.iter().filter(|&&(b, s, _)| (b, s) == (bar, step)) {
            play(Part::Lead, 0, note, 1.0);
        }
        let chance = self.random();
        let loudness = 0.55 + 0.45 * (self.random() as f32 / 256.0);
        if FIGURES[bar % 2] >> step & 1 == 1 && chance >= RESTS[bar / 8] {
            let place = CONTOUR[self.plucked % CONTOUR.len()];
            let note = chord[place % 4] + 12 * (1 + place / 4) as u8;
            let accent = if step == 0 { 1.0 } else { 0.85 };
            play(Part::Pluck, self.plucked % Self::PLUCK_SLOTS, note, accent * loudness);
            self.plucked += 1;
        }
        self.step = (self.step + 1) % (CHORDS.len() * STEPS_PER_BAR);
    }

    /// 0 to 255. A linear congruential generator; the constants are those of Press et al., "Numerical Recipes", 2nd edition, 1992.
    fn random(&mut self) -> u32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.seed >> 24
    }
}
