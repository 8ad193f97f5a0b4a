//! The page's elements: found once, written only when what they show changes.

use std::fmt::{Display, Write};

use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, EventTarget, HtmlElement, Node, Window};

/// The window. Called on the page only, where there is one.
pub(super) fn window() -> Result<Window, JsValue> {
    web_sys::window().ok_or_else(|| JsValue::from_str("the lab runs in a page, not in a worker"))
}

/// The document.
pub(super) fn document() -> Result<Document, JsValue> {
    window()?.document().ok_or_else(|| JsValue::from_str("this window has no document"))
}

/// The element with this id.
pub(super) fn element<T: JsCast>(id: &str) -> Result<T, JsValue> {
    let found = document()?
        .get_element_by_id(id)
        .ok_or_else(|| JsValue::from_str(&format!("index.html has no #{id}")))?;
    found
        .dyn_into::<T>()
        .map_err(|_| JsValue::from_str(&format!("#{id} is another kind of element than the lab expects")))
}

/// Milliseconds of the page's clock.
pub(super) fn now_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

/// Milliseconds since the epoch by the page's clock, which the producer's agrees with and which never goes back.
pub(super) fn epoch_ms() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.time_origin() + performance.now())
}

/// Resolves after `ms` milliseconds.
pub(super) async fn sleep(ms: f64) {
    let timer = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms.ceil() as i32);
        }
    });
    // A timer does not fail.
    let _ = wasm_bindgen_futures::JsFuture::from(timer).await;
}

/// Calls `heard` for each `kind` of event, for as long as the page lives.
pub(super) fn listen<E: FromWasmAbi + 'static>(target: &EventTarget, kind: &str, heard: impl FnMut(E) + 'static) -> Result<(), JsValue> {
    let closure = Closure::<dyn FnMut(E)>::new(heard);
    target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref())?;
    // The page's own controls live as long as the page: there is nobody to free it for.
    closure.forget();
    Ok(())
}

/// A text on the page.
#[derive(Debug)]
pub(super) struct Text {
    node: Node,
    shown: String,
    next: String,
}

impl Text {
    /// The text of the element with this id.
    pub(super) fn of(id: &str) -> Result<Self, JsValue> {
        Self::within(&element::<Element>(id)?)
    }

    /// The text of `element`, which has no other children.
    pub(super) fn within(element: &Element) -> Result<Self, JsValue> {
        let shown = element.text_content().unwrap_or_default();
        // An empty text makes no node.
        element.set_text_content(Some("–"));
        let node = element.first_child().ok_or_else(|| JsValue::from_str("an element took no text"))?;
        node.set_node_value(Some(&shown));
        Ok(Text {
            node,
            shown,
            next: String::new(),
        })
    }

    /// Shows `value`; leaves the page alone if it does so already. Reuses its buffers.
    pub(super) fn show(&mut self, value: impl Display) {
        self.next.clear();
        // Writing to a String does not fail.
        let _ = write!(self.next, "{value}");
        if self.next != self.shown {
            self.node.set_node_value(Some(&self.next));
            std::mem::swap(&mut self.next, &mut self.shown);
        }
    }

    /// Shows `value`, or a dash when there is none.
    pub(super) fn show_or_dash(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.show(value),
            None => self.show("–"),
        }
    }
}

/// A `data-…` attribute on the page.
#[derive(Debug)]
pub(super) struct Mark {
    element: Element,
    name: &'static str,
    shown: &'static str,
}

impl Mark {
    /// The attribute `name` of `element`.
    pub(super) fn on(element: Element, name: &'static str) -> Self {
        Mark { element, name, shown: "" }
    }

    /// Sets the attribute; leaves the page alone if it has that value already.
    pub(super) fn show(&mut self, value: &'static str) {
        if value != self.shown {
            self.shown = value;
            // A constant, valid name: cannot fail.
            let _ = self.element.set_attribute(self.name, value);
        }
    }
}

/// A bar cut into parts: the children `<i>` of an element.
#[derive(Debug)]
pub(super) struct Bar {
    parts: Vec<(HtmlElement, u32)>,
}

impl Bar {
    /// The bar in the element with this id.
    pub(super) fn of(id: &str) -> Result<Self, JsValue> {
        let list = element::<Element>(id)?.query_selector_all("i")?;
        let parts = (0..list.length())
            .filter_map(|index| list.item(index)?.dyn_into().ok())
            .map(|part| (part, 0));
        Ok(Bar { parts: parts.collect() })
    }

    /// Gives each part its share of the whole, in steps of a thousandth; what is there at all is seen.
    pub(super) fn show(&mut self, values: &[f64]) {
        let whole: f64 = values.iter().sum();
        for ((part, shown), value) in self.parts.iter_mut().zip(values) {
            let share = if *value > 0.0 { (1000.0 * value / whole).ceil() as u32 } else { 0 };
            if share != *shown {
                *shown = share;
                let _ = part.style().set_property("flex-grow", &share.to_string());
            }
        }
    }
}
