//! In a dedicated worker of a real browser: files whose sound only the browser decodes, as tracks, against what ffmpeg decodes. Files made by ci/fixtures.
#![cfg(target_family = "wasm")]

#[path = "common/fetch.rs"]
mod fetch;

use std::io::Cursor;
use std::rc::Rc;

use fetch::fetch;
use js_sys::Reflect;
use noxrun::Error;
use noxrun::error::FileProblem;
use noxrun::source::file::{FileTrack, OutsideCodec, OutsideFormat, Track, TrackStep};
use noxrun::web::codec::{answered, browser_codec};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn open(bytes: &[u8], name: &str) -> Result<FileTrack, Error> {
    FileTrack::open(Box::new(Cursor::new(bytes.to_vec())), name, Some(Rc::new(browser_codec)))
}

/// What came of reading a track.
struct Heard {
    /// Frame that the first sound begins with.
    at: Option<u64>,
    rate: u32,
    channels: usize,
    samples: Vec<f32>,
    end: Option<TrackStep>,
}

/// Reads until the end, or until there are that many frames. Every wait is for the bell alone, so that one that is not rung hangs the test.
async fn read(track: &mut dyn Track, frames: usize) -> Heard {
    let mut heard = Heard {
        at: None,
        rate: 0,
        channels: 1,
        samples: Vec::new(),
        end: None,
    };
    while heard.samples.len() / heard.channels < frames {
        match track.step() {
            TrackStep::Sound => {
                let sound = track.sound();
                heard.at.get_or_insert(sound.at);
                assert_eq!(
                    sound.at,
                    heard.at.unwrap_or(0) + (heard.samples.len() / sound.channels) as u64,
                    "each sound begins where the one before ended"
                );
                (heard.rate, heard.channels) = (sound.rate, sound.channels);
                heard.samples.extend_from_slice(sound.samples);
            }
            TrackStep::Nothing => {}
            TrackStep::Waiting => {
                JsFuture::from(answered()).await.expect("no failure");
            }
            end => {
                heard.end = Some(end);
                break;
            }
        }
    }
    heard
}

async fn reference(name: &str) -> Vec<f32> {
    let bytes = fetch(&format!("{name}.f32")).await;
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
        .collect()
}

/// Signal to noise in dB, over the frames that both have.
fn snr(got: &[f32], expected: &[f32]) -> f64 {
    let (mut signal, mut noise) = (1e-30, 1e-30);
    for (&got, &expected) in got.iter().zip(expected) {
        signal += f64::from(expected).powi(2);
        noise += (f64::from(got) - f64::from(expected)).powi(2);
    }
    10.0 * (signal / noise).log10()
}

/// File, rate in Hz, channels, frames that ffmpeg gives beyond the end (in MP4 it leaves in what the encoder added there), least agreement in dB: decoders of Opus differ
/// (RFC 6716, section 6).
const FILES: [(&str, u32, usize, usize, f64); 8] = [
    ("music.opus", 48_000, 2, 0, 35.0),
    ("music-opus.webm", 48_000, 2, 0, 35.0),
    ("music-opus.mp4", 48_000, 2, 648, 35.0),
    ("mono.opus", 48_000, 1, 0, 25.0),
    ("surround-opus.webm", 48_000, 6, 0, 30.0),
    ("ten.webm", 48_000, 2, 0, 35.0),
    ("music-he.m4a", 44_100, 2, 1_640, 100.0),
    ("surround-aac.m4a", 44_100, 6, 616, 80.0),
];

#[wasm_bindgen_test]
async fn the_browsers_sound_is_ffmpegs_to_the_frame() {
    let mut wrong = Vec::new();
    for (name, rate, channels, longer, least) in FILES {
        let mut track = open(&fetch(name).await, name).expect("opens");
        let info = track.info().clone();
        assert!(info.by_browser, "{name}");
        assert_eq!((info.sample_rate, info.channels), (rate, channels), "{name}");
        let heard = read(&mut track, usize::MAX).await;
        assert_eq!((heard.at, heard.rate, heard.channels), (Some(0), rate, channels), "{name}");
        assert_eq!(heard.end, Some(TrackStep::End(None)), "{name}");
        assert_eq!(track.skipped_packets(), 0, "{name}");
        let expected = reference(name).await;
        let (ours, theirs) = (heard.samples.len() / channels, expected.len() / channels);
        let db = snr(&heard.samples, &expected);
        console_log!("{name}: {ours} frames, ffmpeg {theirs}, said {:?}, {db:.1} dB", info.frames);
        if ours + longer != theirs {
            wrong.push(format!("{name}: {ours} frames, ffmpeg {theirs}"));
        }
        if info.frames.is_some_and(|frames| frames as usize != ours) {
            wrong.push(format!("{name}: {ours} frames, {:?} said", info.frames));
        }
        if db < least {
            wrong.push(format!("{name}: {db:.1} dB"));
        }
        // Any other place is worse.
        for shift in [1, 2] {
            let shifted = snr(&heard.samples[shift * channels..], &expected).max(snr(&heard.samples, &expected[shift * channels..]));
            if shifted >= db {
                wrong.push(format!("{name}: {shifted:.1} dB {shift} frames beside"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[wasm_bindgen_test]
async fn seeks_in_the_browsers_sound_are_to_the_frame() {
    const FRAMES: usize = 12_000;
    let mut wrong = Vec::new();
    for (name, _, channels, ..) in FILES {
        let bytes = fetch(name).await;
        let mut track = open(&bytes, name).expect("opens");
        let whole = read(&mut track, usize::MAX).await.samples;
        let last = whole.len() / channels;
        let mut least = f64::INFINITY;
        // Back after the end, on, back a little, near the end, and while packets are on their way.
        for (number, frame) in [
            last / 2,
            last / 2 + 1,
            last * 3 / 4,
            last * 3 / 4 - 700,
            last - 5_000,
            1,
            0,
            last / 3,
        ]
        .into_iter()
        .enumerate()
        {
            let first = track.seek(frame as u64).expect("can be sought in");
            assert_eq!(first, frame as u64, "{name}");
            let heard = read(&mut track, FRAMES).await;
            if heard.at != Some(frame as u64) {
                wrong.push(format!("{name}: {:?} instead of {frame}", heard.at));
                continue;
            }
            let there = &whole[frame * channels..];
            if heard.samples.len() < there.len().min(FRAMES * channels) {
                wrong.push(format!("{name}: {} samples at {frame} of {last}", heard.samples.len()));
            }
            let db = snr(&heard.samples, there);
            least = least.min(db);
            if db < 60.0 {
                wrong.push(format!("{name}: seek {number} to {frame}: {db:.1} dB"));
            }
        }
        assert_eq!(track.skipped_packets(), 0, "{name}");
        console_log!("{name}: after seeks at least {least:.1} dB");
        // Behind the end: nothing more; and from there back.
        track.seek(last as u64 + 10_000).expect("can be sought in");
        assert_eq!(read(&mut track, 1).await.end, Some(TrackStep::End(None)), "{name}");
        track.seek(100).expect("can be sought in");
        assert_eq!(read(&mut track, 1).await.at, Some(100), "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[wasm_bindgen_test]
async fn a_codec_that_the_browser_does_not_know_is_told_as_such() {
    // As in a browser that has the decoder but not the codec: only its first answer tells.
    let unknown = |format: &OutsideFormat| -> Result<Box<dyn OutsideCodec>, String> {
        browser_codec(&OutsideFormat {
            codec: "mp4a.40.99".into(),
            ..format.clone()
        })
    };
    let media = Cursor::new(fetch("music-he.m4a").await);
    let mut track = FileTrack::open(Box::new(media), "he", Some(Rc::new(unknown))).expect("known later only");
    let Some(TrackStep::End(Some(trouble))) = read(&mut track, usize::MAX).await.end else {
        panic!("it was played");
    };
    assert_eq!((trouble.problem, trouble.at), (FileProblem::NoDecoder, None), "{}", trouble.reason);
}

#[wasm_bindgen_test]
async fn a_browser_without_a_decoder_is_told_as_such() {
    let global = js_sys::global();
    let kept = Reflect::get(&global, &"AudioDecoder".into()).expect("a global");
    let hidden = Reflect::delete_property(&global, &"AudioDecoder".into());
    assert_eq!(hidden, Ok(true));
    let opened = open(&fetch("music.opus").await, "music.opus");
    Reflect::set(&global, &"AudioDecoder".into(), &kept).expect("a global");
    let Some(Error::File { problem, at, .. }) = opened.err() else {
        panic!("it was opened");
    };
    assert_eq!((problem, at), (FileProblem::NoDecoder, None));
}

#[wasm_bindgen_test]
async fn damage_is_played_over() {
    for name in ["music.opus", "music-he.m4a", "surround-aac.m4a"] {
        let mut bytes = fetch(name).await;
        let third = bytes.len() / 3;
        for byte in &mut bytes[third..third + 2_000] {
            *byte ^= 0xFF;
        }
        let mut track = open(&bytes, name).expect("opens");
        let channels = track.info().channels;
        let mut frames = 0;
        loop {
            match track.step() {
                TrackStep::Sound => {
                    let sound = track.sound();
                    assert_eq!(sound.channels, channels, "{name}");
                    frames += sound.samples.len() / channels;
                }
                TrackStep::Nothing => {}
                TrackStep::Waiting => {
                    JsFuture::from(answered()).await.expect("no failure");
                }
                TrackStep::End(trouble) => {
                    assert_eq!(trouble, None, "{name}");
                    break;
                }
            }
        }
        // Of Ogg, whole pages are left out, which last a second.
        let seconds = frames as f64 / f64::from(track.info().sample_rate);
        console_log!("{name}, damaged: {seconds:.2} s, {} packets skipped", track.skipped_packets());
        assert!((3.5..6.1).contains(&seconds), "{name}: {seconds} s");
    }
}
