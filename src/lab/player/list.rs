//! The list of files: a row for each, which plays it when it is clicked.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::words::Kind;
use crate::lab::dom::{Mark, Text, document, element};
use crate::lab::format::{Clock, Many};
use crate::web::page::Track;

/// The list `#list`.
#[derive(Debug)]
pub(super) struct List {
    list: Element,
    count: Text,
    none: HtmlElement,
    rows: Vec<Row>,
    playing: Option<usize>,
}

/// One file.
#[derive(Debug)]
struct Row {
    item: HtmlElement,
    state: Mark,
    current: Mark,
    what: Text,
    length: Text,
    fault: Text,
    fault_place: HtmlElement,
}

impl List {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(List {
            list: element("list")?,
            count: Text::of("count")?,
            none: element("no-files")?,
            rows: Vec::new(),
            playing: None,
        })
    }

    /// The list's element.
    pub(super) fn element(&self) -> &Element {
        &self.list
    }

    /// Shows these files instead of others.
    pub(super) fn begin<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), JsValue> {
        for row in self.rows.drain(..) {
            row.item.remove();
        }
        self.playing = None;
        self.add(names)
    }

    /// Shows further files.
    pub(super) fn add<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<(), JsValue> {
        for name in names {
            let row = Row::new(self.rows.len(), name)?;
            self.list.append_child(&row.item)?;
            self.rows.push(row);
        }
        match self.rows.len() as u64 {
            0 => self.count.show(""),
            files => self.count.show(Many(files, "file")),
        }
        self.none.set_hidden(!self.rows.is_empty());
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Marks the file that plays, or none.
    pub(super) fn mark(&mut self, playing: Option<usize>) {
        if playing == self.playing {
            return;
        }
        self.playing = playing;
        for (nth, row) in self.rows.iter_mut().enumerate() {
            row.current.show(if Some(nth) == playing { "true" } else { "false" });
        }
        if let Some(row) = playing.and_then(|nth| self.rows.get(nth)) {
            row.bring_into(&self.list);
        }
    }

    /// Shows what is known about a file.
    pub(super) fn know(&mut self, nth: usize, track: &Track) {
        if let (Some(row), Some(info)) = (self.rows.get_mut(nth), &track.info) {
            let kind = Kind {
                format: &info.format,
                codec: &info.codec,
            };
            let by = if info.by_browser { "the browser" } else { "Noxrun" };
            row.what.show(format_args!("{kind} by {by}"));
            row.length.show_or_dash(info.seconds.map(|seconds| Clock(seconds, 0)));
        }
    }

    /// Shows why a file could not be played, or not to its end.
    pub(super) fn fault(&mut self, nth: usize, name: &str, message: &str) {
        let Some(row) = self.rows.get_mut(nth) else { return };
        // The row says the name already.
        let why = message
            .strip_prefix(name)
            .map_or(message, |rest| rest.trim_start_matches([':', ' ']));
        row.state.show("failed");
        row.fault.show(why);
        row.fault_place.set_hidden(false);
    }
}

impl Row {
    fn new(nth: usize, name: &str) -> Result<Self, JsValue> {
        let document = document()?;
        let make = |kind: &str, class: &str, text: &str| -> Result<Element, JsValue> {
            let made = document.create_element(kind)?;
            made.set_class_name(class);
            made.set_text_content(Some(text));
            Ok(made)
        };
        let item: HtmlElement = document.create_element("li")?.unchecked_into();
        let button = make("button", "row", "")?;
        button.set_attribute("type", "button")?;
        button.set_attribute("data-item", &nth.to_string())?;
        button.set_id(&format!("item-{nth}"));
        let number = make("span", "row-number", &(nth + 1).to_string())?;
        let called = make("span", "row-name", name)?;
        // Long names are cut off.
        called.set_attribute("title", name)?;
        let what = make("span", "row-what", "")?;
        let length = make("span", "row-length", "–")?;
        for part in [&number, &called, &length, &what] {
            button.append_child(part)?;
        }
        let fault = make("p", "row-fault", "")?;
        let fault_place: HtmlElement = fault.clone().unchecked_into();
        fault_place.set_hidden(true);
        item.append_child(&button)?;
        item.append_child(&fault)?;
        let mut row = Row {
            state: Mark::on(item.clone().into(), "data-state"),
            current: Mark::on(button, "aria-current"),
            what: Text::within(&what)?,
            length: Text::within(&length)?,
            fault: Text::within(&fault)?,
            fault_place,
            item,
        };
        row.state.show("good");
        row.current.show("false");
        Ok(row)
    }

    /// Scrolls `list`, and nothing else, so that the row is seen.
    fn bring_into(&self, list: &Element) {
        let (row, seen) = (self.item.get_bounding_client_rect(), list.get_bounding_client_rect());
        let above = row.top() - seen.top();
        let below = row.bottom() - seen.bottom();
        if above < 0.0 || below > 0.0 {
            let by = if above < 0.0 { above } else { below };
            list.set_scroll_top(list.scroll_top() + by.round() as i32);
        }
    }
}
