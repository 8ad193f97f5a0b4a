//! The buttons that show only one cause of the log, each with how often it was.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlButtonElement, HtmlElement};

use super::Why;
use super::legend::badge;
use crate::lab::dom::{Text, document, element, listen};
use crate::lab::format::Grouped;

/// The group `#log-filter`.
#[derive(Debug)]
pub(super) struct Filter {
    group: HtmlElement,
    all: Choice,
    /// By [`Why::index`]; made when they are first needed.
    choices: Vec<Option<Choice>>,
    chosen: Rc<Cell<Option<Why>>>,
    /// What the buttons show as chosen.
    shown: Option<Why>,
}

#[derive(Debug)]
struct Choice {
    button: HtmlButtonElement,
    count: Text,
}

impl Filter {
    pub(super) fn find() -> Result<Self, JsValue> {
        let group: HtmlElement = element("log-filter")?;
        let chosen = Rc::new(Cell::new(None));
        let all = Choice::make(None, &chosen)?;
        all.press(true)?;
        group.append_child(&all.button)?;
        Ok(Filter {
            group,
            all,
            choices: (0..Why::COUNT).map(|_| None).collect(),
            chosen,
            shown: None,
        })
    }

    /// Everything is shown again: another output follows.
    pub(super) fn reset(&mut self) {
        self.chosen.set(None);
    }

    /// The cause that is to be shown; `None`: all.
    pub(super) fn chosen(&self) -> Option<Why> {
        self.chosen.get()
    }

    /// Offers the causes of which there is more than none. There is nothing to choose where there is only one.
    pub(super) fn show(&mut self, counts: &[u64; Why::COUNT]) -> Result<(), JsValue> {
        for (place, why) in Why::all().enumerate() {
            if counts[place] > 0 && self.choices[place].is_none() {
                let choice = Choice::make(Some(why), &self.chosen)?;
                let after = self.choices[place + 1..].iter().flatten().next();
                self.group
                    .insert_before(&choice.button, after.map(|choice| choice.button.as_ref()))?;
                self.choices[place] = Some(choice);
            }
            if let Some(choice) = &mut self.choices[place] {
                choice.count.show(Grouped(counts[place]));
                choice.button.set_hidden(counts[place] == 0);
            }
        }
        self.all.count.show(Grouped(counts.iter().sum()));
        self.group.set_hidden(counts.iter().filter(|count| **count > 0).count() < 2);
        // What was chosen is gone: an underrun that was not explained yet has been.
        if self.chosen().is_some_and(|why| counts[why.index()] == 0) {
            self.chosen.set(None);
        }
        if self.shown != self.chosen() {
            self.shown = self.chosen();
            self.all.press(self.shown.is_none())?;
            for (why, choice) in Why::all().zip(&self.choices) {
                if let Some(choice) = choice {
                    choice.press(self.shown == Some(why))?;
                }
            }
        }
        Ok(())
    }
}

impl Choice {
    fn make(why: Option<Why>, chosen: &Rc<Cell<Option<Why>>>) -> Result<Choice, JsValue> {
        let document = document()?;
        let button: HtmlButtonElement = document.create_element("button")?.unchecked_into();
        button.set_type("button");
        button.set_class_name("chip");
        button.set_id(&format!("filter-{}", why.map_or("all", Why::name)));
        button.set_attribute("aria-pressed", "false")?;
        if let Some(why) = why {
            button.append_child(&badge(why)?)?;
        }
        button.append_with_str_1(why.map_or("all", Why::title))?;
        button.append_with_str_1(" ")?;
        let count = document.create_element("b")?;
        button.append_child(&count)?;
        let chosen = chosen.clone();
        listen(&button, "click", move |_: Event| chosen.set(why))?;
        Ok(Choice {
            button,
            count: Text::within(&count)?,
        })
    }

    fn press(&self, pressed: bool) -> Result<(), JsValue> {
        self.button.set_attribute("aria-pressed", if pressed { "true" } else { "false" })
    }
}
