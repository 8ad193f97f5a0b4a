//! What has to be hidden from symphonia so that a file that is cut off can be played to the cut.

use std::io::{Read, Result, Seek, SeekFrom};
use symphonia::core::io::MediaSource;

/// Parts of an MP4 file that are looked at; a film in fragments has more, and needs no repair.
const MAX_PARTS: usize = 64;

/// Chunks of a CAF file that are looked at in search of its sound.
const MAX_CHUNKS: usize = 64;

/// `media`, or the same with what keeps symphonia from playing it hidden.
///
/// - AIFF and MP4 shorter than they say are made unseekable: their readers look for what may stand behind the sound if they can seek, and give up if the file ends before.
/// - So is Matroska; and its length is hidden too, because its reader drops everything that does not fit inside it.
/// - The outer size of WAV becomes "not known": its reader refuses a file where that is smaller than what is inside, as recorders that were switched off leave behind.
/// - The size of CAF's sound becomes what is there: its reader skips it, and must arrive at the end.
///
/// Returns what readers are given, and what they are told of it.
pub(super) fn readable(mut media: Box<dyn MediaSource>) -> (Box<dyn MediaSource>, Told) {
    let can_seek = media.is_seekable();
    let plain = Told {
        can_seek,
        len_hidden: false,
    };
    let Some(len) = media.byte_len().filter(|_| can_seek) else {
        return (media, plain);
    };
    let repair = find_repair(&mut *media, len);
    match repair {
        _ if media.seek(SeekFrom::Start(0)).is_err() => (media, plain),
        Some(Repair::ReadOnly { len_hidden }) => (
            media,
            Told {
                can_seek: false,
                len_hidden,
            },
        ),
        Some(Repair::Patch { at, bytes }) => {
            let patched = Patched {
                media,
                patch: (at, bytes),
                position: 0,
            };
            (Box::new(patched), plain)
        }
        None => (media, plain),
    }
}

/// What readers are told of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    /// Whether they may go back.
    pub(super) can_seek: bool,
    /// Whether its length is kept from them.
    pub(super) len_hidden: bool,
}

enum Repair {
    ReadOnly {
        len_hidden: bool,
    },
    /// Other bytes at that place, counted from the file's beginning.
    Patch {
        at: u64,
        bytes: Vec<u8>,
    },
}

/// What a file of `len` bytes needs. Leaves the position anywhere.
fn find_repair(media: &mut dyn MediaSource, len: u64) -> Option<Repair> {
    match head(media, 0)? {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Repair::Patch {
            at: 4,
            bytes: vec![0xFF; 4],
        }),
        [b'F', b'O', b'R', b'M', a, b, c, d, b'A', b'I', b'F', b'F' | b'C', ..] => {
            let end = u64::from(u32::from_be_bytes([a, b, c, d])) + 8;
            (end > len).then_some(Repair::ReadOnly { len_hidden: false })
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => (last_part_ends(media, len) > len).then_some(Repair::ReadOnly { len_hidden: false }),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => (segment_ends(media)? > len).then_some(Repair::ReadOnly { len_hidden: true }),
        [b'c', b'a', b'f', b'f', ..] => caf_sound(media, len),
        _ => None,
    }
}

/// Where a Matroska file's segment ends as far as its size says (<https://www.rfc-editor.org/rfc/rfc8794#section-4>); nothing if it says none.
fn segment_ends(media: &mut dyn MediaSource) -> Option<u64> {
    let mut at = 0;
    // The EBML header, perhaps padding, the segment.
    for _ in 0..4 {
        let bytes = head(media, at)?;
        let id = bytes[0].leading_zeros() as usize + 1;
        let first = *bytes.get(id)?;
        let width = first.leading_zeros() as usize + 1;
        let size = bytes.get(id..id + width.min(8))?;
        let all_ones = (1u64 << (7 * size.len())) - 1;
        let size = size.iter().fold(0u64, |size, byte| size << 8 | u64::from(*byte)) & all_ones;
        if size == all_ones {
            return None;
        }
        at = at.checked_add((id + width) as u64)?.checked_add(size)?;
        if bytes.starts_with(&[0x18, 0x53, 0x80, 0x67]) {
            return Some(at);
        }
    }
    None
}

/// The size that a CAF file's sound really has, if it says more (<https://developer.apple.com/library/archive/documentation/MusicAudio/Reference/CAFSpec/>).
fn caf_sound(media: &mut dyn MediaSource, len: u64) -> Option<Repair> {
    let mut at = 8u64;
    for _ in 0..MAX_CHUNKS {
        let [kind @ .., _, _, _, _] = head(media, at)?;
        let [a, b, c, d, size @ ..] = kind;
        let (size, start) = (u64::from_be_bytes(size), at + 12);
        let end = start.saturating_add(size);
        if [a, b, c, d] == *b"data" {
            return (end > len).then(|| Repair::Patch {
                at: at + 4,
                bytes: (len - start).to_be_bytes().to_vec(),
            });
        }
        at = end;
    }
    None
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

/// A source with some other bytes in one place.
struct Patched {
    media: Box<dyn MediaSource>,
    /// Where from the file's beginning, and which.
    patch: (u64, Vec<u8>),
    /// Of the next byte read, from the file's beginning.
    position: u64,
}

impl Read for Patched {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let got = self.media.read(into)?;
        let (at, bytes) = &self.patch;
        for (place, byte) in (*at..).zip(bytes) {
            let byte_read = place
                .checked_sub(self.position)
                .and_then(|from| into[..got].get_mut(usize::try_from(from).ok()?));
            if let Some(byte_read) = byte_read {
                *byte_read = *byte;
            }
        }
        self.position += got as u64;
        Ok(got)
    }
}

impl Seek for Patched {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.position = self.media.seek(to)?;
        Ok(self.position)
    }
}

impl MediaSource for Patched {
    fn is_seekable(&self) -> bool {
        self.media.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.media.byte_len()
    }
}
