//! In a page of a real browser: files that it decodes whole, for want of another decoder.
#![cfg(target_family = "wasm")]

#[path = "common/fetch.rs"]
mod fetch;

use std::io::Cursor;

use fetch::fetch;
use js_sys::{Array, Uint8Array};
use noxrun::error::{Error, FileProblem};
use noxrun::web::page::{MOST_BYTES, PageError, decode_whole};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{AudioBuffer, Blob, File, OfflineAudioContext};

wasm_bindgen_test_configure!(run_in_browser);

fn file(bytes: &[u8]) -> File {
    File::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)), "the file").expect("a file")
}

/// Rate, channels and interleaved samples of a WAVE file, as the player's own decoder reads it.
async fn read(file: &File) -> (u32, usize, Vec<f32>) {
    let bytes = JsFuture::from(file.array_buffer()).await.expect("its bytes");
    let stream = MediaSourceStream::new(Box::new(Cursor::new(Uint8Array::new(&bytes).to_vec())), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, Default::default(), Default::default())
        .expect("a container");
    let track = format.default_track(TrackType::Audio).expect("a track").clone();
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
        panic!("no audio")
    };
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &Default::default())
        .expect("a decoder");
    let (mut samples, mut some) = (Vec::new(), Vec::<f32>::new());
    while let Ok(Some(packet)) = format.next_packet() {
        decoder.decode(&packet).expect("no damage").copy_to_vec_interleaved(&mut some);
        samples.extend_from_slice(&some);
    }
    let channels = parameters.channels.as_ref().expect("channels").count();
    (parameters.sample_rate.expect("a rate"), channels, samples)
}

/// The browser's own answer, sample by sample.
async fn decoded(bytes: &[u8], rate: f32) -> (usize, Vec<f32>) {
    let context = OfflineAudioContext::new_with_number_of_channels_and_length_and_sample_rate(2, 1, rate).expect("a context");
    let promise = context.decode_audio_data(&Uint8Array::from(bytes).buffer()).expect("a promise");
    let buffer: AudioBuffer = JsFuture::from(promise).await.expect("a sound").unchecked_into();
    let planes: Vec<_> = (0..buffer.number_of_channels())
        .map(|channel| buffer.get_channel_data(channel).expect("a channel"))
        .collect();
    let frames = buffer.length() as usize;
    (
        planes.len(),
        (0..frames).flat_map(|frame| planes.iter().map(move |plane| plane[frame])).collect(),
    )
}

async fn refusal(file: &File, seconds: Option<f64>) -> (FileProblem, String) {
    match decode_whole(file, 8000.0, seconds).await {
        Err(PageError::Engine(Error::File { name, problem, reason, .. })) => {
            assert_eq!(name, "the file");
            (problem, reason)
        }
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn what_the_browser_decodes_comes_out_sample_by_sample() {
    // Longer than a slice and shorter; one, two and six channels; another rate than the file's.
    for (name, rate) in [
        ("music.opus", 48_000.0),
        ("music.opus", 44_100.0),
        ("music-mono.mp3", 44_100.0),
        ("surround.flac", 44_100.0),
        ("speech.wav", 8_000.0),
    ] {
        let bytes = fetch(name).await;
        let (channels, expected) = decoded(&bytes, rate).await;
        let wave = decode_whole(&file(&bytes), rate, None).await.expect("decodes");
        assert_eq!((wave.name().as_str(), wave.type_().as_str()), ("the file", "audio/wav"));
        let got = read(&wave).await;
        assert_eq!((got.0, got.1, got.2.len()), (rate as u32, channels, expected.len()), "{name}");
        assert!(got.2 == expected, "{name}: other samples");
        assert!(expected.iter().any(|sample| sample.abs() > 0.05), "{name}: silence");
    }
}

#[wasm_bindgen_test]
async fn what_is_too_much_is_refused_with_its_limit() {
    let small = file(b"never read");
    let (problem, reason) = refusal(&small, Some(600.1)).await;
    assert_eq!(problem, FileProblem::NoDecoder);
    assert!(
        reason.contains("lasts 10.1 minutes") && reason.contains("up to 10 minutes"),
        "{reason}"
    );

    let million = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::new_with_length(1_000_000))).expect("a blob");
    let parts: Array = (0..=(MOST_BYTES / 1e6) as u32).map(|_| million.clone()).collect();
    let large = File::new_with_blob_sequence(&parts, "the file").expect("a file");
    let (problem, reason) = refusal(&large, Some(1.0)).await;
    assert_eq!(problem, FileProblem::NoDecoder);
    assert!(reason.contains("201 MB and at most 200"), "{reason}");

    // Its length is known only when it is decoded: 601 s, 8 bits at 8,000 Hz.
    let data = 601 * 8_000u32;
    let mut long = b"RIFF".to_vec();
    long.extend((data + 36).to_le_bytes());
    long.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0data");
    long.extend(data.to_le_bytes());
    long.resize(44 + data as usize, 0x80);
    let (problem, reason) = refusal(&file(&long), None).await;
    assert_eq!(problem, FileProblem::NoDecoder);
    assert!(reason.contains("lasts 10.1 minutes"), "{reason}");
    // One second less is played.
    let end = long.len() - 8_000;
    decode_whole(&file(&long[..end]), 8000.0, None).await.expect("ten minutes");
}

#[wasm_bindgen_test]
async fn what_is_no_sound_is_refused_with_the_browsers_reason() {
    assert_eq!(refusal(&file(b""), None).await.0, FileProblem::Empty);
    let (problem, reason) = refusal(&file(b"This is a text, whatever its name says."), None).await;
    assert_eq!(problem, FileProblem::Unsupported);
    assert!(reason.starts_with("this browser does not decode it: EncodingError"), "{reason}");
}
