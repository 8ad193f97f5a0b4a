//! The producer's worker, seen from the page.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::link::{Ending, Link, number, text};
#[cfg(feature = "strategies")]
use super::on_page::OnPage;
use super::{PageError, SourceSpec};
#[cfg(feature = "faults")]
use crate::inject::Fault;
#[cfg(feature = "faults")]
use crate::web::faults::faults_to_js;

/// A producer's worker: talks to it, hears it, ends it.
pub(super) struct ProducerHandle {
    link: Link,
    /// Whether the source has ended, and why if it was too early.
    source_ended: Rc<RefCell<Option<Option<String>>>>,
}

/// The producer of any strategy: a worker, or whatever stands in for one.
#[cfg(feature = "strategies")]
pub(super) enum AnyProducer {
    /// A worker.
    Worker(ProducerHandle),
    /// The page's own thread, or the audio thread.
    Page(OnPage),
}

/// Without other strategies every producer is a worker.
#[cfg(not(feature = "strategies"))]
pub(super) type AnyProducer = ProducerHandle;

#[cfg(feature = "strategies")]
impl AnyProducer {
    /// As [`ProducerHandle::set_source`].
    pub(super) async fn set_source(&self, source: &SourceSpec, mail: impl FnOnce()) -> Result<(), PageError> {
        match self {
            AnyProducer::Worker(worker) => worker.set_source(source, mail).await,
            AnyProducer::Page(page) => page.set_source(source.numbers()).await,
        }
    }

    /// As [`ProducerHandle::set_faults`].
    #[cfg(feature = "faults")]
    pub(super) async fn set_faults(&self, faults: &[Fault], mail: impl FnOnce()) -> Result<(), PageError> {
        match self {
            AnyProducer::Worker(worker) => worker.set_faults(faults, mail).await,
            AnyProducer::Page(page) => page.set_faults(faults.to_vec()).await,
        }
    }

    /// As [`ProducerHandle::feed`].
    #[cfg(feature = "decode")]
    pub(super) async fn feed(&self, renew: bool, mail: impl FnOnce()) -> Result<(usize, usize), PageError> {
        match self {
            AnyProducer::Worker(worker) => worker.feed(renew, mail).await,
            AnyProducer::Page(page) => page.feed(renew).await,
        }
    }

    /// As [`ProducerHandle::loaded_at`]; the page has loaded the engine long ago.
    pub(super) fn loaded_at(&self) -> Option<f64> {
        match self {
            AnyProducer::Worker(worker) => worker.loaded_at(),
            AnyProducer::Page(_) => None,
        }
    }

    /// As [`ProducerHandle::ending`].
    pub(super) fn ending(&self) -> Option<Ending> {
        match self {
            AnyProducer::Worker(worker) => worker.ending(),
            AnyProducer::Page(page) => page.ending(),
        }
    }

    /// As [`ProducerHandle::source_ended`].
    pub(super) fn source_ended(&self) -> Option<Option<String>> {
        match self {
            AnyProducer::Worker(worker) => worker.source_ended(),
            AnyProducer::Page(page) => page.source_ended().then_some(None),
        }
    }

    /// As [`ProducerHandle::give_up`].
    pub(super) fn give_up(&self, why: &str) {
        match self {
            AnyProducer::Worker(worker) => worker.give_up(why),
            AnyProducer::Page(page) => page.give_up(why),
        }
    }

    /// Ends it without asking. A worker may run on for seconds, so its memory must not be used again.
    pub(super) fn terminate(&self) {
        match self {
            AnyProducer::Worker(worker) => worker.terminate(),
            AnyProducer::Page(page) => page.terminate(),
        }
    }

    /// Time that the page's own thread has spent on it, in ms; `None` where it has no part in it.
    pub(super) fn page_busy_ms(&self) -> Option<f64> {
        match self {
            AnyProducer::Worker(_) => None,
            AnyProducer::Page(page) => page.busy_ms(),
        }
    }
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

    /// Gives the worker its way to the audio thread, where blocks travel as messages; `transfers`: their memory changes hands.
    #[cfg(feature = "strategies")]
    pub(super) fn give_port(&self, port: &web_sys::MessagePort, transfers: bool) -> Result<(), PageError> {
        self.link.post_port("port", port, &[("transfers", transfers.into())])
    }

    /// When the worker had loaded the engine, in ms since the page began.
    pub(super) fn loaded_at(&self) -> Option<f64> {
        self.link.loaded_at()
    }

    /// Asks for another source; `mail` counts the message up and wakes the worker.
    pub(super) async fn set_source(&self, source: &SourceSpec, mail: impl FnOnce()) -> Result<(), PageError> {
        let id = self.link.request("source", &[("source", source.to_js())])?;
        // After the message: a worker that looks now finds it.
        mail();
        self.link.answer(id).await?;
        self.source_ended.take();
        Ok(())
    }

    /// Asks for other faults; `mail` as in [`ProducerHandle::set_source`].
    #[cfg(feature = "faults")]
    pub(super) async fn set_faults(&self, faults: &[Fault], mail: impl FnOnce()) -> Result<(), PageError> {
        let id = self.link.request("faults", &[("faults", faults_to_js(faults))])?;
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
