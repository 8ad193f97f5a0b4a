//! The strategies' names, and what sets them apart.

/// How frames get from the producer to the audio thread. The discriminant is what crosses to workers and audio thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Strategy {
    /// The lock-free ring in shared memory.
    #[default]
    Ring = 0,
    /// Two blocks in shared memory, the newest counts; racy.
    Double = 1,
    /// Three blocks in shared memory, the newest counts; never torn.
    Triple = 2,
    /// So many whole blocks in shared memory, at most.
    Queue = 3,
    /// Blocks in messages, each a copy.
    MessageCopy = 4,
    /// Blocks in messages whose memory changes hands, and comes back.
    MessageTransfer = 5,
    /// The ring, filled by the page's own thread.
    MainThread = 6,
    /// Rendered on the audio thread, inside `process()`.
    InWorklet = 7,
    /// `AudioBufferSourceNode`s, one after the other, made by the page.
    BufferSource = 8,
}

impl Strategy {
    /// All of them, in the order of the discriminants.
    pub const ALL: [Strategy; 9] = [
        Strategy::Ring,
        Strategy::Double,
        Strategy::Triple,
        Strategy::Queue,
        Strategy::MessageCopy,
        Strategy::MessageTransfer,
        Strategy::MainThread,
        Strategy::InWorklet,
        Strategy::BufferSource,
    ];
    /// Depth of a queue, in blocks: least and most.
    pub const DEPTH: core::ops::RangeInclusive<usize> = 1..=32;
    /// Depth of a queue when nobody says: that of the research note's `queue.Queue(maxsize=3)`.
    pub const DEFAULT_DEPTH: usize = 3;

    /// Frames of a block when nobody says, where only the newest counts: about one callback.
    pub const DEFAULT_BLOCK: usize = 512;

    /// Frames that can lie ahead of the reader at most, with `ahead` frames kept ahead in blocks of `block` frames.
    pub fn most_frames(self, ahead: usize, block: usize) -> usize {
        match self {
            // The block that was taken, and one that waits.
            Strategy::Double | Strategy::Triple => 2 * block,
            Strategy::Queue => ahead + block,
            _ => ahead,
        }
    }

    /// Bytes of storage that samples have between the two sides, with `ahead` frames kept ahead in blocks of `block` frames of `channels` channels. Messages that are on their way come on top.
    pub fn storage_bytes(self, channels: usize, ahead: usize, block: usize) -> usize {
        let samples = match self {
            Strategy::Double => 2 * block * channels,
            Strategy::Triple => 3 * block * channels,
            // One block has been taken out, whole.
            Strategy::Queue => (ahead + block) * channels,
            Strategy::InWorklet => 0,
            // One channel more, for the numbers.
            Strategy::BufferSource => ahead * (channels + 1),
            Strategy::Ring | Strategy::MainThread | Strategy::MessageCopy | Strategy::MessageTransfer => ahead * channels,
        };
        samples * size_of::<f32>()
    }

    /// Frames of a queue's block when nobody says: the research note's.
    pub const QUEUE_BLOCK: usize = 256;

    /// Its name, as in the scenario and the report.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Ring => "ring",
            Strategy::Double => "double",
            Strategy::Triple => "triple",
            Strategy::Queue => "queue",
            Strategy::MessageCopy => "message-copy",
            Strategy::MessageTransfer => "message-transfer",
            Strategy::MainThread => "main-thread",
            Strategy::InWorklet => "in-worklet",
            Strategy::BufferSource => "buffer-source",
        }
    }

    /// The strategy of this name.
    pub fn from_name(name: &str) -> Option<Strategy> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }

    /// The strategy of this discriminant.
    pub fn from_number(number: u32) -> Option<Strategy> {
        Self::ALL.get(number as usize).copied()
    }

    /// Whether only the newest block counts: what is not played in time is replaced, and what there is is played again.
    pub fn newest_counts(self) -> bool {
        matches!(self, Strategy::Double | Strategy::Triple)
    }

    /// Whether blocks travel as messages.
    pub fn by_message(self) -> bool {
        matches!(self, Strategy::MessageCopy | Strategy::MessageTransfer)
    }

    /// Whether the producer lives on the page's own thread.
    pub fn on_page(self) -> bool {
        matches!(self, Strategy::MainThread | Strategy::BufferSource)
    }

    /// Whether the producer has a worker of its own.
    pub fn has_worker(self) -> bool {
        !self.on_page() && self != Strategy::InWorklet
    }

    /// Whether the samples themselves lie in the ring of the producer's memory; where they do not, only positions do.
    pub fn keeps_samples_in_ring(self) -> bool {
        matches!(self, Strategy::Ring | Strategy::Queue | Strategy::MainThread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for strategy in Strategy::ALL {
            assert_eq!(Strategy::from_name(strategy.name()), Some(strategy));
            assert_eq!(Strategy::from_number(strategy as u32), Some(strategy));
        }
        assert_eq!((Strategy::from_name("Ring"), Strategy::from_number(9)), (None, None));
    }
}
