//! The packets at the front of an Ogg file (RFC 3533).

use super::bytes::Bytes;
use super::{Found, LARGEST_TAG, vorbis};

/// Pages that are looked at: the largest tag in pages of the usual 4 KiB.
const MOST_PAGES: usize = LARGEST_TAG / 4_096;
/// A page's flag: the first of its stream.
const FIRST: u8 = 2;

/// Reads the comments of the first stream known here.
pub(super) fn read(bytes: &mut Bytes, mut at: u64, found: &mut Found) {
    let mut stream = None;
    // The packet that is being put together, and how many were complete.
    let (mut packet, mut number) = (Vec::new(), 0);
    for _ in 0..MOST_PAGES {
        let Some(header) = bytes.array::<27>(at) else { return };
        if !header.starts_with(b"OggS") {
            return;
        }
        let serial = [header[14], header[15], header[16], header[17]];
        let count = u64::from(header[26]);
        let Some(lacing) = bytes.piece(at + 27, count, 255) else { return };
        let size = lacing.iter().map(|size| u64::from(*size)).sum();
        let Some(body) = bytes.piece(at + 27 + count, size, 255 * 255) else {
            return;
        };
        at += 27 + count + size;
        if stream.is_none() && header[5] & FIRST != 0 {
            stream = Kind::of(&body).map(|kind| (serial, kind));
        }
        let Some((ours, kind)) = stream else { continue };
        if serial != ours {
            continue;
        }
        let mut begin = 0;
        for size in &lacing {
            let end = begin + usize::from(*size);
            packet.extend_from_slice(&body[begin..end]);
            begin = end;
            if packet.len() > LARGEST_TAG {
                return;
            }
            // A packet ends with a piece that is not full.
            if *size < 255 {
                if number > 0 && kind.read(&packet, found) {
                    return;
                }
                number += 1;
                packet.clear();
            }
        }
    }
}

/// What a stream holds, by its first packet.
#[derive(Clone, Copy)]
enum Kind {
    Vorbis,
    Opus,
    Flac,
}

impl Kind {
    fn of(packet: &[u8]) -> Option<Kind> {
        match packet {
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Some(Kind::Vorbis),
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => Some(Kind::Opus),
            [0x7f, b'F', b'L', b'A', b'C', ..] => Some(Kind::Flac),
            _ => None,
        }
    }

    /// Reads a packet behind the first; returns whether it was the last one with tags.
    fn read(self, packet: &[u8], found: &mut Found) -> bool {
        match self {
            Kind::Vorbis => vorbis::read_comments(packet.strip_prefix(b"\x03vorbis").unwrap_or_default(), found),
            Kind::Opus => vorbis::read_comments(packet.strip_prefix(b"OpusTags").unwrap_or_default(), found),
            Kind::Flac => {
                let Some((kind, block)) = packet.split_first().and_then(|(kind, rest)| Some((*kind, rest.get(3..)?))) else {
                    return true;
                };
                vorbis::read_block(kind, block, found);
                // 0xff begins a frame of sound.
                return kind & 0x80 != 0;
            }
        }
        true
    }
}
