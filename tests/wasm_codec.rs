//! In a dedicated worker of a real browser: its own decoder, fed with real packets, against what ffmpeg decodes. Files made by ci/fixtures.
#![cfg(target_family = "wasm")]

#[allow(dead_code)]
#[path = "../src/web/codec/answers.rs"]
mod answers;
#[path = "common/fetch.rs"]
mod fetch;
#[path = "common/wait.rs"]
#[allow(dead_code)]
mod wait;

use std::io::Cursor;

use answers::Answers;
use fetch::fetch;
use js_sys::Reflect;
use noxrun::source::file::{Answer, OutsideCodec, OutsideFormat};
use noxrun::web::codec::{BrowserCodec, answered, browser_codec, has_decoder};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use wait::wait;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Packets sent ahead of the decoder.
const AHEAD: usize = 8;

async fn reference(name: &str) -> Vec<f32> {
    let bytes = fetch(name).await;
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
        .collect()
}

/// What a container holds: packets with their start in microseconds.
struct Demuxed {
    format: OutsideFormat,
    packets: Vec<(i64, Vec<u8>)>,
}

async fn demux(name: &str, codec: &str) -> Demuxed {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(fetch(name).await)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, Default::default(), Default::default())
        .expect("a container");
    let track = format.default_track(TrackType::Audio).expect("a track").clone();
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        panic!("no audio")
    };
    let outside = OutsideFormat {
        codec: codec.into(),
        sample_rate: parameters.sample_rate.expect("a rate"),
        channels: parameters.channels.as_ref().map_or(2, |channels| channels.count()),
        description: parameters.extra_data.as_ref().map_or(Vec::new(), |data| data.to_vec()),
    };
    let rate = i64::from(outside.sample_rate);
    let mut packets = Vec::new();
    while let Ok(Some(packet)) = format.next_packet() {
        packets.push((packet.pts.get() * 1_000_000 / rate, packet.data.to_vec()));
    }
    Demuxed { format: outside, packets }
}

struct Got {
    rate: u32,
    channels: usize,
    start_us: i64,
    samples: Vec<f32>,
}

/// What is there, or why there will be no more.
fn receive(codec: &mut dyn OutsideCodec, got: &mut Vec<Got>) -> Answer {
    loop {
        let mut samples = Vec::new();
        match codec.receive(&mut samples) {
            Answer::Sound { rate, channels, start_us } => got.push(Got {
                rate,
                channels,
                start_us,
                samples,
            }),
            other => return other,
        }
    }
}

/// Sends, as a feeder does; every wait is for the bell alone, so that one that is not rung hangs the test.
async fn send(codec: &mut dyn OutsideCodec, packets: &[(i64, Vec<u8>)]) -> Vec<Got> {
    let mut got = Vec::new();
    for (start_us, packet) in packets {
        while codec.waiting() >= AHEAD {
            JsFuture::from(answered()).await.expect("no failure");
            receive(codec, &mut got);
        }
        codec.send(packet, *start_us).expect("takes packets");
    }
    got
}

async fn drained(codec: &mut dyn OutsideCodec) -> Vec<Got> {
    codec.drain();
    let mut got = Vec::new();
    loop {
        match receive(codec, &mut got) {
            Answer::Drained => return got,
            Answer::Nothing => JsFuture::from(answered()).await.expect("no failure"),
            other => panic!("{other:?}"),
        };
    }
}

async fn all(codec: &mut dyn OutsideCodec, packets: &[(i64, Vec<u8>)]) -> Vec<Got> {
    let mut got = send(codec, packets).await;
    got.extend(drained(codec).await);
    got
}

/// What no decoder takes for sound.
fn noise() -> Vec<u8> {
    (0..300).map(|index: u32| (index * 37) as u8).collect()
}

fn joined(got: &[Got]) -> Vec<f32> {
    got.iter().flat_map(|got| got.samples.iter().copied()).collect()
}

/// Signal to noise, in dB.
fn snr(got: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let (mut signal, mut noise) = (0.0, 1e-30);
    for (&got, &expected) in got.iter().zip(expected) {
        signal += f64::from(expected).powi(2);
        noise += (f64::from(got) - f64::from(expected)).powi(2);
    }
    10.0 * (signal / noise).log10()
}

#[wasm_bindgen_test]
async fn opus_is_what_ffmpeg_decodes_with_every_frame_of_the_encoder() {
    const PRE_SKIP: usize = 312;
    let opus = demux("music.opus", "opus").await;
    let mut codec = browser_codec(&opus.format).expect("a decoder");
    let got = all(&mut *codec, &opus.packets).await;
    assert!(got.iter().all(|got| (got.rate, got.channels) == (48_000, 2)));
    let starts: Vec<_> = got.iter().map(|got| got.start_us).collect();
    assert_eq!(starts, opus.packets.iter().map(|(start, _)| *start).collect::<Vec<_>>());
    let samples = joined(&got);
    // All of it is there, also what is before the beginning: 20 ms of each packet.
    assert_eq!(samples.len(), opus.packets.len() * 960 * 2);
    let expected = reference("music.opus.f32").await;
    let heard = &samples[PRE_SKIP * 2..][..expected.len()];
    // Decoders of Opus need not be equal to the bit (RFC 6716, section 6).
    let snr = snr(heard, &expected);
    assert!(snr > 40.0, "{snr} dB");
}

#[wasm_bindgen_test]
async fn after_a_reset_nothing_stale_comes_and_nothing_is_cut_off() {
    let opus = demux("music.opus", "opus").await;
    let mut whole = browser_codec(&opus.format).expect("a decoder");
    let undisturbed = all(&mut *whole, &opus.packets).await;

    let mut codec = browser_codec(&opus.format).expect("a decoder");
    for seek in 0..20 {
        // Left in mid-stream: some are decoded, some are on their way.
        for (start, packet) in &opus.packets[seek..seek + 20] {
            codec.send(packet, *start).expect("takes packets");
        }
        if seek % 2 == 0 {
            JsFuture::from(answered()).await.expect("no failure");
        }
        if seek % 3 == 0 {
            codec.drain();
        }
        codec.reset();
        assert_eq!(codec.receive(&mut Vec::new()), Answer::Nothing);
    }
    let got = all(&mut *codec, &opus.packets[100..150]).await;
    assert_eq!(got.len(), 50);
    for (got, expected) in got.iter().zip(&undisturbed[100..]) {
        assert_eq!((got.start_us, got.samples.len()), (expected.start_us, 960 * 2));
    }
    // Opus needs a while to forget what it did not hear; after 400 ms it has.
    let snr = snr(&joined(&got[20..]), &joined(&undisturbed[120..150]));
    assert!(snr > 60.0, "{snr} dB");
}

#[wasm_bindgen_test]
async fn timestamps_of_a_damaged_file_come_back_as_they_were() {
    let opus = demux("music.opus", "opus").await;
    let mut codec = browser_codec(&opus.format).expect("a decoder");
    for origin in [-6_500, i64::MIN, i64::MAX - 1_000_000] {
        codec.reset();
        let packets: Vec<_> = (opus.packets[..10].iter())
            .map(|(start, packet)| (origin + start, packet.clone()))
            .collect();
        let got = all(&mut *codec, &packets).await;
        let starts: Vec<_> = got.iter().map(|got| got.start_us).collect();
        assert_eq!(starts, packets.iter().map(|(start, _)| *start).collect::<Vec<_>>());
    }
}

#[wasm_bindgen_test]
async fn packets_without_sound_hold_nothing_up() {
    // Vorbis: the first packet only primes the decoder. It is decoded elsewhere; here it stands for every codec that does so.
    let mut vorbis = demux("music.ogg", "vorbis").await;
    // The registry wants all three headers, laced as Xiph does; symphonia gives the first and the last.
    const IDENTIFICATION: usize = 30;
    let comment = b"\x03vorbis\0\0\0\0\0\0\0\0\x01";
    let (identification, setup) = vorbis.format.description.split_at(IDENTIFICATION);
    vorbis.format.description = [&[2, IDENTIFICATION as u8, comment.len() as u8], identification, comment, setup].concat();
    let mut codec = browser_codec(&vorbis.format).expect("a decoder");
    // In Chromium primed anew after every drain: more such packets than may be sent ahead, and than are remembered. In Firefox once only.
    let mut got = Vec::new();
    for three in vorbis.packets[..150].chunks(3) {
        got.extend(all(&mut *codec, three).await);
    }
    assert!([100, 149].contains(&got.len()), "{} of 150", got.len());
    assert_eq!(codec.waiting(), 0);
}

#[wasm_bindgen_test]
async fn an_answer_that_came_while_nobody_waited_is_not_missed() {
    let opus = demux("music.opus", "opus").await;
    let mut codec = browser_codec(&opus.format).expect("a decoder");
    for (start, packet) in &opus.packets[..3] {
        codec.send(packet, *start).expect("takes packets");
        // Longer than any decoder takes, so that nothing more will come.
        wait(200).await;
        JsFuture::from(answered()).await.expect("no failure");
        assert!(matches!(codec.receive(&mut Vec::new()), Answer::Sound { .. }));
    }
    // Asked for twice, both are told.
    let (one, other) = (answered(), answered());
    codec.send(&opus.packets[3].1, opus.packets[3].0).expect("takes packets");
    JsFuture::from(one).await.expect("no failure");
    JsFuture::from(other).await.expect("no failure");
}

#[wasm_bindgen_test]
fn an_output_belongs_to_the_packet_that_is_nearest() {
    let mut answers = Answers::default();
    let starts = [-20_000, 0, 20_000, 40_000, 60_000, i64::MAX];
    for start in starts {
        answers.send(&[1], start, 0);
    }
    let stamps = starts.map(|start| answers.stamp(start));
    assert!(stamps.iter().all(|stamp| *stamp > 0.0));
    assert_eq!(answers.answer(stamps[1] - 1.0), Some(0), "rounded, and the first had no sound");
    assert_eq!(answers.sent.len(), 4);
    assert_eq!(answers.answer(stamps[4] - 9_999.0), Some(60_000), "two had none");
    assert_eq!(answers.answer(stamps[4] + 20_000.0), Some(i64::MAX), "counted on in frames");
    assert_eq!(answers.answer(stamps[4] + 40_000.0), Some(100_000), "more than was asked for");
    answers.reset();
    answers.send(&[1], 7, 0);
    assert_eq!(answers.answer(stamps[4]), None, "stale");
    assert_eq!(answers.answer(answers.stamp(7)), Some(7));
    // What a decoder passes over for ever is not kept for ever.
    for index in 0..1000 {
        answers.send(&[1], index, 5);
        assert!(answers.sent.len() <= 5 + 33);
    }
}

#[wasm_bindgen_test]
async fn he_aac_comes_at_twice_the_rate_of_its_core() {
    let aac = demux("music-he.m4a", "mp4a.40.5").await;
    let mut codec = browser_codec(&aac.format).expect("a decoder");
    let got = all(&mut *codec, &aac.packets).await;
    assert!(got.iter().all(|got| (got.rate, got.channels) == (44_100, 2)));
    let samples = joined(&got);
    assert_eq!(samples.len(), aac.packets.len() * 2048 * 2);
    let expected = reference("music-he.m4a.f32").await;
    // ffmpeg cuts off the packet that only primes the decoder.
    let snr = snr(&samples[2048 * 2..], &expected);
    assert!(snr > 60.0, "{snr} dB");
}

#[wasm_bindgen_test]
async fn a_packet_that_breaks_the_decoder_is_left_out_and_the_rest_is_decoded() {
    let mut aac = demux("music-he.m4a", "mp4a.40.5").await;
    let whole = aac.packets.len();
    let mut codec = BrowserCodec::new(&aac.format).expect("a decoder");
    // Cut short, random, empty: the last two in a row, while others are on their way.
    aac.packets[30].1.truncate(20);
    aac.packets[60].1 = noise();
    aac.packets[61].1.clear();
    let got = all(&mut codec, &aac.packets).await;
    assert_eq!(codec.left_out(), 3);
    assert_eq!(got.len(), whole - 3);
    let missing: Vec<_> = (aac.packets.iter())
        .filter(|(start, _)| !got.iter().any(|got| got.start_us == *start))
        .map(|(start, _)| *start)
        .collect();
    assert_eq!(missing, [30, 60, 61].map(|index: usize| aac.packets[index].0));
}

#[wasm_bindgen_test]
async fn a_stream_that_only_breaks_the_decoder_is_given_up_and_a_seek_tries_again() {
    let aac = demux("music-he.m4a", "mp4a.40.5").await;
    let mut codec = BrowserCodec::new(&aac.format).expect("a decoder");
    let bad = noise();
    for index in 0..40 {
        codec.send(&bad, index * 46_440).expect("not known to be bad yet");
    }
    let failure = loop {
        match receive(&mut codec, &mut Vec::new()) {
            Answer::Failed(failure) => break failure,
            Answer::Nothing => JsFuture::from(answered()).await.expect("no failure"),
            other => panic!("{other:?}"),
        };
    };
    assert!(failure.contains("HE-AAC"), "{failure}");
    assert_eq!(codec.send(&bad, 0), Err(failure));
    codec.reset();
    assert_eq!(all(&mut codec, &aac.packets[50..60]).await.len(), 10);
}

#[wasm_bindgen_test]
async fn what_the_browser_does_not_know_fails_with_its_reason() {
    let format = OutsideFormat {
        codec: "nonsense".into(),
        sample_rate: 48_000,
        channels: 2,
        description: Vec::new(),
    };
    // Known at once or later, as the browser likes.
    let failure = match BrowserCodec::new(&format) {
        Err(failure) => failure,
        Ok(mut codec) => loop {
            match codec.receive(&mut Vec::new()) {
                Answer::Failed(failure) => break failure,
                Answer::Nothing => JsFuture::from(answered()).await.expect("no failure"),
                other => panic!("{other:?}"),
            };
        },
    };
    assert!(failure.contains("refuses its sound (nonsense, 48000 Hz, 2 channels)"), "{failure}");
    assert!(failure.contains("NotSupportedError"), "{failure}");
    let format = OutsideFormat {
        codec: "opus".into(),
        channels: 0,
        ..format
    };
    let failure = BrowserCodec::new(&format).err().expect("no such thing");
    assert!(failure.contains("0 channels"), "{failure}");
}

#[wasm_bindgen_test]
fn a_browser_without_a_decoder_is_told_by_name() {
    assert!(has_decoder());
    let (global, name): (_, JsValue) = (js_sys::global(), "AudioDecoder".into());
    let decoder = Reflect::get(&global, &name).expect("it is there");
    Reflect::delete_property(&global, &name).expect("can be taken away");
    let (there, made) = (
        has_decoder(),
        browser_codec(&OutsideFormat {
            codec: "opus".into(),
            sample_rate: 48_000,
            channels: 2,
            description: Vec::new(),
        }),
    );
    Reflect::set(&global, &name, &decoder).expect("and put back");
    assert!(!there);
    let failure = made.err().expect("none");
    assert!(failure.contains("Opus") && failure.contains("no AudioDecoder"), "{failure}");
}
