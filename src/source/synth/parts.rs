//! The four parts, how each sounds, and how any number of voices is shared among them.

/// What a voice plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The melody.
    Lead,
    /// The chord's root.
    Bass,
    /// The four-note chord, sustained.
    Pad,
    /// The figure of struck notes.
    Pluck,
}

impl Part {
    pub(super) const ALL: [Part; 4] = [Part::Lead, Part::Bass, Part::Pad, Part::Pluck];

    /// Different notes that the part can sound at once. Voices beyond that double them, layer upon layer.
    pub(super) const fn slots(self) -> usize {
        match self {
            Part::Lead | Part::Bass => 1,
            Part::Pad | Part::Pluck => 4,
        }
    }

    /// Who the `index`-th voice (from 0) works for: first the parts get filled, then sixteen at a time thicken them.
    pub(super) fn of_voice(index: usize) -> Part {
        use Part::{Bass, Lead, Pad, Pluck};
        const FIRST: [Part; 16] = [
            Lead, Bass, Pad, Pad, Pad, Pad, Pluck, Pluck, Pluck, Pluck, Pad, Pad, Pad, Pad, Bass, Lead,
        ];
        const MORE: [Part; 16] = [
            Pad, Pad, Pad, Pad, Pluck, Pluck, Pluck, Pluck, Pad, Pad, Pad, Pad, Pluck, Pluck, Bass, Lead,
        ];
        *FIRST.get(index).unwrap_or(&MORE[index % 16])
    }

    pub(super) fn sound(self) -> &'static Sound {
        match self {
            Part::Lead => &LEAD,
            Part::Bass => &BASS,
            Part::Pad => &PAD,
            Part::Pluck => &PLUCK,
        }
    }
}

/// How a part sounds. Chosen for this piece, the balance set by the measured level of each part; times in seconds, frequencies in Hz.
#[derive(Debug)]
pub(super) struct Sound {
    /// Loudness in the mix.
    pub(super) level: f32,
    /// Mean power of the part at level 1.0, measured over one round; it keeps the whole equally loud for any number of voices.
    pub(super) power: f32,
    /// Time constants of the envelope.
    pub(super) rise: f32,
    pub(super) fall: f32,
    /// Where the envelope falls to between two notes.
    pub(super) floor: f32,
    /// Whether notes last until the next one.
    pub(super) sustains: bool,
    /// How long a sustained note falls before the next one begins.
    pub(super) dip: f32,
    /// Time constant with which the pitch slides to the next note.
    pub(super) glide: f32,
    /// Cut-off: a fixed share, and one that follows the note (a multiple of its frequency).
    pub(super) cutoff: f32,
    pub(super) follow: f32,
    /// How far a new note opens the filter (share of the cut-off), and the time constant with which that fades.
    pub(super) opening: f32,
    pub(super) closing: f32,
    /// 1/Q of the filter.
    pub(super) damping: f32,
    /// Depth of a vibrato of 5.2 Hz that sets in as the note goes on (share of the frequency).
    pub(super) vibrato: f32,
    /// Voices in unison are detuned by up to this many cents either way.
    pub(super) spread: f32,
    /// How far from the middle the part's voices sit, 0.0 to 1.0.
    pub(super) width: f32,
    /// Phase deviation of a bell at its strike, in half periods; 0 for a sawtooth.
    pub(super) deviation: f32,
    /// How much goes to the room, and to the echo.
    pub(super) room: f32,
    pub(super) echo: f32,
    /// Octave (as a frequency ratio) and gain of the first, second, ... layer of voices; then from the start again.
    pub(super) layers: [(f32, f32); 4],
}

const LEAD: Sound = Sound {
    level: 0.40,
    power: 0.23,
    rise: 0.07,
    fall: 0.03,
    floor: 0.3,
    sustains: true,
    dip: 0.045,
    glide: 0.018,
    cutoff: 350.0,
    follow: 1.5,
    opening: 0.9,
    closing: 0.45,
    damping: 1.2,
    vibrato: 0.003,
    spread: 7.0,
    width: 0.35,
    deviation: 0.0,
    room: 0.55,
    echo: 0.35,
    layers: [(1.0, 1.0), (1.0, 0.8), (0.5, 0.6), (1.0, 0.8)],
};

const BASS: Sound = Sound {
    level: 0.70,
    power: 0.126,
    rise: 0.03,
    fall: 0.04,
    floor: 0.25,
    sustains: true,
    dip: 0.05,
    glide: 0.004,
    cutoff: 90.0,
    follow: 1.6,
    opening: 1.6,
    closing: 0.5,
    damping: 1.3,
    vibrato: 0.0,
    spread: 3.0,
    width: 0.15,
    deviation: 0.0,
    room: 0.06,
    echo: 0.0,
    layers: [(1.0, 1.0), (2.0, 0.45), (1.0, 0.8), (1.0, 0.8)],
};

const PAD: Sound = Sound {
    level: 0.60,
    power: 0.222,
    rise: 0.42,
    fall: 0.09,
    floor: 0.12,
    sustains: true,
    dip: 0.16,
    glide: 0.001,
    cutoff: 420.0,
    follow: 1.7,
    opening: 0.5,
    closing: 1.6,
    damping: 1.35,
    vibrato: 0.0012,
    spread: 9.0,
    width: 0.8,
    deviation: 0.0,
    room: 0.42,
    echo: 0.0,
    layers: [(1.0, 1.0), (1.0, 1.0), (2.0, 0.35), (1.0, 0.9)],
};

const PLUCK: Sound = Sound {
    level: 1.0,
    power: 0.032,
    rise: 0.0012,
    fall: 0.55,
    floor: 0.0,
    sustains: false,
    dip: 0.0,
    glide: 0.0005,
    cutoff: 1_800.0,
    follow: 3.0,
    opening: 0.8,
    closing: 0.3,
    damping: 1.4,
    vibrato: 0.0,
    spread: 6.0,
    width: 0.7,
    deviation: 0.42,
    room: 0.5,
    echo: 0.5,
    layers: [(1.0, 1.0), (1.0, 0.8), (2.0, 0.3), (0.5, 0.5)],
};
