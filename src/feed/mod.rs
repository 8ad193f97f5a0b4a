//! Sound that is made in another worker: a second ring in the output's memory, with what the page must know about it.
//!
//! Decoding may crash, hang or want more memory than there is; so it runs in a worker of its own (the feeder), which can be ended at any moment without harm to the output.
//! What it writes here is rendered by a [`FeedSource`], which is never late: it has frames or it says that it has none.
//!
//! ```text
//!  page ── commands (seek, mail) ────────> feeder: FeedWriter ── frames, jumps, the end ──> FeedSource: producer ──> main ring ──> worklet
//!   ^                                         └─ segments: feed position -> item, second         └─ changeovers: main ring position -> feed position
//!   └──────────────────────────────────────────────── FeedMap ─────────────────────────────────────────┘
//! ```
//!
//! # Words
//! A *feed position* counts frames since the feed was made, a *main position* those of the output's ring. A *jump* is a feed position: frames before it are stale, those after
//! it follow a seek. A *segment* says which second of which item a feed position is. A *changeover* says which main position a feed position became; between two of them
//! both count on together. A *joint* is a feed position too: up to there, what lies before a jump is not stale, and what follows the jump goes on from there, unheard.
//!
//! # Who writes what
//! | words | writer | readers | how |
//! | --- | --- | --- | --- |
//! | [`Commands`] | the page | feeder | the seek under a number that is odd while it changes; then a call |
//! | jump, joint, end | feeder | producer | one 64-bit word each: a position and the number of the jump it belongs to |
//! | `hungry` | producer | feeder | stored, barrier, frames looked for again; the feeder stores frames, barrier, looks: one of them sees the other |
//! | [`Segments`] | feeder | page | under a [`Sequence`](crate::ring::Sequence); before the frames they speak of |
//! | [`Changes`] | producer | page | under a sequence; the page copies it before the segments, so that no segment is missing |
//!
//! Nothing here waits for the other side. A feeder that is ended in the middle of anything leaves at worst a sequence odd (the page then knows no position) and the frames that it had
//! committed; the feed is then given up for a new one, as no ring gets a second producer.
//!
//! ```
//! use std::sync::Arc;
//! use noxrun::feed::{Feed, FeedSource, FeedWriter};
//! use noxrun::render::{RenderInfo, Source};
//! use noxrun::shared::SharedOutput;
//!
//! let output = Arc::new(SharedOutput::new(1, 1024, 48_000.0)?);
//! let feed = Feed::new(output, 4096)?;
//! let (mut writer, mut source) = (FeedWriter::attach(feed.clone())?, FeedSource::claim(feed.clone())?);
//! writer.segment(0, 12.5);
//! assert_eq!(writer.write(&[0.25; 100])?, 100);
//! assert!(!source.jumped());
//! assert_eq!(source.available(), 100);
//! let info = RenderInfo { position: 0, ring_position: 0, sample_rate: 48_000.0, channels: 1, heard_in: 0.0, underruns: 0 };
//! assert_eq!(source.render(&mut [0.0; 100], &info), 100);
//! # #[cfg(not(target_family = "wasm"))]
//! assert_eq!(feed.map().heard(48).expect("rendered").seconds, 12.501);
//! # Ok::<(), noxrun::Error>(())
//! ```

mod layout;
mod map;
mod pump;
mod source;
mod writer;

pub use layout::{CHANGE_SLOTS, Change, Changes, Commands, FEED_MAGIC, FEED_VERSION, Feed, FeederWords, SEGMENT_SLOTS, Segment, Segments};
pub use map::{FeedMap, Heard};
pub use pump::{LEAD_SECONDS, Port, Pump, PumpTurn};
pub use source::FeedSource;
pub use writer::{FeedWriter, SeekCommand};

/// A feed position together with the number of the jump after which it counts, in one word that cannot tear: 48 bits (186 years at 48 kHz) and 16. Two jumps to one position differ by
/// their number, which never is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark(u64);

impl Mark {
    /// No mark.
    const NONE: Mark = Mark(0);
    /// Every feed begins after its first jump, to 0.
    const START: Mark = Mark(1);

    /// The position, in feed frames.
    fn position(self) -> u64 {
        self.0 >> 16
    }

    /// The number of the jump.
    fn number(self) -> u16 {
        self.0 as u16
    }

    /// A later position after the same jump.
    fn at(self, position: u64) -> Mark {
        Mark(position << 16 | u64::from(self.number()))
    }

    /// The next jump, to `position`.
    fn next(self, position: u64) -> Mark {
        Mark(position << 16 | u64::from(self.number().wrapping_add(1).max(1)))
    }
}
