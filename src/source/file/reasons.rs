//! Why a file cannot be played, typed and in words for a person.

use super::track::Trouble;
use crate::error::FileProblem;
use std::io::{self, ErrorKind};
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::errors::Error;

/// What can be opened.
pub(super) const FORMATS: &str = "WAV, AIFF, CAF, FLAC, MP3, Ogg (Vorbis, FLAC), AAC, ALAC and MP3 in MP4, Matroska and WebM; Opus and HE-AAC where the browser decodes them";

/// A file of which nothing can be played.
pub(super) fn refused(problem: FileProblem, reason: impl Into<String>) -> Trouble {
    Trouble {
        problem,
        at: None,
        reason: reason.into(),
    }
}

/// Why no container was found, or not understood.
pub(super) fn not_opened(error: &Error) -> Trouble {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            refused(FileProblem::CutOff, "the file is cut off before its first sound")
        }
        Error::IoError(error) => unreadable(error),
        // symphonia's words for "no marker of any format was found".
        Error::Unsupported(what) if what.contains("probe") => refused(
            FileProblem::NotAudio,
            format!("this is no audio file of a kind known here ({FORMATS})"),
        ),
        // An MP4's index usually stands at the end.
        Error::Unsupported(what) if what.contains("moov") => refused(
            FileProblem::CutOff,
            "the index of this MP4 file is missing: it is cut off, or was never finished",
        ),
        Error::Unsupported(what) => refused(
            FileProblem::Unsupported,
            format!("this kind of file is not supported ({what}); known are {FORMATS}"),
        ),
        Error::DecodeError(what) | Error::LimitError(what) => {
            refused(FileProblem::Damaged, format!("the file's header is damaged ({what})"))
        }
        other => refused(FileProblem::Damaged, format!("the file's header is damaged ({other})")),
    }
}

/// The bytes cannot be had.
pub(super) fn unreadable(error: &io::Error) -> Trouble {
    refused(FileProblem::Unreadable, format!("the file cannot be read: {error}"))
}

/// Why no decoder was made for the sound in a file.
pub(super) fn no_decoder(codec: AudioCodecId, error: &Error) -> Trouble {
    let name = codec_name(codec);
    match error {
        Error::DecodeError(what) => refused(
            FileProblem::Damaged,
            format!("the {name} settings in its header are damaged ({what})"),
        ),
        Error::IoError(_) => refused(FileProblem::Damaged, format!("the {name} settings in its header are incomplete")),
        // AAC: only the low-complexity profile with one or two channels can be decoded here.
        Error::Unsupported(what) if codec == CODEC_ID_AAC => refused(
            FileProblem::NoDecoder,
            format!("this kind of AAC is not decoded here, only AAC-LC, mono or stereo ({what})"),
        ),
        _ if codec == CODEC_ID_OPUS => refused(
            FileProblem::NoDecoder,
            "Opus is not decoded here, and no decoder of the browser was given",
        ),
        _ => refused(
            FileProblem::Unsupported,
            format!("its codec ({name}) is not supported; known are {FORMATS}"),
        ),
    }
}

/// Why another decoder was not made for the sound in a file, `why` in its own words.
pub(super) fn no_outside_decoder(codec: AudioCodecId, why: &str) -> Trouble {
    let name = codec_name(codec);
    refused(
        FileProblem::NoDecoder,
        format!("no decoder was found for its codec ({name}): {why}"),
    )
}

/// Names of codecs that people meet and that are not decoded here; others by number.
pub(super) fn codec_name(codec: AudioCodecId) -> String {
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
