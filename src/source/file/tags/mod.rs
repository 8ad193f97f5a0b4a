//! What a file says about itself: title, artist, album, track, date, genre and the front cover.
//!
//! Read here and not by symphonia: its readers (0.6.1) take no notice of the limits they are given, and hold a hostile file's tag in memory several times over; what WAV and AIFF files say they
//! leave out. Here each piece is looked at where it lies, nothing larger than [`LARGEST_TAG`] is read, and there is no error: what cannot be read is not there.
//!
//! | where | what |
//! | --- | --- |
//! | at the front (MP3, ADTS), in WAV and AIFF | ID3v2.2 to 2.4 (<https://id3.org>); at the end ID3v1 |
//! | WAV, AIFF | the INFO list; the chunks NAME and AUTH |
//! | FLAC; Ogg Vorbis, Opus and FLAC | Vorbis comments (<https://xiph.org/vorbis/doc/v-comment.html>), PICTURE blocks (RFC 9639, 8.8) |
//! | MP4 | iTunes' atoms in moov/udta/meta/ilst |

mod bytes;
mod id3;
mod mp4;
mod ogg;
mod riff;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
mod vorbis;

use bytes::Bytes;
use symphonia::core::io::MediaSource;

/// Largest cover in bytes; a larger one is left out.
pub const LARGEST_COVER: usize = 8 << 20;
/// Most bytes of a tag that are read: a cover of the largest size in Base64, and texts.
const LARGEST_TAG: usize = 12 << 20;
/// Pieces of one kind (chunks, blocks, atoms, frames, comments) that are looked at. Real files have some dozens.
const MOST_PIECES: usize = 1_000;
/// Letters of a text that are kept.
const LONGEST_TEXT: usize = 500;

/// Texts of a file about itself: trimmed, one line each, at most 500 letters. Of several values the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Title of the piece.
    pub title: Option<String>,
    /// Who plays.
    pub artist: Option<String>,
    /// Title of the album.
    pub album: Option<String>,
    /// Number on the album.
    pub track: Option<u32>,
    /// Date or year, as written in the file.
    pub date: Option<String>,
    /// Genre.
    pub genre: Option<String>,
}

/// The picture on the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif" or "image/bmp": what the bytes are, whatever the file says.
    pub media_type: &'static str,
    /// The picture as it lies in the file, at most [`LARGEST_COVER`].
    pub bytes: Vec<u8>,
}

/// Reads a file's tags and cover. A file that cannot be sought in has none. The position afterwards is the beginning.
pub fn read_tags(media: &mut dyn MediaSource) -> (Tags, Option<Cover>) {
    let mut found = Found::default();
    if media.is_seekable() {
        look(&mut Bytes::new(media), &mut found);
        // Whoever reads on notices a source that cannot be read.
        let _ = media.seek(std::io::SeekFrom::Start(0));
    }
    let cover = found.cover.map(|(_, cover)| cover);
    (found.tags, cover)
}

fn look(bytes: &mut Bytes, found: &mut Found) {
    let begin = id3::read(bytes, 0, found).unwrap_or(0);
    match bytes.array::<12>(begin) {
        Some([b'f', b'L', b'a', b'C', ..]) => vorbis::read_flac(bytes, begin + 4, found),
        Some([b'O', b'g', b'g', b'S', ..]) => ogg::read(bytes, begin, found),
        Some([b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E']) => riff::read_wave(bytes, begin + 12, found),
        Some([b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C']) => riff::read_aiff(bytes, begin + 12, found),
        Some([_, _, _, _, b'f', b't', b'y', b'p', ..]) => mp4::read(bytes, begin, found),
        _ => {}
    }
    id3::read_v1(bytes, found);
}

/// A text of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Artist,
    Album,
    Track,
    Date,
    Genre,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    tags: Tags,
    /// The best picture, and whether it is the front cover.
    cover: Option<(bool, Cover)>,
}

impl Found {
    /// Takes a text, unless there is one already.
    fn text(&mut self, field: Field, text: &str) {
        let Some(text) = cleaned(text) else { return };
        let place = match field {
            Field::Title => &mut self.tags.title,
            Field::Artist => &mut self.tags.artist,
            Field::Album => &mut self.tags.album,
            Field::Date => &mut self.tags.date,
            Field::Genre => &mut self.tags.genre,
            Field::Track => {
                // "3/12": the third of twelve.
                let digits = text.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
                let number = digits.parse().ok().filter(|number| *number > 0);
                self.tags.track = self.tags.track.or(number);
                return;
            }
        };
        if place.is_none() {
            *place = Some(if field == Field::Genre { id3::genre_named(&text) } else { text });
        }
    }

    /// Takes a picture if it is better than the one there is. `kind`: 3 is the front cover, as in ID3v2 and FLAC.
    fn picture(&mut self, kind: u32, bytes: &[u8]) {
        let front = kind == 3;
        if matches!(&self.cover, Some((is_front, _)) if *is_front || !front) || bytes.len() > LARGEST_COVER {
            return;
        }
        if let Some(media_type) = media_type(bytes) {
            let bytes = bytes.to_vec();
            self.cover = Some((front, Cover { media_type, bytes }));
        }
    }
}

/// What kind of picture the bytes are. What a file says is not believed: a page shows the cover, and must get nothing there but a picture.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    Some(match bytes {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => "image/avif",
        [b'B', b'M', ..] => "image/bmp",
        _ => return None,
    })
}

/// One line without blanks around it; `None` if nothing is left.
fn cleaned(text: &str) -> Option<String> {
    // Several values stand behind each other with zeros in between (ID3v2.4).
    let first = text.trim_start_matches('\0').split('\0').next().unwrap_or_default();
    let letters = first.trim().chars().take(LONGEST_TEXT);
    let line: String = letters.map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// UTF-8, or else Latin-1: what writers of formats put there that name no encoding.
fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
