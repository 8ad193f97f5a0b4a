//! What the source controls say, and back to what they said before when that cannot be played.

use std::cell::RefCell;

use wasm_bindgen::JsValue;
use web_sys::{File, HtmlElement, HtmlInputElement, HtmlSelectElement};

use super::dom::element;
use crate::error::in_range;
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
    /// The file that was picked or dropped last.
    picked: RefCell<Option<File>>,
    good: RefCell<Said>,
}

/// What the controls said at one time.
#[derive(Debug, Clone)]
struct Said {
    source: String,
    voices: String,
    hz: String,
    picked: Option<File>,
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
                ("file", element("file-field")?),
            ],
            picked: RefCell::new(None),
            good: RefCell::new(Said {
                source: "synth".into(),
                voices: "16".into(),
                hz: "440".into(),
                picked: None,
            }),
        };
        // A reloaded page keeps what was typed, but not the file.
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

    /// A file was picked or dropped.
    pub(super) fn pick(&self, file: File) {
        *self.picked.borrow_mut() = Some(file);
        self.source.set_value("file");
        self.show_field();
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
            "file" => match &*self.picked.borrow() {
                Some(file) => Ok(SourceSpec::Media(MediaList {
                    items: vec![MediaItem::File(file.clone())],
                    first: 0,
                })),
                None => Err(PageError::Source("Choose an audio file first, or drop one on the page.".into())),
            },
            _ => Ok(SourceSpec::Synth {
                voices: in_range("the synth's voices", number(&self.voices).round(), 1.0, 256.0, "")? as u32,
            }),
        }
    }

    /// Whether a file is to be played that has not been picked yet.
    pub(super) fn lacks_file(&self) -> bool {
        self.source.value() == "file" && self.picked.borrow().is_none()
    }

    /// What the controls say plays.
    pub(super) fn keep(&self) {
        *self.good.borrow_mut() = Said {
            source: self.source.value(),
            voices: self.voices.value(),
            hz: self.hz.value(),
            picked: self.picked.borrow().clone(),
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
        *self.picked.borrow_mut() = good.picked;
        self.show_field();
    }
}
