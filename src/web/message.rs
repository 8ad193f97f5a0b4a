//! What a worker tells its page.

#[cfg(feature = "decode")]
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

use super::options::object;
#[cfg(feature = "decode")]
use crate::error::Error;
#[cfg(feature = "decode")]
use crate::source::file::FileInfo;

/// Posts to the page.
pub(super) fn post(message: &JsValue) {
    if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
        // Plain objects of strings and numbers can always be posted.
        let _ = scope.post_message(message);
    }
}

/// Posts a panic's text to the page before the module traps; the trap itself has none.
pub(super) fn tell_panics() {
    std::panic::set_hook(Box::new(|info| {
        // Not `info` itself: it names a file on the machine where this was built.
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        post(&object(&[("type", "panicked".into()), ("message", text.unwrap_or("panic").into())]));
    }));
}

/// What is in a file: {format, codec, decoder, sampleRate, channels, seconds}.
#[cfg(feature = "decode")]
pub(super) fn track_info(info: &FileInfo) -> JsValue {
    object(&[
        ("format", info.format.into()),
        ("codec", info.codec.into()),
        ("decoder", if info.by_browser { "browser" } else { "noxrun" }.into()),
        ("sampleRate", info.sample_rate.into()),
        ("channels", (info.channels as u32).into()),
        ("seconds", info.seconds.map_or(JsValue::NULL, JsValue::from)),
    ])
}

/// What JavaScript gets for an error: an `Error` with `code`.
#[cfg(feature = "decode")]
pub(super) fn thrown(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string()).into();
    if let Error::File { problem, .. } = error {
        set(&js, "code", &problem.code().into());
    }
    js
}

/// Gives an object of ours another property.
#[cfg(feature = "decode")]
pub(super) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // Setting a property of a fresh, extensible object cannot fail.
    let _ = Reflect::set(object, &name.into(), value);
}
