//! The slider `#seek` over the waveform: what it says to eyes and screen readers, and what a pointer on it means.

use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement, PointerEvent};

use super::words::Spoken;
use crate::lab::dom::{Mark, Text, element};
use crate::lab::format::Clock;

/// The slider.
#[derive(Debug)]
pub(super) struct SeekBar {
    bar: HtmlElement,
    now: Text,
    all: Text,
    at: Text,
    at_place: HtmlElement,
    over: Mark,
    /// The whole seconds that a screen reader was told, and the length.
    told: Option<(u64, Option<u64>)>,
    /// The pointer that drags.
    dragged_by: Option<i32>,
}

impl SeekBar {
    pub(super) fn find() -> Result<Self, JsValue> {
        let mut bar = SeekBar {
            bar: element("seek")?,
            now: Text::of("time-now")?,
            all: Text::of("time-all")?,
            at: Text::of("seek-at")?,
            at_place: element("seek-at")?,
            over: Mark::on(element::<Element>("seek")?, "data-over"),
            told: None,
            dragged_by: None,
        };
        bar.over.show("false");
        Ok(bar)
    }

    /// Shows the position and the length, in seconds.
    pub(super) fn show(&mut self, seconds: f64, length: Option<f64>) {
        self.now.show(Clock(seconds, 1));
        self.all.show_or_dash(length.map(|length| Clock(length, 1)));
        let told = (seconds as u64, length.map(|length| length as u64));
        if self.told == Some(told) {
            return;
        }
        self.told = Some(told);
        // Valid names and numbers: cannot fail.
        let set = |name, value: &str| drop(self.bar.set_attribute(name, value));
        // Of a file without a known length the slider is as long as it has played.
        set("aria-valuemax", &told.1.unwrap_or(told.0).to_string());
        set("aria-valuenow", &told.0.to_string());
        set("aria-valuetext", &Spoken { at: seconds, of: length }.to_string());
    }

    /// Where a pointer is, as a share of the bar's width.
    pub(super) fn share(&self, event: &PointerEvent) -> f64 {
        let place = self.bar.get_bounding_client_rect();
        if place.width() > 0.0 {
            ((f64::from(event.client_x()) - place.left()) / place.width()).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Shows the time under the pointer.
    pub(super) fn point(&mut self, share: f64, length: Option<f64>) {
        let Some(length) = length else { return self.unpoint() };
        self.at.show(Clock(share * length, 1));
        self.at_place.set_hidden(false);
        self.over.show("true");
        let _ = self.bar.style().set_property("--x", &format!("{:.2}%", 100.0 * share));
    }

    /// No pointer is there any more.
    pub(super) fn unpoint(&mut self) {
        self.at_place.set_hidden(true);
        self.over.show("false");
    }

    /// A pointer begins to drag.
    pub(super) fn grab(&mut self, event: &PointerEvent) {
        // Goes on outside of the bar. Refused for a pointer that is gone again: then it is no drag.
        if self.bar.set_pointer_capture(event.pointer_id()).is_ok() {
            self.dragged_by = Some(event.pointer_id());
        }
    }

    /// Whether this pointer drags.
    pub(super) fn drags(&self, event: &PointerEvent) -> bool {
        self.dragged_by == Some(event.pointer_id())
    }

    /// Whether any pointer drags.
    pub(super) fn dragged(&self) -> bool {
        self.dragged_by.is_some()
    }

    /// The pointer lets go.
    pub(super) fn release(&mut self, event: &PointerEvent) {
        if self.drags(event) {
            self.dragged_by = None;
        }
    }
}
