//! Broken files made by hand: each is refused, or played as far as it goes, with an error that says what is wrong and where.
//!
//! Damage at random: tests/fuzz_files.rs.
#![cfg(not(target_family = "wasm"))]
#![cfg(feature = "decode")]

// Only the repair of checksums is used here.
#[allow(dead_code)]
#[path = "common/damage.rs"]
mod damage;

use damage::Edit;
use noxrun::Error;
use noxrun::FileProblem::{self, *};
use noxrun::render::{RenderInfo, Source};
use noxrun::source::player::{MediaSource, Player};
use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const RATE: f32 = 44_100.0;
const CHANNELS: usize = 2;

fn file(name: &str) -> Vec<u8> {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    let path = PathBuf::from(folder).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What was heard of a file, and what was said at its end.
#[derive(Debug)]
struct Heard {
    samples: Vec<f32>,
    failure: Option<String>,
}

impl Heard {
    fn seconds(&self) -> f64 {
        (self.samples.len() / CHANNELS) as f64 / f64::from(RATE)
    }
}

fn play(media: impl MediaSource + 'static, name: &str) -> Result<Heard, Error> {
    play_and(media, name, |_| {})
}

/// Opens and plays at most a minute, and tells `each` after each block how many seconds were played. The one place that knows how.
fn play_and(media: impl MediaSource + 'static, name: &str, each: impl Fn(f64)) -> Result<Heard, Error> {
    const FRAMES: usize = 512;
    let mut source = Player::play_file(Box::new(media), name, RATE, CHANNELS)?;
    let mut samples = Vec::new();
    let mut block = [0.0; FRAMES * CHANNELS];
    let mut info = RenderInfo {
        position: 0,
        ring_position: 0,
        sample_rate: RATE,
        channels: CHANNELS,
        heard_in: 0.0,
        underruns: 0,
    };
    loop {
        let frames = source.render(&mut block, &info);
        samples.extend_from_slice(&block[..frames * CHANNELS]);
        info.position += frames as u64;
        if frames < FRAMES {
            return Ok(Heard {
                samples,
                failure: source.failure(),
            });
        }
        assert!(info.position < 60 * RATE as u64, "{name} does not end");
        each(info.position as f64 / f64::from(RATE));
        source.prepare();
    }
}

/// The file must be refused as this kind of problem, in a text that begins with its name and holds one of these words.
fn refused(bytes: Vec<u8>, name: &str, problem: FileProblem, words: &[&str]) {
    let error = match play(Cursor::new(bytes), name) {
        Err(error) => error,
        Ok(heard) => panic!("{name} was played for {} s", heard.seconds()),
    };
    let text = error.to_string();
    println!("{text}");
    assert!(text.starts_with(&format!("{name}: ")), "{text}");
    assert!(words.iter().any(|word| text.contains(word)), "{text}: none of {words:?}");
    let Error::File { problem: found, at, .. } = error else {
        panic!("{error:?} is no error of a file")
    };
    assert_eq!(at, None, "{text}");
    // Some figures symphonia refuses itself: as damage, or by looking for better ones until the end.
    assert!(
        found == problem || matches!(found, Damaged | CutOff) && problem == Unsupported,
        "{text}: {found:?}, not {problem:?}"
    );
}

#[test]
fn next_to_nothing_is_refused() {
    refused(vec![], "nothing.wav", Empty, &["empty"]);
    for byte in [0, b'R', 0xFF] {
        refused(vec![byte], "byte.wav", NotAudio, &["no audio file", "cut off"]);
    }
    refused(
        b"Dear diary, today I listened to the radio.".repeat(500),
        "text.mp3",
        NotAudio,
        &["no audio file"],
    );
    refused(vec![0; 100_000], "zeros.wav", NotAudio, &["no audio file"]);
    refused(vec![0xFF; 100_000], "ones.mp3", NotAudio, &["no audio file"]);
}

/// Every format, cut after each hundredth of it: what is there is played, more of the file never gives less sound, and where the header tells the length the cut is told.
#[test]
fn cut_off_anywhere_plays_to_the_cut() {
    /// Whether the file says how long it is, so that a cut can be seen wherever it is.
    const KNOWS: bool = true;
    // The last figure: the share of the cuts after which something must be heard, and (about) the share of the sound that the longest of them must give.
    for (name, knows, least) in [
        ("short-pcm16.wav", KNOWS, 0.9),
        ("short-pcm24.wav", KNOWS, 0.9),
        ("short-float.wav", KNOWS, 0.9),
        ("short-ima.wav", KNOWS, 0.5),
        ("short-ms.wav", KNOWS, 0.5),
        ("short-pcm16.aiff", KNOWS, 0.9),
        // Two frames, the first twice as long in bytes for its header.
        ("short-flac.flac", KNOWS, 0.3),
        ("short-cbr.mp3", KNOWS, 0.5),
        ("short-faststart.m4a", KNOWS, 0.5),
        ("short-vbr.mp3", KNOWS, 0.5),
        ("short-bare.mp3", !KNOWS, 0.8),
        ("short-layer2.mp2", !KNOWS, 0.8),
        ("short-aac.aac", !KNOWS, 0.8),
        // One page holds all the sound, and has one checksum.
        ("short-vorbis.ogg", !KNOWS, 0.0),
        ("short-flac.oga", !KNOWS, 0.0),
        ("short-fragments.mp4", !KNOWS, 0.6),
        ("short-vorbis.webm", !KNOWS, 0.4),
        ("short-flac.mka", !KNOWS, 0.4),
        ("short-pcm16.caf", !KNOWS, 0.9),
        // The index stands at the end.
        ("short-alac.m4a", !KNOWS, 0.0),
    ] {
        let whole = file(name);
        let all = play(Cursor::new(whole.clone()), name).unwrap().samples;
        let (mut longest, mut opened) = (0, 0);
        for percent in 0..100 {
            let cut = whole[..whole.len() * percent / 100].to_vec();
            let heard = match play(Cursor::new(cut), name) {
                Ok(heard) => heard,
                Err(error) => {
                    assert!(error.to_string().starts_with(&format!("{name}: ")), "{error}");
                    continue;
                }
            };
            opened += 1;
            // A lossy codec's last packet differs where the next one is missing; it is never longer.
            let slack = 2 * 2_304;
            assert!(
                heard.samples.len() + slack >= longest,
                "{name} at {percent} %: {} samples after {longest}",
                heard.samples.len()
            );
            longest = longest.max(heard.samples.len());
            assert!(
                heard.samples.len() <= all.len() + slack,
                "{name} at {percent} %: longer than the whole"
            );
            if let Some(failure) = &heard.failure {
                let place = format!("{name}: cut off at {:.1} s", heard.seconds());
                let near = format!("{name}: cut off at {:.1} s", heard.seconds() + 0.05);
                assert!(
                    failure.starts_with(&place) || failure.starts_with(&near),
                    "{failure}, played {} s",
                    heard.seconds()
                );
            }
            let missing = (all.len() as f64 - heard.samples.len() as f64) / CHANNELS as f64;
            assert!(
                !knows || missing < 2_400.0 || heard.failure.is_some(),
                "{name} at {percent} %: {missing} frames are missing, unsaid"
            );
        }
        println!("{name}: {opened} of 100 played, the longest {longest} of {} samples", all.len());
        assert!(
            longest as f64 >= least * all.len() as f64 * 0.9,
            "{name}: only {longest} of {}",
            all.len()
        );
        assert!(opened as f64 >= least * 100.0, "{name}: only {opened} of 100 were played");
    }
}

/// A file with other bytes behind a marker.
fn patched(name: &str, marker: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file(name);
    let at = file
        .windows(marker.len())
        .position(|window| window == marker)
        .unwrap_or_else(|| panic!("{name} has no {marker:?}"));
    file[at + offset..][..bytes.len()].copy_from_slice(bytes);
    Edit::MendOgg.apply(&mut file);
    file
}

#[test]
fn absurd_rates_are_refused() {
    for rate in [0u32, 1, 999, 768_001, 10_000_000, u32::MAX] {
        let words = [rate.to_string()];
        // No rate at all is sometimes refused in other words.
        let zero = (rate == 0).then_some(["rate", "frequency", "cut off"]);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(zero.into_iter().flatten()).collect();
        let (little, big) = (rate.to_le_bytes(), rate.to_be_bytes());
        let double = f64::from(rate).to_be_bytes();
        refused(patched("short-pcm16.wav", b"fmt ", 12, &little), "rate.wav", Unsupported, &words);
        refused(patched("short-ima.wav", b"fmt ", 12, &little), "rate-ima.wav", Unsupported, &words);
        refused(patched("short-pcm16.caf", b"desc", 12, &double), "rate.caf", Unsupported, &words);
        refused(
            patched("short-vorbis.ogg", b"\x01vorbis", 12, &little),
            "rate.ogg",
            Unsupported,
            &words,
        );
        refused(patched("short-alac.m4a", b"\x24alac", 29, &big), "rate.m4a", Unsupported, &words);
        refused(patched("short-pcm.mka", b"\xb5\x88", 2, &double), "rate.mka", Unsupported, &words);
        // 20 bits.
        if rate < 1 << 20 {
            let bits = [big[1] << 4 | big[2] >> 4, big[2] << 4 | big[3] >> 4, big[3] << 4 | 2];
            let file = patched("short-flac.flac", b"fLaC", 18, &bits);
            // Frames that say another rate than the header are none, so that with some rates nothing is found.
            let words: Vec<&str> = words.iter().copied().chain(["cut off", "rate"]).collect();
            refused(file, "rate.flac", Unsupported, &words);
        }
    }
}

#[test]
fn absurd_channel_counts_are_refused() {
    for channels in [0u8, 33, 255] {
        // symphonia refuses some itself, without the number.
        let words = ["channel", "Vorbis", "cut off"];
        refused(
            patched("short-pcm16.wav", b"fmt ", 10, &[channels, 0]),
            "channels.wav",
            Unsupported,
            &words,
        );
        refused(
            patched("short-pcm16.aiff", b"COMM", 8, &[0, channels]),
            "channels.aiff",
            Unsupported,
            &words,
        );
        refused(
            patched("short-pcm16.caf", b"desc", 36, &[0, 0, 0, channels]),
            "channels.caf",
            Unsupported,
            &words,
        );
        refused(
            patched("short-vorbis.ogg", b"\x01vorbis", 11, &[channels]),
            "channels.ogg",
            Unsupported,
            &words,
        );
        refused(
            patched("short-alac.m4a", b"\x24alac", 18, &[channels]),
            "channels.m4a",
            Unsupported,
            &words,
        );
        refused(
            patched("short-pcm.mka", b"\x9f\x81", 2, &[channels]),
            "channels.mka",
            Unsupported,
            &words,
        );
    }
}

/// Sizes in headers that lie: what is there is played all the same.
#[test]
fn sizes_that_lie_do_no_harm() {
    let all = play(Cursor::new(file("short-pcm16.wav")), "whole.wav").unwrap().samples;
    for (name, marker, size) in [
        ("data-ten-times.wav", b"data", 350_000u32),
        ("data-2-gb.wav", b"data", 0x7FFF_FFFE),
        ("data-endless.wav", b"data", u32::MAX),
        ("riff-short.wav", b"RIFF", 4),
        ("riff-endless.wav", b"RIFF", u32::MAX),
    ] {
        let heard = play(Cursor::new(patched("short-pcm16.wav", marker, 4, &size.to_le_bytes())), name).unwrap();
        println!("{name}: {} s, {:?}", heard.seconds(), heard.failure);
        assert!(heard.samples == all, "{name}: {} samples of {}", heard.samples.len(), all.len());
        // A size of all ones says that whoever wrote it did not know; the outer size is not relied on.
        let told = heard
            .failure
            .is_some_and(|failure| failure.starts_with(&format!("{name}: cut off at 0.2 s")));
        assert_eq!(told, marker == b"data" && size != u32::MAX, "{name}");
    }
    // A tag and a picture that claim to be longer than the file; a table with more entries than there is room for.
    let tag = patched("short-picture.mp3", b"ID3", 6, &[0x7F; 4]);
    refused(tag, "tag.mp3", CutOff, &["cut off", "damaged", "no audio"]);
    let picture = patched("short-picture.flac", b"fLaC", 43, &[0xFF; 3]);
    refused(picture, "picture.flac", CutOff, &["cut off", "damaged"]);
    for table in [b"stsz", b"stco", b"stsc", b"stts"] {
        let offset = if table == b"stsz" { 12 } else { 8 };
        let bytes = patched("short-faststart.m4a", table, offset, &u32::MAX.to_be_bytes());
        refused(bytes, "table.m4a", Damaged, &["damaged", "cut off", "decoded"]);
    }
}

/// A file that changes while it is read.
struct Changing {
    data: Cursor<Vec<u8>>,
    /// What it turns into.
    then: Then,
    /// Whether it has.
    changed: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    /// Every access fails.
    Gone,
    /// It ends at that many bytes.
    Shrunk(usize),
    /// It ended at that many bytes before; now it is complete.
    Grown(usize),
}

impl Changing {
    /// Plays a file that changes after that many seconds.
    fn play(name: &str, then: Then, after: f64) -> Result<Heard, Error> {
        let changed = Arc::new(AtomicBool::new(after == 0.0));
        let media = Changing {
            data: Cursor::new(file(name)),
            then,
            changed: changed.clone(),
        };
        play_and(media, name, |seconds| changed.store(seconds >= after, Relaxed))
    }

    fn len(&self) -> io::Result<usize> {
        let (all, changed) = (self.data.get_ref().len(), self.changed.load(Relaxed));
        match self.then {
            Then::Gone if changed => Err(io::Error::new(io::ErrorKind::NotFound, "it is no longer there")),
            Then::Shrunk(len) if changed => Ok(len),
            Then::Grown(len) if !changed => Ok(len),
            _ => Ok(all),
        }
    }
}

impl Read for Changing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.len()?.saturating_sub(self.data.position() as usize);
        let count = into.len().min(left);
        self.data.read(&mut into[..count])
    }
}

impl Seek for Changing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.len()?;
        self.data.seek(to)
    }
}

impl MediaSource for Changing {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        self.len().ok().map(|len| len as u64)
    }
}

/// Six seconds, so that much is left to read once it plays.
const LONG: [&str; 7] = [
    "music.wav",
    "music.aiff",
    "music.flac",
    "music.mp3",
    "music.ogg",
    "music-aac-faststart.m4a",
    "music.aac",
];

#[test]
fn a_file_that_vanishes_plays_what_was_read_and_says_so() {
    for name in LONG {
        let heard = Changing::play(name, Then::Gone, 1.0).unwrap();
        let failure = heard.failure.as_ref().unwrap_or_else(|| panic!("{name} ended without a word"));
        println!("{failure} ({:.2} s)", heard.seconds());
        // What was decoded ahead is played, and what was read ahead too.
        assert!((1.4..5.0).contains(&heard.seconds()), "{name}: {} s", heard.seconds());
        let told = format!("{name}: could not be read beyond {:.1} s: it is no longer there", heard.seconds());
        assert_eq!(*failure, told);
    }
    for name in LONG {
        let Err(error) = Changing::play(name, Then::Gone, 0.0) else {
            panic!("{name} is not there and was played")
        };
        assert!(matches!(error, Error::File { .. }), "{error:?}");
    }
}

#[test]
fn a_file_that_shrinks_plays_to_its_new_end() {
    for name in LONG {
        let half = file(name).len() / 2;
        let heard = Changing::play(name, Then::Shrunk(half), 1.0).unwrap();
        println!("{name}: {:.2} s, {:?}", heard.seconds(), heard.failure);
        assert!((1.4..4.5).contains(&heard.seconds()), "{name}: {} s", heard.seconds());
        // A bare stream of AAC does not know its length.
        let told = heard
            .failure
            .is_some_and(|failure| failure.starts_with(&format!("{name}: cut off at ")));
        assert!(told || name == "music.aac", "{name} ended without a word");
    }
}

#[test]
fn a_file_that_grows_plays_at_least_what_was_there() {
    for name in LONG {
        let half = file(name).len() / 2;
        let heard = Changing::play(name, Then::Grown(half), 1.0).unwrap();
        println!("{name}: {:.2} s, {:?}", heard.seconds(), heard.failure);
        assert!((2.0..6.1).contains(&heard.seconds()), "{name}: {} s", heard.seconds());
    }
}
