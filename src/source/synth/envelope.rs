//! Loudness over time, one value per control block; the samples in between are a straight line.

/// The share of the way to its goal that a one-pole smoother goes in one block of `frames`.
/// `seconds` is its time constant: 63 % of the way.
pub(super) fn share_per_block(seconds: f32, frames: usize, sample_rate: f32) -> f32 {
    1.0 - (-(frames as f32) / (seconds * sample_rate)).exp()
}

/// How an envelope moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Share of the way up per block.
    pub(super) rise: f32,
    /// Share of the way down per block.
    pub(super) fall: f32,
    /// Where it falls to, 0.0 to 1.0. Above 0, notes melt into each other and the sound never stops.
    pub(super) floor: f32,
    /// Whether it stays up until it is let go, or falls by itself as a struck string does.
    pub(super) sustains: bool,
}

/// Rises to a peak and falls to a floor, both exponentially.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    shape: Shape,
    level: f32,
    peak: f32,
    rising: bool,
}

impl Envelope {
    /// What is below is 0: -120 dB. It keeps the fall out of the denormal range, where arithmetic is slow.
    const NOTHING: f32 = 1e-6;

    pub(super) fn new(shape: Shape) -> Self {
        Envelope {
            shape,
            level: 0.0,
            peak: 0.0,
            rising: false,
        }
    }

    /// Begins to rise to `peak`, from wherever it is.
    pub(super) fn strike(&mut self, peak: f32) {
        self.peak = peak;
        self.rising = true;
    }

    /// Begins to fall to the floor.
    pub(super) fn let_go(&mut self) {
        self.rising = false;
    }

    /// Jumps to the peak at once: for the piece's first chord, which has no past to rise from.
    pub(super) fn arrive(&mut self) {
        self.level = self.peak;
    }

    /// The level at the end of the next block.
    pub(super) fn next(&mut self) -> f32 {
        if self.rising {
            // What falls by itself must reach its peak to turn round, so it aims a little higher.
            let goal = if self.shape.sustains { self.peak } else { 1.2 * self.peak };
            self.level += (goal - self.level) * self.shape.rise;
            if !self.shape.sustains && self.level >= self.peak {
                self.rising = false;
            }
        } else {
            self.level += (self.shape.floor * self.peak - self.level) * self.shape.fall;
            if self.level < Self::NOTHING {
                self.level = 0.0;
            }
        }
        self.level
    }
}
