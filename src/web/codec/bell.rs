//! How the feeder's loop, which must not block while decoders answer through the event loop, learns that one did.

use std::cell::RefCell;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// One for all decoders of a worker: its loop asks every one of them anyway.
#[derive(Default)]
struct Bell {
    /// Rung since somebody last asked.
    rung: bool,
    /// Who waits, and how to end it.
    waiting: Option<(Promise, Function)>,
}

thread_local! {
    static BELL: RefCell<Bell> = RefCell::default();
}

/// Says that there is something to ask a decoder for.
pub(super) fn ring() {
    let waiting = BELL.with_borrow_mut(|bell| {
        bell.rung = bell.waiting.is_none();
        bell.waiting.take()
    });
    if let Some((_, resolve)) = waiting {
        // A promise's own resolver does not throw.
        let _ = resolve.call0(&JsValue::NULL);
    }
}

/// Resolves as soon as a [`BrowserCodec`](super::BrowserCodec) of this worker has something new (sound, room for packets, its end, a failure); at once if it already had since
/// the last call. To be awaited after [`Step::Waiting`](crate::source::file::TrackStep::Waiting). It may resolve for nothing; it never misses anything.
#[wasm_bindgen(js_name = codecAnswered)]
pub fn answered() -> Promise {
    BELL.with_borrow_mut(|bell| {
        if std::mem::take(&mut bell.rung) {
            return Promise::resolve(&JsValue::UNDEFINED);
        }
        if let Some((promise, _)) = &bell.waiting {
            return promise.clone();
        }
        let mut resolver = None;
        let promise = Promise::new(&mut |resolve, _| resolver = Some(resolve));
        bell.waiting = resolver.map(|resolve| (promise.clone(), resolve));
        promise
    })
}
