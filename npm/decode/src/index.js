/** `noxrun-decode`: plays files of many kinds, decoded by Wasm in the producer's worker. See npm/decode/types/index.d.ts. */

import { createOutput, NoxrunError, version } from 'noxrun';
import { fetched, nameOf } from './fetched.js';

/** Of what is played nobody waits for an answer: enough for a busy page. */
const BUFFER_FRAMES = 8192;
const CHANNELS = 2;
/** How long a file may take to be opened, in ms: decoders have been seen that a damaged file sends round in circles. */
const OPEN_MS = 30_000;
/** How long it is waited for that a seek is heard, and between two looks, in ms. */
const HEARD_MS = 2000;
const LOOK_MS = 10;

const INSTEAD = 'Convert it (to FLAC, MP3, AAC or Vorbis, say), or let the browser decode the whole file: <noxrun-player> does so without createPlayback';

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Frames that have left the ring so far, by the ledger: those that were played, and those that were given up. */
const gone = ({ ledger }) => ledger.freshFrames + ledger.droppedFrames;

/** The error for what the decoder tells. */
function told({ problem, message }) {
  if (problem === null) return new NoxrunError('out-of-range', message);
  return new NoxrunError('file', problem === 'no-decoder' ? `${message}. ${INSTEAD}` : message, { problem });
}

/** The error for a decoder that is gone. */
const crashed = (name, cause) => new NoxrunError('file', `${name}: the decoder gave up: ${cause.message}`, { problem: 'crashed', cause });

export async function createPlayback(request = {}) {
  const { src, file, context, channels = CHANNELS, bufferFrames = BUFFER_FRAMES, loop = false, crossOrigin = null, transport, signal } = request;
  // Those of the player's own way are none of ours.
  const { decoder, decoderWasm, player, ...urls } = request.urls ?? {};
  if (version !== NOXRUN_VERSION) throw new NoxrunError('version-mismatch', `noxrun-decode is ${NOXRUN_VERSION} and noxrun ${version}: install the same version of both`);
  if ([src, file].filter((given) => given != null).length !== 1) throw new NoxrunError('option', 'createPlayback wants either src, an address, or file, a File or Blob');
  if (file != null && !(file instanceof Blob)) throw new NoxrunError('option', 'file must be a File or a Blob');
  signal?.throwIfAborted();
  const name = file ? file.name || 'The file' : nameOf(src);
  const blob = file ?? (await fetched(src, { name, crossOrigin, signal }));

  const { port1: port, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => { port.onmessage = ({ data }) => resolve(data); });
  let output;
  try {
    output = await createOutput({
      glue: { url: decoder ?? new URL('./decoder.js', import.meta.url), wasm: decoderWasm ?? new URL('./decoder_bg.wasm', import.meta.url), source: 'play_file' },
      data: { file: blob, name, port: port2, loop: Boolean(loop) },
      transfer: [port2],
      ...(context === undefined ? { latencyHint: 'playback' } : { context }),
      ...(transport === undefined ? {} : { transport }),
      channels,
      bufferFrames,
      urls,
      signal,
      // The port went with the worker.
      recover: false,
    });
    const opened = await first(answer, output, name, signal);
    if (opened.type !== 'opened') throw told(opened);
    return new Playback({ output, port, name, opened, loop: Boolean(loop) });
  } catch (error) {
    port.close();
    await output?.close();
    throw error;
  }
}

/** The decoder's first answer, unless it is lost, not wanted any more, or takes for ever. */
async function first(answer, output, name, signal) {
  const done = new AbortController();
  try {
    return await Promise.race([
      answer,
      new Promise((_, reject) => {
        output.addEventListener('producerlost', ({ detail }) => reject(crashed(name, detail.error)), { signal: done.signal });
        signal?.addEventListener('abort', () => reject(signal.reason), { signal: done.signal });
        const late = setTimeout(() => reject(crashed(name, new Error(`it has not come back within ${OPEN_MS / 1e3} s`))), OPEN_MS);
        done.signal.addEventListener('abort', () => clearTimeout(late));
      }),
    ]);
  } finally {
    done.abort();
  }
}

class Playback {
  onended = null;
  onfailure = null;
  failure = null;
  #port;
  #rate;
  #duration;
  #loop;
  /** Where in the file what is rendered comes from: from the `at`-th frame on, of the output's life, it is the file from `seconds` on. Of seeks (`sought`), the latest. */
  #stretches = [{ at: 0, seconds: 0, sought: false }];
  /** Where the sound ends, once that is known, and whether it was told. */
  #end = null;
  #endTold = false;
  #endTimer = 0;
  /** The seek that is not answered yet: where it goes. */
  #asked = null;
  #nth = 0;
  #answers = new Map();
  #closed = false;

  constructor({ output, port, name, opened, loop }) {
    const { seconds, format, codec, sampleRate, channels, tags } = opened;
    this.output = output;
    this.info = { name, format, codec, sampleRate, channels };
    this.tags = tags;
    this.#port = port;
    this.#rate = output.context.sampleRate;
    this.#duration = seconds ?? NaN;
    this.#loop = loop;
    port.onmessage = ({ data }) => this.#hear(data);
    output.addEventListener('statechange', () => (output.state === 'closed' ? this.close() : this.#lookForEnd()));
    output.addEventListener('producerlost', ({ detail }) => this.#lose(detail.error));
  }

  get duration() { return this.#duration; }

  get currentTime() {
    return this.#asked ?? this.#timeAt(gone(this.output.stats));
  }

  // The second of the file that the frame is which is the `frame`-th to leave the ring.
  #timeAt(frame) {
    // Of a seek that is not heard yet, where it goes to.
    const from = this.#stretches.slice(Math.max(0, this.#stretches.findLastIndex(({ sought }) => sought)));
    const heard = from.findLast(({ at }) => at <= frame) ?? from[0];
    const seconds = heard.seconds + Math.max(0, Math.min(frame, this.#end ?? Infinity) - heard.at) / this.#rate;
    return Number.isNaN(this.#duration) ? seconds : Math.min(seconds, this.#duration);
  }

  get loop() { return this.#loop; }
  set loop(loop) {
    this.#loop = Boolean(loop);
    if (!this.#closed) this.#port.postMessage({ type: 'loop', on: this.#loop });
  }

  async play() {
    await this.output.start();
    this.#lookForEnd();
  }

  async pause() {
    await this.output.stop();
    // By messages, what is known is a little old.
    await this.output.look();
  }

  async seek(seconds) {
    if (this.#closed) throw new NoxrunError('closed', 'seek: this playback is closed');
    if (this.output.state === 'lost') throw this.failure;
    const to = Math.min(Math.max(0, Number(seconds) || 0), Number.isNaN(this.#duration) ? Infinity : this.#duration);
    const id = (this.#nth += 1);
    this.#asked = to;
    const at = await new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#port.postMessage({ type: 'seek', id, seconds: to });
    });
    // What is paused is heard later.
    for (const late = performance.now() + HEARD_MS; id === this.#nth && this.output.state === 'running' && gone(this.output.stats) < at && performance.now() < late;) await sleep(LOOK_MS);
  }

  async close() {
    this.#closed = true;
    clearTimeout(this.#endTimer);
    this.#port.close();
    this.#settle(Infinity, ({ resolve }) => resolve(0));
    return this.output.close();
  }

  #hear(message) {
    switch (message.type) {
      case 'stretch': {
        const { at, seconds, seek } = message;
        // What was left behind is not asked for again.
        const kept = this.#stretches.findLastIndex((stretch) => stretch.at <= gone(this.output.stats));
        this.#stretches = [...this.#stretches.slice(Math.max(0, kept)), { at, seconds, sought: seek !== null }];
        if (seek === null) break;
        // What was said of it before that is of what was left.
        [this.#end, this.#endTold] = [null, false];
        if (seek === this.#nth) this.#asked = null;
        // Those before it were overtaken.
        this.#settle(seek, ({ resolve }) => resolve(at));
        break;
      }
      case 'ended':
        this.#end = message.at;
        this.#lookForEnd();
        break;
      case 'failed':
        this.failure = told(message);
        this.onfailure?.(this.failure);
        break;
      default:
    }
  }

  #settle(upTo, settle) {
    for (const [id, answer] of this.#answers) {
      if (id > upTo) continue;
      this.#answers.delete(id);
      settle(answer);
    }
  }

  // The end is told when it is rendered; it is heard later.
  #lookForEnd() {
    clearTimeout(this.#endTimer);
    if (this.#closed || this.#end === null || this.#endTold || this.#asked !== null) return;
    const frames = this.#end - gone(this.output.stats);
    if (frames > 0) {
      if (this.output.state === 'running') this.#endTimer = setTimeout(() => this.#lookForEnd(), Math.max(LOOK_MS, (frames / this.#rate) * 1e3));
      return;
    }
    this.#endTold = true;
    const { at, seconds } = this.#stretches.at(-1);
    // Only now is it known for certain.
    if (this.failure === null && this.#end > at) this.#duration = seconds + (this.#end - at) / this.#rate;
    // Told to repeat when everything had been rendered already.
    if (this.#loop) this.seek(0).catch(() => {});
    else this.onended?.();
  }

  #lose(error) {
    this.failure = crashed(this.info.name, error);
    this.#settle(Infinity, ({ reject }) => reject(this.failure));
    this.onfailure?.(this.failure);
  }
}
