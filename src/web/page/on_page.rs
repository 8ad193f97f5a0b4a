//! A producer on the page's own thread (`main-thread`, `buffer-source`), and one on the audio thread (`in-worklet`), in place of a worker.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Float32Array, Float64Array, Int32Array, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AudioContext, AudioNode, AudioScheduledSourceNode, AudioWorkletNode};

use super::PageError;
use super::link::Ending;
use super::producer::Addresses;
use super::raw_instance::RawInstance;
use super::wait::{now, sleep};
use crate::ledger::ProducerState;
use crate::strategy::{Strategy, number_of};
use crate::web::options::object;
use crate::web::raw::{SourceNumbers, Spec};

#[wasm_bindgen]
extern "C" {
    // Newer than js-sys.
    #[wasm_bindgen(js_namespace = Atomics, js_name = waitAsync, catch)]
    fn wait_async(words: &Int32Array, index: u32, value: i32, timeout_ms: f64) -> Result<JsValue, JsValue>;
    // web-sys copies to and fro, and hands over views of a memory that is shared, which is refused.
    type Channels;
    #[wasm_bindgen(method, js_name = getChannelData, catch)]
    fn channel(this: &Channels, channel: u32) -> Result<Float32Array, JsValue>;
}

/// Longest time that turns are taken in a row before the page gets its turn, in ms: a source that never catches up must not freeze the page for good.
const LONGEST_ROW_MS: f64 = 30.0;
/// How often a browser that cannot wait asynchronously looks, in ms.
const LOOK_MS: f64 = 4.0;

/// The producer of an output without a worker.
pub(super) struct OnPage {
    inner: Rc<Inner>,
}

struct Inner {
    raw: RawInstance,
    spec: RefCell<Spec>,
    addresses: Addresses,
    /// The producer, where the page's thread is it.
    handle: f64,
    ending: RefCell<Option<Ending>>,
    /// It is left where it stands, as a worker that was terminated.
    left: Cell<bool>,
    /// Time that the page's thread has spent on it, in ms.
    busy_ms: Cell<f64>,
    nodes: RefCell<Option<Nodes>>,
    /// The audio thread's end, where that renders.
    renderer: RefCell<Option<AudioWorkletNode>>,
    feed: Cell<f64>,
}

impl OnPage {
    /// Makes the output's shared state in `memory`, and the producer unless the audio thread is it.
    ///
    /// # Errors
    /// [`PageError::Source`] for what makes no sense, [`PageError::Crashed`].
    pub fn start(memory: &JsValue, mut spec: Spec) -> Result<Self, PageError> {
        let raw = RawInstance::new(memory)?;
        spec.origin_ms = origin_ms();
        let refuse = || PageError::Source("this build has no such source, or it cannot be made".into());
        let some = |number: f64| Some(number).filter(|number| *number != 0.0).ok_or_else(refuse);
        let numbers = spec.to_numbers();
        let at = raw.write(&numbers)?;
        let count = numbers.len() as f64;
        let shared = some(raw.call("noxrun_output", &[at, count])?)?;
        let ring = some(raw.call("noxrun_ring", &[shared])?)?;
        let handle = match spec.strategy {
            Strategy::InWorklet => 0.0,
            _ => some(raw.call("noxrun_page_producer", &[shared, at, count])?)?,
        };
        let feed = match (spec.strategy, spec.source) {
            #[cfg(feature = "decode")]
            (Strategy::InWorklet, SourceNumbers::Feed(_)) => some(raw.call("noxrun_feed", &[shared])?)?,
            _ => 0.0,
        };
        if feed != 0.0 {
            spec.source = SourceNumbers::Feed(feed as usize);
        }
        Ok(OnPage {
            inner: Rc::new(Inner {
                raw,
                spec: RefCell::new(spec),
                addresses: Addresses {
                    shared: shared as usize,
                    ring: ring as usize,
                },
                handle,
                ending: RefCell::default(),
                left: Cell::new(false),
                busy_ms: Cell::new(0.0),
                nodes: RefCell::default(),
                renderer: RefCell::default(),
                feed: Cell::new(feed),
            }),
        })
    }

    /// Where the output lies in its memory.
    pub fn addresses(&self) -> Addresses {
        self.inner.addresses
    }

    /// What the audio thread is to make, as numbers: its clock counts from the epoch.
    pub fn numbers(&self) -> Vec<f64> {
        let spec = Spec {
            origin_ms: 0.0,
            ..self.inner.spec.borrow().clone()
        };
        spec.to_numbers()
    }

    /// The node is there: the producer begins.
    pub fn begin(&self, context: &AudioContext, node: &AudioWorkletNode) {
        let inner = &self.inner;
        let strategy = inner.spec.borrow().strategy;
        match strategy {
            Strategy::InWorklet => drop(inner.renderer.replace(Some(node.clone()))),
            Strategy::BufferSource => drop(inner.nodes.replace(Some(Nodes::new(context, node)))),
            _ => {}
        }
        if inner.handle != 0.0 {
            let inner = inner.clone();
            spawn_local(async move { inner.drive().await });
        }
    }

    /// Time that the page's thread has spent on it, in ms; `None` where it has no part in it.
    pub fn busy_ms(&self) -> Option<f64> {
        (self.inner.handle != 0.0).then(|| self.inner.busy_ms.get())
    }

    /// Plays another source.
    pub async fn set_source(&self, source: SourceNumbers) -> Result<(), PageError> {
        let source = match source {
            SourceNumbers::Feed(_) => SourceNumbers::Feed(self.inner.feed.get() as usize),
            other => other,
        };
        let spec = Spec {
            source,
            ..self.inner.spec.borrow().clone()
        };
        self.change("source", "noxrun_page_source", spec)
    }

    /// Causes these faults and no others.
    #[cfg(feature = "faults")]
    pub async fn set_faults(&self, faults: Vec<crate::inject::Fault>) -> Result<(), PageError> {
        let spec = Spec {
            faults,
            ..self.inner.spec.borrow().clone()
        };
        self.change("faults", "noxrun_page_faults", spec)
    }

    fn change(&self, what: &str, export: &'static str, spec: Spec) -> Result<(), PageError> {
        let inner = &self.inner;
        let numbers = spec.to_numbers();
        if let Some(node) = &*inner.renderer.borrow() {
            // Checked here already; the audio thread takes it at its next look at its messages.
            let numbers = Float64Array::from(&numbers[..]);
            let message = object(&[("type", what.into()), ("id", 0.into()), ("numbers", numbers.into())]);
            let port = node
                .port()
                .map_err(|thrown| PageError::Audio(crate::web::error::text_of(&thrown)))?;
            port.post_message(&message).map_err(|_| PageError::NotIsolated)?;
        } else {
            let at = inner.raw.write(&numbers)?;
            if inner.raw.call(export, &[inner.handle, at, numbers.len() as f64])? == 0.0 {
                return Err(PageError::Source("this build has no such source, or it cannot be made".into()));
            }
        }
        inner.spec.replace(spec);
        Ok(())
    }

    /// Where a decoder in a worker is to write: the feed and its ring.
    #[cfg(feature = "decode")]
    pub async fn feed(&self, renew: bool) -> Result<(usize, usize), PageError> {
        let inner = &self.inner;
        if inner.handle != 0.0 {
            let feed = inner.raw.call("noxrun_page_feed", &[inner.handle, f64::from(u8::from(renew))])?;
            let ring = inner.raw.call("noxrun_page_feed_ring", &[inner.handle])?;
            return Ok((feed as usize, ring as usize));
        }
        // No ring ever gets a second producer: a renewed decoder gets a feed of its own, and the audio thread goes over to it.
        let first = inner.feed.get();
        if renew || first == 0.0 {
            inner.feed.set(inner.raw.call("noxrun_feed", &[inner.addresses.shared as f64])?);
        }
        if renew {
            self.set_source(SourceNumbers::Feed(0)).await?;
        }
        let feed = inner.feed.get();
        let ring = inner.raw.call("noxrun_feed_ring", &[feed])?;
        Ok((feed as usize, ring as usize))
    }

    /// How its life ended, if it did.
    pub fn ending(&self) -> Option<Ending> {
        self.inner.ending.borrow().clone()
    }

    /// It was asked to stop. One on the audio thread ends with its node: there is nobody to wait for.
    pub fn stopping(&self) {
        if self.inner.handle == 0.0 {
            self.inner.ending.borrow_mut().get_or_insert(Ending::Stopped);
        }
    }

    /// Nothing more is expected of it.
    pub fn give_up(&self, why: &str) {
        self.inner.ending.borrow_mut().get_or_insert(Ending::Crashed(why.into()));
    }

    /// Leaves it where it stands.
    pub fn terminate(&self) {
        self.inner.left.set(true);
        self.inner.nodes.take();
        self.inner.renderer.take();
    }

    /// Whether the source has ended.
    pub fn source_ended(&self) -> bool {
        let inner = &self.inner;
        inner.handle != 0.0
            && inner.ending.borrow().is_none()
            && inner.raw.call("noxrun_page_ended", &[inner.handle]).unwrap_or_default() != 0.0
    }
}

impl Drop for OnPage {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl Inner {
    /// Takes the producer's turns, for as long as it lives.
    async fn drive(&self) {
        while !self.left.get() {
            let began = now();
            let pause = self.row(began);
            self.busy_ms.update(|ms| ms + now() - began);
            match pause {
                Ok(Some(pause_ms)) => self.rest(pause_ms).await,
                Ok(None) => {
                    self.ending.borrow_mut().get_or_insert(Ending::Stopped);
                    return;
                }
                Err(error) => {
                    let why = match error {
                        PageError::Crashed(why) => why,
                        other => other.to_string(),
                    };
                    self.ending.borrow_mut().get_or_insert(Ending::Crashed(why));
                    return;
                }
            }
        }
    }

    /// Turns until there is nothing to do. For how long to leave it alone then, in ms; `None` when it has stopped.
    fn row(&self, began: f64) -> Result<Option<f64>, PageError> {
        loop {
            let told = self.raw.call("noxrun_page_turn", &[self.handle])?;
            if let Some(nodes) = &mut *self.nodes.borrow_mut() {
                nodes.carry(self)?;
            }
            match told {
                _ if told == crate::web::raw::STOPPED => return Ok(None),
                _ if told >= 0.0 => return Ok(Some(told)),
                _ if now() - began > LONGEST_ROW_MS => return Ok(Some(0.0)),
                _ => {}
            }
        }
    }

    /// Waits for a call, for `ms` at most.
    async fn rest(&self, ms: f64) {
        if ms < 1.0 {
            return sleep(0).await;
        }
        let ticket = self.raw.call("noxrun_page_ticket", &[self.handle]).unwrap_or_default();
        let words = Int32Array::new(&self.raw.buffer());
        let word = (self.addresses.ring + crate::ring::Ring::word_offset()) as u32 / 4;
        // The word is any 32 bits, and comes as the signed number that they are.
        let Ok(asleep) = wait_async(&words, word, ticket as i64 as i32, ms) else {
            return sleep(ms.min(LOOK_MS) as i32).await;
        };
        let promise = Reflect::get(&asleep, &"value".into())
            .ok()
            .and_then(|value| value.dyn_into::<Promise>().ok());
        // Else it has changed already.
        if let Some(promise) = promise {
            drop(JsFuture::from(promise).await);
        }
    }
}

/// `AudioBufferSourceNode`s, one after the other.
struct Nodes {
    context: AudioContext,
    /// Where they are heard.
    tap: AudioNode,
    /// Blocks before the sound begins: their samples, interleaved, and the place of their first frames.
    waiting: Vec<(Vec<f32>, u64)>,
    /// When the next one begins, in frames of the context.
    next: u64,
    /// The one before that.
    latest: Option<AudioScheduledSourceNode>,
    /// How far ahead one begins that has nothing before it, in frames.
    lead: u64,
}

impl Nodes {
    fn new(context: &AudioContext, node: &AudioWorkletNode) -> Self {
        let quantum = u64::from(super::context::render_quantum(context).unwrap_or(128));
        // What the browser has rendered ahead, and a little for getting there; in whole quanta, so that each begins where a quantum does.
        let base = Reflect::get(context, &"baseLatency".into()).ok().and_then(|value| value.as_f64());
        let ahead = base.unwrap_or(0.01) * f64::from(context.sample_rate());
        Nodes {
            context: context.clone(),
            tap: node.clone().unchecked_into(),
            waiting: Vec::new(),
            next: 0,
            latest: None,
            lead: (ahead as u64 + 512).next_multiple_of(quantum),
        }
    }

    /// Takes over what the latest turn has rendered, and schedules what may be heard.
    fn carry(&mut self, inner: &Inner) -> Result<(), PageError> {
        let outgoing = |part: f64| inner.raw.call("noxrun_page_outgoing", &[inner.handle, part]);
        let frames = outgoing(1.0)?;
        let channels = inner.spec.borrow().channels;
        if frames > 0.0 {
            let samples = frames as u32 * channels as u32;
            let view = Float32Array::new_with_byte_offset_and_length(&inner.raw.buffer(), outgoing(0.0)? as u32, samples);
            self.waiting.push((view.to_vec(), outgoing(2.0)? as u64 - frames as u64));
        }
        if outgoing(3.0)? as u32 == ProducerState::Priming as u32 {
            return Ok(());
        }
        for (samples, position) in core::mem::take(&mut self.waiting) {
            self.schedule(&samples, channels, position)
                .map_err(|thrown| PageError::Audio(crate::web::error::text_of(&thrown)))?;
            inner.raw.call("noxrun_page_buffer", &[inner.handle])?;
        }
        Ok(())
    }

    fn schedule(&mut self, samples: &[f32], channels: usize, position: u64) -> Result<(), JsValue> {
        let rate = self.context.sample_rate();
        let frames = samples.len() / channels;
        let buffer = self.context.create_buffer(channels as u32 + 1, frames as u32, rate)?;
        let channel_of = |channel: usize| buffer.unchecked_ref::<Channels>().channel(channel as u32);
        let mut one = vec![0.0; frames];
        for channel in 0..channels {
            for (sample, frame) in one.iter_mut().zip(samples.chunks_exact(channels)) {
                *sample = frame[channel];
            }
            channel_of(channel)?.copy_from(&one);
        }
        for (number, frame) in one.iter_mut().zip(position..) {
            *number = number_of(frame);
        }
        channel_of(channels)?.copy_from(&one);
        let now = (self.context.current_time() * f64::from(rate)).round() as u64;
        if self.next <= now {
            self.next = now + self.lead;
        }
        let node = self.context.create_buffer_source()?;
        node.set_buffer(Some(&buffer));
        node.connect_with_audio_node(&self.tap)?;
        let when = self.next as f64 / f64::from(rate);
        node.start_with_when(when)?;
        // One that was scheduled for a moment which was over by the time the browser heard of it began late: it must not sound on into this one.
        if let Some(before) = self.latest.replace(node.into()) {
            before.stop_with_when(when)?;
        }
        self.next += frames as u64;
        Ok(())
    }
}

/// When the page's clock was 0, in ms since the epoch.
fn origin_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.time_origin())
}
