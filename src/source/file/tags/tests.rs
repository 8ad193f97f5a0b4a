use super::*;
use proptest::prelude::*;
use std::io::Cursor;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\xff\x00\xfe picture";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n front";

fn read(bytes: &[u8]) -> (Tags, Option<Cover>) {
    read_tags(&mut Cursor::new(bytes.to_vec()))
}

fn seven(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift) as u8 & 0x7f)
}

fn id3(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    [&[b'I', b'D', b'3', version, 0, flags], &seven(body.len())[..], body].concat()
}

fn frame(version: u8, name: &str, format: u8, content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u32).to_be_bytes();
    match version {
        2 => [name.as_bytes(), &size[1..], content].concat(),
        3 => [name.as_bytes(), &size, &[0, format], content].concat(),
        _ => [name.as_bytes(), &seven(content.len()), &[0, format], content].concat(),
    }
}

fn comments(list: &[&[u8]]) -> Vec<u8> {
    let mut block = [&4u32.to_le_bytes()[..], b"test", &(list.len() as u32).to_le_bytes()].concat();
    for comment in list {
        block.extend_from_slice(&(comment.len() as u32).to_le_bytes());
        block.extend_from_slice(comment);
    }
    block
}

#[test]
fn id3_in_all_its_versions() {
    for (version, names) in [
        (2, ["TT2", "TP1", "TCO", "PIC"]),
        (3, ["TIT2", "TPE1", "TCON", "APIC"]),
        (4, ["TIT2", "TPE1", "TCON", "APIC"]),
    ] {
        let kind: &[u8] = if version == 2 {
            b"\0JPG\x03it\0"
        } else {
            b"\0image/jpeg\0\x03it\0"
        };
        let body = [
            frame(version, names[0], 0, b"\x01\xff\xfeT\0\xefl\xec\0"),
            frame(version, names[1], 0, b"\x00J\xfcrgen"),
            frame(version, names[2], 0, b"\x00(17)"),
            frame(version, names[3], 0, &[kind, JPEG].concat()),
            vec![0; 20],
        ];
        let (tags, cover) = read(&id3(version, 0, &body.concat()));
        assert_eq!(tags.title.as_deref(), Some("T\u{6cef}ì"), "version {version}");
        assert_eq!(tags.artist.as_deref(), Some("Jürgen"));
        assert_eq!(tags.genre.as_deref(), Some("Rock"));
        let cover = cover.unwrap();
        assert_eq!((cover.media_type, &cover.bytes[..]), ("image/jpeg", JPEG));
    }
}

#[test]
fn id3_against_false_sound() {
    // Version 3 as a whole, version 4 frame by frame with the length in front.
    let picture = [b"\0image/jpeg\0\x03\0", JPEG].concat();
    let hide = |bytes: &[u8]| -> Vec<u8> {
        let pairs = bytes.iter().zip(bytes.iter().skip(1).chain(&[1]));
        pairs
            .flat_map(|(byte, next)| {
                if *byte == 0xff && (*next == 0 || *next >= 0xe0) {
                    vec![*byte, 0]
                } else {
                    vec![*byte]
                }
            })
            .collect()
    };
    let third = id3(3, 0x80, &hide(&frame(3, "APIC", 0, &picture)));
    let fourth = id3(4, 0, &frame(4, "APIC", 3, &[&seven(picture.len())[..], &hide(&picture)].concat()));
    for file in [third, fourth] {
        assert_eq!(read(&file).1.unwrap().bytes, JPEG);
    }
}

#[test]
fn id3_sizes_in_sevens_or_not() {
    // A frame of more than 127 bytes with a plain size in version 4.
    let long = [&b"\x03"[..], &[b'a'; 299]].concat();
    let body = [frame(3, "TIT2", 0, &long), frame(4, "TPE1", 0, b"\x03b")].concat();
    let (tags, _) = read(&id3(4, 0, &body));
    assert_eq!(tags.title.map(|title| title.len()), Some(299));
    assert_eq!(tags.artist.as_deref(), Some("b"));
}

#[test]
fn the_front_cover_wins() {
    let picture = |kind: u8, bytes: &[u8]| frame(3, "APIC", 0, &[b"\0-->\0", &[kind][..], b"\0", bytes].concat());
    let all = [picture(0, JPEG), picture(3, PNG), picture(3, JPEG)].concat();
    assert_eq!(read(&id3(3, 0, &all)).1.unwrap().bytes, PNG);
    // Neither an address nor a document is shown.
    for other in [&b"http://example.org/a.jpg"[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b""] {
        assert_eq!(read(&id3(3, 0, &picture(3, other))).1, None);
    }
    let large = [JPEG, &vec![1; LARGEST_COVER]].concat();
    assert_eq!(read(&id3(3, 0, &picture(3, &large))).1, None);
}

#[test]
fn texts_are_short_lines() {
    let text = |content: &[u8]| read(&id3(3, 0, &frame(3, "TIT2", 0, content))).0.title;
    assert_eq!(text(b"\x03  two\nlines\0second "), Some("two lines".into()));
    assert_eq!(text(b"\x03 \0"), None);
    assert_eq!(text(&[3; 1]), None);
    assert_eq!(
        text(&[&b"\x03"[..], &[b'x'; 10_000]].concat()).map(|text| text.len()),
        Some(LONGEST_TEXT)
    );
    let number = |content: &[u8]| read(&id3(3, 0, &frame(3, "TRCK", 0, content))).0.track;
    assert_eq!(
        [
            number(b"\x0003/12"),
            number(b"\x00A3"),
            number(b"\x000"),
            number(b"\x0099999999999")
        ],
        [Some(3), None, None, None]
    );
}

#[test]
fn flac_and_its_pictures() {
    let picture = |kind: u8, bytes: &[u8]| {
        let size = (bytes.len() as u32).to_be_bytes();
        [
            &[0, 0, 0, kind, 0, 0, 0, 1, b'x', 0, 0, 0, 2, b'a', b'b'][..],
            &[0; 16],
            &size,
            bytes,
        ]
        .concat()
    };
    let block = |kind: u8, content: &[u8]| [&[kind][..], &(content.len() as u32).to_be_bytes()[1..], content].concat();
    let list = comments(&[
        b"title=Caf\xc3\xa9",
        b"ARTIST=first",
        b"artist=second",
        b"nonsense",
        b"TrackNumber=7",
    ]);
    let blocks = [
        b"fLaC".to_vec(),
        block(0, &[0; 34]),
        block(6, &picture(4, JPEG)),
        block(6, &picture(3, PNG)),
        block(0x84, &list),
        block(4, &comments(&[b"ALBUM=behind the last"])),
    ];
    for front in [vec![], id3(4, 0, &[0; 200])] {
        let (tags, cover) = read(&[&front, &blocks.concat()[..]].concat());
        assert_eq!(tags.title.as_deref(), Some("Café"));
        assert_eq!(tags.artist.as_deref(), Some("first"));
        assert_eq!((tags.track, tags.album), (Some(7), None));
        assert_eq!(cover.unwrap().bytes, PNG);
    }
}

#[test]
fn id3v1_says_what_nothing_else_says() {
    let mut tag = [0; 128];
    tag[..9].copy_from_slice(b"TAGold   ");
    tag[33..36].copy_from_slice(b"who");
    (tag[126], tag[127]) = (9, 8);
    let front = id3(3, 0, &frame(3, "TIT2", 0, b"\x03new"));
    let (tags, _) = read(&[&front[..], &[0x55; 500], &tag].concat());
    assert_eq!(tags.title.as_deref(), Some("new"));
    assert_eq!(tags.artist.as_deref(), Some("who"));
    assert_eq!((tags.track, tags.genre.as_deref()), (Some(9), Some("Jazz")));
}

#[test]
fn sizes_that_lie_cost_nothing() {
    // Each claims far more than there is; what stands in front of it counts.
    let chunk = |name: &[u8], size: u32| [name, &size.to_le_bytes()].concat();
    let wave = [b"RIFF\0\0\0\0WAVE", &chunk(b"LIST", u32::MAX)[..], &[0; 100]].concat();
    let flac = [b"fLaC\x04\xff\xff\xff".to_vec(), vec![0; 100]].concat();
    let mp4 = [
        b"\0\0\0\x08ftyp".to_vec(),
        b"\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
    ]
    .concat();
    let lying = [
        &4u32.to_le_bytes()[..],
        b"test",
        &u32::MAX.to_le_bytes(),
        &8u32.to_le_bytes(),
        b"TITLE=ok",
        &u32::MAX.to_le_bytes(),
    ]
    .concat();
    let comments = [&b"fLaC\x84"[..], &(lying.len() as u32).to_be_bytes()[1..], &lying].concat();
    for (file, title) in [(wave, None), (flac, None), (mp4, None), (comments, Some("ok"))] {
        assert_eq!(read(&file).0.title.as_deref(), title);
    }
}

proptest! {
    /// Whatever the bytes are behind a marker: an end, and nothing larger than allowed.
    #[test]
    fn any_bytes_do_no_harm(marker in 0usize..6, mut bytes in prop::collection::vec(any::<u8>(), 0..600), small: bool) {
        let markers: [&[u8]; 6] = [b"ID3\x03\0\0\0\0\x04\0APIC", b"fLaC\x04", b"OggS\0\x02", b"RIFF\0\0\0\0WAVELIST", b"FORM\0\0\0\0AIFFID3 ", b"\0\0\0\x08ftyp\0\0\0\x80moov\0\0\0\x70udta"];
        if small {
            // Small numbers are sizes that fit.
            bytes.iter_mut().for_each(|byte| *byte &= 0x0f);
        }
        let (tags, cover) = read(&[markers[marker], &bytes].concat());
        prop_assert!(tags.title.is_none_or(|title| title.chars().count() <= LONGEST_TEXT));
        prop_assert!(cover.is_none_or(|cover| cover.bytes.len() <= 600));
    }
}
