//! A range of columns, filled with frames as they are decoded.

use std::ops::Range;

use super::cell::Cell;
use super::{COLUMNS, Overview};
use crate::error::{Error, in_range};

/// How many times finer than a column a sound of unknown length is kept at least, once it is as long as that: its columns' bounds are off by no more than this share of a column.
const FINER: usize = 8;

/// How frames fall into cells.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Grid {
    /// One cell per column of a sound of so many frames.
    Known(u64),
    /// Cells of 2^n frames each; n grows with the sound.
    Open(u32),
}

/// Some columns of an overview, or all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewPart {
    /// Columns of the whole.
    columns: usize,
    /// Rate in Hz in which positions are given.
    rate: u32,
    grid: Grid,
    /// The columns that are filled here.
    range: Range<usize>,
    /// Of a known length: those of `range`. Otherwise from the beginning on, as many as there is sound, at most 2 x [`FINER`] per column.
    cells: Vec<Cell>,
    /// First frame behind all that was pushed, at `rate`.
    end: u64,
}

impl OverviewPart {
    /// An empty part for the columns of `range`, out of `columns` (1 to 10,000) for a sound of `frames` frames at `rate` Hz. Of unknown length (`None`, or 0 frames), all columns are one part,
    /// whatever `range` says.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]: too few or too many columns, a range that goes beyond them, a rate of 0.
    pub fn new(columns: usize, range: Range<usize>, rate: u32, frames: Option<u64>) -> Result<OverviewPart, Error> {
        let (fewest, most) = (*COLUMNS.start() as f64, *COLUMNS.end() as f64);
        in_range("the number of columns", columns as f64, fewest, most, "")?;
        in_range(
            "the end of the columns' range",
            range.end as f64,
            range.start as f64,
            columns as f64,
            "",
        )?;
        in_range("the sample rate", f64::from(rate), 1.0, f64::from(u32::MAX), " Hz")?;
        let (grid, range) = match frames.filter(|frames| *frames > 0) {
            Some(frames) => (Grid::Known(frames), range),
            None => (Grid::Open(0), 0..columns),
        };
        let held = if grid == Grid::Open(0) { 0 } else { range.len() };
        Ok(OverviewPart {
            columns,
            rate,
            grid,
            range,
            cells: vec![Cell::EMPTY; held],
            end: 0,
        })
    }

    /// The columns that are filled here.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The frames that belong to this part, in frames at its own rate. Those of a sound of unknown length have no end.
    pub fn frames(&self) -> Range<u64> {
        match self.grid {
            Grid::Known(_) => self.first_frame(self.range.start)..self.first_frame(self.range.end),
            Grid::Open(_) => 0..u64::MAX,
        }
    }

    /// First frame behind all that was pushed.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds interleaved frames of `channels` samples at `rate` Hz, the first of which is frame `at` at this part's own rate. What lies in other columns, or behind a known length, is left out.
    ///
    /// A frame belongs to the column in which it begins.
    ///
    /// # Panics
    /// If `rate` or `channels` is 0.
    pub fn push(&mut self, at: u64, samples: &[f32], rate: u32, channels: usize) {
        let frames = samples.len() / channels;
        let mut done = 0;
        while done < frames {
            let cell = self.cell_of(at, done as u64, rate);
            // Frames until the next cell begins.
            let next = self
                .first_of(cell.saturating_add(1), at, rate)
                .clamp(done as u64 + 1, frames as u64) as usize;
            let here = &samples[done * channels..next * channels];
            if let Some(cell) = self.cell_at(cell) {
                cell.push(here);
            }
            done = next;
        }
        let behind = u128::from(at) + (frames as u128 * u128::from(self.rate)).div_ceil(u128::from(rate));
        self.end = self.end.max(behind.try_into().unwrap_or(u64::MAX));
    }

    /// Adds what another part of the same overview holds. The columns of both must lie side by side, in any order, or overlap; frames pushed to both count twice.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when there is a gap between the two, or they are not of the same overview.
    pub fn merge(&mut self, other: &OverviewPart) -> Result<(), Error> {
        let known = |grid| if let Grid::Known(frames) = grid { frames } else { 0 };
        let same = [
            ("the other part's number of columns", other.columns as f64, self.columns as f64),
            ("the other part's sample rate", f64::from(other.rate), f64::from(self.rate)),
            ("the other part's length", known(other.grid) as f64, known(self.grid) as f64),
        ];
        for (what, theirs, ours) in same {
            in_range(what, theirs, ours, ours, "")?;
        }
        let touches = (self.range.start as f64, self.range.end as f64);
        let nearest = other.range.start.max(self.range.start).min(other.range.end);
        in_range("the other part's nearest column", nearest as f64, touches.0, touches.1, "")?;
        self.end = self.end.max(other.end);
        if let (Grid::Open(_), Grid::Open(theirs)) = (self.grid, other.grid) {
            while matches!(self.grid, Grid::Open(ours) if ours < theirs) {
                self.halve();
            }
            for (nth, cell) in other.cells.iter().enumerate() {
                let first = (nth as u128) << theirs;
                let nth = self.cell_of(u64::try_from(first).unwrap_or(u64::MAX), 0, self.rate);
                if let Some(ours) = self.cell_at(nth) {
                    ours.add(cell);
                }
            }
            return Ok(());
        }
        let range = self.range.start.min(other.range.start)..self.range.end.max(other.range.end);
        let mut cells = vec![Cell::EMPTY; range.len()];
        for part in [&*self, other] {
            for (cell, added) in cells[part.range.start - range.start..].iter_mut().zip(&part.cells) {
                cell.add(added);
            }
        }
        (self.range, self.cells) = (range, cells);
        Ok(())
    }

    /// The columns of [`range`](OverviewPart::range) as far as they are known. Of a sound of unknown length: as long as it is so far, or as `guess` frames if those are more.
    ///
    /// Where columns are shorter than a frame, each shows the frame that sounds when it begins.
    pub fn overview(&self, guess: Option<u64>) -> Overview {
        let mut overview = Overview::default();
        for column in self.range.clone() {
            let [min, max, rms] = match self.grid {
                Grid::Known(frames) => {
                    // The same column unless columns are shorter than frames.
                    let of_frame = |frame| (u128::from(frame) * self.columns as u128 / u128::from(frames)) as usize;
                    let shown = if frames < self.columns as u64 {
                        of_frame(self.frame_at(column))
                    } else {
                        column
                    };
                    let cell = shown.checked_sub(self.range.start).and_then(|nth| self.cells.get(nth));
                    cell.map_or([f32::NAN; 3], Cell::figures)
                }
                Grid::Open(_) => self.open_column(column, guess.unwrap_or(0).max(self.end)).figures(),
            };
            overview.min.push(min);
            overview.max.push(max);
            overview.rms.push(rms);
        }
        overview
    }

    /// A column of a sound of `frames` frames, from finer cells.
    fn open_column(&self, column: usize, frames: u64) -> Cell {
        let Grid::Open(power) = self.grid else { return Cell::EMPTY };
        let cells = u128::from(frames).div_ceil(1 << power);
        let bound = |column: usize| (column as u128 * cells / self.columns as u128) as usize;
        let first = bound(column);
        // A column shorter than a cell shows the one that it lies in.
        let last = bound(column + 1).max(first + 1);
        let mut sum = Cell::EMPTY;
        for cell in self.cells.iter().take(last).skip(first) {
            sum.add(cell);
        }
        sum
    }

    /// First frame that begins in a column of a known length.
    fn first_frame(&self, column: usize) -> u64 {
        let Grid::Known(frames) = self.grid else { return 0 };
        (column as u128 * u128::from(frames)).div_ceil(self.columns as u128) as u64
    }

    /// The frame that sounds when a column of a known length begins.
    fn frame_at(&self, column: usize) -> u64 {
        let Grid::Known(frames) = self.grid else { return 0 };
        (column as u128 * u128::from(frames) / self.columns as u128) as u64
    }

    /// The cell, counted from the beginning of the sound, in which frame `nth` (at `rate`) behind `at` (at this part's rate) begins.
    fn cell_of(&self, at: u64, nth: u64, rate: u32) -> u64 {
        // Positions in 1/rate of a frame.
        let position = u128::from(at) * u128::from(rate) + u128::from(nth) * u128::from(self.rate);
        let cell = match self.grid {
            // A position is below 2^97, and there are fewer than 2^14 columns.
            Grid::Known(frames) => position * self.columns as u128 / (u128::from(frames) * u128::from(rate)),
            Grid::Open(power) => (position / u128::from(rate)) >> power,
        };
        u64::try_from(cell).unwrap_or(u64::MAX)
    }

    /// The first `nth` of [`cell_of`](OverviewPart::cell_of) that lies in `cell` or behind it.
    fn first_of(&self, cell: u64, at: u64, rate: u32) -> u64 {
        let (cell, rate) = (u128::from(cell), u128::from(rate));
        let begins = match self.grid {
            Grid::Known(frames) => (cell.saturating_mul(u128::from(frames) * rate)).div_ceil(self.columns as u128),
            Grid::Open(power) => cell.saturating_mul(rate << power),
        };
        let nth = begins.saturating_sub(u128::from(at) * rate).div_ceil(u128::from(self.rate));
        u64::try_from(nth).unwrap_or(u64::MAX)
    }

    /// A cell by its number from the beginning of the sound, if it is held here. Makes room in a sound of unknown length.
    fn cell_at(&mut self, mut cell: u64) -> Option<&mut Cell> {
        if let Grid::Open(_) = self.grid {
            while cell >= (2 * FINER * self.columns) as u64 {
                self.halve();
                cell /= 2;
            }
            let needed = cell as usize + 1;
            if needed > self.cells.len() {
                self.cells.resize(needed, Cell::EMPTY);
            }
        }
        let first = if let Grid::Known(_) = self.grid { self.range.start } else { 0 };
        self.cells.get_mut(usize::try_from(cell).ok()?.checked_sub(first)?)
    }

    /// Makes the cells of a sound of unknown length twice as long.
    fn halve(&mut self) {
        let Grid::Open(power) = &mut self.grid else { return };
        *power += 1;
        let halved = self.cells.chunks(2).map(|pair| {
            let mut sum = pair[0];
            if let Some(second) = pair.get(1) {
                sum.add(second);
            }
            sum
        });
        self.cells = halved.collect();
    }
}
