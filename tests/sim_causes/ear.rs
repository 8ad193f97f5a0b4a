//! What is heard of a source that plays its frame index: where it breaks off, and how many frames were put in between. Nothing but samples goes into this.

use std::cell::RefCell;
use std::rc::Rc;

use noxrun::sim::World;

/// So many frames in a row have to count up by one to be the index: neither silence nor a fade does that.
const CERTAIN: u64 = 16;

/// Frames that were put in where the index broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first frame that is not the next index, among all frames put out.
    pub from: u64,
    /// The first frame from which on the index is heard whole again: by a fade in later than it came back.
    pub until: u64,
    /// Frames by which the index is later than before.
    pub frames: u64,
}

#[derive(Clone, Default)]
pub struct Ear(Rc<RefCell<Heard>>);

#[derive(Default)]
struct Heard {
    /// Frames put out.
    frames: u64,
    /// By how much the latest frame's index is behind its place, and how many in a row have been so.
    behind: f64,
    run: u64,
    /// The latest run that was certain: how far behind, and the first frame after it.
    certain: Option<(f64, u64)>,
    gaps: Vec<Gap>,
}

impl Ear {
    pub fn of(world: &World) -> Ear {
        let ear = Ear::default();
        let hearing = ear.0.clone();
        world.listen(move |quantum| {
            let heard = &mut *hearing.borrow_mut();
            for sample in quantum.channel(0) {
                heard.hear(*sample);
            }
        });
        ear
    }

    /// Takes the gaps heard since this was last asked.
    pub fn gaps(&self) -> Vec<Gap> {
        core::mem::take(&mut self.0.borrow_mut().gaps)
    }
}

impl Heard {
    fn hear(&mut self, sample: f32) {
        let behind = self.frames as f64 - f64::from(sample);
        self.run = if behind == self.behind { self.run + 1 } else { 1 };
        self.behind = behind;
        self.frames += 1;
        if self.run < CERTAIN {
            return;
        }
        if let Some((before, end)) = self.certain
            && before != behind
        {
            self.gaps.push(Gap {
                from: end,
                until: self.frames - self.run,
                frames: (behind - before) as u64,
            });
        }
        self.certain = Some((behind, self.frames));
    }
}
