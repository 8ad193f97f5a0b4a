// The page of these tests: somebody's page with a context of its own, into which it takes one output. Each function is called by a test.

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

const answer = (from) => new Promise((resolve) => {
  from.onmessage = ({ data }) => resolve(data);
  from.postMessage(null);
});

window.engines = {
  context: null,

  where: () => ({ isolated: window.crossOriginIsolated, memory: typeof SharedArrayBuffer !== 'undefined', agent: navigator.userAgent }),

  complaints: () => ({ complaints, warnings }),

  /** A context with the watchers of device and threads. Resolves to its rate when it runs. */
  async begin() {
    this.context = new AudioContext({ sampleRate: 48000 });
    await this.context.audioWorklet.addModule('device.js');
    // The channel count says that it is not connected to anything: it plays silence.
    this.device = new AudioWorkletNode(this.context, 'device', { outputChannelCount: [1] });
    this.device.connect(this.context.destination);
    this.thread = new Worker('thread.js');
    await this.context.resume();
    return this.context.sampleRate;
  },

  /** How the device and the threads behave during `ms`, while the page's own thread is busy for `busy` out of every `every` ms. */
  async watch(ms, { busy = 0, every = 250 } = {}) {
    await Promise.all([answer(this.device.port), answer(this.thread)]);
    const keepBusy = () => {
      for (const until = performance.now() + busy; performance.now() < until; );
    };
    const timer = busy > 0 ? setInterval(keepBusy, every) : null;
    const before = this.context.currentTime;
    const began = performance.now();
    await sleep(ms);
    clearInterval(timer);
    const [device, late] = await Promise.all([answer(this.device.port), answer(this.thread)]);
    return { ...device, threadLateMs: late, seconds: this.context.currentTime - before, wall: (performance.now() - began) / 1000 };
  },

  async end() {
    this.thread?.terminate();
    await this.context?.close();
  },
};
