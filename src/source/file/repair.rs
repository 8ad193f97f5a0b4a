//! What has to be hidden from symphonia so that a file that is cut off can be played to the cut.

use std::io::{Read, Result, Seek, SeekFrom};
use symphonia::core::io::MediaSource;

/// `media`, or the same made unseekable if it is an AIFF file shorter than it says.
///
/// symphonia's AIFF reader looks for chunks behind the sound if it can seek, and gives up if the file ends before.
pub(super) fn readable(mut media: Box<dyn MediaSource>) -> Box<dyn MediaSource> {
    let is_cut = media.is_seekable()
        && match (media.byte_len(), head(&mut *media)) {
            (Some(len), Some([b'F', b'O', b'R', b'M', a, b, c, d, b'A', b'I', b'F', b'F' | b'C'])) => {
                u64::from(u32::from_be_bytes([a, b, c, d])) + 8 > len
            }
            _ => false,
        };
    if is_cut { Box::new(Forward(media)) } else { media }
}

/// The first bytes; the position stays.
fn head(media: &mut dyn MediaSource) -> Option<[u8; 12]> {
    let mut bytes = [0; 12];
    let start = media.stream_position().ok()?;
    let read = media.read_exact(&mut bytes);
    media.seek(SeekFrom::Start(start)).ok()?;
    read.is_ok().then_some(bytes)
}

/// A source that can only be read on.
struct Forward(Box<dyn MediaSource>);

impl Read for Forward {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.0.read(into)
    }
}

impl Seek for Forward {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.0.seek(to)
    }
}

impl MediaSource for Forward {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        self.0.byte_len()
    }
}
