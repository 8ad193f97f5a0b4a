// Somebody's page with a context of its own, into which it takes one output. The tests call what hangs on `window.engines`.

import { createOutput, availableTransport } from '/index.js';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What this page had to complain about, and was told on the console. */
const complaints = [];
const warnings = [];
addEventListener('error', (event) => complaints.push(`uncaught: ${event.message}`));
addEventListener('unhandledrejection', ({ reason }) => complaints.push(`unhandled: ${reason?.message ?? reason}`));
for (const [name, list] of [['error', complaints], ['warn', warnings]]) {
  const before = console[name];
  console[name] = (...words) => {
    list.push(words.map(String).join(' '));
    before.apply(console, words);
  };
}

// Firefox's page may stand still for ever when it is asked for either of these while an AudioWorklet plays: it waits for the sound server, that for the audio thread, and that for a lock of
// the page's. Seen in Firefox 153 with PulseAudio on a busy machine, without anything of Noxrun's, once in some hundreds of reads, soon after the start and later. So nobody may ask; here nobody is hurt.
if (navigator.userAgent.includes('Firefox')) {
  const asked = (name) => complaints.includes(name) || complaints.push(name);
  Object.defineProperty(AudioContext.prototype, 'outputLatency', { get: () => void asked('outputLatency was read') });
  AudioContext.prototype.getOutputTimestamp = () => {
    asked('getOutputTimestamp was called');
    return {};
  };
}

/** What a watcher (device.js, thread.js) has seen since it was last asked. */
const ask = (watcher) => new Promise((resolve) => {
  watcher.onmessage = ({ data }) => resolve(data);
  watcher.postMessage(null);
});

window.engines = {
  output: null,
  events: [],

  where: () => ({ isolated: window.crossOriginIsolated, memory: typeof SharedArrayBuffer !== 'undefined', transport: availableTransport() }),

  said: () => ({ complaints, warnings }),

  /** A context, and in it an output whose producer is producer.js with `data`; and beside it the watchers of device and threads. Nothing plays before `play`. */
  async open({ data, ...options }) {
    const context = new AudioContext({ sampleRate: 48_000 });
    this.context = context;
    await context.audioWorklet.addModule('device.js');
    this.device = new AudioWorkletNode(context, 'device');
    this.device.connect(context.destination);
    this.thread = new Worker('thread.js');
    this.output = await createOutput({ context, module: new URL('producer.js', location.href), data, ...options });
    this.output.node.connect(context.destination);
    for (const type of ['underrun', 'statechange', 'producerlost', 'recovered']) {
      this.output.addEventListener(type, ({ detail }) => this.events.push({ type, ...detail, error: detail.error && { code: detail.error.code, message: detail.error.message } }));
    }
    return { state: this.output.state, transport: this.output.transport };
  },

  play() {
    return this.output.start();
  },

  /** The figures, the losses, and what happened so far. */
  async look() {
    const stats = await this.output.look();
    return { stats, losses: this.output.losses, events: this.events };
  },

  /** Waits until `frames` fresh frames were played since `play`; or, so that a test can tell why not, for `ms` at most. */
  async played(frames, ms = 40_000) {
    for (const patience = performance.now() + ms; performance.now() < patience; await sleep(50)) {
      if ((await this.output.look()).ledger.freshFrames >= frames) break;
    }
    return this.look();
  },

  /** The same until an event of `type` was heard. */
  async heard(type, ms = 40_000) {
    for (const patience = performance.now() + ms; performance.now() < patience && !this.events.some((event) => event.type === type); await sleep(20));
    return this.look();
  },

  /** What is lost within `ms`, while this thread is busy for `busy` ms four times a second; and what device and threads were like meanwhile. */
  async watch(ms, busy) {
    await Promise.all([ask(this.device.port), ask(this.thread)]);
    const { underruns: before, ledger } = await this.output.look();
    let [times, longest] = [0, 0];
    const keepBusy = () => {
      const began = performance.now();
      while (performance.now() - began < busy);
      times += 1;
      longest = Math.max(longest, performance.now() - began);
    };
    const timer = busy > 0 ? setInterval(keepBusy, 250) : null;
    await sleep(ms);
    clearInterval(timer);
    const { underruns, ledger: now } = await this.output.look();
    const [device, threadLateMs] = await Promise.all([ask(this.device.port), ask(this.thread)]);
    const causes = Object.entries(underruns.byCause).map(([cause, events]) => [cause, events - before.byCause[cause]]).filter(([, events]) => events > 0);
    return {
      underruns: underruns.events - before.events,
      frames: underruns.frames - before.frames,
      causes: Object.fromEntries(causes),
      fresh: now.freshFrames - ledger.freshFrames,
      device,
      threadLateMs: Math.round(threadLateMs),
      busy: { times, longest: Math.round(longest) },
    };
  },

  /** Ends everything; the final figures. */
  async close() {
    const stats = await this.output.close();
    const { state, losses } = this.output;
    this.thread.terminate();
    await this.context.close();
    return { stats, state, losses };
  },

  /** The code of the error that `createOutput` refuses `options` with; null if it does not. */
  async refused(options) {
    try {
      await (await createOutput(options)).close();
      return null;
    } catch (error) {
      return error.code ?? error.message;
    }
  },
};
