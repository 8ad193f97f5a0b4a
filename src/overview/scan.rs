//! Decodes a file for its overview, range by range.

use super::OverviewPart;
use crate::source::file::{Track, TrackStep, Trouble};

/// Packets without sound after which one [`turn`](Scan::turn) stops.
const TURN_PACKETS: usize = 256;

/// What one turn led to.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanTurn {
    /// There is more to do.
    Going,
    /// Another decoder has to answer first: return to the event loop, then go on.
    Waiting,
    /// The range is decoded, or the file ended before its end: as it should, or because of this.
    Done(Option<Trouble>),
}

/// A track that is read for its overview.
pub struct Scan {
    track: Box<dyn Track>,
    /// What is being filled.
    part: Option<OverviewPart>,
    /// Where the track's last sound begins and ends, in frames at the file's rate, as long as it still holds it.
    held: Option<(u64, u64)>,
    /// Where the track goes on.
    next: u64,
    /// The file's end was met.
    ended: Option<Option<Trouble>>,
}

impl Scan {
    /// Reads that track, from where it is: the beginning.
    pub fn new(track: Box<dyn Track>) -> Scan {
        Scan {
            track,
            part: None,
            held: None,
            next: 0,
            ended: None,
        }
    }

    /// The track.
    pub fn track(&self) -> &dyn Track {
        &*self.track
    }

    /// What is filled, as far as it is.
    pub fn part(&self) -> Option<&OverviewPart> {
        self.part.as_ref()
    }

    /// Whether what comes before frame `frame` was passed already, so that getting there needs a seek.
    pub fn is_behind(&self, frame: u64) -> bool {
        self.held.map_or(self.next, |(begin, _)| begin) > frame
    }

    /// Fills `part` from now on: goes to its first frame, unless that is where the track is.
    ///
    /// # Errors
    /// The track cannot be sought in: see [`Track::seek`]. [`read_on`](Scan::read_on) may do.
    pub fn begin(&mut self, part: OverviewPart) -> Result<(), Trouble> {
        let first = part.frames().start;
        let is_here = !self.is_behind(first) && first <= self.next;
        if !is_here {
            self.held = None;
            self.ended = None;
            self.next = self.track.seek(first)?;
        }
        self.read_on(part);
        Ok(())
    }

    /// Fills `part` from now on, from where the track is: what lies between is decoded and left out.
    pub fn read_on(&mut self, part: OverviewPart) {
        self.part = Some(part);
        // The packet across two ranges belongs to both.
        if self.held.is_some() {
            self.take();
        }
    }

    /// Decodes about `seconds` of sound.
    pub fn turn(&mut self, seconds: f64) -> ScanTurn {
        let Some(part) = &self.part else { return ScanTurn::Done(None) };
        let end = part.frames().end;
        let enough = self
            .next
            .saturating_add((seconds * f64::from(self.track.info().sample_rate)) as u64);
        for _ in 0..TURN_PACKETS {
            if let Some(trouble) = &self.ended {
                return ScanTurn::Done(trouble.clone());
            }
            if self.next >= end {
                return ScanTurn::Done(None);
            }
            if self.next > enough {
                break;
            }
            match self.track.step() {
                TrackStep::Sound => self.take(),
                TrackStep::Nothing => {}
                TrackStep::Waiting => return ScanTurn::Waiting,
                TrackStep::End(trouble) => self.ended = Some(trouble),
            }
        }
        ScanTurn::Going
    }

    /// Adds the track's sound to the part.
    fn take(&mut self) {
        let sound = self.track.sound();
        if let Some(part) = &mut self.part {
            part.push(sound.at, sound.samples, sound.rate, sound.channels);
        }
        let frames = (sound.samples.len() / sound.channels) as u128;
        let length = frames * u128::from(self.track.info().sample_rate) / u128::from(sound.rate);
        let end = sound.at.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        self.held = Some((sound.at, end));
        self.next = end;
    }
}
