//! The reader's worker, seen from the page: fetches the file behind a URL for another worker, which reads it by [`UrlMedia`](crate::web::url::UrlMedia).

use std::cell::RefCell;

use js_sys::{Atomics, Int32Array, SharedArrayBuffer};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, Url, Worker, WorkerOptions, WorkerType};

use super::PageError;
use super::files::file_url;
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

/// Fetches a file, from when it is told to until it is stopped or dropped. One client may read it.
pub struct UrlReader {
    worker: RefCell<Option<Worker>>,
    words: Words,
    /// What the worker is told first.
    task: JsValue,
    handle: JsValue,
    name: String,
    /// Kept for as long as the worker may call it.
    on_error: Closure<dyn FnMut(Event)>,
}

impl UrlReader {
    /// A reader that does not fetch yet: a browser has few connections to a server, and a list may have many files. `url` may be relative to the page; what is wrong with the file itself, its client
    /// hears.
    ///
    /// # Errors
    /// [`PageError::Option`] if `url` is none, [`PageError::NotIsolated`] if memory cannot be shared.
    pub fn new(url: &str) -> Result<UrlReader, PageError> {
        let address = BASE_URI.with(|base| Url::new_with_base(url, base));
        let address = address.map_err(|_| PageError::Option {
            name: "url".into(),
            problem: format!("is \"{url}\": it must be an address"),
        })?;
        super::shareable()?;
        let buffer = SharedArrayBuffer::new(SHARED_BYTES);
        let words = Words(Int32Array::new(&buffer));
        let name = name_of(&address);
        let on_error = {
            let words = words.clone();
            Closure::new(move |_| crashed(&words))
        };
        Ok(UrlReader {
            worker: RefCell::default(),
            words,
            task: object(&[("url", address.href().into()), ("buffer", buffer.clone().into())]),
            handle: object(&[("buffer", buffer.into()), ("name", name.as_str().into())]),
            name,
            on_error,
        })
    }

    /// Begins to fetch, unless it has begun.
    pub fn begin(&self) {
        let mut worker = self.worker.borrow_mut();
        if worker.is_some() {
            return;
        }
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("noxrun-reader");
        let begun = Worker::new_with_options(&file_url("worklet/reader.js"), &options).and_then(|made| {
            made.set_onerror(Some(self.on_error.as_ref().unchecked_ref()));
            made.post_message(&self.task).map(|()| made)
        });
        match begun {
            Ok(made) => *worker = Some(made),
            Err(_) => crashed(&self.words),
        }
    }

    /// Nobody reads for now: gives its connection up, and asks anew when somebody does.
    pub fn rest(&self) {
        if let Some(worker) = &*self.worker.borrow() {
            let _ = worker.post_message(&JsValue::NULL);
        }
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
        if let Some(worker) = &*self.worker.borrow() {
            worker.set_onerror(None);
            worker.terminate();
        }
        self.words.set(STOPPED, 1);
        self.words.signal();
    }
}

impl Drop for UrlReader {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Has the client hear that the reader is gone.
fn crashed(words: &Words) {
    words.set(PROBLEM, CRASHED);
    words.set(STATE, FAILED);
    words.signal();
}

/// The last part of the path, as people read it.
fn name_of(url: &Url) -> String {
    let path = url.pathname();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let text = js_sys::decode_uri_component(last).map_or_else(|_| last.to_owned(), String::from);
    if text.is_empty() { url.host() } else { text }
}
