//! Two sounds as loud as each other: who hears the louder one prefers it, whatever else it is.

/// Below this there is nothing to match: about -80 dB.
const SILENT: f64 = 1e-4;

/// The root of the mean square of `samples`.
pub fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

/// How A and B are to be corrected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Factors for A and for B: the louder one is made softer, nothing is made louder.
    pub gains: [f64; 2],
    /// By how much B was louder than A, in dB.
    pub b_louder_db: f64,
}

impl Match {
    /// Of two sounds with these levels; `None` when one of them was not to be heard.
    pub fn of(levels: [f64; 2]) -> Option<Match> {
        let least = levels[0].min(levels[1]);
        (least >= SILENT).then(|| Match {
            gains: levels.map(|level| least / level),
            b_louder_db: 20.0 * (levels[1] / levels[0]).log10(),
        })
    }

    /// In words.
    pub fn told(&self) -> String {
        let db = self.b_louder_db;
        match db {
            _ if db.abs() < 0.05 => "As loud as each other: nothing is corrected.".into(),
            _ if db > 0.0 => format!("B was {db:.1} dB louder and is played that much softer."),
            _ => format!("A was {:.1} dB louder and is played that much softer.", -db),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_that_of_all_samples() {
        assert_eq!(rms(&[0.5, -0.5, 0.5, -0.5]), 0.5);
        assert_eq!(rms(&[]), 0.0);
        assert!((rms(&[1.0, 0.0]) - 0.5_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_louder_one_is_made_softer() {
        let matched = Match::of([0.1, 0.2]).expect("both are heard");
        assert_eq!(matched.gains, [1.0, 0.5]);
        assert!(matched.told().starts_with("B was 6.0 dB louder"), "{}", matched.told());
        let other = Match::of([0.2, 0.1]).expect("both are heard");
        assert_eq!(other.gains, [0.5, 1.0]);
        assert!(other.told().starts_with("A was 6.0 dB louder"), "{}", other.told());
        let alike = Match::of([0.2, 0.2]).expect("both are heard");
        assert!(alike.told().contains("nothing is corrected"));
        assert_eq!(Match::of([0.2, 0.0]), None);
    }
}
