//! Sources that JavaScript feeds, and those that another crate brings.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::render::{RenderInfo, Source};

#[wasm_bindgen]
extern "C" {
    // Given by whoever instantiates the module: fills `frames` frames at `address` and returns how many. Never called through the glue.
    #[wasm_bindgen(js_name = noxrunRender)]
    fn render(address: u32, frames: u32, position: f64, heard_in: f64, underruns: f64) -> f64;
}

/// A source of your own crate, for `createOutput({ glue })`: a function that you export through `wasm-bindgen` returns it, and the producer renders with it in place, without a copy.
///
/// ```
/// use noxrun::render::{RenderInfo, Source};
/// use noxrun::web::OwnSource;
/// use wasm_bindgen::prelude::*;
///
/// /// What the page names as `source`; it is given the page's `data`.
/// #[wasm_bindgen]
/// pub fn saw(data: JsValue) -> OwnSource {
///     OwnSource::new(Saw { hz: data.as_f64().unwrap_or(220.0) as f32, phase: 0.0 })
/// }
///
/// struct Saw {
///     hz: f32,
///     phase: f32,
/// }
///
/// impl Source for Saw {
///     fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
///         for frame in block.chunks_exact_mut(info.channels) {
///             self.phase = (self.phase + self.hz / info.sample_rate).fract();
///             frame.fill(0.2 * self.phase - 0.1);
///         }
///         block.len() / info.channels
///     }
/// }
/// ```
#[wasm_bindgen]
pub struct OwnSource(Box<dyn Source>);

impl OwnSource {
    /// Any source.
    pub fn new(source: impl Source + 'static) -> Self {
        OwnSource(Box::new(source))
    }
}

#[wasm_bindgen]
impl OwnSource {
    /// Gives it away as an address, for the producer in the same memory.
    #[wasm_bindgen(js_name = intoAddress)]
    pub fn into_address(self) -> usize {
        Box::into_raw(Box::new(self.0)) as usize
    }
}

impl OwnSource {
    /// Takes what [`into_address`](OwnSource::into_address) gave away.
    #[allow(unsafe_code)]
    pub(super) fn adopt(address: usize) -> Box<dyn Source> {
        // SAFETY: the producer passes on what a function of the same module gave it, once.
        *unsafe { Box::from_raw(address as *mut Box<dyn Source>) }
    }
}

/// A function in JavaScript.
pub(super) struct Called;

impl Source for Called {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let frames = block.len() / info.channels;
        let written = render(
            block.as_mut_ptr() as u32,
            frames as u32,
            info.position as f64,
            info.heard_in,
            info.underruns as f64,
        );
        // Negative or no number: none.
        (written as usize).min(frames)
    }
}

/// Samples that were pushed and are not in the ring yet: so few that they hardly count as latency.
#[derive(Debug)]
pub(super) struct Fifo {
    samples: RefCell<Box<[f32]>>,
    /// Frames in it.
    frames: Cell<usize>,
    channels: usize,
    over: Cell<bool>,
}

impl Fifo {
    pub fn new(frames: usize, channels: usize) -> Rc<Fifo> {
        Rc::new(Fifo {
            samples: RefCell::new(vec![0.0; frames * channels].into()),
            frames: Cell::new(0),
            channels,
            over: Cell::new(false),
        })
    }

    /// Address at which the next frames are to be put.
    pub fn place(&self) -> usize {
        self.samples.borrow()[self.frames.get() * self.channels..].as_ptr() as usize
    }

    /// Frames that may be put there.
    pub fn room(&self) -> usize {
        self.samples.borrow().len() / self.channels - self.frames.get()
    }

    /// So many were put there.
    pub fn put(&self, frames: usize) {
        self.frames.set(self.frames.get() + frames.min(self.room()));
        self.over.set(false);
    }

    /// No more comes.
    pub fn end(&self) {
        self.over.set(true);
    }

    /// What is in it is not wanted any more.
    pub fn clear(&self) {
        self.frames.set(0);
        self.over.set(false);
    }

    /// The first `frames` samples' worth, for a writer that takes them at once; nothing is left.
    pub fn take(&self, frames: usize, take: impl FnOnce(&[f32]) -> usize) -> usize {
        self.frames.set(0);
        take(&self.samples.borrow()[..frames * self.channels])
    }
}

impl Source for Rc<Fifo> {
    fn available(&mut self) -> usize {
        match self.frames.get() {
            0 if self.over.get() => usize::MAX,
            frames => frames,
        }
    }

    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let frames = self.frames.get().min(block.len() / info.channels);
        let samples = frames * self.channels;
        let mut held = self.samples.borrow_mut();
        block[..samples].copy_from_slice(&held[..samples]);
        held.copy_within(samples..self.frames.get() * self.channels, 0);
        self.frames.set(self.frames.get() - frames);
        frames
    }
}

/// A source that can be told that its sound jumps.
pub(super) struct Steered {
    pub source: Box<dyn Source>,
    pub jump: Rc<Cell<bool>>,
}

impl Source for Steered {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.source.render(block, info)
    }

    fn available(&mut self) -> usize {
        self.source.available()
    }

    fn jumped(&mut self) -> bool {
        self.jump.take() | self.source.jumped()
    }

    fn prepare(&mut self) -> bool {
        self.source.prepare()
    }

    fn failure(&self) -> Option<String> {
        self.source.failure()
    }
}
