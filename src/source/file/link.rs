//! One track of a container: its decoder, its length, and how far it was read.

use super::reasons::{self, FORMATS};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ADPCM_IMA_QT};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::well_known::*;
use symphonia::core::formats::{FormatId, FormatReader, Track, TrackType};
use symphonia::core::packet::Packet;

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
pub(super) const GAP_SECONDS: f64 = 0.001;

/// One track as far as it goes; a chained Ogg file has several, one after the other.
pub(super) struct Link {
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) track: Track,
    /// Length in frames and seconds as the container says, if it says so and not just guesses.
    pub(super) frames: Option<u64>,
    pub(super) seconds: Option<f64>,
    /// Length in seconds guessed from the file's size.
    pub(super) estimate: Option<f64>,
    /// How much less than that is no sign of a cut, in seconds.
    tolerance: f64,
    /// End of the packet read last, in seconds.
    pub(super) position: f64,
    /// Whether a packet was read.
    pub(super) begun: bool,
}

impl Link {
    pub(super) fn new(format: &dyn FormatReader) -> Result<Self, String> {
        let id = format.format_info().format;
        // The track marked as the default first, then any that can be decoded.
        let tracks = format.default_track(TrackType::Audio).into_iter().chain(format.tracks());
        let mut refusal = None;
        for track in tracks {
            let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
                continue;
            };
            let rate = parameters.sample_rate.unwrap_or(*RATES.start());
            let channels = parameters.channels.as_ref().map_or(1, |channels| channels.count());
            let checked = check(rate, channels)
                .and_then(|()| check_packets(parameters, channels))
                .and_then(|()| reasons::wrongly_decoded(parameters.codec, channels));
            if let Err(reason) = checked {
                refusal.get_or_insert(reason);
                continue;
            }
            // Without the encoder's own figures, an MP3's length is a guess from its size; trimming to it could cut the sound.
            let gapless = !is_guess(id, track);
            let options = AudioDecoderOptions::default().gapless(gapless);
            match symphonia::default::get_codecs().make_audio_decoder(parameters, &options) {
                Ok(decoder) => return Ok(Link::with(decoder, track.clone(), id, rate)),
                Err(error) => {
                    refusal.get_or_insert(reasons::no_decoder(parameters.codec, &error));
                }
            }
        }
        Err(refusal.unwrap_or_else(|| match format.tracks().len() {
            0 => format!("the file holds no sound known here ({FORMATS})"),
            tracks => format!("none of the file's {tracks} tracks is sound known here ({FORMATS})"),
        }))
    }

    fn with(decoder: Box<dyn AudioDecoder>, track: Track, id: FormatId, rate: u32) -> Self {
        let frames = track.num_frames.filter(|frames| *frames > 0);
        let by_frames = frames.map(|frames| frames as f64 / f64::from(rate));
        let by_clock = || {
            let length = track.duration.filter(|length| length.get() > 0)?;
            Some(track.time_base?.calc_duration_saturating(length).as_secs_f64())
        };
        let length = by_frames.or_else(by_clock);
        let guess = is_guess(id, &track);
        // Lossy encoders may count the last packets differently; two of MP3's 1,152 frames are the most seen.
        let exact = [FORMAT_ID_WAVE, FORMAT_ID_AIFF, FORMAT_ID_FLAC].contains(&id);
        let tolerance = if exact { 0.5 } else { 2.0 * 1_152.0 } / f64::from(rate);
        Link {
            decoder,
            track,
            frames: frames.filter(|_| !guess),
            seconds: length.filter(|_| !guess),
            estimate: length,
            tolerance,
            position: 0.0,
            begun: false,
        }
    }

    /// Where a packet's sound begins and ends, in seconds since the track's beginning.
    pub(super) fn times_of(&self, packet: &Packet) -> (f64, f64) {
        let Some(base) = self.track.time_base else {
            return (self.position, self.position);
        };
        let origin = base.calc_time_saturating(self.track.start_ts).as_secs_f64();
        let start = (base.calc_time_saturating(packet.pts).as_secs_f64() - origin).max(0.0);
        let length = packet.trim_start.saturating_add(packet.dur);
        (start, start + base.calc_duration_saturating(length).as_secs_f64())
    }

    /// Whether the last frame was read, if the container says which that is.
    pub(super) fn is_over(&self) -> bool {
        self.seconds.is_some_and(|seconds| self.position + GAP_SECONDS / 2.0 >= seconds)
    }

    /// Whether there is no sign that something is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.seconds.is_none_or(|seconds| self.position + self.tolerance >= seconds)
    }

    /// How many of the packet's frames belong to the sound: MP4 says the length and leaves cutting to the player.
    pub(super) fn frames_left(&self, packet: &Packet) -> usize {
        match (self.frames, u64::try_from(packet.pts.get())) {
            (Some(frames), Ok(start)) if packet.trim_end.get() == 0 && self.counts_frames() => {
                frames.saturating_sub(start).try_into().unwrap_or(usize::MAX)
            }
            _ => usize::MAX,
        }
    }

    /// Whether the track is MP4's AAC with timestamps in frames of the decoded sound.
    fn counts_frames(&self) -> bool {
        let parameters = self.decoder.codec_params();
        parameters.codec == CODEC_ID_AAC
            && parameters.sample_rate.is_some_and(|rate| {
                self.track
                    .time_base
                    .is_some_and(|base| base.numer.get() == 1 && base.denom.get() == rate)
            })
    }
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
fn check_packets(parameters: &AudioCodecParameters, channels: usize) -> Result<(), String> {
    if parameters.codec == CODEC_ID_ADPCM_IMA_QT && parameters.frames_per_block.is_none_or(|frames| frames != IMA_BLOCK) {
        return Err(format!(
            "its header is damaged: a block of Apple's IMA ADPCM holds {IMA_BLOCK} frames"
        ));
    }
    let frames = [parameters.max_frames_per_packet, parameters.frames_per_block]
        .into_iter()
        .flatten()
        .max();
    match frames {
        Some(frames) if frames.saturating_mul(channels as u64) > MAX_PACKET_SAMPLES => {
            let most = MAX_PACKET_SAMPLES / channels as u64;
            Err(format!(
                "its header is damaged: a packet would hold {frames} frames; {most} can be played"
            ))
        }
        _ => Ok(()),
    }
}

/// Refuses rates and channel counts that are not played.
pub(super) fn check(rate: u32, channels: usize) -> Result<(), String> {
    if !RATES.contains(&rate) {
        let (min, max) = (RATES.start(), RATES.end());
        return Err(format!("its sample rate is {rate} Hz; {min} to {max} Hz can be played"));
    }
    if !CHANNELS.contains(&channels) {
        let (min, max) = (CHANNELS.start(), CHANNELS.end());
        return Err(format!("it has {channels} channels; {min} to {max} can be played"));
    }
    Ok(())
}
