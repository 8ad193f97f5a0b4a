//! What is used of WebCodecs (<https://www.w3.org/TR/webcodecs/>). web-sys declares it behind an unstable flag only.

use js_sys::Float32Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    pub type AudioDecoder;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(init: &JsValue) -> Result<AudioDecoder, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn configure(this: &AudioDecoder, config: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn decode(this: &AudioDecoder, chunk: &EncodedAudioChunk) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn flush(this: &AudioDecoder) -> Result<Flushed, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn reset(this: &AudioDecoder) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn close(this: &AudioDecoder) -> Result<(), JsValue>;
    /// "unconfigured", "configured" or "closed".
    #[wasm_bindgen(method, getter)]
    pub fn state(this: &AudioDecoder) -> String;
    /// Chunks that the decoder has not taken yet.
    #[wasm_bindgen(method, getter, js_name = decodeQueueSize)]
    pub fn decode_queue_size(this: &AudioDecoder) -> u32;
    #[wasm_bindgen(method, setter, js_name = ondequeue)]
    pub fn set_ondequeue(this: &AudioDecoder, handler: &JsValue);

    /// A promise, without the machinery that Rust's futures need on threads: where `Atomics.waitAsync` is missing it starts a worker for each.
    pub type Flushed;
    #[wasm_bindgen(method)]
    pub fn then(this: &Flushed, done: &JsValue, failed: &JsValue);

    pub type EncodedAudioChunk;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(init: &JsValue) -> Result<EncodedAudioChunk, JsValue>;

    pub type AudioData;
    /// Microseconds.
    #[wasm_bindgen(method, getter)]
    pub fn timestamp(this: &AudioData) -> f64;
    #[wasm_bindgen(method, getter, js_name = numberOfFrames)]
    pub fn number_of_frames(this: &AudioData) -> u32;
    #[wasm_bindgen(method, getter, js_name = numberOfChannels)]
    pub fn number_of_channels(this: &AudioData) -> u32;
    #[wasm_bindgen(method, getter, js_name = sampleRate)]
    pub fn sample_rate(this: &AudioData) -> f32;
    #[wasm_bindgen(method, catch, js_name = copyTo)]
    pub fn copy_to(this: &AudioData, to: &Float32Array, options: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub fn close(this: &AudioData);
}
