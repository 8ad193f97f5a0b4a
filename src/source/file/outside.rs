//! Codecs that are not decoded here: when another decoder is asked, what it is told, and how many packets it holds.

use super::reasons;
use super::track::{OutsideCodec, OutsideCodecs, OutsideFormat, Trouble};
use std::collections::VecDeque;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::packet::Packet;

/// Sound that may be inside the other decoder, in seconds.
const UNDER_WAY_SECONDS: f64 = 0.5;
/// Rate of all Opus decoders in Hz.
const OPUS_RATE: u32 = 48_000;

/// What another decoder has to know, and what its packets are like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Needs {
    pub(super) format: OutsideFormat,
    /// Frames that an Opus encoder added in front.
    pub(super) pre_skip: i64,
    /// Whether the packets can be decoded here too, if need be, though not as well.
    pub(super) optional: bool,
}

/// What is needed from outside for this sound: `None` if nothing.
pub(super) fn needs(parameters: &AudioCodecParameters) -> Option<Needs> {
    let data = parameters.extra_data.as_deref().unwrap_or_default();
    let channels = parameters.channels.as_ref().map(|channels| channels.count());
    match parameters.codec {
        CODEC_ID_OPUS => {
            let head = opus_head(data, channels.unwrap_or(2));
            Some(Needs {
                pre_skip: i64::from(u16::from_le_bytes([head[10], head[11]])),
                format: OutsideFormat {
                    codec: "opus".into(),
                    sample_rate: OPUS_RATE,
                    channels: usize::from(head[9]),
                    description: head,
                },
                optional: false,
            })
        }
        CODEC_ID_AAC => {
            let settings = aac(data);
            let rate = settings.and_then(|settings| settings.rate).or(parameters.sample_rate)?;
            let said = settings.map_or(0, |settings| settings.channels);
            let channels = channels.unwrap_or(if said > 0 { said } else { 6 });
            let object = settings.map_or(2, |settings| settings.object);
            if channels <= 2 && settings.is_none_or(|settings| settings.object == 2 && settings.sbr_rate.is_none()) {
                return None;
            }
            let description = if data.is_empty() {
                aac_settings(rate, channels)?
            } else {
                data.to_vec()
            };
            Some(Needs {
                format: OutsideFormat {
                    codec: format!("mp4a.40.{object}"),
                    sample_rate: settings.and_then(|settings| settings.sbr_rate).unwrap_or(rate),
                    channels: if object == 29 { 2 } else { channels },
                    description,
                },
                pre_skip: 0,
                optional: object == 2 && channels <= 2,
            })
        }
        _ => None,
    }
}

/// An OpusHead as in Ogg (RFC 7845, 5.1), from one, or from what symphonia makes of MP4's `dOps`: the same with version 0 and its
/// numbers the other way round.
fn opus_head(data: &[u8], channels: usize) -> Vec<u8> {
    if data.len() < 19 || !data.starts_with(b"OpusHead") {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(channels.clamp(1, 2) as u8);
        // RFC 7845 advises 80 ms for a file that does not say; none is no worse for one that was cut.
        head.extend([0, 0]);
        head.extend(OPUS_RATE.to_le_bytes());
        head.extend([0; 3]);
        return head;
    }
    let mut head = data.to_vec();
    if head[8] == 0 {
        head[8] = 1;
        head[10..12].reverse();
        head[12..16].reverse();
        head[16..18].reverse();
    }
    head
}

/// Frames that sound from an Opus packet, at 48,000 Hz (RFC 6716, 3.1).
pub(super) fn opus_frames(packet: &[u8]) -> i64 {
    let Some(toc) = packet.first() else { return 0 };
    let each = match toc >> 3 {
        silk @ 0..12 => [480, 960, 1_920, 2_880][usize::from(silk & 3)],
        hybrid @ 12..16 => [480, 960][usize::from(hybrid & 1)],
        celt => [120, 240, 480, 960][usize::from(celt & 3)],
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => i64::from(packet.get(1).map_or(0, |count| count & 63)),
    };
    // No packet is longer than 120 ms.
    (each * count).min(5_760)
}

/// What an AudioSpecificConfig says (ISO/IEC 14496-3, 1.6.2.1).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Aac {
    /// 2: low complexity; 5: with spectral band replication; 29: with parametric stereo too.
    object: u32,
    /// Rate of the core in Hz.
    rate: Option<u32>,
    /// 0 if it is said elsewhere.
    channels: usize,
    /// Rate with spectral band replication in Hz.
    sbr_rate: Option<u32>,
}

fn aac(data: &[u8]) -> Option<Aac> {
    let mut bits = Bits { data, at: 0 };
    let mut object = bits.object()?;
    let rate = bits.rate()?;
    let arrangement = bits.take(4)?;
    let mut channels = [0, 1, 2, 3, 4, 5, 6, 8][(arrangement & 7) as usize];
    let mut sbr_rate = None;
    if object == 5 || object == 29 {
        sbr_rate = Some(bits.rate()?);
    } else if object == 2 {
        // Three flags, of which the second brings 14 more bits; where the channels are not in a usual arrangement, the arrangement; then perhaps the extension that old
        // decoders do not see.
        let flags = bits.take(3)?;
        if flags & 2 != 0 {
            bits.take(14)?;
        }
        if arrangement == 0 {
            channels = bits.arranged_channels().unwrap_or(0);
        }
        if bits.take(11) == Some(0x2B7) && bits.object() == Some(5) && bits.take(1) == Some(1) {
            sbr_rate = bits.rate();
        }
    }
    if !(1..=42).contains(&object) {
        object = 2;
    }
    Some(Aac {
        object,
        rate: Some(rate),
        channels,
        sbr_rate,
    })
}

const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/// The settings of a stream that has none (ADTS): low complexity.
fn aac_settings(rate: u32, channels: usize) -> Option<Vec<u8>> {
    let index = AAC_RATES.iter().position(|known| *known == rate)?;
    let channels = match channels {
        1..=6 => channels,
        8 => 7,
        _ => return None,
    };
    Some((2u16 << 11 | (index as u16) << 7 | (channels as u16) << 3).to_be_bytes().to_vec())
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0, |value, _| {
            let byte = self.data.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(value << 1 | u32::from(bit))
        })
    }

    fn object(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    /// How many channels a program_config_element arranges (ISO/IEC 14496-3, 4.4.1.1), which is read to its end.
    fn arranged_channels(&mut self) -> Option<usize> {
        // Tag, profile and rate.
        self.take(10)?;
        let elements = self.take(4)? + self.take(4)? + self.take(4)?;
        let (low, data, coupling) = (self.take(2)?, self.take(3)?, self.take(4)?);
        // How to mix down to mono, to stereo, and from a matrix.
        for bits in [4, 4, 3] {
            if self.take(1)? == 1 {
                self.take(bits)?;
            }
        }
        let mut channels = low;
        for _ in 0..elements {
            // One channel, or a pair; and its tag.
            channels += 1 + self.take(1)?;
            self.take(4)?;
        }
        self.take((4 * low + 4 * data + 5 * coupling) as usize)?;
        // The comment begins at a whole byte.
        self.at = self.at.next_multiple_of(8);
        let comment = self.take(8)?;
        self.take(8 * comment as usize)?;
        Some(channels as usize)
    }

    fn rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            index => AAC_RATES.get(index as usize).copied(),
        }
    }
}

/// Another decoder and the packets on their way through it.
pub(super) struct Pipe {
    pub(super) codec: Box<dyn OutsideCodec>,
    /// Where each packet under way begins, in frames.
    starts: VecDeque<i64>,
    /// Where the packet sent last ends, and the sound that came last.
    sent: i64,
    received: i64,
    /// Nothing came since it was made or reset.
    fresh: bool,
    /// Nothing came since it was made.
    silent: bool,
    /// Packets that were passed over.
    lost: u64,
    rate: f64,
}

/// Difference between a timestamp that came back and the one sent that is taken for rounding, in seconds: less than half of the shortest packet, 2.5 ms of Opus.
const SLACK_SECONDS: f64 = 0.001;
/// Starts that are remembered.
const MAX_STARTS: usize = 1_024;

impl Pipe {
    /// Has a decoder made.
    pub(super) fn new(needs: &Needs, parameters: &AudioCodecParameters, make: Option<&OutsideCodecs>) -> Result<Pipe, Trouble> {
        let make = make.ok_or_else(|| reasons::no_outside_decoder(parameters.codec, "it is not decoded here"))?;
        let codec = make(&needs.format).map_err(|why| reasons::no_outside_decoder(parameters.codec, &why))?;
        Ok(Pipe {
            codec,
            starts: VecDeque::new(),
            sent: 0,
            received: 0,
            fresh: true,
            silent: true,
            lost: 0,
            rate: f64::from(needs.format.sample_rate),
        })
    }

    /// Whether another packet may be sent. If its queue is empty and still nothing came, what was sent has no sound.
    pub(super) fn has_room(&self) -> bool {
        ((self.sent - self.received) as f64) < UNDER_WAY_SECONDS * self.rate || self.codec.waiting() == 0
    }

    /// Sends a packet that sounds from `start` to `end`, in frames.
    pub(super) fn send(&mut self, packet: &Packet, start: i64, end: i64) -> Result<(), String> {
        if self.starts.is_empty() && self.fresh {
            self.received = start;
        }
        self.starts.push_back(start);
        if self.starts.len() > MAX_STARTS {
            self.starts.pop_front();
        }
        self.sent = end;
        self.codec.send(&packet.data, (start as f64 / self.rate * 1e6).round() as i64)
    }

    /// Where sound begins that came with this timestamp, in frames: where its packet does. If there is none of that time, where the sound before it ended, or at the
    /// timestamp.
    pub(super) fn place(&mut self, start_us: i64, frames: usize) -> i64 {
        let said = (start_us as f64 / 1e6 * self.rate).round() as i64;
        let slack = (SLACK_SECONDS * self.rate) as u64;
        let near = |start: &i64| start.abs_diff(said) <= slack;
        let nearest = self.starts.iter().copied().min_by_key(|start| start.abs_diff(said));
        let follows = Some(self.received).filter(|_| !self.fresh);
        let start = nearest.filter(near).or(follows.filter(near)).unwrap_or(said);
        (self.fresh, self.silent) = (false, false);
        self.received = start + frames as i64;
        while let Some(first) = self.starts.front().filter(|first| **first < self.received) {
            self.lost += u64::from(*first < start);
            self.starts.pop_front();
        }
        start
    }

    /// Whether sound has ever come of it.
    pub(super) fn has_answered(&self) -> bool {
        !self.silent
    }

    /// Packets that were sent and of which no sound came, though some came of later ones.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.codec.reset();
        self.starts.clear();
        (self.sent, self.received, self.fresh) = (0, 0, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_aac_are_read() {
        let read = |data: &[u8]| aac(data).map(|aac| (aac.object, aac.rate, aac.channels, aac.sbr_rate));
        // Low complexity, 44,100 Hz, stereo.
        assert_eq!(read(&[0x12, 0x10]), Some((2, Some(44_100), 2, None)));
        // High efficiency, 22,050 Hz doubled, stereo, and with parametric stereo from mono.
        assert_eq!(read(&[0x2B, 0x92, 0x08, 0]), Some((5, Some(22_050), 2, Some(44_100))));
        assert_eq!(read(&[0xEB, 0x8A, 0x08, 0]), Some((29, Some(22_050), 1, Some(44_100))));
        // The extension behind low complexity's settings.
        assert_eq!(read(&[0x13, 0x90, 0x56, 0xE5, 0xA0]), Some((2, Some(22_050), 2, Some(44_100))));
        // Channels that are arranged one by one, as ffmpeg writes six with two at the sides, and four; the comment is "Lavc59.37.100".
        let comment = b"\x0DLavc59.37.100";
        let sides = [
            &[0x12, 0x00, 0x05, 0x08, 0x44, 0x00, 0x20, 0x00, 0xC4],
            &comment[..],
            &[0x56, 0xE5, 0x00],
        ]
        .concat();
        assert_eq!(read(&sides), Some((2, Some(44_100), 6, None)));
        let four = [&[0x12, 0x00, 0x05, 0x04, 0x04, 0x00, 0x21, 0x10], &comment[..], &[0x56, 0xE5, 0xA0]].concat();
        assert_eq!(read(&four), Some((2, Some(44_100), 4, Some(44_100))));
        assert_eq!(read(&[0x12]), None);
        assert_eq!(aac_settings(44_100, 2), Some(vec![0x12, 0x10]));
        assert_eq!(aac_settings(44_101, 2), None);
    }

    #[test]
    fn opus_heads_come_out_as_in_ogg() {
        let ogg = b"OpusHead\x01\x02\x38\x01\x80\xBB\0\0\x01\x02\0".to_vec();
        let mp4 = b"OpusHead\x00\x02\x01\x38\0\0\xBB\x80\x02\x01\0".to_vec();
        assert_eq!(opus_head(&ogg, 2), ogg);
        assert_eq!(opus_head(&mp4, 2), ogg);
        assert_eq!(opus_head(b"Opus", 1)[9], 1);
        assert_eq!(opus_head(b"", 6).len(), 19);
    }

    #[test]
    fn opus_packets_say_how_long_they_are() {
        for (packet, frames) in [
            (&[0xFC_u8][..], 960),
            (&[0x0B << 3], 2_880),
            (&[0xE0 | 1], 240),
            (&[0xE3, 48], 5_760),
            (&[0x83], 0),
            (&[], 0),
        ] {
            assert_eq!(opus_frames(packet), frames, "{packet:?}");
        }
    }
}
