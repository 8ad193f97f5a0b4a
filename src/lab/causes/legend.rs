//! Which colour and letter stand for which cause, below the chart: only for those that were seen.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, Node};

use super::Why;
use crate::lab::dom::{document, element};

/// A cause's letter on its colour. For the eye: whoever hears the page hears the words beside it.
pub(super) fn badge(why: Why) -> Result<Node, JsValue> {
    let badge: HtmlElement = document()?.create_element("i")?.unchecked_into();
    badge.set_class_name("badge");
    badge.set_attribute("aria-hidden", "true")?;
    badge.set_text_content(Some(why.letter()));
    badge.style().set_property("--of", &format!("var({})", why.colour()))?;
    Ok(badge.into())
}

/// The part `#causes-seen` of the chart's key.
#[derive(Debug)]
pub(in crate::lab) struct Legend {
    place: HtmlElement,
    /// By [`Why::index`].
    shown: Vec<Option<Element>>,
}

impl Legend {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        Ok(Legend {
            place: element("causes-seen")?,
            shown: vec![None; Why::COUNT],
        })
    }

    /// Shows those of which there is more than none.
    pub(in crate::lab) fn show(&mut self, counts: &[u64; Why::COUNT]) -> Result<(), JsValue> {
        for (place, why) in Why::all().enumerate() {
            match (counts[place] > 0, self.shown[place].take()) {
                (true, None) => {
                    let entry = document()?.create_element("span")?;
                    entry.set_attribute("data-cause", why.name())?;
                    entry.append_child(&badge(why)?)?;
                    entry.append_with_str_1(why.title())?;
                    // In the order of all, whichever was seen first.
                    let after = self.shown[place + 1..].iter().flatten().next();
                    self.place.insert_before(&entry, after.map(AsRef::as_ref))?;
                    self.shown[place] = Some(entry);
                }
                (false, Some(entry)) => entry.remove(),
                (_, unchanged) => self.shown[place] = unchanged,
            }
        }
        self.place.set_hidden(self.shown.iter().flatten().next().is_none());
        Ok(())
    }
}
