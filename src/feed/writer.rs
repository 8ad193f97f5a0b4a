//! The feeder's end.

use core::time::Duration;

use super::{Feed, Mark, SEGMENT_SLOTS};
use crate::error::Error;
use crate::ring::sync::{Arc, Ordering, SEE, fence, store_load_barrier};
use crate::ring::{Producer, Ticket, Until, Woken};

/// A seek that the page wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeekCommand {
    /// The page's number for it.
    pub serial: u32,
    /// Item of the playlist.
    pub item: u32,
    /// Seconds from the item's beginning. Whatever the page wrote: not checked.
    pub seconds: f64,
}

/// Writes the sound, says where it jumps and ends, and hears the page's commands. `Send`, used by one thread at a time. After [`attach`](FeedWriter::attach) it allocates nothing, and takes no lock
/// in Wasm: its thread may be ended anywhere.
///
/// The loop: take a [`ticket`](FeedWriter::ticket); look for mail and [`command`](FeedWriter::command); write what there is room for; else [`wait`](FeedWriter::wait).
#[derive(Debug)]
pub struct FeedWriter {
    feed: Arc<Feed>,
    producer: Producer,
    /// As in the feed, of which this is the only writer.
    jump: Mark,
    serial: u32,
    ended: bool,
    /// The hunger for which the producer was already called.
    fed: u32,
}

impl FeedWriter {
    /// Takes the feed's writing end, for good.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn attach(feed: Arc<Feed>) -> Result<Self, Error> {
        let producer = Producer::claim(feed.ring().clone())?;
        Ok(FeedWriter {
            feed,
            producer,
            jump: Mark::START,
            serial: 0,
            ended: false,
            fed: 0,
        })
    }

    /// The feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Feed position of the next frame to be written.
    pub fn position(&self) -> u64 {
        self.producer.position()
    }

    /// Frames that were written and not read yet.
    pub fn unread(&mut self) -> usize {
        self.producer.fill()
    }

    /// Frames that [`write`](FeedWriter::write) takes now; none after [`end`](FeedWriter::end).
    pub fn room(&mut self) -> usize {
        if self.ended { 0 } else { self.producer.write_available() }
    }

    /// Writes frames. Returns how many were taken: fewer than given when there is no room for more, none between [`end`](FeedWriter::end) and [`jump`](FeedWriter::jump).
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is written then.
    pub fn write(&mut self, interleaved: &[f32]) -> Result<usize, Error> {
        let frames = if self.ended { &[] } else { interleaved };
        let written = self.producer.write(frames)?;
        if written > 0 {
            self.feed_the_hungry();
        }
        Ok(written)
    }

    /// What was written so far is stale, and what is written next follows a seek: it plays as soon as there is enough of it. `serial` comes back in [`Heard`](super::Heard) with each frame that is
    /// written until the next jump; a [command](FeedWriter::command) of that serial is done. A [segment](FeedWriter::segment) should follow.
    pub fn jump(&mut self, serial: u32) {
        self.jump_from(serial, 0);
    }

    /// The last `stale` frames written are stale, and what is written next takes their place: the sound goes on without a break from the frames before them, the joint. When the reader has come there
    /// already it is too late, and this is a [jump](FeedWriter::jump). A reader that has not come to what followed the latest jump must be given that one's joint again, or a jump.
    pub fn join(&mut self, serial: u32, stale: usize) {
        self.jump_from(serial, self.position().saturating_sub(stale as u64));
    }

    fn jump_from(&mut self, serial: u32, joint: u64) {
        self.jump = self.jump.next(self.position());
        self.serial = serial;
        self.ended = false;
        let words = &self.feed.feeder.0;
        // An end of long ago must not be taken for this jump's once the numbers have wrapped. Seen with the jump.
        words.end.store(Mark::NONE.0, Ordering::Relaxed);
        words.joint.store(self.jump.at(joint).0, Ordering::Relaxed);
        // Release: who sees the jump sees the frames before it.
        words.jump.store(self.jump.0, Ordering::Release);
        self.done(serial);
        // Always, as it may sleep over a full ring.
        self.feed.output().ring.call();
    }

    /// The next frame to be written is `item` at `seconds`. To be said before it is written.
    pub fn segment(&mut self, item: u32, seconds: f64) {
        let segments = &self.feed.segments.0;
        let count = segments.count.get();
        let segment = &segments.slots[count as usize % SEGMENT_SLOTS];
        segments.sequence.begin();
        segment.at.set(self.producer.position());
        segment.jump.set(self.jump.0);
        segment.seconds.set(seconds.to_bits());
        segment.item.set(u64::from(item));
        segment.serial.set(u64::from(self.serial));
        segments.count.set(count + 1);
        segments.sequence.end();
    }

    /// What was written so far is all there is: when it has been rendered the source ends, until the next [`jump`](FeedWriter::jump).
    pub fn end(&mut self) {
        self.ended = true;
        let end = self.jump.at(self.position());
        // Release: who sees the end sees the frames before it.
        self.feed.feeder.0.end.store(end.0, Ordering::Release);
        self.feed.output().ring.call();
    }

    /// Whether everything that was written has been put out: a [`jump`](FeedWriter::jump) would discard what waits in the output's ring.
    pub fn is_drained(&mut self) -> bool {
        // In this order: who sees the last frame read sees where in the output's ring it goes.
        self.producer.fill() == 0 && self.feed.output().ring.read_position() >= self.feed.changes.0.until.get()
    }

    /// What [`wait`](FeedWriter::wait) needs: take it before looking for commands and room. Counts as a heartbeat.
    pub fn ticket(&mut self) -> Ticket {
        self.beat();
        self.producer.ticket()
    }

    /// Sleeps until there is room for `frames` frames (at most the feed's size is waited for), somebody calls (there is a command or mail), or `timeout` is over. After
    /// [`end`](FeedWriter::end) room is not waited for. For a worker's thread only: others must not sleep.
    pub fn wait(&mut self, ticket: Ticket, frames: usize, timeout: Duration) -> Woken {
        if self.ended {
            self.producer.sleep(ticket, Until::Call, timeout)
        } else {
            self.producer.wait(ticket, frames, timeout)
        }
    }

    /// The page's newest seek, unless it is done. A seek that is being written just now is not seen; the page calls afterwards, and that ends the next [`wait`](FeedWriter::wait).
    pub fn command(&self) -> Option<SeekCommand> {
        let commands = &self.feed.commands.0;
        // Acquire: pairs with the release in `Feed::seek`.
        let number = commands.number.load(Ordering::Acquire);
        let [item, low, high] = [&commands.item, &commands.seconds_low, &commands.seconds_high].map(|word| word.load(Ordering::Relaxed));
        // Keeps the second look at the number behind the words.
        fence(Ordering::Acquire);
        let whole = number.is_multiple_of(2) && commands.number.load(Ordering::Relaxed) == number;
        let serial = number / 2;
        (whole && serial != 0 && serial != self.feed.feeder.0.done.load(Ordering::Relaxed)).then(|| SeekCommand {
            serial,
            item,
            seconds: f64::from_bits(u64::from(high) << 32 | u64::from(low)),
        })
    }

    /// The command with this serial is done, or was refused. ([`jump`](FeedWriter::jump) says so too.)
    pub fn done(&mut self, serial: u32) {
        self.feed.feeder.0.done.store(serial, Ordering::Release);
    }

    /// Messages that the page has sent so far.
    pub fn mail(&self) -> u32 {
        self.feed.commands.0.mail.load(Ordering::Relaxed)
    }

    /// Shows that the feeder is alive: for work that takes longer than a second between two tickets.
    pub fn beat(&self) {
        let heartbeat = &self.feed.feeder.0.heartbeat;
        heartbeat.store(heartbeat.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// Calls the producer, once for each time that it went to sleep for want of frames.
    fn feed_the_hungry(&mut self) {
        // The frames were stored before; the producer stores its hunger and then looks for frames. Between store and load stands a barrier on both sides, so one of the two sees the other.
        store_load_barrier();
        let hungry = self.feed.hungry.0.load(SEE);
        if hungry != self.fed {
            self.fed = hungry;
            self.feed.output().ring.call();
        }
    }
}
