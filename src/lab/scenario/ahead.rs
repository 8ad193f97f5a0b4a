//! What is kept ahead of the audio thread, which each strategy says in its own fields.

use super::MAX_BLOCK;
use super::fields::{Fields, Refusal};
use crate::strategy::Strategy;

/// Most frames that anything may keep ahead.
const MAX_AHEAD: usize = 16_384;
/// Frames of a ring when nobody says.
const DEFAULT_BUFFER: usize = 2048;
/// Largest block when nobody says, but where only the newest counts.
const DEFAULT_BLOCK: usize = 256;

/// What is kept ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Blocks, of a queue.
    pub queue_depth: Option<usize>,
    /// Frames in all.
    pub buffer_frames: usize,
    /// Frames rendered at once; 0 where that is always a quantum.
    pub block_frames: usize,
}

/// Whether `bufferFrames` says how much `strategy` keeps ahead.
pub fn takes_buffer(strategy: Strategy) -> bool {
    !strategy.newest_counts() && !matches!(strategy, Strategy::Queue | Strategy::InWorklet)
}

/// Whether `blockFrames` says how much is rendered at once with `strategy`: it does, but inside of `process()`.
pub fn takes_block(strategy: Strategy) -> bool {
    strategy != Strategy::InWorklet
}

impl Ahead {
    /// As `fields` say it for `strategy`.
    pub fn of(fields: &Fields<'_>, strategy: Strategy) -> Result<Ahead, Refusal> {
        if strategy != Strategy::Queue {
            left_out(fields, "queueDepth", strategy, "only a 'queue' has a depth")?;
        }
        if takes_buffer(strategy) {
            return in_a_buffer(fields);
        }
        match strategy {
            Strategy::InWorklet => {
                left_out(fields, "bufferFrames", strategy, "that keeps nothing ahead")?;
                left_out(fields, "blockFrames", strategy, "that renders a quantum at a time")?;
                Ok(Ahead {
                    queue_depth: None,
                    buffer_frames: 0,
                    block_frames: 0,
                })
            }
            Strategy::Queue => {
                let instead = "that keeps `queueDepth` blocks of `blockFrames` ahead, so give these";
                left_out(fields, "bufferFrames", strategy, instead)?;
                in_a_queue(fields)
            }
            _ => {
                left_out(
                    fields,
                    "bufferFrames",
                    strategy,
                    "that keeps one block ahead, so give `blockFrames`",
                )?;
                let block_frames = block(fields)?.unwrap_or(Strategy::DEFAULT_BLOCK);
                Ok(Ahead {
                    queue_depth: None,
                    buffer_frames: block_frames,
                    block_frames,
                })
            }
        }
    }
}

/// Refuses a field that says nothing with `strategy`, and tells `why`.
fn left_out(fields: &Fields<'_>, name: &str, strategy: Strategy, why: &str) -> Result<(), Refusal> {
    match fields.get(name) {
        None => Ok(()),
        Some(_) => Err(fields.wrong(name, format!("left out with `strategy` '{}': {why}", strategy.name()))),
    }
}

fn block(fields: &Fields<'_>) -> Result<Option<usize>, Refusal> {
    let block = fields.whole("blockFrames", 1..=MAX_BLOCK, " frames")?;
    Ok(block.map(|frames| frames as usize))
}

/// The block given, or half the ring and 256 frames at most (as an output does when it is not told).
fn in_a_buffer(fields: &Fields<'_>) -> Result<Ahead, Refusal> {
    let buffer = fields.whole("bufferFrames", 64..=MAX_AHEAD as u64, " frames")?;
    let buffer_frames = buffer.map_or(DEFAULT_BUFFER, |frames| frames as usize);
    let block_frames = block(fields)?.unwrap_or((buffer_frames / 2).min(DEFAULT_BLOCK));
    if block_frames > buffer_frames {
        return Err(fields.wrong(
            "blockFrames",
            format!("at most `bufferFrames`, which is {buffer_frames} frames: a larger block never fits into the ring"),
        ));
    }
    Ok(Ahead {
        queue_depth: None,
        buffer_frames,
        block_frames,
    })
}

fn in_a_queue(fields: &Fields<'_>) -> Result<Ahead, Refusal> {
    let (least, most) = (*Strategy::DEPTH.start(), *Strategy::DEPTH.end());
    let depth = fields.whole("queueDepth", least as u64..=most as u64, " blocks")?;
    let depth = depth.map_or(Strategy::DEFAULT_DEPTH, |blocks| blocks as usize);
    let block_frames = block(fields)?.unwrap_or(Strategy::QUEUE_BLOCK);
    let buffer_frames = depth * block_frames;
    if buffer_frames > MAX_AHEAD {
        // Of the two the one that was given, or both: then neither is more to blame.
        let name = if fields.get("blockFrames").is_some() {
            "blockFrames"
        } else {
            "queueDepth"
        };
        return Err(fields.wrong(
            name,
            format!("small enough for a queue of {MAX_AHEAD} frames: {depth} blocks of {block_frames} are {buffer_frames}"),
        ));
    }
    Ok(Ahead {
        queue_depth: Some(depth),
        buffer_frames,
        block_frames,
    })
}
