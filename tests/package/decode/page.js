// Files that play through noxrun-decode, and what their outputs' nodes put out, frame by frame: what tests/package/decode.test.mjs drives, as `window.d`.

import { createPlayback } from 'noxrun-decode';

/** Numbered files: a sample is its frame's number, from 1, times this. */
const STEP = 2 ** -23;
/** Numbered frames in a row that cannot be chance within a fade. */
const LEAST_RUN = 64;
/** In ms, for anything that is waited for. */
const PATIENCE = 60_000;

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A WAV file of floats: frame n is n + 1 on the left, and the negative of that on the right. */
function numbered(frames, rate) {
  const view = new DataView(new ArrayBuffer(44 + 8 * frames));
  const text = (at, letters) => [...letters].forEach((letter, nth) => view.setUint8(at + nth, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 3, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 8 * rate, true);
  view.setUint16(32, 8, true);
  view.setUint16(34, 32, true);
  text(36, 'data');
  view.setUint32(40, 8 * frames, true);
  for (let frame = 0; frame < frames; frame += 1) {
    view.setFloat32(44 + 8 * frame, (frame + 1) * STEP, true);
    view.setFloat32(48 + 8 * frame, -(frame + 1) * STEP, true);
  }
  return new File([view.buffer], 'numbered.wav');
}

/** What one node puts out. */
class Recording {
  blocks = [];
  frames = 0;

  constructor(node) {
    this.tap = new AudioWorkletNode(node.context, 'tap', { channelCount: 2, channelCountMode: 'explicit', channelInterpretation: 'discrete' });
    this.tap.port.onmessage = ({ data }) => {
      this.blocks.push(data);
      this.frames += data.length / 2;
    };
    // Only what leads to the destination is rendered; it is silent.
    node.connect(this.tap).connect(node.context.destination);
  }

  /** One side, 0 or 1, of all that was recorded. */
  side(channel) {
    const all = new Float32Array(this.frames);
    let at = 0;
    for (const block of this.blocks) {
      const half = block.length / 2;
      all.set(block.subarray(channel * half, (channel + 1) * half), at);
      at += half;
    }
    return all;
  }

  /** Stretches of a numbered file, frame after frame and the same on both sides: [{at, first, frames}]. Between them lie fades and silence. */
  runs() {
    const [left, right] = [this.side(0), this.side(1)];
    const found = [];
    let run = null;
    const keep = () => {
      if (run && run.frames >= LEAST_RUN) found.push(run);
      run = null;
    };
    left.forEach((sample, at) => {
      const frame = sample / STEP - 1;
      if (!Number.isInteger(frame) || frame < 0 || right[at] !== -sample) keep();
      else if (run && frame === run.first + run.frames) run.frames += 1;
      else {
        keep();
        run = { at, first: frame, frames: 1 };
      }
    });
    keep();
    return found;
  }
}

const told = (error) => ({ name: error.name, code: error.code, problem: error.problem, url: error.url, message: error.message });

window.d = {
  sleep,
  numbered,
  createPlayback,

  /** Opens `request` in a context of `sampleRate` Hz that has the tap; what the file says of itself. */
  async open(request, sampleRate = 44_100) {
    const context = new AudioContext({ sampleRate });
    await context.audioWorklet.addModule('tap.js');
    const playback = await createPlayback({ context, ...request });
    const recording = new Recording(playback.output.node);
    Object.assign(this, { context, playback, recording, ended: 0, failures: [] });
    playback.onended = () => { this.ended += 1; };
    playback.onfailure = (error) => this.failures.push(told(error));
    const { duration, info, tags } = playback;
    return { duration, info, tags };
  },

  async fixture(name) {
    return new File([await (await fetch(`/fixtures/${name}`)).arrayBuffer()], name);
  },

  /** How `request` is refused. */
  async refused(request) {
    try {
      const playback = await createPlayback(request);
      await playback.close();
      return null;
    } catch (error) {
      return told(error);
    }
  },

  async until(test) {
    for (const end = performance.now() + PATIENCE; !test(); await sleep(10)) {
      if (performance.now() > end) {
        const { output, currentTime, failure } = this.playback;
        throw new Error(`waited for ${test}: ${JSON.stringify({ state: output.state, currentTime, failure: failure?.message, ended: this.ended, stats: output.stats.ledger })}`);
      }
    }
  },

  /** Waits until so many more seconds were recorded: by the audio clock, so that a slow machine only takes longer. */
  plays(seconds) {
    const wanted = this.recording.frames + seconds * this.context.sampleRate;
    return this.until(() => this.recording.frames >= wanted);
  },

  /** Ends it; what the ledger says in the end. */
  async close() {
    const { state } = this.playback.output;
    const { ledger, underruns, transport } = await this.playback.close();
    await this.context.close();
    return { state, ledger, underruns: underruns.events, transport };
  },
};
document.documentElement.dataset.ready = '';
