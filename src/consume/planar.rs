//! Samples channel by channel, as the browser wants them.

/// Room for one quantum: each channel's frames lie together, `stride` apart.
#[derive(Debug)]
pub struct Planar {
    samples: Box<[f32]>,
    stride: usize,
    /// Frames in use, at most `stride`.
    frames: usize,
}

impl Planar {
    /// Room for `frames` frames of `channels` channels. Allocates.
    pub fn new(channels: usize, frames: usize) -> Self {
        Planar {
            samples: vec![0.0; channels * frames].into(),
            stride: frames,
            frames: 0,
        }
    }

    /// Where the first channel begins; the others follow [`Planar::stride`] samples apart.
    pub fn as_ptr(&self) -> *const f32 {
        self.samples.as_ptr()
    }

    /// Frames between the beginnings of two channels.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Frames in use.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Changes the frames in use, at most [`Planar::stride`].
    pub fn set_frames(&mut self, frames: usize) {
        self.frames = frames.min(self.stride);
    }

    /// One channel's frames in use.
    pub fn channel(&self, channel: usize) -> &[f32] {
        &self.samples[channel * self.stride..][..self.frames]
    }

    /// One channel's frames in use, to be changed.
    pub fn channel_mut(&mut self, channel: usize) -> &mut [f32] {
        &mut self.samples[channel * self.stride..][..self.frames]
    }

    /// All channels' frames in use.
    pub(crate) fn channels_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let frames = self.frames;
        self.samples
            .chunks_exact_mut(self.stride)
            .map(move |channel| &mut channel[..frames])
    }

    /// Spreads interleaved frames over the channels, from frame `at` on.
    #[inline]
    pub(crate) fn deinterleave(&mut self, interleaved: &[f32], at: usize) {
        let channels = self.samples.len() / self.stride;
        match channels {
            1 => self.samples[at..at + interleaved.len()].copy_from_slice(interleaved),
            2 => {
                // Groups of a fixed length become shuffles of whole vectors.
                let frames = interleaved.len() / 2;
                let (left, right) = self.samples.split_at_mut(self.stride);
                let (left, right) = (&mut left[at..at + frames], &mut right[at..at + frames]);
                let (groups, rest) = interleaved.as_chunks::<8>();
                let ((lefts, left), (rights, right)) = (left.as_chunks_mut::<4>(), right.as_chunks_mut::<4>());
                for (([l0, r0, l1, r1, l2, r2, l3, r3], left), right) in groups.iter().zip(lefts).zip(rights) {
                    *left = [*l0, *l1, *l2, *l3];
                    *right = [*r0, *r1, *r2, *r3];
                }
                for (([l, r], left), right) in rest.as_chunks().0.iter().zip(left).zip(right) {
                    (*left, *right) = (*l, *r);
                }
            }
            _ => {
                for (channel, samples) in self.samples.chunks_exact_mut(self.stride).enumerate() {
                    for (sample, frame) in samples[at..].iter_mut().zip(interleaved.chunks_exact(channels)) {
                        *sample = frame[channel];
                    }
                }
            }
        }
    }
}
