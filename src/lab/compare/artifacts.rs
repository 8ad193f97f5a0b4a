//! What edges sound like: energy from 17 to 20 kHz in the spectrum of what was really put out, beside the tone that was played.

use core::ops::Range;

use serde::Serialize;

use super::plan::TONE_HZ;
use super::stats::median;

/// Where a break in a low tone is heard as a high one, in Hz.
const BAND: Range<f64> = 17_000.0..20_000.0;
/// By how much the tone's energy spreads to either side, in bins: the main lobe of the analyser's window.
const LOBE_BINS: f64 = 4.0;
/// A tone below this was not there: a gap as long as the whole look.
const NO_TONE_DB: f64 = -80.0;
/// What is less than this counts as this: a band without any energy has no decibels.
const FLOOR_DB: f64 = -180.0;

/// What was seen of a cell's output.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifacts {
    /// Half of the looks found no more, in dB relative to the tone.
    pub median_db: f64,
    /// None found more.
    pub max_db: f64,
    /// Looks that found the tone.
    pub looks: usize,
    /// Looks that found no tone at all.
    pub silent_looks: usize,
}

/// Collects looks at the output.
#[derive(Debug, Default)]
pub struct Looks {
    relative_db: Vec<f64>,
    silent: usize,
}

impl Looks {
    /// Takes in one spectrum, as an analyser gives it: dB per bin, from 0 Hz to half of `sample_rate`.
    pub fn add(&mut self, bins_db: &[f32], sample_rate: f64) {
        match relative_db(bins_db, sample_rate) {
            Some(db) => self.relative_db.push(db),
            None => self.silent += 1,
        }
    }

    /// What they come to; `None` when none of them found the tone, or when `sample_rate` has no such band.
    pub fn sum(mut self) -> Option<Artifacts> {
        self.relative_db.sort_by(f64::total_cmp);
        Some(Artifacts {
            median_db: median(&self.relative_db)?,
            max_db: *self.relative_db.last()?,
            looks: self.relative_db.len(),
            silent_looks: self.silent,
        })
    }
}

/// Energy of the band relative to that of the tone, in dB; `None` without a tone, or without the band.
fn relative_db(bins_db: &[f32], sample_rate: f64) -> Option<f64> {
    let bin_hz = sample_rate / 2.0 / bins_db.len().max(1) as f64;
    if sample_rate / 2.0 < BAND.end {
        return None;
    }
    let power = |range: Range<f64>| -> f64 {
        let bins = (range.start / bin_hz).ceil() as usize..((range.end / bin_hz).floor() as usize + 1).min(bins_db.len());
        bins_db[bins].iter().map(|db| 10_f64.powf(f64::from(*db) / 10.0)).sum()
    };
    let db = |power: f64| (10.0 * power.log10()).max(FLOOR_DB);
    let lobe = LOBE_BINS * bin_hz;
    let tone = db(power(TONE_HZ - lobe..TONE_HZ + lobe));
    (tone > NO_TONE_DB).then(|| (db(power(BAND)) - tone).max(FLOOR_DB))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 44_100.0;

    /// 1024 bins of a tone at 0 dB and a band whose bins have `band` dB each.
    fn spectrum(tone: f32, band: f32) -> Vec<f32> {
        let mut bins = vec![f32::NEG_INFINITY; 1024];
        let bin_hz = RATE / 2048.0;
        bins[(440.0 / bin_hz).round() as usize] = tone;
        for (nth, bin) in bins.iter_mut().enumerate() {
            if BAND.contains(&(nth as f64 * bin_hz)) {
                *bin = band;
            }
        }
        bins
    }

    #[test]
    fn the_band_is_told_relative_to_the_tone() {
        // 140 bins or so with a thousandth of a millionth of the energy each.
        let db = relative_db(&spectrum(-10.0, -100.0), RATE).expect("there is a tone");
        assert!((-69.0..-68.0).contains(&db), "{db}");
        assert_eq!(relative_db(&spectrum(0.0, f32::NEG_INFINITY), RATE), Some(FLOOR_DB));
        assert_eq!(relative_db(&spectrum(-90.0, -100.0), RATE), None);
        assert_eq!(relative_db(&[], RATE), None);
        assert_eq!(relative_db(&spectrum(0.0, -100.0), 32_000.0), None, "nothing to be known there");
    }

    #[test]
    fn looks_come_to_a_median_and_the_worst() {
        let mut looks = Looks::default();
        for band in [-100.0, -120.0, -40.0] {
            looks.add(&spectrum(0.0, band), RATE);
        }
        looks.add(&spectrum(f32::NEG_INFINITY, -40.0), RATE);
        let seen = looks.sum().expect("there were looks");
        assert_eq!((seen.looks, seen.silent_looks), (3, 1));
        assert!((-79.0..-78.0).contains(&seen.median_db), "{seen:?}");
        assert!((-19.0..-18.0).contains(&seen.max_db), "{seen:?}");
        assert_eq!(Looks::default().sum(), None);
    }
}
