//! Faults of whole blocks: left out, put out again, torn, one in place of another.

use super::FaultKind;
use super::injector::BlockFaults;
use super::record::{Record, Records};
use crate::render::{RenderInfo, Source};

/// Blocks in a group that is handed out as references to one buffer.
const GROUP: u64 = 3;

/// Puts faults into the blocks of one source. At most one fault in a block: what else is due comes with the next ones, so that the index signal can tell each of them exactly.
pub(super) struct Blocks {
    /// The plan that is followed, by its number.
    plan: (u64, BlockFaults),
    /// Blocks since the sound began. The first one is whole: nothing lies before it that it could miss.
    block: u64,
    /// Block at which each kind is due next, in the order of `KINDS`.
    next: [u64; KINDS.len()],
    /// What the source has rendered beyond what was put out, in frames; wraps where it is less.
    shift: u64,
    /// The latest block as the source rendered it.
    last: Vec<f32>,
    last_frames: usize,
    spare: Vec<f32>,
    /// How often the latest block is still to be put out again instead of others.
    again: u64,
    aliased: Option<(Record, f64)>,
}

/// In the order in which they come when several are due.
const KINDS: [FaultKind; 4] = [FaultKind::Skip, FaultKind::Replay, FaultKind::Tear, FaultKind::Alias];

/// What was done to a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Happened {
    kind: FaultKind,
    /// Place in the ring of the first frame that it shows at.
    position: u64,
    frames: u64,
    /// It goes on with what was done to the blocks before.
    goes_on: bool,
}

impl Blocks {
    pub fn new(samples: usize) -> Self {
        Blocks {
            plan: Default::default(),
            block: 0,
            next: [u64::MAX; KINDS.len()],
            shift: 0,
            last: vec![0.0; samples],
            last_frames: 0,
            spare: vec![0.0; samples],
            again: 0,
            aliased: None,
        }
    }

    /// Another sound begins.
    pub fn begin_anew(&mut self) {
        (self.block, self.shift, self.last_frames, self.again) = (0, 0, 0, 0);
        self.arrange();
    }

    /// From here on the faults come at their distances.
    fn arrange(&mut self) {
        let every = self.plan.1.every();
        self.next = every.map(|every| every.map_or(u64::MAX, |every| self.block + every));
    }

    /// Renders a block of `source`. Returns its frames and what was done to it.
    ///
    /// # Steady state
    /// Allocates nothing.
    pub fn render(
        &mut self,
        source: &mut dyn Source,
        block: &mut [f32],
        info: &RenderInfo,
        plan: (u64, BlockFaults),
    ) -> (usize, Option<Happened>) {
        if info.position == 0 {
            self.begin_anew();
        }
        if self.plan.0 != plan.0 {
            self.plan = plan;
            self.arrange();
        }
        let frames = block.len() / info.channels;
        let (written, happened) = match self.due(source, frames, block.len()) {
            None => (self.next_of(source, block, info), None),
            Some(FaultKind::Skip) => self.skip(source, block, info),
            Some(FaultKind::Replay) => self.replay(block, info, frames),
            Some(FaultKind::Tear) => return self.tear(source, block, info),
            Some(_) if self.again > 0 => self.alias_again(block, info, frames),
            Some(_) => self.alias(source, block, info),
        };
        self.put_out(block, written, info.channels);
        (written, happened)
    }

    /// Keeps what was put out, as long as there may be use for it.
    fn put_out(&mut self, block: &[f32], frames: usize, channels: usize) {
        self.block += u64::from(frames > 0);
        self.last_frames = 0;
        let samples = frames * channels;
        if self.plan.1 != BlockFaults::default() && samples <= self.last.len() {
            self.last[..samples].copy_from_slice(&block[..samples]);
            self.last_frames = frames;
        }
    }

    /// What is to be done to a block of `frames`, if anything.
    fn due(&mut self, source: &mut dyn Source, frames: usize, samples: usize) -> Option<FaultKind> {
        if samples > self.spare.len() {
            return None;
        }
        let known = self.last_frames >= frames;
        if self.again > 0 {
            if known {
                return Some(FaultKind::Alias);
            }
            self.again = 0;
        }
        if self.next.iter().all(|next| *next > self.block) {
            return None;
        }
        let available = source.available();
        let possible = |kind| match kind {
            FaultKind::Skip => available >= 2 * frames,
            FaultKind::Alias => available >= GROUP as usize * frames,
            _ => known,
        };
        let due = (0..KINDS.len()).filter(|nth| self.next[*nth] <= self.block && possible(KINDS[*nth]));
        // The one that waits longest.
        let nth = due.min_by_key(|nth| self.next[*nth])?;
        self.next[nth] = self.block + self.plan.1.every()[nth].unwrap_or(u64::MAX - self.block);
        Some(KINDS[nth])
    }

    /// The source's next block; returns its frames.
    fn next_of(&self, source: &mut dyn Source, block: &mut [f32], info: &RenderInfo) -> usize {
        let position = info.position.wrapping_add(self.shift);
        let frames = source.render(block, &RenderInfo { position, ..*info });
        frames.min(block.len() / info.channels)
    }

    /// The same into the spare buffer.
    fn next_aside(&mut self, source: &mut dyn Source, samples: usize, info: &RenderInfo) -> usize {
        let mut spare = core::mem::take(&mut self.spare);
        let frames = self.next_of(source, &mut spare[..samples], info);
        self.spare = spare;
        frames
    }

    fn skip(&mut self, source: &mut dyn Source, block: &mut [f32], info: &RenderInfo) -> (usize, Option<Happened>) {
        let samples = block.len();
        let frames = samples / info.channels;
        let first = self.next_aside(source, samples, info);
        if first == frames {
            self.shift = self.shift.wrapping_add(frames as u64);
            let second = self.next_of(source, block, info);
            if second > 0 {
                return (second, Some(Happened::new(FaultKind::Skip, info.ring_position, frames)));
            }
            self.shift = self.shift.wrapping_sub(frames as u64);
        }
        // The sound ends here: with nothing behind them, frames are not skipped but missing at the end.
        block.copy_from_slice(&self.spare[..samples]);
        (first, None)
    }

    fn replay(&mut self, block: &mut [f32], info: &RenderInfo, frames: usize) -> (usize, Option<Happened>) {
        self.put_last(block, frames, info.channels);
        self.shift = self.shift.wrapping_sub(frames as u64);
        (frames, Some(Happened::new(FaultKind::Replay, info.ring_position, frames)))
    }

    /// The end of the latest block, `frames` frames of it.
    fn put_last(&self, block: &mut [f32], frames: usize, channels: usize) {
        let from = (self.last_frames - frames) * channels;
        block.copy_from_slice(&self.last[from..from + frames * channels]);
    }

    fn tear(&mut self, source: &mut dyn Source, block: &mut [f32], info: &RenderInfo) -> (usize, Option<Happened>) {
        let channels = info.channels;
        let frames = self.next_of(source, block, info);
        let half = frames / 2;
        self.spare[..frames * channels].copy_from_slice(&block[..frames * channels]);
        let offset = (self.last_frames - frames) * channels;
        let before = self.last[offset + half * channels..].chunks_exact(channels);
        for (frame, before) in block[half * channels..frames * channels].chunks_exact_mut(channels).zip(before) {
            match frame {
                // No channel that it could disagree with: so it becomes what can be in neither block, beyond 0 from both.
                [one] => *one = -(one.abs() + before[0].abs()) / 2.0,
                _ => frame[channels / 2..].copy_from_slice(&before[channels / 2..]),
            }
        }
        // What comes again later comes whole.
        core::mem::swap(&mut self.last, &mut self.spare);
        self.last_frames = frames;
        self.block += u64::from(frames > 0);
        let torn = frames - half;
        let happened = Happened::new(FaultKind::Tear, info.ring_position + half as u64, torn);
        (frames, (torn > 0).then_some(happened))
    }

    /// The first block of a group: the newest of the group, as far as the source reaches.
    fn alias(&mut self, source: &mut dyn Source, block: &mut [f32], info: &RenderInfo) -> (usize, Option<Happened>) {
        let frames = block.len() / info.channels;
        let first = self.next_of(source, block, info);
        if first < frames {
            return (first, None);
        }
        let samples = block.len();
        for _ in 1..GROUP {
            self.shift = self.shift.wrapping_add(frames as u64);
            if self.next_aside(source, samples, info) < frames {
                self.shift = self.shift.wrapping_sub(frames as u64);
                break;
            }
            block.copy_from_slice(&self.spare[..samples]);
            self.again += 1;
        }
        let happened = Happened::new(FaultKind::Alias, info.ring_position, 0);
        (frames, (self.again > 0).then_some(happened))
    }

    /// The same once more.
    fn alias_again(&mut self, block: &mut [f32], info: &RenderInfo, frames: usize) -> (usize, Option<Happened>) {
        self.put_last(block, frames, info.channels);
        self.shift = self.shift.wrapping_sub(frames as u64);
        self.again -= 1;
        if self.again == 0 {
            // The next group follows at once, unless another fault waits already.
            self.next[KINDS.len() - 1] = self.plan.1.alias.map_or(u64::MAX, |_| self.block + 1);
        }
        let happened = Happened {
            goes_on: true,
            ..Happened::new(FaultKind::Alias, info.ring_position, frames)
        };
        (frames, Some(happened))
    }

    /// Records what was done to the latest block, at `at_ms` since the epoch.
    pub fn record(&mut self, records: &Records, happened: Happened, at_ms: f64) {
        let Happened {
            kind,
            position,
            frames,
            goes_on,
        } = happened;
        if goes_on {
            if let Some((record, began_ms)) = self.aliased {
                records.goes_on(record, at_ms - began_ms, frames);
            }
            return;
        }
        let record = records.begin(kind, at_ms, position, frames);
        if kind == FaultKind::Alias {
            self.aliased = Some((record, at_ms));
        }
    }
}

impl Happened {
    fn new(kind: FaultKind, position: u64, frames: usize) -> Self {
        Happened {
            kind,
            position,
            frames: frames as u64,
            goes_on: false,
        }
    }
}

impl BlockFaults {
    /// In the order of `KINDS`.
    fn every(&self) -> [Option<u64>; KINDS.len()] {
        [self.skip, self.replay, self.tear, self.alias]
    }
}
