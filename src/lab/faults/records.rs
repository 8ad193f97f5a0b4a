//! What was injected, as it really happened: beside each kind how often, and each by itself.

use std::fmt::{Display, Formatter};

use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::kinds::entries;
use crate::inject::FaultKind;
use crate::lab::dom::{Text, document, element};
use crate::lab::format::{Grouped, Many, Ms};
use crate::lab::report::Injected;
use crate::lab::report::words::TimeOfDay;

/// Faults listed one by one.
const LINES: usize = 50;

/// The records of the fault panel.
#[derive(Debug)]
pub(in crate::lab) struct Records {
    kinds: Vec<(FaultKind, Text)>,
    details: HtmlElement,
    count: Text,
    list: Element,
    lines: Vec<(Element, Text)>,
}

impl Records {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        let kinds = entries().map(|entry| Ok((entry.kind, Text::of(&format!("fault-{}-record", entry.kind.name()))?)));
        Ok(Records {
            kinds: kinds.collect::<Result<_, JsValue>>()?,
            details: element("injected")?,
            count: Text::of("injected-count")?,
            list: element("injected-log")?,
            lines: Vec::new(),
        })
    }

    /// Shows `injected`, oldest first, with times since the epoch; clocks are `east_minutes` ahead of UTC.
    pub(in crate::lab) fn show(&mut self, injected: &[Injected], east_minutes: f64) -> Result<(), JsValue> {
        for (kind, text) in &mut self.kinds {
            let mut of_kind = injected.iter().filter(|fault| fault.kind == kind.name());
            match of_kind.next_back() {
                None => text.show(""),
                Some(latest) => {
                    let times = Grouped(1 + of_kind.count() as u64);
                    match latest.lasted_ms.filter(|ms| *ms > 0.0) {
                        Some(ms) => text.show(format_args!("{times} \u{d7}, last {}", Ms(ms))),
                        None => text.show(format_args!("{times} \u{d7}")),
                    }
                }
            }
        }
        self.details.set_hidden(injected.is_empty());
        self.count.show(format_args!(
            "{}, as {} really happened",
            Many(injected.len() as u64, "fault"),
            if injected.len() == 1 { "it" } else { "they" }
        ));
        self.list_latest(injected, east_minutes)
    }

    fn list_latest(&mut self, injected: &[Injected], east_minutes: f64) -> Result<(), JsValue> {
        let wanted = injected.len().min(LINES);
        while self.lines.len() < wanted {
            let item = document()?.create_element("li")?;
            self.list.append_child(&item)?;
            let text = Text::within(&item)?;
            self.lines.push((item, text));
        }
        for (item, _) in self.lines.drain(wanted..) {
            item.remove();
        }
        for ((_, text), fault) in self.lines.iter_mut().zip(injected.iter().rev()) {
            text.show(Sentence(fault, east_minutes));
        }
        Ok(())
    }
}

/// "12:03:07.2, stall for 21.3 ms", "12:03:07.2, skip of 256 frames".
struct Sentence<'a>(&'a Injected, f64);

impl Display for Sentence<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Sentence(fault, east_minutes) = self;
        write!(f, "{}, {}", TimeOfDay(fault.at_ms + east_minutes * 60e3), fault.kind)?;
        if let Some(frames) = fault.frames {
            write!(f, " of {}", Many(frames, "frame"))?;
        }
        match fault.lasted_ms {
            Some(0.0) => Ok(()),
            Some(ms) => write!(f, " for {}", Ms(ms)),
            None => write!(f, " for good"),
        }
    }
}
