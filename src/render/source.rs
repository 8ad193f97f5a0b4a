//! What a producer of sound implements.

/// What a [`Source`] is told with each block it is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RenderInfo {
    /// Position of the block's first frame since the source began, in frames.
    pub position: u64,
    /// Position of the block's first frame in the ring, in frames since the output began.
    pub ring_position: u64,
    /// The context's rate in Hz; the same for every block of one source.
    pub sample_rate: f32,
    /// Samples per frame, 1 to 32; the same for every block of one source.
    pub channels: usize,
    /// When the block's first frame will be read by the consumer, in seconds from now: what lies in the ring before it.
    /// The device's own latency comes on top and is known to the page only.
    pub heard_in: f64,
    /// Underrun events of this output so far.
    pub underruns: u64,
}

/// A source of sound that is asked for blocks (pull). For the other style, see `PushWriter`.
///
/// Lives in the producer's worker. It may take its time, within what the ring holds ahead; it runs on no real-time thread.
///
/// ```
/// use noxrun::render::{RenderInfo, Source};
///
/// /// White noise, for one second.
/// struct Noise(u32);
///
/// impl Source for Noise {
///     fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
///         let wanted = block.len() / info.channels;
///         let left = (info.sample_rate as u64).saturating_sub(info.position) as usize;
///         let frames = wanted.min(left);
///         block[..frames * info.channels].fill_with(|| {
///             self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///             (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
///         });
///         frames
///     }
/// }
///
/// let info = RenderInfo { position: 47_900, ring_position: 47_900, sample_rate: 48_000.0, channels: 2, heard_in: 0.04, underruns: 0 };
/// assert_eq!(Noise(1).render(&mut [0.0; 512], &info), 100);
/// ```
pub trait Source {
    /// Fills `block` (interleaved, `info.channels` samples a frame, about -1.0 to 1.0) from its start and returns the frames written,
    /// 0 to `block.len() / info.channels`. Fewer than were asked for means that the source has ended.
    /// Samples that are not finite are zeroed and counted by the caller.
    ///
    /// # Steady state
    /// Allocates nothing: what needs memory is done in [`prepare`](Source::prepare) or when the source is made. The producer counts.
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize;

    /// Frames that [`render`](Source::render) can give now without waiting for anything. When there are none, nothing is rendered: the producer sleeps until somebody calls
    /// ([`Ring::call`](crate::ring::Ring::call)) and asks again. A source that has ended says `usize::MAX`, and ends by rendering less than it was asked for.
    fn available(&mut self) -> usize {
        usize::MAX
    }

    /// Whether the sound has jumped (a seek) since this was last asked: what was rendered before is no longer wanted, and is discarded once it is replaced.
    fn jumped(&mut self) -> bool {
        false
    }

    /// Works ahead, called when the ring is full, before the producer sleeps. May allocate and should take a few milliseconds at most.
    /// Returns whether there is more to do: it is then called again as soon as the ring is full once more.
    fn prepare(&mut self) -> bool {
        false
    }

    /// Why the sound ended before its end, if it did (a damaged file, say), in words for a person. Asked for after the source has ended.
    fn failure(&self) -> Option<String> {
        None
    }
}
