//! The producer's worker. Driven by `worklet/producer.js`.

use js_sys::Reflect;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::WorkerClock;
use super::faulty::{Clock, Faulty};
use super::fed::Feeds;
use super::message::{post, tell_panics};
use super::options::object;
#[cfg(feature = "explain")]
use super::timing::timed;
#[cfg(feature = "strategies")]
use crate::render::Naps;
use crate::render::{Pacer, Source, Turn};
use crate::ring::sync::{Arc, Ordering};
use crate::shared::SharedOutput;
use crate::source::{Index, Sine};
#[cfg(feature = "strategies")]
use crate::strategy::Strategy;

/// What [`ProducerWorker::run`] returns when there is mail; must match `worklet/producer.js`.
const MAIL: u32 = 1;
/// … and when it was asked to stop.
const STOPPED: u32 = 2;

/// An output's producer: its shared state, the source, the loop.
#[wasm_bindgen]
pub struct ProducerWorker {
    shared: Arc<SharedOutput>,
    pacer: Pacer<Clock>,
    faulty: Faulty,
    end_told: bool,
    feeds: Feeds,
    /// Where blocks travel as messages.
    #[cfg(feature = "strategies")]
    outbox: Option<super::outbox::Outbox>,
}

#[wasm_bindgen]
impl ProducerWorker {
    /// Makes the output's shared state and its source. `options`: `channels`, `capacity`, `limit`, `block` in frames, `sampleRate` in Hz, `source` {kind, number}, `timeline` (feature `explain`),
    /// `faults` as in the page's options, `pace` and `seed` (feature `faults`), `strategy` and `depth` as numbers (feature `strategies`), `conceal` as its number. Throws with a text for people.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<ProducerWorker, JsError> {
        tell_panics();
        let number = |name: &str| number_of(options, name);
        let shared = SharedOutput::new(
            number("channels") as usize,
            number("capacity") as usize,
            number("sampleRate") as f32,
        )?;
        shared.ring.set_limit(number("limit") as usize)?;
        #[cfg(feature = "strategies")]
        let shared = shared.with_strategy(
            Strategy::from_number(number("strategy") as u32).unwrap_or_default(),
            number("block") as usize,
            match number("depth") as usize {
                0 => Strategy::DEFAULT_DEPTH,
                depth => depth,
            },
        )?;
        shared.control.conceal.store(number("conceal") as u32, Ordering::Relaxed);
        let shared = Arc::new(shared);
        let spec = Reflect::get(options, &"source".into()).unwrap_or_default();
        if kind_of(&spec) == "index" {
            shared.control.verify_index.store(1, Ordering::Relaxed);
        }
        let mut feeds = Feeds::default();
        let source = open(&spec, &shared, &mut feeds).map_err(|reason| JsError::new(&reason))?;
        let clock = || WorkerClock::new().ok_or_else(|| JsError::new("the producer runs in a dedicated worker only"));
        let block_frames = number("block") as usize;
        #[cfg(feature = "faults")]
        let faulty = Faulty::new(&shared, options, block_frames, clock()?)?;
        #[cfg(not(feature = "faults"))]
        let faulty = Faulty;
        let source = timed(faulty.source(source), options);
        let pacer = Pacer::new(shared.clone(), source, block_frames, faulty.clock(clock()?))?;
        #[cfg(feature = "faults")]
        let pacer = {
            let mut pacer = pacer;
            faulty.drive(&mut pacer)?;
            pacer
        };
        #[cfg(feature = "strategies")]
        let (pacer, outbox) = {
            let mut pacer = pacer;
            let by_message = shared.exchange.strategy().by_message();
            pacer.set_naps(if by_message { Naps::ForNews } else { Naps::Never });
            let outbox = by_message.then(|| super::outbox::Outbox::new(&shared, block_frames)).transpose()?;
            (pacer, outbox)
        };
        Ok(ProducerWorker {
            shared,
            pacer,
            faulty,
            end_told: false,
            feeds,
            #[cfg(feature = "strategies")]
            outbox,
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

    /// Plays another source, {kind, number}. Throws, and goes on with the old one, when it cannot be opened.
    pub fn set_source(&mut self, spec: &JsValue) -> Result<(), JsError> {
        // Making a source may take a while, in which nothing is rendered.
        self.pacer.build_up();
        let source = open(spec, &self.shared, &mut self.feeds).map_err(|reason| JsError::new(&reason))?;
        self.play(source);
        Ok(())
    }

    /// These faults from now on and no others, as in the page's options. Throws, and leaves them as they were, when one is refused.
    #[cfg(feature = "faults")]
    pub fn set_faults(&mut self, faults: &JsValue) -> Result<(), JsError> {
        self.faulty.set(faults, &mut self.pacer)
    }

    /// Counts one message as handled.
    pub fn handled(&mut self) {
        self.pacer.handled();
    }

    /// Address of the feed in the output's memory, for the worker that decodes; made now if there is none. One share of it is given away for that worker, for good. `renew`: that worker is
    /// gone, and another one needs a feed of its own, since no ring ever gets a second producer; it is played from now on.
    #[cfg(feature = "decode")]
    pub fn feed(&mut self, renew: bool) -> Result<usize, JsError> {
        if renew && self.feeds.forget() {
            let source = self.feeds.source(&self.shared)?;
            self.play(source);
        }
        Ok(self.feeds.share(&self.shared)?)
    }

    /// Address of that feed's ring, or 0.
    #[cfg(feature = "decode")]
    pub fn feed_ring(&self) -> usize {
        self.feeds.ring()
    }

    /// Renders and sleeps until there is mail (1) or the page asks to stop (2).
    pub fn run(&mut self) -> u32 {
        loop {
            match self.pacer.turn() {
                Turn::Rendered | Turn::Idle | Turn::Nap(_) => self.tell_end(),
                Turn::Mail => return MAIL,
                Turn::Stopped => return STOPPED,
            }
        }
    }

    /// Plays another source from now on.
    fn play(&mut self, source: Box<dyn Source>) {
        let source = timed(self.faulty.source(source), &JsValue::UNDEFINED);
        self.pacer.set_source(source);
        self.end_told = false;
    }

    /// Tells the page, once each time, that the source has ended, and why if it was too early.
    fn tell_end(&mut self) {
        let ended = self.pacer.ended();
        // A source that jumps begins anew, and may end again.
        if core::mem::replace(&mut self.end_told, ended) || !ended {
            return;
        }
        let failure = self.pacer.failure().map_or(JsValue::NULL, JsValue::from);
        post(&object(&[("type", "ended".into()), ("failure", failure)]));
    }
}

/// Where blocks travel as messages, the worker goes back to its event loop instead of waiting: `worklet/producer.js` takes the turns.
#[cfg(feature = "strategies")]
#[wasm_bindgen]
impl ProducerWorker {
    /// Whether blocks travel as messages.
    pub fn by_message(&self) -> bool {
        self.outbox.is_some()
    }

    /// One turn. Returns for how long to leave it alone at most, in ms, unless somebody calls; -1: go on; -2: there is mail; -3: it was asked to stop; -4: go on, but look at the event loop first.
    pub fn turn(&mut self) -> f64 {
        let turn = self.pacer.turn();
        self.tell_end();
        match turn {
            Turn::Rendered => -1.0,
            Turn::Mail => -2.0,
            Turn::Stopped => -3.0,
            Turn::Idle => -4.0,
            Turn::Nap(longest) => longest.as_secs_f64() * 1e3,
        }
    }

    /// Address of the word that changes with every call.
    pub fn word_address(&self) -> usize {
        self.ring_address() + crate::ring::Ring::word_offset()
    }

    /// That word as it was before the latest turn.
    pub fn ticket(&self) -> u32 {
        self.pacer.nap_ticket()
    }

    /// Writes down what is to be sent after a turn; bytes, 0 when there is nothing.
    pub fn message(&mut self) -> usize {
        let now_ms = self.now_ms();
        match &mut self.outbox {
            Some(outbox) => outbox.fill(&self.shared, &self.pacer.outgoing(), now_ms),
            None => 0,
        }
    }

    /// Address of the message, and the most bytes that it can have.
    pub fn message_place(&self) -> Vec<usize> {
        self.outbox
            .as_ref()
            .map_or_else(Vec::new, |outbox| vec![outbox.address(), outbox.longest()])
    }

    /// The thread was busy with a turn for `ms` milliseconds.
    pub fn busy(&self, ms: f64) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        ledger.busy_us.add((ms * 1e3) as u64);
        ledger.sequence.end();
    }

    /// Counts a backing store that had to be made for a message.
    pub fn new_buffer(&self) {
        let ledger = &self.shared.producer;
        ledger.sequence.begin();
        ledger.new_buffers.add(1);
        ledger.sequence.end();
    }

    /// An answer came: the reader has read up to `read`, was asked for `requested` frames, and has starved so many times, at last at `starved_at`.
    pub fn hear(&mut self, read: f64, requested: f64, underruns: u32, starved_at: f64) {
        if let Some(outbox) = &mut self.outbox {
            outbox.hear(read as u64, requested as u64, underruns, starved_at as u64);
        }
    }

    /// Milliseconds since the epoch.
    fn now_ms(&self) -> f64 {
        WorkerClock::new().map_or(0.0, |clock| {
            use crate::render::Clock as _;
            clock.origin_ms() + clock.now_ms()
        })
    }
}

#[cfg(not(feature = "explain"))]
fn timed(source: Box<dyn Source>, _: &JsValue) -> Box<dyn Source> {
    source
}

/// Opens a source; the error is a text for people.
fn open(spec: &JsValue, shared: &Arc<SharedOutput>, feeds: &mut Feeds) -> Result<Box<dyn Source>, String> {
    let number = number_of(spec, "number");
    match kind_of(spec).as_str() {
        "sine" => Ok(Box::new(Sine::new(number).map_err(|error| error.to_string())?)),
        "index" => Ok(Box::new(Index)),
        #[cfg(feature = "synth")]
        "synth" => crate::source::synth::Synth::new(shared.sample_rate, shared.ring.channels(), number as u32)
            .map(|synth| Box::new(synth) as Box<dyn Source>)
            .map_err(|error| error.to_string()),
        #[cfg(feature = "decode")]
        "feed" => feeds.source(shared).map_err(|error| error.to_string()),
        kind => {
            let _ = (shared, feeds);
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
