//! Why a file cannot be played, in words for a person.

use std::io::ErrorKind;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::errors::Error;

/// What can be opened.
pub(super) const FORMATS: &str = "WAV, AIFF, FLAC, MP3, Ogg Vorbis, AAC and ALAC in MP4";

/// Why no container was found, or not understood.
pub(super) fn not_opened(error: &Error) -> String {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => "the file is cut off before its first sound".into(),
        Error::IoError(error) => format!("the file cannot be read: {error}"),
        // symphonia's words for "no marker of any format was found".
        Error::Unsupported(what) if what.contains("probe") => {
            format!("this is no audio file of a kind known here ({FORMATS})")
        }
        // An MP4's index usually stands at the end.
        Error::Unsupported(what) if what.contains("moov") => {
            "the index of this MP4 file is missing: it is cut off, or was never finished".into()
        }
        Error::Unsupported(what) => {
            format!("this kind of file is not supported ({what}); known are {FORMATS}")
        }
        Error::DecodeError(what) | Error::LimitError(what) => {
            format!("the file's header is damaged ({what})")
        }
        other => format!("the file's header is damaged ({other})"),
    }
}

/// Why no decoder was made for the sound in a file.
pub(super) fn no_decoder(codec: AudioCodecId, error: &Error) -> String {
    let name = codec_name(codec);
    match error {
        Error::DecodeError(what) => format!("the {name} settings in its header are damaged ({what})"),
        Error::IoError(_) => format!("the {name} settings in its header are incomplete"),
        // AAC: only the low-complexity profile with one or two channels can be decoded.
        Error::Unsupported(what) if codec == CODEC_ID_AAC => {
            format!("this kind of AAC is not supported, only AAC-LC, mono or stereo ({what})")
        }
        _ => format!("its codec ({name}) is not supported; known are {FORMATS}"),
    }
}

/// Refuses what the decoder takes and gets wrong: symphonia 0.6.1 undoes the coupling of channels in ascending order, Vorbis I asks for
/// descending (<https://xiph.org/vorbis/doc/Vorbis_I_spec.html>, 4.3.5). With more than one pair the surround channels come out as noise.
pub(super) fn wrongly_decoded(codec: AudioCodecId, channels: usize) -> Result<(), String> {
    if codec == CODEC_ID_VORBIS && channels > 2 {
        return Err(format!("Vorbis with {channels} channels is not supported, only mono or stereo"));
    }
    Ok(())
}

/// Names of codecs that people meet and that are not decoded here; others by number.
fn codec_name(codec: AudioCodecId) -> String {
    let name = match codec {
        CODEC_ID_OPUS => "Opus",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_MP1 => "MPEG layer 1",
        CODEC_ID_MP2 => "MPEG layer 2",
        CODEC_ID_MP3 => "MP3",
        CODEC_ID_AAC => "AAC",
        CODEC_ID_AC3 => "AC-3",
        CODEC_ID_EAC3 => "E-AC-3",
        CODEC_ID_AC4 => "AC-4",
        CODEC_ID_DCA => "DTS",
        CODEC_ID_WMA => "Windows Media Audio",
        CODEC_ID_ADPCM_MS => "Microsoft ADPCM",
        CODEC_ID_ADPCM_IMA_WAV | CODEC_ID_ADPCM_IMA_QT => "IMA ADPCM",
        CODEC_ID_VORBIS => "Vorbis",
        CODEC_ID_FLAC => "FLAC",
        CODEC_ID_ALAC => "ALAC",
        CODEC_ID_WAVPACK => "WavPack",
        CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        other => return format!("number {other}"),
    };
    name.into()
}
