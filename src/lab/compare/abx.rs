//! A blind series: X is A or B at random, and somebody says which. What chance alone would have done decides what the answers are worth.

use serde::Serialize;

use crate::inject::Random;

/// Least and most trials of a series. Up to 50 the binomial coefficients are exact in `f64`.
pub const TRIALS: core::ops::RangeInclusive<u64> = 3..=50;
/// Guessing does as well as the answers in fewer series than this: then a difference was heard.
const CONVINCING: f64 = 0.05;

/// One of the two that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

impl Side {
    /// Its place in a pair.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What a finished series came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Trials.
    pub trials: u64,
    /// Right answers.
    pub correct: u64,
    /// The share of series in which guessing does as well or better: one-sided, exact.
    pub p: f64,
}

/// A series that is on.
#[derive(Debug)]
pub struct Series {
    random: Random,
    trials: u64,
    x: Side,
    answers: Vec<(Side, Side)>,
}

impl Series {
    /// A series of `trials` (brought into [`TRIALS`]); `seed` decides what X is each time.
    pub fn new(trials: u64, seed: u64) -> Series {
        let mut random = Random::new(seed);
        let x = draw(&mut random);
        Series {
            random,
            trials: trials.clamp(*TRIALS.start(), *TRIALS.end()),
            x,
            answers: Vec::new(),
        }
    }

    /// What X is in this trial. Nothing that can be seen may depend on it.
    pub fn x(&self) -> Side {
        self.x
    }

    /// Number of this trial, from 1, and of all.
    pub fn place(&self) -> (u64, u64) {
        ((self.answers.len() as u64 + 1).min(self.trials), self.trials)
    }

    /// Somebody says that X is `side`. Returns what the series came to, if that was the last answer; nobody is told before whether one was right.
    pub fn answer(&mut self, side: Side) -> Option<Outcome> {
        if (self.answers.len() as u64) < self.trials {
            self.answers.push((self.x, side));
            self.x = draw(&mut self.random);
        }
        self.outcome()
    }

    /// What it came to; `None` before the last answer.
    pub fn outcome(&self) -> Option<Outcome> {
        let trials = self.answers.len() as u64;
        if trials < self.trials {
            return None;
        }
        let correct = self.answers.iter().filter(|(x, said)| x == said).count() as u64;
        Some(Outcome {
            trials,
            correct,
            p: by_chance(correct, trials),
        })
    }
}

impl Outcome {
    /// In words.
    pub fn verdict(&self) -> String {
        let Outcome { trials, correct, p } = *self;
        let chance = if p < 0.001 {
            "less than 0.1 %".into()
        } else {
            format!("{:.1} %", 100.0 * p)
        };
        let meaning = if p < CONVINCING {
            "You heard a difference."
        } else {
            "That shows no difference."
        };
        format!("{correct} of {trials} right; guessing does as well in {chance} of such series (p = {p:.3}). {meaning}")
    }
}

fn draw(random: &mut Random) -> Side {
    if random.unit() < 0.5 { Side::A } else { Side::B }
}

/// The probability that guessing is right `correct` times or more in `trials`.
pub fn by_chance(correct: u64, trials: u64) -> f64 {
    // C(n, 0), C(n, 1), … each from the one before: whole numbers all the way.
    let (mut ways, mut enough) = (1_u128, 0_u128);
    for right in 0..=trials {
        if right >= correct {
            enough += ways;
        }
        ways = ways * u128::from(trials - right) / u128::from(right + 1);
    }
    enough as f64 / (trials as f64).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_the_binomial_tail() {
        assert_eq!(by_chance(0, 10), 1.0);
        assert_eq!(by_chance(10, 10), 1.0 / 1024.0);
        // 45 + 10 + 1 of 1024.
        assert_eq!(by_chance(8, 10), 56.0 / 1024.0);
        assert_eq!(by_chance(9, 10), 11.0 / 1024.0);
        // Odd numbers of trials split evenly.
        assert_eq!(by_chance(26, 51 - 2), by_chance(26, 49));
        assert!((by_chance(25, 49) - 0.5).abs() < 1e-12);
        assert_eq!(by_chance(50, 50), (-50.0_f64).exp2());
    }

    #[test]
    fn somebody_who_hears_it_is_always_right_and_one_seed_gives_one_series() {
        let play = |seed| {
            let mut series = Series::new(10, seed);
            let mut drawn = Vec::new();
            loop {
                drawn.push(series.x());
                if let Some(outcome) = series.answer(series.x()) {
                    return (drawn, outcome);
                }
            }
        };
        let (drawn, outcome) = play(5);
        assert_eq!((outcome.trials, outcome.correct), (10, 10));
        assert!(outcome.verdict().contains("You heard a difference"), "{}", outcome.verdict());
        assert_eq!(play(5).0, drawn);
        let others: Vec<_> = (0..40).map(|seed| play(seed).0).collect();
        assert!(others.iter().any(|other| *other != drawn));
        let sides: Vec<_> = others.concat();
        let of_a = sides.iter().filter(|side| **side == Side::A).count();
        // 400 draws: five deviations are 50.
        assert!((150..=250).contains(&of_a), "{of_a} of {}", sides.len());
    }

    #[test]
    fn always_the_same_answer_shows_nothing() {
        let mut series = Series::new(20, 3);
        let mut outcome = None;
        while outcome.is_none() {
            outcome = series.answer(Side::A);
        }
        let outcome = outcome.expect("the loop ends with one");
        assert!(outcome.p > CONVINCING, "{outcome:?}");
        assert!(outcome.verdict().contains("shows no difference"));
    }

    #[test]
    fn nothing_is_told_before_the_end_and_nothing_counts_after_it() {
        let mut series = Series::new(0, 1);
        assert_eq!(series.place(), (1, 3), "three at least");
        assert_eq!(series.answer(Side::A), None);
        assert_eq!(series.place(), (2, 3));
        assert_eq!(series.answer(Side::B), None);
        let outcome = series.answer(Side::A);
        assert_eq!(series.answer(Side::B), outcome);
        assert_eq!(outcome.map(|outcome| outcome.trials), Some(3));
        assert_eq!(Series::new(1000, 1).place().1, 50);
    }
}
