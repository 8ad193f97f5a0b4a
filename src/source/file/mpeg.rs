//! Where the packets of an MPEG audio file (MP1, MP2, MP3) or of a bare AAC stream (ADTS) lie.
//!
//! Such files have no index, and their packets carry no time. symphonia seeks in them either exactly, reading all from the
//! beginning, or roughly, with a wrong time. Here the packets are counted once, from header to header, and every
//! [`STRIDE`]th place is kept. Where the bit rate is constant, the place is reckoned and then checked.
//!
//! Headers: ISO/IEC 11172-3, 2.4.1.3; 13818-3 for the lower rates; 13818-7, 6.2 for ADTS.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadBytes};

/// Packets between two places that are kept: about 1.6 s of MP3.
const STRIDE: u64 = 64;
/// Bytes that are read to count packets in one seek; what lies further on is guessed. 23 minutes at 192 kbit/s.
const MAX_COUNTED: u64 = 32 * 1024 * 1024;
/// Bytes beyond which a constant rate is made use of.
const NEAR: u64 = 256 * 1024;
/// Packets looked at for a constant rate at the beginning, and again at the place reckoned.
const EVEN: u64 = 16;

/// The kind of headers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Mpeg,
    Adts,
}

/// What a packet's header says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Head {
    /// Of the whole packet.
    bytes: u64,
    /// That sounds from it.
    frames: u64,
    /// What must be the same in every packet of a stream.
    stream: u32,
    /// Mean bytes of a packet at this bit rate, as a fraction; (0, 1) if unknown.
    mean: (u64, u64),
}

/// Places of packets found so far.
#[derive(Debug)]
pub(super) struct Places {
    kind: Kind,
    stream: u32,
    /// Frames per packet.
    pub(super) frames: u64,
    /// Mean bytes of a packet if the rate seems constant.
    even: Option<(u64, u64)>,
    /// Place of every [`STRIDE`]th packet, in bytes.
    kept: Vec<u64>,
}

impl Places {
    /// Begins to count at the stream's position, where the first packet is.
    pub(super) fn begin(kind: Kind, stream: &mut MediaSourceStream<'_>) -> Result<Places> {
        let mut reader = Reader { kind, stream, want: None };
        let (first, head) = reader.next()?;
        let mut even = (head.mean.0 > 0).then_some(head.mean);
        reader.want = Some(head.stream);
        reader.pass(&head)?;
        for _ in 1..EVEN {
            let Ok((_, other)) = reader.next() else { break };
            even = even.filter(|mean| *mean == other.mean);
            if reader.pass(&other).is_err() {
                break;
            }
        }
        Ok(Places {
            kind,
            stream: head.stream,
            frames: head.frames,
            even,
            kept: vec![first],
        })
    }

    /// The place of a packet, in bytes; the stream is anywhere afterwards. Exact, or within seconds where a long file's bit rate varies.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] if the file has fewer packets.
    pub(super) fn find(&mut self, packet: u64, stream: &mut MediaSourceStream<'_>) -> Result<u64> {
        let kept = ((packet / STRIDE) as usize).min(self.kept.len() - 1);
        let (mut number, from) = (kept as u64 * STRIDE, self.kept[kept]);
        let len = stream.byte_len();
        let mut reader = Reader {
            kind: self.kind,
            stream,
            want: Some(self.stream),
        };
        if let Some((numer, denom)) = self.even {
            let place = self.kept[0] + (u128::from(packet) * u128::from(numer) / u128::from(denom)) as u64;
            if place > from + NEAR
                && let Some(place) = reader.check(place, (numer, denom))
            {
                return Ok(place);
            }
        }
        reader.stream.seek(SeekFrom::Start(from))?;
        loop {
            let (place, head) = reader.next()?;
            if number == self.kept.len() as u64 * STRIDE {
                self.kept.push(place);
            }
            if number == packet {
                return Ok(place);
            }
            if place - from > MAX_COUNTED {
                // The rest like all that was counted.
                let mean = (place - self.kept[0]) as f64 / number as f64;
                let guess = place.saturating_add(((packet - number) as f64 * mean) as u64);
                if len.is_some_and(|len| guess >= len) {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                reader.stream.seek(SeekFrom::Start(guess))?;
                return reader.sure();
            }
            reader.pass(&head)?;
            number += 1;
        }
    }
}

/// Reads headers.
struct Reader<'a, 's> {
    kind: Kind,
    stream: &'a mut MediaSourceStream<'s>,
    /// Take headers of this stream only.
    want: Option<u32>,
}

impl Reader<'_, '_> {
    fn head_bytes(&self) -> usize {
        match self.kind {
            Kind::Mpeg => 4,
            Kind::Adts => 7,
        }
    }

    /// The next header and its place. The stream is behind it afterwards.
    fn next(&mut self) -> Result<(u64, Head)> {
        let mut bytes = [0; 7];
        let count = self.head_bytes();
        self.stream.read_exact(&mut bytes[..count])?;
        loop {
            let head = match self.kind {
                Kind::Mpeg => mpeg(&bytes),
                Kind::Adts => adts(&bytes),
            };
            if let Some(head) = head.filter(|head| self.want.is_none_or(|want| want == head.stream)) {
                return Ok((self.stream.pos() - count as u64, head));
            }
            bytes.copy_within(1..count, 0);
            bytes[count - 1] = self.stream.read_byte()?;
        }
    }

    /// Goes to the end of the packet whose header was read.
    fn pass(&mut self, head: &Head) -> Result<()> {
        self.stream.ignore_bytes(head.bytes - self.head_bytes() as u64)
    }

    /// Whether a run of packets of that size begins at `place`, or a byte beside it.
    fn check(&mut self, place: u64, mean: (u64, u64)) -> Option<u64> {
        self.stream.seek(SeekFrom::Start(place.saturating_sub(1))).ok()?;
        let (first, mut head) = self.next().ok()?;
        let mut at = first;
        for _ in 0..EVEN {
            if head.mean != mean {
                return None;
            }
            self.pass(&head).ok()?;
            at += head.bytes;
            match self.next() {
                Ok((place, _)) if place != at => return None,
                Ok((_, next)) => head = next,
                // The file ends here.
                Err(_) => break,
            }
        }
        (first.abs_diff(place) <= 1).then_some(first)
    }

    /// The next header behind which another follows as it says.
    fn sure(&mut self) -> Result<u64> {
        loop {
            let (place, head) = self.next()?;
            self.pass(&head)?;
            let (next, _) = self.next()?;
            if next == place + head.bytes {
                return Ok(place);
            }
            self.stream.seek(SeekFrom::Start(place + 1))?;
        }
    }
}

/// Bit rates in kbit/s: MPEG-1 layers 1, 2 and 3, then MPEG-2 layer 1 and layers 2 and 3.
const RATES: [[u64; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

fn mpeg(bytes: &[u8; 7]) -> Option<Head> {
    let word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let field = |shift: u32, bits: u32| (word >> shift & ((1 << bits) - 1)) as usize;
    let (version, layer, rate, hertz, padding) = (field(19, 2), field(17, 2), field(12, 4), field(10, 2), field(9, 1) as u64);
    if word >> 21 != 0x7FF || version == 1 || layer == 0 || rate == 0 || rate == 15 || hertz == 3 {
        return None;
    }
    let (first, layer) = (version == 3, 4 - layer);
    let hertz = [44_100, 48_000, 32_000][hertz] >> [2, 0, 1, 0][version];
    let table = match (first, layer) {
        (true, layer) => layer - 1,
        (false, 1) => 3,
        (false, _) => 4,
    };
    let bits = RATES[table][rate] * 1_000;
    // Frames in a packet, and bytes of its unit of length ("slot").
    let (frames, slot) = match (first, layer) {
        (_, 1) => (384, 4),
        (false, 3) => (576, 1),
        _ => (1_152, 1),
    };
    let mean = (frames / 8 * bits, hertz);
    Some(Head {
        bytes: (frames / 8 / slot * bits / hertz + padding) * slot,
        frames,
        // Version, layer and sample rate.
        stream: word & 0xFFFE_0C00,
        mean,
    })
}

fn adts(bytes: &[u8; 7]) -> Option<Head> {
    let length = u64::from(bytes[3] & 3) << 11 | u64::from(bytes[4]) << 3 | u64::from(bytes[5] >> 5);
    if bytes[0] != 0xFF || bytes[1] & 0xF6 != 0xF0 || bytes[2] >> 2 & 15 > 12 || length < 7 {
        return None;
    }
    Some(Head {
        bytes: length,
        frames: 1_024,
        // Profile, sample rate and channels.
        stream: u32::from_be_bytes([0, bytes[1], bytes[2], bytes[3] & 0xC0]),
        mean: (0, 1),
    })
}
