//! What is heard: from a place in the main ring to a second of an item.

use super::layout::{Changes, Segments};
use super::{CHANGE_SLOTS, SEGMENT_SLOTS};

/// What a frame of the main ring is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// Item of the playlist.
    pub item: u32,
    /// Seconds from the item's beginning.
    pub seconds: f64,
    /// Serial of the seek that it follows.
    pub serial: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Segment {
    at: u64,
    jump: u64,
    seconds: f64,
    item: u32,
    serial: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Change {
    main: u64,
    feed: u64,
    jump: u64,
    kept: u64,
}

/// A plain copy of what a feed says about positions. The page makes it from the bytes of the feed's memory: first [`Changes`], then [`Segments`], each while its sequence does not move. In this order every frame
/// that the changeovers speak of has its segment.
#[derive(Debug, Clone)]
pub struct FeedMap {
    /// Frames per second.
    sample_rate: f64,
    until: u64,
    /// Oldest first.
    changes: ([Change; CHANGE_SLOTS], usize),
    /// Oldest first.
    segments: ([Segment; SEGMENT_SLOTS], usize),
}

impl FeedMap {
    /// From consistent copies, the changeovers' taken first; `sample_rate` in Hz.
    pub fn of(changes: &Changes, segments: &Segments, sample_rate: f32) -> FeedMap {
        FeedMap {
            sample_rate: f64::from(sample_rate),
            until: changes.until.get(),
            changes: oldest_first(&changes.slots, changes.count.get(), |change| Change {
                main: change.main.get(),
                feed: change.feed.get(),
                jump: change.jump.get(),
                kept: change.kept.get(),
            }),
            segments: oldest_first(&segments.slots, segments.count.get(), |segment| Segment {
                at: segment.at.get(),
                jump: segment.jump.get(),
                seconds: f64::from_bits(segment.seconds.get()),
                item: segment.item.get() as u32,
                serial: segment.serial.get() as u32,
            }),
        }
    }

    /// Main position after the last frame rendered from the feed: where it is dry, or has ended, the last frame heard is the one before.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// What the frame at `main_position` is. `None` when it is not one of this feed's, not rendered yet, older than what is remembered, without a segment, or one that may have been discarded by a
    /// changeover instead of being heard.
    pub fn heard(&self, main_position: u64) -> Option<Heard> {
        if main_position >= self.until {
            return None;
        }
        let changes = &self.changes.0[..self.changes.1];
        let nth = changes.iter().rposition(|change| change.main <= main_position)?;
        let change = changes[nth];
        if changes[nth + 1..].iter().any(|later| later.kept <= main_position) {
            return None;
        }
        let at = change.feed + (main_position - change.main);
        // A segment of before the jump says nothing about what follows it.
        let segment = self.segments.0[..self.segments.1]
            .iter()
            .rfind(|segment| segment.jump == change.jump && segment.at <= at)?;
        Some(Heard {
            item: segment.item,
            seconds: segment.seconds + (at - segment.at) as f64 / self.sample_rate,
            serial: segment.serial,
        })
    }
}

/// The latest of `count` things in a table of `N` places that is written round and round, oldest first, and how many they are.
fn oldest_first<T, U: Copy + Default, const N: usize>(slots: &[T; N], count: u64, plain: impl Fn(&T) -> U) -> ([U; N], usize) {
    let mut list = [U::default(); N];
    let kept = count.min(N as u64);
    for (place, nth) in list.iter_mut().zip(count - kept..count) {
        *place = plain(&slots[nth as usize % N]);
    }
    (list, kept as usize)
}

#[cfg(not(target_family = "wasm"))]
impl super::Feed {
    /// The map as it is now, from the same process (natively; the page has its own way, through bytes). Tries until neither side changes anything meanwhile.
    pub fn map(&self) -> FeedMap {
        /// The result of `copy` while `sequence` did not move.
        fn unmoved<T>(sequence: &crate::ring::Sequence, copy: impl Fn() -> T) -> T {
            loop {
                if let Some(number) = sequence.read_begin() {
                    let copied = copy();
                    if sequence.read_end(number) {
                        return copied;
                    }
                }
                core::hint::spin_loop();
            }
        }
        let (changes, segments) = (&self.changes.0, &self.segments.0);
        let first = unmoved(&changes.sequence, || FeedMap::of(changes, segments, self.sample_rate));
        let second = unmoved(&segments.sequence, || FeedMap::of(changes, segments, self.sample_rate));
        FeedMap {
            segments: second.segments,
            ..first
        }
    }
}
