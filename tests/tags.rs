//! Tags and covers of real files, made by ci/fixtures into the folder that NOXRUN_AUDIO_FIXTURES names.
#![cfg(not(target_family = "wasm"))]
#![cfg(feature = "decode")]

use noxrun::source::file::{Cover, Tags, read_tags};
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    PathBuf::from(folder).join(name)
}

fn read(name: &str) -> (Tags, Option<Cover>) {
    let mut file = File::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let found = read_tags(&mut file);
    // Whoever decodes the file begins at its beginning.
    let (mut bytes, whole) = (Vec::new(), fs::read(path(name)).unwrap());
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, whole, "{name}");
    found
}

fn texts() -> Tags {
    let some = |text: &str| Some(text.to_owned());
    Tags {
        title: some("Lucky"),
        artist: some("Steve & Zoë"),
        album: some("Thirteen – 十三"),
        track: Some(7),
        date: some("2009"),
        genre: some("Chiptune"),
    }
}

#[test]
fn every_format_says_the_same() {
    for name in [
        "tagged.mp3",
        "tagged-4.mp3",
        "tagged.aiff",
        "tagged.flac",
        "tagged.m4a",
        "tagged-late.m4a",
        "tagged.ogg",
        "tagged.opus",
        "tagged.oga",
        "tagged-id3.wav",
        "tagged-info.wav",
    ] {
        assert_eq!(read(name).0, texts(), "{name}");
    }
}

#[test]
fn covers_are_the_picture_bit_by_bit() {
    let picture = fs::read(path("picture.jpg")).unwrap();
    for name in [
        "tagged.mp3",
        "tagged-4.mp3",
        "tagged.aiff",
        "tagged.flac",
        "tagged.m4a",
        "tagged-late.m4a",
        "tagged.ogg",
        "tagged.opus",
        "tagged.oga",
        "tagged-id3.wav",
    ] {
        let cover = read(name).1.unwrap_or_else(|| panic!("{name} has no cover"));
        assert_eq!(cover.media_type, "image/jpeg", "{name}");
        assert!(cover.bytes == picture, "{name}");
    }
    assert_eq!(read("tagged-info.wav").1, None);
}

#[test]
fn files_without_tags_have_none() {
    for name in [
        "music.wav",
        "music.flac",
        "music.mp3",
        "music.ogg",
        "music-aac.m4a",
        "music.aiff",
        "random-0.bin",
        "empty.wav",
        "stub-music.flac",
    ] {
        assert_eq!(read(name), (Tags::default(), None), "{name}");
    }
}

/// The beginning of a tag is as good as the whole for what stands in it; nothing panics wherever a file is cut.
#[test]
fn cut_files_say_what_they_can() {
    for name in [
        "tagged.mp3",
        "tagged.flac",
        "tagged.m4a",
        "tagged.ogg",
        "tagged.aiff",
        "tagged-info.wav",
    ] {
        let whole = fs::read(path(name)).unwrap();
        for length in (0..whole.len().min(40_000)).step_by(997) {
            let (tags, cover) = read_tags(&mut std::io::Cursor::new(whole[..length].to_vec()));
            assert!(tags.title.is_none() || tags.title == texts().title, "{name} cut at {length}");
            assert!(cover.is_none() || length > 1_000, "{name} cut at {length}");
        }
    }
}
