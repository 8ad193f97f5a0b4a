//! What has to be hidden from symphonia so that a file that is cut off can be played to the cut.

use std::io::{Read, Result, Seek, SeekFrom};
use symphonia::core::io::MediaSource;

/// Parts of an MP4 file that are looked at; a film in fragments has more, and needs no repair.
const MAX_PARTS: usize = 64;

/// `media`, or the same made unseekable if it is an AIFF or MP4 file shorter than it says.
///
/// symphonia's readers of both look for what may stand behind the sound if they can seek, and give up if the file ends before.
pub(super) fn readable(mut media: Box<dyn MediaSource>) -> Box<dyn MediaSource> {
    let is_cut = media.is_seekable() && media.byte_len().is_some_and(|len| ends_late(&mut *media, len));
    if is_cut { Box::new(Forward(media)) } else { media }
}

/// Whether the sizes in the file go beyond its length of `len` bytes. The position stays at the beginning.
fn ends_late(media: &mut dyn MediaSource, len: u64) -> bool {
    let late = match head(media, 0) {
        Some([b'F', b'O', b'R', b'M', a, b, c, d, b'A', b'I', b'F', b'F' | b'C', ..]) => {
            u64::from(u32::from_be_bytes([a, b, c, d])) + 8 > len
        }
        Some([_, _, _, _, b'f', b't', b'y', b'p', ..]) => last_part_ends(media, len) > len,
        _ => false,
    };
    media.seek(SeekFrom::Start(0)).is_ok() && late
}

/// Where an MP4 file's last part ends as far as its sizes say, in bytes from the file's beginning.
fn last_part_ends(media: &mut dyn MediaSource, len: u64) -> u64 {
    let mut at = 0u64;
    for _ in 0..MAX_PARTS {
        let Some(bytes) = head(media, at) else { break };
        let (short, long) = bytes.split_at(8);
        let short = short.iter().take(4).fold(0, |size, byte| size << 8 | u64::from(*byte));
        let size = match short {
            // To the end of the file.
            0 => break,
            // The size stands behind the kind, with 64 bits.
            1 => long.iter().fold(0, |size, byte| size << 8 | u64::from(*byte)),
            size => size,
        };
        at = at.saturating_add(size.max(8));
        if at >= len {
            break;
        }
    }
    at
}

/// 16 bytes from `at`.
fn head(media: &mut dyn MediaSource, at: u64) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    media.seek(SeekFrom::Start(at)).ok()?;
    media.read_exact(&mut bytes).ok()?;
    Some(bytes)
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
