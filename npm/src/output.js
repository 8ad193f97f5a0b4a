// One output, on the page: context, node, and one producer after the other.

import { EVERY_MS, ROW, wordsOf } from './book.js';
import { deferred } from './deferred.js';
import { WISH } from './engine.js';
import { describe, NoxrunError, typed } from './errors.js';
import { addProcessor, dismiss, inTime, loadEngine, loadPage, standBy, takeWorker } from './files.js';
import { Generation, later } from './generation.js';
import { checkBuffer, checkTransfer, read, urlsOf } from './options.js';
import { checkPlace, chooseTransport } from './place.js';
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
const FIREFOX = globalThis.navigator?.userAgent.includes('Firefox') ?? false;
// The device's latency is asked for no sooner and no more often than so, in ms.
const LATENCY_MS = 1000;
// How often the first frame is looked for, in ms, and for how long.
const FIRST_MS = 4;
const FIRST_PATIENCE_MS = 2000;
// A context of ours is closed when it has gone on for so long, in s, after its processor ended, or has not within so many ms: of one that is closed sooner Chromium 156 keeps 250 KB for as long as the page is there.
const LAST_QUANTA_S = 0.06;
const RENDERED_MS = 200;
// Losses that are kept of producers that are gone.
const KEPT_LOSSES = 1000;
// How long a worker of Noxrun's may take until its sound can begin, in ms.
const READY_MS = 20_000;
// Breaks of the index signal, which are numbered together.
const SLIPS = ['skipped', 'replayed', 'torn'];
// ProducerState::Ended, in src/ledger/blocks.rs.
const ENDED = 2;

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

export async function preload(options) {
  checkPlace();
  const urls = urlsOf(options?.urls);
  clearTimeout(idle);
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

// Outputs that are not closed. When there have been none for a while, in ms, no worker need stand by.
const open = new Set();
const IDLE_MS = 5000;
let idle;

class Output extends EventTarget {
  #wanted;
  #engine = null;
  #context;
  #ownsContext;
  #node = null;
  // One producer's time: { task, worker (of Noxrun's, or null), generation }. The one that plays, the one that the audio thread serves (they differ for a moment while one replaces the other), and all whose workers are to be ended.
  #session = null;
  #attached = null;
  #sessions = new Set();
  // Replacements, one after the other; null while none is under way.
  #replacing = null;
  #watch = null;
  #bufferFrames;
  #playing = false;
  // Calls of start() that wait for the browser to resume the context.
  #resuming = 0;
  #played = false;
  #closing = null;
  #final = null;
  #lost = null;
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
    open.add(this);
    clearTimeout(idle);
  }

  get context() { return this.#context; }
  get node() { return this.#node; }

  /** Loads what is needed and makes the first session. */
  async open() {
    const { urls, task, signal } = this.#wanted;
    const worker = this.#workerFor(task);
    try {
      [this.#engine] = await Promise.all([engineOf(this.#wanted), addProcessor(this.#context, processorUrl(urls))]);
    } catch (error) {
      worker?.then((running) => running.terminate(), () => {});
      throw error;
    }
    this.#startup.engineMs = performance.now() - this.#began;
    const session = await this.#newSession(task, worker);
    await this.#bring(session, () => this.#makeNode(session));
    this.#goOnWith(session);
    this.#watch = setInterval(() => this.#look(), EVERY_MS);
    const on = (target, event, hear) => {
      target.addEventListener(event, hear);
      this.#ears.push(() => target.removeEventListener(event, hear));
    };
    on(this.#context, 'statechange', () => this.#device(false));
    on(this.#context, 'sinkchange', () => this.#device(true));
    if (signal !== undefined) on(signal, 'abort', () => this.close());
  }

  // Somebody closes it, or has given up on it: whatever is under way ends here.
  #goOn() {
    if (this.#closing !== null) throw closedMeanwhile();
  }

  /** The worker that is to bring `task`, where Noxrun starts it: a promise. */
  #workerFor(task) {
    if (!ownsWorker(task)) return null;
    const worker = takeWorker(this.#wanted.urls.worker);
    // Whoever waits for something else first must not leave its failure to nobody.
    worker.catch(() => {});
    return worker;
  }

  async #newSession(task, worker) {
    const running = await worker;
    if (this.#closing !== null) running?.terminate();
    this.#goOn();
    const { channels, blockFrames, conceal, data } = this.#wanted;
    const settings = {
      channels, limit: this.#bufferFrames, block: Math.min(blockFrames, this.#bufferFrames), sampleRate: this.#context.sampleRate, conceal, verify: task.kind === 'index', paused: !this.#playing,
    };
    const session = { task, worker: running, generation: null };
    // From now on it is ended with the output, whatever comes.
    this.#sessions.add(session);
    session.generation = new Generation(this.#engine, this.transport, settings, { data, own: task.kind === 'glue', hear: (error) => this.#failed(session, error) });
    return session;
  }

  /** A session's worker is not needed any more. */
  #end(session) {
    this.#sessions.delete(session);
    session.worker?.terminate();
  }

  // Its producer is gone. What has not begun is looked at when it has.
  #failed({ generation }, error) {
    generation.error ??= error;
    generation.ready.reject(error);
    if (generation === this.#session?.generation && this.#replacing === null) this.#lose(generation.error);
  }

  /** Brings producer and audio thread into a session's memory, one after the other: threads that come at once wait for each other there, and neither the audio thread nor the page can wait. `attach` brings the latter. */
  async #bring(session, attach) {
    const { kind } = session.task;
    const { generation } = session;
    const early = kind === 'worker' || kind === 'handle';
    const give = async () => {
      await this.#give(session);
      this.#startup.producerMs ??= performance.now() - this.#began;
      this.#goOn();
    };
    if (!early) await give();
    attach();
    this.#startup.nodeMs ??= performance.now() - this.#began;
    if (!early) return;
    // Where nothing plays yet, a browser may leave the audio thread's side for later.
    await Promise.race([generation.begun.promise, later(STOP_MS)]);
    this.#goOn();
    await give();
  }

  /** Gives a session to whoever brings its sound. Resolves when that is ready, where anybody can tell. */
  async #give(session) {
    const { task, worker, generation } = session;
    const { handle } = generation;
    const ports = [...generation.transfer, ...this.#wanted.transfer];
    generation.isTouched = ownsWorker(task) || task.kind === 'page';
    if (ownsWorker(task)) {
      worker.onerror = (event) => {
        event.preventDefault();
        this.#failed(session, new NoxrunError('worker-crashed', `the producer's worker failed: ${event.message || 'it says nothing'}`, { cause: event.error }));
      };
      post(worker, { handle, task }, ports);
      // The next output should not wait for a worker either, nor this one if it loses its own.
      standBy(this.#wanted.urls.worker).catch(() => {});
      await inTime(generation.ready.promise, READY_MS, `the producer was not ready (${task.url ?? 'its module'} must come to its end)`);
    } else if (task.kind === 'page') {
      // What brings sound is a file of its own: most pages need none of it on their own thread.
      const { openOutput } = await loadPage(this.#wanted.urls.page);
      this.producer = await openOutput(handle);
    } else if (task.kind === 'worker') {
      post(task.worker, { noxrunOutput: handle }, ports);
      // Later ones are the worker's own affair, as long as its heart beats.
      const fail = (event) => {
        if (!generation.isReady) this.#failed(session, new NoxrunError('worker-crashed', `your worker failed: ${event.message || 'its script did not load'}`, { cause: event.error }));
      };
      task.worker.addEventListener('error', fail);
      this.#ears.push(() => task.worker.removeEventListener('error', fail));
    } else {
      this.handle = Object.defineProperty(handle, 'transfer', { value: ports });
    }
  }

  #makeNode(session) {
    const name = `noxrun-embed-${version}`;
    try {
      this.#node = new AudioWorkletNode(this.#context, name, {
        numberOfInputs: 0, numberOfOutputs: 1, outputChannelCount: [this.#wanted.channels], processorOptions: session.generation.processorOptions,
      });
    } catch (error) {
      // The file was loaded, but it registers another name.
      if (error.name === 'InvalidStateError') {
        throw new NoxrunError('version-mismatch', `the audio thread's file is of another version than this page's ${version}: serve processor.js from the same package`, { cause: error });
      }
      throw new NoxrunError('audio', `the browser gave no audio node: ${error.message}`, { cause: error });
    }
    this.#node.port.onmessage = ({ data }) => this.#hear(data);
    this.#node.onprocessorerror = () => this.#refused('audio', 'the audio thread\'s processor failed: perhaps the browser has no room for another memory. Close other outputs');
    if (this.#ownsContext) this.#node.connect(this.#context.destination);
    this.#attach(session);
  }

  #attach(session) {
    session.generation.attach(this.#node, this.#context);
    this.#attached = session;
  }

  #goOnWith(session) {
    this.#session = session;
    this.#begunAt = performance.now();
    if (session.generation.error !== null) this.#lose(session.generation.error);
  }

  // The audio thread has a message.
  #hear(message) {
    const generation = this.#attached?.generation;
    if (message === 'ended') this.#ended.resolve();
    else if (message === 'begun') generation?.begun.resolve();
    else if (message?.type === 'look') generation?.views[0].hear(message);
    else if (message === 'refused') this.#refused('version-mismatch', 'the audio thread refused this output: are processor.js and noxrun.wasm of the same package?');
    else if (message?.type === 'failed') this.#refused('too-many', `the audio thread could not begin: ${message.message}`);
  }

  // The audio thread does not serve what it was given.
  #refused(code, text) {
    const error = new NoxrunError(code, text);
    this.#attached?.generation.begun.reject(error);
    if (this.#attached !== null) this.#attached.generation.error ??= error;
    if (this.#session !== null && this.#attached === this.#session && this.#replacing === null) this.#lose(error, false);
  }

  get state() {
    if (this.#closing !== null) return 'closed';
    if (this.#lost !== null) return 'lost';
    switch (this.#context.state) {
      case 'closed': return 'closed';
      case 'interrupted': return 'interrupted';
      case 'suspended':
        if (!this.#playing) break;
        if (this.#resuming > 0) return 'starting';
        return this.#played ? 'suspended' : 'blocked';
      default:
    }
    if (!this.#playing) return this.#played ? 'stopped' : 'ready';
    const row = this.#session?.generation.book?.row;
    if (this.#replacing !== null || row === undefined || row[ROW.fresh] === 0) return 'starting';
    return row[ROW.state] === ENDED && row[ROW.inFlight] === 0 ? 'ended' : 'running';
  }

  get stats() {
    if (this.#final !== null) return this.#final;
    const { book } = this.#session.generation;
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

  // The device's latency in seconds, null before it can be had; nobody needs it more often than once in a while. Firefox is never asked: while an AudioWorklet plays its page may then stand still for ever (it waits for the sound server, that for
  // the audio thread, and that for the page: seen in Firefox 153 after some hundreds of reads).
  #outputLatency() {
    if (FIREFOX) return null;
    const now = performance.now();
    if (this.#soundsAt !== null && now - Math.max(this.#soundsAt, this.#latencyAt) > LATENCY_MS && this.#context.state === 'running') {
      this.#latency = this.#context.outputLatency ?? null;
      this.#latencyAt = now;
    }
    return this.#latency;
  }

  async look() {
    if (this.#closing !== null) return this.#closing;
    await this.#session.generation.look(STOP_MS);
    return this.stats;
  }

  get losses() {
    return [...this.#beforeLosses, ...this.#lossesNow()];
  }

  // Those of the present producer, numbered after those of producers before.
  #lossesNow() {
    const losses = this.#final === null ? this.#session?.generation.book?.losses() ?? [] : [];
    return losses.map((loss) => ({ ...loss, number: loss.number + (this.#counted[loss.kind] ?? 0), frame: loss.frame + (this.#before?.[ROW.requested] ?? 0) }));
  }

  get bufferFrames() { return this.#bufferFrames; }
  set bufferFrames(frames) {
    this.#mustBeOpen('bufferFrames');
    checkBuffer(frames);
    this.#bufferFrames = frames;
    this.#session.generation.wish(WISH.LIMIT, frames);
  }

  async start() {
    this.#mustBeOpen('start');
    if (this.#lost !== null) throw this.#lost;
    if (this.#context.state === 'closed') throw new NoxrunError('context-closed', 'start: this output\'s AudioContext is closed: make another output, in one that is open');
    const began = performance.now();
    this.#startedAt ??= began;
    this.#playing = true;
    this.#session.generation.wish(WISH.PAUSED, 0);
    // Without a gesture it never settles.
    if (this.#context.state !== 'running') {
      this.#resuming += 1;
      this.#changed();
      await Promise.race([this.#context.resume().catch(() => {}), later(RESUME_MS)]);
      this.#resuming -= 1;
    }
    this.#changed();
    if (this.#closing !== null) throw new NoxrunError('closed', 'start: this output was closed meanwhile');
    if (this.#context.state !== 'running') {
      throw new NoxrunError('blocked', 'the browser plays only after a gesture: call start() from a click or key. (It plays as soon as the context is resumed.)');
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
    while (!this.#played && performance.now() - began < FIRST_PATIENCE_MS && this.#closing === null) {
      const { generation, task } = this.#session;
      if (await this.#soundsIn(generation)) {
        this.#sounds();
        this.#changed();
        return;
      }
      // Nobody is there to bring any yet.
      if (!generation.isReady && !ownsWorker(task)) return;
      if (task.kind === 'page' && generation.book.row[ROW.produced] === 0) return;
    }
  }

  // A moment later: whether anything of `generation` was put out.
  async #soundsIn(generation) {
    if (generation.wire !== null) await Promise.race([generation.views[0].ask(), later(FIRST_MS * 10)]);
    else await later(FIRST_MS);
    return !generation.isOver && generation.book.look() && generation.book.row[ROW.fresh] > 0;
  }

  async stop() {
    this.#mustBeOpen('stop');
    this.#playing = false;
    this.#session.generation.wish(WISH.PAUSED, 1);
    this.#changed();
    if (this.#context.state === 'running') await later(FADE_MS);
  }

  flush() {
    this.#mustBeOpen('flush');
    this.#session.generation.flush();
  }

  async replaceProducer(worker, { data, transfer = [] } = {}) {
    this.#mustBeOpen('replaceProducer');
    if (!(worker instanceof Worker)) throw new NoxrunError('option', `replaceProducer wants a Worker, not ${describe(worker)}`);
    checkTransfer(transfer);
    this.producer = null;
    this.handle = null;
    try {
      await this.#replace({ kind: 'worker', worker }, { data, transfer });
    } catch (error) {
      // The one before was told to stop.
      const failure = typed(error, 'audio', 'the producer could not be replaced');
      this.#giveUp(failure);
      throw failure;
    }
  }

  #mustBeOpen(call) {
    if (this.#closing !== null) throw new NoxrunError('closed', `${call}: this output is closed; createOutput() makes another`);
  }

  // The device may ask for other callbacks from now on.
  #device(isNew) {
    const { generation } = this.#session ?? {};
    if (isNew) generation?.book.sawDevice();
    else generation?.book.sawContext();
    this.#recounts += 1;
    generation?.wish(WISH.RECOUNT, this.#recounts);
    this.#changed();
  }

  // The output's own look at itself.
  #look() {
    if (this.#closing !== null || this.#replacing !== null) return;
    const { generation } = this.#session;
    const { book } = generation;
    book.look();
    const { row } = book;
    if (this.#playing && row[ROW.fresh] > 0) this.#sounds();
    // What was never begun has no pulse.
    const silentMs = row[ROW.heartbeat] > 0 && this.#lost === null ? book.pulse() : null;
    if (silentMs !== null) this.#lose(new NoxrunError('producer-lost', `the producer shows no sign of life for ${(silentMs / 1e3).toFixed(1)} s`));
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

  // Each loss once, in order: when its cause is known; `all`: what is not known yet as well, since it never will be.
  #tellLosses(all = false) {
    const waiting = new Set();
    for (const loss of this.#lossesNow()) {
      const sort = SLIPS.includes(loss.kind) ? 'slip' : loss.kind;
      if (loss.number <= (this.#told[sort] ?? 0) || waiting.has(sort)) continue;
      if (!all && !loss.settled && loss.cause === null) {
        waiting.add(sort);
        continue;
      }
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
    if (this.#closing !== null || this.#lost !== null || this.#replacing !== null) return;
    const { task, generation } = this.#session;
    const lived = performance.now() - this.#begunAt;
    this.#shortLives = lived < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    // What was handed over with it is gone with it.
    const recovers = mayRecover && this.#wanted.recover && ownsWorker(task) && this.#wanted.transfer.length === 0 && this.#shortLives < SHORT_LIVES;
    generation.book.lost();
    generation.wish(WISH.PAUSED, 1);
    const began = performance.now();
    const recovering = recovers ? this.#replace(task) : null;
    this.dispatchEvent(new CustomEvent('producerlost', { detail: { error, recovers } }));
    if (recovering === null) this.#giveUp(error);
    else recovering.then(() => this.#recovered(began), (failure) => this.#giveUp(typed(failure, 'producer-lost', 'the producer could not be started again')));
  }

  #giveUp(error) {
    if (this.#closing !== null) return;
    this.#lost = error;
    for (const session of this.#sessions) this.#end(session);
    this.#changed();
  }

  // It sounds again, unless it is not meant to, or is lost once more.
  async #recovered(began) {
    const { generation } = this.#session;
    this.#recoveries += 1;
    const since = performance.now();
    const goesOn = () => this.#closing === null && this.#lost === null && this.#replacing === null && generation === this.#session.generation && generation.error === null;
    while (this.#playing && goesOn() && !await this.#soundsIn(generation)) {
      if (performance.now() - since > FIRST_PATIENCE_MS) await later(EVERY_MS);
    }
    if (goesOn()) this.dispatchEvent(new CustomEvent('recovered', { detail: { ms: performance.now() - began } }));
  }

  /** Another producer, with a memory and a book of its own, at the same node; after those that were asked for before. */
  #replace(task, given) {
    const before = this.#replacing ?? Promise.resolve();
    const replaced = before.catch(() => {}).then(() => this.#replaceNow(task, given));
    const over = replaced.then(() => true, () => false).then((done) => {
      if (this.#replacing === over) this.#replacing = null;
      // What came to pass meanwhile.
      const error = this.#session?.generation.error ?? null;
      if (!done) return;
      if (this.#replacing === null && error !== null) this.#lose(error);
      this.#changed();
    });
    this.#replacing = over;
    this.#changed();
    // Not before it may be lost again.
    return replaced.then(() => over);
  }

  async #replaceNow(task, given) {
    this.#goOn();
    if (given !== undefined) {
      // What was handed over to the one before is gone with it.
      if (given.data !== undefined || this.#wanted.transfer.length > 0) this.#wanted.data = given.data;
      this.#wanted.transfer = given.transfer;
    }
    const old = this.#session;
    const worker = this.#workerFor(task);
    let session = null;
    try {
      // What is heard of the old one fades; if it is asked to stop, it may hear that.
      old.generation.wish(WISH.PAUSED, 1);
      old.generation.askToStop();
      if (this.#context.state === 'running') await later(FADE_MS);
      session = await this.#newSession(task, worker);
      await old.generation.look(STOP_MS);
      await this.#bring(session, () => {
        // What its audio thread has asked for until now.
        old.generation.book.look();
        this.#node.port.postMessage({ type: 'begin', options: session.generation.processorOptions });
        this.#attach(session);
        this.#retire(old);
        this.#session = session;
        this.#begunAt = performance.now();
        this.#lost = null;
      });
    } catch (error) {
      if (session !== null) this.#end(session);
      else worker?.then((running) => running.terminate(), () => {});
      throw error;
    } finally {
      // Its memory is not used again: a worker that was ended may write for seconds. Nor may one that hangs stay where nothing took its place.
      this.#end(old);
    }
    // As it is wished by now.
    session.generation.wish(WISH.LIMIT, this.#bufferFrames);
    session.generation.wish(WISH.PAUSED, this.#playing ? 0 : 1);
    this.#changed();
  }

  // Nothing more comes of it: its figures and its losses are kept.
  #retire({ generation }) {
    generation.retire();
    this.#tellLosses(true);
    const { book } = generation;
    const losses = this.#lossesNow();
    this.#beforeLosses = [...this.#beforeLosses, ...losses].slice(-KEPT_LOSSES);
    // As far as the latest of each kind is numbered; breaks of the index signal are numbered together.
    for (const { kind, number } of losses) {
      for (const one of SLIPS.includes(kind) ? SLIPS : [kind]) this.#counted[one] = Math.max(this.#counted[one] ?? 0, number);
    }
    this.#before = sum(this.#before, retired(book.row));
    book.drop();
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    clearInterval(this.#watch);
    // A replacement that is under way finds out that it is not wanted.
    for (const { generation } of this.#sessions) if (!generation?.isReady) generation?.ready.reject(closedMeanwhile());
    await this.#replacing;
    const { generation } = this.#session;
    generation.wish(WISH.PAUSED, 1);
    if (this.#context.state === 'running') await later(FADE_MS);
    generation.askToStop();
    if (generation.isReady && !generation.isStopped && this.#lost === null) await Promise.race([generation.stopped.promise, later(STOP_MS)]);
    await generation.look(STOP_MS);
    generation.book.close();
    const stats = this.#statsOf(generation.book);
    this.#retire(this.#session);
    this.#final = stats;
    await this.abandon();
    this.#changed();
    return stats;
  }

  /** Ends whatever was started. */
  async abandon() {
    this.#closing ??= Promise.resolve(null);
    clearInterval(this.#watch);
    for (const deafen of this.#ears.splice(0)) deafen();
    const generation = (this.#session ?? this.#attached)?.generation ?? null;
    for (const each of this.#sessions) each.generation?.ready.reject(closedMeanwhile());
    if (this.#node !== null) {
      this.#node.onprocessorerror = null;
      this.#node.disconnect();
      // Where nobody else is in there any more.
      const release = generation !== null && generation.isFree && this.#lost === null;
      this.#node.port.postMessage({ type: 'end', release });
      const ended = await Promise.race([this.#ended.promise.then(() => true), later(STOP_MS)]);
      // A port that is open keeps the processor, and what it holds, for as long as the context.
      this.#node.port.onmessage = null;
      this.#node.port.close();
      if (ended && release) generation.giveBack();
    }
    for (const session of this.#sessions) this.#end(session);
    if (generation !== null && !generation.isOver) {
      generation.retire();
      generation.book?.drop();
    }
    this.#session = null;
    this.#attached = null;
    open.delete(this);
    if (open.size === 0) idle = setTimeout(dismiss, IDLE_MS);
    if (!this.#ownsContext) return;
    if (this.#node !== null) await rendered(this.#context, LAST_QUANTA_S);
    await endContext(this.#context);
  }
}

const closedMeanwhile = () => new NoxrunError('closed', 'this output was closed meanwhile');

/** Posts a handle and what the user gave along with it. */
function post(worker, message, ports) {
  try {
    worker.postMessage(message, ports);
  } catch (error) {
    throw new NoxrunError('option', `data cannot be posted to the worker: ${error.message}`, { cause: error });
  }
}

/** Waits until `context` has gone on by `seconds`, or does not run (any more), or takes far too long. */
async function rendered(context, seconds) {
  const from = context.currentTime;
  for (const began = performance.now(); context.state === 'running' && context.currentTime - from < seconds && performance.now() - began < RENDERED_MS;) await later(5);
}

/** Closes a context. A browser that is out of breath may take its time; it is not waited for. */
async function endContext(context) {
  if (context.state === 'closed') return;
  // WebKitGTK 2.50 crashes now and then in its own audio thread where a context is closed while it runs (one in fifty; none in 170 that were suspended first).
  if (navigator.vendor?.startsWith('Apple')) {
    await Promise.race([context.suspend().catch(() => {}), later(STOP_MS)]);
    await later(2 * FADE_MS);
  }
  await Promise.race([context.close().catch(() => {}), later(CLOSE_MS)]);
}

function ownContext({ latencyHint, sampleRate }) {
  try {
    return new AudioContext({ latencyHint, ...(sampleRate === undefined ? {} : { sampleRate }) });
  } catch (error) {
    throw new NoxrunError(error instanceof TypeError ? 'option' : 'audio', `the browser gave no audio context: ${error.message}`, { cause: error });
  }
}
