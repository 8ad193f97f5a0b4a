//! What a run is to do: read from JSON, every field checked, nothing ignored.
//!
//! The fields stand in `docs/report.md`. What is unknown is refused by name; what a later version will honour is refused with what can be had today.

mod ahead;
mod fields;
mod link;
mod stress;
#[cfg(test)]
mod tests;
mod written;

use serde::{Serialize, Serializer};
use serde_json::Value;

use ahead::Ahead;
pub use ahead::{takes_block, takes_buffer};
pub(in crate::lab) use fields::Fields;
pub use fields::Refusal;
pub use stress::{KillBy, Stress};

use crate::conceal::Conceal;
use crate::consume::Quanta;
use crate::inject::Fault;
use crate::render as producer;
use crate::ring::MAX_CHANNELS;
use crate::shared::SharedOutput;
use crate::source::synth::Synth;
use crate::strategy::Strategy;

/// Every field that a scenario can have.
const KNOWN: [&str; 16] = [
    "strategy",
    "queueDepth",
    "source",
    "seconds",
    "channels",
    "bufferFrames",
    "blockFrames",
    "latencyHint",
    "renderQuantum",
    "sampleRate",
    "pace",
    "conceal",
    "late",
    "latency",
    "seed",
    "stress",
];
/// Largest seed: what JavaScript can count up to.
const MAX_SEED: u64 = (1 << 53) - 1;
/// Largest block, in frames; the producer's own limit.
const MAX_BLOCK: u64 = 8192;

/// A scenario as understood: every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// How frames get from the producer to the audio thread.
    pub strategy: Strategy,
    /// Blocks that a queue holds; `None` with any other strategy.
    pub queue_depth: Option<usize>,
    /// What is played.
    pub source: SourceChoice,
    /// How long, counted from the first frame heard.
    pub seconds: f64,
    /// Channels.
    pub channels: usize,
    /// Frames that are kept ahead, in whatever way the strategy does it: of a ring its size, of a queue all its blocks, one block where only the newest counts, 0 inside of `process()`.
    pub buffer_frames: usize,
    /// Frames rendered at once; 0 inside of `process()`, where that is always a quantum.
    pub block_frames: usize,
    /// How far ahead of the device the browser may work.
    pub latency_hint: Hint,
    /// Render quantum to ask for, in frames; `None`: the browser's own.
    pub render_quantum: Option<u32>,
    /// Rate of the context in Hz; `None`: the device's.
    pub sample_rate: Option<f64>,
    /// What drives the producer.
    pub pace: Pace,
    /// What is heard when there is nothing to play.
    pub conceal: Conceal,
    /// What becomes of what comes too late.
    pub late: &'static str,
    /// Whether the amount kept ahead changes by itself.
    pub latency: &'static str,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Faults.
    pub stress: Vec<Stress>,
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum SourceChoice {
    /// A sine.
    Sine {
        /// Frequency.
        hz: f64,
    },
    /// The frame index, silent and checked.
    Index,
    /// The built-in piece.
    Synth {
        /// Voices at once.
        voices: u32,
    },
    /// An audio file of the page's own origin.
    File {
        /// Its address, relative to the page's.
        url: String,
    },
}

/// The context's latency hint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hint {
    /// As little as the browser dares.
    Interactive,
    /// Between the two.
    Balanced,
    /// As much as the browser likes.
    Playback,
    /// About so many seconds.
    Seconds(f64),
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Hint::Interactive => serializer.serialize_str("interactive"),
            Hint::Balanced => serializer.serialize_str("balanced"),
            Hint::Playback => serializer.serialize_str("playback"),
            Hint::Seconds(seconds) => serializer.serialize_f64(*seconds),
        }
    }
}

/// What drives the producer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Pace {
    /// The ring's room.
    Demand,
    /// A clock of its own.
    Timer {
        /// From one block to the next; `None`: what a block lasts.
        period_ms: Option<f64>,
        /// Each block comes up to this much later.
        jitter_ms: f64,
    },
}

impl Pace {
    /// As the producer wants to be told; `seed` decides the jitter.
    pub fn producers(self, seed: u64) -> producer::Pace {
        match self {
            Pace::Demand => producer::Pace::Demand,
            Pace::Timer { period_ms, jitter_ms } => producer::Pace::Timer {
                period_ms,
                jitter_ms,
                ppm: 0.0,
                seed,
            },
        }
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario::from_value(&Value::Object(serde_json::Map::new())).expect("every field is optional")
    }
}

impl Scenario {
    /// Reads a scenario from JSON text.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn from_json(text: &str) -> Result<Scenario, Refusal> {
        Scenario::from_value(&serde_json::from_str(text).map_err(|error| Refusal::NotJson(error.to_string()))?)
    }

    /// Reads a scenario from parsed JSON. A field that is null counts as left out.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn from_value(value: &Value) -> Result<Scenario, Refusal> {
        let fields = Fields::of(value, "")?.only(&KNOWN)?;
        let strategy = fields.word("strategy", &Strategy::ALL.map(Strategy::name), &[])?;
        let strategy = strategy.and_then(Strategy::from_name).unwrap_or_default();
        let source = source(&fields)?;
        let seconds = fields.number("seconds", 0.1..=3600.0, " s")?.unwrap_or(5.0);
        let Ahead {
            queue_depth,
            buffer_frames,
            block_frames,
        } = Ahead::of(&fields, strategy)?;
        let pace = pace(&fields, strategy)?;
        let conceal = fields.word("conceal", &Conceal::ALL.map(Conceal::name), &["extrapolate"])?;
        Ok(Scenario {
            strategy,
            queue_depth,
            source,
            seconds,
            channels: channels(&fields, strategy)?,
            buffer_frames,
            block_frames,
            latency_hint: latency_hint(&fields)?,
            render_quantum: render_quantum(&fields)?,
            sample_rate: fields.number("sampleRate", SharedOutput::MIN_RATE..=SharedOutput::MAX_RATE, " Hz")?,
            pace,
            conceal: conceal.and_then(Conceal::from_name).unwrap_or_default(),
            late: fields.word("late", &["complete"], &["live"])?.unwrap_or("complete"),
            latency: fields.word("latency", &["fixed"], &["auto"])?.unwrap_or("fixed"),
            seed: fields.whole("seed", 0..=MAX_SEED, "")?.unwrap_or(1),
            stress: fields
                .get("stress")
                .map(|list| Stress::list(list, seconds * 1e3, pace, strategy))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The faults that the output causes itself.
    pub fn faults(&self) -> Vec<Fault> {
        self.stress.iter().filter_map(Stress::fault).collect()
    }

    /// JSON that [`Scenario::from_json`] reads back.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers are finite and keys are text")
    }
}

fn source(fields: &Fields<'_>) -> Result<SourceChoice, Refusal> {
    const KINDS: [&str; 4] = ["sine", "index", "synth", "file"];
    let default_voices = Synth::DEFAULT_VOICES;
    let Some(value) = fields.get("source") else {
        return Ok(SourceChoice::Synth { voices: default_voices });
    };
    let source = Fields::of(value, "source")?;
    match source.word("kind", &KINDS, &[])? {
        Some("sine") => {
            let source = source.only(&["kind", "hz"])?;
            Ok(SourceChoice::Sine {
                hz: source.number("hz", 1.0..=20_000.0, " Hz")?.unwrap_or(440.0),
            })
        }
        Some("index") => source.only(&["kind"]).map(|_| SourceChoice::Index),
        Some("synth") => {
            let source = source.only(&["kind", "voices"])?;
            let voices = source.whole("voices", 1..=256, " voices")?;
            Ok(SourceChoice::Synth {
                voices: voices.map_or(default_voices, |voices| voices as u32),
            })
        }
        Some(_) => {
            let source = source.only(&["kind", "url"])?;
            let url = source.get("url").and_then(Value::as_str).filter(|url| !url.trim().is_empty());
            let url = url.ok_or_else(|| source.wrong("url", "the address of an audio file on this page's own server"))?;
            Ok(SourceChoice::File { url: url.into() })
        }
        None => Err(source.wrong("kind", format!("one of {}", fields::listed(&KINDS, '\'')))),
    }
}

fn channels(fields: &Fields<'_>, strategy: Strategy) -> Result<usize, Refusal> {
    let channels = fields.whole("channels", 1..=MAX_CHANNELS as u64, "")?.unwrap_or(2) as usize;
    if strategy == Strategy::BufferSource && channels == MAX_CHANNELS {
        let most = MAX_CHANNELS - 1;
        return Err(fields.wrong(
            "channels",
            format!("at most {most} with `strategy` 'buffer-source': one more is needed for the numbers of the frames"),
        ));
    }
    Ok(channels)
}

fn latency_hint(fields: &Fields<'_>) -> Result<Hint, Refusal> {
    let wrong = || fields.wrong("latencyHint", "'interactive', 'balanced', 'playback' or a number from 0 to 10 s");
    match fields.get("latencyHint") {
        None => Ok(Hint::Interactive),
        Some(Value::String(word)) => match word.as_str() {
            "interactive" => Ok(Hint::Interactive),
            "balanced" => Ok(Hint::Balanced),
            "playback" => Ok(Hint::Playback),
            _ => Err(wrong()),
        },
        Some(value) => value
            .as_f64()
            .filter(|seconds| (0.0..=10.0).contains(seconds))
            .map(Hint::Seconds)
            .ok_or_else(wrong),
    }
}

fn render_quantum(fields: &Fields<'_>) -> Result<Option<u32>, Refusal> {
    match fields.get("renderQuantum").and_then(Value::as_str) {
        Some("default") => Ok(None),
        Some("hardware") => Err(fields.not_yet("renderQuantum", "'default' or a number of frames can")),
        Some(_) => Err(fields.wrong(
            "renderQuantum",
            format!("'default' or a whole number from 1 to {} frames", Quanta::MAX_QUANTUM),
        )),
        None => Ok(fields
            .whole("renderQuantum", 1..=Quanta::MAX_QUANTUM as u64, " frames")?
            .map(|frames| frames as u32)),
    }
}

fn pace(fields: &Fields<'_>, strategy: Strategy) -> Result<Pace, Refusal> {
    let Some(value) = fields.get("pace") else { return Ok(Pace::Demand) };
    let pace = Fields::of(value, "pace")?;
    match pace.word("kind", &["demand", "timer"], &[])? {
        Some("timer") if strategy == Strategy::InWorklet => Err(pace.wrong(
            "kind",
            "'demand' with `strategy` 'in-worklet': what renders inside process() is called by the device, and by nobody else",
        )),
        Some("timer") => {
            let pace = pace.only(&["kind", "periodMs", "jitterMs"])?;
            Ok(Pace::Timer {
                period_ms: pace.number("periodMs", producer::Pace::PERIOD_MS, " ms")?,
                jitter_ms: pace.number("jitterMs", producer::Pace::JITTER_MS, " ms")?.unwrap_or(0.0),
            })
        }
        Some(_) => pace.only(&["kind"]).map(|_| Pace::Demand),
        None => Err(pace.wrong("kind", "one of 'demand', 'timer'")),
    }
}
