//! The reading end.
#![allow(unsafe_code)]

use super::layout::Ring;
use super::sync::{Arc, Ordering, PUBLISH, SEE, ordering, store_load_barrier};
use crate::error::Error;

/// Reads frames. `Send`, used by one thread at a time.
///
/// # Real-time
/// No method waits, locks or allocates.
#[derive(Debug)]
pub struct Consumer {
    ring: Arc<Ring>,
    /// Own position: equals `ring.consumer.read`, of which this is the only writer.
    read: u64,
    /// `read % capacity`, in `0..capacity`.
    at: usize,
    /// The writer's position when last looked at; the truth is this or more.
    write: u64,
    /// The producer's latest flush that was applied.
    flushed_to: u64,
    /// The sleep for which the producer was already woken.
    woken: u32,
}

impl Consumer {
    /// Takes the ring's reading end, for good.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`].
    pub fn claim(ring: Arc<Ring>) -> Result<Self, Error> {
        ring.claim(super::CONSUMER)?;
        Ok(Consumer::new(ring))
    }

    /// The reading end of a ring whose consumer's bit was just taken.
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        Consumer {
            ring,
            read: 0,
            at: 0,
            write: 0,
            flushed_to: 0,
            woken: 0,
        }
    }

    /// The ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Position of the next frame to be read, in frames since the ring was made.
    pub fn position(&self) -> u64 {
        self.read
    }

    /// Frames that can be read now; the producer may make it more at any time, never less.
    #[inline]
    pub fn read_available(&mut self) -> usize {
        self.look();
        self.known_available()
    }

    /// Frames that can be read, as of the last look ([`read_available`](Consumer::read_available), [`apply_flush`](Consumer::apply_flush), or a read that wanted more).
    /// Reading no more than this right after `apply_flush` never crosses a flush that is not applied yet.
    #[inline]
    pub fn known_available(&self) -> usize {
        (self.write - self.read) as usize
    }

    /// Copies frames into `interleaved` and frees their room. Returns the frames read, which may be fewer than there is space for.
    ///
    /// # Errors
    /// [`Error::NotWholeFrames`]; nothing is read then.
    #[inline]
    pub fn read(&mut self, interleaved: &mut [f32]) -> Result<usize, Error> {
        let frames = self.ring.whole_frames(interleaved.len())?;
        let (channels, first, second) = self.parts(frames);
        let (head, rest) = interleaved.split_at_mut(first * channels);
        // SAFETY: `parts` stays within the fill, which belongs to the consumer, and within the storage.
        unsafe {
            self.ring.storage.read(self.at * channels, head);
            // Seldom: an empty copy is a call all the same.
            if second > 0 {
                self.ring.storage.read(0, &mut rest[..second * channels]);
            }
        }
        self.publish(first + second);
        Ok(first + second)
    }

    /// Copies frames from place `from` on into `interleaved` without freeing their room; `from` is not before the reader's own place. Returns the frames copied: fewer where fewer are there.
    #[cfg(all(feature = "embed", not(loom)))]
    pub fn peek(&mut self, from: u64, interleaved: &mut [f32]) -> usize {
        let ahead = from.saturating_sub(self.read) as usize;
        let (channels, capacity) = (self.ring.channels(), self.ring.capacity());
        let frames = self.read_available().saturating_sub(ahead).min(interleaved.len() / channels);
        let at = (self.at + ahead) % capacity;
        let first = frames.min(capacity - at);
        let (head, rest) = interleaved[..frames * channels].split_at_mut(first * channels);
        // SAFETY: what is read lies between the reader's place and the writer's, so it belongs to the consumer, and within the storage.
        unsafe {
            self.ring.storage.read(at * channels, head);
            self.ring.storage.read(0, rest);
        }
        frames
    }

    /// Up to `frames` frames to be read in place: two slices (the second is empty unless they wrap), interleaved. Then [`commit`](Consumer::commit) what was read.
    #[cfg(not(loom))]
    #[inline]
    pub fn regions(&mut self, frames: usize) -> (&[f32], &[f32]) {
        let (channels, first, second) = self.parts(frames);
        // SAFETY: `parts` stays within the fill, which belongs to the consumer, and within the storage.
        unsafe {
            (
                self.ring.storage.slice(self.at * channels, first * channels),
                self.ring.storage.slice(0, second * channels),
            )
        }
    }

    /// Frees the room of `frames` frames. Returns the frames freed: `frames`, or the fill when that is less.
    #[cfg(not(loom))]
    #[inline]
    pub fn commit(&mut self, frames: usize) -> usize {
        let frames = frames.min(self.known_available());
        self.publish(frames);
        frames
    }

    /// Discards what the producer asked to discard ([`Producer::flush`](super::Producer::flush)). Returns the frames discarded when there was a new flush since the last call; they
    /// may be none, when everything had been read: what is read next is of the time after the flush all the same.
    #[inline]
    pub fn apply_flush(&mut self) -> Option<usize> {
        // First `write`, then `skip_to`: frames written after a flush are then never known without the flush.
        self.look();
        // Acquire: pairs with the release in `flush`; `write` is then at least there.
        let skip_to = self.ring.producer.0.skip_to.load(Ordering::Acquire);
        if skip_to == self.flushed_to {
            return None;
        }
        self.flushed_to = skip_to;
        // It may lie beyond what was just seen of `write`, and is then all that is known of it: another look could see past the next flush.
        self.write = self.write.max(skip_to);
        let frames = skip_to.saturating_sub(self.read) as usize;
        self.publish(frames);
        Some(frames)
    }

    /// Place before which everything was discarded by [`apply_flush`](Consumer::apply_flush), as of its latest call.
    #[cfg(feature = "strategies")]
    pub(crate) fn flushed_to(&self) -> u64 {
        self.flushed_to
    }

    /// Place before which the producer wants everything discarded; for who does that in a way of its own.
    #[cfg(feature = "strategies")]
    pub(crate) fn flush_asked(&self) -> u64 {
        // Acquire: as in `apply_flush`.
        self.ring.producer.0.skip_to.load(Ordering::Acquire)
    }

    /// Goes on at `position`, for strategies whose samples lie elsewhere: what lies before it was read there, or is not wanted. Never goes back.
    #[cfg(any(feature = "strategies", feature = "embed"))]
    #[inline]
    pub fn skip_to(&mut self, position: u64) {
        self.read = self.read.max(position);
        self.write = self.write.max(self.read);
        // Release: as in `publish`.
        self.ring.consumer.0.read.store(self.read, PUBLISH);
    }

    /// Discards everything that can be read now. Returns the frames discarded.
    pub fn flush(&mut self) -> usize {
        let frames = self.read_available();
        self.publish(frames);
        frames
    }

    /// Wakes the producer if it sleeps and now has the room it waits for; at most once for each of its sleeps. To be called after reading, once a quantum or
    /// less often. Returns whether it was woken.
    ///
    /// # Real-time
    /// Wait-free in Wasm (natively it takes a lock for an instant, when it does wake: natively is for tests).
    #[inline]
    pub fn wake_producer(&mut self) -> bool {
        let waits = self.producer_waits();
        if waits {
            self.ring.call();
        }
        waits
    }

    /// The first half of [`wake_producer`](Consumer::wake_producer), for those who have something to do before they wake it, which may take long: whether it is to be woken. Says so
    /// once for each of its sleeps; [`Ring::call`] must follow.
    ///
    /// # Real-time
    /// Wait-free.
    #[inline]
    pub fn producer_waits(&mut self) -> bool {
        store_load_barrier();
        // Acquire: pairs with the release in `wait`; `wake_at` is then of this sleep or a later one. SeqCst in Wasm, for the handshake.
        let sleep = self.ring.producer.0.sleep.load(SEE);
        if sleep == 0 || sleep == self.woken || self.read < self.ring.producer.0.wake_at.load(Ordering::Relaxed) {
            return false;
        }
        self.woken = sleep;
        true
    }

    /// Looks at the writer's position.
    #[inline]
    fn look(&mut self) {
        // Acquire: pairs with the producer's release in `publish`: the cells are filled.
        self.write = self.ring.producer.0.write.load(ordering!(SeeWrite, Ordering::Acquire));
    }

    /// Up to `frames` readable frames as `(channels, frames before the wrap, frames after)`.
    #[inline]
    fn parts(&mut self, frames: usize) -> (usize, usize, usize) {
        if self.known_available() < frames {
            self.look();
        }
        let frames = frames.min(self.known_available());
        let first = frames.min(self.ring.capacity() - self.at);
        (self.ring.channels(), first, frames - first)
    }

    /// Gives the room of `frames` frames back.
    #[inline]
    fn publish(&mut self, frames: usize) {
        self.read += frames as u64;
        self.at += frames;
        if self.at >= self.ring.capacity() {
            self.at -= self.ring.capacity();
        }
        // Release: pairs with the producer's acquire; our reads of the cells come first.
        self.ring.consumer.0.read.store(self.read, ordering!(Read, PUBLISH));
    }
}
