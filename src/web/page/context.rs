//! Memory, context and node: what the browser has to give.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, AudioContextLatencyCategory, AudioContextOptions, AudioWorkletNode, AudioWorkletNodeOptions, MessageChannel};

use super::{LatencyHint, OutputOptions, PageError};
use crate::web::error::text_of;
use crate::web::options::object;

/// Must match NAME in worklet/processor.js.
pub(super) const PROCESSOR: &str = concat!("noxrun-", env!("CARGO_PKG_VERSION"));
/// Must match NAME in worklet/strategies.js.
#[cfg(feature = "strategies")]
const STRATEGIES: &str = concat!("noxrun-strategies-", env!("CARGO_PKG_VERSION"));
/// What an output's memory may grow to, in 64 KiB pages: 128 MiB. A browser reserves the maximum of every memory, and a hundred of them exhaust it at 1 GiB each.
const MAX_PAGES: u32 = 2048;
/// Pages on top of what the module's own data needs: the first stacks and buffers, so that starting need not grow the memory.
const SPARE_PAGES: u32 = 48;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = WebAssembly)]
    type Memory;
    #[wasm_bindgen(catch, constructor, js_namespace = WebAssembly)]
    fn new(descriptor: &JsValue) -> Result<Memory, JsValue>;
}

/// Whether memory can be shared between threads here. Found out by trying, because `crossOriginIsolated` misleads both ways (WebKitGTK).
///
/// # Errors
/// [`PageError::NotIsolated`], naming both headers.
pub fn shareable() -> Result<(), PageError> {
    let descriptor = object(&[("initial", 1.into()), ("maximum", 1.into()), ("shared", true.into())]);
    let try_it = || {
        let memory = Memory::new(&descriptor)?;
        let channel = MessageChannel::new()?;
        let posted = channel.port1().post_message(&memory);
        channel.port1().close();
        posted
    };
    try_it().map_err(|_| PageError::NotIsolated)
}

/// 64 KiB pages that are enough for any memory of the module's to begin with.
pub(super) fn least_pages() -> u32 {
    // The page's own memory is at least as large as the module wants any to be.
    let own = Reflect::get(&wasm_bindgen::memory(), &"buffer".into())
        .and_then(|buffer| Reflect::get(&buffer, &"byteLength".into()))
        .ok()
        .and_then(|length| length.as_f64())
        .unwrap_or_default();
    (own / 65_536.0).ceil() as u32 + SPARE_PAGES
}

/// A memory of its own for one output.
pub(super) fn engine_memory() -> Result<JsValue, PageError> {
    let initial = least_pages().min(MAX_PAGES);
    let descriptor = object(&[("initial", initial.into()), ("maximum", MAX_PAGES.into()), ("shared", true.into())]);
    Memory::new(&descriptor).map(Into::into).map_err(|thrown| {
        PageError::Audio(format!(
            "no shared memory of {} MiB is left ({}); close other outputs",
            MAX_PAGES / 16,
            text_of(&thrown)
        ))
    })
}

/// A new context as the options want it.
pub(super) fn context(options: &OutputOptions) -> Result<AudioContext, PageError> {
    let wanted = AudioContextOptions::new();
    match options.latency_hint {
        LatencyHint::Interactive => wanted.set_latency_hint(&AudioContextLatencyCategory::Interactive.into()),
        LatencyHint::Balanced => wanted.set_latency_hint(&AudioContextLatencyCategory::Balanced.into()),
        LatencyHint::Playback => wanted.set_latency_hint(&AudioContextLatencyCategory::Playback.into()),
        LatencyHint::Seconds(seconds) => wanted.set_latency_hint(&seconds.into()),
    }
    if let Some(rate) = options.sample_rate {
        wanted.set_sample_rate(rate);
    }
    if let Some(quantum) = options.render_quantum {
        // Not in web-sys yet. Cannot fail on a plain object.
        let _ = Reflect::set(&wanted, &"renderSizeHint".into(), &quantum.into());
    }
    AudioContext::new_with_context_options(&wanted).map_err(|thrown| PageError::Audio(text_of(&thrown)))
}

/// The worklet's file.
pub(super) const PROCESSOR_FILE: &str = "processor.js";
/// The file of all strategies but the ring, which loads the other one itself.
#[cfg(feature = "strategies")]
pub(super) const STRATEGIES_FILE: &str = "strategies.js";

/// Loads a file of the worklet's into the context.
pub(super) async fn add_module(context: &AudioContext, file: &str) -> Result<(), PageError> {
    let url = super::files::file_url(&format!("worklet/{file}"));
    let not_loaded = |thrown: JsValue| PageError::NotLoaded {
        what: url.clone(),
        why: text_of(&thrown),
    };
    let worklet = context.audio_worklet().map_err(not_loaded)?;
    let promise: Promise = worklet.add_module(&url).map_err(not_loaded)?.unchecked_into();
    JsFuture::from(promise).await.map(drop).map_err(not_loaded)
}

/// The node over the output at `address` in `memory`.
pub(super) fn node(context: &AudioContext, channels: usize, memory: &JsValue, address: usize) -> Result<AudioWorkletNode, PageError> {
    let options = AudioWorkletNodeOptions::new();
    options.set_number_of_inputs(0);
    options.set_number_of_outputs(1);
    options.set_output_channel_count(&Array::of1(&(channels as u32).into()));
    let for_processor = object(&[
        ("module", wasm_bindgen::module()),
        ("memory", memory.clone()),
        ("address", (address as u32).into()),
    ]);
    options.set_processor_options(Some(for_processor.unchecked_ref()));
    AudioWorkletNode::new_with_options(context, PROCESSOR, &options).map_err(|thrown| PageError::Audio(text_of(&thrown)))
}

/// The node of a strategy: `options` are what `worklet/strategies.js` wants; `inputs` as many channels as it hears (none: it hears nothing).
#[cfg(feature = "strategies")]
pub(super) fn strategy_node(
    context: &AudioContext,
    channels: usize,
    inputs: Option<usize>,
    for_processor: &JsValue,
) -> Result<AudioWorkletNode, PageError> {
    let options = AudioWorkletNodeOptions::new();
    options.set_number_of_inputs(u32::from(inputs.is_some()));
    options.set_number_of_outputs(1);
    options.set_output_channel_count(&Array::of1(&(channels as u32).into()));
    if let Some(inputs) = inputs {
        options.set_channel_count(inputs as u32);
        // As they come: the last channel is no loudspeaker's.
        for (name, value) in [("channelCountMode", "explicit"), ("channelInterpretation", "discrete")] {
            let _ = Reflect::set(&options, &name.into(), &value.into());
        }
    }
    options.set_processor_options(Some(for_processor.unchecked_ref()));
    AudioWorkletNode::new_with_options(context, STRATEGIES, &options).map_err(|thrown| PageError::Audio(text_of(&thrown)))
}

/// The context's render quantum in frames, where the browser tells.
pub(super) fn render_quantum(context: &AudioContext) -> Option<u32> {
    Reflect::get(context, &"renderQuantumSize".into())
        .ok()
        .and_then(|value| value.as_f64())
        .map(|frames| frames as u32)
}
