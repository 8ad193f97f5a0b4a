//! What is heard when there is nothing to play.

/// What stands in for missing frames. The discriminant is the value of [`Control::conceal`](crate::shared::Control::conceal).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Conceal {
    /// The last frames heard, mirrored and faded out, then silence; what comes back is faded in.
    #[default]
    Fade = 0,
    /// Silence, with hard edges.
    Silence = 1,
    /// The last sample of each channel, held: the research note's "emergency fill".
    Hold = 2,
    /// The last quantum, again and again.
    Repeat = 3,
}

impl Conceal {
    /// All of them, in the order of the discriminants.
    pub const ALL: [Conceal; 4] = [Conceal::Fade, Conceal::Silence, Conceal::Hold, Conceal::Repeat];

    /// Its name, as in the scenario and the report.
    pub fn name(self) -> &'static str {
        match self {
            Conceal::Fade => "fade",
            Conceal::Silence => "silence",
            Conceal::Hold => "hold",
            Conceal::Repeat => "repeat",
        }
    }

    /// The policy of this name.
    pub fn from_name(name: &str) -> Option<Conceal> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// The policy that a number in shared memory stands for.
    pub fn from_number(number: u32) -> Conceal {
        Self::ALL.get(number as usize).copied().unwrap_or_default()
    }
}
