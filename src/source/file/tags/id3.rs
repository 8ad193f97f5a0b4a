//! ID3: version 2 at the front or in a chunk, version 1 at the end.

use super::bytes::{Bytes, Rest};
use super::{Field, Found, LARGEST_TAG, MOST_PIECES, latin1};

/// Reads the tag that begins at `at`, if there is one; returns where it ends.
pub(super) fn read(bytes: &mut Bytes, at: u64, found: &mut Found) -> Option<u64> {
    let [b'I', b'D', b'3', version @ 2..=4, _, flags, size @ ..] = bytes.array::<10>(at)? else {
        return None;
    };
    let size = u64::from(seven_bits(u32::from_be_bytes(size)));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    let there = size.min(bytes.len().saturating_sub(at + 10)).min(LARGEST_TAG as u64);
    let mut body = bytes.piece(at + 10, there, LARGEST_TAG)?;
    // Version 4 does it frame by frame.
    if flags & 0x80 != 0 && version < 4 {
        body = synchronised(&body);
    }
    let mut rest = Rest(&body);
    if flags & 0x40 != 0 && version > 2 {
        let size = rest.u32_be()?;
        // Version 4 counts the size itself in.
        let more = if version == 3 { size } else { seven_bits(size).saturating_sub(4) };
        rest.take(more as usize)?;
    }
    for _ in 0..MOST_PIECES {
        if read_frame(version, flags, &mut rest, found).is_none() {
            break;
        }
    }
    Some(at + 10 + size + footer)
}

/// Reads one frame; `None` behind the last.
fn read_frame(version: u8, flags: u8, rest: &mut Rest, found: &mut Found) -> Option<()> {
    let old = version == 2;
    let name = rest.take(if old { 3 } else { 4 })?;
    if !is_name(name) {
        return None;
    }
    let size = match version {
        2 => rest.take(3)?.iter().fold(0, |size, byte| size << 8 | u32::from(*byte)),
        3 => rest.u32_be()?,
        _ => {
            let size = rest.u32_be()?;
            // Some writers forget that version 4 counts in sevens. Then a frame begins only where it ends by the plain number.
            let begins = |size: u32| {
                (rest.0.get(2 + size as usize..)).is_some_and(|next| next.is_empty() || next[0] == 0 || next.get(..4).is_some_and(is_name))
            };
            if begins(seven_bits(size)) || !begins(size) {
                seven_bits(size)
            } else {
                size
            }
        }
    };
    let format = if old { 0 } else { rest.take(2)?[1] };
    let mut content = Rest(rest.take(size as usize)?);
    // Compressed and encrypted frames are passed over; a group's number and a length in front of the content are, too.
    let (closed, group, length) = if version == 3 { (0xc0, 0x20, 0) } else { (0x0c, 0x40, 0x01) };
    if format & closed != 0 {
        return Some(());
    }
    if format & group != 0 {
        content.take(1)?;
    }
    if format & length != 0 {
        content.take(4)?;
    }
    let plain;
    if version == 4 && (format & 0x02 != 0 || flags & 0x80 != 0) {
        plain = synchronised(content.0);
        content = Rest(&plain);
    }
    let field = match name {
        b"TIT2" | b"TT2" => Field::Title,
        b"TPE1" | b"TP1" => Field::Artist,
        b"TALB" | b"TAL" => Field::Album,
        b"TRCK" | b"TRK" => Field::Track,
        b"TDRC" | b"TYER" | b"TYE" => Field::Date,
        b"TCON" | b"TCO" => Field::Genre,
        b"APIC" | b"PIC" => {
            // A damaged picture is none; the frames behind it may be sound.
            let _ = read_picture(old, content, found);
            return Some(());
        }
        _ => return Some(()),
    };
    if let Some((encoding, text)) = content.0.split_first() {
        found.text(field, &decoded(*encoding, text));
    }
    Some(())
}

/// Encoding, media type, kind, description, picture.
fn read_picture(old: bool, mut content: Rest, found: &mut Found) -> Option<()> {
    let encoding = content.take(1)?[0];
    if old {
        content.take(3)?;
    } else {
        let media_type = content.0.iter().position(|byte| *byte == 0)?;
        content.take(media_type + 1)?;
    }
    let kind = content.take(1)?[0];
    let description = match encoding {
        1 | 2 => 2 * content.0.chunks_exact(2).position(|unit| unit == [0, 0])? + 2,
        _ => content.0.iter().position(|byte| *byte == 0)? + 1,
    };
    content.take(description)?;
    found.picture(kind.into(), content.0);
    Some(())
}

fn is_name(name: &[u8]) -> bool {
    name.iter().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
}

/// A number of which each byte holds seven bits.
fn seven_bits(number: u32) -> u32 {
    number.to_be_bytes().iter().fold(0, |sum, byte| sum << 7 | u32::from(byte & 0x7f))
}

/// Without the zeros that were put behind 0xff so that nothing looks like sound.
fn synchronised(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut after = false;
    for byte in bytes {
        if !(after && *byte == 0) {
            plain.push(*byte);
        }
        after = *byte == 0xff;
    }
    plain
}

/// Text by ID3v2's encodings.
fn decoded(encoding: u8, text: &[u8]) -> String {
    let wide = |number: fn([u8; 2]) -> u16, text: &[u8]| {
        let units = text.as_chunks().0.iter().map(|unit| number(*unit));
        char::decode_utf16(units)
            .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match (encoding, text) {
        (0, _) => latin1(text),
        (1, [0xfe, 0xff, text @ ..]) => wide(u16::from_be_bytes, text),
        (1, [0xff, 0xfe, text @ ..]) => wide(u16::from_le_bytes, text),
        (1, _) => wide(u16::from_le_bytes, text),
        (2, _) => wide(u16::from_be_bytes, text),
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

/// The 128 bytes at the end.
pub(super) fn read_v1(bytes: &mut Bytes, found: &mut Found) {
    let Some(tag) = bytes.len().checked_sub(128).and_then(|at| bytes.array::<128>(at)) else {
        return;
    };
    if !tag.starts_with(b"TAG") {
        return;
    }
    for (field, place) in [
        (Field::Title, 3..33),
        (Field::Artist, 33..63),
        (Field::Album, 63..93),
        (Field::Date, 93..97),
    ] {
        found.text(field, &latin1(&tag[place]));
    }
    // Version 1.1: a number behind a comment that ends early.
    if tag[125] == 0 {
        found.text(Field::Track, &tag[126].to_string());
    }
    if let Some(genre) = genre(tag[127].into()) {
        found.text(Field::Genre, genre);
    }
}

/// A genre as ID3v2 writes it: "(17)", "(17)Rock", "17" or a name.
pub(super) fn genre_named(text: &str) -> String {
    let number = |digits: &str| digits.parse().ok().and_then(genre);
    if let Some((digits, name)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        if !name.trim().is_empty() {
            return name.trim().to_owned();
        }
        return number(digits).unwrap_or(text).to_owned();
    }
    number(text).unwrap_or(text).to_owned()
}

/// A genre by its number in ID3v1; later additions to the list have none.
pub(super) fn genre(number: usize) -> Option<&'static str> {
    GENRES.get(number).copied()
}

const GENRES: [&str; 80] = [
    "Blues",
    "Classic Rock",
    "Country",
    "Dance",
    "Disco",
    "Funk",
    "Grunge",
    "Hip-Hop",
    "Jazz",
    "Metal",
    "New Age",
    "Oldies",
    "Other",
    "Pop",
    "R&B",
    "Rap",
    "Reggae",
    "Rock",
    "Techno",
    "Industrial",
    "Alternative",
    "Ska",
    "Death Metal",
    "Pranks",
    "Soundtrack",
    "Euro-Techno",
    "Ambient",
    "Trip-Hop",
    "Vocal",
    "Jazz+Funk",
    "Fusion",
    "Trance",
    "Classical",
    "Instrumental",
    "Acid",
    "House",
    "Game",
    "Sound Clip",
    "Gospel",
    "Noise",
    "Alternative Rock",
    "Bass",
    "Soul",
    "Punk",
    "Space",
    "Meditative",
    "Instrumental Pop",
    "Instrumental Rock",
    "Ethnic",
    "Gothic",
    "Darkwave",
    "Techno-Industrial",
    "Electronic",
    "Pop-Folk",
    "Eurodance",
    "Dream",
    "Southern Rock",
    "Comedy",
    "Cult",
    "Gangsta",
    "Top 40",
    "Christian Rap",
    "Pop/Funk",
    "Jungle",
    "Native US",
    "Cabaret",
    "New Wave",
    "Psychedelic",
    "Rave",
    "Showtunes",
    "Trailer",
    "Lo-Fi",
    "Tribal",
    "Acid Punk",
    "Acid Jazz",
    "Polka",
    "Retro",
    "Musical",
    "Rock & Roll",
    "Hard Rock",
];
