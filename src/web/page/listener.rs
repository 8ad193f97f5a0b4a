//! Events of the browser, heard for as long as somebody wants to.

use js_sys::Function;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

/// Hears one kind of event until it is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    pub fn new(target: &EventTarget, event: &'static str, hear: impl FnMut(JsValue) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(JsValue)>::new(hear);
        let listener: &Function = closure.as_ref().unchecked_ref();
        // Fails on what is no target only.
        let _ = target.add_event_listener_with_callback(event, listener);
        Listener {
            target: target.clone(),
            event,
            closure,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listener: &Function = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.event, listener);
    }
}
