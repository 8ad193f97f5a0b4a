//! iTunes' atoms in MP4 files: moov/udta/meta/ilst.

use std::ops::Range;

use super::bytes::Bytes;
use super::{Field, Found, LARGEST_COVER, MOST_PIECES, id3, text_of};

/// Bytes in front of a value: version, kind, country and language.
const DATA_HEADER: u64 = 8;
/// Most bytes of a text.
const LARGEST_TEXT: usize = 64 * 1024;

/// Atoms from `at` on.
pub(super) fn read(bytes: &mut Bytes, at: u64, found: &mut Found) {
    let file = at..bytes.len();
    let meta = child(bytes, file, b"moov")
        .and_then(|moov| child(bytes, moov, b"udta"))
        .and_then(|udta| child(bytes, udta, b"meta"));
    let Some(meta) = meta else { return };
    // A version stands in front of the children, except in QuickTime's files.
    let begin = match bytes.array::<8>(meta.start) {
        Some([.., b'h', b'd', b'l', b'r']) => meta.start,
        _ => meta.start + 4,
    };
    let Some(list) = child(bytes, begin..meta.end, b"ilst") else {
        return;
    };
    children(bytes, list, |bytes, name, item| {
        read_item(bytes, name, item, found);
        false
    });
}

fn read_item(bytes: &mut Bytes, name: &[u8; 4], item: Range<u64>, found: &mut Found) -> Option<()> {
    let field = match name {
        b"\xa9nam" => Some(Field::Title),
        b"\xa9ART" => Some(Field::Artist),
        b"\xa9alb" => Some(Field::Album),
        b"\xa9day" => Some(Field::Date),
        b"\xa9gen" => Some(Field::Genre),
        b"trkn" | b"gnre" | b"covr" => None,
        _ => return None,
    };
    let data = child(bytes, item, b"data")?;
    let (at, size) = (data.start + DATA_HEADER, (data.end - data.start).checked_sub(DATA_HEADER)?);
    match (field, name) {
        (Some(field), _) => found.text(field, &text_of(&bytes.piece(at, size, LARGEST_TEXT)?)),
        (None, b"covr") => found.picture(3, &bytes.piece(at, size, LARGEST_COVER)?),
        // Two bytes of nothing, the number, how many there are.
        (None, b"trkn") if size >= 4 => {
            let [_, _, high, low] = bytes.array(at)?;
            found.text(Field::Track, &u16::from_be_bytes([high, low]).to_string());
        }
        // ID3v1's number plus one.
        (None, b"gnre") if size >= 2 => {
            let number = u16::from_be_bytes(bytes.array(at)?).checked_sub(1)?;
            found.text(Field::Genre, id3::genre(number.into())?);
        }
        _ => {}
    }
    Some(())
}

/// The content of the first atom of that name.
fn child(bytes: &mut Bytes, within: Range<u64>, wanted: &[u8; 4]) -> Option<Range<u64>> {
    let mut content = None;
    children(bytes, within, |_, name, range| {
        let is_it = name == wanted;
        if is_it {
            content = Some(range);
        }
        is_it
    });
    content
}

/// Calls `each` with name and content of the atoms in a range until it returns true.
fn children(bytes: &mut Bytes, within: Range<u64>, mut each: impl FnMut(&mut Bytes, &[u8; 4], Range<u64>) -> bool) {
    let mut at = within.start;
    for _ in 0..MOST_PIECES {
        let Some([a, b, c, d, name @ ..]) = bytes.array::<8>(at) else {
            return;
        };
        let (header, size) = match u32::from_be_bytes([a, b, c, d]) {
            // To the end of what holds it.
            0 => (8, within.end.saturating_sub(at)),
            // The size stands behind the name, with 64 bits.
            1 => match bytes.array(at + 8) {
                Some(long) => (16, u64::from_be_bytes(long)),
                None => return,
            },
            size => (8, u64::from(size)),
        };
        let end = at.saturating_add(size);
        if size < header || end > within.end || each(bytes, &name, at + header..end) {
            return;
        }
        at = end;
    }
}
