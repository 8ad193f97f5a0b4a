//! Looks at a file in the background: length, tags, cover and overview, without playing it.
//!
//! Workers with memories of their own (`worklet/scanner.js`) read and decode it, several of them different ranges of time at once where the file can be sought in. wasm-bindgen-rayon is not used
//! for this, on purpose: each thread has to read the JS `File` itself, which threads of one shared memory cannot hand to each other; and a worker with a memory of its own can be ended at any
//! moment, which is what cancelling, a crash and a hang come down to.
//!
//! Browsers give threads no priorities. So that playing is not disturbed, half of the cores are used at most, unless told otherwise.

mod job;
mod js;
mod pool;

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, File};

use super::PageError;
use super::media::TrackInfo;
use crate::error::in_range;
use crate::overview::{COLUMNS, Overview};
use crate::source::file::Tags;
use job::first_of;

/// Most workers at once.
const MOST_WORKERS: usize = 4;

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InspectOptions {
    /// Columns of the overview, 1 to 10,000.
    pub columns: usize,
    /// Workers at once, 1 to 4; `None`: half as many as there are cores. All inspections of the page share them.
    pub workers: Option<usize>,
}

impl Default for InspectOptions {
    fn default() -> Self {
        InspectOptions {
            columns: 1_000,
            workers: None,
        }
    }
}

/// What is known once the file is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The file's name.
    pub name: String,
    /// Container, codec, rate, channels, length.
    pub info: TrackInfo,
    /// What the file says about itself.
    pub tags: Tags,
    /// The front cover, a picture of the media type that it really has.
    pub cover: Option<Blob>,
}

/// What an inspection tells, in this order; the overview many times.
#[derive(Debug)]
pub enum InspectNews<'a> {
    /// The file is open.
    Opened(&'a Opened),
    /// More of the overview is known: all columns, those not decoded yet NaN; and how much of it is done, 0.0 to 1.0, never less than before.
    Overview(&'a Overview, f64),
    /// It is over. Nothing comes after this.
    Done(Result<Box<Inspected>, PageError>),
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// What is known about the file.
    pub opened: Opened,
    /// Its overview; columns that could not be decoded are NaN.
    pub overview: Overview,
    /// Why the file could not be decoded to its end, if it could not: a [`PageError::File`].
    pub failure: Option<PageError>,
}

/// An inspection that goes on. Dropped, it is cancelled: its workers are ended at once, and nothing more is heard.
#[derive(Debug)]
pub struct Inspection {
    alive: Rc<Cell<bool>>,
    cancel: Function,
}

impl Inspection {
    /// Begins. `hear` is called from the page's event loop, never within this call.
    ///
    /// # Errors
    /// [`crate::Error::OutOfRange`] for the options. What is wrong with the file is told later: [`PageError::File`] in [`InspectNews::Done`].
    pub fn start(file: &File, options: InspectOptions, mut hear: impl FnMut(InspectNews<'_>) + 'static) -> Result<Inspection, PageError> {
        in_range(
            "the number of columns",
            options.columns as f64,
            *COLUMNS.start() as f64,
            *COLUMNS.end() as f64,
            "",
        )?;
        if let Some(workers) = options.workers {
            in_range("the number of workers", workers as f64, 1.0, MOST_WORKERS as f64, "")?;
        }
        let workers = options.workers.unwrap_or_else(|| (cores() / 2).clamp(1, MOST_WORKERS));
        let mut cancel = Function::default();
        let cancelled = Promise::new(&mut |resolve, _| cancel = resolve);
        let alive = Rc::new(Cell::new(true));
        let (file, still) = (file.clone(), alive.clone());
        spawn_local(async move {
            let mut told = |news: InspectNews<'_>| {
                if still.get() {
                    hear(news);
                }
            };
            // When it is cancelled the job is dropped, and with it what it holds of the workers.
            let done = first_of(job::run(&file, options.columns, workers, &mut told), JsFuture::from(cancelled)).await;
            if let Some(done) = done {
                told(InspectNews::Done(done.map(Box::new)));
            }
        });
        Ok(Inspection { alive, cancel })
    }
}

impl Drop for Inspection {
    fn drop(&mut self) {
        self.alive.set(false);
        let _ = self.cancel.call0(&JsValue::NULL);
    }
}

/// Threads that the machine runs at once, as far as the browser tells.
fn cores() -> usize {
    web_sys::window().map_or(2, |window| window.navigator().hardware_concurrency() as usize)
}
