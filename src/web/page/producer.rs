//! The producer's worker, seen from the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Url, Worker, WorkerOptions, WorkerType};

use super::PageError;
use super::files::{file_url, glue_url};
use super::output::now;
use crate::web::error::text_of;
use crate::web::options::object;

#[wasm_bindgen]
extern "C" {
    /// The same `Worker`, made with a URL object: wasm-bindgen's test runner wraps workers that are named by a string.
    #[wasm_bindgen(js_name = Worker)]
    type WorkerAt;
    #[wasm_bindgen(catch, constructor, js_class = "Worker")]
    fn new(url: &Url, options: &WorkerOptions) -> Result<WorkerAt, JsValue>;
}

/// How a worker's life ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    /// As asked.
    Stopped,
    /// Before it began, because its source could not be opened or an option was out of range; the text says which.
    Refused(String),
    /// By itself; the text says how.
    Crashed(String),
}

/// What the worker has told so far.
#[derive(Default)]
struct Told {
    up: Cell<bool>,
    loaded_at: Cell<Option<f64>>,
    addresses: Cell<Option<(usize, usize)>>,
    ending: RefCell<Option<Ending>>,
    /// Whether the source has ended, and why if it was too early.
    source_ended: RefCell<Option<Option<String>>>,
    /// Answers to requests, with their numbers; one or two at most.
    answers: RefCell<Vec<(u32, Result<(), String>)>>,
    /// Who waits for news.
    waiting: RefCell<Vec<Function>>,
}

impl Told {
    fn hear(&self, message: &JsValue) {
        let text = |name: &str| Reflect::get(message, &name.into()).ok().and_then(|value| value.as_string());
        let number = |name: &str| Reflect::get(message, &name.into()).ok().and_then(|value| value.as_f64());
        match text("type").as_deref() {
            Some("up") => self.up.set(true),
            Some("loaded") => self.loaded_at.set(Some(now())),
            Some("ready") => self.addresses.set(
                number("shared")
                    .zip(number("ring"))
                    .map(|(shared, ring)| (shared as usize, ring as usize)),
            ),
            Some("source") => {
                let answer = text("error").map_or(Ok(()), Err);
                self.answers.borrow_mut().push((number("id").unwrap_or_default() as u32, answer));
                self.source_ended.take();
            }
            Some("ended") => *self.source_ended.borrow_mut() = Some(text("failure")),
            Some("refused") => self.end(Ending::Refused(text("message").unwrap_or_default())),
            Some("stopped") => self.end(Ending::Stopped),
            // A panic says why; the trap that follows it says only "unreachable".
            Some("panicked" | "crashed") => self.end(Ending::Crashed(text("message").unwrap_or_default())),
            _ => {}
        }
        self.news();
    }

    /// The answer to a request, once.
    fn answer(&self, id: u32) -> Option<Result<(), String>> {
        let mut answers = self.answers.borrow_mut();
        let place = answers.iter().position(|(of, _)| *of == id)?;
        Some(answers.swap_remove(place).1)
    }

    /// The first ending is the true one.
    fn end(&self, ending: Ending) {
        self.ending.borrow_mut().get_or_insert(ending);
        self.news();
    }

    fn news(&self) {
        for waiting in self.waiting.take() {
            let _ = waiting.call0(&JsValue::NULL);
        }
    }
}

/// A producer's worker: talks to it, hears it, ends it.
pub(super) struct ProducerHandle {
    worker: Worker,
    told: Rc<Told>,
    /// Messages for a worker that does not listen yet: one that is wrapped (as test runners do) loses what comes before its script has run.
    backlog: Rc<RefCell<Vec<JsValue>>>,
    requests: Cell<u32>,
    /// Kept for as long as the worker may call them.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl ProducerHandle {
    /// Starts a worker and has it load the engine's glue.
    pub(super) fn spawn() -> Result<Self, PageError> {
        let url = file_url("worklet/producer.js");
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("noxrun-producer");
        // A URL object: wasm-bindgen's test runner wraps workers that are named by a string.
        let worker = Worker::new_with_options(&url, &options).map_err(|thrown| PageError::NotLoaded {
            what: url.clone(),
            why: text_of(&thrown),
        })?;
        let told = Rc::new(Told::default());
        let backlog = Rc::new(RefCell::new(Vec::<JsValue>::new()));
        let on_message = {
            let (told, backlog, worker) = (told.clone(), backlog.clone(), worker.clone());
            Closure::new(move |event: MessageEvent| {
                told.hear(&event.data());
                for message in backlog.take() {
                    if worker.post_message(&message).is_err() {
                        told.end(Ending::Crashed(PageError::NotIsolated.to_string()));
                    }
                }
            })
        };
        let on_error = {
            let told = told.clone();
            Closure::new(move |event: JsValue| {
                // A script that does not load is reported by a plain event, without a message.
                let message = Reflect::get(&event, &"message".into()).ok().and_then(|message| message.as_string());
                let message = message.filter(|message| !message.is_empty());
                told.end(Ending::Crashed(
                    message.unwrap_or_else(|| format!("{url} could not be loaded or run")),
                ));
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let handle = ProducerHandle {
            worker,
            told,
            backlog,
            requests: Cell::new(0),
            _on_message: on_message,
            _on_error: on_error,
        };
        handle.post(&[("type", "load".into()), ("url", glue_url().into())])?;
        Ok(handle)
    }

    /// Hands the worker its output. Resolves to the addresses of the shared state and of the ring in `memory`.
    pub(super) async fn start(&self, memory: &JsValue, options: &JsValue) -> Result<(usize, usize), PageError> {
        let module = wasm_bindgen::module();
        self.post(&[
            ("type", "start".into()),
            ("module", module),
            ("memory", memory.clone()),
            ("options", options.clone()),
        ])?;
        self.until(|told| told.addresses.get()).await
    }

    /// When the worker had loaded the engine, in ms since the page began.
    pub(super) fn loaded_at(&self) -> Option<f64> {
        self.told.loaded_at.get()
    }

    /// Asks for another source; `mail` counts the message up and wakes the worker.
    pub(super) async fn set_source(&self, source: &JsValue, mail: impl FnOnce()) -> Result<(), PageError> {
        let id = self.requests.get() + 1;
        self.requests.set(id);
        self.post(&[("type", "source".into()), ("id", id.into()), ("source", source.clone())])?;
        // After the message: a worker that looks now finds it.
        mail();
        let answer = self.until(|told| told.answer(id)).await?;
        answer.map_err(PageError::Source)
    }

    /// How its life ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.told.ending.borrow().clone()
    }

    /// Whether the source has ended, and why if it was too early.
    pub(super) fn source_ended(&self) -> Option<Option<String>> {
        self.told.source_ended.borrow().clone()
    }

    /// Nothing more is expected of the worker: whoever waits for an answer hears `why`.
    pub(super) fn give_up(&self, why: &str) {
        self.told.end(Ending::Crashed(why.into()));
    }

    /// Ends the worker without asking. It may run on for seconds, so its memory must not be used again.
    pub(super) fn terminate(&self) {
        self.worker.terminate();
    }

    fn post(&self, message: &[(&str, JsValue)]) -> Result<(), PageError> {
        let message = object(message);
        if !self.told.up.get() {
            self.backlog.borrow_mut().push(message);
            return Ok(());
        }
        // What cannot be posted is a memory that may not be shared.
        self.worker.post_message(&message).map_err(|_| PageError::NotIsolated)
    }

    /// Waits until the worker has told what `look` looks for, or has ended.
    async fn until<T>(&self, look: impl Fn(&Told) -> Option<T>) -> Result<T, PageError> {
        loop {
            if let Some(found) = look(&self.told) {
                return Ok(found);
            }
            match self.ending() {
                Some(Ending::Refused(why)) => return Err(PageError::Source(why)),
                Some(Ending::Crashed(why)) => return Err(PageError::Crashed(why)),
                Some(Ending::Stopped) => return Err(PageError::Closed),
                None => {}
            }
            let news = Promise::new(&mut |resolve, _| self.told.waiting.borrow_mut().push(resolve));
            let _ = JsFuture::from(news).await;
        }
    }
}

impl Drop for ProducerHandle {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
