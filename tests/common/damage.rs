//! Damage done to real files: reproducible from a number, and kept as a list of edits so that it can be reduced.

use std::fmt;

/// A small generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>): the same numbers on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, case: u64) -> Self {
        let mut random = Random(seed);
        random.0 = random.next() ^ case.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end - 1`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// One change to a file. Positions beyond its end do nothing.
#[derive(Clone)]
pub enum Edit {
    /// Writes over what is there.
    Write { at: usize, bytes: Vec<u8> },
    /// Flips bits.
    Flip { at: usize, bits: u8 },
    /// Puts bytes in between.
    Insert { at: usize, bytes: Vec<u8> },
    /// Takes bytes out.
    Remove { at: usize, count: usize },
    /// Puts a copy of `from..from + count` in between.
    Repeat { from: usize, count: usize, at: usize },
    /// Ends the file.
    Cut { at: usize },
    /// Goes on with another file from there.
    Splice {
        at: usize,
        other: std::sync::Arc<[u8]>,
        from: usize,
    },
    /// Makes the checksums of all Ogg pages right again, so that the damage gets past them.
    MendOgg,
}

impl Edit {
    pub fn apply(&self, file: &mut Vec<u8>) {
        let len = file.len();
        match self {
            Edit::Write { at, bytes } => {
                for (to, from) in file.iter_mut().skip(*at).zip(bytes) {
                    *to = *from;
                }
            }
            Edit::Flip { at, bits } => {
                if let Some(byte) = file.get_mut(*at) {
                    *byte ^= bits;
                }
            }
            Edit::Insert { at, bytes } => {
                let at = (*at).min(len);
                file.splice(at..at, bytes.iter().copied());
            }
            Edit::Remove { at, count } => {
                let at = (*at).min(len);
                file.drain(at..(at + count).min(len));
            }
            Edit::Repeat { from, count, at } => {
                let from = (*from).min(len);
                let copy = file[from..(from + count).min(len)].to_vec();
                let at = (*at).min(len);
                file.splice(at..at, copy);
            }
            Edit::Cut { at } => file.truncate(*at),
            Edit::Splice { at, other, from } => {
                file.truncate(*at);
                file.extend_from_slice(&other[(*from).min(other.len())..]);
            }
            Edit::MendOgg => mend_ogg(file),
        }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let few = |bytes: &[u8]| format!("{:02x?} ({} bytes)", &bytes[..bytes.len().min(16)], bytes.len());
        match self {
            Edit::Write { at, bytes } => write!(f, "write {} at {at}", few(bytes)),
            Edit::Flip { at, bits } => write!(f, "flip {bits:#010b} at {at}"),
            Edit::Insert { at, bytes } => write!(f, "insert {} at {at}", few(bytes)),
            Edit::Remove { at, count } => write!(f, "remove {count} at {at}"),
            Edit::Repeat { from, count, at } => write!(f, "repeat {count} from {from} at {at}"),
            Edit::Cut { at } => write!(f, "cut at {at}"),
            Edit::Splice { at, other, from } => write!(f, "go on at {at} with another file of {} bytes from {from}", other.len()),
            Edit::MendOgg => write!(f, "mend Ogg checksums"),
        }
    }
}

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Byte,
    Little16,
    Little32,
    Little64,
    Big16,
    Big24,
    Big32,
    Big64,
    /// 28 bits in four bytes of seven, as in ID3.
    Synchsafe,
    /// A big-endian double.
    Float64,
    /// AIFF's 80-bit float.
    Float80,
}
use Kind::*;

/// Where headers keep what can be wrong: after this marker, this many bytes on from its beginning, this kind of number.
#[rustfmt::skip]
const FIELDS: &[(&[u8], i32, Kind)] = &[
    // WAV, RF64: sizes; format, channels, rate, byte rate, block size, bits, extension; samples
    (b"RIFF", 4, Little32), (b"RF64", 4, Little32), (b"ds64", 4, Little32), (b"ds64", 8, Little64), (b"ds64", 16, Little64),
    (b"ds64", 24, Little64), (b"data", 4, Little32), (b"LIST", 4, Little32), (b"fact", 4, Little32), (b"fact", 8, Little32),
    (b"fmt ", 4, Little32), (b"fmt ", 8, Little16), (b"fmt ", 10, Little16), (b"fmt ", 12, Little32), (b"fmt ", 16, Little32),
    (b"fmt ", 20, Little16), (b"fmt ", 22, Little16), (b"fmt ", 24, Little16), (b"fmt ", 26, Little16), (b"fmt ", 28, Little32),
    // AIFF
    (b"FORM", 4, Big32), (b"COMM", 4, Big32), (b"COMM", 8, Big16), (b"COMM", 10, Big32), (b"COMM", 14, Big16), (b"COMM", 16, Float80),
    (b"SSND", 4, Big32), (b"SSND", 8, Big32), (b"SSND", 12, Big32),
    // CAF: sizes; rate, bytes and frames a packet, channels, bits; packet table
    (b"desc", 4, Big64), (b"desc", 12, Float64), (b"desc", 28, Big32), (b"desc", 32, Big32), (b"desc", 36, Big32), (b"desc", 40, Big32),
    (b"data", 4, Big64), (b"pakt", 4, Big64), (b"pakt", 12, Big64), (b"pakt", 20, Big64), (b"pakt", 28, Big32), (b"chan", 4, Big64),
    (b"kuki", 4, Big64), (b"info", 4, Big64),
    // FLAC: block sizes and kinds, rate and channels, length
    (b"fLaC", 4, Byte), (b"fLaC", 5, Big24), (b"fLaC", 8, Big16), (b"fLaC", 10, Big16), (b"fLaC", 12, Big24), (b"fLaC", 18, Big32),
    (b"fLaC", 21, Big32), (b"fLaC", 42, Byte), (b"fLaC", 43, Big24),
    // Ogg, Vorbis, Opus, FLAC in Ogg
    (b"OggS", 5, Byte), (b"OggS", 6, Little64), (b"OggS", 14, Little32), (b"OggS", 26, Byte), (b"OggS", 27, Byte),
    (b"\x01vorbis", 11, Byte), (b"\x01vorbis", 12, Little32), (b"\x01vorbis", 28, Byte), (b"\x03vorbis", 7, Little32),
    (b"\x05vorbis", 7, Byte), (b"\x05vorbis", 11, Little32), (b"OpusHead", 9, Byte), (b"OpusHead", 10, Little16),
    (b"OpusTags", 8, Little32), (b"\x7fFLAC", 7, Big16),
    // MP4: box sizes; counts and entries of its tables; sample description; decoder settings
    (b"ftyp", -4, Big32), (b"moov", -4, Big32), (b"mvhd", 16, Big32), (b"trak", -4, Big32), (b"mdhd", 16, Big32), (b"mdhd", 20, Big32),
    (b"mdat", -4, Big32), (b"stsd", -4, Big32), (b"stsd", 8, Big32), (b"stsd", 12, Big32), (b"stts", 8, Big32), (b"stts", 12, Big32),
    (b"stts", 16, Big32), (b"stsc", 8, Big32), (b"stsc", 12, Big32), (b"stsc", 16, Big32), (b"stsz", 8, Big32), (b"stsz", 12, Big32),
    (b"stsz", 16, Big32), (b"stco", 8, Big32), (b"stco", 12, Big32), (b"mp4a", 20, Big16), (b"mp4a", 22, Big16), (b"mp4a", 28, Big16),
    (b"alac", 20, Big16), (b"alac", 28, Big32), (b"alac", 8, Big32), (b"alac", 13, Byte), (b"esds", 8, Big32), (b"elst", 8, Big32),
    (b"elst", 12, Big32), (b"moof", -4, Big32), (b"traf", -4, Big32), (b"tfhd", 4, Big32), (b"tfhd", 12, Big32), (b"trun", 4, Big32),
    (b"trun", 8, Big32), (b"trun", 12, Big32), (b"trun", 16, Big32), (b"tfdt", 8, Big64), (b"trex", 8, Big32), (b"sidx", 20, Big32),
    (b"ilst", -4, Big32), (b"meta", -4, Big32), (b"dfLa", -4, Big32),
    // Matroska: segment, info, tracks, cluster, simple block, block group; default duration, rate, channels, codec private
    (b"\x18\x53\x80\x67", 4, Big64), (b"\x15\x49\xa9\x66", 4, Byte), (b"\x2a\xd7\xb1", 3, Big32), (b"\x44\x89", 2, Byte),
    (b"\x16\x54\xae\x6b", 4, Byte), (b"\xae", 1, Byte), (b"\x1f\x43\xb6\x75", 4, Big64), (b"\xa3", 1, Byte), (b"\xa3", 2, Big16),
    (b"\xb5\x88", 2, Float64), (b"\x9f\x81", 2, Byte), (b"\x63\xa2", 2, Byte), (b"\x1c\x53\xbb\x6b", 4, Byte), (b"\x11\x4d\x9b\x74", 4, Byte),
    (b"\x56\xaa", 2, Byte), (b"\x56\xbb", 2, Byte),
    // ID3, Xing, LAME, APE
    (b"ID3", 3, Byte), (b"ID3", 5, Byte), (b"ID3", 6, Synchsafe), (b"ID3", 14, Synchsafe), (b"APIC", 4, Big32), (b"TIT2", 4, Big32),
    (b"Xing", 4, Big32), (b"Xing", 8, Big32), (b"Xing", 12, Big32), (b"Info", 8, Big32), (b"Info", 12, Big32), (b"Info", 141, Big24),
    (b"APETAGEX", 12, Little32), (b"APETAGEX", 16, Little32), (b"TAG", 0, Big24),
    // MP3, MP2 and ADTS frames
    (b"\xff\xfb", 2, Byte), (b"\xff\xfb", 3, Byte), (b"\xff\xfd", 2, Byte), (b"\xff\xfd", 3, Byte), (b"\xff\xf1", 2, Byte), (b"\xff\xf1", 3, Big24),
    (b"\xff\xf8", 2, Byte), (b"\xff\xf8", 3, Byte), (b"\xff\xf8", 4, Big24),
];

/// Numbers at which sizes, counts, rates and channels go wrong.
const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    17,
    31,
    32,
    33,
    64,
    127,
    128,
    255,
    256,
    257,
    999,
    1_000,
    4_095,
    4_096,
    8_000,
    22_050,
    32_767,
    32_768,
    44_100,
    65_535,
    65_536,
    96_000,
    192_000,
    655_350,
    768_000,
    768_001,
    1_000_000,
    10_000_000,
    0x00FF_FFFF,
    0x0100_0000,
    0x0FFF_FFFF,
    0x1000_0000,
    0x3FFF_FFFF,
    0x4000_0000,
    0x7FFF_FFFE,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFF7,
    0xFFFF_FFF8,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x1_0000_0001,
    0x00FF_FFFF_FFFF_FFFF,
    0x0100_0000_0000_00FF,
    0x0100_0000_0010_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0xFFFF_FFFF_FFFF_FFF8,
    0xFFFF_FFFF_FFFF_FFFF,
];

const BYTES: &[u8] = &[0, 0xFF, 0x7F, 0x80, 1, 0xFE];

/// A number as it stands in a file.
fn stored(value: u64, kind: Kind) -> Vec<u8> {
    let low = |count: usize| value.to_be_bytes()[8 - count..].to_vec();
    match kind {
        Byte => low(1),
        Little16 => (value as u16).to_le_bytes().to_vec(),
        Little32 => (value as u32).to_le_bytes().to_vec(),
        Little64 => value.to_le_bytes().to_vec(),
        Big16 => low(2),
        Big24 => low(3),
        Big32 => low(4),
        Big64 => low(8),
        Synchsafe => (0..4).rev().map(|i| (value >> (7 * i)) as u8 & 0x7F).collect(),
        Float64 => (value as f64).to_be_bytes().to_vec(),
        Float80 => {
            let shift = value.leading_zeros().min(63);
            let exponent = if value == 0 { 0 } else { 16_383 + 63 - shift as u16 };
            let mut bytes = exponent.to_be_bytes().to_vec();
            bytes.extend((value << shift).to_be_bytes());
            bytes
        }
    }
}

/// Damage for `file`, which is one of `all`.
pub fn damage(file: &[u8], all: &[std::sync::Arc<[u8]>], random: &mut Random) -> Vec<Edit> {
    let len = file.len();
    let mut edits = Vec::new();
    match random.below(100) {
        0..40 => {
            let most = 1 + random.below(8);
            for _ in 0..1 + random.below(most) {
                edits.push(point(file, random));
            }
        }
        40..68 => {
            for _ in 0..1 + random.below(3) {
                edits.push(field(file, random));
            }
            if random.chance(30) {
                edits.push(point(file, random));
            }
        }
        68..76 => edits.push(cut(len, random)),
        76..88 => {
            for _ in 0..1 + random.below(3) {
                edits.push(rearrangement(file, random));
            }
        }
        88..93 => {
            let other = random.one_of(all).clone();
            edits.push(Edit::Splice {
                at: place(len, random),
                from: place(other.len(), random),
                other,
            });
        }
        93..95 => {
            // A valid beginning, then noise.
            let at = random.below(len.min(200));
            let noise = 64 + random.below(8_000);
            edits.push(Edit::Cut { at });
            edits.push(Edit::Insert {
                at,
                bytes: random.bytes(noise),
            });
        }
        _ => {
            edits.push(field(file, random));
            edits.push(rearrangement(file, random));
            edits.push(point(file, random));
            if random.chance(50) {
                edits.push(cut(len, random));
            }
        }
    }
    if file.starts_with(b"OggS") && random.chance(90) {
        edits.push(Edit::MendOgg);
    }
    edits
}

/// A position, more often than not in the headers.
fn place(len: usize, random: &mut Random) -> usize {
    match random.below(10) {
        0..2 => random.below(len.min(64)),
        2..4 => random.below(len.min(700)),
        // An MP4's index and many tags stand at the end.
        4 => len - random.below(len.min(1_500)),
        5 => random.below(len),
        // Behind most headers: what gets there is not refused at once.
        _ => len / 3 + random.below(len - len / 3),
    }
}

fn point(file: &[u8], random: &mut Random) -> Edit {
    let at = place(file.len(), random);
    match random.below(10) {
        0..4 => Edit::Flip {
            at,
            bits: 1 << random.below(8),
        },
        4..6 => Edit::Write {
            at,
            bytes: vec![*random.one_of(BYTES)],
        },
        6 => {
            let count = 1 + random.below(16);
            Edit::Write {
                at,
                bytes: random.bytes(count),
            }
        }
        _ => {
            let kind = *random.one_of(&[Little16, Little32, Little64, Big16, Big24, Big32, Big64]);
            let value = *random.one_of(NUMBERS);
            Edit::Write {
                at,
                bytes: stored(value, kind),
            }
        }
    }
}

/// Another number in one of the [`FIELDS`] that the file has.
fn field(file: &[u8], random: &mut Random) -> Edit {
    for _ in 0..40 {
        let (marker, offset, kind) = *random.one_of(FIELDS);
        // One of the first few places that look like it.
        let skip = random.below(3);
        let mut places = file.windows(marker.len()).enumerate().filter(|(_, window)| *window == marker);
        let Some((at, _)) = places.nth(skip) else { continue };
        let Some(at) = at.checked_add_signed(offset as isize) else {
            continue;
        };
        let value = if random.chance(80) {
            *random.one_of(NUMBERS)
        } else {
            random.below(file.len() * 2) as u64
        };
        return Edit::Write {
            at,
            bytes: stored(value, kind),
        };
    }
    point(file, random)
}

fn cut(len: usize, random: &mut Random) -> Edit {
    Edit::Cut { at: place(len, random) }
}

fn rearrangement(file: &[u8], random: &mut Random) -> Edit {
    let len = file.len();
    let at = place(len, random);
    let count = 1 + match random.below(3) {
        0 => random.below(16),
        1 => random.below(512),
        _ => random.below(len),
    };
    match random.below(3) {
        0 => Edit::Remove { at, count },
        1 => {
            let byte = *random.one_of(BYTES);
            let bytes = if random.chance(50) {
                vec![byte; count]
            } else {
                random.bytes(count)
            };
            Edit::Insert { at, bytes }
        }
        _ => Edit::Repeat {
            from: place(len, random),
            count,
            at,
        },
    }
}

/// Writes every page's checksum anew (<https://xiph.org/ogg/doc/framing.html>: polynomial 0x04c11db7, not reflected, from 0).
fn mend_ogg(file: &mut [u8]) {
    let table: Vec<u32> = (0..256u32)
        .map(|byte| (0..8).fold(byte << 24, |crc, _| if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }))
        .collect();
    let mut at = 0;
    while at + 27 <= file.len() {
        if !file[at..].starts_with(b"OggS") {
            at += 1;
            continue;
        }
        let segments = usize::from(file[at + 26]);
        let Some(lacing) = file.get(at + 27..at + 27 + segments) else {
            return;
        };
        let end = at + 27 + segments + lacing.iter().map(|&size| usize::from(size)).sum::<usize>();
        if end > file.len() {
            at += 4;
            continue;
        }
        file[at + 22..at + 26].fill(0);
        let crc = file[at..end]
            .iter()
            .fold(0u32, |crc, &byte| crc << 8 ^ table[((crc >> 24) as u8 ^ byte) as usize]);
        file[at + 22..at + 26].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}
