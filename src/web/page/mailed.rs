//! Looking at the audio thread's own memory, which nobody shares: it sends copies of what there is to see.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessagePort;

use super::wait::now;
use crate::shared::SharedOutput;
use crate::web::options::object;

/// A look is asked for when somebody wants one and the latest is older than this, in ms.
const FRESH_MS: f64 = 8.0;
/// Bytes of a ring that hold its positions: three pairs of cache lines and what stands before them.
const RING_BYTES: usize = 512;

/// The audio thread's end, seen through messages.
#[derive(Debug)]
pub(in crate::web) struct Mailed {
    port: MessagePort,
    /// The latest copy.
    latest: RefCell<Option<ArrayBuffer>>,
    /// The other one, while it is here.
    spare: RefCell<Option<ArrayBuffer>>,
    asked: Cell<bool>,
    /// Bytes of that memory, as told with the latest copy.
    memory_bytes: Cell<f64>,
    at_ms: Cell<f64>,
}

impl Mailed {
    /// Looks through the node's port.
    pub fn new(port: MessagePort) -> Rc<Self> {
        let bytes = (Self::shared_bytes() + RING_BYTES) as u32;
        Rc::new(Mailed {
            port,
            latest: RefCell::default(),
            spare: RefCell::new(Some(ArrayBuffer::new(bytes))),
            asked: Cell::new(false),
            memory_bytes: Cell::new(0.0),
            at_ms: Cell::new(f64::NEG_INFINITY),
        })
    }

    /// Bytes of the shared state, in which the ring's follow in a copy.
    pub fn shared_bytes() -> usize {
        size_of::<SharedOutput>()
    }

    /// The latest copy; asks for a newer one if it is not of just now.
    pub fn copy(&self) -> Option<ArrayBuffer> {
        if now() - self.at_ms.get() > FRESH_MS {
            self.ask();
        }
        self.latest.borrow().clone()
    }

    /// Asks for a look, unless one is on its way.
    pub fn ask(&self) {
        if self.asked.get() {
            return;
        }
        let Some(buffer) = self.spare.take() else { return };
        let message = object(&[
            ("type", "look".into()),
            ("buffer", buffer.clone().into()),
            ("shared", (Self::shared_bytes() as u32).into()),
            ("ring", (RING_BYTES as u32).into()),
        ]);
        if self.port.post_message_with_transferable(&message, &Array::of1(&buffer)).is_ok() {
            self.asked.set(true);
        }
    }

    /// Bytes of the audio thread's own memory, as far as known.
    pub fn memory_bytes(&self) -> f64 {
        self.memory_bytes.get()
    }

    /// Whether a look is on its way.
    pub fn asked(&self) -> bool {
        self.asked.get()
    }

    /// A message from the audio thread: whether it was a copy.
    pub fn hear(&self, data: &JsValue) -> bool {
        let Some(buffer) = Reflect::get(data, &"buffer".into())
            .ok()
            .and_then(|buffer| buffer.dyn_into::<ArrayBuffer>().ok())
        else {
            return false;
        };
        self.asked.set(false);
        let bytes = Reflect::get(data, &"bytes".into()).ok().and_then(|bytes| bytes.as_f64());
        self.memory_bytes.set(bytes.unwrap_or_default());
        self.at_ms.set(now());
        let bytes = buffer.byte_length();
        let old = self.latest.replace(Some(buffer));
        // The very first time there is none to go back and forth with.
        self.spare.replace(Some(old.unwrap_or_else(|| ArrayBuffer::new(bytes))));
        true
    }

    /// Has the audio thread write `value` at `offset` of the shared state.
    pub fn wish(&self, offset: usize, value: u32) {
        let message = object(&[
            ("type", "wish".into()),
            ("offset", (offset as u32).into()),
            ("value", value.cast_signed().into()),
        ]);
        let _ = self.port.post_message(&message);
    }
}
