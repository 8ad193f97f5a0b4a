//! Previous and next, the loop's buttons, what is repeated.

use wasm_bindgen::JsValue;
use web_sys::{HtmlButtonElement, HtmlSelectElement};

use super::marks::Marks;
use crate::lab::controls::set_disabled;
use crate::lab::dom::{Mark, Text, element};
use crate::lab::format::Clock;
use crate::web::page::Repeat;

/// The buttons under the waveform.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) previous: HtmlButtonElement,
    pub(super) next: HtmlButtonElement,
    pub(super) loop_a: HtmlButtonElement,
    pub(super) loop_b: HtmlButtonElement,
    pub(super) loop_clear: HtmlButtonElement,
    pub(super) repeat: HtmlSelectElement,
    pressed: [Mark; 2],
    region: Text,
}

/// What can be done.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Offers {
    pub(super) previous: bool,
    pub(super) next: bool,
    pub(super) mark: bool,
}

impl Ways {
    pub(super) fn find() -> Result<Self, JsValue> {
        let pressed = |id: &str| -> Result<Mark, JsValue> { Ok(Mark::on(element(id)?, "aria-pressed")) };
        Ok(Ways {
            previous: element("previous")?,
            next: element("next")?,
            loop_a: element("loop-a")?,
            loop_b: element("loop-b")?,
            loop_clear: element("loop-clear")?,
            repeat: element("repeat")?,
            pressed: [pressed("loop-a")?, pressed("loop-b")?],
            region: Text::of("loop")?,
        })
    }

    /// What the person wants repeated.
    pub(super) fn wanted(&self) -> Repeat {
        match self.repeat.value().as_str() {
            "one" => Repeat::One,
            "all" => Repeat::All,
            _ => Repeat::None,
        }
    }

    /// Offers what can be done, and shows the loop's ends in item `item`.
    pub(super) fn show(&mut self, offers: Offers, marks: &Marks, item: usize) {
        set_disabled(&self.previous, !offers.previous);
        set_disabled(&self.next, !offers.next);
        set_disabled(&self.loop_a, !offers.mark);
        set_disabled(&self.loop_b, !offers.mark);
        set_disabled(&self.loop_clear, !marks.any());
        let (a, b) = marks.of(item);
        for (pressed, end) in self.pressed.iter_mut().zip([a, b]) {
            pressed.show(if end.is_some() { "true" } else { "false" });
        }
        match (a, b) {
            (None, None) => self.region.show(""),
            (Some(a), None) => self.region.show(format_args!("from {}", Clock(a, 1))),
            (a, Some(b)) => self.region.show(format_args!("{} to {}", Clock(a.unwrap_or(0.0), 1), Clock(b, 1))),
        }
    }
}
