//! What has to be hidden from symphonia so that a file that is cut off can be played to the cut.

use std::io::SeekFrom;
use symphonia::core::io::MediaSource;

/// Parts of an MP4 file that are looked at; a film in fragments has more, and needs no repair.
const MAX_PARTS: usize = 64;

/// Whether an AIFF, MP4 or Matroska file is shorter than it says. The position is at the beginning afterwards.
///
/// symphonia's readers of these look for what may stand behind the sound if they can seek, and give up if the file ends before: such a
/// file has to be shown to them as one of unknown length that can only be read on.
pub(super) fn ends_late(media: &mut dyn MediaSource) -> bool {
    let Some(len) = media.byte_len() else { return false };
    let late = match head(media, 0) {
        Some([b'F', b'O', b'R', b'M', a, b, c, d, b'A', b'I', b'F', b'F' | b'C', ..]) => {
            u64::from(u32::from_be_bytes([a, b, c, d])) + 8 > len
        }
        Some([0x1A, 0x45, 0xDF, 0xA3, size @ ..]) => segment_ends(media, &size) > len,
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

/// Where a Matroska file's one segment ends as far as its size says; `size` is what follows on the identifier of the file's header.
fn segment_ends(media: &mut dyn MediaSource, size: &[u8]) -> u64 {
    let header = element_size(size).and_then(|(bytes, size)| size.checked_add(4 + bytes));
    let segment = header.and_then(|at| Some((at, head(media, at)?)));
    match segment {
        Some((at, [0x18, 0x53, 0x80, 0x67, size @ ..])) => {
            element_size(&size).map_or(0, |(bytes, size)| at.saturating_add(4 + bytes + size))
        }
        _ => 0,
    }
}

/// A size with its own length in front (RFC 8794, 4), and that length; `None` if it is unknown.
fn element_size(bytes: &[u8]) -> Option<(u64, u64)> {
    let count = bytes.first()?.leading_zeros() as usize + 1;
    let number = bytes.get(..count)?.iter().fold(0u64, |size, byte| size << 8 | u64::from(*byte));
    let size = number.checked_sub(1 << (7 * count))?;
    (count <= 8 && size != (1 << (7 * count)) - 1).then_some((count as u64, size))
}

/// 16 bytes from `at`.
fn head(media: &mut dyn MediaSource, at: u64) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    media.seek(SeekFrom::Start(at)).ok()?;
    media.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
