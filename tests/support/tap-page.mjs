// In the page: records what comes out of every output's node, frame by frame, from its very first one; and reads such recordings.
//
// The tap is a second AudioWorkletNode that the output's node is connected to in the same task in which it is connected for the first time. It writes to shared memory,
// so that what was recorded can be read at any moment and the audio thread makes no garbage.

/** Channels of a recording. */
const CHANNELS = 2;
/** What one recording holds at most, in frames: about 90 s. */
const CAPACITY = 1 << 22;
/** Indices into the counters; as in tap-worklet.js. */
const FRAMES = 0;
const FIRST = 1;
const LOST = 2;
/** Frames of the engine's fades, at every cut. */
const FADE = 128;
/** In ms, for anything that is waited for. */
const PATIENCE = 30_000;
/** Numbered files: a sample of 24 bits is its number times this. */
const STEP = 2 ** -23;
/** Numbered frames in a row that cannot be chance within a fade. */
const LEAST_RUN = 32;

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What one node put out. */
class Recording {
  constructor(node) {
    this.context = node.context;
    this.counters = new Int32Array(new SharedArrayBuffer(12));
    this.samples = new Float32Array(new SharedArrayBuffer(4 * CHANNELS * CAPACITY));
    this.tap = new AudioWorkletNode(node.context, 'tap', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: CHANNELS,
      channelCountMode: 'explicit',
      channelInterpretation: 'discrete',
      processorOptions: { counters: this.counters.buffer, samples: this.samples.buffer },
    });
    connect.call(node, this.tap);
    // Only what leads to the destination is rendered; it is silent.
    connect.call(this.tap, node.context.destination);
  }

  /** Frames recorded so far. */
  get frames() { return Atomics.load(this.counters, FRAMES); }
  /** The context's number of the first one. */
  get first() { return Atomics.load(this.counters, FIRST); }
  /** Frames of the context's time that were not recorded: none, or the recording proves nothing. */
  get lost() { return Atomics.load(this.counters, LOST); }

  at(frame, channel = 0) { return this.samples[CHANNELS * frame + channel]; }
}

const recordings = new WeakMap();
const { connect } = AudioNode.prototype;
const { addModule } = AudioWorklet.prototype;

AudioWorklet.prototype.addModule = async function (url, options) {
  await Promise.all([addModule.call(this, url, options), addModule.call(this, new URL('tap-worklet.js', import.meta.url).href)]);
};
AudioNode.prototype.connect = function (...to) {
  if (this instanceof AudioWorkletNode && !recordings.has(this)) recordings.set(this, new Recording(this));
  return connect.apply(this, to);
};

/** An output that is recorded. */
class Session {
  constructor(output) {
    this.output = output;
    this.recording = recordings.get(output.node);
    this.rate = this.recording.context.sampleRate;
    /** What to add to a frame's number in the ledger's count for its place in the recording. */
    this.offset = -Infinity;
  }

  /** Finds out the offset: both counts are asked for until no quantum was half over. */
  async align() {
    for (let nth = 0; nth < 10; nth += 1) {
      await sleep(2);
      const before = this.recording.frames;
      const { requested } = await this.ledger();
      if (this.recording.frames === before) this.offset = Math.max(this.offset, before - requested);
    }
    return this;
  }

  /** The ledger; asked for until it stands still. */
  async ledger() {
    for (const end = performance.now() + PATIENCE; performance.now() < end; await sleep(1)) {
      const ledger = this.output.stats();
      if (ledger) return ledger;
    }
    throw new Error('the ledger never stood still');
  }

  /** Waits until `test()` is true. */
  async until(test, what = String(test)) {
    for (const end = performance.now() + PATIENCE; !(await test()); await sleep(10)) {
      const { state, position, failures } = this.output;
      if (performance.now() > end) {
        throw new Error(`waited for ${what}; state ${state}, position ${JSON.stringify(position)}, failures ${JSON.stringify(failures)}, ${this.recording.frames} frames recorded`);
      }
    }
  }

  state(wanted) { return this.until(() => this.output.state === wanted, `the state ${wanted}`); }

  /** Waits until so many more seconds were recorded: by the audio clock, so that a slow machine only takes longer. */
  plays(seconds) {
    const wanted = this.recording.frames + Math.round(seconds * this.rate);
    return this.until(() => this.recording.frames >= wanted, `${seconds} s of sound`);
  }

  /** Ends the output; what it was found to have done. */
  async close() {
    await this.output.close();
    const ledger = await this.ledger();
    return { ledger, lost: this.recording.lost, failures: this.output.failures };
  }

  /** How far a frame that the device gets now is from being heard, in seconds, as the browser tells. */
  latency() {
    const { context } = this.recording;
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    if (!(contextTime > 0)) return context.outputLatency;
    return Math.max(0, context.currentTime - contextTime - (performance.now() - performanceTime) / 1e3);
  }
}

async function play(options) {
  return new Session(await window.wasmBindings.Output.start({ bufferFrames: 16_384, ...options })).align();
}

async function file(name) {
  const response = await fetch(`fixtures/${name}`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new File([await response.arrayBuffer()], name);
}

/** What ffmpeg decodes from a fixture: interleaved stereo. */
async function reference(name) {
  return new Float32Array(await (await fetch(`fixtures/${name}.f32`)).arrayBuffer());
}

/** A WAV file of `frames` frames; `sample(frame, channel)` in units of the format: `bits` 24, or 32 for floats. */
function wav({ name = 'made.wav', frames, rate, channels = CHANNELS, bits = 24, sample }) {
  const bytes = bits / 8;
  const view = new DataView(new ArrayBuffer(44 + bytes * channels * frames));
  const text = (at, letters) => [...letters].forEach((letter, nth) => view.setUint8(at + nth, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, bits === 32 ? 3 : 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, bytes * channels * rate, true);
  view.setUint16(32, bytes * channels, true);
  view.setUint16(34, bits, true);
  text(36, 'data');
  view.setUint32(40, view.byteLength - 44, true);
  let at = 44;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let channel = 0; channel < channels; channel += 1, at += bytes) {
      const value = sample(frame, channel);
      if (bits === 32) {
        view.setFloat32(at, value, true);
      } else {
        view.setUint16(at, value & 0xffff, true);
        view.setInt8(at + 2, value >> 16);
      }
    }
  }
  return new File([view.buffer], name);
}

/** A file whose frames say who they are: frame n is n + 1 on the left, and `code` on the right. */
function numbered({ name, frames, rate, code = 1 }) {
  return wav({ name, frames, rate, sample: (frame, channel) => (channel === 0 ? frame + 1 : code) });
}

/**
 * Where a recording of numbered files is what the files hold, bit by bit: stretches of frames that follow one another, {at, frames, first, code}. Between them lie fades, and silence.
 */
function runs({ recording }, from = 0, to = recording.frames) {
  const found = [];
  let run = null;
  const keep = () => {
    if (run && run.frames >= LEAST_RUN) found.push(run);
    run = null;
  };
  for (let at = from; at < to; at += 1) {
    const first = recording.at(at) / STEP - 1;
    const code = recording.at(at, 1) / STEP;
    if (!Number.isInteger(first) || first < 0 || !Number.isInteger(code) || code < 1) keep();
    else if (run && first === run.first + run.frames && code === run.code) run.frames += 1;
    else {
      keep();
      run = { at, frames: 1, first, code };
    }
  }
  keep();
  return found;
}

/** Frames that were missing between two places of a recording, by the ledger's log of underruns. */
function missing({ offset }, ledger, from, to) {
  return ledger.underruns.log.reduce((sum, { frame, frames }) => {
    const at = frame + offset;
    return sum + Math.max(0, Math.min(to, at + frames) - Math.max(from, at));
  }, 0);
}

/**
 * The frames that came from the ring, of an output that was neither paused nor sought in: without the silence before them and what underruns put between. `sound` is interleaved;
 * `faded(frame)` says whether a fade after an underrun changed that one.
 */
function fresh({ recording, offset }, ledger) {
  const sound = new Float32Array(CHANNELS * ledger.fresh);
  const fades = [];
  let at = ledger.silent.startup + offset;
  let frames = 0;
  const take = (to) => {
    sound.set(recording.samples.subarray(CHANNELS * at, CHANNELS * to), CHANNELS * frames);
    frames += to - at;
    at = to;
  };
  for (const underrun of ledger.underruns.log) {
    take(underrun.frame + offset);
    fades.push(frames);
    at += underrun.frames;
  }
  take(at + ledger.fresh - frames);
  return { frames, sound, faded: (frame) => fades.some((from) => frame >= from && frame < from + FADE) };
}

/** How two sounds differ in their first `frames` frames, those that `faded` names left out: where first, how many frames, and by how much at most. */
function differ(sound, wanted, frames, faded = () => false) {
  const told = { first: -1, count: 0, most: 0 };
  for (let frame = 0; frame < frames; frame += 1) {
    if (faded(frame)) continue;
    let by = 0;
    for (let at = CHANNELS * frame; at < CHANNELS * (frame + 1); at += 1) {
      // Also where there is nothing to compare with.
      const off = Math.abs(sound[at] - wanted[at]);
      by = Math.max(by, off >= 0 ? off : Infinity);
    }
    if (by === 0) continue;
    if (told.count === 0) told.first = frame;
    told.count += 1;
    told.most = Math.max(told.most, by);
  }
  return told;
}

/** Where `count` frames of `wanted` (interleaved) from frame `of` lie in a recording, bit by bit, from frame `from` on; -1: nowhere. */
function find({ recording }, wanted, of, count, from) {
  const same = (at) => {
    for (let sample = 0; sample < CHANNELS * count; sample += 1) {
      if (recording.samples[CHANNELS * at + sample] !== wanted[CHANNELS * of + sample]) return false;
    }
    return true;
  };
  for (let at = from; at + count <= recording.frames; at += 1) if (same(at)) return at;
  return -1;
}

window.tap = { play, file, reference, wav, numbered, runs, missing, fresh, differ, find, sleep, STEP, FADE, CHANNELS };
