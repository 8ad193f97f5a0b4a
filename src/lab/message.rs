//! The place where the page says what went wrong.

use wasm_bindgen::JsValue;
use web_sys::{Event, HtmlElement};

use super::dom::{element, listen};
use super::format::sentence;
use crate::web::PageError;

/// The area `#message`: one message at a time, the latest.
#[derive(Debug, Clone)]
pub(super) struct Message {
    area: HtmlElement,
    text: HtmlElement,
    more: HtmlElement,
    dismiss: HtmlElement,
}

impl Message {
    /// Finds the area and lets it be dismissed.
    pub(super) fn find() -> Result<Self, JsValue> {
        let message = Message {
            area: element("message")?,
            text: element("message-text")?,
            more: element("message-more")?,
            dismiss: element("message-dismiss")?,
        };
        let dismissed = message.clone();
        listen(&message.dismiss, "click", move |_: Event| {
            dismissed.clear();
            // The button that had the focus is gone: without this the keyboard would start over at the top.
            if let Ok(play) = element::<HtmlElement>("play") {
                let _ = play.focus();
            }
        })?;
        Ok(message)
    }

    /// Shows an error as a sentence.
    pub(super) fn error(&self, error: &PageError) {
        self.show(error.code(), &sentence(&error.to_string()));
    }

    /// Shows `text`; `code` is a word for tests and scripts (`data-code`).
    pub(super) fn show(&self, code: &str, text: &str) {
        let _ = self.area.set_attribute("data-code", code);
        self.text.set_text_content(Some(text));
        self.area.set_hidden(false);
    }

    /// Shows why this page cannot play at all, and what to do; cannot be dismissed.
    pub(super) fn refuse(&self, error: &PageError) {
        self.error(error);
        if let Some(place) = self.text.parent_element() {
            // Not there before: what the alert holds is what it says.
            let _ = place.append_child(&self.more);
        }
        self.more.set_hidden(false);
        self.dismiss.set_hidden(true);
    }

    /// Takes the message away.
    pub(super) fn clear(&self) {
        self.area.set_hidden(true);
        let _ = self.area.remove_attribute("data-code");
        self.text.set_text_content(None);
    }
}
