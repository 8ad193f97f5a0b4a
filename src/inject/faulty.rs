//! A source with faults.

use super::Injector;
use super::blocks::Blocks;
use crate::render::{RenderInfo, Source};

/// Any source, with the faults of an [`Injector`].
pub(super) struct Faulty {
    source: Box<dyn Source>,
    injector: Injector,
    blocks: Blocks,
}

impl Faulty {
    /// Blocks have up to `samples` samples.
    pub fn new(source: Box<dyn Source>, injector: Injector, samples: usize) -> Self {
        Faulty {
            source,
            injector,
            blocks: Blocks::new(samples),
        }
    }
}

impl Source for Faulty {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.injector.with(|state| state.before(info.ring_position));
        let plan = self.injector.with(|state| state.blocks);
        let (frames, happened) = self.blocks.render(&mut *self.source, block, info, plan);
        self.injector.with(|state| {
            if let Some(happened) = happened {
                self.blocks.record(&state.records, happened, state.epoch_ms());
            }
            if frames > 0 {
                state.after(frames, info);
            }
        });
        frames
    }

    fn available(&mut self) -> usize {
        self.source.available()
    }

    fn jumped(&mut self) -> bool {
        let jumped = self.source.jumped();
        if jumped {
            self.blocks.begin_anew();
        }
        jumped
    }

    fn prepare(&mut self) -> bool {
        self.source.prepare()
    }

    fn failure(&self) -> Option<String> {
        self.source.failure()
    }
}
