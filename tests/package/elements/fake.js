// An output as npm/types/index.d.ts describes it, whose figures a test decides; and a playback of silence for the player.

const CAUSES = ['startup', 'render-too-slow', 'woken-late', 'stalled', 'callback-burst', 'ring-too-small', 'producer-lost', 'ended', 'seek', 'suspended', 'rate-mismatch', 'unknown'];

export class FakeOutput extends EventTarget {
  /** How often the statistics were asked for. */
  looks = 0;
  producer = null;
  handle = null;
  losses = [];
  #stats;

  constructor(context = null, more = {}) {
    super();
    this.context = context;
    if (context) this.node = new GainNode(context);
    this.#stats = {
      schema: 1,
      at: 0,
      state: 'ready',
      transport: 'shared',
      sampleRate: 48_000,
      channels: 2,
      bufferFrames: 2048,
      blockFrames: 256,
      callbackFrames: 512,
      fillFrames: 0,
      ledger: {
        requestedFrames: 0,
        freshFrames: 0,
        repeatedFrames: 0,
        concealedFrames: 0,
        silentFrames: 0,
        silentBy: { startup: 0, paused: 0, ended: 0, disconnected: 0, underrun: 0 },
        producedFrames: 0,
        droppedFrames: 0,
        droppedBy: { overflow: 0, superseded: 0, seek: 0, skippedLate: 0, lost: 0 },
        inFlightFrames: 0,
        tornFrames: 0,
        imbalanceFrames: 0,
      },
      quanta: { total: 0, duplicate: 0, starved: 0 },
      underruns: { events: 0, frames: 0, longestFrames: 0, byCause: Object.fromEntries(CAUSES.map((name) => [name, 0])) },
      overruns: { events: 0 },
      device: null,
      latency: { ringMs: 0, baseMs: null, outputMs: null, totalMs: null },
      producer: { renderLoad: null, longestBlockMs: null, blocks: 0, sleeps: 0, timeOuts: 0, wakeLatenessMs: null },
      recoveries: 0,
      startup: { engineMs: 1, producerMs: 1, nodeMs: 1, firstFrameMs: null },
    };
    this.set(more);
  }

  get stats() {
    this.looks += 1;
    return structuredClone(this.#stats);
  }
  get state() {
    return this.#stats.state;
  }
  get transport() {
    return this.#stats.transport;
  }
  get bufferFrames() {
    return this.#stats.bufferFrames;
  }
  set bufferFrames(frames) {
    this.#stats.bufferFrames = frames;
  }

  /** Changes figures; nested ones as in `{underruns: {events: 1, byCause: {stalled: 1}}}`. */
  set(more) {
    const before = this.#stats.state;
    const merge = (into, from) => {
      for (const [key, value] of Object.entries(from)) {
        if (value !== null && typeof value === 'object' && into[key] !== null && typeof into[key] === 'object') merge(into[key], value);
        else into[key] = value;
      }
    };
    merge(this.#stats, more);
    const { state } = this.#stats;
    if (state !== before) this.dispatchEvent(new CustomEvent('statechange', { detail: { state, before } }));
  }

  async look() {
    return this.stats;
  }
  async start() {
    this.set({ state: 'running' });
  }
  async stop() {
    this.set({ state: 'stopped' });
  }
  flush() {}
  async close() {
    this.set({ state: 'closed' });
    return this.stats;
  }
}

/** Records what the player asks of it. */
export class FakePlayback {
  calls = [];
  duration = 60;
  currentTime = 0;
  onended = null;
  /** Rejects `play()`. */
  refuses = null;

  constructor(request) {
    this.request = request;
    this.output = new FakeOutput(request.context, { bufferFrames: request.bufferFrames });
  }

  async play() {
    this.calls.push('play');
    if (this.refuses) throw this.refuses;
    await this.output.start();
  }
  async pause() {
    this.calls.push('pause');
    await this.output.stop();
  }
  async seek(seconds) {
    this.calls.push(`seek ${seconds}`);
    this.currentTime = seconds;
  }
  async close() {
    this.calls.push('close');
    await this.output.close();
  }
}
