//! What the producer's thread needs for its work.

use super::world::World;
use crate::inject::Random;
use crate::render::{RenderInfo, Source};

/// A producer's thread: how soon it wakes, how long it works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worker {
    /// From a call to running, at least, in ms.
    pub wake_ms: f64,
    /// Mean of what comes on top (exponentially distributed), in ms.
    pub wake_jitter_ms: f64,
    /// Time that a block takes, as a share of the time that it lasts.
    pub load: f64,
    /// Each block takes up to this share of that time more or less; 0 to 1.
    pub load_jitter: f64,
    /// How long it takes to clear up a heap of garbage ([`Hands::litter`](crate::inject::Hands::litter)), in ms.
    pub litter_ms: f64,
    /// Decides both jitters.
    pub seed: u64,
}

impl Default for Worker {
    /// As measured in Chromium: awake after 0.1 ms, and a source that is no trouble.
    fn default() -> Self {
        Worker {
            wake_ms: 0.03,
            wake_jitter_ms: 0.1,
            load: 0.1,
            load_jitter: 0.5,
            litter_ms: 0.0,
            seed: 1,
        }
    }
}

/// A source whose rendering takes simulated time.
pub(super) struct Working {
    source: Box<dyn Source>,
    world: World,
    worker: Worker,
    random: Random,
}

impl Working {
    pub fn new(source: Box<dyn Source>, world: World, worker: Worker) -> Self {
        let random = Random::new(worker.seed ^ 0x5EED);
        Working {
            source,
            world,
            worker,
            random,
        }
    }
}

impl Source for Working {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let frames = self.source.render(block, info);
        let lasts_ms = frames as f64 * 1e3 / f64::from(info.sample_rate);
        let jitter = 1.0 + self.worker.load_jitter * (2.0 * self.random.unit() - 1.0);
        self.world.pass(lasts_ms * self.worker.load * jitter);
        self.world.scheduled();
        frames
    }

    fn available(&mut self) -> usize {
        self.source.available()
    }

    fn jumped(&mut self) -> bool {
        self.source.jumped()
    }

    fn prepare(&mut self) -> bool {
        self.source.prepare()
    }

    fn failure(&self) -> Option<String> {
        self.source.failure()
    }
}
