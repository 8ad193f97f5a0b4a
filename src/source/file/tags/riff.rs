//! Chunks of WAV and AIFF files.

use super::bytes::{Bytes, Rest};
use super::{Field, Found, MOST_PIECES, id3, text_of};

/// Most bytes of a list of texts, or of one text.
const LARGEST_LIST: usize = 64 * 1024;

/// Chunks of a WAV file from `at` on.
pub(super) fn read_wave(bytes: &mut Bytes, at: u64, found: &mut Found) {
    chunks(bytes, at, u32::from_le_bytes, |bytes, name, at, size| match name {
        b"LIST" => {
            if let Some(list) = bytes.piece(at, size, LARGEST_LIST) {
                read_info(&list, found);
            }
        }
        b"id3 " | b"ID3 " => {
            id3::read(bytes, at, found);
        }
        _ => {}
    });
}

/// Chunks of an AIFF file from `at` on.
pub(super) fn read_aiff(bytes: &mut Bytes, at: u64, found: &mut Found) {
    chunks(bytes, at, u32::from_be_bytes, |bytes, name, at, size| {
        let field = match name {
            b"NAME" => Field::Title,
            b"AUTH" => Field::Artist,
            b"ID3 " | b"id3 " => {
                id3::read(bytes, at, found);
                return;
            }
            _ => return,
        };
        if let Some(text) = bytes.piece(at, size, LARGEST_LIST) {
            found.text(field, &text_of(&text));
        }
    });
}

/// Calls `each` with name, place and size of each chunk.
fn chunks(bytes: &mut Bytes, mut at: u64, number: fn([u8; 4]) -> u32, mut each: impl FnMut(&mut Bytes, &[u8; 4], u64, u64)) {
    for _ in 0..MOST_PIECES {
        let Some([a, b, c, d, size @ ..]) = bytes.array::<8>(at) else {
            return;
        };
        let size = u64::from(number(size));
        each(bytes, &[a, b, c, d], at + 8, size);
        // Chunks begin at even places.
        at += 8 + size + size % 2;
    }
}

/// The INFO list: texts by four letters.
fn read_info(list: &[u8], found: &mut Found) {
    let mut rest = Rest(list);
    if rest.take(4) != Some(b"INFO") {
        return;
    }
    for _ in 0..MOST_PIECES {
        let Some((name, size)) = rest.take(4).zip(rest.u32_le()) else {
            return;
        };
        let Some(text) = rest.take(size as usize) else { return };
        rest.take(size as usize % 2);
        let field = match name {
            b"INAM" => Field::Title,
            b"IART" => Field::Artist,
            b"IPRD" => Field::Album,
            b"IPRT" | b"ITRK" => Field::Track,
            b"ICRD" => Field::Date,
            b"IGNR" => Field::Genre,
            _ => continue,
        };
        found.text(field, &text_of(text));
    }
}
