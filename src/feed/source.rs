//! The producer's end.

use core::mem;

use super::layout::{Change, Changes};
use super::{CHANGE_SLOTS, Feed, Mark};
use crate::error::Error;
use crate::render::{RenderInfo, Source};
use crate::ring::sync::{Arc, PUBLISH, store_load_barrier};
use crate::ring::{Consumer, Ring};

/// Renders what the feeder writes. Ends where the feeder says so; begins anew when it jumps. When it is dropped (another source plays) the feed may be
/// [claimed](FeedSource::claim) again and goes on where it was.
///
/// Nothing it does blocks or allocates.
#[derive(Debug)]
pub struct FeedSource {
    feed: Arc<Feed>,
    /// `None` only while it is being dropped.
    reader: Option<Reader>,
}

/// What a [`FeedSource`] knows; waits in the feed while there is none.
#[derive(Debug)]
pub(super) struct Reader {
    consumer: Consumer,
    /// The jump after which it reads.
    jump: Mark,
    /// The jump that was seen last: another one than that as long as it has not come to the joint.
    latest: Mark,
    /// Feed position at which it goes over to the latest jump.
    joint: Option<u64>,
    /// It went over, and the next frame to be rendered is the first after that.
    joined: bool,
    /// Feed position up to which may be read: those frames are there, and no jump lies among them. At least the consumer's position.
    until: u64,
    /// Number of the latest hunger.
    hungry: u32,
    /// The latest changeover: its main position less its feed position (wrapping), and its jump.
    change: Option<(u64, Mark)>,
    /// Main position of the latest changeover as long as the consumer has not been seen there.
    to_come: Option<u64>,
}

impl FeedSource {
    /// Takes the feed's reading end.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`] while another source has it.
    pub fn claim(feed: Arc<Feed>) -> Result<Self, Error> {
        let reader = feed.reader.lock().ok().and_then(|mut reader| reader.take());
        match reader {
            None => Err(Error::AlreadyTaken { side: "consumer" }),
            reader => Ok(FeedSource { feed, reader }),
        }
    }
}

impl Drop for FeedSource {
    fn drop(&mut self) {
        let Some(mut reader) = self.reader.take() else { return };
        reader.leave(&self.feed);
        if let Ok(mut place) = self.feed.reader.lock() {
            *place = Some(reader);
        }
    }
}

impl Source for FeedSource {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.reader.as_mut().map_or(0, |reader| reader.render(&self.feed, block, info))
    }

    fn available(&mut self) -> usize {
        self.reader.as_mut().map_or(0, |reader| reader.available(&self.feed))
    }

    fn jumped(&mut self) -> bool {
        self.reader.as_mut().is_some_and(|reader| reader.jumped(&self.feed))
    }
}

impl Reader {
    pub(super) fn new(ring: Arc<Ring>) -> Result<Self, Error> {
        Ok(Reader {
            consumer: Consumer::claim(ring)?,
            jump: Mark::START,
            latest: Mark::START,
            joint: None,
            joined: false,
            until: 0,
            hungry: 0,
            change: None,
            to_come: None,
        })
    }

    /// Looks for frames, then for a jump. Returns the jump if it is a new one; without, all frames that were seen may be read: a jump among them would have been seen too, because it is stored before
    /// the frames after it.
    fn look(&mut self, feed: &Feed) -> Option<Mark> {
        let seen = self.consumer.position() + self.consumer.read_available() as u64;
        let jump = feed.jump();
        // Of a new jump, the frames seen may be of before and after it: `until` can wait until it is followed.
        if jump != self.latest {
            return Some(jump);
        }
        self.until = self.joint.unwrap_or(seen);
        None
    }

    fn jumped(&mut self, feed: &Feed) -> bool {
        self.follow_consumer(feed);
        let Some(jump) = self.look(feed) else { return false };
        let joint = feed.joint();
        if joint.number() != jump.number() {
            // Of yet another jump, which is seen in a moment: it comes with a call.
            return false;
        }
        self.latest = jump;
        // All frames before the jump are there by now.
        self.consumer.read_available();
        // At the joint already it may have said that it ended, which only a jump takes back.
        self.joint = Some(joint.position()).filter(|joint| *joint > self.consumer.position());
        if let Some(joint) = self.joint {
            self.until = joint;
            return false;
        }
        self.follow(feed);
        self.joined = false;
        // Already now, before there are frames to render: what the main ring holds may be discarded from here on. The producer is this thread, so its position is no older than the truth.
        self.note(feed, feed.output().ring.write_position(), 0);
        true
    }

    /// Reads on after the latest jump.
    fn follow(&mut self, feed: &Feed) {
        (self.jump, self.joint) = (self.latest, None);
        // Frames seen meanwhile after it may lie behind yet another jump: the next look tells.
        self.until = self.jump.position();
        self.consumer.commit((self.until - self.consumer.position()) as usize);
        self.consumer.wake_producer();
        self.look(feed);
    }

    fn available(&mut self, feed: &Feed) -> usize {
        if self.joint.is_some() {
            if self.left() > 0 {
                return self.left();
            }
            self.follow(feed);
            self.joined = true;
        }
        let end = feed.end();
        if end.number() == self.jump.number() {
            // All frames before the end are there. What ends renders less than it is asked for.
            self.until = end.position();
            return usize::MAX;
        }
        if self.left() == 0 {
            self.hungry = self.hungry.wrapping_add(1).max(1);
            feed.hungry.0.store(self.hungry, PUBLISH);
            store_load_barrier();
            // Before the look: of a feeder that is gone, all frames are seen.
            let abandoned = feed.is_abandoned();
            // What comes after this look comes with a call, and so do a jump, an end and being abandoned.
            let jump = self.look(feed);
            if abandoned && jump.is_none() && self.left() == 0 {
                return usize::MAX;
            }
        }
        self.left()
    }

    fn render(&mut self, feed: &Feed, block: &mut [f32], info: &RenderInfo) -> usize {
        let frames = (block.len() / info.channels).min(self.left());
        if frames == 0 {
            return 0;
        }
        self.note(feed, info.ring_position, frames);
        // A block has the output's channels, as the feed has.
        let frames = self.consumer.read(&mut block[..frames * info.channels]).unwrap_or(0);
        self.consumer.wake_producer();
        frames
    }

    /// Frames that may be read.
    fn left(&self) -> usize {
        (self.until - self.consumer.position()) as usize
    }

    /// Writes down that the next `frames` frames go to main position `main`.
    fn note(&mut self, feed: &Feed, main: u64, frames: usize) {
        let from = self.consumer.position();
        let change = Some((main.wrapping_sub(from), self.jump));
        let changed = mem::replace(&mut self.change, change) != change;
        let changes = &feed.changes.0;
        changes.sequence.begin();
        if changed && mem::take(&mut self.joined) {
            // What was rendered before is heard, all of it.
            push(changes, main, from, self.jump, main);
        } else if changed {
            self.to_come = Some(main);
            push(changes, main, from, self.jump, feed.output().ring.read_position());
        }
        // Not before there was a frame: what another source rendered until now is none of ours.
        if frames > 0 {
            changes.until.set(main + frames as u64);
        }
        changes.sequence.end();
    }

    /// Another source follows: what it renders is not to be taken for ours, and some of ours may be discarded, unseen by us.
    fn leave(&mut self, feed: &Feed) {
        if self.change.take().is_none() {
            return;
        }
        self.to_come = None;
        let changes = &feed.changes.0;
        let heard = feed.output().ring.read_position();
        changes.sequence.begin();
        push(changes, changes.until.get(), 0, Mark::NONE, heard);
        changes.sequence.end();
    }

    /// Until the consumer has come to the latest changeover, what it has read so far of the sound before was heard and not discarded.
    fn follow_consumer(&mut self, feed: &Feed) {
        let Some(main) = self.to_come else { return };
        let heard = feed.output().ring.read_position();
        if heard >= main {
            self.to_come = None;
            return;
        }
        let changes = &feed.changes.0;
        changes.sequence.begin();
        for change in &changes.slots {
            // At a joint nothing is discarded.
            if change.main.get() > heard && change.kept.get() < change.main.get() {
                change.kept.set(heard);
            }
        }
        changes.sequence.end();
    }
}

/// Adds a changeover, with the consumer at `heard`.
fn push(changes: &Changes, main: u64, feed: u64, jump: Mark, heard: u64) {
    let count = changes.count.get();
    let change: &Change = &changes.slots[count as usize % CHANGE_SLOTS];
    change.main.set(main);
    change.feed.set(feed);
    change.jump.set(jump.0);
    change.kept.set(heard.min(main));
    changes.count.set(count + 1);
}
