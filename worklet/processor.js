// The audio thread's end: instantiates the engine's module over the output's shared memory and copies one quantum at a time to the browser.
//
// Self-contained: no imports, since bundlers, content security policies and AudioWorkletGlobalScope each forbid some. No strings cross the
// seam: TextDecoder does not exist here. process() makes no garbage: no closure, no new object, no BigInt, no clock but while
// callbacks are being counted.

// Must match PROCESSOR in src/web/page/context.rs; carries the version because registering one name twice throws.
const NAME = 'noxrun-0.1.0';
// Stack of this thread in the memory, in bytes: a multiple of 65,536.
const STACK_BYTES = 65536;
// Bits of what noxrun_quantum returns; must match src/web/worklet.rs.
const SECOND_AREA = 1;
const WANTS_TIME = 2;
const STARTED = 4;

// Functions that the module imports for pages and workers. None is called here but those in `given`, by the beginning of their names.
function stubs(module, memory, given) {
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const known = Object.keys(given).find((start) => name.includes(start));
    (imports[from] ??= {})[name] = kind === 'memory' ? memory : given[known] ?? (() => 0);
  }
  return imports;
}

export class NoxrunProcessor extends AudioWorkletProcessor {
  constructor({ outputChannelCount, processorOptions }) {
    super();
    this.channels = outputChannelCount[0];
    // Not every browser names the quantum; another one is served in pieces.
    this.frames = globalThis.renderQuantumSize ?? 128;
    this.port.onmessage = ({ data }) => this.hear(data);
    this.begin(processorOptions);
  }

  // Serves the output that `options` tell of from now on.
  begin(options) {
    this.alive = true;
    this.started = false;
    this.wantsTime = 1;
    this.told = 0;
    this.attach(options);
    if (this.handle === 0) {
      this.port.postMessage('refused');
      this.alive = false;
      return;
    }
    // Where the build counts it: what this thread's work takes.
    this.counts = this.exports.noxrun_busy !== undefined;
    // Made once: views over a shared memory stay valid when it grows.
    this.areas = [0, 1].map((area) => this.planar(this.staging(this.handle, area), this.channels));
  }

  // Views of `channels` channels of a quantum that begin at `start`.
  planar(start, channels) {
    return Array.from({ length: channels }, (_, channel) => new Float32Array(this.memory.buffer, start + 4 * channel * this.frames, this.frames));
  }

  // The module over `memory`, on this thread.
  instantiate(module, memory, given = {}, stack = STACK_BYTES) {
    const { exports } = new WebAssembly.Instance(module, stubs(module, memory, given));
    exports.__wbindgen_start(stack);
    this.memory = memory;
    this.exports = exports;
  }

  // Takes the output's reading end; a handle of 0 is none.
  attach({ module, memory, address }) {
    this.instantiate(module, memory);
    this.address = address;
    this.handle = this.exports.noxrun_attach(address, this.frames);
    this.serve = this.exports.noxrun_quantum;
    this.staging = this.exports.noxrun_staging;
  }

  // Any message ends it.
  hear() {
    this.alive = false;
    this.forget();
    this.port.postMessage('ended');
  }

  // What it held may be collected: this object stays while its port is open, and until this thread collects, which makes no garbage.
  forget() {
    this.exports = null;
    this.memory = null;
    this.areas = null;
    this.serve = null;
    this.staging = null;
  }

  process(inputs, outputs) {
    // What was refused may be given something else; what has ended has forgotten all.
    if (!this.alive) return this.exports !== null;
    const output = outputs[0];
    const frames = output[0].length;
    if (frames !== this.frames) return this.pieces(output, frames);
    const now = this.wantsTime === 0 ? 0 : Date.now();
    const told = this.serve(this.handle, frames, now);
    const area = this.areas[told & SECOND_AREA];
    for (let channel = 0; channel < output.length; channel += 1) output[channel].set(area[channel]);
    this.told = told;
    this.wantsTime = told & WANTS_TIME;
    if (!this.started && (told & STARTED) !== 0) this.sayStarted();
    if (now !== 0 && this.counts) this.exports.noxrun_busy(this.address, Date.now() - now);
    return true;
  }

  // A quantum of another length than the staging areas': piece by piece, sample by sample, still without garbage.
  pieces(output, frames) {
    this.told = 0;
    for (let at = 0; at < frames; at += this.frames) {
      const length = Math.min(this.frames, frames - at);
      const told = this.serve(this.handle, length, 0);
      const area = this.areas[told & SECOND_AREA];
      this.told |= told;
      if (!this.started && (told & STARTED) !== 0) this.sayStarted();
      for (let channel = 0; channel < output.length; channel += 1) {
        const to = output[channel];
        const from = area[channel];
        for (let frame = 0; frame < length; frame += 1) to[at + frame] = from[frame];
      }
    }
    // Nobody has brought the time.
    this.wantsTime = 0;
    return true;
  }

  // Once in an output's life.
  sayStarted() {
    this.started = true;
    this.port.postMessage('started');
  }
}

// A context may have been given another copy of the same version before, which will do: a name can be registered once.
export function register(name, processor) {
  try {
    registerProcessor(name, processor);
  } catch (error) {
    if (error.name !== 'NotSupportedError') throw error;
  }
}

register(NAME, NoxrunProcessor);
