//! The reader's worker, seen from the page: fetches the file behind a URL for another worker, which reads it by [`UrlMedia`](crate::web::url::UrlMedia).

use js_sys::{Atomics, Int32Array, SharedArrayBuffer};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, Url, Worker, WorkerOptions, WorkerType};

use super::PageError;
use super::files::file_url;
use crate::web::error::text_of;
use crate::web::options::object;

// Of worklet/reader-layout.js: what the page itself writes.
const SHARED_BYTES: u32 = 4_588_544;
const SIGNAL: u32 = 0;
const STATE: u32 = 4;
const INTERRUPTS: u32 = 6;
const STOPPED: u32 = 8;
const PROBLEM: u32 = 9;
const FAILED: i32 = 3;
const CRASHED: i32 = 7;

#[wasm_bindgen]
extern "C" {
    /// Address of this page, which others are relative to.
    #[wasm_bindgen(thread_local_v2, js_namespace = document, js_name = baseURI)]
    static BASE_URI: String;
}

/// The words that are shared with the reader and its client.
#[derive(Clone)]
struct Words(Int32Array);

impl Words {
    // The words are of a shared Int32Array and the numbers are in its range: nothing here throws.
    fn set(&self, word: u32, value: i32) {
        let _ = Atomics::store(&self.0, word, value);
    }

    /// Counts a word up.
    fn count(&self, word: u32) {
        let _ = Atomics::add(&self.0, word, 1);
    }

    /// Wakes the client.
    fn signal(&self) {
        self.count(SIGNAL);
        let _ = Atomics::notify(&self.0, SIGNAL);
    }
}

/// Fetches a file, from its start until it is stopped or dropped. One client may read it.
pub struct UrlReader {
    worker: Worker,
    words: Words,
    handle: JsValue,
    name: String,
    /// Kept for as long as the worker may call it.
    _on_error: Closure<dyn FnMut(Event)>,
}

impl UrlReader {
    /// Begins to fetch. `url` may be relative to the page; what is wrong with the file itself, its client hears.
    ///
    /// # Errors
    /// [`PageError::Option`] if `url` is none, [`PageError::NotIsolated`] if memory cannot be shared, [`PageError::NotLoaded`] if the browser makes no worker.
    pub fn start(url: &str) -> Result<UrlReader, PageError> {
        let address = BASE_URI.with(|base| Url::new_with_base(url, base));
        let address = address.map_err(|_| PageError::Option {
            name: "url".into(),
            problem: format!("is \"{url}\": it must be an address"),
        })?;
        super::shareable()?;
        let buffer = SharedArrayBuffer::new(SHARED_BYTES);
        let words = Words(Int32Array::new(&buffer));
        let name = name_of(&address);
        let script = file_url("worklet/reader.js");
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("noxrun-reader");
        let worker = Worker::new_with_options(&script, &options).map_err(|thrown| PageError::NotLoaded {
            what: script,
            why: text_of(&thrown),
        })?;
        let on_error = {
            let words = words.clone();
            Closure::new(move |_| {
                words.set(PROBLEM, CRASHED);
                words.set(STATE, FAILED);
                words.signal();
            })
        };
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let message = object(&[("url", address.href().into()), ("buffer", buffer.clone().into())]);
        worker.post_message(&message).map_err(|_| PageError::NotIsolated)?;
        Ok(UrlReader {
            worker,
            words,
            handle: object(&[("buffer", buffer.into()), ("name", name.as_str().into())]),
            name,
            _on_error: on_error,
        })
    }

    /// What the client is made of, in the worker that reads: to be posted there.
    pub fn handle(&self) -> JsValue {
        self.handle.clone()
    }

    /// The last part of the URL's path, or the host where there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the client's waiting, now and until it resumes. What it is interrupted for is to be told it before.
    pub fn interrupt(&self) {
        self.words.count(INTERRUPTS);
        self.words.signal();
    }

    /// Ends the reader. Its client can read what it has, and nothing else.
    pub fn stop(&self) {
        self.worker.terminate();
        self.words.set(STOPPED, 1);
        self.words.signal();
    }
}

impl Drop for UrlReader {
    fn drop(&mut self) {
        self.worker.set_onerror(None);
        self.stop();
    }
}

/// The last part of the path, as people read it.
fn name_of(url: &Url) -> String {
    let path = url.pathname();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let text = js_sys::decode_uri_component(last).map_or_else(|_| last.to_owned(), String::from);
    if text.is_empty() { url.host() } else { text }
}
