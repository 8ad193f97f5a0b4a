//! A feed, seen and asked from the page.
#![allow(unsafe_code)]

use core::cell::RefCell;
use core::mem::offset_of;

use js_sys::Atomics;
use wasm_bindgen::JsValue;

use super::Peek;
use crate::feed::{Changes, Commands, Feed, FeedMap, FeederWords, Heard, Segments};

/// A feed in an output's memory.
#[derive(Debug)]
pub(in crate::web) struct FeedPeek {
    peek: Peek,
    feed: usize,
    /// The feed's own ring.
    ring: usize,
    /// What was said last: either side may be interrupted for long while it changes what it says.
    map: RefCell<Option<FeedMap>>,
}

impl FeedPeek {
    /// The feed at `feed` in the `memory` of `output`, and its ring at `ring`.
    pub(in crate::web) fn new(output: &Peek, memory: &JsValue, feed: usize, ring: usize) -> Self {
        FeedPeek {
            // Made later than the output, it may lie where there was no memory then.
            peek: output.renewed(memory),
            feed,
            ring,
            map: RefCell::new(None),
        }
    }

    /// Counts a message to the feeder up and wakes it.
    pub(in crate::web) fn mail(&self) {
        self.add(offset_of!(Commands, mail));
        self.peek.call_ring(self.ring);
    }

    /// Asks for a seek, as [`Feed::seek`] does from inside.
    pub(in crate::web) fn seek(&self, serial: u32, item: u32, seconds: f64) {
        let bits = seconds.to_bits();
        // Every store is sequentially consistent, so the order is that of the program.
        for (word, value) in [
            (offset_of!(Commands, number), serial << 1 | 1),
            (offset_of!(Commands, item), item),
            (offset_of!(Commands, seconds_low), bits as u32),
            (offset_of!(Commands, seconds_high), (bits >> 32) as u32),
            (offset_of!(Commands, number), serial << 1),
        ] {
            self.peek.store(self.feed + offset_of!(Feed, commands) + word, value);
        }
        self.peek.call_ring(self.ring);
    }

    /// Nobody will write to the feed any more: what is in it is played, and then the source has ended.
    pub(in crate::web) fn abandon(&self) {
        self.peek
            .store(self.feed + offset_of!(Feed, commands) + offset_of!(Commands, abandoned), 1);
        self.peek.call();
    }

    /// Rises while the feeder lives.
    pub(in crate::web) fn heartbeat(&self) -> u32 {
        let word = offset_of!(Feed, feeder) + offset_of!(FeederWords, heartbeat);
        self.peek.load(self.feed + word).cast_unsigned()
    }

    /// What the ring's frame at `position` is; as far as was known the last time, if the sides are just changing what they say.
    pub(in crate::web) fn heard(&self, position: u64) -> Option<Heard> {
        let mut map = self.map.borrow_mut();
        if let Some(now) = self.map() {
            *map = Some(now);
        }
        let map = map.as_ref()?;
        // Where the feed is dry or has ended, what was heard last.
        map.heard(position.min(map.until().saturating_sub(1)))
    }

    fn map(&self) -> Option<FeedMap> {
        let changes_at = self.feed + offset_of!(Feed, changes);
        let segments_at = self.feed + offset_of!(Feed, segments);
        // In this order every frame that the changeovers speak of has its segment.
        let changes = self.unmoved::<Changes>(changes_at, changes_at + offset_of!(Changes, sequence))?;
        let segments = self.unmoved::<Segments>(segments_at, segments_at + offset_of!(Segments, sequence))?;
        let sample_rate = f32::from_bits(self.peek.load(self.feed + offset_of!(Feed, sample_rate)).cast_unsigned());
        Some(FeedMap::of(&changes, &segments, sample_rate))
    }

    /// A copy of what lies at `address`, taken while the sequence at `sequence` did not move.
    fn unmoved<T: AnyBytes>(&self, address: usize, sequence: usize) -> Option<Box<T>> {
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            let before = self.peek.load(sequence);
            if before % 2 != 0 {
                continue;
            }
            // SAFETY: `AnyBytes`.
            let copy = unsafe { self.peek.copy::<T>(address) };
            if self.peek.load(sequence) == before {
                return Some(copy);
            }
        }
        None
    }

    /// The item that the feeder wrote of last, as far as it told.
    pub(in crate::web) fn item_fed(&self) -> Option<u32> {
        let at = self.feed + offset_of!(Feed, segments);
        self.unmoved::<Segments>(at, at + offset_of!(Segments, sequence))?.latest_item()
    }

    fn add(&self, word: usize) {
        let index = (self.feed + offset_of!(Feed, commands) + word) as u32 / 4;
        // Cannot fail: the index lies in a shared Int32Array.
        let _ = Atomics::add(&self.peek.words, index, 1);
    }
}

/// Made of integers in cells and atomics alone, for which any bytes will do.
trait AnyBytes {}
impl AnyBytes for Changes {}
impl AnyBytes for Segments {}
