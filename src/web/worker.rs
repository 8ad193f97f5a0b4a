//! The producer's worker. Driven by `worklet/producer.js`.

use js_sys::Reflect;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

use super::WorkerClock;
use super::options::object;
use crate::inject::StallPlan;
use crate::render::{Pacer, Source, Turn};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::source::{Index, Sine};

/// What [`ProducerWorker::run`] returns when there is mail; must match `worklet/producer.js`.
const MAIL: u32 = 1;
/// … and when it was asked to stop.
const STOPPED: u32 = 2;

/// An output's producer: its shared state, the source, the loop.
#[wasm_bindgen]
pub struct ProducerWorker {
    shared: Arc<SharedOutput>,
    pacer: Pacer<WorkerClock>,
    end_told: bool,
}

#[wasm_bindgen]
impl ProducerWorker {
    /// Makes the output's shared state and its source. `options`: `channels`, `capacity`, `limit`, `block` in frames, `sampleRate` in Hz, `source` {kind, number, file}, `stalls` {ms, everyMs,
    /// jitterMs, seed} or nothing. Throws with a text for people.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<ProducerWorker, JsError> {
        tell_panics();
        let number = |name: &str| number_of(options, name);
        let shared = Arc::new(SharedOutput::new(
            number("channels") as usize,
            number("capacity") as usize,
            number("sampleRate") as f32,
        )?);
        shared.ring.set_limit(number("limit") as usize)?;
        let spec = Reflect::get(options, &"source".into()).unwrap_or_default();
        if kind_of(&spec) == "index" {
            shared.control.verify_index.store(1, Ordering::Relaxed);
        }
        let source = open(&spec, &shared).map_err(|reason| JsError::new(&reason))?;
        let clock = WorkerClock::new().ok_or_else(|| JsError::new("the producer runs in a dedicated worker only"))?;
        let mut pacer = Pacer::new(shared.clone(), source, number("block") as usize, clock)?;
        let stalls = Reflect::get(options, &"stalls".into()).unwrap_or_default();
        if stalls.is_object() {
            let number = |name: &str| number_of(&stalls, name);
            let plan = StallPlan {
                ms: number("ms"),
                every_ms: number("everyMs"),
                jitter_ms: number("jitterMs"),
                seed: number("seed") as u64,
            };
            pacer.set_stalls(Some(plan))?;
        }
        Ok(ProducerWorker {
            shared,
            pacer,
            end_told: false,
        })
    }

    /// Address of the shared state in the output's memory. One share of it is given away for the audio thread, for good.
    pub fn shared_address(&self) -> usize {
        Arc::into_raw(self.shared.clone()) as usize
    }

    /// Address of the ring in the output's memory.
    pub fn ring_address(&self) -> usize {
        Arc::as_ptr(&self.shared.ring) as usize
    }

    /// Plays another source, {kind, number, file}. Throws, and goes on with the old one, when it cannot be opened.
    pub fn set_source(&mut self, spec: &JsValue) -> Result<(), JsError> {
        // Opening a file takes a while, in which nothing is rendered.
        self.pacer.build_up();
        let source = open(spec, &self.shared).map_err(|reason| JsError::new(&reason))?;
        self.pacer.set_source(source);
        self.end_told = false;
        Ok(())
    }

    /// Counts one message as handled.
    pub fn handled(&mut self) {
        self.pacer.handled();
    }

    /// Renders and sleeps until there is mail (1) or the page asks to stop (2).
    pub fn run(&mut self) -> u32 {
        loop {
            match self.pacer.turn() {
                Turn::Rendered | Turn::Idle => self.tell_end(),
                Turn::Mail => return MAIL,
                Turn::Stopped => return STOPPED,
            }
        }
    }

    /// Tells the page once that the source has ended, and why if it was too early.
    fn tell_end(&mut self) {
        if self.end_told || !self.pacer.ended() {
            return;
        }
        self.end_told = true;
        let failure = self.pacer.failure().map_or(JsValue::NULL, JsValue::from);
        post(&object(&[("type", "ended".into()), ("failure", failure)]));
    }
}

/// Opens a source; the error is a text for people.
fn open(spec: &JsValue, shared: &SharedOutput) -> Result<Box<dyn Source>, String> {
    let number = number_of(spec, "number");
    match kind_of(spec).as_str() {
        "sine" => Ok(Box::new(Sine::new(number).map_err(|error| error.to_string())?)),
        "index" => Ok(Box::new(Index)),
        #[cfg(feature = "synth")]
        "synth" => crate::source::synth::Synth::new(shared.sample_rate, shared.ring.channels(), number as u32)
            .map(|synth| Box::new(synth) as Box<dyn Source>)
            .map_err(|error| error.to_string()),
        #[cfg(feature = "decode")]
        "file" => {
            let file: web_sys::File = Reflect::get(spec, &"file".into())
                .unwrap_or_default()
                .dyn_into()
                .map_err(|_| "no file was given")?;
            let name = file.name();
            let media = super::file::FileMedia::open(&file).map_err(|reason| format!("{name}: {reason}"))?;
            crate::source::player::Player::play_file(Box::new(media), &name, shared.sample_rate, shared.ring.channels())
                .map(|file| Box::new(file) as Box<dyn Source>)
                .map_err(|error| error.to_string())
        }
        kind => {
            let _ = shared;
            Err(format!("this build has no source of the kind \"{kind}\""))
        }
    }
}

fn kind_of(spec: &JsValue) -> String {
    Reflect::get(spec, &"kind".into())
        .ok()
        .and_then(|kind| kind.as_string())
        .unwrap_or_default()
}

/// A numeric property, 0 when there is none.
fn number_of(object: &JsValue, name: &str) -> f64 {
    Reflect::get(object, &name.into())
        .ok()
        .and_then(|value| value.as_f64())
        .unwrap_or_default()
}

/// Posts to the page.
fn post(message: &JsValue) {
    if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
        // Plain objects of strings and numbers can always be posted.
        let _ = scope.post_message(message);
    }
}

/// Posts a panic's text to the page before the module traps; the trap itself has none.
fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        post(&object(&[("type", "panicked".into()), ("message", info.to_string().into())]));
    }));
}
