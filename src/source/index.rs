//! The frame index as the sample: every loss, repeat and tear is visible in what comes out.

use crate::render::{RenderInfo, Source};

/// Indices run from 0 to `INDEX_PERIOD - 1` and start again: f32 is exact for whole numbers up to 2^24 (349 s at 48 kHz).
pub const INDEX_PERIOD: u64 = 1 << 24;

/// Writes each frame's own index into every channel.
///
/// Never audible: the consumer checks it and multiplies by 0.
#[derive(Debug, Default)]
pub struct Index;

impl Source for Index {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        for (position, frame) in (info.position..).zip(block.chunks_exact_mut(info.channels)) {
            frame.fill((position % INDEX_PERIOD) as f32);
        }
        block.len() / info.channels
    }
}
