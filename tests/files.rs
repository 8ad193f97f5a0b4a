//! Real files in every format, made by ci/fixtures into the folder that NOXRUN_AUDIO_FIXTURES names, against what ffmpeg decodes.
#![cfg(not(target_family = "wasm"))]
#![cfg(feature = "decode")]

use noxrun::Error;
use noxrun::render::{RenderInfo, Source};
use noxrun::source::player::Player;
use std::fs::{self, File};
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    PathBuf::from(folder).join(name)
}

fn open(name: &str, rate: f32, channels: usize) -> Result<Player, Error> {
    let file = File::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    Player::play_file(Box::new(file), name, rate, channels)
}

/// Plays to the end as the producer does, 128 frames at a time with `prepare` in between.
fn play(source: &mut Player, rate: f32, channels: usize) -> Vec<f32> {
    let mut all = Vec::new();
    let mut block = vec![0.0; 128 * channels];
    let mut info = RenderInfo {
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
        info.position += frames as u64;
        if frames < 128 {
            return all;
        }
        assert!(info.position < 100_000_000, "the file does not end");
        source.prepare();
    }
}

/// A file in its own rate and channels, complete and undamaged.
fn whole(name: &str, rate: f32, channels: usize) -> Vec<f32> {
    let mut source = open(name, rate, channels).unwrap();
    assert_eq!(source.info(0).unwrap().sample_rate as f32, rate, "{name}");
    assert_eq!(source.info(0).unwrap().channels, channels, "{name}");
    let samples = play(&mut source, rate, channels);
    assert_eq!(source.failure(), None, "{name}");
    assert_eq!(source.skipped_packets(), 0, "{name}");
    assert_eq!(source.late_decodes(), 0, "{name}");
    // ffmpeg writes the packets' frames as the length of ALAC in CAF, not the sound's.
    if let Some(frames) = source.info(0).unwrap().frames.filter(|_| name != "music-alac.caf") {
        assert_eq!(samples.len() / channels, frames as usize, "{name}: not as long as it says");
    }
    samples
}

fn reference(name: &str) -> Vec<f32> {
    let bytes = fs::read(path(&format!("{name}.f32"))).unwrap();
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// `reference` against its difference from `samples` in dB, at the shift (in frames, how much `samples` is late) where it is largest.
fn agreement(samples: &[f32], reference: &[f32], channels: usize) -> (f64, usize) {
    let quality = |shift: usize, from: usize, frames: usize| {
        let (mut signal, mut noise) = (1e-30, 1e-30);
        let ours = &samples[(from + shift) * channels..];
        for (ours, theirs) in ours.iter().zip(&reference[from * channels..]).take(frames.saturating_mul(channels)) {
            signal += f64::from(*theirs).powi(2);
            noise += (f64::from(*ours) - f64::from(*theirs)).powi(2);
        }
        10.0 * f64::log10(signal / noise)
    };
    let middle = reference.len() / channels / 2;
    let best = (0..3_000)
        .max_by(|a, b| quality(*a, middle, 2_000).total_cmp(&quality(*b, middle, 2_000)))
        .unwrap();
    (quality(best, 0, usize::MAX), best)
}

#[test]
fn lossless_formats_are_bit_exact() {
    for (name, rate, channels) in [
        ("music.wav", 44_100.0, 2),
        ("music-8.wav", 44_100.0, 2),
        ("music-24.wav", 44_100.0, 2),
        ("music-float.wav", 44_100.0, 2),
        ("music-alaw.wav", 44_100.0, 2),
        ("music-double.wav", 44_100.0, 2),
        ("music-ms.wav", 44_100.0, 2),
        ("music-ima.wav", 44_100.0, 2),
        ("music.aiff", 44_100.0, 2),
        ("music.caf", 44_100.0, 2),
        ("music-float.caf", 44_100.0, 2),
        ("music-alac.caf", 44_100.0, 2),
        ("music.flac", 44_100.0, 2),
        ("music-flac.oga", 44_100.0, 2),
        ("music-flac.mka", 44_100.0, 2),
        ("music-flac.mp4", 44_100.0, 2),
        ("music-pcm.mka", 44_100.0, 2),
        ("music-alac.m4a", 44_100.0, 2),
        ("music-mono.wav", 44_100.0, 1),
        ("music-8000.flac", 8_000.0, 2),
        ("music-22050.flac", 22_050.0, 2),
        ("music-48000.flac", 48_000.0, 2),
        ("music-96000.flac", 96_000.0, 2),
        ("surround.wav", 44_100.0, 6),
        ("surround.flac", 44_100.0, 6),
        ("surround.m4a", 44_100.0, 6),
        ("speech.wav", 48_000.0, 1),
    ] {
        let (ours, theirs) = (whole(name, rate, channels), reference(name));
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let differs = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
        assert_eq!(differs, None, "{name}: differs from ffmpeg at this sample");
    }
}

#[test]
fn lossy_formats_agree_with_ffmpeg() {
    let mut wrong = Vec::new();
    // The last figure: frames by which ffmpeg's sound is longer, since it does not cut off what the encoder added at the end of AAC.
    for (name, rate, channels, longer) in [
        ("music.mp3", 44_100.0, 2, 0),
        ("music-vbr.mp3", 44_100.0, 2, 0),
        ("music-mono.mp3", 44_100.0, 1, 0),
        ("music-22050.mp3", 22_050.0, 2, 0),
        ("music-noheader.mp3", 44_100.0, 2, 0),
        ("music.ogg", 44_100.0, 2, 0),
        ("music-mono.ogg", 44_100.0, 1, 0),
        ("music-48000.ogg", 48_000.0, 2, 0),
        ("chime.oga", 44_100.0, 2, 0),
        ("music-aac.m4a", 44_100.0, 2, 616),
        ("music-aac-faststart.m4a", 44_100.0, 2, 616),
        ("film.mp4", 44_100.0, 2, 616),
        ("music-fragments.mp4", 44_100.0, 2, 0),
        ("music.aac", 44_100.0, 2, 0),
        ("music-plain.mka", 44_100.0, 2, 0),
        ("music.mp2", 44_100.0, 2, 0),
        ("music-mp3.mp4", 44_100.0, 2, 407),
        ("music-mp3.mka", 44_100.0, 2, 0),
        ("music-vorbis.webm", 44_100.0, 2, 0),
    ] {
        let (ours, theirs) = (whole(name, rate, channels), reference(name));
        let (db, shift) = agreement(&ours, &theirs, channels);
        let theirs_longer = theirs.len() as i64 / channels as i64 - ours.len() as i64 / channels as i64;
        println!("{name}: {db:.1} dB at {shift} frames, {theirs_longer} frames longer");
        wrong.extend((shift != 0).then(|| format!("{name}: {shift} frames late")));
        wrong.extend((db < 80.0).then(|| format!("{name}: {db:.1} dB")));
        wrong.extend((theirs_longer != longer).then(|| format!("{name}: ffmpeg's is {theirs_longer} frames longer")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_rates_and_channels() {
    for (name, rate, channels, power) in [
        ("music.wav", 48_000.0, 2, 1.0),
        ("music-96000.flac", 48_000.0, 2, 1.0),
        ("music-48000.flac", 44_100.0, 2, 1.0),
        ("music-mono.wav", 48_000.0, 2, 1.0),
        ("music-22050.flac", 48_000.0, 2, 1.0),
        // Two sides that differ, halved and added, keep half their mean power.
        ("music.wav", 44_100.0, 1, 0.5),
        ("surround.flac", 48_000.0, 2, f64::NAN),
    ] {
        let mut source = open(name, rate, channels).unwrap();
        let samples = play(&mut source, rate, channels);
        assert_eq!(source.failure(), None, "{name}");
        let info = source.info(0).unwrap();
        let frames = info.frames.unwrap() as f64 * f64::from(rate) / f64::from(info.sample_rate);
        assert!((samples.len() as f64 / channels as f64 - frames).abs() <= 1.0, "{name} at {rate}");
        let mean = |samples: &[f32]| samples.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / samples.len() as f64;
        let change = 10.0 * (mean(&samples) / mean(&reference(name)) / power).log10();
        // Music has some power above 20 kHz (lost) and its sides are not wholly independent.
        let slack = if power == 0.5 { 1.0 } else { 0.1 };
        assert!(power.is_nan() || change.abs() < slack, "{name} at {rate}: {change:.2} dB");
    }
}

#[test]
fn chained_files_play_all_links() {
    let mut source = open("chained.ogg", 44_100.0, 2).unwrap();
    let samples = play(&mut source, 44_100.0, 2);
    assert_eq!(source.failure(), None);
    let (first, second) = (whole("music.ogg", 44_100.0, 2), whole("music-mono.ogg", 44_100.0, 1));
    assert_eq!(samples.len(), first.len() + 2 * second.len());
    assert_eq!(samples[..first.len()], first);
    assert!(
        samples[first.len()..]
            .chunks(2)
            .zip(&second)
            .all(|(pair, mono)| pair == [*mono, *mono])
    );

    let mut source = open("chained-rates.ogg", 48_000.0, 2).unwrap();
    let samples = play(&mut source, 48_000.0, 2);
    assert_eq!(source.failure(), None);
    let second = whole("music-48000.ogg", 48_000.0, 2);
    let seam = samples.len() - second.len();
    assert_eq!(samples[seam..], second);
    let expected = first.len() as f64 / 2.0 * 48_000.0 / 44_100.0;
    assert!((seam as f64 / 2.0 - expected).abs() <= 1.0);
}

#[test]
fn damaged_files_play_on() {
    for name in ["damaged-music.flac", "damaged-music.mp3", "damaged-music.ogg"] {
        let mut source = open(name, 44_100.0, 2).unwrap();
        let seconds = play(&mut source, 44_100.0, 2).len() as f64 / 2.0 / 44_100.0;
        println!(
            "{name}: {seconds:.3} s, {} skipped, {:?}",
            source.skipped_packets(),
            source.failure()
        );
        // MP3 has no checksum, so damage may be heard rather than found.
        assert!(name.ends_with("mp3") || source.skipped_packets() > 0, "{name}");
        // Ogg loses a whole page, about a second.
        assert!(seconds > 4.5, "{name}: {seconds:.1} s of 6");
        assert_eq!(source.failure(), None, "{name}");
    }
}

#[test]
fn cut_off_files_play_to_the_cut_and_say_so() {
    for file in [
        "music.wav",
        "music.aiff",
        "music.flac",
        "music.mp3",
        "music.ogg",
        "music-aac-faststart.m4a",
    ] {
        let name = format!("half-{file}");
        let mut source = open(&name, 48_000.0, 2).unwrap();
        let seconds = play(&mut source, 48_000.0, 2).len() as f64 / 2.0 / 48_000.0;
        let failure = source
            .failure()
            .unwrap_or_else(|| panic!("{name} ended after {seconds:.1} s without a word"));
        println!("{failure} (played {seconds:.3} s)");
        assert!((3.0..4.3).contains(&seconds), "{name}: {seconds} s");
        assert!(
            failure.starts_with(&format!("{name}: cut off at {seconds:.1} s")),
            "{failure}, played {seconds} s"
        );
        // Ogg says how long it is on its last page only.
        assert!(file == "music.ogg" || failure.ends_with(" of 6.0 s"), "{failure}");
    }
}

#[test]
fn what_cannot_be_played_is_refused_by_name() {
    let mut names: Vec<String> = (0..8).map(|seed| format!("random-{seed}.bin")).collect();
    names.extend(["wav", "aiff", "flac", "mp3", "ogg"].map(|kind| format!("stub-music.{kind}")));
    names.extend(
        [
            "empty.wav",
            "text.wav",
            "picture.png",
            "picture.jpg",
            "silent.mp4",
            "music.opus",
            "surround.ogg",
            "music-opus.webm",
            "music-opus.mp4",
            "surround-aac.m4a",
            "half-music-alac.m4a",
            "stub-music-alac.m4a",
            "stub-music-aac-faststart.m4a",
        ]
        .map(String::from),
    );
    for file in names {
        let Err(Error::File { name, reason, .. }) = open(&file, 48_000.0, 2) else {
            panic!("{file} was not refused");
        };
        println!("{name}: {reason}");
        assert_eq!(name, file);
        assert!(reason.len() > 10, "{name}: {reason}");
    }
    let reason = |name| open(name, 48_000.0, 2).err().unwrap().to_string();
    assert!(reason("empty.wav").contains("empty"));
    assert!(reason("text.wav").contains("no audio file") && reason("text.wav").contains("FLAC"));
    assert!(reason("music.opus").contains("Opus"));
}

/// Whatever the bytes: no panic, an end, and a message that names the file.
#[test]
fn flipped_bits_do_no_harm() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let kinds = [
        "speech.wav",
        "music.flac",
        "music.mp3",
        "music.ogg",
        "music-alac.m4a",
        "music-aac-faststart.m4a",
        "music.aac",
        "chime.oga",
    ];
    for kind in kinds {
        let original = fs::read(path(kind)).unwrap();
        let original = &original[..original.len().min(150_000)];
        for round in 0..30 {
            let mut bytes = original.to_vec();
            for _ in 0..1 + random(20) {
                // Half of the damage in the first kilobyte, where the headers are.
                let at = if random(2) == 0 {
                    random(1_024.min(bytes.len()))
                } else {
                    random(bytes.len())
                };
                bytes[at] ^= 1 << random(8);
            }
            let name = format!("{kind} #{round}");
            match Player::play_file(Box::new(std::io::Cursor::new(bytes)), &name, 48_000.0, 2) {
                Ok(mut source) => {
                    play(&mut source, 48_000.0, 2);
                    assert!(source.failure().is_none_or(|text| text.starts_with(&name)));
                }
                Err(error) => assert!(error.to_string().starts_with(&name), "{error}"),
            }
        }
    }
}
