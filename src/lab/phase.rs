//! What the page is doing, in words.

/// What a person sees as the state. The attribute `data-state` has [`Phase::name`], the page [`Phase::title`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been played yet.
    Idle,
    /// An output is being made, or its ring is being filled.
    Starting,
    /// The browser wants a gesture.
    Blocked,
    /// Plays.
    Running,
    /// Paused by the page.
    Paused,
    /// The context is suspended.
    Suspended,
    /// The system has taken the device away.
    Interrupted,
    /// The source has ended.
    Ended,
    /// The producer is gone.
    Lost,
    /// Closed.
    Closed,
}

impl Phase {
    /// A word for tests and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Starting => "starting",
            Phase::Blocked => "blocked",
            Phase::Running => "running",
            Phase::Paused => "paused",
            Phase::Suspended => "suspended",
            Phase::Interrupted => "interrupted",
            Phase::Ended => "ended",
            Phase::Lost => "lost",
            Phase::Closed => "closed",
        }
    }

    /// The state for people.
    pub fn title(self) -> &'static str {
        match self {
            Phase::Idle => "Ready",
            Phase::Starting => "Starting",
            Phase::Blocked => "Press Play",
            Phase::Running => "Playing",
            Phase::Paused => "Paused",
            Phase::Suspended => "Suspended",
            Phase::Interrupted => "Interrupted",
            Phase::Ended => "Ended",
            Phase::Lost => "Producer lost",
            Phase::Closed => "Stopped",
        }
    }

    /// What to know or to do about it; nothing while it plays as it should.
    pub fn advice(self) -> &'static str {
        match self {
            Phase::Blocked => "The browser keeps audio back until you press Play.",
            Phase::Suspended => "The browser suspended the audio. Press Play to resume it.",
            Phase::Interrupted => "The system took the sound away. It comes back by itself, or press Play.",
            Phase::Lost => "Press Play to start again.",
            _ => "",
        }
    }

    /// Whether pressing Play now pauses.
    pub fn plays(self) -> bool {
        matches!(self, Phase::Starting | Phase::Running)
    }

    /// Whether there is a producer that can be frozen, crashed or given another source.
    pub fn is_live(self) -> bool {
        !matches!(self, Phase::Idle | Phase::Ended | Phase::Lost | Phase::Closed)
    }
}
