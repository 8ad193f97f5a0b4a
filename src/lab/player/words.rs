//! What is known about a file, in words. Nothing is allocated to write one.

use std::fmt::{Display, Formatter, Result};

use crate::lab::format::{Clock, Many};

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

/// Container and codec, or one of them where both have the same name: "FLAC", "MP4, AAC".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind<'a> {
    /// The container.
    pub format: &'a str,
    /// The codec.
    pub codec: &'a str,
}

impl Display for Kind<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match (self.format, self.codec) {
            (one, "") | ("", one) => f.write_str(one),
            (format, codec) if format.eq_ignore_ascii_case(codec) => f.write_str(format),
            (format, codec) => write!(f, "{format}, {codec}"),
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
    fn a_position_is_read_out_with_the_length_if_there_is_one() {
        assert_eq!(Spoken { at: 42.9, of: Some(192.0) }.to_string(), "0:42 of 3:12");
        assert_eq!(Spoken { at: 3.0, of: None }.to_string(), "0:03");
    }
}
