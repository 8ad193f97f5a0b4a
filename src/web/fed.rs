//! The producer's end of a feed (feature `decode`): made when files are to be played, and kept for the next time.
#![cfg_attr(feature = "strategies", allow(unsafe_code))]

use crate::error::Error;
use crate::feed::{Feed, FeedSource};
use crate::render::Source;
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;

/// How many seconds of sound a feed holds at most: enough for a network that falters, and decoded in a moment.
const SECONDS: f32 = 5.0;
/// How many bytes a feed takes at most: sound with many channels gets less time.
const MAX_BYTES: usize = 4 << 20;

/// An output's feed, if there is one.
#[derive(Default)]
pub(super) struct Feeds(Option<Arc<Feed>>);

impl Feeds {
    /// The feed as a source.
    ///
    /// # Errors
    /// [`Error::AlreadyTaken`] while it is played.
    pub(super) fn source(&mut self, shared: &Arc<SharedOutput>) -> Result<Box<dyn Source>, Error> {
        Ok(Box::new(FeedSource::claim(self.get(shared)?.clone())?))
    }

    /// A share of the feed for the worker that decodes, given away for good, as its address.
    pub(super) fn share(&mut self, shared: &Arc<SharedOutput>) -> Result<usize, Error> {
        Ok(Arc::into_raw(self.get(shared)?.clone()) as usize)
    }

    /// Address of the feed's ring, or 0.
    pub(super) fn ring(&self) -> usize {
        self.0.as_ref().map_or(0, |feed| Arc::as_ptr(feed.ring()) as usize)
    }

    /// The feed at `address`, of which one share was given away for this, as a source.
    #[cfg(feature = "strategies")]
    pub(super) fn adopt(&mut self, address: usize) -> Result<Box<dyn Source>, Error> {
        // SAFETY: the address is what `share` gave out in this memory, for good.
        let feed = unsafe { Arc::from_raw(address as *const Feed) };
        Ok(Box::new(FeedSource::claim(self.0.insert(feed).clone())?))
    }

    /// Address of the ring of the feed at `address`, or 0.
    #[cfg(feature = "strategies")]
    pub(super) fn ring_of(address: usize) -> usize {
        if address == 0 {
            return 0;
        }
        // SAFETY: as in `adopt`; only looked at.
        let feed = unsafe { &*(address as *const Feed) };
        Arc::as_ptr(feed.ring()) as usize
    }

    /// Forgets the feed, whose writer is gone: no ring ever gets a second producer. Returns whether there was one.
    pub(super) fn forget(&mut self) -> bool {
        self.0.take().is_some()
    }

    fn get(&mut self, shared: &Arc<SharedOutput>) -> Result<&Arc<Feed>, Error> {
        match &mut self.0 {
            Some(feed) => Ok(feed),
            none => {
                let frames = MAX_BYTES / (size_of::<f32>() * shared.ring.channels());
                Ok(none.insert(Feed::new(shared.clone(), frames.min((SECONDS * shared.sample_rate) as usize))?))
            }
        }
    }
}
