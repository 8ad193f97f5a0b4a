// The page's book of one output: reads its ledger, keeps the log of losses, gives figures their names.

import { epochNow } from './engine.js';
import { seen, tellAll, unwatch, watch } from './witness.js';

/** Places in the row; must match src/web/embed/book.rs. */
export const ROW = Object.fromEntries([
  'requested', 'fresh', 'repeated', 'concealed', 'produced', 'inFlight', 'torn', 'imbalance', 'quanta', 'duplicateQuanta', 'starvedQuanta', 'underruns', 'underrunFrames', 'longestUnderrun', 'overruns', 'state', 'heartbeat',
  'blocks', 'renderNs', 'lastedNs', 'longestNs', 'sleeps', 'timeOuts', 'lateP50', 'lateP99', 'lateMax', 'callback', 'longestCallback', 'slips', 'skipped', 'replayed', 'nonFinite', 'identical', 'quantum', 'messages', 'wakes',
].map((name, place) => [name, place]));
export const SILENT = 36;
export const DROPPED = 41;
export const CAUSES = 48;
const ROW_LENGTH = 60;
const EVENT_LENGTH = 12;
const TRIES = 8;
/** How often somebody looks, in ms: shared memory keeps 256 underruns until then. As in src/watch/mod.rs. */
export const EVERY_MS = 250;
// With messages: a newer look is asked for when the latest is older than this, in ms.
const FRESH_MS = 8;
// Kinds of sights; must match src/web/embed/book.rs.
const CONTEXT = { running: 2, suspended: 3, interrupted: 4, closed: 5 };
const CHANGING_DEVICE = 6;

// Looks that were asked for.
let looks = 0;

let words = null;

/** Words for numbers, out of the module: { silentBy, droppedBy, causes, kinds, endings }. */
export function wordsOf({ exports, memory }) {
  if (words === null) {
    const at = exports.noxrun_words();
    const bytes = new Uint8Array(memory.buffer, at);
    // Copied: decoders refuse views of shared memory.
    const text = new TextDecoder().decode(new Uint8Array(bytes.subarray(0, bytes.indexOf(0))));
    const [silentBy, droppedBy, causes, kinds, endings] = text.split('|').map((list) => list.split(','));
    words = { silentBy, droppedBy, causes, kinds, endings };
  }
  return words;
}

/** Looks into memory that is shared. */
export class SharedView {
  constructor({ exports }, memory, address, ring) {
    const [shared, ringBytes, producer, consumer] = [0, 1, 2, 3].map((which) => exports.noxrun_size(which));
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    Object.assign(this, { address, ring, shared, ringBytes });
    this.sequences = [producer, consumer].map((offset) => (address + offset) / 4);
  }

  /** Copies into `to`. Whether it is of one moment. */
  copy(to) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = this.sequences.map((word) => Atomics.load(this.words, word));
      if (before.some((number) => number % 2 !== 0)) continue;
      to.set(this.bytes.subarray(this.address, this.address + this.shared));
      to.set(this.bytes.subarray(this.ring, this.ring + this.ringBytes), this.shared);
      if (this.sequences.every((word, which) => Atomics.load(this.words, word) === before[which])) return true;
    }
    return false;
  }
}

/** Looks into a memory that nobody shares: copies come through `port`, in two buffers that go to and fro. */
export class MailedView {
  constructor({ exports }, post) {
    [this.shared, this.ring] = [0, 1].map((which) => exports.noxrun_size(which));
    this.post = post;
    this.latest = null;
    this.spare = new ArrayBuffer(this.shared + this.ring);
    this.asked = null;
    this.at = -Infinity;
  }

  /** Asks for a copy; resolves when it is there, or the way is gone. */
  ask() {
    if (this.asked === null) {
      looks += 1;
      const asked = { id: looks };
      asked.promise = new Promise((resolve) => { asked.resolve = resolve; });
      this.asked = asked;
      const buffer = this.spare ?? new ArrayBuffer(this.shared + this.ring);
      this.spare = null;
      this.post({ type: 'look', buffer, shared: this.shared, ring: this.ring, id: asked.id }, [buffer]);
    }
    return this.asked.promise;
  }

  hear({ buffer, id }) {
    // Of an output that was there before.
    if (id !== this.asked?.id) return;
    this.take(buffer);
    this.asked.resolve();
    this.asked = null;
  }

  take(buffer) {
    this.spare = this.latest;
    this.latest = buffer;
    this.at = performance.now();
  }

  copy(to) {
    if (performance.now() - this.at > FRESH_MS) this.ask();
    if (this.latest === null) return false;
    to.set(new Uint8Array(this.latest));
    return true;
  }
}

export class Book {
  #engine;
  #handle;
  #copies;
  #row;
  #event;

  /** `views`: of the audio thread, and of the producer where that has a memory of its own. */
  constructor(engine, context, views) {
    const { exports, memory } = engine;
    this.#engine = engine;
    this.context = context;
    this.views = views;
    this.readable = false;
    this.at = performance.now();
    this.#handle = exports.noxrun_book(context.sampleRate, performance.now(), Date.now());
    const length = exports.noxrun_size(0) + exports.noxrun_size(1);
    const place = (part) => exports.noxrun_book_place(this.#handle, part);
    this.#copies = [0, 1].map((part) => new Uint8Array(memory.buffer, place(part), length));
    this.#row = new Float64Array(memory.buffer, place(2), ROW_LENGTH);
    this.#event = new Float64Array(memory.buffer, place(3), EVENT_LENGTH);
    watch(this);
    this.sawContext();
  }

  /** The row as it was at the latest look; a copy. */
  get row() { return Float64Array.from(this.#row); }

  /** Looks, and takes over what is new. Whether it could be read. */
  look() {
    if (this.#handle === 0) return false;
    tellAll();
    this.#around();
    const [first, second] = this.views;
    this.readable = first.copy(this.#copies[0]);
    if (!this.readable) return false;
    const both = second?.copy(this.#copies[1]) ?? false;
    this.at = first.at ?? performance.now();
    this.#engine.exports.noxrun_book_look(this.#handle, epochNow(), both ? 1 : 0);
    return true;
  }

  #around() {
    const { hidden, frozen } = seen();
    const stats = this.context.playbackStats;
    this.#engine.exports.noxrun_book_around(
      this.#handle, performance.now(), performance.timeOrigin, Date.now(), this.context.state === 'running' ? 1 : 0, hidden ? 1 : 0, ...frozen, stats?.underrunEvents ?? -1, stats?.underrunDuration ?? 0,
    );
  }

  saw(kind, atMs, ms) { if (this.#handle !== 0) this.#engine.exports.noxrun_book_saw(this.#handle, kind, atMs, ms); }
  sawContext() { this.saw(CONTEXT[this.context.state] ?? CONTEXT.closed, epochNow(), 0); }
  sawDevice() { this.saw(CHANGING_DEVICE, epochNow(), 0); }

  /** For how long the producer has shown no sign of life, in ms, if it is too long; else null. */
  pulse() {
    if (this.#handle === 0) return null;
    const since = this.#engine.exports.noxrun_book_pulse(this.#handle, performance.now(), this.readable ? 1 : 0);
    return since < 0 ? null : performance.now() - since;
  }

  lost() { if (this.#handle !== 0) this.#engine.exports.noxrun_book_lost(this.#handle, epochNow()); }

  /** The losses that are listed, oldest first. */
  losses() {
    if (this.#handle === 0) return [];
    const { exports } = this.#engine;
    const { causes, kinds, endings } = wordsOf(this.#engine);
    return Array.from({ length: exports.noxrun_book_events(this.#handle) }, (_, place) => {
      exports.noxrun_book_event(this.#handle, place);
      const [kind, number, atMs, frame, frames, fill, cause, endedBy, settled, covering] = this.#event;
      return {
        kind: kinds[kind], number, atMs, frame, frames, fill: fill < 0 ? null : fill, cause: causes[cause] ?? null, endedBy: endings[endedBy] ?? null, settled: settled === 1, coveringFrames: covering < 0 ? null : covering,
      };
    });
  }

  /** No more comes; what it knows can still be asked for until `drop`. */
  close() {
    unwatch(this);
    if (this.#handle !== 0) this.#engine.exports.noxrun_book_close(this.#handle, epochNow());
  }

  drop() {
    if (this.#handle === 0) return;
    this.#row = this.row;
    this.#engine.exports.noxrun_book_drop(this.#handle);
    // Nothing may be written there any more: the memory is that of all books.
    this.#handle = 0;
    this.#copies = null;
    this.#event = null;
  }
}
