//! What inspections have found out about the files of the list, and the one that goes on.

use std::collections::HashMap;

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::shape::Shape;
use crate::lab::dom::{Text, element};
use crate::overview::Overview;
use crate::web::page::{InspectOptions, Inspection, Opened};

/// The overview's columns: as many as the widest canvas has pixels, or half as many where they are small.
const COLUMNS: usize = 2000;
/// A waveform that grows is painted anew so often, in ms.
const PAINT_EVERY_MS: f64 = 120.0;

/// What is known about a file.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) opened: Opened,
    pub(super) shape: Shape,
    /// How much of the shape is known, 0.0 to 1.0.
    fraction: f64,
}

/// Files by their place in the list, and the line `#scan`.
#[derive(Debug)]
pub(super) struct Inspected {
    known: HashMap<usize, Known>,
    /// Dropped, it is cancelled.
    inspection: Option<Inspection>,
    taken_ms: f64,
    scan: Text,
    scan_place: HtmlElement,
}

impl Inspected {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(Inspected {
            known: HashMap::new(),
            inspection: None,
            taken_ms: f64::NEG_INFINITY,
            scan: Text::of("scan")?,
            scan_place: element("scan")?,
        })
    }

    /// What to ask of an inspection.
    pub(super) fn options() -> InspectOptions {
        InspectOptions {
            columns: COLUMNS,
            ..InspectOptions::default()
        }
    }

    /// Another list: nothing is known about its files.
    pub(super) fn begin(&mut self) {
        self.cancel();
        self.known.clear();
    }

    /// Keeps an inspection going.
    pub(super) fn hold(&mut self, inspection: Inspection) {
        self.inspection = Some(inspection);
        self.taken_ms = f64::NEG_INFINITY;
    }

    /// Ends the inspection that goes on. What it has found out stays known.
    pub(super) fn cancel(&mut self) {
        self.over();
    }

    /// Nothing more comes.
    pub(super) fn over(&mut self) {
        self.inspection = None;
        self.scan_place.set_hidden(true);
    }

    /// What is known about an item.
    pub(super) fn of(&self, item: usize) -> Option<&Known> {
        self.known.get(&item)
    }

    /// Whether there is nothing more to find out about an item.
    pub(super) fn is_whole(&self, item: usize) -> bool {
        self.of(item).is_some_and(|known| known.fraction >= 1.0)
    }

    /// An item was opened.
    pub(super) fn opened(&mut self, item: usize, opened: Opened) {
        // What was known of its shape was as much as another inspection found out before it was cancelled.
        let before = self.known.remove(&item);
        let (shape, fraction) = before.map(|known| (known.shape, known.fraction)).unwrap_or_default();
        self.known.insert(item, Known { opened, shape, fraction });
    }

    /// More of an item's overview is known. Whether it is to be shown: not each time that a little comes.
    pub(super) fn grown(&mut self, item: usize, overview: &Overview, fraction: f64, now_ms: f64) -> bool {
        if fraction < 1.0 && now_ms - self.taken_ms < PAINT_EVERY_MS {
            return false;
        }
        self.taken_ms = now_ms;
        let Some(known) = self.known.get_mut(&item) else { return false };
        known.shape = Shape::from_rows(&overview.min, &overview.max, &overview.rms);
        known.fraction = fraction;
        self.scan.show(format_args!("Waveform: {:.0} %", (100.0 * fraction).floor()));
        self.scan_place.set_hidden(fraction >= 1.0);
        true
    }
}
