//! A container's packets, from its beginning or from near a place.

use super::link::Link;
use super::mpeg::{Kind, Places};
use super::reasons;
use super::repair::{self, Told};
use super::track::Trouble;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::common::Limit;
use symphonia::core::errors::{Error, Result, SeekErrorKind};
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::well_known::*;
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;
use symphonia::default::formats::{AdtsReader, MpaReader};

/// Bytes searched for a format's marker (tags in front do not count). What is no audio is refused soon, and random bytes have
/// little chance to look like MP3.
const SEARCH_BYTES: u32 = 64 * 1024;
/// Largest picture or text in a tag that is kept in memory, in bytes; none is used.
const TAG_BYTES: usize = 64 * 1024;

/// A container that is read packet by packet.
pub(super) struct Demuxer {
    media: Shared,
    reader: Box<dyn FormatReader>,
    /// Whether the bytes can be gone back to.
    can_rewind: bool,
    /// Whether the reader was at its end; MP4's and Matroska's are lost then.
    ended: bool,
    /// Places of packets in a file without an index, once it was sought in.
    places: Option<Places>,
    /// Units to add to timestamps: the reader was begun in the middle.
    shift: i64,
}

impl Demuxer {
    /// Finds the container.
    pub(super) fn open(media: Box<dyn MediaSource>) -> std::result::Result<Demuxer, Trouble> {
        let can_rewind = media.is_seekable();
        let (media, told) = repair::readable(media);
        let mut media = Shared {
            media: Arc::new(Mutex::new(media)),
            told,
        };
        let ended = |error: &Error| matches!(error, Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof);
        let mut reader = media.probe(can_rewind);
        if media.told.can_seek && reader.as_ref().is_err_and(ended) {
            // It was looked for what should stand at the end (Ogg's last page).
            media.told = Told {
                can_seek: false,
                len_hidden: true,
            };
            reader = media.probe(true);
        }
        let reader = reader.map_err(|error| reasons::not_opened(&error))?;
        Ok(Demuxer {
            media,
            reader,
            can_rewind,
            ended: false,
            places: None,
            shift: 0,
        })
    }

    /// The container.
    pub(super) fn format(&self) -> &dyn FormatReader {
        &*self.reader
    }

    /// Whether it is that kind of container.
    pub(super) fn is(&self, id: symphonia::core::formats::FormatId) -> bool {
        self.reader.format_info().format == id
    }

    /// Whether the bytes can be gone back to.
    pub(super) fn can_rewind(&self) -> bool {
        self.can_rewind
    }

    /// Does something with the bytes and leaves the reading position where it was.
    pub(super) fn beside<T>(&self, look: impl FnOnce(&mut dyn MediaSource) -> T) -> Option<T> {
        if !self.can_rewind {
            return None;
        }
        let mut media = self.media.lock();
        let position = media.stream_position().ok()?;
        let found = look(&mut **media);
        media.seek(SeekFrom::Start(position)).ok()?;
        Some(found)
    }

    /// The next packet of any track.
    pub(super) fn next_packet(&mut self) -> Result<Option<Packet>> {
        let mut packet = self.reader.next_packet();
        match &mut packet {
            Ok(Some(packet)) => packet.pts = Timestamp::new(packet.pts.get().saturating_add(self.shift)),
            Ok(None) => self.ended = true,
            Err(error) => self.ended |= !matches!(error, Error::ResetRequired),
        }
        packet
    }

    /// Begins again at the file's first packet.
    pub(super) fn rewind(&mut self) -> Result<()> {
        self.reader = self.media.probe(true)?;
        (self.ended, self.shift) = (false, 0);
        Ok(())
    }

    /// Goes to a packet that begins before or at `frame` of the link, if all is well, and returns where it begins. The position is anywhere after an error.
    pub(super) fn jump(&mut self, link: &Link, frame: i64) -> Result<i64> {
        let refused = Err(Error::SeekError(SeekErrorKind::Unseekable));
        let id = self.reader.format_info().format;
        let kind = match id {
            FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 => Some(Kind::Mpeg),
            FORMAT_ID_ADTS => Some(Kind::Adts),
            // symphonia 0.6.1 waits forever there for a packet of another track to go away.
            FORMAT_ID_OGG if self.reader.tracks().len() > 1 => return refused,
            _ => None,
        };
        if let Some(kind) = kind {
            return self.jump_by_count(kind, link, frame);
        }
        if self.ended && matches!(id, FORMAT_ID_MKV | FORMAT_ID_ISOMP4) {
            self.rewind()?;
        }
        self.ended = false;
        let track_id = link.track.id;
        let mut to = link.timestamp_at(frame);
        let blocks = match (id, link.parameters.codec) {
            (FORMAT_ID_WAVE, CODEC_ID_ADPCM_MS | CODEC_ID_ADPCM_IMA_WAV) => link.parameters.frames_per_block.filter(|frames| *frames > 0),
            _ => None,
        };
        if let Some(frames) = blocks {
            // symphonia 0.6.1 takes the number of the frame asked for, rounded down to a packet, for the number of a block.
            to = Timestamp::new(to.get().max(0) / frames as i64);
        }
        let ts = to;
        let reached = self.reader.seek(SeekMode::Accurate, SeekTo::Timestamp { ts, track_id })?.actual_ts;
        Ok(match blocks {
            Some(frames) => link.frames_at(Timestamp::new(reached.get().saturating_mul(frames as i64))),
            None => link.frames_at(reached),
        })
    }

    /// [`jump`](Demuxer::jump) in a file whose packets have to be counted.
    fn jump_by_count(&mut self, kind: Kind, link: &Link, frame: i64) -> Result<i64> {
        if !self.can_rewind {
            return Err(Error::SeekError(SeekErrorKind::ForwardOnly));
        }
        let mut places = match self.places.take() {
            Some(places) => places,
            None => {
                // The reader knows where tags and the encoder's own packet end.
                let reader = self.media.probe(true)?;
                Places::begin(kind, &mut reader.into_inner())?
            }
        };
        let packet = ((frame - link.first).max(0) as u64) / places.frames;
        let mut stream = self.media.stream()?;
        let found = places.find(packet, &mut stream);
        let start = packet as i64 * places.frames as i64 + link.first;
        self.places = Some(places);
        stream.seek(SeekFrom::Start(found?))?;
        self.reader = match kind {
            Kind::Mpeg => Box::new(MpaReader::try_new(stream, Default::default())?),
            Kind::Adts => Box::new(AdtsReader::try_new(stream, Default::default())?),
        };
        (self.ended, self.shift) = (false, start);
        Ok(start)
    }
}

/// The file, for one reader after the other.
#[derive(Clone)]
struct Shared {
    media: Arc<Mutex<Box<dyn MediaSource>>>,
    told: Told,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Box<dyn MediaSource>> {
        self.media.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file from its beginning.
    fn stream(&self) -> io::Result<MediaSourceStream<'static>> {
        self.lock().seek(SeekFrom::Start(0))?;
        Ok(MediaSourceStream::new(Box::new(self.clone()), Default::default()))
    }

    /// Finds the container, at the position or from the beginning.
    fn probe(&self, from_start: bool) -> Result<Box<dyn FormatReader>> {
        let limits = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(TAG_BYTES))
            .limit_visual_bytes(Limit::Maximum(TAG_BYTES));
        let stream = if from_start {
            self.stream()?
        } else {
            MediaSourceStream::new(Box::new(self.clone()), Default::default())
        };
        probe().probe(&Hint::new(), stream, Default::default(), limits)
    }
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.lock().read(into)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.lock().seek(to)
    }
}

impl MediaSource for Shared {
    fn is_seekable(&self) -> bool {
        self.told.can_seek
    }

    fn byte_len(&self) -> Option<u64> {
        self.lock().byte_len().filter(|_| !self.told.len_hidden)
    }
}

/// symphonia's own set of formats, searched for less far.
fn probe() -> &'static Probe {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    PROBE.get_or_init(|| {
        let options = ProbeOptions {
            max_probe_depth: SEARCH_BYTES,
            ..Default::default()
        };
        let mut probe = Probe::new_with_options(&options);
        symphonia::default::register_enabled_formats(&mut probe);
        probe
    })
}
