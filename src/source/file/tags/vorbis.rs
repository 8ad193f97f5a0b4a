//! Vorbis comments and FLAC's blocks.

use super::bytes::{Bytes, Rest};
use super::{Field, Found, LARGEST_COVER, LARGEST_TAG, MOST_PIECES};

/// FLAC's kinds of blocks.
const COMMENTS: u8 = 4;
const PICTURE: u8 = 6;

/// Blocks of a FLAC file from `at` on.
pub(super) fn read_flac(bytes: &mut Bytes, mut at: u64, found: &mut Found) {
    for _ in 0..MOST_PIECES {
        let Some([kind, size @ ..]) = bytes.array::<4>(at) else { return };
        let size = size.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
        if matches!(kind & 0x7f, COMMENTS | PICTURE)
            && let Some(block) = bytes.piece(at + 4, size, LARGEST_TAG)
        {
            read_block(kind, &block, found);
        }
        if kind & 0x80 != 0 {
            return;
        }
        at += 4 + size;
    }
}

/// One of FLAC's blocks without its header.
pub(super) fn read_block(kind: u8, block: &[u8], found: &mut Found) {
    match kind & 0x7f {
        COMMENTS => read_comments(block, found),
        PICTURE => drop(read_picture(block, found)),
        _ => {}
    }
}

/// A list of "NAME=value".
pub(super) fn read_comments(block: &[u8], found: &mut Found) {
    let mut rest = Rest(block);
    let Some(vendor) = rest.u32_le() else { return };
    let Some(count) = rest.take(vendor as usize).and_then(|_| rest.u32_le()) else {
        return;
    };
    for _ in 0..count.min(MOST_PIECES as u32) {
        let Some(comment) = rest.u32_le().and_then(|size| rest.take(size as usize)) else {
            return;
        };
        let Some(equals) = comment.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&comment[..equals], &comment[equals + 1..]);
        let field = match name.to_ascii_uppercase().as_slice() {
            b"TITLE" => Field::Title,
            b"ARTIST" => Field::Artist,
            b"ALBUM" => Field::Album,
            b"TRACKNUMBER" => Field::Track,
            b"DATE" | b"YEAR" => Field::Date,
            b"GENRE" => Field::Genre,
            b"METADATA_BLOCK_PICTURE" => {
                if let Some(block) = from_base64(value) {
                    read_picture(&block, found);
                }
                continue;
            }
            _ => continue,
        };
        found.text(field, &String::from_utf8_lossy(value));
    }
}

/// A PICTURE block.
fn read_picture(block: &[u8], found: &mut Found) -> Option<()> {
    let mut rest = Rest(block);
    let kind = rest.u32_be()?;
    for _ in ["media type", "description"] {
        let size = rest.u32_be()?;
        rest.take(size as usize)?;
    }
    let _width_height_depth_colours = rest.take(16)?;
    let size = rest.u32_be()?;
    found.picture(kind, rest.take(size as usize)?);
    Some(())
}

/// Base64 (RFC 4648, 4). Whatever is no letter of it is passed over.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() / 4 * 3 > LARGEST_COVER + 64 * 1024 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0u32, 0);
    for letter in text {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}
