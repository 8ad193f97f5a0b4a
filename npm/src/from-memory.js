/** See npm/types/worker.d.ts. */
export function fromMemory(memory, render, { planar = false } = {}) {
  // Made again only when the other memory has grown, or the sound lies elsewhere.
  let samples = new Float32Array(0);
  return (block, info) => {
    const { frames, channels } = info;
    const address = render(frames, info);
    // Addresses above 2 GiB come as negative numbers out of Wasm; so does "ended", which is -1.
    if (address === -1 || address === undefined) return 0;
    const at = address >>> 0;
    const length = frames * channels;
    if (samples.buffer !== memory.buffer || samples.byteOffset !== at || samples.length !== length) samples = new Float32Array(memory.buffer, at, length);
    if (!planar || channels === 1) {
      block.set(samples);
      return frames;
    }
    for (let channel = 0; channel < channels; channel += 1) {
      for (let frame = 0; frame < frames; frame += 1) block[frame * channels + channel] = samples[channel * frames + frame];
    }
    return frames;
  };
}
