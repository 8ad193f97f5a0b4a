// The audio thread's end: instantiates the engine's module over the output's shared memory and copies one quantum at a time to the browser.
//
// Self-contained: no imports, since bundlers, content security policies and AudioWorkletGlobalScope each forbid some. No strings cross the
// seam: TextDecoder does not exist here. process() makes no garbage: no closure, no new object, no BigInt, no clock but while
// callbacks are being counted.

// Must match PROCESSOR in src/web/page/context.rs; carries the version because registering one name twice throws.
const NAME = 'noxrun-0.1.0';
// Stack of this thread in the shared memory, in bytes: a multiple of 65,536.
const STACK_BYTES = 65536;
// Bits of what noxrun_quantum returns; must match src/web/worklet.rs.
const SECOND_AREA = 1;
const WANTS_TIME = 2;
const STARTED = 4;

// Functions that the module imports for pages and workers; none is called here.
function stubs(module, memory) {
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = kind === 'memory' ? memory : () => 0;
  }
  return imports;
}

class NoxrunProcessor extends AudioWorkletProcessor {
  constructor({ outputChannelCount, processorOptions: { module, memory, address } }) {
    super();
    this.alive = true;
    this.started = false;
    this.wantsTime = 1;
    this.channels = outputChannelCount[0];
    // Not every browser names the quantum; another one is served in pieces.
    this.frames = globalThis.renderQuantumSize ?? 128;
    this.port.onmessage = () => { this.alive = false; };
    const { exports } = new WebAssembly.Instance(module, stubs(module, memory));
    exports.__wbindgen_start(STACK_BYTES);
    this.exports = exports;
    this.handle = exports.noxrun_attach(address, this.frames);
    if (this.handle === 0) {
      this.port.postMessage('refused');
      this.alive = false;
      return;
    }
    // Made once: views over a shared memory stay valid when it grows.
    this.areas = [0, 1].map((area) => {
      const start = exports.noxrun_staging(this.handle, area);
      return Array.from({ length: this.channels }, (_, channel) =>
        new Float32Array(memory.buffer, start + 4 * channel * this.frames, this.frames));
    });
  }

  process(inputs, outputs) {
    if (!this.alive) return false;
    const output = outputs[0];
    const frames = output[0].length;
    if (frames !== this.frames) return this.pieces(output, frames);
    const told = this.exports.noxrun_quantum(this.handle, frames, this.wantsTime === 0 ? 0 : Date.now());
    const area = this.areas[told & SECOND_AREA];
    for (let channel = 0; channel < output.length; channel += 1) output[channel].set(area[channel]);
    this.wantsTime = told & WANTS_TIME;
    if (!this.started && (told & STARTED) !== 0) this.sayStarted();
    return true;
  }

  // A quantum of another length than the staging areas': piece by piece, sample by sample, still without garbage.
  pieces(output, frames) {
    for (let at = 0; at < frames; at += this.frames) {
      const length = Math.min(this.frames, frames - at);
      const told = this.exports.noxrun_quantum(this.handle, length, 0);
      const area = this.areas[told & SECOND_AREA];
      if (!this.started && (told & STARTED) !== 0) this.sayStarted();
      for (let channel = 0; channel < output.length; channel += 1) {
        const to = output[channel];
        const from = area[channel];
        for (let frame = 0; frame < length; frame += 1) to[at + frame] = from[frame];
      }
    }
    return true;
  }

  // Once in an output's life.
  sayStarted() {
    this.started = true;
    this.port.postMessage('started');
  }
}

registerProcessor(NAME, NoxrunProcessor);
