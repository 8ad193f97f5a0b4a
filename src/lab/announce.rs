//! What a screen reader hears: the latest news, and never more often than every two seconds.

/// Least time between two announcements, in milliseconds.
pub const EVERY_MS: f64 = 2000.0;

/// What news is about. News about one thing replaces older news about it, never news about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Topic {
    /// What the page is doing.
    State = 0,
    /// What was lost.
    Underruns = 1,
}

/// Holds news back until they may be told. Of several about one thing, the latest is told: it is the one that is still true.
#[derive(Debug, Default)]
pub struct Announcer {
    told_at_ms: Option<f64>,
    pending: [Option<String>; 2],
}

impl Announcer {
    /// Something to tell.
    pub fn offer(&mut self, topic: Topic, news: String) {
        self.pending[topic as usize] = Some(news);
    }

    /// What is to be told at `now_ms`, if anything.
    pub fn due(&mut self, now_ms: f64) -> Option<String> {
        if self.told_at_ms.is_some_and(|told| now_ms - told < EVERY_MS) {
            return None;
        }
        let news = match self.pending.each_mut().map(Option::take) {
            [Some(state), Some(underruns)] => format!("{state}. {underruns}"),
            [state, underruns] => state.or(underruns)?,
        };
        self.told_at_ms = Some(now_ms);
        Some(news)
    }

    /// In how many milliseconds to ask again; `None` when there is nothing to tell.
    pub fn wait_ms(&self, now_ms: f64) -> Option<f64> {
        self.pending.iter().flatten().next()?;
        Some(self.told_at_ms.map_or(0.0, |told| (told + EVERY_MS - now_ms).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_one_in_two_seconds_and_the_latest_wins() {
        let mut announcer = Announcer::default();
        assert_eq!(announcer.wait_ms(0.0), None);
        announcer.offer(Topic::State, "playing".into());
        assert_eq!(announcer.due(0.0).as_deref(), Some("playing"));
        announcer.offer(Topic::Underruns, "1 underrun".into());
        assert_eq!(announcer.due(500.0), None);
        assert_eq!(announcer.wait_ms(500.0), Some(1500.0));
        announcer.offer(Topic::Underruns, "2 underruns".into());
        assert_eq!(announcer.due(2000.0).as_deref(), Some("2 underruns"));
        assert_eq!(announcer.due(9000.0), None);
    }

    #[test]
    fn news_about_one_thing_does_not_hide_another() {
        let mut announcer = Announcer::default();
        announcer.offer(Topic::Underruns, "1 underrun".into());
        announcer.offer(Topic::State, "playing".into());
        announcer.offer(Topic::State, "paused".into());
        assert_eq!(announcer.due(0.0).as_deref(), Some("paused. 1 underrun"));
    }
}
