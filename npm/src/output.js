// One output, on the page: context, node, and one producer after the other.

import { EVERY_MS, ROW, wordsOf } from './book.js';
import { WISH } from './engine.js';
import { describe, NoxrunError, typed } from './errors.js';
import { addProcessor, loadEngine, standBy, takeWorker } from './files.js';
import { Generation } from './generation.js';
import { checkBuffer, read } from './options.js';
import { checkPlace, chooseTransport } from './place.js';
import { deferred, open } from './producing.js';
import { retired, statistics, sum } from './statistics.js';
import { version } from './version.js';

// A fade, one more callback, and some slack, in ms.
const FADE_MS = 50;
// How long a stop may take to be acknowledged before the worker is ended without its consent, in ms.
const STOP_MS = 500;
// How long the browser may take to close a context, in ms.
const CLOSE_MS = 2000;
// How long the browser may take to resume a context that had its gesture, in ms.
const RESUME_MS = 1500;
// A producer that is lost before it has played so long, in ms, so many times in a row, is not started again.
const SHORT_LIFE_MS = 5000;
const SHORT_LIVES = 3;
// The device's latency is asked for no sooner and no more often than so, in ms.
const LATENCY_MS = 1000;
// How often the first frame is looked for, in ms, and for how long.
const FIRST_MS = 4;
const FIRST_PATIENCE_MS = 2000;
// Losses that are kept of producers that are gone.
const KEPT_LOSSES = 1000;
// ProducerState::Ended, in src/ledger/blocks.rs.
const ENDED = 2;

const later = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The module's file and the audio thread's, beside this one unless the user says otherwise. */
const wasmUrl = ({ wasm }) => wasm ?? new URL('./noxrun.wasm', import.meta.url);
const processorUrl = ({ processor }) => processor ?? new URL('./processor.js', import.meta.url);

/** The engine that the options want: the package's, or that of a crate with sound of its own. */
function engineOf({ task, urls }) {
  if (task.kind !== 'glue') return loadEngine(wasmUrl(urls));
  return loadEngine(task.wasm ?? task.url.replace(/\.js(?=$|[?#])/, '_bg.wasm'));
}

/** Whether Noxrun starts the worker. */
const ownsWorker = ({ kind }) => kind === 'sine' || kind === 'index' || kind === 'module' || kind === 'glue';

export async function preload({ urls = {} } = {}) {
  checkPlace();
  await Promise.all([loadEngine(wasmUrl(urls)), standBy(urls.worker)]);
}

export async function createOutput(options) {
  const began = performance.now();
  checkPlace();
  const wanted = read(options);
  wanted.signal?.throwIfAborted();
  const transport = chooseTransport(wanted.transport);
  const output = new Output(wanted, transport, began);
  try {
    await aborted(wanted.signal, output.open());
  } catch (error) {
    await output.abandon();
    throw error === wanted.signal?.reason ? error : typed(error, 'audio', 'the output could not be started');
  }
  return output;
}

/** `work`, unless `signal` comes first. */
function aborted(signal, work) {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason);
    signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

class Output extends EventTarget {
  #wanted;
  #engine = null;
  #context;
  #ownsContext;
  #node = null;
  #generation = null;
  // The one that the audio thread serves, which may not be ready yet.
  #attached = null;
  #worker = null;
  #watch = null;
  #bufferFrames;
  #playing = false;
  #played = false;
  #closing = null;
  #final = null;
  #lost = null;
  #recovering = null;
  #shortLives = 0;
  #recoveries = 0;
  #begunAt = 0;
  #before = null;
  #beforeLosses = [];
  #counted = {};
  #told = {};
  #state = 'ready';
  #startup = { engineMs: null, producerMs: null, nodeMs: null, firstFrameMs: null };
  #began;
  #ears = [];
  #warnedSilent = false;
  // When the first frame was noticed; the device's latency as asked for last, and when.
  #soundsAt = null;
  #latency = null;
  #latencyAt = -Infinity;
  // When start() was first called.
  #startedAt = null;
  // Times that the callback's length was to be counted anew.
  #recounts = 0;
  // The processor has said that it is over.
  #ended = deferred();

  constructor(wanted, transport, began) {
    super();
    this.#wanted = wanted;
    this.#began = began;
    this.transport = transport;
    this.producer = null;
    this.handle = null;
    this.#bufferFrames = wanted.bufferFrames;
    this.#ownsContext = wanted.context === null;
    this.#context = wanted.context ?? ownContext(wanted);
  }

  get context() { return this.#context; }
  get node() { return this.#node; }

  /** Loads what is needed and makes the first generation. */
  async open() {
    const { urls, task, signal } = this.#wanted;
    const worker = ownsWorker(task) ? takeWorker(urls.worker) : null;
    // Whoever waits for the engine first must not leave its failure to nobody.
    worker?.catch(() => {});
    try {
      [this.#engine] = await Promise.all([engineOf(this.#wanted), addProcessor(this.#context, processorUrl(urls))]);
      this.#startup.engineMs = performance.now() - this.#began;
      this.#worker = await worker;
    } catch (error) {
      worker?.then((running) => running.terminate(), () => {});
      throw error;
    }
    if (this.#closing !== null) {
      this.#worker?.terminate();
      return;
    }
    const generation = this.#newGeneration();
    await this.#bring(generation, () => this.#makeNode(generation));
    this.#begin(generation);
    if (generation.error !== null) this.#lose(generation.error);
    this.#watch = setInterval(() => this.#look(), EVERY_MS);
    const on = (target, event, hear) => {
      target.addEventListener(event, hear);
      this.#ears.push(() => target.removeEventListener(event, hear));
    };
    on(this.#context, 'statechange', () => this.#device(false));
    on(this.#context, 'sinkchange', () => this.#device(true));
    if (signal !== undefined) on(signal, 'abort', () => this.close());
    // The next output should not wait for a worker either, nor this one if it loses its own.
    if (ownsWorker(task)) standBy(urls.worker).catch(() => {});
  }

  #newGeneration() {
    const { channels, blockFrames, conceal, task, data } = this.#wanted;
    const settings = {
      channels, limit: this.#bufferFrames, block: Math.min(blockFrames, this.#bufferFrames), sampleRate: this.#context.sampleRate, conceal, verify: task.kind === 'index', paused: !this.#playing,
    };
    const generation = new Generation(this.#engine, this.transport, settings, {
      data,
      own: task.kind === 'glue',
      hear: (error) => this.#failed(generation, error),
    });
    return generation;
  }

  // Its producer is gone. What has not begun is looked at when it has.
  #failed(generation, error) {
    generation.error ??= error;
    if (generation === this.#generation && this.#recovering === null) this.#lose(generation.error);
  }

  /** Brings producer and audio thread into a generation's memory, one after the other: threads that come at once wait for each other there, and neither the audio thread nor the page can wait. `attach` brings the latter. */
  async #bring(generation, attach) {
    const { kind } = this.#wanted.task;
    const early = kind === 'worker' || kind === 'handle';
    const give = async () => {
      await this.#give(generation);
      this.#startup.producerMs = performance.now() - this.#began;
    };
    if (!early) await give();
    if (this.#closing !== null) return;
    attach();
    this.#startup.nodeMs = performance.now() - this.#began;
    // Where nothing plays yet, a browser may leave the audio thread's side for later.
    await Promise.race([generation.begun.promise, later(STOP_MS)]);
    if (early) await give();
  }

  /** Gives a generation to whoever brings its sound. Resolves when that is ready, where anybody can tell. */
  async #give(generation) {
    const { task, transfer } = this.#wanted;
    const { handle } = generation;
    const ports = [...generation.transfer, ...transfer];
    generation.isTouched = ownsWorker(task) || task.kind === 'page';
    if (ownsWorker(task)) {
      const worker = this.#worker;
      worker.onerror = (event) => {
        event.preventDefault();
        const error = new NoxrunError('worker-crashed', `the producer's worker failed: ${event.message || 'it says nothing'}`, { cause: event.error });
        generation.ready.reject(error);
        this.#failed(generation, error);
      };
      worker.postMessage({ handle, task }, ports);
      await generation.ready.promise;
    } else if (task.kind === 'page') {
      // Ports must have been somewhere: a clone of the handle is what a worker gets as well.
      this.producer = await open(handle, { greet: false });
    } else if (task.kind === 'worker') {
      const { worker } = task;
      worker.postMessage({ noxrunOutput: handle }, ports);
      const fail = (event) => {
        this.#failed(generation, new NoxrunError('worker-crashed', `your worker failed: ${event.message || 'its script did not load'}`, { cause: event.error }));
      };
      worker.addEventListener('error', fail);
      this.#ears.push(() => worker.removeEventListener('error', fail));
    } else {
      this.handle = Object.defineProperty(handle, 'transfer', { value: ports });
    }
  }

  #makeNode(generation) {
    const name = `noxrun-embed-${version}`;
    try {
      this.#node = new AudioWorkletNode(this.#context, name, {
        numberOfInputs: 0, numberOfOutputs: 1, outputChannelCount: [this.#wanted.channels], processorOptions: generation.processorOptions,
      });
    } catch (error) {
      // The file was loaded, but it registers another name.
      if (error.name === 'InvalidStateError' || error.name === 'NotSupportedError') {
        throw new NoxrunError('version-mismatch', `the audio thread's file is of another version than this page's ${version}: serve processor.js from the same package`, { cause: error });
      }
      throw new NoxrunError('audio', `the browser gave no audio node: ${error.message}`, { cause: error });
    }
    this.#node.port.onmessage = ({ data }) => this.#hear(data);
    this.#node.onprocessorerror = () => this.#lose(new NoxrunError('audio', 'the audio thread\'s processor failed: perhaps the browser has no room for another memory. Close other outputs'), false);
    if (this.#ownsContext) this.#node.connect(this.#context.destination);
    this.#attach(generation);
  }

  #attach(generation) {
    generation.attach(this.#node, this.#context);
    this.#attached = generation;
  }

  #begin(generation) {
    this.#generation = generation;
    this.#begunAt = performance.now();
  }

  // The audio thread has a message.
  #hear(message) {
    if (message === 'ended') this.#ended.resolve();
    else if (message === 'begun') this.#attached?.begun.resolve();
    else if (message?.type === 'look') this.#attached?.views[0].hear(message);
    else if (message === 'refused') this.#lose(new NoxrunError('version-mismatch', 'the audio thread refused this output: are processor.js and noxrun.wasm of the same package?'), false);
  }

  get state() {
    if (this.#closing !== null) return 'closed';
    if (this.#lost !== null) return 'lost';
    switch (this.#context.state) {
      case 'closed': return 'closed';
      case 'interrupted': return 'interrupted';
      case 'suspended':
        if (this.#playing) return this.#played ? 'suspended' : 'blocked';
        break;
      default:
    }
    if (!this.#playing) return this.#played ? 'stopped' : 'ready';
    const row = this.#generation?.book?.row;
    if (row === undefined || row[ROW.fresh] === 0) return 'starting';
    return row[ROW.state] === ENDED && row[ROW.inFlight] === 0 ? 'ended' : 'running';
  }

  get stats() {
    if (this.#final !== null) return this.#final;
    const { book } = this.#generation;
    book.look();
    return this.#statsOf(book);
  }

  #statsOf(book) {
    return statistics(sum(this.#before, book.row), wordsOf(this.#engine), {
      context: this.#context,
      outputLatency: this.#outputLatency(),
      at: book.at,
      state: this.state,
      transport: this.transport,
      channels: this.#wanted.channels,
      bufferFrames: this.#bufferFrames,
      blockFrames: Math.min(this.#wanted.blockFrames, this.#bufferFrames),
      recoveries: this.#recoveries,
      startup: { ...this.#startup },
    });
  }

  // The device's latency in seconds, null before it can be had. Firefox's page may stand still for ever when it asks while sound is just starting (it waits for the sound server, that for the audio thread, and that for the page: seen in Firefox 153);
  // and nobody needs it more often than once in a while.
  #outputLatency() {
    const now = performance.now();
    if (this.#soundsAt !== null && now - Math.max(this.#soundsAt, this.#latencyAt) > LATENCY_MS && this.#context.state === 'running') {
      this.#latency = this.#context.outputLatency ?? null;
      this.#latencyAt = now;
    }
    return this.#latency;
  }

  async look() {
    if (this.#final === null) await this.#generation.look(STOP_MS);
    return this.stats;
  }

  get losses() {
    return [...this.#beforeLosses, ...this.#lossesNow()];
  }

  // Those of the present producer, numbered after those of producers before.
  #lossesNow() {
    const losses = this.#final === null ? this.#generation?.book?.losses() ?? [] : [];
    return losses.map((loss) => ({ ...loss, number: loss.number + (this.#counted[loss.kind] ?? 0), frame: loss.frame + (this.#before?.[ROW.requested] ?? 0) }));
  }

  get bufferFrames() { return this.#bufferFrames; }
  set bufferFrames(frames) {
    this.#mustBeOpen('bufferFrames');
    checkBuffer(frames);
    this.#bufferFrames = frames;
    this.#generation.wish(WISH.LIMIT, frames);
  }

  async start() {
    this.#mustBeOpen('start');
    if (this.#lost !== null) throw this.#lost;
    const began = performance.now();
    this.#startedAt ??= began;
    this.#playing = true;
    this.#generation.wish(WISH.PAUSED, 0);
    this.#changed();
    // Without a gesture it never settles.
    if (this.#context.state !== 'running') await Promise.race([this.#context.resume().catch(() => {}), later(RESUME_MS)]);
    if (this.#closing !== null) throw new NoxrunError('closed', 'start: this output was closed meanwhile');
    if (this.#context.state !== 'running') {
      throw new NoxrunError('blocked', 'the browser plays only after a gesture: call start() from a click or key. (What was started plays as soon as the context is resumed.)');
    }
    await this.#firstFrame(began);
  }

  // The first frame was put out.
  #sounds() {
    this.#played = true;
    this.#soundsAt ??= performance.now();
    this.#startup.firstFrameMs ??= performance.now() - this.#startedAt;
  }

  // Waits for the first frame, if a producer brings any.
  async #firstFrame(began) {
    if (this.#played) return;
    while (performance.now() - began < FIRST_PATIENCE_MS && this.#closing === null) {
      const { book, wire, views } = this.#generation;
      if (wire !== null) await Promise.race([views[0].ask(), later(FIRST_MS * 10)]);
      if (book.look() && book.row[ROW.fresh] > 0) {
        this.#sounds();
        this.#changed();
        return;
      }
      if (this.#generation.wire === null) await later(FIRST_MS);
      // Nobody is there to bring any yet.
      if (!this.#generation.isReady && !ownsWorker(this.#wanted.task)) return;
      if (this.#wanted.task.kind === 'page' && book.row[ROW.produced] === 0) return;
    }
  }

  async stop() {
    this.#mustBeOpen('stop');
    this.#playing = false;
    this.#generation.wish(WISH.PAUSED, 1);
    this.#changed();
    if (this.#context.state === 'running') await later(FADE_MS);
  }

  flush() {
    this.#mustBeOpen('flush');
    this.#generation.flush();
  }

  async replaceProducer(worker) {
    this.#mustBeOpen('replaceProducer');
    if (!(worker instanceof Worker)) throw new NoxrunError('option', `replaceProducer wants a Worker, not ${describe(worker)}`);
    this.#wanted.task = { kind: 'worker', worker };
    // Of the one before, as what was handed over to it.
    this.producer = null;
    this.handle = null;
    this.#wanted.transfer = [];
    await this.#replace();
    if (this.#generation.error !== null) this.#lose(this.#generation.error);
  }

  #mustBeOpen(call) {
    if (this.#closing !== null) throw new NoxrunError('closed', `${call}: this output is closed; createOutput() makes another`);
  }

  // The device may ask for other callbacks from now on.
  #device(isNew) {
    const { book } = this.#generation ?? {};
    if (isNew) book?.sawDevice();
    else book?.sawContext();
    this.#recounts += 1;
    this.#generation?.wish(WISH.RECOUNT, this.#recounts);
    this.#changed();
  }

  // The output's own look at itself.
  #look() {
    const generation = this.#generation;
    const { book } = generation;
    if (this.#closing !== null || this.#recovering !== null) return;
    book.look();
    const { row } = book;
    if (this.#playing && row[ROW.fresh] > 0) this.#sounds();
    // What was never begun has no pulse.
    const silentMs = row[ROW.heartbeat] > 0 && this.#lost === null ? book.pulse() : null;
    if (silentMs !== null) this.#lose(new NoxrunError('producer-lost', `the producer has shown no sign of life for ${(silentMs / 1e3).toFixed(1)} s`));
    this.#warnSilent(generation);
    this.#tellLosses();
    this.#changed();
  }

  #warnSilent({ isReady, book }) {
    if (this.#warnedSilent || !this.#playing || this.#lost !== null || book.row[ROW.produced] > 0 || performance.now() - this.#begunAt < 5000) return;
    this.#warnedSilent = true;
    console.warn(`Noxrun: this output has waited 5 s for its first frame. ${isReady
      ? 'Its producer is there, but brings none'
      : 'Its producer has not come: does the worker call receiveOutput() (noxrun/worker), and was output.handle posted to it?'}`);
  }

  // Each loss once: when its cause is known.
  #tellLosses() {
    for (const loss of this.#lossesNow()) {
      const sort = loss.kind === 'underrun' || loss.kind === 'overrun' || loss.kind === 'device' ? loss.kind : 'slip';
      const told = this.#told[sort] ?? 0;
      if (loss.number <= told) continue;
      if (!loss.settled && loss.cause === null) continue;
      // In order: what comes before is told first, or never.
      this.#told[sort] = loss.number;
      this.dispatchEvent(new CustomEvent(loss.kind, { detail: loss }));
    }
  }

  #changed() {
    const { state } = this;
    if (state === this.#state) return;
    const before = this.#state;
    this.#state = state;
    this.dispatchEvent(new CustomEvent('statechange', { detail: { state, before } }));
  }

  /** The producer is gone. */
  #lose(error, mayRecover = true) {
    if (this.#closing !== null || this.#lost !== null || this.#recovering !== null) return;
    if (this.#generation === null) {
      // It has not begun: whoever waits for it hears of it.
      this.#attached?.begun.reject(error);
      return;
    }
    const { task, recover } = this.#wanted;
    const lived = performance.now() - this.#begunAt;
    this.#shortLives = lived < SHORT_LIFE_MS ? this.#shortLives + 1 : 1;
    // What was handed over with it is gone with it.
    const recovers = mayRecover && recover && ownsWorker(task) && this.#wanted.transfer.length === 0 && this.#shortLives < SHORT_LIVES;
    this.#generation.book.lost();
    this.#generation.wish(WISH.PAUSED, 1);
    this.dispatchEvent(new CustomEvent('producerlost', { detail: { error, recovers } }));
    if (recovers) {
      const began = performance.now();
      this.#recover(began).catch((failure) => this.#giveUp(typed(failure, 'producer-lost', 'the producer could not be started again')));
      return;
    }
    this.#giveUp(error);
  }

  #giveUp(error) {
    if (this.#closing !== null) return;
    this.#lost = error;
    this.#worker?.terminate();
    this.#changed();
  }

  async #recover(began) {
    await this.#replace();
    this.#recoveries += 1;
    if (this.#generation.error !== null) {
      this.#lose(this.#generation.error);
      return;
    }
    // It sounds, unless it is not meant to, or is lost again.
    const generation = this.#generation;
    const { book, wire, views } = generation;
    const isIt = () => generation === this.#generation && generation.error === null && this.#closing === null;
    while (this.#playing && isIt() && performance.now() - began < FIRST_PATIENCE_MS) {
      if (wire !== null) await Promise.race([views[0].ask(), later(FIRST_MS * 10)]);
      else await later(FIRST_MS);
      if (isIt() && book.look() && book.row[ROW.fresh] > 0) break;
    }
    if (isIt()) this.dispatchEvent(new CustomEvent('recovered', { detail: { ms: performance.now() - began } }));
  }

  /** Another producer, with a memory and a book of its own, at the same node. */
  #replace() {
    this.#recovering ??= this.#replaceNow().finally(() => { this.#recovering = null; });
    return this.#recovering;
  }

  async #replaceNow() {
    const { task, urls } = this.#wanted;
    const old = this.#generation;
    const oldWorker = this.#worker;
    const worker = ownsWorker(task) ? takeWorker(urls.worker) : null;
    worker?.catch(() => {});
    // What is heard of the old one fades; if it is asked to stop, it may hear that.
    old.wish(WISH.PAUSED, 1);
    old.control.postMessage({ type: 'close' });
    if (old.exports !== undefined) old.wish(WISH.STOP, 1);
    if (this.#context.state === 'running') await later(FADE_MS);
    if (worker !== null) this.#worker = await worker;
    if (this.#closing !== null) {
      this.#worker?.terminate();
      return;
    }
    const generation = this.#newGeneration();
    await old.look(STOP_MS);
    await this.#bring(generation, () => {
      this.#node.port.postMessage({ type: 'begin', options: generation.processorOptions });
      this.#attach(generation);
      // Its memory is not used again: a worker that was ended may write for seconds.
      oldWorker?.terminate();
      old.retire();
      this.#keep(old);
      this.#begin(generation);
      this.#lost = null;
    });
    if (this.#closing !== null) return;
    if (this.#playing) generation.wish(WISH.PAUSED, 0);
    if (ownsWorker(task)) standBy(urls.worker).catch(() => {});
    this.#changed();
  }

  // What a producer that is gone leaves: its figures and its losses.
  #keep({ book }) {
    const losses = book.losses().map((loss) => ({ ...loss, number: loss.number + (this.#counted[loss.kind] ?? 0), frame: loss.frame + (this.#before?.[ROW.requested] ?? 0) }));
    this.#beforeLosses = [...this.#beforeLosses, ...losses].slice(-KEPT_LOSSES);
    const row = book.row;
    const slips = row[ROW.slips];
    for (const [kind, count] of [['underrun', row[ROW.underruns]], ['overrun', row[ROW.overruns]], ['skipped', slips], ['replayed', slips], ['torn', slips]]) {
      this.#counted[kind] = (this.#counted[kind] ?? 0) + count;
    }
    this.#before = sum(this.#before, retired(row));
    book.drop();
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    const generation = this.#generation;
    clearInterval(this.#watch);
    // A replacement that is under way first finds out that it is not wanted.
    await this.#recovering?.catch(() => {});
    generation.wish(WISH.PAUSED, 1);
    if (this.#context.state === 'running') await later(FADE_MS);
    generation.control.postMessage({ type: 'close' });
    if (generation.exports !== undefined) generation.wish(WISH.STOP, 1);
    if (generation.isReady && !generation.isStopped && this.#lost === null) await Promise.race([generation.stopped.promise, later(STOP_MS)]);
    await generation.look(STOP_MS);
    generation.retire();
    this.#tellLosses();
    const stats = this.#statsOf(generation.book);
    this.#keep(generation);
    this.#final = stats;
    await this.abandon();
    this.#changed();
    return stats;
  }

  /** Ends whatever was started. */
  async abandon() {
    this.#closing ??= Promise.resolve();
    clearInterval(this.#watch);
    for (const deafen of this.#ears.splice(0)) deafen();
    const generation = this.#generation ?? this.#attached;
    if (this.#node !== null) {
      this.#node.onprocessorerror = null;
      this.#node.disconnect();
      // Where nobody else is in there any more.
      const release = generation !== null && generation.isFree && this.#lost === null;
      this.#node.port.postMessage({ type: 'end', release });
      const ended = await Promise.race([this.#ended.promise.then(() => true), later(STOP_MS)]);
      this.#node.port.onmessage = null;
      // Both threads have said that they are through.
      if (ended && release) generation.giveBack();
    }
    this.#worker?.terminate();
    if (this.#final === null) generation?.retire();
    this.#generation = null;
    this.#attached = null;
    this.#worker = null;
    // A browser that is out of breath may take its time; it is not waited for.
    if (this.#ownsContext && this.#context.state !== 'closed') await Promise.race([this.#context.close().catch(() => {}), later(CLOSE_MS)]);
  }
}

function ownContext({ latencyHint, sampleRate }) {
  try {
    return new AudioContext({ latencyHint, ...(sampleRate === undefined ? {} : { sampleRate }) });
  } catch (error) {
    throw new NoxrunError('audio', `the browser gave no audio context: ${error.message}`, { cause: error });
  }
}
