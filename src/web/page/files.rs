//! Where the engine's files are, and what can be loaded before Play is pressed.

use std::cell::{Cell, RefCell};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::Url;

use super::producer::ProducerHandle;

#[wasm_bindgen]
extern "C" {
    /// Address of the glue that this code was loaded with.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static GLUE_URL: String;
    #[wasm_bindgen(catch, js_namespace = ["navigator", "mediaDevices"], js_name = enumerateDevices)]
    fn enumerate_devices() -> Result<Promise, JsValue>;
}

thread_local! {
    /// Whether the browser was asked to start its audio system.
    static WARM: Cell<bool> = const { Cell::new(false) };
    static BASE_URL: RefCell<Option<String>> = const { RefCell::new(None) };
    /// A worker that has the glue loaded and waits for its output.
    static STAND_BY: RefCell<Option<ProducerHandle>> = const { RefCell::new(None) };
}

/// Address of the wasm-bindgen glue, as the worker imports it.
pub fn glue_url() -> String {
    GLUE_URL.with(Clone::clone)
}

/// Where the folder `worklet/` lies, with a final slash, if not beside the glue.
#[wasm_bindgen(js_name = setBaseUrl)]
pub fn set_base_url(url: String) {
    BASE_URL.set(Some(url));
}

/// Address of one of the engine's own files.
pub(super) fn file_url(path: &str) -> String {
    let base = BASE_URL.with_borrow(Clone::clone).unwrap_or_else(glue_url);
    Url::new_with_base(path, &base).map_or_else(|_| path.into(), |url| url.href())
}

/// Does ahead what takes long at a start: has a worker load the engine, and the browser start its audio system. To be called when the page is idle; calling it again costs
/// nothing. Opens no device and asks nobody.
#[wasm_bindgen]
pub fn preload() {
    stand_by();
    if !WARM.replace(true) {
        // The first AudioContext since the browser was opened takes Chromium 50 to 90 ms more, in which the page stands still; listing devices starts the
        // same service in the background. Without a gesture a context would be refused, with a warning.
        if let Ok(listed) = enumerate_devices() {
            // Nobody needs the list; awaited so that a refusal is no unhandled rejection.
            wasm_bindgen_futures::spawn_local(async { drop(JsFuture::from(listed).await) });
        }
    }
}

/// Starts a worker and has it load the engine, unless one stands by already.
pub(super) fn stand_by() {
    #[cfg(feature = "decode")]
    super::media::stand_by();
    STAND_BY.with_borrow_mut(|stand_by| {
        if stand_by.is_none() {
            // A failure shows when the output starts: nobody is waiting yet.
            *stand_by = ProducerHandle::spawn().ok();
        }
    });
}

/// The worker that stands by, or a new one.
pub(super) fn take_worker() -> Result<ProducerHandle, super::PageError> {
    match STAND_BY.take() {
        Some(worker) => Ok(worker),
        None => ProducerHandle::spawn(),
    }
}
