// The audio thread's end of tests/support/tap-page.mjs: keeps every frame that it is given, at its place by the context's own count.

/** Indices into the counters; as in tap-page.mjs. */
const FRAMES = 0;
const FIRST = 1;
const LOST = 2;
const CHANNELS = 2;

class Tap extends AudioWorkletProcessor {
  constructor({ processorOptions: { counters, samples } }) {
    super();
    this.counters = new Int32Array(counters);
    this.samples = new Float32Array(samples);
    this.frames = 0;
  }

  process([input]) {
    if (this.frames === 0) this.counters[FIRST] = currentFrame;
    // Chromium gives currentFrame its new value only when it gets the graph's lock at once (https://issues.chromium.org/issues/442866743): while the page changes the graph it stands still, for a callback and more,
    // and then leaps to what is right. Taken at its word, these quanta would all be written to one place, and the others left empty.
    const at = Math.max(currentFrame - this.counters[FIRST], this.frames);
    // Frames between two calls that were given to nobody: there should be none.
    this.counters[LOST] += at - this.frames;
    // Nothing is connected, or it is silent: a quantum of zeros, as the memory holds already.
    const frames = input.length > 0 ? input[0].length : (globalThis.renderQuantumSize ?? 128);
    // Full: the recording says so by its length.
    if (CHANNELS * (at + frames) > this.samples.length) return false;
    for (let channel = 0; channel < input.length; channel += 1) {
      const from = input[channel];
      for (let frame = 0; frame < frames; frame += 1) this.samples[CHANNELS * (at + frame) + channel] = from[frame];
    }
    this.frames = at + frames;
    // After the samples.
    Atomics.store(this.counters, FRAMES, this.frames);
    return true;
  }
}

registerProcessor('tap', Tap);
