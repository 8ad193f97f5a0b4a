//! What an MP4 file says about where its sound begins and ends: edit lists and iTunes' note. symphonia 0.6.1 reads neither.
//!
//! Boxes as in ISO/IEC 14496-12: `moov/trak/edts/elst` (8.6.6), `tkhd`, `mvhd`, `mdhd`. iTunSMPB is a tag of iTunes
//! (`moov/udta/meta/ilst/----`) whose text holds, in hexadecimal, a zero, the encoder's delay, its padding and the length in frames.

use std::io::SeekFrom;
use symphonia::core::io::MediaSource;

/// Boxes looked at before the rest is left alone.
const MAX_BOXES: usize = 4_096;
/// Boxes of the whole file looked at for the one that describes it.
const MAX_PARTS: usize = 64;
/// Boxes inside each other.
const MAX_DEPTH: usize = 8;
/// Bytes of one box that are read, at most; an edit list of one entry has 36.
const MAX_BODY: u64 = 1_024;

/// Which part of a track is meant to be heard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Edit {
    track: u32,
    /// Where the sound begins, in units of the track's time base.
    pub(super) start: Option<u64>,
    /// How long it is, in seconds, and how coarsely that is written.
    pub(super) seconds: Option<(f64, f64)>,
}

/// The encoder's delay and the length in frames as iTunes notes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Note {
    pub(super) delay: u64,
    pub(super) frames: u64,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Edits {
    tracks: Vec<Edit>,
    /// Of the file's first sound.
    pub(super) note: Option<Note>,
}

impl Edits {
    /// What an MP4 file says; nothing of any other, or of one that is damaged here. The position in `media` is anywhere afterwards.
    pub(super) fn read(media: &mut dyn MediaSource) -> Edits {
        let (Some(len), true) = (media.byte_len(), media.is_seekable()) else {
            return Edits::default();
        };
        let mut walk = Walk {
            media,
            boxes: 0,
            found: Edits::default(),
            timescale: 0,
            tag: Vec::new(),
        };
        if walk.bytes(4, 4).as_deref() == Some(b"ftyp") {
            walk.boxes_in(0, len, 0);
        }
        walk.found
    }

    /// What is said of the track of that number.
    pub(super) fn of(&self, track: u32) -> Edit {
        self.tracks.iter().copied().find(|edit| edit.track == track).unwrap_or_default()
    }
}

struct Walk<'a> {
    media: &'a mut dyn MediaSource,
    boxes: usize,
    found: Edits,
    /// Units of an edit's length per second (`mvhd`).
    timescale: u32,
    /// Name of the tag at hand.
    tag: Vec<u8>,
}

impl Walk<'_> {
    fn bytes(&mut self, at: u64, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.media.seek(SeekFrom::Start(at)).ok()?;
        self.media.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Looks at the boxes between two positions, in bytes.
    fn boxes_in(&mut self, mut at: u64, end: u64, depth: usize) {
        while at.saturating_add(8) <= end && self.boxes < MAX_BOXES && depth < MAX_DEPTH {
            self.boxes += 1;
            let Some(head) = self.bytes(at, 8) else { return };
            let (mut size, mut body) = (u64::from(number(&head[..4])), at + 8);
            match size {
                0 => size = end - at,
                1 => {
                    let Some(long) = self.bytes(at + 8, 8) else { return };
                    size = u64::from(number(&long[..4])) << 32 | u64::from(number(&long[4..]));
                    body += 8;
                }
                _ => {}
            }
            let next = at.saturating_add(size);
            if next <= at || next > end || next < body {
                return;
            }
            self.look(&head[4..], body, next, depth);
            // Behind it there may be thousands of fragments.
            if depth == 0 && (&head[4..] == b"moov" || self.boxes > MAX_PARTS) {
                return;
            }
            at = next;
        }
    }

    fn look(&mut self, kind: &[u8], body: u64, end: u64, depth: usize) {
        match kind {
            b"moov" | b"edts" | b"udta" | b"ilst" => self.boxes_in(body, end, depth + 1),
            b"trak" => {
                self.found.tracks.push(Edit::default());
                self.boxes_in(body, end, depth + 1);
            }
            // Version and flags stand in front of the boxes.
            b"meta" => self.boxes_in(body + 4, end, depth + 1),
            b"----" => {
                self.tag.clear();
                self.boxes_in(body, end, depth + 1);
            }
            b"mvhd" | b"tkhd" | b"elst" | b"name" | b"data" => {
                let count = (end - body).min(MAX_BODY) as usize;
                if let Some(bytes) = self.bytes(body, count) {
                    self.note_down(kind, &bytes);
                }
            }
            _ => {}
        }
    }

    /// Takes down what a box without boxes in it says. `None`: too short, left alone.
    fn note_down(&mut self, kind: &[u8], bytes: &[u8]) -> Option<()> {
        let wide = *bytes.first()? == 1;
        let track = self.found.tracks.last_mut();
        match kind {
            b"mvhd" => self.timescale = number(bytes.get(if wide { 20..24 } else { 12..16 })?),
            b"tkhd" => track?.track = number(bytes.get(if wide { 20..24 } else { 12..16 })?),
            b"elst" => {
                let track = track?;
                *track = edit(bytes, wide, self.timescale, *track)?;
            }
            b"name" => self.tag = bytes.get(4..)?.to_vec(),
            b"data" if self.tag == b"iTunSMPB" => {
                let text = String::from_utf8_lossy(bytes.get(8..)?);
                let mut numbers = text.split_whitespace().map(|number| u64::from_str_radix(number, 16).ok());
                let (delay, frames) = (numbers.nth(1)??, numbers.nth(1)??);
                self.found.note = Some(Note { delay, frames });
            }
            _ => {}
        }
        Some(())
    }
}

/// The one part of a track that an edit list names. Silence in front is left out; of several parts only the first one's start is
/// used, since they may be in any order.
fn edit(bytes: &[u8], wide: bool, timescale: u32, before: Edit) -> Option<Edit> {
    let count = number(bytes.get(4..8)?) as usize;
    let long = |bytes: &[u8]| u64::from(number(&bytes[..4])) << 32 | u64::from(number(&bytes[4..8]));
    let entries = bytes[8..].chunks_exact(if wide { 20 } else { 12 }).take(count);
    let mut parts = entries.filter_map(|entry| {
        let (length, start) = if wide {
            (long(entry), long(&entry[8..]) as i64)
        } else {
            (u64::from(number(entry)), i64::from(number(&entry[4..]) as i32))
        };
        u64::try_from(start).ok().map(|start| (start, length))
    });
    let (start, length) = parts.next()?;
    let alone = parts.next().is_none() && count <= MAX_BODY as usize / 20;
    let tick = 1.0 / f64::from(timescale.max(1));
    let seconds = (alone && length > 0 && timescale > 0).then_some((length as f64 * tick, tick));
    Some(Edit {
        start: Some(start),
        seconds,
        ..before
    })
}

/// A big-endian number of four bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes(), &kind[..], body].concat()
    }

    fn file(elst: &[u8]) -> Vec<u8> {
        let mut mvhd = [0; 100];
        mvhd[12..16].copy_from_slice(&1_000u32.to_be_bytes());
        let mut tkhd = [0; 84];
        tkhd[15] = 7;
        let tag = [
            boxed(b"mean", b"\0\0\0\0com.apple.iTunes"),
            boxed(b"name", b"\0\0\0\0iTunSMPB"),
            boxed(b"data", b"\0\0\0\x01\0\0\0\0 00000000 00000840 000001CA 0000000000003F00 00000000"),
        ];
        let meta = [vec![0; 4], boxed(b"ilst", &boxed(b"----", &tag.concat()))].concat();
        let moov = [
            boxed(b"mvhd", &mvhd),
            boxed(b"trak", &[boxed(b"tkhd", &tkhd), boxed(b"edts", &boxed(b"elst", elst))].concat()),
            boxed(b"udta", &boxed(b"meta", &meta)),
        ];
        [
            boxed(b"ftyp", b"M4A \0\0\0\0"),
            boxed(b"mdat", &[0; 50]),
            boxed(b"moov", &moov.concat()),
        ]
        .concat()
    }

    fn elst(entries: &[(u32, i32)]) -> Vec<u8> {
        let mut bytes = [0u32.to_be_bytes(), (entries.len() as u32).to_be_bytes()].concat();
        for (length, start) in entries {
            bytes.extend([length.to_be_bytes(), start.to_be_bytes(), [0, 1, 0, 0]].concat());
        }
        bytes
    }

    #[test]
    fn edits_and_the_note_are_found() {
        let read = |bytes: Vec<u8>| Edits::read(&mut Cursor::new(bytes));
        let found = read(file(&elst(&[(500, -1), (6_000, 1_024)])));
        assert_eq!((found.of(7).start, found.of(7).seconds), (Some(1_024), Some((6.0, 0.001))));
        assert_eq!(found.of(8), Edit::default());
        assert_eq!(
            found.note,
            Some(Note {
                delay: 0x840,
                frames: 0x3F00
            })
        );
        let several = read(file(&elst(&[(1_000, 5), (1_000, 9_000)])));
        assert_eq!((several.of(7).start, several.of(7).seconds), (Some(5), None));
    }

    /// Every byte in turn, and every length: an end, without a panic.
    #[test]
    fn damage_does_no_harm() {
        let original = file(&elst(&[(6_000, 1_024)]));
        for at in 0..original.len() {
            Edits::read(&mut Cursor::new(original[..at].to_vec()));
            for value in [0, 1, 0x7F, 0xFF] {
                let mut bytes = original.clone();
                bytes[at] = value;
                Edits::read(&mut Cursor::new(bytes));
            }
        }
    }
}
