// The writing end of an output, in a worker or on the page: one class for every way in which JavaScript brings sound. See npm/types/worker.d.ts for what each call means to its caller.

import { deferred } from './deferred.js';
import { epochNow, instantiate, leave, make, outputMemory, WISH } from './engine.js';
import { describe, NoxrunError } from './errors.js';
import { look } from '../../worklet/inbox.js';
import { version } from './version.js';

// Ways of bringing sound, and what noxrun_produce and noxrun_turn return; must match src/web/embed/produce.rs.
export const WAY = { RENDER: 0, WRITE: 1, OFFER: 2, SINE: 3, INDEX: 4, OWN: 5 };
const NO_OUTPUT = -1;
const TAKEN = -2;
const AGAIN = -1;
const STOPPED = -2;
// Stack of this thread in the memory, in bytes: a multiple of 65,536.
const STACK_BYTES = 1 << 18;
// After so long without a look at the event loop, in ms, one is taken: a producer that is too slow for its sound must hear messages too.
const YIELD_MS = 8;
// A sleep of so many ms, where answers come all the time, was a long one.
const STILL_MS = 25;
// A turn of so many ms is a long one.
const LONG_MS = 2;
// Frames that one offer can bring; longer ones are cut. As in src/web/embed/produce.rs.
const OFFER_FRAMES = 16_384;
// How long the page may take to say that an output is still there, in ms.
const WELCOME_MS = 10_000;

// Ways to the page that have a producer here.
const opened = new WeakSet();
const taken = () => new NoxrunError('producer-taken', 'this output has a producer already, for good: output.replaceProducer() makes a new ring');

/** Opens the producer of `handle`, as the page has made it. `given`: how the module gets its imports where it has glue. */
export async function open(handle, { greet = true, instance } = {}) {
  if (handle === null || typeof handle !== 'object' || handle.noxrun === undefined) {
    throw new NoxrunError('not-an-output', `${describe(handle)} is no handle of an output: post what output.handle gave, or let createOutput({ producer: worker }) do it`);
  }
  if (handle.noxrun !== version) {
    const error = new NoxrunError('version-mismatch', `the page has Noxrun ${handle.noxrun} and this ${threadName()} ${version}: load both from the same package`);
    handle.control?.postMessage({ type: 'failed', code: error.code, message: error.message });
    throw error;
  }
  const { control } = handle;
  if (typeof control?.postMessage !== 'function') throw new NoxrunError('not-an-output', 'this handle came without its port: post it with output.handle.transfer');
  if (opened.has(control)) throw taken();
  opened.add(control);
  let early = [];
  try {
    if (greet) early = await welcome(control);
  } catch (error) {
    // A page that was busy may be asked again.
    opened.delete(control);
    throw error;
  }
  let producer;
  try {
    producer = new Producer(handle, instance);
  } catch (error) {
    control.postMessage({ type: 'failed', code: error.code, message: error.message });
    throw error;
  }
  for (const message of early) producer.hear(message);
  return producer;
}

export const threadName = () => (typeof document === 'undefined' ? 'worker' : 'page');

/** Asks the page whether the output is still there. Resolves to what else it has said before it answered. */
function welcome(control) {
  const early = [];
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new NoxrunError('no-answer', 'the page of this output does not answer')), WELCOME_MS);
    control.onmessage = ({ data }) => {
      if (data.type !== 'welcome' && data.type !== 'stale') {
        early.push(data);
        return;
      }
      clearTimeout(late);
      if (data.type === 'welcome') resolve(early);
      else reject(new NoxrunError('stale', 'this handle\'s output was closed, or has another producer by now: ask the page for a new one'));
    };
    control.postMessage({ type: 'hello' });
  });
}

/** Resolves when everything that has come in by now was handled. */
function eventLoop() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export class Producer {
  #exports;
  #memory;
  #address;
  #handle = 0;
  #way = null;
  #control;
  #settings;
  // The way to the audio thread, where blocks travel as messages, and buffers that have come back.
  #wire;
  #free = [];
  #message = null;
  // Wakes whoever sleeps here, where no other thread shares the memory.
  #called = null;
  #calls = 0;
  #callback = null;
  #block = null;
  #info;
  #thrown = null;
  #inside = false;
  #jumpLater = false;
  #ends = false;
  // What is being written, one after the other, and how often all of it was not wanted any more.
  #writing = Promise.resolve();
  #flushes = 0;
  #over = deferred();
  #closed = deferred();
  #isClosed = false;
  #room = null;

  constructor({ module, memory, address, settings, control, wire, pages, growth, data }, instance = null) {
    this.#control = control;
    this.#settings = settings;
    this.#wire = wire ?? null;
    this.data = data;
    this.#memory = memory ?? outputMemory(pages, settings.channels, growth);
    const given = { noxrunRender: (...block) => this.#render(...block) };
    this.#exports = instance === null ? instantiate(module, this.#memory, STACK_BYTES, given) : instance(module, this.#memory, given);
    this.#address = address ?? make(this.#exports, settings);
    this.#info = { frames: 0, channels: settings.channels, sampleRate: settings.sampleRate, position: 0, heardIn: 0, underruns: 0 };
    control.onmessage = ({ data: message }) => this.hear(message);
    if (this.#wire !== null) this.#wire.onmessage = ({ data: message }) => this.#answered(message);
    this.#tell('ready');
  }

  get sampleRate() { return this.#settings.sampleRate; }
  get channels() { return this.#settings.channels; }
  get blockFrames() { return this.#settings.block; }
  get transport() { return this.#wire === null ? 'shared' : 'message'; }
  get closed() { return this.#closed.promise; }

  /** What the module exports, for glue that makes a source in it. */
  get exports() { return this.#exports; }

  render(callback) {
    if (typeof callback !== 'function') throw new NoxrunError('option', `render wants a function, not ${describe(callback)}`);
    this.#begin(WAY.RENDER, 'render');
    this.#callback = callback;
    return this.#play();
  }

  /** A source inside the engine: WAY.SINE with its Hz, WAY.INDEX, WAY.OWN with its address. */
  play(way, number = 0) {
    this.#begin(way, 'play', number);
    return this.#play();
  }

  get writable() {
    try {
      this.#push('writable');
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#exports.noxrun_fifo_room(this.#handle) >= this.blockFrames) return Promise.resolve();
    this.#room ??= deferred();
    return this.#room.promise;
  }

  get writableFrames() {
    this.#push('writableFrames');
    return this.#exports.noxrun_fifo_room(this.#handle);
  }

  write(samples) {
    this.#push('write');
    const frames = this.#frames(samples);
    let taken = 0;
    while (taken < frames) {
      const room = this.#exports.noxrun_fifo_room(this.#handle);
      if (room === 0) {
        this.#pump();
        if (this.#exports.noxrun_fifo_room(this.#handle) === 0) break;
        continue;
      }
      const piece = Math.min(room, frames - taken);
      this.#put(samples, taken, piece);
      this.#exports.noxrun_fifo_put(this.#handle, piece);
      taken += piece;
    }
    // What was brought is on its way before anybody sleeps.
    this.#pump();
    this.#wake();
    return taken;
  }

  /** One after the other: what is written at once by several would be mixed up. */
  writeAll(samples) {
    const flushes = this.#flushes;
    const written = this.#writing.then(() => this.#writeOn(samples, flushes));
    this.#writing = written.catch(() => {});
    return written;
  }

  // What is flushed meanwhile is not wanted any more.
  async #writeOn(samples, flushes) {
    if (flushes !== this.#flushes) return;
    const frames = this.#frames(samples);
    for (let taken = this.write(samples); taken < frames;) {
      await this.writable;
      if (flushes !== this.#flushes) return;
      taken += this.write(samples.subarray(taken * this.channels));
    }
  }

  stream() {
    this.#push('stream');
    return new WritableStream({
      write: (samples) => this.writeAll(samples),
      close: () => this.end(),
      abort: () => this.end(),
    });
  }

  async writeAudioData(audio) {
    const { channels } = this;
    const { sampleRate, numberOfChannels, numberOfFrames } = audio;
    let samples;
    try {
      this.#push('writeAudioData');
      if (sampleRate !== this.sampleRate) {
        throw new NoxrunError('option', `this AudioData has ${sampleRate} Hz and the output ${this.sampleRate} Hz: make it with createOutput({ sampleRate: ${sampleRate} })`);
      }
      if (numberOfChannels !== channels && numberOfChannels !== 1) {
        throw new NoxrunError('option', `this AudioData has ${numberOfChannels} channels and the output ${channels}: mix it first, or make the output with as many`);
      }
      samples = new Float32Array(numberOfFrames * channels);
      const plane = new Float32Array(numberOfFrames);
      for (let channel = 0; channel < channels; channel += 1) {
        if (channel < numberOfChannels) audio.copyTo(plane, { planeIndex: channel, format: 'f32-planar' });
        for (let frame = 0; frame < numberOfFrames; frame += 1) samples[frame * channels + channel] = plane[frame];
      }
    } finally {
      audio.close();
    }
    await this.writeAll(samples);
  }

  offer(samples) {
    this.#begin(WAY.OFFER, 'offer');
    const frames = this.#frames(samples);
    let taken = 0;
    for (let at = 0; at < frames; at += OFFER_FRAMES) {
      const piece = Math.min(OFFER_FRAMES, frames - at);
      this.#put(samples, at, piece);
      taken += this.#exports.noxrun_offer(this.#handle, piece);
      this.#send();
    }
    return taken;
  }

  flush() {
    if (this.#handle === 0 || this.#isClosed) return;
    this.#flushes += 1;
    // Inside of the callback the engine is at work: as soon as it is not.
    if (this.#inside) {
      this.#jumpLater = true;
      return;
    }
    this.#ends = false;
    this.#exports.noxrun_flush(this.#handle);
    this.#pump();
    this.#wake();
  }

  end() {
    if (this.#isClosed) return;
    if (this.#handle === 0) this.#push('end');
    this.#ends = true;
    if (this.#inside) return;
    this.#exports.noxrun_end(this.#handle);
    this.#pump();
    this.#wake();
  }

  /** Ends it from this side: the page hears `error`. */
  fail(error) {
    this.#tell('crashed', { message: String(error?.message ?? error), code: error instanceof NoxrunError ? error.code : undefined });
    this.#close(true);
  }

  // Whole frames in `samples`.
  #frames(samples) {
    if (!(samples instanceof Float32Array)) throw new NoxrunError('option', `samples must be a Float32Array, not ${describe(samples)}`);
    const frames = samples.length / this.channels;
    if (!Number.isInteger(frames)) throw new NoxrunError('option', `${samples.length} samples are no whole number of frames of ${this.channels} channels`);
    return frames;
  }

  // Copies `frames` frames of `samples`, from `at` on, to where the engine takes them.
  #put(samples, at, frames) {
    const { channels } = this;
    new Float32Array(this.#memory.buffer, this.#exports.noxrun_fifo(this.#handle), frames * channels).set(samples.subarray(at * channels, (at + frames) * channels));
  }

  #push(call) {
    if (this.#ends && call !== 'end') throw new NoxrunError('mode', `${call}: this sound has ended; flush() begins another`);
    if (this.#begin(WAY.WRITE, call)) this.#play();
  }

  // Takes the ring's writing end, the first time. Whether this was it.
  #begin(way, call, number = 0) {
    if (this.#isClosed) throw new NoxrunError('closed', `${call}: this output is closed, or has another producer by now`);
    if (this.#way !== null) {
      if (this.#way === way && way !== WAY.RENDER) return false;
      const [is, wants] = [this.#way, way].map((of) => ['render', 'write', 'offer'][of] ?? 'a source of its own');
      throw new NoxrunError('mode', `${call}: this producer brings its sound by ${is}, so not by ${wants}: one way for each output`);
    }
    const handle = this.#exports.noxrun_produce(this.#address, this.#settings.block, performance.timeOrigin, way, number, this.#wire === null ? 0 : 1);
    if (handle === TAKEN) throw taken();
    if (handle === NO_OUTPUT) throw new NoxrunError('not-an-output', 'there is no output of this version in the memory that came with the handle');
    if (handle < 0) throw new NoxrunError('out-of-range', 'the engine refuses this producer\'s block or source');
    this.#handle = handle;
    this.#way = way;
    if (way === WAY.OFFER) this.#play();
    return true;
  }

  // Runs until the output is closed; resolves when the sound has ended.
  #play() {
    this.#drive().catch((error) => {
      this.#over.reject(error);
      this.fail(error);
    });
    return this.#over.promise;
  }

  async #drive() {
    const words = new Int32Array(this.#memory.buffer);
    const word = (this.#exports.noxrun_ring(this.#address) + this.#exports.noxrun_size(4)) / 4;
    while (!this.#isClosed) {
      const calls = this.#calls;
      const told = this.#pump();
      if (this.#thrown !== null) throw this.#thrown.error;
      if (told === STOPPED || this.#isClosed) break;
      if (told === AGAIN) await this.#newsIn();
      else await this.#sleep(words, word, calls, told);
    }
    this.#close();
  }

  // Hears what has come in meanwhile: of the reader's answers all, or the next turn would take a ring for full that is empty.
  async #newsIn() {
    let calls;
    do {
      calls = this.#calls;
      await eventLoop();
    } while (this.#wire !== null && this.#calls !== calls && !this.#isClosed);
  }

  // Takes turns until there is nothing to do for some ms, which it returns, or for too long (AGAIN), or the page wants it to stop.
  #pump() {
    if (this.#inside) return 0;
    this.#inside = true;
    const began = performance.now();
    let told;
    try {
      let before;
      let now = performance.now();
      do {
        before = now;
        told = this.#exports.noxrun_turn(this.#handle);
        this.#send();
        now = performance.now();
        // After a block that took long the reader's answers wait: what has become of the sound meanwhile is to be known before the next one.
        if (this.#wire !== null && now - before > LONG_MS) {
          told = Math.min(told, AGAIN);
          break;
        }
      } while (told === AGAIN && this.#thrown === null && now - began < YIELD_MS);
    } finally {
      this.#inside = false;
    }
    if (this.#jumpLater) {
      this.#jumpLater = false;
      this.flush();
    }
    if (this.#thrown === null && this.#exports.noxrun_ended(this.#handle) !== 0) this.#over.resolve();
    if (this.#room !== null && this.#exports.noxrun_fifo_room(this.#handle) >= this.blockFrames) {
      this.#room.resolve();
      this.#room = null;
    }
    return told;
  }

  // Until somebody calls (the reader, when there is room; a message), or `ms` are over.
  async #sleep(words, word, calls, ms) {
    if (this.#wire === null) {
      const asleep = Atomics.waitAsync(words, word, this.#exports.noxrun_ticket(this.#handle) | 0, ms);
      if (asleep.async) await asleep.value;
      return;
    }
    // Whoever calls is on this thread: a message, or a call of this object's.
    if (calls !== this.#calls) return;
    const from = performance.now();
    await new Promise((resolve) => {
      const late = setTimeout(resolve, ms);
      this.#called = () => {
        clearTimeout(late);
        resolve();
      };
    });
    this.#called = null;
    // Answers come more often than this: it was the thread that stood still, and the first of them that wait is of the time before.
    if (performance.now() - from > STILL_MS) await this.#newsIn();
  }

  #wake() {
    this.#calls += 1;
    this.#called?.();
  }

  // The engine wants `frames` frames at `address`. Frames written: fewer end the sound.
  #render(address, frames, position, heardIn, underruns) {
    if (this.#ends || this.#isClosed) return 0;
    const { channels } = this;
    if (this.#block === null || this.#block.byteOffset !== address || this.#block.length !== frames * channels) {
      this.#block = new Float32Array(this.#memory.buffer, address, frames * channels);
    }
    Object.assign(this.#info, { frames, position, heardIn, underruns });
    try {
      const written = this.#callback(this.#block, this.#info);
      if (written === undefined) return frames;
      if (typeof written !== 'number') throw new NoxrunError('option', `render's callback must return a number or nothing, not ${describe(written)}`);
      return Math.max(0, Math.floor(written) || 0);
    } catch (error) {
      this.#thrown = { error };
      return 0;
    }
  }

  // Sends what is new to the audio thread.
  #send() {
    if (this.#wire === null) return;
    const { noxrun_forward: forward, noxrun_forward_place: place } = this.#exports;
    for (let bytes = forward(this.#handle, epochNow()); bytes > 0; bytes = forward(this.#handle, epochNow())) {
      this.#message ??= new Uint8Array(this.#memory.buffer, place(this.#handle, 0), place(this.#handle, 1));
      const buffer = this.#free.pop() ?? new ArrayBuffer(this.#message.length);
      new Uint8Array(buffer).set(this.#message.subarray(0, bytes));
      this.#wire.postMessage(buffer, [buffer]);
    }
  }

  #answered(message) {
    if (message instanceof ArrayBuffer) {
      this.#free.push(message);
      return;
    }
    if (this.#handle === 0 || this.#isClosed) return;
    this.#exports.noxrun_forward_hear(this.#handle, ...message);
    this.#wake();
  }

  /** The page has a message. */
  hear(message) {
    switch (message.type) {
      case 'wish':
        this.#exports.noxrun_wish(this.#address, message.which, message.value);
        this.#wake();
        break;
      case 'flush':
        this.flush();
        break;
      case 'look': {
        const buffer = look({ exports: this.#exports, memory: this.#memory }, this.#address, message);
        this.#control.postMessage({ type: 'look', buffer, id: message.id }, [buffer]);
        break;
      }
      case 'close':
        // What was never begun has nothing to stop; a loop hears the wish.
        if (this.#handle === 0) {
          this.#close();
        } else {
          this.#exports.noxrun_wish(this.#address, WISH.STOP, 1);
          this.#wake();
        }
        break;
      default:
    }
  }

  #tell(type, more = {}) {
    this.#control.postMessage({ type, ...more }, more.buffer === undefined ? [] : [more.buffer]);
  }

  // After a crash nothing is called any more: who knows what it left.
  #close(crashed = false) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!crashed) {
      // The books as they are at the end: nobody can ask for them afterwards.
      const size = this.#wire === null ? 0 : this.#exports.noxrun_size(0) + this.#exports.noxrun_size(1);
      const last = size === 0 ? undefined : look({ exports: this.#exports, memory: this.#memory }, this.#address, { buffer: new ArrayBuffer(size), shared: this.#exports.noxrun_size(0), ring: this.#exports.noxrun_size(1) });
      if (this.#handle !== 0) this.#exports.noxrun_unproduce(this.#handle);
      leave(this.#exports);
      this.#tell('stopped', { buffer: last });
    }
    this.#wire?.close();
    this.#control.close();
    this.#called?.();
    const closed = new NoxrunError('closed', 'this output is closed, or has another producer by now');
    this.#room?.reject(closed);
    this.#over.resolve();
    this.#closed.resolve();
  }
}
