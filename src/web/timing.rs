//! The browser's own Performance panel: User Timing entries with the detail that DevTools shows as a track of its own, beside the long tasks and collections of the same time.
//! <https://developer.chrome.com/docs/devtools/performance/extension>

use std::cell::Cell;

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, Performance};

use super::options::object;
use crate::render::{RenderInfo, Source};

/// Entries that the browser keeps of one track before they are cleared. The panel has recorded them by then, if it does.
const KEPT: u32 = 1024;
/// All tracks lie in one group.
const GROUP: &str = "Noxrun";

#[wasm_bindgen]
extern "C" {
    // Newer than web-sys' stable part.
    type Timing;
    #[wasm_bindgen(method, catch)]
    fn measure(this: &Timing, name: &str, options: &JsValue) -> Result<JsValue, JsValue>;
}

/// One of the colours that the panel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub &'static str);

/// What is shown of one entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// What stands on it. Entries are cleared by it, so it is one of few.
    pub name: &'static str,
    pub colour: Colour,
    /// What is shown when it is pointed at.
    pub tooltip: &'a str,
    /// What is shown when it is chosen: names and values.
    pub properties: &'a [(&'static str, JsValue)],
}

/// A track of the Performance panel, for one thread.
#[derive(Debug)]
pub(super) struct Track {
    performance: Performance,
    name: &'static str,
    kept: Cell<u32>,
}

impl Track {
    pub fn new(performance: Performance, name: &'static str) -> Self {
        Track {
            performance,
            name,
            kept: Cell::new(0),
        }
    }

    /// Now, in ms of the thread's clock.
    pub fn now_ms(&self) -> f64 {
        self.performance.now()
    }

    /// Adds an entry, from `start_ms` to `end_ms` of the thread's clock. `names`: all that entries of this track are called, to be cleared when there are many.
    pub fn add(&self, start_ms: f64, end_ms: f64, shown: Shown<'_>, names: impl Iterator<Item = &'static str>) {
        let properties: Array = (shown.properties.iter())
            .map(|(name, value)| Array::of2(&(*name).into(), value))
            .collect();
        let devtools = object(&[
            ("dataType", "track-entry".into()),
            ("track", self.name.into()),
            ("trackGroup", GROUP.into()),
            ("color", shown.colour.0.into()),
            ("tooltipText", shown.tooltip.into()),
            ("properties", properties.into()),
        ]);
        let start_ms = start_ms.max(0.0);
        let options = object(&[
            ("start", start_ms.into()),
            ("end", end_ms.max(start_ms).into()),
            ("detail", object(&[("devtools", devtools)])),
        ]);
        // A browser that knows no options throws: it has no such panel either.
        if self.performance.unchecked_ref::<Timing>().measure(shown.name, &options).is_err() {
            return;
        }
        self.kept.set(self.kept.get() + 1);
        if self.kept.get() == KEPT {
            self.kept.set(0);
            for name in names {
                self.performance.clear_measures_with_measure_name(name);
            }
        }
    }
}

/// A source whose blocks stand in the Performance panel.
pub(super) struct Timed {
    source: Box<dyn Source>,
    track: Track,
    /// Shown only after its time was taken.
    latest: Option<Block>,
}

thread_local! {
    /// Whether this worker's blocks are to be shown.
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// The source as the producer plays it: with its blocks in the Performance panel if `timeline` in the output's options asks for that. What was asked for once holds for all later sources of the worker.
pub(super) fn timed(source: Box<dyn Source>, options: &JsValue) -> Box<dyn Source> {
    if Reflect::get(options, &"timeline".into()).is_ok_and(|wanted| wanted.is_truthy()) {
        WANTED.set(true);
    }
    let scope = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>().ok();
    match scope.and_then(|scope| scope.performance()) {
        Some(performance) if WANTED.get() => Box::new(Timed::new(source, performance)),
        _ => source,
    }
}

/// What a block is called.
const BLOCK: &str = "noxrun block";

/// A block that was rendered.
#[derive(Debug, Clone, Copy)]
struct Block {
    start_ms: f64,
    end_ms: f64,
    frames: usize,
    /// What was in the ring before it, in ms.
    ahead_ms: f64,
    /// It came too late: the ring had run dry.
    late: bool,
}

impl Timed {
    pub fn new(source: Box<dyn Source>, performance: Performance) -> Self {
        Timed {
            source,
            track: Track::new(performance, "Producer"),
            latest: None,
        }
    }

    fn show(&mut self) {
        let Some(block) = self.latest.take() else { return };
        let shown = Shown {
            name: BLOCK,
            colour: Colour(if block.late { "error" } else { "tertiary" }),
            tooltip: if block.late {
                "A block for which the ring was already empty"
            } else {
                "A block"
            },
            properties: &[("frames", block.frames.into()), ("ms in the ring before it", block.ahead_ms.into())],
        };
        self.track.add(block.start_ms, block.end_ms, shown, core::iter::once(BLOCK));
    }
}

impl Source for Timed {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let start_ms = self.track.now_ms();
        let written = self.source.render(block, info);
        self.latest = Some(Block {
            start_ms,
            end_ms: self.track.now_ms(),
            frames: written,
            ahead_ms: info.heard_in * 1e3,
            late: info.heard_in == 0.0 && info.ring_position > 0,
        });
        written
    }

    fn available(&mut self) -> usize {
        self.source.available()
    }

    /// Asked for once a turn: the block before is shown then, so that showing it is no part of rendering.
    fn jumped(&mut self) -> bool {
        self.show();
        self.source.jumped()
    }

    fn prepare(&mut self) -> bool {
        self.source.prepare()
    }

    fn failure(&self) -> Option<String> {
        self.source.failure()
    }
}
