//! The log of underruns, as sentences.

use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::dom::{Text, document, element};
use super::format::{Clock, Many, Ms};
use crate::ledger::{Ending, Snapshot, UnderrunEvent};

/// Underruns shown; the ledger's counters hold all of them.
const LINES: usize = 30;

/// The list `#underrun-log`, newest first.
#[derive(Debug)]
pub(super) struct Log {
    list: Element,
    empty: HtmlElement,
    lines: Vec<Line>,
    shown: Option<(u64, UnderrunEvent)>,
}

#[derive(Debug)]
struct Line {
    item: HtmlElement,
    length: Text,
    rest: Text,
}

impl Log {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(Log {
            list: element("underrun-log")?,
            empty: element("log-empty")?,
            lines: Vec::new(),
            shown: None,
        })
    }

    /// Shows the latest underruns of `snapshot`.
    pub(super) fn show(&mut self, snapshot: &Snapshot, sample_rate: f64) -> Result<(), JsValue> {
        let latest = snapshot.underruns.last().map(|last| (snapshot.consumer.underrun_events, *last));
        if latest == self.shown {
            return Ok(());
        }
        self.shown = latest;
        self.empty.set_hidden(latest.is_some());
        let wanted = snapshot.underruns.len().min(LINES);
        while self.lines.len() < wanted {
            let line = Line::new()?;
            self.list.append_child(&line.item)?;
            self.lines.push(line);
        }
        for line in self.lines.drain(wanted..) {
            line.item.remove();
        }
        for (line, event) in self.lines.iter_mut().zip(snapshot.underruns.iter().rev()) {
            line.show(event, sample_rate);
        }
        Ok(())
    }
}

impl Line {
    fn new() -> Result<Self, JsValue> {
        let document = document()?;
        let item: HtmlElement = wasm_bindgen::JsCast::unchecked_into(document.create_element("li")?);
        let (length, rest) = (document.create_element("b")?, document.create_element("span")?);
        item.append_child(&length)?;
        item.append_child(&rest)?;
        Ok(Line {
            length: Text::within(&length)?,
            rest: Text::within(&rest)?,
            item,
        })
    }

    fn show(&mut self, event: &UnderrunEvent, sample_rate: f64) {
        self.length.show(Ms(1e3 * event.frames as f64 / sample_rate));
        let (at, frames) = (Clock(event.frame as f64 / sample_rate, 2), Many(event.frames, "frame"));
        let so_far = if event.ended_by == Ending::Open { " so far" } else { "" };
        match event.fill {
            0 => self.rest.show(format_args!(" lost at {at}{so_far}: {frames}. The ring was empty.")),
            fill => self.rest.show(format_args!(
                " lost at {at}{so_far}: {frames}. The ring had run down to {}.",
                Many(fill, "frame")
            )),
        }
    }
}
