//! One track of a container: its decoder, which part of it is meant to be heard, and how far it was read.
//!
//! Places are counted in frames at the decoder's rate; frame 0 is where the container's clock is 0.

use super::edits::Edits;
use super::outside::{self, Pipe};
use super::reasons::{self, FORMATS, refused};
use super::track::{OutsideCodecs, Trouble};
use crate::error::FileProblem;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::well_known::*;
use symphonia::core::formats::{FormatId, FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

/// Rates in Hz that are played: rubato's filters stay small in this range, and browsers' contexts end at the same bound.
pub(super) const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// Channels that are played; the ring's bound too.
pub(super) const CHANNELS: std::ops::RangeInclusive<usize> = 1..=32;
/// Samples that one packet may decode to, all channels together. Decoders make room for as many as a header says; no codec needs as many
/// (FLAC's most are 65,535 frames of 8 channels).
const MAX_PACKET_SAMPLES: u64 = 1 << 20;
/// Frames in a block of Apple's IMA ADPCM, always.
const IMA_BLOCK: u64 = 64;
/// Time between two packets that counts as a packet lost, in seconds: longer than any rounding of timestamps.
const GAP_SECONDS: f64 = 0.001;
/// Frames of a packet that does not say: no less than in any usual one.
const LONG_PACKET: i64 = 8_192;

/// Packets from which the usual length is found out.
const LEARNED_PACKETS: u8 = 16;

/// What decodes.
pub(super) enum Engine {
    /// symphonia's decoder.
    Here(Box<dyn AudioDecoder>),
    /// Another one.
    Outside(Pipe),
}

/// One track as far as it goes; a chained Ogg file has several, one after the other.
pub(super) struct Link {
    pub(super) engine: Engine,
    pub(super) track: Track,
    pub(super) parameters: AudioCodecParameters,
    pub(super) codec_name: &'static str,
    /// Rate in Hz and channels that the decoder gives.
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// Seconds per unit of timestamps.
    clock: (i128, i128),
    /// First frame that is meant to be heard.
    pub(super) origin: i64,
    /// First frame that no longer is, if the container says so and not just guesses.
    pub(super) end: Option<i64>,
    /// Length in seconds guessed from the file's size, or said coarsely.
    pub(super) estimate: Option<f64>,
    /// How much less than [`end`](Link::end) is no sign of a cut, in frames.
    tolerance: i64,
    /// Where the first packet begins.
    pub(super) first: i64,
    /// Frames to decode before a place so that it sounds as if decoded from the beginning.
    pub(super) pre_roll: i64,
    /// Packets begin at multiples of this beside [`first`](Link::first); 1 if any place will do.
    grid: i64,
    /// From how many packets that multiple was found out, and the latest one's frames.
    learned: u8,
    latest: i64,
    /// Rounding of timestamps, in frames; 0 if they are exact.
    rounding: i64,
    /// Timestamps say which frames of a packet are to be left out.
    trims: bool,
    /// End of the packet read last.
    pub(super) position: i64,
    /// Whether a packet was read since the last jump.
    pub(super) begun: bool,
}

impl Link {
    pub(super) fn new(format: &dyn FormatReader, edits: &Edits, outside: Option<&OutsideCodecs>) -> Result<Self, Trouble> {
        let id = format.format_info().format;
        // The track marked as the default first, then any that can be decoded.
        let first = format.default_track(TrackType::Audio);
        let others = format
            .tracks()
            .iter()
            .filter(|track| first.is_none_or(|first| first.id != track.id));
        let tracks = first.into_iter().chain(others);
        let mut refusal = None;
        for track in tracks {
            let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
                continue;
            };
            match Link::with(track, parameters, id, edits, outside) {
                Ok(mut link) => {
                    let length = format.media_info().duration.zip(format.media_info().time_base);
                    let said = length.map(|(length, base)| base.calc_duration_saturating(length).as_secs_f64());
                    link.estimate = link.estimate.or(said.filter(|seconds| *seconds > 0.0));
                    return Ok(link);
                }
                Err(trouble) => {
                    refusal.get_or_insert(trouble);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| {
            let reason = match format.tracks().len() {
                0 => format!("the file holds no sound known here ({FORMATS})"),
                tracks => format!("none of the file's {tracks} tracks is sound known here ({FORMATS})"),
            };
            refused(FileProblem::NotAudio, reason)
        }))
    }

    fn with(
        track: &Track,
        parameters: &AudioCodecParameters,
        id: FormatId,
        edits: &Edits,
        outside: Option<&OutsideCodecs>,
    ) -> Result<Self, Trouble> {
        let needs = outside::needs(parameters).filter(|needs| !needs.optional || outside.is_some());
        let (rate, channels) = match &needs {
            Some(needs) => (needs.format.sample_rate, needs.format.channels),
            None => (
                parameters.sample_rate.unwrap_or(*RATES.start()),
                parameters.channels.as_ref().map_or(1, |channels| channels.count()),
            ),
        };
        check(rate, channels)?;
        check_packets(parameters, channels)?;
        let here = |why: Option<Trouble>| {
            // What is cut off is decided here, by the packets' places.
            let options = AudioDecoderOptions::default().gapless(false);
            let made = symphonia::default::get_codecs().make_audio_decoder(parameters, &options);
            made.map_err(|error| why.unwrap_or_else(|| reasons::no_decoder(parameters.codec, &error)))
        };
        let (engine, codec_name) = match &needs {
            None => {
                not_wrongly_decoded(parameters.codec, channels)?;
                let decoder = here(None)?;
                let name = decoder.codec_info().long_name;
                (Engine::Here(decoder), name)
            }
            Some(needs) => match Pipe::new(needs, parameters, outside) {
                Ok(pipe) => (Engine::Outside(pipe), outside_name(parameters.codec)),
                // Its core can be decoded here, without the upper half of the spectrum.
                Err(why) => {
                    let decoder = here(Some(why))?;
                    let name = decoder.codec_info().long_name;
                    (Engine::Here(decoder), name)
                }
            },
        };
        // Without the other decoder, the core's rate.
        let rate = match &engine {
            Engine::Here(_) => parameters.sample_rate.unwrap_or(rate),
            Engine::Outside(_) => rate,
        };
        let base = track.time_base;
        let clock = base.map_or((1, i128::from(rate)), |base| {
            (i128::from(base.numer.get()), i128::from(base.denom.get()))
        });
        let unit = i128::from(rate) * clock.0;
        let rounding = if unit > 0 && clock.1 % unit == 0 {
            0
        } else {
            (unit / clock.1) as i64 + 1
        };
        let in_frames = |ts: i128| to_frames(ts, clock, rate);
        let pre_skip = needs.as_ref().map_or(0, |needs| needs.pre_skip);
        let elementary = matches!(id, FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 | FORMAT_ID_ADTS);
        let opus = parameters.codec == CODEC_ID_OPUS;

        // Where the sound begins.
        let edit = edits.of(track.id);
        let start = in_frames(i128::from(track.start_ts.get())).max(0);
        let mut origin = match id {
            // WebM's clock is set so that it is 0 there.
            FORMAT_ID_MKV => 0,
            FORMAT_ID_ISOMP4 => match (edit.start.filter(|start| *start > 0), edits.note) {
                (Some(start), _) => in_frames(i128::from(start)),
                (None, Some(note)) if parameters.codec == CODEC_ID_AAC => in_frames(i128::from(note.delay)),
                _ => pre_skip,
            },
            _ => start + pre_skip,
        };
        let first = match id {
            FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 | FORMAT_ID_CAF => -i64::from(track.delay.unwrap_or(0)),
            FORMAT_ID_MKV => -pre_skip,
            _ => in_frames(i128::from(track.start_ts.get())),
        };

        // Where it ends.
        let guess = is_guess(id, track);
        let frames = track.num_frames.filter(|frames| *frames > 0).map(|frames| {
            // Of an MP4's track these are the core's.
            let own = parameters.sample_rate.unwrap_or(rate).max(1);
            (i128::from(frames) * i128::from(rate) / i128::from(own)) as i64
        });
        let by_clock = || {
            let length = track.duration.filter(|length| length.get() > 0 && base.is_some())?;
            Some(in_frames(i128::from(length.get())))
        };
        let length = frames.or_else(by_clock);
        let mut end = length.filter(|_| !guess);
        if id == FORMAT_ID_ISOMP4 && length.is_some() {
            // An edit's length is often rounded to a thousandth of a second.
            if let Some((seconds, tick)) = edit.seconds {
                let said = origin + (seconds * f64::from(rate)).round() as i64;
                if end.is_none_or(|end| said + (tick * f64::from(rate)).ceil() as i64 <= end) {
                    end = Some(said);
                }
            } else if let Some(note) = edits.note.filter(|note| note.delay > 0 && note.frames > 0) {
                let said = origin.saturating_add(in_frames(i128::from(note.frames)));
                end = end.map(|end| end.min(said));
            }
        }
        if end.is_some_and(|end| end <= origin) {
            (origin, end) = (first.max(0), length.filter(|_| !guess));
        }
        // Lossy encoders may count the last packets differently; two of MP3's 1,152 frames are the most seen.
        let exact = [FORMAT_ID_WAVE, FORMAT_ID_AIFF, FORMAT_ID_FLAC].contains(&id);
        let (pre_roll, grid) = pre_roll(parameters, rate);
        Ok(Link {
            engine,
            track: track.clone(),
            parameters: parameters.clone(),
            codec_name,
            rate,
            channels,
            clock,
            origin,
            end,
            estimate: length.map(|length| (length - origin) as f64 / f64::from(rate)),
            tolerance: match id {
                _ if exact => 0,
                // Some encoders count the last of ALAC's packets of 4,096 frames as full.
                FORMAT_ID_CAF => 4_096,
                _ => 2 * 1_152,
            },
            first,
            pre_roll,
            grid,
            learned: if grid == 1 || opus { 0 } else { LEARNED_PACKETS },
            latest: 0,
            rounding,
            trims: !elementary && !opus,
            position: first,
            begun: false,
        })
    }

    /// Begins again at a place, after a jump.
    pub(super) fn restart(&mut self, at: i64) {
        (self.position, self.begun) = (at, false);
        if self.learned > 0 {
            self.learned = LEARNED_PACKETS;
        }
        match &mut self.engine {
            Engine::Here(decoder) => decoder.reset(),
            Engine::Outside(pipe) => pipe.reset(),
        }
    }

    /// Packets that another decoder has passed over.
    pub(super) fn lost(&self) -> u64 {
        match &self.engine {
            Engine::Here(_) => 0,
            Engine::Outside(pipe) => pipe.lost(),
        }
    }

    /// A timestamp in frames.
    pub(super) fn frames_at(&self, ts: Timestamp) -> i64 {
        to_frames(i128::from(ts.get()), self.clock, self.rate)
    }

    /// A place in units of timestamps, not after it.
    pub(super) fn timestamp_at(&self, frame: i64) -> Timestamp {
        let (numer, denom) = self.clock;
        let ts = (i128::from(frame) * denom).div_euclid(numer * i128::from(self.rate));
        Timestamp::new(ts.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Where a packet's first frame belongs, and how many frames it has; 0 if it does not say.
    pub(super) fn place_of(&self, packet: &Packet) -> (i64, i64) {
        let said = self.frames_at(packet.pts);
        let frames = if self.parameters.codec == CODEC_ID_OPUS {
            outside::opus_frames(&packet.data)
        } else {
            to_frames(i128::from(packet.block_dur().get()), self.clock, self.rate)
        };
        let start = if self.rounding == 0 {
            said
        } else if self.begun && said.abs_diff(self.position) <= 2 * self.rounding as u64 {
            self.position
        } else {
            // Opus packets differ between files, hardly ever within one.
            let opus = self.parameters.codec == CODEC_ID_OPUS && frames > 0;
            let grid = if opus { frames } else { self.grid };
            let steps = (said - self.first + grid / 2).div_euclid(grid);
            let near = self.first + steps * grid;
            if near.abs_diff(said) <= 2 * self.rounding as u64 {
                near
            } else {
                said
            }
        };
        (start, frames)
    }

    /// Takes down how many frames a packet has where the clock is coarse: the next ones are likely to begin at multiples of it. Only
    /// as long as the track is read from its beginning; the last packet, which may be shorter, does not count.
    pub(super) fn learn(&mut self, frames: i64) {
        if self.rounding > 0 && self.learned < LEARNED_PACKETS && frames > 0 {
            let before = std::mem::replace(&mut self.latest, frames);
            self.grid = if self.learned == 0 { frames } else { common(self.grid, before) };
            self.learned += 1;
        }
    }

    /// The part of a packet's frames that is meant to be heard: from its first frame's place, how many were decoded, and what the
    /// container says of it.
    pub(super) fn heard(&mut self, packet: &Packet, start: i64, frames: i64) -> (i64, i64) {
        let (mut from, mut to) = (self.origin, i64::MAX);
        let said = |ts: u64| to_frames(i128::from(ts), self.clock, self.rate);
        let end_trim = said(packet.trim_end.get());
        if self.trims {
            from = from.max(start + said(packet.trim_start.get()));
            if end_trim > 0 {
                to = to.min(start + said(packet.block_dur().get()) - end_trim);
            }
        } else if end_trim > 0 && self.parameters.codec == CODEC_ID_OPUS && self.end.is_none() {
            // The last page, in a file whose end was not looked up.
            self.end = Some(start + frames - end_trim);
        }
        (from, to.min(self.end.unwrap_or(i64::MAX)))
    }

    /// Whether a packet that begins there comes too late for what was read before.
    pub(super) fn is_gap(&self, start: i64) -> bool {
        let longest = (GAP_SECONDS * f64::from(self.rate)) as i64 + 2 * self.rounding;
        self.begun && start > self.position.saturating_add(longest)
    }

    /// Whether a packet need not be decoded to hear what is at `goal`.
    pub(super) fn can_skip(&self, start: i64, frames: i64, goal: i64) -> bool {
        let frames = if frames > 0 { frames } else { LONG_PACKET };
        start.saturating_add(frames) <= goal - self.pre_roll
    }

    /// Where to decode from in order to hear what is at `goal`.
    pub(super) fn before(&self, goal: i64) -> i64 {
        // A coarse clock may say that a packet begins before it does.
        goal.saturating_sub(self.pre_roll + 2 * self.rounding).max(self.first)
    }

    /// Whether the last frame was read, if the container says which that is.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.position + self.rounding >= end)
    }

    /// Whether there is no sign that something is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.end.is_none_or(|end| self.position + self.tolerance >= end)
    }

    /// Length in frames, if the container says so.
    pub(super) fn frames(&self) -> Option<u64> {
        self.end.map(|end| (end - self.origin).max(0) as u64)
    }

    /// Where it was read to, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        let read = self.position.min(self.end.unwrap_or(i64::MAX)) - self.origin;
        read.max(0) as f64 / f64::from(self.rate)
    }
}

/// The name of a codec that is decoded elsewhere.
fn outside_name(codec: AudioCodecId) -> &'static str {
    match codec {
        CODEC_ID_OPUS => "Opus",
        CODEC_ID_AAC => "Advanced Audio Coding",
        _ => "unknown",
    }
}

/// Refuses what the decoder takes and gets wrong: symphonia 0.6.1 undoes the coupling of channels in ascending order, Vorbis I asks for
/// descending (<https://xiph.org/vorbis/doc/Vorbis_I_spec.html>, 4.3.5). With more than one pair the surround channels come out as noise.
fn not_wrongly_decoded(codec: AudioCodecId, channels: usize) -> Result<(), Trouble> {
    if codec == CODEC_ID_VORBIS && channels > 2 {
        let reason = format!("Vorbis with {channels} channels is not supported, only mono or stereo");
        return Err(refused(FileProblem::Unsupported, reason));
    }
    Ok(())
}

/// Frames that a decoder has to hear before what it gives is as if from the beginning, and the multiple at which packets begin.
fn pre_roll(parameters: &AudioCodecParameters, rate: u32) -> (i64, i64) {
    // Of a doubled rate (spectral band replication), packets are twice as long.
    let times = i64::from(rate / parameters.sample_rate.unwrap_or(rate).max(1)).clamp(1, 2);
    match parameters.codec {
        // Up to 511 bytes of a packet lie in those before it: 9 packets at 32 kbit/s. One more for the overlap.
        CODEC_ID_MP3 => (10 * 1_152, 576),
        // The state of the filter bank.
        CODEC_ID_MP1 | CODEC_ID_MP2 => (2 * 1_152, 384),
        CODEC_ID_AAC => (3 * 1_024 * times, 1_024 * times),
        CODEC_ID_VORBIS => (LONG_PACKET, 64),
        // RFC 7845 asks for 80 ms; after 240 ms the difference is 60 dB below the sound.
        CODEC_ID_OPUS => (240 * 48, 120),
        _ => (0, 1),
    }
}

/// The greatest common divisor.
fn common(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common(b, a % b) }
}

fn to_frames(ts: i128, clock: (i128, i128), rate: u32) -> i64 {
    let (numer, denom) = clock;
    let units = ts * numer * i128::from(rate);
    let frames = (2 * units + denom).div_euclid(2 * denom);
    // Far from both ends, so that sums with frames do not overflow.
    frames.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}

/// Whether the length that symphonia gives is a guess from the first packets and the file's size.
fn is_guess(id: FormatId, track: &Track) -> bool {
    match id {
        FORMAT_ID_MP1 | FORMAT_ID_MP2 | FORMAT_ID_MP3 => track.delay.is_none(),
        FORMAT_ID_ADTS => true,
        _ => false,
    }
}

/// Refuses packets that would take more memory than any real one, and sizes that symphonia's decoder relies on without looking.
fn check_packets(parameters: &AudioCodecParameters, channels: usize) -> Result<(), Trouble> {
    if parameters.codec == CODEC_ID_ADPCM_IMA_QT && parameters.frames_per_block.is_none_or(|frames| frames != IMA_BLOCK) {
        let reason = format!("its header is damaged: a block of Apple's IMA ADPCM holds {IMA_BLOCK} frames");
        return Err(refused(FileProblem::Damaged, reason));
    }
    let frames = [parameters.max_frames_per_packet, parameters.frames_per_block]
        .into_iter()
        .flatten()
        .max();
    match frames {
        Some(frames) if frames.saturating_mul(channels as u64) > MAX_PACKET_SAMPLES => {
            let most = MAX_PACKET_SAMPLES / channels as u64;
            let reason = format!("its header is damaged: a packet would hold {frames} frames; {most} can be played");
            Err(refused(FileProblem::Damaged, reason))
        }
        _ => Ok(()),
    }
}

/// Refuses rates and channel counts that are not played.
pub(super) fn check(rate: u32, channels: usize) -> Result<(), Trouble> {
    let reason = if !RATES.contains(&rate) {
        let (min, max) = (RATES.start(), RATES.end());
        format!("its sample rate is {rate} Hz; {min} to {max} Hz can be played")
    } else if !CHANNELS.contains(&channels) {
        let (min, max) = (CHANNELS.start(), CHANNELS.end());
        format!("it has {channels} channels; {min} to {max} can be played")
    } else {
        return Ok(());
    };
    Err(refused(FileProblem::Unsupported, reason))
}
