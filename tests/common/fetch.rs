//! The files of ci/fixtures, from the server that the test runner starts: it serves the crate's folder.

use js_sys::{Function, Promise, Reflect, Uint8Array};
use noxrun::web::page::glue_url;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Response, Url};

/// The bytes of one of them, in a page or a worker.
pub async fn fetch(name: &str) -> Vec<u8> {
    let url = Url::new_with_base(&format!("/target/fixtures/{name}"), &glue_url()).expect("an address");
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &"fetch".into()).expect("fetch").unchecked_into();
    let asked: Promise = fetch.call1(&global, &url.href().into()).expect("a promise").unchecked_into();
    let response: Response = JsFuture::from(asked).await.expect("an answer").unchecked_into();
    assert!(response.ok(), "{name} is missing: ci/fixtures makes it");
    let bytes = JsFuture::from(response.array_buffer().expect("a body")).await.expect("a body");
    Uint8Array::new(&bytes).to_vec()
}
