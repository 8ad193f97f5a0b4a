//! What an output is asked to be.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::PageError;
#[cfg(feature = "strategies")]
use super::raw::{SourceNumbers, Spec};
use crate::conceal::Conceal;
use crate::error::{Decimal, Error, in_range};
#[cfg(feature = "faults")]
use crate::inject::Fault;
#[cfg(feature = "faults")]
use crate::render::Pace;
use crate::ring::MAX_CHANNELS;
use crate::shared::SharedOutput;
#[cfg(feature = "strategies")]
use crate::strategy::Strategy;

/// How far ahead of the device the browser may work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LatencyHint {
    /// As little as it dares.
    Interactive,
    /// Between the two.
    Balanced,
    /// As much as it likes.
    Playback,
    /// About so many seconds, 0 to 10.
    Seconds(f64),
}

/// What is played.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceSpec {
    /// A sine.
    Sine {
        /// Frequency in Hz, 1 to 20,000.
        hz: f64,
    },
    /// The index signal, silent and checked.
    Index,
    /// The built-in piece (feature `synth`).
    Synth {
        /// Voices at once, 1 to 256.
        voices: u32,
    },
    /// Audio files, one after the other without a gap (feature `decode`), read in slices while they play.
    #[cfg(feature = "decode")]
    Media(MediaList),
}

/// Audio files to be played one after the other.
#[cfg(feature = "decode")]
#[derive(Debug, Clone, PartialEq)]
pub struct MediaList {
    /// The files, at least one.
    pub items: Vec<MediaItem>,
    /// Which of them is played first, from 0.
    pub first: usize,
}

/// An audio file.
#[cfg(feature = "decode")]
#[derive(Debug, Clone, PartialEq)]
pub enum MediaItem {
    /// That the person chose or dropped, or that was made by a script.
    File(web_sys::File),
    /// Behind an address, relative to the page's own or absolute. Its server has to allow reading by other origins (CORS) if it is another.
    Url(String),
}

#[cfg(feature = "decode")]
impl MediaItem {
    /// The file's name, for people.
    pub fn name(&self) -> String {
        match self {
            MediaItem::File(file) => file.name(),
            MediaItem::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                let name = path.rsplit('/').find(|name| !name.is_empty()).unwrap_or(url);
                js_sys::decode_uri_component(name).map_or_else(|_| name.into(), String::from)
            }
        }
    }
}

impl SourceSpec {
    /// A short name for people.
    pub fn name(&self) -> String {
        match self {
            SourceSpec::Sine { hz } => format!("sine, {} Hz", Decimal(*hz)),
            SourceSpec::Index => "frame index".into(),
            SourceSpec::Synth { voices } => format!("synth, {voices} voices"),
            #[cfg(feature = "decode")]
            SourceSpec::Media(list) => match (list.items.get(list.first), list.items.len()) {
                (Some(item), 1) => item.name(),
                (Some(item), many) => format!("{} and {} more", item.name(), many - 1),
                (None, _) => "no file".into(),
            },
        }
    }

    /// As numbers, for where there is no glue.
    #[cfg(feature = "strategies")]
    pub(super) fn numbers(&self) -> SourceNumbers {
        match self {
            SourceSpec::Sine { hz } => SourceNumbers::Sine(*hz),
            SourceSpec::Index => SourceNumbers::Index,
            SourceSpec::Synth { voices } => SourceNumbers::Synth(*voices),
            #[cfg(feature = "decode")]
            SourceSpec::Media(_) => SourceNumbers::Feed(0),
        }
    }

    /// As an object that can be posted to the worker.
    pub(super) fn to_js(&self) -> JsValue {
        match self {
            SourceSpec::Sine { hz } => object(&[("kind", "sine".into()), ("number", (*hz).into())]),
            SourceSpec::Index => object(&[("kind", "index".into())]),
            SourceSpec::Synth { voices } => object(&[("kind", "synth".into()), ("number", (*voices).into())]),
            // Decoded in a worker of its own: the producer reads its feed.
            #[cfg(feature = "decode")]
            SourceSpec::Media(_) => object(&[("kind", "feed".into())]),
        }
    }
}

/// Everything an output can be told at its start. [`Default`]: the synth in stereo, 2048 frames, `Interactive`.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputOptions {
    /// Channels, 1 to 32.
    pub channels: usize,
    /// Frames that the producer keeps ahead, 64 to 16,384; can be changed while it plays.
    pub buffer_frames: usize,
    /// Frames rendered at once, 1 to 8192 and at most `buffer_frames`; `None`: half the ring, 256 at most.
    pub block_frames: Option<usize>,
    /// The context's latency hint.
    pub latency_hint: LatencyHint,
    /// The context's render quantum (`renderSizeHint`), where the browser honours it; `None`: the browser's own.
    pub render_quantum: Option<u32>,
    /// The context's rate in Hz, 8,000 to 192,000; `None`: the device's.
    pub sample_rate: Option<f32>,
    /// What is played.
    pub source: SourceSpec,
    /// Gain, 0.0 to 1.0.
    pub volume: f32,
    /// What is heard when there is nothing to play.
    pub conceal: Conceal,
    /// How frames get to the audio thread.
    #[cfg(feature = "strategies")]
    pub strategy: Strategy,
    /// Blocks that a queue holds, 1 to 32; only with [`Strategy::Queue`].
    #[cfg(feature = "strategies")]
    pub queue_depth: usize,
    /// Whether lost frames and the producer's blocks also stand in the browser's Performance panel. Costs some 20 us a block.
    #[cfg(feature = "explain")]
    pub timeline: bool,
    /// Faults on purpose, one of each kind at most; can be changed while it plays.
    #[cfg(feature = "faults")]
    pub faults: Vec<Fault>,
    /// What drives the producer. One with a clock of its own loses frames in any case: this is for showing that.
    #[cfg(feature = "faults")]
    pub pace: Pace,
    /// Decides what faults and pace leave to chance, 0 to 2^53 - 1.
    #[cfg(feature = "faults")]
    pub seed: u64,
}

impl Default for OutputOptions {
    fn default() -> Self {
        OutputOptions {
            channels: 2,
            buffer_frames: 2048,
            block_frames: None,
            latency_hint: LatencyHint::Interactive,
            render_quantum: None,
            sample_rate: None,
            source: SourceSpec::Synth { voices: 16 },
            volume: 1.0,
            conceal: Conceal::Fade,
            #[cfg(feature = "strategies")]
            strategy: Strategy::Ring,
            #[cfg(feature = "strategies")]
            queue_depth: Strategy::DEFAULT_DEPTH,
            #[cfg(feature = "explain")]
            timeline: false,
            #[cfg(feature = "faults")]
            faults: Vec::new(),
            #[cfg(feature = "faults")]
            pace: Pace::Demand,
            #[cfg(feature = "faults")]
            seed: 1,
        }
    }
}

impl OutputOptions {
    /// Smallest ring, in frames.
    pub const MIN_BUFFER: usize = 64;
    /// Frames that the ring's storage holds: room for the largest ring, and for another source's first frames behind it.
    pub const CAPACITY: usize = Self::MAX_BUFFER + 8192;
    /// Largest ring, in frames.
    pub const MAX_BUFFER: usize = 16_384;

    /// Refuses what is out of range, by name and range.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], `Error::Fault`.
    pub fn check(&self) -> Result<(), Error> {
        in_range("the channel count", self.channels as f64, 1.0, MAX_CHANNELS as f64, "")?;
        in_range(
            "the ring's size",
            self.buffer_frames as f64,
            Self::MIN_BUFFER as f64,
            Self::MAX_BUFFER as f64,
            " frames",
        )?;
        if let Some(block) = self.block_frames {
            in_range("the block", block as f64, 1.0, self.largest_block() as f64, " frames")?;
        }
        if let Some(quantum) = self.render_quantum {
            in_range(
                "the render quantum",
                f64::from(quantum),
                1.0,
                crate::consume::Quanta::MAX_QUANTUM as f64,
                " frames",
            )?;
        }
        if let Some(rate) = self.sample_rate {
            in_range(
                "the sample rate",
                f64::from(rate),
                SharedOutput::MIN_RATE,
                SharedOutput::MAX_RATE,
                " Hz",
            )?;
        }
        if let LatencyHint::Seconds(seconds) = self.latency_hint {
            in_range("the latency hint", seconds, 0.0, 10.0, " s")?;
        }
        #[cfg(feature = "strategies")]
        self.check_strategy()?;
        in_range("the volume", f64::from(self.volume), 0.0, 1.0, "")?;
        #[cfg(feature = "faults")]
        Fault::check_all(&self.faults, self.pace)?;
        match self.source {
            SourceSpec::Sine { hz } => in_range("the sine's frequency", hz, 1.0, 20_000.0, " Hz").map(drop),
            SourceSpec::Synth { voices } => in_range("the synth's voices", f64::from(voices), 1.0, 256.0, "").map(drop),
            SourceSpec::Index => Ok(()),
            #[cfg(feature = "decode")]
            SourceSpec::Media(ref list) => {
                let last = list.items.len() as f64 - 1.0;
                in_range("the playlist's first item", list.first as f64, 0.0, last, "").map(drop)
            }
        }
    }

    /// Largest block: what fits into the ring, where there is one.
    fn largest_block(&self) -> usize {
        #[cfg(feature = "strategies")]
        if self.strategy.newest_counts() || self.strategy == Strategy::Queue {
            return 8192;
        }
        self.buffer_frames.min(8192)
    }

    /// Refuses what makes no sense with the strategy.
    #[cfg(feature = "strategies")]
    fn check_strategy(&self) -> Result<(), Error> {
        let refuse = |what, why| {
            Err(Error::Strategy {
                strategy: self.strategy.name(),
                what,
                why,
            })
        };
        let (least, most) = (*Strategy::DEPTH.start() as f64, *Strategy::DEPTH.end() as f64);
        in_range("the queue's depth", self.queue_depth as f64, least, most, " blocks")?;
        if self.strategy == Strategy::Queue {
            let frames = (self.queue_depth * self.block()) as f64;
            in_range("what the queue holds", frames, 1.0, Self::MAX_BUFFER as f64, " frames")?;
        }
        if self.strategy == Strategy::BufferSource && self.channels == MAX_CHANNELS {
            return refuse("32 channels", "one more is needed for the numbers of the frames: 31 at most");
        }
        if self.strategy == Strategy::InWorklet {
            #[cfg(feature = "faults")]
            if self.pace != Pace::Demand {
                return refuse(
                    "a timer",
                    "what renders inside process() is called by the device, and by nobody else",
                );
            }
            #[cfg(feature = "faults")]
            if self.faults.iter().any(|fault| matches!(fault, Fault::Late { .. })) {
                return refuse("the fault 'late'", "the audio thread never sleeps, so it never wakes late");
            }
        }
        #[cfg(feature = "faults")]
        if self.strategy == Strategy::BufferSource && self.faults.iter().any(|fault| matches!(fault, Fault::Burst { .. })) {
            return refuse("the fault 'burst'", "what the browser plays by itself cannot be asked for more");
        }
        Ok(())
    }

    /// Frames rendered at once.
    pub fn block(&self) -> usize {
        #[cfg(feature = "strategies")]
        if let (None, true) = (self.block_frames, self.strategy.newest_counts()) {
            return Strategy::DEFAULT_BLOCK;
        }
        #[cfg(feature = "strategies")]
        if let (None, Strategy::Queue) = (self.block_frames, self.strategy) {
            return Strategy::QUEUE_BLOCK;
        }
        self.block_frames.unwrap_or((self.buffer_frames / 2).min(256))
    }

    /// As numbers, for where there is no glue.
    #[cfg(feature = "strategies")]
    pub(super) fn spec(&self, sample_rate: f32) -> Spec {
        Spec {
            channels: self.channels,
            capacity: Self::CAPACITY,
            limit: self.buffer_frames,
            sample_rate: f64::from(sample_rate),
            strategy: self.strategy,
            block: self.block(),
            depth: self.queue_depth,
            conceal: self.conceal,
            origin_ms: 0.0,
            source: self.source.numbers(),
            #[cfg(feature = "faults")]
            pace: self.pace,
            #[cfg(not(feature = "faults"))]
            pace: crate::render::Pace::Demand,
            #[cfg(feature = "faults")]
            seed: self.seed,
            #[cfg(not(feature = "faults"))]
            seed: 1,
            #[cfg(feature = "faults")]
            faults: self.faults.clone(),
        }
    }

    /// Frames that the producer keeps ahead, as far as the strategy lets it.
    pub fn ahead(&self) -> usize {
        #[cfg(feature = "strategies")]
        match self.strategy {
            Strategy::Queue => return self.queue_depth * self.block(),
            Strategy::InWorklet => return 0,
            strategy if strategy.newest_counts() => return self.block(),
            _ => {}
        }
        self.buffer_frames
    }

    /// Reads a plain object with the fields `channels`, `bufferFrames`, `blockFrames`, `latencyHint`, `renderQuantum`, `sampleRate`, `volume`, `conceal`, `strategy` and `queueDepth` (with feature `strategies`), `timeline` (with feature `explain`), `faults`, `pace` and `seed` (with feature `faults`) and `source`
    /// (`{kind: "sine", hz}`, `{kind: "synth", voices}`, `{kind: "index"}`; with feature `decode` a `File`, an address, `{kind: "file", url}` or `{kind: "playlist", items, first}`); all optional.
    ///
    /// # Errors
    /// [`PageError::Option`] for a field that is unknown or of the wrong kind; ranges are checked later, by [`OutputOptions::check`].
    pub fn from_js(value: &JsValue) -> Result<Self, PageError> {
        let mut options = OutputOptions::default();
        if value.is_undefined() || value.is_null() {
            return Ok(options);
        }
        let object = value.dyn_ref::<Object>().ok_or_else(|| wrong("options", "must be an object"))?;
        for key in Object::keys(object).iter() {
            let name = key.as_string().unwrap_or_default();
            let field = Reflect::get(object, &key).unwrap_or_default();
            match name.as_str() {
                "channels" => options.channels = whole(&name, &field)?,
                "bufferFrames" => options.buffer_frames = whole(&name, &field)?,
                "blockFrames" => options.block_frames = Some(whole(&name, &field)?),
                "renderQuantum" => options.render_quantum = Some(whole(&name, &field)? as u32),
                "sampleRate" => options.sample_rate = Some(number(&name, &field)? as f32),
                "volume" => options.volume = number(&name, &field)? as f32,
                "latencyHint" => options.latency_hint = hint(&field)?,
                "conceal" => {
                    let policy = field.as_string().and_then(|name| Conceal::from_name(&name));
                    options.conceal = policy.ok_or_else(|| wrong(&name, "must be \"fade\", \"silence\", \"hold\" or \"repeat\""))?;
                }
                #[cfg(feature = "strategies")]
                "strategy" => {
                    let strategy = field.as_string().and_then(|name| Strategy::from_name(&name));
                    let names = Strategy::ALL.map(Strategy::name).join(", ");
                    options.strategy = strategy.ok_or_else(|| wrong(&name, &format!("must be one of {names}")))?;
                }
                #[cfg(feature = "strategies")]
                "queueDepth" => options.queue_depth = whole(&name, &field)?,
                #[cfg(feature = "explain")]
                "timeline" => options.timeline = field.as_bool().ok_or_else(|| wrong(&name, "must be true or false"))?,
                #[cfg(feature = "faults")]
                "faults" => options.faults = super::faults::faults(&field)?,
                #[cfg(feature = "faults")]
                "seed" => options.seed = whole(&name, &field)? as u64,
                #[cfg(feature = "faults")]
                "pace" => options.pace = super::faults::pace(&field, 1)?,
                "source" => options.source = source(&field)?,
                _ => {
                    let known = FIELDS.concat();
                    return Err(wrong(&name, &format!("is unknown: known are {known}")));
                }
            }
        }
        Ok(options)
    }
}

/// Fields of the options.
const FIELDS: [&str; 5] = [
    "channels, bufferFrames, blockFrames, latencyHint, renderQuantum, sampleRate, volume, conceal, ",
    if cfg!(feature = "strategies") {
        "strategy, queueDepth, "
    } else {
        ""
    },
    if cfg!(feature = "explain") { "timeline, " } else { "" },
    if cfg!(feature = "faults") { "faults, pace, seed, " } else { "" },
    "source",
];

pub(super) fn wrong(name: &str, problem: &str) -> PageError {
    PageError::Option {
        name: name.into(),
        problem: problem.into(),
    }
}

pub(super) fn number(name: &str, value: &JsValue) -> Result<f64, PageError> {
    value
        .as_f64()
        .filter(|number| number.is_finite())
        .ok_or_else(|| wrong(name, "must be a number"))
}

pub(super) fn whole(name: &str, value: &JsValue) -> Result<usize, PageError> {
    let number = number(name, value)?;
    if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        Ok(number as usize)
    } else {
        Err(wrong(name, &format!("must be a whole number, not {}", Decimal(number))))
    }
}

fn hint(value: &JsValue) -> Result<LatencyHint, PageError> {
    match value.as_string().as_deref() {
        Some("interactive") => Ok(LatencyHint::Interactive),
        Some("balanced") => Ok(LatencyHint::Balanced),
        Some("playback") => Ok(LatencyHint::Playback),
        _ => value
            .as_f64()
            .map(LatencyHint::Seconds)
            .ok_or_else(|| wrong("latencyHint", "must be \"interactive\", \"balanced\", \"playback\" or seconds")),
    }
}

/// Reads a source: a `File` or a plain object.
pub(super) fn source(value: &JsValue) -> Result<SourceSpec, PageError> {
    #[cfg(feature = "decode")]
    if value.is_instance_of::<web_sys::File>() || value.is_string() {
        return Ok(SourceSpec::Media(MediaList {
            items: vec![media_item(value)?],
            first: 0,
        }));
    }
    let field = |name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let or = |name: &str, fallback: f64| {
        let value = field(name);
        if value.is_undefined() {
            Ok(fallback)
        } else {
            number(&format!("source.{name}"), &value)
        }
    };
    match field("kind").as_string().as_deref() {
        Some("sine") => Ok(SourceSpec::Sine { hz: or("hz", 440.0)? }),
        Some("index") => Ok(SourceSpec::Index),
        Some("synth") => Ok(SourceSpec::Synth {
            voices: whole("source.voices", &or("voices", 16.0)?.into())? as u32,
        }),
        #[cfg(feature = "decode")]
        Some("file") => Ok(SourceSpec::Media(MediaList {
            items: vec![media_item(value)?],
            first: 0,
        })),
        #[cfg(feature = "decode")]
        Some("playlist") => Ok(SourceSpec::Media(MediaList {
            items: media_items(&field("items"))?,
            first: whole("source.first", &or("first", 0.0)?.into())?,
        })),
        _ => Err(wrong("source", KINDS)),
    }
}

/// What a source can be.
#[cfg(not(feature = "decode"))]
const KINDS: &str = "must be {kind: \"sine\", hz}, {kind: \"synth\", voices} or {kind: \"index\"}";
#[cfg(feature = "decode")]
const KINDS: &str = "must be {kind: \"sine\", hz}, {kind: \"synth\", voices}, {kind: \"index\"}, a File, an address, {kind: \"file\", file or url} or {kind: \"playlist\", items, first}";

/// Reads the items of a playlist: an array of what [`media_item`] reads.
#[cfg(feature = "decode")]
pub(super) fn media_items(value: &JsValue) -> Result<Vec<MediaItem>, PageError> {
    match value.dyn_ref::<js_sys::Array>() {
        Some(items) if items.length() > 0 => items.iter().map(|item| media_item(&item)).collect(),
        _ => Err(wrong(
            "source.items",
            "must be an array of at least one File, address, {file} or {url}",
        )),
    }
}

/// Reads an audio file: a `File`, an address, {file} or {url}.
#[cfg(feature = "decode")]
fn media_item(value: &JsValue) -> Result<MediaItem, PageError> {
    let field = |name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let file = [value.clone(), field("file")]
        .into_iter()
        .find_map(|value| value.dyn_into::<web_sys::File>().ok());
    let url = [value.clone(), field("url")].into_iter().find_map(|value| value.as_string());
    match (file, url) {
        (Some(file), _) => Ok(MediaItem::File(file)),
        (None, Some(url)) => Ok(MediaItem::Url(url)),
        (None, None) => Err(wrong("source", "must name a File or an address")),
    }
}

/// A plain object with these properties.
pub(super) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of a fresh, extensible object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}
