//! The writing end.
#![allow(unsafe_code)]

use core::time::Duration;

use super::layout::Ring;
use super::sync::{Arc, Ordering, PUBLISH, SEE, ordering, store_load_barrier};
use crate::error::Error;

/// Writes frames. `Send`, used by one thread at a time.
#[derive(Debug)]
pub struct Producer {
    ring: Arc<Ring>,
    /// Own position: equals `ring.producer.write`, of which this is the only writer.
    write: u64,
    /// `write % capacity`, in `0..capacity`.
    at: usize,
    /// The reader's position when last looked at; the truth is this or more.
    read: u64,
    /// The ring's limit when last looked at. Kept until the next look, so that room once promised is not taken back while it is being filled.
    limit: usize,
    /// Frames before this position are to be discarded: they count against the capacity, no longer against the limit. At most `write`.
    mark: u64,
    /// Position up to which may be written, of these three; reckoned when they are looked at, so that a write compares two numbers.
    until: u64,
    /// Frames that may be kept ahead even if the ring's limit is lower.
    at_least: usize,
    /// Number of the last sleep.
    sleep: u32,
}

/// What [`Producer::sleep`] compares with: taken before looking for work, it makes a call in between keep the producer awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub(crate) u32);

/// What a producer sleeps for ([`Producer::sleep`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So many frames can be written (at most the ring's limit is waited for).
    Room(usize),
    /// The consumer has read or discarded all frames before this position.
    Reader(u64),
    /// Somebody calls ([`Ring::call`]), whatever room there is.
    Call,
}

/// Why [`Producer::sleep`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// What it waited for is there.
    Room,
    /// Somebody called ([`Ring::call`]): look around.
    Called,
    /// The time is up.
    TimedOut,
}

impl Producer {
    /// Takes the ring's writing end, for good.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn claim(ring: Arc<Ring>) -> Result<Self, Error> {
        ring.claim(super::PRODUCER)?;
        Ok(Producer::new(ring))
    }

    /// The writing end of a ring whose producer's bit was just taken.
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        let mut producer = Producer {
            write: 0,
            at: 0,
            read: 0,
            limit: 0,
            mark: 0,
            until: 0,
            at_least: 0,
            sleep: 0,
            ring,
        };
        producer.look();
        producer
    }

    /// The ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Position of the next frame to be written, in frames since the ring was made.
    pub fn position(&self) -> u64 {
        self.write
    }

    /// Frames committed and not yet read. The consumer may have read some of them meanwhile.
    pub fn fill(&mut self) -> usize {
        self.look_at_reader();
        (self.write - self.read) as usize
    }

    /// Frames that can be written now; the consumer may make it more at any time, never less. A [`Ring::limit`] lowered after this call does not take back what it returned: the
    /// next write still takes as much.
    pub fn write_available(&mut self) -> usize {
        self.look();
        self.room()
    }

    /// Copies frames from `interleaved` and commits them. Returns the frames written, which may be fewer than given.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is written then.
    #[inline]
    pub fn write(&mut self, interleaved: &[f32]) -> Result<usize, Error> {
        let frames = self.ring.whole_frames(interleaved.len())?;
        let frames = self.fill_cells(interleaved, frames);
        self.publish(frames);
        Ok(frames)
    }

    /// Copies frames from one slice per channel and commits them. Returns the frames written. `planar` holds at least one slice for each channel;
    /// more are ignored. The shortest slice decides how many frames there are.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`] when slices are missing.
    #[cfg(not(loom))]
    pub fn write_planar(&mut self, planar: &[&[f32]]) -> Result<usize, Error> {
        let channels = self.ring.channels();
        if planar.len() < channels {
            return Err(Error::NotWholeFrames {
                len: planar.len(),
                channels,
            });
        }
        let asked = planar[..channels].iter().map(|one| one.len()).min().unwrap_or(0);
        let (first, second) = self.regions(asked);
        let mut from = 0;
        for region in [first, second] {
            let frames = region.len() / channels;
            for (channel, one) in planar[..channels].iter().enumerate() {
                for (frame, sample) in region.chunks_exact_mut(channels).zip(&one[from..]) {
                    frame[channel] = *sample;
                }
            }
            from += frames;
        }
        self.commit(from);
        Ok(from)
    }

    /// Room for up to `frames` frames, to be filled in place: two slices (the second is empty unless the room wraps), interleaved. Then
    /// [`commit`](Producer::commit) what was filled.
    #[cfg(not(loom))]
    pub fn regions(&mut self, frames: usize) -> (&mut [f32], &mut [f32]) {
        let (channels, first, second) = self.parts(frames);
        // SAFETY: `parts` stays within the room, which belongs to the producer, and within the storage; the two do not overlap; `&mut self` keeps others out.
        unsafe {
            (
                self.ring.storage.slice_mut(self.at * channels, first * channels),
                self.ring.storage.slice_mut(0, second * channels),
            )
        }
    }

    /// Makes `frames` frames, filled through [`regions`](Producer::regions), visible to the consumer. Returns the frames committed: `frames`, or the room when that is less (never less than
    /// `regions` gave).
    #[cfg(not(loom))]
    pub fn commit(&mut self, frames: usize) -> usize {
        let frames = frames.min(self.room());
        self.publish(frames);
        frames
    }

    /// Commits `frames` frames whose samples lie elsewhere: for strategies that use the ring's positions and waking, and have a storage of their own. There need be no room: who reads them
    /// skips what there is too much ([`Consumer::skip_to`](super::Consumer::skip_to)).
    #[cfg(feature = "strategies")]
    pub fn advance(&mut self, frames: usize) {
        self.write += frames as u64;
        // Release: as in `publish`.
        self.ring.producer.0.write.store(self.write, Ordering::Release);
    }

    /// Asks the consumer to discard everything before `position`, at most [`Producer::position`]: what another ring's producer asked for, handed on.
    #[cfg(any(feature = "strategies", feature = "embed"))]
    pub fn flush_to(&mut self, position: u64) {
        // Release: as in `flush`.
        self.ring.producer.0.skip_to.store(position.min(self.write), Ordering::Release);
    }

    /// Place up to which everything was asked to be discarded.
    #[cfg(any(feature = "strategies", feature = "embed"))]
    pub fn flushed_to(&self) -> u64 {
        self.ring.producer.0.skip_to.load(Ordering::Relaxed)
    }

    /// Asks the consumer to discard everything committed so far (seek, flush). Only the consumer discards, with
    /// [`apply_flush`](super::Consumer::apply_flush): what it has not yet discarded still counts as in flight.
    pub fn flush(&mut self) {
        // Release: a consumer that sees this position also sees `write` at least there.
        self.ring.producer.0.skip_to.store(self.write, ordering!(SkipTo, Ordering::Release));
    }

    /// Marks everything committed so far as soon to be discarded, so that what follows it can be written while it still plays, as far as the capacity allows. Then
    /// [`flush_to_mark`](Producer::flush_to_mark) changes over without a gap.
    pub fn mark(&mut self) {
        self.mark = self.write;
        self.look();
    }

    /// As [`flush`](Producer::flush), up to the [`mark`](Producer::mark) only: what was written since plays next.
    pub fn flush_to_mark(&mut self) {
        // Release: as in `flush`.
        self.ring.producer.0.skip_to.store(self.mark, ordering!(SkipTo, Ordering::Release));
    }

    /// Allows `frames` frames ahead (the capacity at most) even if the ring's limit is lower, before work that keeps the producer from writing; 0 ends it.
    pub fn keep_at_least(&mut self, frames: usize) {
        self.at_least = frames.min(self.ring.capacity());
        self.look();
    }

    /// Frames that will be read before the next one written: those in the ring, without what is marked to be discarded.
    pub fn ahead(&mut self) -> usize {
        self.look();
        (self.write - self.read.max(self.mark)) as usize
    }

    /// What [`sleep`](Producer::sleep) needs: take it before looking for commands and room.
    pub fn ticket(&self) -> Ticket {
        // Acquire: pairs with `Ring::call`; a command given before that call is seen after this load.
        Ticket(self.ring.wake.0.word.load(Ordering::Acquire))
    }

    /// Sleeps until `frames` frames can be written: [`sleep`](Producer::sleep) until [`Until::Room`].
    pub fn wait(&mut self, ticket: Ticket, frames: usize, timeout: Duration) -> Woken {
        self.sleep(ticket, Until::Room(frames), timeout)
    }

    /// Sleeps until what it waits for is there, somebody calls, or `timeout` is over. Returns at once when it is there already or somebody has called since `ticket` was taken. Not on the page's
    /// thread and not on the audio thread: browsers forbid waiting there.
    pub fn sleep(&mut self, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        if self.doze(until) {
            self.ring.wake.0.futex.wait(&self.ring.wake.0.word, ticket.0, timeout);
        }
        self.get_up(ticket, until)
    }

    /// The first half of [`sleep`](Producer::sleep), for those who sleep in a way of their own: says that it sleeps, and looks once more. Returns whether it has to: until a
    /// [`ticket`](Producer::ticket) taken now differs from the one taken before. Then comes [`get_up`](Producer::get_up), whatever was returned.
    pub fn doze(&mut self, until: Until) -> bool {
        match until {
            Until::Room(frames) => {
                self.limit = self.ring.limit().max(self.at_least);
                let end = self.write + frames.min(self.limit) as u64;
                let for_limit = end.saturating_sub(self.limit as u64);
                // What is marked does not count against the limit: then only the storage can be in the way.
                let for_limit = if for_limit <= self.mark { 0 } else { for_limit };
                // The limit need not be looked at again: who changes it calls, and that keeps us from sleeping.
                self.lie_down(for_limit.max(end.saturating_sub(self.ring.capacity() as u64)));
            }
            Until::Reader(position) => self.lie_down(position),
            Until::Call => {}
        }
        !self.is_there(until)
    }

    /// The second half of [`sleep`](Producer::sleep): no longer asleep. `ticket` and `until` as before.
    pub fn get_up(&mut self, ticket: Ticket, until: Until) -> Woken {
        self.ring.producer.0.sleep.store(0, Ordering::Relaxed);
        if self.is_there_now(until) {
            Woken::Room
        } else if self.ring.wake.0.word.load(Ordering::Relaxed) != ticket.0 {
            Woken::Called
        } else {
            Woken::TimedOut
        }
    }

    /// Whether what a sleep waits for is there by now: looks again.
    // Written out twice it would be too much for small builds.
    #[inline(never)]
    pub(crate) fn is_there_now(&mut self, until: Until) -> bool {
        self.look();
        self.is_there(until)
    }

    /// Whether what a sleep waits for is there, as far as known.
    fn is_there(&self, until: Until) -> bool {
        match until {
            Until::Room(frames) => self.room() >= frames.min(self.limit),
            Until::Reader(position) => self.read >= position,
            Until::Call => false,
        }
    }

    /// Says that it sleeps, until the reader is at `wake_at`, and looks at the reader once more: if it is not there yet, it will call.
    fn lie_down(&mut self, wake_at: u64) {
        let mine = &self.ring.producer.0;
        self.sleep = self.sleep.wrapping_add(1).max(1);
        mine.wake_at.store(wake_at, Ordering::Relaxed);
        // Release: a consumer that sees this sleep also sees its `wake_at`.
        mine.sleep.store(self.sleep, ordering!(Sleep, PUBLISH));
        store_load_barrier();
        self.look_at_reader();
    }

    /// Looks at the reader's position and at the limit.
    #[inline]
    fn look(&mut self) {
        self.limit = self.ring.limit().max(self.at_least);
        self.look_at_reader();
    }

    /// Looks at the reader's position: there may be more room, never less.
    #[inline]
    fn look_at_reader(&mut self) {
        // Acquire: pairs with the consumer's release in `publish`: its reads of the cells are over. SeqCst in Wasm, for `wait`.
        self.read = self.ring.consumer.0.read.load(ordering!(SeeRead, SEE));
        let by_limit = self.read.max(self.mark) + self.limit as u64;
        self.until = by_limit.min(self.read + self.ring.capacity() as u64);
    }

    /// Frames that can be written, as far as known.
    #[inline]
    fn room(&self) -> usize {
        // Less than `write` after the limit was lowered.
        self.until.saturating_sub(self.write) as usize
    }

    /// Room for up to `frames` frames as `(channels, frames before the wrap, frames after)`.
    #[inline]
    fn parts(&mut self, frames: usize) -> (usize, usize, usize) {
        if self.room() < frames {
            self.look();
        }
        let frames = frames.min(self.room());
        let first = frames.min(self.ring.capacity() - self.at);
        (self.ring.channels(), first, frames - first)
    }

    /// Copies up to `frames` frames into the room, without publishing them. Returns the frames copied.
    #[inline]
    fn fill_cells(&mut self, interleaved: &[f32], frames: usize) -> usize {
        let (channels, first, second) = self.parts(frames);
        let (head, rest) = interleaved.split_at(first * channels);
        // SAFETY: `parts` stays within the room, which belongs to the producer, and within the storage.
        unsafe {
            self.ring.storage.write(self.at * channels, head);
            // Seldom: an empty copy is a call all the same.
            if second > 0 {
                self.ring.storage.write(0, &rest[..second * channels]);
            }
        }
        first + second
    }

    /// Hands `frames` filled frames over.
    #[inline]
    fn publish(&mut self, frames: usize) {
        self.write += frames as u64;
        self.at += frames;
        if self.at >= self.ring.capacity() {
            self.at -= self.ring.capacity();
        }
        // Release: pairs with the consumer's acquire; the cells' contents come first.
        self.ring.producer.0.write.store(self.write, ordering!(Write, Ordering::Release));
    }
}
