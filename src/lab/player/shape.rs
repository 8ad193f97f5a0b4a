//! The waveform in columns: as many as the canvas has, out of as many as were measured.

/// What was measured of a stretch of sound, full scale at 1.0. Channels are taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Lowest sample.
    pub low: f32,
    /// Highest sample.
    pub high: f32,
    /// Root of the mean square.
    pub rms: f32,
}

/// The overview of a file as far as it is known: stretches of equal time from its beginning to its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape(pub Vec<Option<Peak>>);

impl Shape {
    /// From three rows of equal length: lowest samples, highest samples, levels. Where nothing was measured yet they are no numbers.
    pub fn from_rows(low: &[f32], high: &[f32], rms: &[f32]) -> Self {
        let rows = low.iter().zip(high).zip(rms);
        let peaks = rows.map(|((low, high), rms)| {
            let [low, high, rms] = [*low, *high, *rms];
            (low.is_finite() && high.is_finite() && rms.is_finite()).then_some(Peak { low, high, rms })
        });
        Shape(peaks.collect())
    }

    /// What column `column` of `columns` shows. One that is narrower than a stretch shows the stretch in which it begins.
    pub fn column(&self, column: usize, columns: usize) -> Option<Peak> {
        let place = |column: usize| column * self.0.len() / columns.max(1);
        let first = place(column);
        let behind = place(column + 1).max(first + 1);
        let measured = self.0.get(first..behind.min(self.0.len()))?.iter().flatten();
        let (mut count, mut square) = (0.0, 0.0);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for peak in measured {
            count += 1.0;
            square += peak.rms * peak.rms;
            low = low.min(peak.low);
            high = high.max(peak.high);
        }
        (count > 0.0).then(|| Peak {
            low,
            high,
            rms: (square / count).sqrt(),
        })
    }

    /// How much larger than it is the waveform is drawn, so that quiet files have a shape, too: the loudest part fills the height. At most four times, so
    /// that hiss stays small.
    pub fn zoom(&self) -> f32 {
        let loudest = self
            .0
            .iter()
            .flatten()
            .fold(0.0_f32, |most, peak| most.max(-peak.low).max(peak.high));
        if loudest > 0.0 { (1.0 / loudest).min(4.0) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(level: f32) -> Option<Peak> {
        Some(Peak {
            low: -level,
            high: level / 2.0,
            rms: level / 4.0,
        })
    }

    fn shape() -> Shape {
        Shape(vec![peak(0.1), peak(0.4), None, peak(0.2)])
    }

    #[test]
    fn what_is_no_number_was_not_measured() {
        let rows = Shape::from_rows(&[-0.1, f32::NAN], &[0.05, f32::NAN], &[0.025, f32::NAN]);
        assert_eq!(rows, Shape(vec![peak(0.1), None]));
    }

    #[test]
    fn a_column_shows_all_that_it_covers() {
        let column = shape().column(0, 2).unwrap();
        assert_eq!((column.low, column.high), (-0.4, 0.2));
        let mean: f32 = (0.025 * 0.025 + 0.1 * 0.1) / 2.0;
        assert!((column.rms - mean.sqrt()).abs() < 1e-6);
        assert_eq!(shape().column(1, 2), peak(0.2), "as far as it was measured");
    }

    #[test]
    fn a_narrow_column_shows_the_stretch_in_which_it_begins() {
        assert_eq!(shape().column(199, 400), peak(0.4));
        assert_eq!(shape().column(399, 400), peak(0.2));
    }

    #[test]
    fn what_was_not_measured_is_not_shown() {
        assert_eq!(shape().column(2, 4), None);
        assert_eq!(shape().column(4, 4), None, "behind the end");
        assert_eq!(Shape::default().column(0, 1), None);
        assert_eq!(Shape::default().column(0, 0), None);
    }

    #[test]
    fn quiet_sound_is_drawn_larger_but_hiss_stays_small() {
        assert_eq!(shape().zoom(), 2.5);
        assert_eq!(Shape(vec![peak(0.001)]).zoom(), 4.0);
        assert_eq!(Shape(vec![peak(1.25)]).zoom(), 0.8, "what clips is drawn whole");
        assert_eq!(Shape::default().zoom(), 1.0);
    }
}
