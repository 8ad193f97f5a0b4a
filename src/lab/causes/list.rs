//! The log as sentences, newest first. A line is made once and then moves down: whoever reads on, reads on.

use std::collections::VecDeque;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::Why;
use super::legend::badge;
use crate::lab::dom::{Text, document, element};
use crate::ledger::{Ending, EventKind};

/// Lines at most; the log holds more, and its counts all.
const LINES: usize = 100;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Subject {
    /// No other event has it.
    pub(super) key: (EventKind, u64),
    pub(super) why: Why,
    /// Frames that it lasted.
    pub(super) frames: u64,
    /// Changes with whatever else the sentence says.
    pub(super) stamp: (Option<Ending>, bool),
}

/// The list with this id.
#[derive(Debug)]
pub(super) struct List {
    list: Element,
    empty: HtmlElement,
    /// Newest first, as on the page.
    lines: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    subject: Subject,
    item: HtmlElement,
    text: Text,
}

impl List {
    pub(super) fn find(id: &str, empty: &str) -> Result<Self, JsValue> {
        Ok(List {
            list: element(id)?,
            empty: element(empty)?,
            lines: VecDeque::new(),
        })
    }

    /// Shows these, newest first; `sentence` is asked for what is new or has changed.
    pub(super) fn show<T>(
        &mut self,
        newest_first: impl Iterator<Item = (Subject, T)>,
        sentence: impl Fn(T) -> String,
    ) -> Result<(), JsValue> {
        let mut place = 0;
        for (subject, of) in newest_first.take(LINES) {
            // What stands before it on the page and is not before it any more is shown no more, or further down.
            let same = |line: &Line| line.subject.key == subject.key && line.subject.why == subject.why;
            if let Some(ahead) = self.lines.iter().skip(place).position(same) {
                for line in self.lines.drain(place..place + ahead) {
                    line.item.remove();
                }
            }
            match self.lines.get_mut(place) {
                Some(line) if same(line) => {
                    if line.subject != subject {
                        line.subject = subject;
                        line.text.show(sentence(of));
                        line.item.set_attribute("data-frames", &subject.frames.to_string())?;
                    }
                }
                before => {
                    let line = Line::make(subject, &sentence(of))?;
                    self.list.insert_before(&line.item, before.map(|line| line.item.as_ref()))?;
                    self.lines.insert(place, line);
                }
            }
            place += 1;
        }
        for line in self.lines.drain(place..) {
            line.item.remove();
        }
        self.empty.set_hidden(place > 0);
        Ok(())
    }
}

impl Line {
    fn make(subject: Subject, sentence: &str) -> Result<Self, JsValue> {
        let document = document()?;
        let item: HtmlElement = document.create_element("li")?.unchecked_into();
        item.set_attribute("data-cause", subject.why.name())?;
        item.set_attribute("data-frames", &subject.frames.to_string())?;
        item.append_child(&badge(subject.why)?)?;
        let words = document.create_element("span")?;
        words.set_text_content(Some(sentence));
        item.append_child(&words)?;
        Ok(Line {
            subject,
            text: Text::within(&words)?,
            item,
        })
    }
}
