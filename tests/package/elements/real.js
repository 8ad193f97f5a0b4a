// A player that really plays, and what it puts out, frame by frame: what tests/package/elements-play.test.mjs drives.

import '/package/player.js';

/** Numbered files: a sample is its frame's number, from 1, times this. */
const STEP = 2 ** -23;
/** Numbered frames in a row that cannot be chance within a fade. */
const LEAST_RUN = 64;
/** In ms. */
const PATIENCE = 60_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A WAV file of floats at `rate`: frame n is n + 1 on the left, and the negative of that on the right. */
function numbered(seconds, rate) {
  const frames = Math.round(seconds * rate);
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

/** Records the node of every output of `player`. */
class Recording {
  blocks = [];
  frames = 0;

  constructor(player) {
    this.player = player;
    player.addEventListener('noxrun-output', ({ detail: { output } }) => {
      const { node } = output;
      this.tap = new AudioWorkletNode(node.context, 'tap', { channelCount: 2, channelCountMode: 'explicit', channelInterpretation: 'discrete' });
      this.tap.port.onmessage = ({ data }) => {
        this.blocks.push(data);
        this.frames += data.length / 2;
      };
      // Only what leads to the destination is rendered; it is silent.
      node.connect(this.tap).connect(node.context.destination);
    });
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

window.r = {
  sleep,
  numbered,
  /** A player in a context that has the tap, and what it records. */
  async make(prepare = () => {}, context = new AudioContext()) {
    await context.audioWorklet.addModule('tap.js');
    const player = document.createElement('noxrun-player');
    player.context = context;
    player.events = [];
    for (const type of ['loadedmetadata', 'play', 'playing', 'pause', 'seeking', 'seeked', 'ended', 'error']) player.addEventListener(type, () => player.events.push(type));
    const recording = new Recording(player);
    prepare(player);
    document.getElementById('main').append(player);
    Object.assign(this, { player, recording, context });
    return player;
  },
  async until(test) {
    for (const end = performance.now() + PATIENCE; !test(); await sleep(10)) {
      if (performance.now() > end) {
        const { output, currentTime, paused, error, events } = this.player;
        throw new Error(`waited for ${test}: ${JSON.stringify({ state: output?.state, currentTime, paused, error: error?.message, events, stats: output?.stats.ledger })}`);
      }
    }
  },
  /** Waits until so many more seconds were recorded: by the audio clock, so that a slow machine only takes longer. */
  plays(seconds) {
    const wanted = this.recording.frames + seconds * this.context.sampleRate;
    return this.until(() => this.recording.frames >= wanted);
  },
  /** What the ledger says in the end, with the losses. */
  async close() {
    const { output } = this.player;
    const stats = await output.look();
    const { losses, transport } = output;
    await this.player.close();
    return { ledger: stats.ledger, underruns: stats.underruns, losses, transport, state: output.state };
  },
};
// The page makes it and tells of it by itself: a tool that asks a page anything counts as a gesture.
if (location.search === '?autoplay') {
  window.r.player = document.createElement('noxrun-player');
  Object.assign(window.r.player, { src: 'music.ogg', autoplay: true });
  const status = window.r.player.shadowRoot.querySelector('[part="status"]');
  new MutationObserver(() => console.info(`status: ${status.textContent}`)).observe(status, { childList: true, characterData: true, subtree: true });
  document.getElementById('main').append(window.r.player);
}
document.documentElement.dataset.ready = '';
