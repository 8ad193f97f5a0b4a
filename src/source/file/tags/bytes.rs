//! Bytes of a file by their place.

use std::io::SeekFrom;
use symphonia::core::io::MediaSource;

/// A file whose pieces are asked for by place. What lies beyond the end, or cannot be read, is `None`.
pub(super) struct Bytes<'a> {
    media: &'a mut dyn MediaSource,
    len: u64,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(media: &'a mut dyn MediaSource) -> Self {
        let len = media.byte_len().unwrap_or(0);
        Bytes { media, len }
    }

    /// Length of the file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// `N` bytes from `at`.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Some(bytes)
    }

    /// `count` bytes from `at`. Nothing is allocated for what the file does not have, nor beyond `most`.
    pub(super) fn piece(&mut self, at: u64, count: u64, most: usize) -> Option<Vec<u8>> {
        if at.checked_add(count)? > self.len {
            return None;
        }
        let count = usize::try_from(count).ok().filter(|count| *count <= most)?;
        let mut bytes = vec![0; count];
        self.fill(at, &mut bytes)?;
        Some(bytes)
    }

    fn fill(&mut self, at: u64, bytes: &mut [u8]) -> Option<()> {
        if at.checked_add(bytes.len() as u64)? > self.len {
            return None;
        }
        self.media.seek(SeekFrom::Start(at)).ok()?;
        self.media.read_exact(bytes).ok()
    }
}

/// Reads on in a piece that is in memory.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    /// The next `count` bytes, if there are as many.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u32_be(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(super) fn u32_le(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }
}
