//! What a worker tells its page.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DedicatedWorkerGlobalScope;

use super::options::object;

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
        post(&object(&[("type", "panicked".into()), ("message", info.to_string().into())]));
    }));
}
