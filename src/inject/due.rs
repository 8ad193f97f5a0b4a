//! When faults are due that come again and again.

use super::Random;

/// Says when the next fault is due.
#[derive(Debug)]
pub(super) struct Due {
    every_ms: f64,
    jitter_ms: f64,
    start_ms: f64,
    /// Number of the next one, from 1.
    next: u64,
    due_ms: f64,
    random: Random,
}

impl Due {
    /// Every `every_ms`, give or take `jitter_ms`, counted from `now_ms`; `seed` decides the jitter.
    pub fn new(every_ms: f64, jitter_ms: f64, seed: u64, now_ms: f64) -> Self {
        let mut due = Due {
            every_ms,
            jitter_ms,
            start_ms: now_ms,
            next: 1,
            due_ms: 0.0,
            random: Random::new(seed),
        };
        due.due_ms = due.next_due();
        due
    }

    /// Whether one is due. Those missed meanwhile are not made up for.
    pub fn is_due(&mut self, now_ms: f64) -> bool {
        if now_ms < self.due_ms {
            return false;
        }
        // Not one by one: after a night's sleep there would be millions.
        self.next = self
            .next
            .max(((now_ms - self.start_ms - self.jitter_ms) / self.every_ms).max(0.0) as u64);
        while self.due_ms <= now_ms {
            self.next += 1;
            self.due_ms = self.next_due();
        }
        true
    }

    fn next_due(&mut self) -> f64 {
        let unit = self.random.unit();
        self.start_ms + self.next as f64 * self.every_ms + (2.0 * unit - 1.0) * self.jitter_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_on_time_within_their_jitter() {
        let mut due = Due::new(100.0, 30.0, 7, 1000.0);
        let starts: Vec<i32> = (1000..3000).filter(|now| due.is_due(f64::from(*now))).collect();
        assert!((19..=20).contains(&starts.len()), "{starts:?}");
        for (nth, start) in starts.iter().enumerate() {
            let planned = 1000 + 100 * (nth as i32 + 1);
            assert!((start - planned).abs() <= 31, "fault {nth} at {start}, planned {planned}");
        }
        assert!(starts.windows(2).any(|two| two[1] - two[0] != 100), "no jitter: {starts:?}");
    }

    #[test]
    fn missed_ones_are_left_out() {
        let mut due = Due::new(1.0, 0.0, 0, 0.0);
        assert!(!due.is_due(0.5));
        assert!(due.is_due(1e9) && !due.is_due(1e9 + 0.5) && due.is_due(1e9 + 1.0));
    }
}
