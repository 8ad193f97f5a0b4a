//! What came again, and what the index signal shows of everything that is put out, beside what the strategy says that it did.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{Mark, Text, element};
use super::format::{Grouped, Share};
use super::report::Detected;
use crate::ledger::{FoundKind, Snapshot};

/// The readout `#duplicates` and the panel `#found`.
#[derive(Debug)]
pub(super) struct FoundTable {
    duplicates: Shown,
    /// Of quanta, of callbacks.
    shares: [Text; 2],
    panel: Shown,
    /// By kind: frames, quanta, callbacks.
    found: Vec<[Text; 3]>,
    /// Repeated, superseded, changed.
    declared: [Text; 3],
    agrees: Mark,
    agrees_said: Text,
}

/// What is there or not.
#[derive(Debug)]
struct Shown {
    element: HtmlElement,
    there: bool,
}

impl Shown {
    fn find(id: &str) -> Result<Self, JsValue> {
        let element: HtmlElement = element(id)?;
        let there = !element.hidden();
        Ok(Shown { element, there })
    }

    fn show(&mut self, there: bool) {
        if there != self.there {
            self.there = there;
            self.element.set_hidden(!there);
        }
    }
}

impl FoundTable {
    pub(super) fn find() -> Result<Self, JsValue> {
        let three = |kind: &&str| -> Result<[Text; 3], JsValue> {
            let text = |what: &str| Text::of(&format!("found-{kind}-{what}"));
            Ok([text("frames")?, text("quanta")?, text("callbacks")?])
        };
        Ok(FoundTable {
            duplicates: Shown::find("duplicates")?,
            shares: [Text::of("duplicate-quanta")?, Text::of("duplicate-callbacks")?],
            panel: Shown::find("found")?,
            found: FoundKind::NAMES.iter().map(three).collect::<Result<_, _>>()?,
            declared: [
                Text::of("declared-repeated")?,
                Text::of("declared-superseded")?,
                Text::of("declared-changed")?,
            ],
            agrees: Mark::on(element("agrees")?, "data-balanced"),
            agrees_said: Text::of("agrees-said")?,
        })
    }

    /// Shows what `snapshot` holds; `checked`: it is the index signal that plays; `may_repeat`: only the newest block counts.
    pub(super) fn show(&mut self, snapshot: &Snapshot, checked: bool, may_repeat: bool) {
        let consumer = &snapshot.consumer;
        self.duplicates.show(may_repeat || consumer.repeated > 0);
        let counts = [
            (consumer.duplicate_quanta, consumer.quanta),
            (consumer.duplicate_callbacks, consumer.callbacks),
        ];
        for (text, (part, whole)) in self.shares.iter_mut().zip(counts) {
            text.show_or_dash((whole > 0).then_some(Share { part, whole }));
        }
        self.panel.show(checked);
        if !checked {
            return;
        }
        let detected = Detected::of(snapshot);
        for (row, found) in self.found.iter_mut().zip(detected.kinds()) {
            let [frames, quanta, callbacks] = row;
            frames.show(Grouped(found.frames));
            quanta.show(Grouped(found.quanta));
            callbacks.show_or_dash(found.callbacks.map(Grouped));
        }
        let said = detected.declared;
        for (text, frames) in self
            .declared
            .iter_mut()
            .zip([said.repeated_frames, said.superseded_frames, said.changed_frames])
        {
            text.show(Grouped(frames));
        }
        self.agrees.show(if detected.agrees { "true" } else { "false" });
        self.agrees_said.show(if detected.agrees { "yes" } else { "no" });
    }
}
