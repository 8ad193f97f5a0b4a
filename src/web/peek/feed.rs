//! A feed, seen and asked from the page. `feed` is its address, `ring` that of its ring.
// Nothing calls these before the page has a feeder to talk to.
#![allow(dead_code)]

use core::mem::offset_of;

use super::Peek;
use crate::feed::{Changes, Commands, Feed, FeedMap, FeederWords, Segments};

/// Times that a copy is tried before it is given up: the sides change something many times a second, each time for an instant.
const TRIES: usize = 8;

impl Peek {
    /// What the feed says about positions; `None` when a side changed something each time it was tried.
    pub(in crate::web) fn feed_map(&self, feed: usize) -> Option<FeedMap> {
        let sample_rate = f32::from_bits(self.load(feed + offset_of!(Feed, sample_rate)).cast_unsigned());
        // In this order, so that every frame that the changeovers speak of has its segment.
        // SAFETY: both are made of integers in cells and atomics, for which any bytes will do.
        let (changes, segments) = unsafe {
            (
                self.unmoved::<Changes>(feed + offset_of!(Feed, changes), offset_of!(Changes, sequence))?,
                self.unmoved::<Segments>(feed + offset_of!(Feed, segments), offset_of!(Segments, sequence))?,
            )
        };
        Some(FeedMap::of(&changes, &segments, sample_rate))
    }

    /// As [`Feed::seek`]: the same words in the same order.
    pub(in crate::web) fn feed_seek(&self, feed: usize, ring: usize, serial: u32, item: u32, seconds: f64) {
        let commands = feed + offset_of!(Feed, commands);
        let bits = seconds.to_bits();
        self.store(commands + offset_of!(Commands, number), serial << 1 | 1);
        self.store(commands + offset_of!(Commands, item), item);
        self.store(commands + offset_of!(Commands, seconds_low), bits as u32);
        self.store(commands + offset_of!(Commands, seconds_high), (bits >> 32) as u32);
        self.store(commands + offset_of!(Commands, number), serial << 1);
        self.call_ring(ring);
    }

    /// Says how many messages were sent to the feeder so far, and wakes it.
    pub(in crate::web) fn feed_mail(&self, feed: usize, ring: usize, sent: u32) {
        self.store(feed + offset_of!(Feed, commands) + offset_of!(Commands, mail), sent);
        self.call_ring(ring);
    }

    /// Asks the feeder to return.
    pub(in crate::web) fn feed_stop(&self, feed: usize, ring: usize) {
        self.store(feed + offset_of!(Feed, commands) + offset_of!(Commands, stop), 1);
        self.call_ring(ring);
    }

    /// A number that changes while the feeder lives.
    pub(in crate::web) fn feed_heartbeat(&self, feed: usize) -> u32 {
        self.load(feed + offset_of!(Feed, feeder) + offset_of!(FeederWords, heartbeat))
            .cast_unsigned()
    }

    /// Serial of the latest seek that the feeder has done.
    pub(in crate::web) fn feed_done(&self, feed: usize) -> u32 {
        self.load(feed + offset_of!(Feed, feeder) + offset_of!(FeederWords, done))
            .cast_unsigned()
    }

    /// `Ring::call` of the ring at `ring`, from outside.
    fn call_ring(&self, ring: usize) {
        Peek { ring, ..self.clone() }.call();
    }

    /// A copy of what lies at `address` while its sequence, at `sequence` in it, does not move.
    ///
    /// # Safety
    /// `T` must be valid for any bytes.
    unsafe fn unmoved<T>(&self, address: usize, sequence: usize) -> Option<Box<T>> {
        let read = || self.load(address + sequence);
        for _ in 0..TRIES {
            let before = read();
            if before % 2 != 0 {
                continue;
            }
            // SAFETY: by this function's contract.
            let copy = unsafe { self.copy::<T>(address) };
            if read() == before {
                return Some(copy);
            }
        }
        None
    }
}
