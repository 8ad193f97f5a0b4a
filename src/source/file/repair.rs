//! What has to be hidden from symphonia so that a file that is cut off can be played to the cut.

use std::io::SeekFrom;
use symphonia::core::io::MediaSource;

/// Parts of an MP4 file that are looked at; a film in fragments has more, and needs no repair.
const MAX_PARTS: usize = 64;

/// Whether an AIFF or MP4 file is shorter than it says. The position is at the beginning afterwards.
///
/// symphonia's readers of both look for what may stand behind the sound if they can seek, and give up if the file ends before: such a
/// file has to be shown to them as one that can only be read on.
pub(super) fn ends_late(media: &mut dyn MediaSource) -> bool {
    let Some(len) = media.byte_len() else { return false };
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
