//! The producer's worker, seen from the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::PageError;
use super::link::{Ending, Link, number, text};

/// A producer's worker: talks to it, hears it, ends it.
pub(super) struct ProducerHandle {
    link: Link,
    /// Whether the source has ended, and why if it was too early.
    source_ended: Rc<RefCell<Option<Option<String>>>>,
}

/// Where a worker made its output, as addresses in the engine's memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Addresses {
    /// The shared state.
    pub shared: usize,
    /// The ring.
    pub ring: usize,
}

impl ProducerHandle {
    /// Starts a worker and has it load the engine's glue.
    pub(super) fn spawn() -> Result<Self, PageError> {
        let source_ended = Rc::new(RefCell::new(None));
        let ended = source_ended.clone();
        let link = Link::spawn("producer", move |kind, message| {
            if kind == "ended" {
                *ended.borrow_mut() = Some(text(message, "failure"));
            }
        })?;
        Ok(ProducerHandle { link, source_ended })
    }

    /// Hands the worker its output.
    pub(super) async fn start(&self, memory: &JsValue, options: &JsValue) -> Result<Addresses, PageError> {
        let module = wasm_bindgen::module();
        let fields = [("module", module), ("memory", memory.clone()), ("options", options.clone())];
        let answer = self.link.answer(self.link.request("start", &fields)?).await?;
        let address = |name| number(&answer, name).unwrap_or_default() as usize;
        Ok(Addresses {
            shared: address("shared"),
            ring: address("ring"),
        })
    }

    /// When the worker had loaded the engine, in ms since the page began.
    pub(super) fn loaded_at(&self) -> Option<f64> {
        self.link.loaded_at()
    }

    /// Asks for another source; `mail` counts the message up and wakes the worker.
    pub(super) async fn set_source(&self, source: &JsValue, mail: impl FnOnce()) -> Result<(), PageError> {
        let id = self.link.request("source", &[("source", source.clone())])?;
        // After the message: a worker that looks now finds it.
        mail();
        self.link.answer(id).await?;
        self.source_ended.take();
        Ok(())
    }

    /// Asks for other faults; `mail` as in [`ProducerHandle::set_source`].
    #[cfg(feature = "faults")]
    pub(super) async fn set_faults(&self, faults: &JsValue, mail: impl FnOnce()) -> Result<(), PageError> {
        let id = self.link.request("faults", &[("faults", faults.clone())])?;
        mail();
        self.link.answer(id).await.map(drop)
    }

    /// Where the worker makes the feed for a decoder in another worker, as addresses in the engine's memory: the feed and its ring. A new one if there is none, or `renew` asks for it.
    #[cfg(feature = "decode")]
    pub(super) async fn feed(&self, renew: bool, mail: impl FnOnce()) -> Result<(usize, usize), PageError> {
        let id = self.link.request("feed", &[("renew", renew.into())])?;
        mail();
        let answer = self.link.answer(id).await?;
        let address = |name| number(&answer, name).unwrap_or_default() as usize;
        if renew {
            self.source_ended.take();
        }
        Ok((address("feed"), address("ring")))
    }

    /// How its life ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.link.ending()
    }

    /// Whether the source has ended, and why if it was too early.
    pub(super) fn source_ended(&self) -> Option<Option<String>> {
        self.source_ended.borrow().clone()
    }

    /// Nothing more is expected of the worker: whoever waits for an answer hears `why`.
    pub(super) fn give_up(&self, why: &str) {
        self.link.give_up(why);
    }

    /// Ends the worker without asking. It may run on for seconds, so its memory must not be used again.
    pub(super) fn terminate(&self) {
        self.link.terminate();
    }
}
