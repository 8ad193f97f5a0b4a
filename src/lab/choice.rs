//! What the source controls say, and back to what they said before when that cannot be played.

use std::cell::RefCell;

use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};

use super::dom::element;
use super::scenario::SourceChoice;
use crate::error::{Decimal, in_range};
use crate::web::{MediaItem, MediaList, PageError, SourceSpec};

/// The controls that choose a source.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) source: HtmlSelectElement,
    pub(super) voices: HtmlInputElement,
    pub(super) hz: HtmlInputElement,
    pub(super) file: HtmlInputElement,
    /// Each source's own field.
    fields: [(&'static str, HtmlElement); 4],
    /// The files that were picked or dropped, and with which to begin.
    files: RefCell<MediaList>,
    good: RefCell<Said>,
}

/// What the controls said at one time.
#[derive(Debug, Clone)]
struct Said {
    source: String,
    voices: String,
    hz: String,
    files: MediaList,
}

impl Choice {
    pub(super) fn find() -> Result<Self, JsValue> {
        let choice = Choice {
            source: element("source")?,
            voices: element("voices")?,
            hz: element("hz")?,
            file: element("file")?,
            fields: [
                ("synth", element("voices-field")?),
                ("sine", element("hz-field")?),
                ("index", element("index-note")?),
                ("file", element("player")?),
            ],
            files: RefCell::new(MediaList {
                items: Vec::new(),
                first: 0,
            }),
            good: RefCell::new(Said {
                source: "synth".into(),
                voices: "16".into(),
                hz: "440".into(),
                files: MediaList {
                    items: Vec::new(),
                    first: 0,
                },
            }),
        };
        // A reloaded page keeps what was typed, but not the files.
        if choice.source.value() == "file" {
            choice.source.set_value("synth");
        }
        choice.show_field();
        Ok(choice)
    }

    /// Shows the field of the chosen source and hides the others.
    pub(super) fn show_field(&self) {
        let source = self.source.value();
        for (name, field) in &self.fields {
            field.set_hidden(*name != source);
        }
    }

    /// Shows `source` as what is to be played, where it can be had without its files.
    pub(super) fn show(&self, source: &SourceChoice) {
        match source {
            SourceChoice::Sine { hz } => {
                self.source.set_value("sine");
                self.hz.set_value(&Decimal(*hz).to_string());
            }
            SourceChoice::Index => self.source.set_value("index"),
            SourceChoice::Synth { voices } => {
                self.source.set_value("synth");
                self.voices.set_value(&voices.to_string());
            }
            SourceChoice::File { .. } => {}
        }
        self.show_field();
    }

    /// Files were picked or dropped; item `first` of them is to be played first.
    pub(super) fn pick(&self, items: Vec<MediaItem>, first: usize) {
        *self.files.borrow_mut() = MediaList { items, first };
        self.source.set_value("file");
        self.show_field();
    }

    /// Adds files to the list; the place of the first of them.
    pub(super) fn add(&self, items: &[MediaItem]) -> usize {
        let mut files = self.files.borrow_mut();
        let first = files.items.len();
        files.items.extend_from_slice(items);
        first
    }

    /// Item `first` of the list is to be played first; the last one if there are not so many.
    pub(super) fn begin_with(&self, first: usize) {
        let mut files = self.files.borrow_mut();
        files.first = first.min(files.items.len().saturating_sub(1));
    }

    /// The list.
    pub(super) fn files(&self) -> MediaList {
        self.files.borrow().clone()
    }

    /// Whether files are chosen, and no other source.
    pub(super) fn plays_files(&self) -> bool {
        self.source.value() == "file"
    }

    /// What is to be played.
    ///
    /// # Errors
    /// [`PageError`], when a number is out of range or there is no file yet.
    pub(super) fn spec(&self) -> Result<SourceSpec, PageError> {
        // An emptied field is not a number, and not in any range.
        let number = |input: &HtmlInputElement| input.value().trim().parse().unwrap_or(f64::NAN);
        match self.source.value().as_str() {
            "sine" => Ok(SourceSpec::Sine {
                hz: in_range("the sine's frequency", number(&self.hz), 1.0, 20_000.0, " Hz")?,
            }),
            "index" => Ok(SourceSpec::Index),
            "file" if self.lacks_file() => Err(PageError::Source("Choose audio files first, or drop some on the page.".into())),
            "file" => Ok(SourceSpec::Media(self.files())),
            _ => Ok(SourceSpec::Synth {
                voices: in_range("the synth's voices", number(&self.voices).round(), 1.0, 256.0, "")? as u32,
            }),
        }
    }

    /// What is to be played as a scenario's `source`, and whether that says all: of files of this computer a scenario can hold no more than a name, and of several only one.
    pub(super) fn scenario(&self) -> (Value, bool) {
        // What is no number is left out: the scenario then says what it must be.
        let number = |input: &HtmlInputElement| input.value().trim().parse::<f64>().ok();
        let source = match self.source.value().as_str() {
            "sine" => json!({ "kind": "sine", "hz": number(&self.hz) }),
            "index" => json!({ "kind": "index" }),
            "file" => {
                let files = self.files.borrow();
                let url = match &files.items[..] {
                    [MediaItem::Url(url)] => return (json!({ "kind": "file", "url": url }), true),
                    items => items.get(files.first).map_or_else(|| "none".into(), MediaItem::name),
                };
                return (json!({ "kind": "file", "url": url }), false);
            }
            _ => json!({ "kind": "synth", "voices": number(&self.voices) }),
        };
        (source, true)
    }

    /// Whether files are to be played that have not been picked yet.
    pub(super) fn lacks_file(&self) -> bool {
        self.plays_files() && self.files.borrow().items.is_empty()
    }

    /// What the controls say plays.
    pub(super) fn keep(&self) {
        *self.good.borrow_mut() = Said {
            source: self.source.value(),
            voices: self.voices.value(),
            hz: self.hz.value(),
            files: self.files(),
        };
    }

    /// What the controls say cannot be played: back to what did.
    pub(super) fn restore(&self) {
        let good = self.good.borrow().clone();
        self.source.set_value(&good.source);
        self.voices.set_value(&good.voices);
        self.hz.set_value(&good.hz);
        // So that the same file, repaired, can be picked again: an unchanged file input says nothing.
        self.file.set_value("");
        *self.files.borrow_mut() = good.files;
        self.show_field();
    }
}
