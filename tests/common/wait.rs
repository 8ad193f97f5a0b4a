//! Waiting in a page or a worker, without blocking it.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Resolves after `ms` milliseconds.
pub async fn wait(ms: i32) {
    let timer = Promise::new(&mut |resolve, _| {
        let global = js_sys::global();
        let set_timeout: Function = Reflect::get(&global, &"setTimeout".into()).expect("a timer").unchecked_into();
        set_timeout.call2(&JsValue::NULL, &resolve, &ms.into()).expect("a timer");
    });
    JsFuture::from(timer).await.expect("a timer does not fail");
}

/// Waits until `done`, for a minute at most.
pub async fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..3000 {
        if done() {
            return;
        }
        wait(20).await;
    }
    panic!("{what} did not come within a minute");
}
