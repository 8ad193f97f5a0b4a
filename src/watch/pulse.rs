//! Whether the producer lives.

/// A producer that shows no sign of life for so long is lost, in ms.
const LOST_AFTER_MS: f64 = 2000.0;
/// Most that one look can count of it, in ms: whatever stood still together with the page gets a moment in which to show that it lives.
const MOST_AT_ONCE_MS: f64 = LOST_AFTER_MS / 2.0;

/// How long the producer has shown no sign of life.
///
/// Only time counts in which it could have shown one. Where the page was not there to look, and the device asked for nothing meanwhile, everything stood still; where
/// the device went on, it was the page alone (a long task, or timers that a hidden tab gets once a minute).
#[derive(Debug)]
pub struct Pulse {
    beat: u64,
    /// When the heartbeat last moved, as far as known.
    since_ms: f64,
    looked_ms: f64,
    asked_ms: f64,
    silent_ms: f64,
}

impl Pulse {
    /// Begins at `now_ms`.
    pub fn new(now_ms: f64) -> Self {
        Pulse {
            beat: 0,
            since_ms: now_ms,
            looked_ms: now_ms,
            asked_ms: 0.0,
            silent_ms: 0.0,
        }
    }

    /// Looks at the heartbeat and at how much the device has asked for so far, in ms; `None` where they cannot be read. Returns since when the producer is lost, if it is.
    pub fn feel(&mut self, now_ms: f64, beat: Option<(u64, f64)>) -> Option<f64> {
        let passed_ms = now_ms - core::mem::replace(&mut self.looked_ms, now_ms);
        // One that died while it wrote leaves a ledger that can never be read again.
        let (beat, asked_ms) = beat.unwrap_or((self.beat, self.asked_ms));
        let moved_ms = asked_ms - core::mem::replace(&mut self.asked_ms, asked_ms);
        let all_stood_still = passed_ms > LOST_AFTER_MS && moved_ms < passed_ms / 2.0;
        if core::mem::replace(&mut self.beat, beat) != beat || all_stood_still {
            (self.since_ms, self.silent_ms) = (now_ms, 0.0);
        } else {
            self.silent_ms += passed_ms.min(MOST_AT_ONCE_MS);
        }
        (self.silent_ms >= LOST_AFTER_MS).then_some(self.since_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at these times; when the producer was found lost.
    fn lost(looks: impl IntoIterator<Item = (f64, u64, f64)>) -> Option<f64> {
        let mut pulse = Pulse::new(0.0);
        (looks.into_iter()).find_map(|(now, beat, asked)| pulse.feel(now, Some((beat, asked))).map(|_| now))
    }

    #[test]
    fn a_producer_without_a_heartbeat_is_lost_after_two_seconds_however_often_somebody_looks() {
        for every in [16.0, 250.0, 1000.0] {
            let looks = (1..2000).map(|look| f64::from(look) * every);
            let beats = looks.map(|now| (now, (now.min(5000.0) / 250.0) as u64, now));
            let found = lost(beats).expect("it is lost");
            assert!(
                (7000.0..=8000.0).contains(&found),
                "looked every {every} ms, found after {found} ms"
            );
        }
        assert_eq!(lost((1..100).map(|look| (f64::from(look) * 1000.0, look as u64, 0.0))), None);
    }

    #[test]
    fn when_everything_stood_still_nobody_is_lost() {
        // A minute in which the device asked for nothing, again and again.
        let looks = (1..20).map(|look| (f64::from(look) * 60_000.0, 1, 1000.0));
        assert_eq!(lost(looks), None);
        // A bit less than it takes, and the producer has had no time to beat when the page looks first.
        assert_eq!(
            lost([(1000.0, 4, 1000.0), (2900.0, 4, 1000.0), (2916.0, 4, 1016.0), (3166.0, 5, 1266.0)]),
            None
        );
    }

    #[test]
    fn a_hidden_tabs_timers_do_not_keep_a_loss_secret() {
        // Once a minute; the device goes on.
        let looks = (1..20).map(|look| (f64::from(look) * 60_000.0, 1, f64::from(look) * 60_000.0));
        let found = lost(looks);
        assert_eq!(found, Some(180_000.0));
        let lives = (1..20).map(|look| (f64::from(look) * 60_000.0, look as u64 * 240, f64::from(look) * 60_000.0));
        assert_eq!(lost(lives), None);
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_no_sign_of_life() {
        let mut pulse = Pulse::new(0.0);
        let found = (1..10)
            .map(|look| f64::from(look) * 1000.0)
            .find(|now| pulse.feel(*now, None).is_some());
        assert_eq!(found, Some(2000.0));
    }
}
