//! A worker of the engine, seen from the page: starts it, talks to it, hears it, ends it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::PageError;
use super::files::{file_url, glue_url};
use super::wait::now;
use crate::web::error::text_of;
use crate::web::options::object;

/// How a worker's life ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    /// As asked.
    Stopped,
    /// By itself; the text says how.
    Crashed(String),
}

/// Hears a message of a type.
type Events = dyn Fn(&str, &JsValue);

/// What the worker has told so far.
struct Told {
    up: Cell<bool>,
    loaded_at: Cell<Option<f64>>,
    ending: RefCell<Option<Ending>>,
    /// Answers to requests, with their numbers; one or two at most.
    answers: RefCell<Vec<(u32, JsValue)>>,
    /// Who waits for news.
    waiting: RefCell<Vec<Function>>,
    /// Hears what is no answer and no sign of life, by its type.
    events: Box<Events>,
}

impl Told {
    fn hear(&self, message: &JsValue) {
        match text(message, "type").as_deref() {
            Some("up") => self.up.set(true),
            Some("loaded") => self.loaded_at.set(Some(now())),
            Some("answer") => {
                let id = number(message, "id").unwrap_or_default() as u32;
                self.answers.borrow_mut().push((id, message.clone()));
            }
            Some("stopped") => self.end(Ending::Stopped),
            // A panic says why; the trap that follows it says only "unreachable".
            Some("panicked" | "crashed") => self.end(Ending::Crashed(text(message, "message").unwrap_or_default())),
            Some(kind) => (self.events)(kind, message),
            None => {}
        }
        self.news();
    }

    /// The answer to a request, once.
    fn answer(&self, id: u32) -> Option<JsValue> {
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

/// A worker that has one of the engine's scripts.
pub(super) struct Link {
    worker: Worker,
    told: Rc<Told>,
    /// Messages for a worker that does not listen yet: one that is wrapped (as test runners do) loses what comes before its script has run.
    backlog: Rc<RefCell<Vec<JsValue>>>,
    requests: Cell<u32>,
    /// Kept for as long as the worker may call them.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl Link {
    /// Starts a worker with the script `worklet/{name}.js` and has it load the engine's glue. `events` hears what it tells unasked, by type.
    pub(super) fn spawn(name: &str, events: impl Fn(&str, &JsValue) + 'static) -> Result<Self, PageError> {
        let url = file_url(&format!("worklet/{name}.js"));
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(&format!("noxrun-{name}"));
        let worker = Worker::new_with_options(&url, &options).map_err(|thrown| PageError::NotLoaded {
            what: url.clone(),
            why: text_of(&thrown),
        })?;
        let told = Rc::new(Told {
            up: Cell::default(),
            loaded_at: Cell::default(),
            ending: RefCell::default(),
            answers: RefCell::default(),
            waiting: RefCell::default(),
            events: Box::new(events),
        });
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
                let message = text(&event, "message").filter(|message| !message.is_empty());
                told.end(Ending::Crashed(
                    message.unwrap_or_else(|| format!("{url} could not be loaded or run")),
                ));
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let link = Link {
            worker,
            told,
            backlog,
            requests: Cell::new(0),
            _on_message: on_message,
            _on_error: on_error,
        };
        link.post("load", &[("url", glue_url().into())])?;
        Ok(link)
    }

    /// When the worker had loaded the engine, in ms since the page began.
    pub(super) fn loaded_at(&self) -> Option<f64> {
        self.told.loaded_at.get()
    }

    /// Sends a message.
    pub(super) fn post(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<(), PageError> {
        self.send(kind, JsValue::UNDEFINED, fields)
    }

    /// Sends a message with a port, to a worker that listens already.
    #[cfg(feature = "strategies")]
    pub(super) fn post_port(&self, kind: &str, port: &web_sys::MessagePort, fields: &[(&str, JsValue)]) -> Result<(), PageError> {
        let message = object(fields);
        for (name, value) in [("type", kind.into()), ("port", port.into())] {
            let _ = Reflect::set(&message, &name.into(), &value);
        }
        let ports = js_sys::Array::of1(port);
        self.worker
            .post_message_with_transfer(&message, &ports)
            .map_err(|_| PageError::NotIsolated)
    }

    /// Sends a message that will be answered, under a number that [`answer`](Link::answer) wants.
    pub(super) fn request(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<u32, PageError> {
        let id = self.requests.get() + 1;
        self.requests.set(id);
        self.send(kind, id.into(), fields)?;
        Ok(id)
    }

    fn send(&self, kind: &str, id: JsValue, fields: &[(&str, JsValue)]) -> Result<(), PageError> {
        let message = object(fields);
        for (name, value) in [("type", kind.into()), ("id", id)] {
            // Setting a property of a fresh, extensible object cannot fail.
            let _ = Reflect::set(&message, &name.into(), &value);
        }
        if !self.told.up.get() {
            self.backlog.borrow_mut().push(message);
            return Ok(());
        }
        // What cannot be posted is a memory that may not be shared.
        self.worker.post_message(&message).map_err(|_| PageError::NotIsolated)
    }

    /// Waits for an answer.
    ///
    /// # Errors
    /// [`PageError::Source`] or `File` with the `error` that it holds; the worker's end.
    pub(super) async fn answer(&self, id: u32) -> Result<JsValue, PageError> {
        loop {
            if let Some(answer) = self.told.answer(id) {
                return match text(&answer, "error") {
                    #[cfg(feature = "decode")]
                    Some(error) if text(&answer, "code").is_some() => Err(PageError::File {
                        problem: text(&answer, "code").unwrap_or_default(),
                        text: error,
                    }),
                    Some(error) => Err(PageError::Source(error)),
                    None => Ok(answer),
                };
            }
            match self.ending() {
                Some(Ending::Crashed(why)) => return Err(PageError::Crashed(why)),
                Some(Ending::Stopped) => return Err(PageError::Closed),
                None => {}
            }
            let news = Promise::new(&mut |resolve, _| self.told.waiting.borrow_mut().push(resolve));
            let _ = JsFuture::from(news).await;
        }
    }

    /// How its life ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.told.ending.borrow().clone()
    }

    /// Nothing more is expected of the worker: whoever waits for an answer hears `why`.
    pub(super) fn give_up(&self, why: &str) {
        self.told.end(Ending::Crashed(why.into()));
    }

    /// Ends the worker without asking; whoever waits for an answer hears that it is closed.
    #[cfg(feature = "decode")]
    pub(super) fn stop(&self) {
        self.told.end(Ending::Stopped);
        self.terminate();
    }

    /// Ends the worker without asking. It may run on for seconds, so its memory must not be used again.
    pub(super) fn terminate(&self) {
        self.worker.terminate();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// A text in a message.
pub(super) fn text(message: &JsValue, name: &str) -> Option<String> {
    Reflect::get(message, &name.into()).ok().and_then(|value| value.as_string())
}

/// A number in a message.
pub(super) fn number(message: &JsValue, name: &str) -> Option<f64> {
    Reflect::get(message, &name.into()).ok().and_then(|value| value.as_f64())
}
