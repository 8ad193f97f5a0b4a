//! Items that are bytes at hand: a file natively, a `File` in a worker.

use super::{MediaSource, Opener};
use crate::error::{Error, FileProblem};
use crate::source::file::{FileTrack, Track};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// A file that is read when it is played, and again when it is played again.
pub struct MediaOpener {
    name: String,
    media: Arc<Mutex<Box<dyn MediaSource>>>,
    opened: bool,
}

impl MediaOpener {
    /// An item of that name.
    pub fn new(media: Box<dyn MediaSource>, name: &str) -> Self {
        MediaOpener {
            name: name.to_owned(),
            media: Arc::new(Mutex::new(media)),
            opened: false,
        }
    }
}

impl Opener for MediaOpener {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&mut self) -> Result<Box<dyn Track>, Error> {
        let reader = Reader {
            media: self.media.clone(),
            position: 0,
        };
        if std::mem::replace(&mut self.opened, true) && !reader.is_seekable() {
            return Err(Error::File {
                name: self.name.clone(),
                problem: FileProblem::Unreadable,
                at: None,
                reason: "it comes as a stream that can be read only once".into(),
            });
        }
        Ok(Box::new(FileTrack::open(Box::new(reader), &self.name, None)?))
    }
}

/// A reader with a position of its own.
struct Reader {
    media: Arc<Mutex<Box<dyn MediaSource>>>,
    position: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut media = self.media.lock().unwrap_or_else(PoisonError::into_inner);
        if media.is_seekable() {
            media.seek(SeekFrom::Start(self.position))?;
        }
        let count = media.read(into)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut media = self.media.lock().unwrap_or_else(PoisonError::into_inner);
        self.position = match to {
            SeekFrom::Current(by) => media.seek(SeekFrom::Start(self.position.saturating_add_signed(by)))?,
            other => media.seek(other)?,
        };
        Ok(self.position)
    }
}

impl MediaSource for Reader {
    fn is_seekable(&self) -> bool {
        self.media.lock().unwrap_or_else(PoisonError::into_inner).is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.media.lock().unwrap_or_else(PoisonError::into_inner).byte_len()
    }
}
