// Sends every quantum that it is given, so that a test sees each frame that an output's node puts out; without shared memory, which not every page has.

class Tap extends AudioWorkletProcessor {
  process([input]) {
    const frames = input[0]?.length ?? globalThis.renderQuantumSize ?? 128;
    const block = new Float32Array(2 * frames);
    for (let channel = 0; channel < Math.min(2, input.length); channel += 1) block.set(input[channel], channel * frames);
    this.port.postMessage(block, [block.buffer]);
    return true;
  }
}

registerProcessor('tap', Tap);
