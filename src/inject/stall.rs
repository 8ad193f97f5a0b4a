//! When stalls are due.

use super::Random;
use crate::error::{Error, in_range};

/// Stalls of the producer: it stands still for `ms`, every `every_ms`, give or take `jitter_ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StallPlan {
    /// Length of each stall in milliseconds, 1 to 60,000.
    pub ms: f64,
    /// From the beginning of one to the beginning of the next, in milliseconds, 1 to 3,600,000.
    pub every_ms: f64,
    /// Each beginning is moved by up to this much, either way, in milliseconds; 0 to `every_ms`.
    pub jitter_ms: f64,
    /// Decides the jitter.
    pub seed: u64,
}

/// Says when the next stall is due.
#[derive(Debug)]
pub struct Staller {
    plan: StallPlan,
    /// Number of the next stall, from 1.
    next: u64,
    start_ms: f64,
    due_ms: f64,
    random: Random,
}

impl Staller {
    /// Stalls as planned, counted from `now_ms`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn new(plan: StallPlan, now_ms: f64) -> Result<Self, Error> {
        in_range("a stall's ms", plan.ms, 1.0, 60_000.0, " ms")?;
        in_range("a stall's everyMs", plan.every_ms, 1.0, 3_600_000.0, " ms")?;
        in_range("a stall's jitterMs", plan.jitter_ms, 0.0, plan.every_ms, " ms")?;
        let mut staller = Staller {
            plan,
            next: 1,
            start_ms: now_ms,
            due_ms: 0.0,
            random: Random::new(plan.seed),
        };
        staller.due_ms = staller.next_due();
        Ok(staller)
    }

    /// The length of the stall that is due, in milliseconds, if one is. Stalls missed meanwhile are not made up for.
    pub fn due(&mut self, now_ms: f64) -> Option<f64> {
        if now_ms < self.due_ms {
            return None;
        }
        while self.due_ms <= now_ms {
            self.next += 1;
            self.due_ms = self.next_due();
        }
        Some(self.plan.ms)
    }

    /// Milliseconds until the next stall, 0 or more.
    pub fn due_in(&self, now_ms: f64) -> f64 {
        (self.due_ms - now_ms).max(0.0)
    }

    fn next_due(&mut self) -> f64 {
        let unit = self.random.unit();
        self.start_ms + self.next as f64 * self.plan.every_ms + (2.0 * unit - 1.0) * self.plan.jitter_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: StallPlan = StallPlan {
        ms: 20.0,
        every_ms: 100.0,
        jitter_ms: 30.0,
        seed: 7,
    };

    #[test]
    fn stalls_come_on_time_within_their_jitter() {
        let mut staller = Staller::new(PLAN, 1000.0).expect("a good plan");
        let mut starts = Vec::new();
        for now in 1000..3000 {
            if staller.due(f64::from(now)).is_some() {
                starts.push(now);
            }
        }
        assert!((19..=20).contains(&starts.len()), "{starts:?}");
        for (nth, start) in starts.iter().enumerate() {
            let planned = 1000 + 100 * (nth as i32 + 1);
            assert!((start - planned).abs() <= 31, "stall {nth} at {start}, planned {planned}");
        }
        assert!(starts.windows(2).any(|two| two[1] - two[0] != 100), "no jitter: {starts:?}");
    }

    #[test]
    fn a_plan_out_of_range_is_refused_by_name() {
        let plan = StallPlan { ms: 0.0, ..PLAN };
        let error = Staller::new(plan, 0.0).expect_err("0 ms is no stall");
        assert_eq!(error.to_string(), "a stall's ms is 0: it must be 1 to 60000 ms");
        assert!(Staller::new(StallPlan { jitter_ms: 101.0, ..PLAN }, 0.0).is_err());
    }
}
