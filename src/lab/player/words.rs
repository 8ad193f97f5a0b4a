//! What is known about a file, in words. Nothing is allocated to write one.

use std::fmt::{Display, Formatter, Result};

use crate::lab::format::{Clock, Many, sentence};

/// A sample rate in Hz: 44.1 kHz, 22.05 kHz, 48 kHz.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub u32);

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            hz if hz < 1000 => write!(f, "{hz} Hz"),
            hz => write!(f, "{} kHz", f64::from(hz) / 1e3),
        }
    }
}

/// A number of channels: mono, stereo, 6 channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channels(pub usize);

impl Display for Channels {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            1 => f.write_str("mono"),
            2 => f.write_str("stereo"),
            many => write!(f, "{}", Many(many as u64, "channel")),
        }
    }
}

/// A container's or codec's name as it stands in a list: FLAC for the Free Lossless Audio Codec, 16-bit PCM whatever the order of its bytes. A name that is
/// not known here stays as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Short<'a>(&'a str);

impl Short<'_> {
    const NAMES: [(&'static str, &'static str); 9] = [
        ("Free Lossless Audio Codec", "FLAC"),
        ("MPEG Audio Layer 1", "MP1"),
        ("MPEG Audio Layer 2", "MP2"),
        ("MPEG Audio Layer 3", "MP3"),
        ("Waveform Audio File Format", "WAV"),
        ("Audio Interchange File Format", "AIFF"),
        ("ISO Base Media File Format", "MP4"),
        ("Advanced Audio Coding", "AAC"),
        ("Apple Lossless Audio Codec", "ALAC"),
    ];

    /// The name without what only tells how it is packed.
    fn plain(&self) -> &str {
        let name = self.0.strip_suffix(" Native").unwrap_or(self.0);
        let known = Self::NAMES.iter().find(|(long, _)| *long == name);
        known.map_or(name, |(_, short)| short)
    }
}

impl Display for Short<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let name = self.plain();
        let bits = name
            .strip_prefix("PCM ")
            .and_then(|rest| rest.split(' ').find(|word| word.ends_with("-bit")));
        match bits {
            Some(bits) if name.contains("Floating Point") => write!(f, "{bits} float"),
            Some(bits) => write!(f, "{bits} PCM"),
            None => f.write_str(name),
        }
    }
}

/// Container and codec, shortened, or one of them where both have the same name: "FLAC", "MP4, AAC".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind<'a> {
    /// The container.
    pub format: &'a str,
    /// The codec.
    pub codec: &'a str,
}

impl Display for Kind<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (format, codec) = (Short(self.format), Short(self.codec));
        match (format.plain(), codec.plain()) {
            (_, "") => write!(f, "{format}"),
            ("", _) => write!(f, "{codec}"),
            (one, other) if one.eq_ignore_ascii_case(other) => write!(f, "{format}"),
            _ => write!(f, "{format}, {codec}"),
        }
    }
}

/// A position as it is read out: "0:42 of 3:12".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spoken {
    /// The position in seconds.
    pub at: f64,
    /// The length in seconds, if it is known.
    pub of: Option<f64>,
}

impl Display for Spoken {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", Clock(self.at, 0))?;
        match self.of {
            Some(of) => write!(f, " of {}", Clock(of, 0)),
            None => Ok(()),
        }
    }
}

/// What is said about files that could not be played, or not to their end: name and whole message of each. One or two are told in full; of more, the list says
/// why.
pub fn failed(failures: &[(String, String)]) -> String {
    match failures {
        [] => String::new(),
        [(_, one)] => sentence(one),
        [(_, one), (_, other)] => format!("{} {}", sentence(one), sentence(other)),
        [(first, _), (second, _), (third, _), rest @ ..] => {
            let count = failures.len();
            let names = match rest.len() {
                0 => format!("{first}, {second} and {third}"),
                more => format!("{first}, {second}, {third} and {more} more"),
            };
            format!("{count} files could not be played, or not to their end: {names}. The list says why.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_channels_are_said_as_people_say_them() {
        for (hz, text) in [
            (44_100, "44.1 kHz"),
            (22_050, "22.05 kHz"),
            (48_000, "48 kHz"),
            (8000, "8 kHz"),
            (1, "1 Hz"),
        ] {
            assert_eq!(Rate(hz).to_string(), text);
        }
        for (channels, text) in [(1, "mono"), (2, "stereo"), (6, "6 channels")] {
            assert_eq!(Channels(channels).to_string(), text);
        }
    }

    #[test]
    fn one_name_is_not_said_twice() {
        let kind = |format, codec| Kind { format, codec }.to_string();
        assert_eq!(kind("FLAC", "flac"), "FLAC");
        assert_eq!(kind("MP4", "AAC"), "MP4, AAC");
        assert_eq!(kind("MP3", ""), "MP3");
        assert_eq!(kind("", "MP3"), "MP3");
    }

    #[test]
    fn long_names_are_shortened() {
        let kind = |format, codec| Kind { format, codec }.to_string();
        assert_eq!(kind("Free Lossless Audio Codec Native", "Free Lossless Audio Codec"), "FLAC");
        assert_eq!(kind("MPEG Audio Layer 3 Native", "MPEG Audio Layer 3"), "MP3");
        assert_eq!(kind("ISO Base Media File Format", "Apple Lossless Audio Codec"), "MP4, ALAC");
        assert_eq!(kind("Ogg", "Opus"), "Ogg, Opus");
        let wav = |codec| kind("Waveform Audio File Format", codec);
        assert_eq!(wav("PCM Signed 16-bit Little-Endian Interleaved"), "WAV, 16-bit PCM");
        assert_eq!(wav("PCM 32-bit Little-Endian Floating Point Interleaved"), "WAV, 32-bit float");
        assert_eq!(wav("PCM A-law"), "WAV, PCM A-law");
    }

    #[test]
    fn many_failures_are_counted_and_few_are_told() {
        let failure = |name: &str| (name.to_owned(), format!("{name}: it is broken"));
        let list: Vec<_> = ["a.wav", "b.wav", "c.wav", "d.wav"].map(failure).into();
        assert_eq!(failed(&[]), "");
        assert_eq!(failed(&list[..1]), "a.wav: it is broken.");
        assert_eq!(failed(&list[..2]), "a.wav: it is broken. b.wav: it is broken.");
        assert!(failed(&list[..3]).contains(": a.wav, b.wav and c.wav."));
        assert!(failed(&list).starts_with("4 files"));
        assert!(failed(&list).contains(": a.wav, b.wav, c.wav and 1 more."));
    }

    #[test]
    fn a_position_is_read_out_with_the_length_if_there_is_one() {
        assert_eq!(Spoken { at: 42.9, of: Some(192.0) }.to_string(), "0:42 of 3:12");
        assert_eq!(Spoken { at: 3.0, of: None }.to_string(), "0:03");
    }
}
