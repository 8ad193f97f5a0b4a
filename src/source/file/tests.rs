//! The source on WAV and AIFF files made here; other formats are in tests/files.rs.

use crate::error::Error;
use crate::render::{RenderInfo, Source};
use crate::source::player::Player;
use std::io::Cursor;

/// A 16-bit WAV file whose header claims `claimed` frames.
fn wav(rate: u32, channels: u16, samples: &[i16], claimed: usize) -> Vec<u8> {
    let frame = u32::from(channels) * 2;
    let data = claimed as u32 * frame;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&16u32.to_le_bytes());
    bytes.extend_from_slice(&1u16.to_le_bytes());
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate.wrapping_mul(frame)).to_le_bytes());
    bytes.extend_from_slice(&(frame as u16).to_le_bytes());
    bytes.extend_from_slice(&16u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// A 16-bit AIFF file at 44,100 Hz, stereo.
fn aiff(samples: &[i16]) -> Vec<u8> {
    let frames = samples.len() as u32 / 2;
    let data = samples.len() as u32 * 2;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"FORM");
    bytes.extend_from_slice(&(4 + 26 + 16 + data).to_be_bytes());
    bytes.extend_from_slice(b"AIFFCOMM");
    bytes.extend_from_slice(&18u32.to_be_bytes());
    bytes.extend_from_slice(&2u16.to_be_bytes());
    bytes.extend_from_slice(&frames.to_be_bytes());
    bytes.extend_from_slice(&16u16.to_be_bytes());
    // 44,100 as an 80-bit float.
    bytes.extend_from_slice(&[0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(b"SSND");
    bytes.extend_from_slice(&(data + 8).to_be_bytes());
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
    bytes
}

/// Every value in turn, so that any shift or swap shows.
fn ramp(samples: usize) -> Vec<i16> {
    (0..samples).map(|n| (n as u16).wrapping_mul(31) as i16).collect()
}

fn open(bytes: Vec<u8>, rate: f32, channels: usize) -> Result<Player, Error> {
    Player::play_file(Box::new(Cursor::new(bytes)), "a.wav", rate, channels)
}

fn reason(bytes: Vec<u8>) -> String {
    match open(bytes, 48_000.0, 2) {
        Err(Error::File { name, reason, .. }) => {
            assert_eq!(name, "a.wav");
            reason
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("not refused"),
    }
}

fn play(source: &mut Player, rate: f32, channels: usize, prepare: bool) -> Vec<f32> {
    let mut all = Vec::new();
    let mut block = vec![0.0; 100 * channels];
    let info = RenderInfo {
        position: 0,
        ring_position: 0,
        sample_rate: rate,
        channels,
        heard_in: 0.0,
        underruns: 0,
    };
    loop {
        let frames = source.render(&mut block, &info);
        all.extend_from_slice(&block[..frames * channels]);
        if frames < 100 {
            return all;
        }
        if prepare {
            source.prepare();
        }
    }
}

fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect()
}

#[test]
fn equal_rates_pass_bit_by_bit() {
    let samples = ramp(2 * 60_000);
    for bytes in [wav(44_100, 2, &samples, 60_000), aiff(&samples)] {
        let mut source = open(bytes, 44_100.0, 2).unwrap();
        assert_eq!((source.info(0).unwrap().sample_rate, source.info(0).unwrap().channels), (44_100, 2));
        assert_eq!(source.info(0).unwrap().frames, Some(60_000));
        assert_eq!(play(&mut source, 44_100.0, 2, true), floats(&samples));
        assert_eq!((source.failure(), source.skipped_packets(), source.late_decodes()), (None, 0, 0));
    }
}

#[test]
fn channels_are_mixed() {
    let samples = ramp(10_000);
    let mut source = open(wav(48_000, 1, &samples, 10_000), 48_000.0, 2).unwrap();
    let twice: Vec<f32> = floats(&samples).into_iter().flat_map(|sample| [sample; 2]).collect();
    assert_eq!(play(&mut source, 48_000.0, 2, true), twice);
    let mut source = open(wav(48_000, 2, &samples, 5_000), 48_000.0, 1).unwrap();
    let halves: Vec<f32> = floats(&samples).chunks(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
    assert_eq!(play(&mut source, 48_000.0, 1, true), halves);
}

#[test]
fn resampled_to_the_expected_length() {
    for (rate, channels, frames) in [(44_100, 1, 1), (44_100, 2, 50_001), (8_000, 1, 9_999), (192_000, 4, 77_777)] {
        let samples = ramp(frames * channels);
        let mut source = open(wav(rate, channels as u16, &samples, frames), 48_000.0, 2).unwrap();
        let made = play(&mut source, 48_000.0, 2, true).len() / 2;
        assert_eq!(made, (frames as f64 * 48_000.0 / f64::from(rate)).round() as usize);
    }
}

#[test]
fn without_prepare_it_decodes_late_and_right() {
    let samples = ramp(2 * 60_000);
    let mut source = open(wav(44_100, 2, &samples, 60_000), 44_100.0, 2).unwrap();
    assert_eq!(play(&mut source, 44_100.0, 2, false), floats(&samples));
    assert!(source.late_decodes() > 0);
}

#[test]
fn prepare_comes_to_rest() {
    let mut source = open(wav(44_100, 2, &ramp(2 * 200_000), 200_000), 48_000.0, 2).unwrap();
    assert!(!source.prepare(), "opening leaves nothing to prepare");
    let info = RenderInfo {
        position: 0,
        ring_position: 0,
        sample_rate: 48_000.0,
        channels: 2,
        heard_in: 0.0,
        underruns: 0,
    };
    source.render(&mut vec![0.0; 2 * 20_000], &info);
    let turns = (0..100).take_while(|_| source.prepare()).count();
    assert!((2..50).contains(&turns), "{turns} turns for 0.4 s");
}

#[test]
fn a_cut_is_named_with_its_place() {
    for (bytes, name) in [
        (wav(10_000, 1, &ramp(23_456), 60_000), "wav"),
        (wav(10_000, 1, &ramp(23_456), 23_456), "whole"),
    ] {
        let mut source = open(bytes, 10_000.0, 1).unwrap();
        assert_eq!(source.failure(), None);
        assert_eq!(play(&mut source, 10_000.0, 1, true), floats(&ramp(23_456)));
        let failure = source.failure();
        let expected = (name == "wav").then(|| "a.wav: cut off at 2.3 s of 6.0 s".to_owned());
        assert_eq!(failure, expected);
    }
    let samples = ramp(2 * 50_000);
    let mut bytes = aiff(&samples);
    bytes.truncate(54 + 44_100 * 4);
    let mut source = open(bytes, 44_100.0, 2).unwrap();
    assert_eq!(play(&mut source, 44_100.0, 2, true), floats(&samples[..2 * 44_100]));
    assert_eq!(source.failure().as_deref(), Some("a.wav: cut off at 1.0 s of 1.1 s"));
}

#[test]
fn refusals_say_why() {
    assert_eq!(reason(vec![]), "the file is empty");
    assert!(reason(b"not a sound".to_vec()).contains("no audio file"));
    assert!(reason(vec![0; 100_000]).contains("no audio file"));
    assert!(reason(wav(44_100, 2, &[], 1_000)[..30].to_vec()).contains("cut off"));
    assert!(reason(wav(44_100, 2, &[], 1_000)).contains("cut off"));
    assert!(reason(wav(44_100, 2, &[], 0)).contains("no sound"));
    assert!(reason(wav(999, 2, &ramp(200), 100)).contains("999 Hz"));
    assert!(reason(wav(768_001, 2, &ramp(200), 100)).contains("768001 Hz"));
    assert!(reason(wav(u32::MAX, 2, &ramp(200), 100)).contains("Hz"));
    assert!(reason(wav(44_100, 33, &ramp(3_300), 100)).contains("channel"));
    for (rate, channels) in [(0.0, 2), (f32::NAN, 2), (1e9, 2), (48_000.0, 0), (48_000.0, 33)] {
        let refused = open(wav(44_100, 2, &ramp(200), 100), rate, channels);
        assert!(matches!(refused, Err(Error::OutOfRange { .. })), "{rate} Hz, {channels} channels");
    }
}

/// Every bit of the headers in turn: no panic, an end.
#[test]
fn flipped_header_bits_do_no_harm() {
    let samples = ramp(2 * 500);
    for original in [wav(44_100, 2, &samples, 500), aiff(&samples)] {
        for bit in 0..54 * 8 {
            let mut bytes = original.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(mut source) = open(bytes, 48_000.0, 2) {
                play(&mut source, 48_000.0, 2, true);
            }
        }
    }
}
