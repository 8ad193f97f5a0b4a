//! For browsers without an `AudioDecoder`: the page decodes a file whole, into one of 32-bit floats that the usual way plays.
//!
//! `decodeAudioData` (<https://www.w3.org/TR/webaudio/#dom-baseaudiocontext-decodeaudiodata>) exists on pages only, takes the whole file and gives the whole sound: 23 MB a minute
//! in stereo at 48,000 Hz. So there is a limit, and the sound is not held twice: it becomes a blob, slice by slice, which the browser keeps outside the page's memory.

use js_sys::{Array, Float32Array, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioBuffer, Blob, File, FilePropertyBag, OfflineAudioContext};

use super::PageError;
use crate::error::{Decimal, Error, FileProblem};
use crate::web::error::text_of;

/// Longest sound that is decoded whole, in seconds.
pub const MOST_SECONDS: f64 = 600.0;
/// Largest file that is decoded whole, in bytes: ten minutes of anything compressed are far smaller.
pub const MOST_BYTES: f64 = 200e6;
/// Frames written at once: at most 8 MB at 32 channels.
const SLICE: u32 = 65_536;
/// Bytes before the samples: RIFF, an extensible `fmt `, the head of `data`.
const HEADER: usize = 12 + 8 + 40 + 8;
/// The RIFF length field's end, with room for what is no sample.
const MOST_DATA: u64 = u32::MAX as u64 - 1024;

#[wasm_bindgen]
extern "C" {
    type Channels;
    /// The buffer's own samples, not a copy. web-sys has it only as a copy of everything; and `copyFromChannel` refuses the module's memory, which is shared.
    #[wasm_bindgen(method, catch, js_name = getChannelData)]
    fn channel(this: &Channels, index: u32) -> Result<Float32Array, JsValue>;
}

/// Has the browser decode all of `file`, resampled to `sample_rate` Hz, and returns a WAVE file of 32-bit floats with the same name. `seconds`: the sound's length, if something
/// knows it already.
///
/// # Errors
/// [`Error::File`]: the sound is longer than [`MOST_SECONDS`] or the file larger than [`MOST_BYTES`] ([`FileProblem::NoDecoder`]), it can no longer be read, or the browser does not decode it.
pub async fn decode_whole(file: &File, sample_rate: f32, seconds: Option<f64>) -> Result<File, PageError> {
    let name = file.name();
    let problem = |problem, reason: String| {
        PageError::Engine(Error::File {
            name: name.clone(),
            problem,
            at: None,
            reason,
        })
    };
    let too_long = |seconds: f64| {
        problem(
            FileProblem::NoDecoder,
            too_much(&format!("this sound lasts {} minutes", tenths(seconds / 60.0))),
        )
    };
    if file.size() == 0.0 {
        return Err(problem(FileProblem::Empty, "the file is empty".into()));
    }
    if let Some(seconds) = seconds.filter(|seconds| *seconds > MOST_SECONDS) {
        return Err(too_long(seconds));
    }
    if file.size() > MOST_BYTES {
        let size = format!(
            "this file has {} MB and at most {} can be decoded at once",
            tenths(file.size() / 1e6),
            MOST_BYTES / 1e6
        );
        return Err(problem(FileProblem::NoDecoder, too_much(&size)));
    }
    let bytes = JsFuture::from(file.array_buffer())
        .await
        .map_err(|thrown| problem(FileProblem::Unreadable, format!("the file cannot be read: {}", text_of(&thrown))))?;
    // A context needs channels and a length of its own; neither says anything about what is decoded.
    let context = OfflineAudioContext::new_with_number_of_channels_and_length_and_sample_rate(1, 1, sample_rate)
        .map_err(|thrown| PageError::Audio(text_of(&thrown)))?;
    // The bytes are given away with this call: they are not held beside the sound.
    let decoding = context.decode_audio_data(bytes.unchecked_ref());
    let decoded = match decoding {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    let buffer: AudioBuffer = decoded
        .map_err(|thrown| {
            problem(
                FileProblem::Unsupported,
                format!("this browser does not decode it: {}", text_of(&thrown)),
            )
        })?
        .unchecked_into();
    // Anything may have been longer than it said, or said nothing.
    if buffer.duration() > MOST_SECONDS {
        return Err(too_long(buffer.duration()));
    }
    wave(&buffer, &name).map_err(|thrown| problem(FileProblem::Unsupported, format!("its sound cannot be kept: {}", text_of(&thrown))))
}

fn too_much(what: &str) -> String {
    format!(
        "{what}; without an AudioDecoder, which this browser lacks, sounds of up to {} minutes are played in this format",
        MOST_SECONDS / 60.0
    )
}

/// To one decimal, upwards: what is a little too long does not read as if it were just right.
fn tenths(value: f64) -> Decimal {
    Decimal((value * 10.0).ceil() / 10.0)
}

/// The buffer as a WAVE file.
fn wave(buffer: &AudioBuffer, name: &str) -> Result<File, JsValue> {
    let (frames, channels) = (buffer.length(), buffer.number_of_channels());
    let header = header(buffer.sample_rate() as u32, channels, frames).ok_or("it is larger than a WAVE file can be")?;
    let parts = Array::of1(&blob(&header)?.into());
    let planes = (0..channels)
        .map(|index| buffer.unchecked_ref::<Channels>().channel(index))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut plane, mut bytes) = (Vec::new(), Vec::new());
    for start in (0..frames).step_by(SLICE as usize) {
        let end = (start + SLICE).min(frames);
        plane.resize((end - start) as usize, 0.0);
        bytes.resize(plane.len() * channels as usize * size_of::<f32>(), 0);
        for (index, channel) in planes.iter().enumerate() {
            channel.subarray(start, end).copy_to(&mut plane);
            let (samples, _) = bytes.as_chunks_mut::<{ size_of::<f32>() }>();
            for (to, sample) in samples[index..].iter_mut().step_by(planes.len()).zip(&plane) {
                *to = sample.to_le_bytes();
            }
        }
        // A blob of each slice: the browser holds it, on disk if it likes, and the file is made of references to them.
        parts.push(&blob(&bytes)?.into());
    }
    let options = FilePropertyBag::new();
    options.set_type("audio/wav");
    File::new_with_blob_sequence_and_options(&parts, name, &options)
}

fn blob(bytes: &[u8]) -> Result<Blob, JsValue> {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))
}

/// RIFF WAVE, `WAVE_FORMAT_EXTENSIBLE` with 32-bit floats (<https://learn.microsoft.com/windows/win32/api/mmreg/ns-mmreg-waveformatextensible>); `None` if it does not fit.
fn header(rate: u32, channels: u32, frames: u32) -> Option<Vec<u8>> {
    const FLOATS: [u8; 16] = [3, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
    let frame = u16::try_from(channels).ok()?.checked_mul(size_of::<f32>() as u16)?;
    let data = u32::try_from(u64::from(frame) * u64::from(frames))
        .ok()
        .filter(|data| u64::from(*data) <= MOST_DATA)?;
    // Speakers in Web Audio's order, which is WAVE's: left, right, (centre, low frequencies), (sides). Others are said to be nowhere.
    let speakers: u32 = match channels {
        1 => 0x4,
        2 => 0x3,
        4 => 0x603,
        6 => 0x60F,
        _ => 0,
    };
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(data + HEADER as u32 - 8).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt ");
    bytes.extend_from_slice(&40u32.to_le_bytes());
    bytes.extend_from_slice(&0xFFFEu16.to_le_bytes());
    bytes.extend_from_slice(&(channels as u16).to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&rate.checked_mul(u32::from(frame))?.to_le_bytes());
    bytes.extend_from_slice(&frame.to_le_bytes());
    bytes.extend_from_slice(&32u16.to_le_bytes());
    bytes.extend_from_slice(&22u16.to_le_bytes());
    bytes.extend_from_slice(&32u16.to_le_bytes());
    bytes.extend_from_slice(&speakers.to_le_bytes());
    bytes.extend_from_slice(&FLOATS);
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    Some(bytes)
}
