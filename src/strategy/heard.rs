//! `buffer-source`: the page plays `AudioBufferSourceNode`s one after the other; the audio thread listens to what comes of it.
//!
//! Nothing tells when such a node plays, or that the next one came too late. So each buffer has one channel more than there is sound: in it stands the number of each frame, counted from 1. What
//! arrives with its number was played; where there is none, there was nothing to play.

use super::{Look, Reader, Taken};
use crate::consume::Planar;
use crate::ring::Consumer;

/// Numbers run from 1 to so many and begin again: f32 is exact up to 2^24. 0 is silence.
pub const NUMBERS: u64 = (1 << 24) - 1;

/// The number of the frame at `position` among all frames committed.
pub fn number_of(position: u64) -> f32 {
    (position % NUMBERS + 1) as f32
}

/// Listens.
#[derive(Debug)]
pub struct Heard {
    consumer: Consumer,
    /// What arrived, with the numbers as its last channel.
    inlet: Planar,
    /// Frames of it that were put out.
    at: usize,
    /// Whether anything was played yet.
    begun: bool,
}

impl Heard {
    /// Listens to quanta of up to `quantum` frames; positions are kept in the ring of `consumer`. Allocates.
    pub fn new(consumer: Consumer, quantum: usize) -> Self {
        let inlet = Planar::new(consumer.ring().channels() + 1, quantum);
        Heard {
            consumer,
            inlet,
            at: 0,
            begun: false,
        }
    }

    /// Whether nothing of ours arrived in this quantum.
    fn is_silent(&self) -> bool {
        self.inlet
            .channel(self.consumer.ring().channels())
            .iter()
            .all(|number| *number == 0.0)
    }
}

impl Reader for Heard {
    fn look(&mut self) -> Look {
        self.at = 0;
        self.begun |= !self.is_silent();
        Look {
            fill: self.consumer.read_available(),
            waits: !self.begun,
            ..Look::default()
        }
    }

    fn inlet(&mut self) -> Option<&mut Planar> {
        Some(&mut self.inlet)
    }

    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken {
        let channels = self.consumer.ring().channels();
        let (mut taken, end) = (Taken::default(), (self.at + frames).min(self.inlet.frames()));
        let mut read = self.consumer.position();
        for at in self.at..end {
            let number = self.inlet.channel(channels)[at];
            taken.frames += 1;
            if number == number_of(read) {
                read += 1;
                continue;
            }
            if number == 0.0 {
                taken.holes += 1;
                continue;
            }
            let ahead = (number as u64 + NUMBERS - (read % NUMBERS + 1)) % NUMBERS;
            let (whole, new) = (number.fract() == 0.0, ahead < NUMBERS / 2);
            if whole && new && read + ahead < self.consumer.position() + self.consumer.known_available() as u64 {
                // Frames between were never played.
                taken.superseded += ahead as usize;
                read += ahead + 1;
            } else {
                // Nothing new. And no frame at all where it is of two nodes at once, or of one that plays between two frames.
                taken.repeated += 1;
                taken.torn += usize::from(!whole || new);
            }
        }
        if !repeat && read == self.consumer.position() + self.consumer.known_available() as u64 {
            // What follows the last frame of all is no gap.
            let numbers = &self.inlet.channel(channels)[self.at..end];
            let after = numbers.iter().rev().take_while(|number| **number == 0.0).count();
            taken.frames -= after;
            taken.holes -= after;
        }
        for channel in 0..channels {
            let samples = self.inlet.channel(channel);
            out.channel_mut(channel)[..taken.frames].copy_from_slice(&samples[self.at..self.at + taken.frames]);
        }
        self.at = end;
        self.consumer.skip_to(read);
        taken
    }

    fn position(&self) -> u64 {
        self.consumer.position()
    }

    fn producer_waits(&mut self) -> bool {
        self.consumer.producer_waits()
    }
}
