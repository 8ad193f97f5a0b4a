// The reader: a module worker without Wasm that fetches the file behind a URL for another worker, which may block and then hears no messages.
//
// The bytes go through a window in shared memory (reader-layout.js) that runs ahead of where the other side reads, and no further than it holds: then the
// body is left standing, and the network with it. Whatever the file's size, memory is bounded: the window's 4.4 MiB, and KEEP_BYTES where a file is kept.
//
//   ranges      any byte is had by a request; small steps and the file's two ends are served without one
//   kept        no ranges, 32 MiB at most: all of it is kept here, and the window filled from that
//   forward     no ranges and longer: what lies behind the window is read again from the beginning

import {
  AHEAD_BYTES, BEHIND_BYTES, HEAD_AT, HEAD_BYTES, MODE, PLACE, PROBLEM, RING_AT, RING_BYTES, STATE, STEP_BYTES, Shared, TAIL_AT, TAIL_BYTES,
  TEXT_AT, TEXT_BYTES, WORD,
} from './reader-layout.js';
import { Remote, Trouble, changed } from './reader-http.js';

/** The longest file that is kept whole where the server gives out no parts, in bytes. */
const KEEP_BYTES = 32 * 1024 * 1024;
/** Kept in pieces, so that a file of unknown length needs no more than it has. */
const PIECE_BYTES = 1024 * 1024;
/** Farther than any file reaches. */
const NEVER = Number.MAX_SAFE_INTEGER;
/** Where the window lies while nobody reads: as far. */
const RESTING = 2 ** 50;

/** The file's bytes from the first on, as far as they have come. */
class Store {
  constructor() {
    this.pieces = [];
    this.length = 0;
  }

  append(bytes) {
    for (let from = 0; from < bytes.length; ) {
      const at = this.length % PIECE_BYTES;
      if (at === 0) this.pieces.push(new Uint8Array(PIECE_BYTES));
      const part = bytes.subarray(from, from + PIECE_BYTES - at);
      this.pieces.at(-1).set(part, at);
      from += part.length;
      this.length += part.length;
    }
  }

  /** Bytes from `at` on, to the end of a piece at most. */
  from(at) {
    const start = at % PIECE_BYTES;
    return this.pieces[Math.floor(at / PIECE_BYTES)].subarray(start, start + Math.min(PIECE_BYTES - start, this.length - at));
  }
}

/** The window in shared memory: what is written at its end, and given up at its beginning. */
class Window {
  constructor(shared) {
    this.shared = shared;
  }

  get start() {
    return this.shared.place(PLACE.START);
  }

  get end() {
    return this.shared.place(PLACE.END);
  }

  /** Empties the window and lets it begin at `position`. Only while a request is open. */
  move(position) {
    const { shared } = this;
    for (const place of [PLACE.START, PLACE.END, PLACE.POSITION]) shared.setPlace(place, position);
  }

  /** How many bytes may be written; gives up what lies far enough behind the client. */
  room() {
    const { shared, start, end } = this;
    const keep = Math.min(end, shared.place(PLACE.POSITION) - BEHIND_BYTES);
    if (keep > start) {
      shared.setPlace(PLACE.START, keep);
      // The client stepped back in this moment: nothing was overwritten yet.
      if (shared.place(PLACE.POSITION) < keep) shared.setPlace(PLACE.START, start);
    }
    return RING_BYTES - (end - this.start);
  }

  /** Writes what fits of the bytes that begin at `at`; returns how many of them are done with. Those before the window's end are. */
  write(at, bytes) {
    const { shared, end } = this;
    if (at < end) return Math.min(bytes.length, end - at);
    if (at > end) throw new Error(`byte ${at} does not follow ${end}`);
    const count = Math.min(bytes.length, this.room());
    for (let done = 0; done < count; ) {
      const to = (at + done) % RING_BYTES;
      const part = bytes.subarray(done, Math.min(count, done + RING_BYTES - to));
      shared.bytes.set(part, RING_AT + to);
      done += part.length;
    }
    if (count > 0) {
      shared.setPlace(PLACE.END, end + count);
      shared.ring(WORD.SIGNAL);
    }
    return count;
  }
}

class Reader {
  constructor(url, shared, tuning) {
    this.shared = shared;
    this.window = new Window(shared);
    this.remote = new Remote(url, tuning);
    this.mode = MODE.UNKNOWN;
    this.store = null;
    /** Whether all of the store has come: true, or the Trouble that ended it. */
    this.stored = null;
    /** Ends the stream into the window. */
    this.streaming = new AbortController();
    /** Position of the stream's next byte; what it holds in hand is not yet counted. */
    this.at = 0;
    /** The trouble after which no attempt helps. */
    this.lost = null;
    /** Whether the tail is on its way. */
    this.fetchesTail = false;
    this.listeners = [];
  }

  async run() {
    const { remote, shared } = this;
    try {
      await remote.open();
    } catch (thrown) {
      this.lost = thrown;
      this.fail(thrown);
      return this.listen();
    }
    const { ranges, length } = remote;
    shared.setPlace(PLACE.LENGTH, length ?? -1);
    const kept = !ranges && (length === null || length <= KEEP_BYTES);
    this.setMode(ranges ? MODE.RANGES : kept ? MODE.KEPT : MODE.FORWARD);
    if (kept) {
      this.store = new Store();
      this.keep();
    }
    this.stream(0);
    return this.listen();
  }

  setMode(mode) {
    this.mode = mode;
    this.shared.setWord(WORD.MODE, mode);
    this.shared.ring(WORD.SIGNAL);
  }

  /** Wakes the parts of this worker that wait for `news`. */
  tell() {
    for (const listener of this.listeners.splice(0)) listener();
  }

  /** Until the client calls, or more of the store has come. */
  news() {
    return new Promise((resolve) => this.listeners.push(resolve));
  }

  /** Answers requests, for good. */
  async listen() {
    for await (const _ of calls(this.shared)) {
      const request = this.shared.word(WORD.REQUEST);
      if (request !== this.shared.word(WORD.ANSWERED)) this.serve(request, this.shared.place(PLACE.WANTED));
      this.tell();
    }
  }

  /** Makes the window, or the tail, come to `position`. */
  serve(request, position) {
    const { shared, window, mode } = this;
    const length = shared.place(PLACE.LENGTH);
    const state = shared.word(WORD.STATE);
    const streams = state === STATE.STREAMING || state === STATE.OPENING;
    const within = position >= window.start && (position < window.end || (streams && position <= window.end + AHEAD_BYTES));
    if (!within) {
      if (mode === MODE.RANGES && length >= 0 && position >= length - TAIL_BYTES && shared.place(PLACE.TAIL_LENGTH) === 0 && this.lost === null) {
        if (!this.fetchesTail) this.fetchTail(length);
        return;
      }
      this.goTo(position);
    }
    this.answer(request);
  }

  answer(request) {
    this.shared.setWord(WORD.ANSWERED, request);
    this.shared.ring(WORD.SIGNAL);
  }

  /** Moves the window: the stream goes on if it comes there soon, or cannot come there otherwise. */
  goTo(position) {
    const { window, mode } = this;
    const streams = this.shared.word(WORD.STATE) === STATE.STREAMING;
    const soon = mode === MODE.RANGES ? this.at + AHEAD_BYTES : NEVER;
    const goesOn = streams && mode !== MODE.KEPT && position >= this.at && position <= soon;
    window.move(position);
    if (!goesOn) this.stream(position);
  }

  /** Nobody reads for now: gives the connection up, of which a browser has few. The next read asks anew. */
  rest() {
    if (this.mode !== MODE.RANGES) return;
    this.streaming.abort();
    this.setState(STATE.ENDED);
    this.window.move(RESTING);
  }

  /** Starts to fill the window from `position` on, where it begins; ends what filled it before. */
  stream(position) {
    this.streaming.abort();
    this.streaming = new AbortController();
    const { signal } = this.streaming;
    if (this.lost !== null && this.mode !== MODE.KEPT) {
      this.fail(this.lost);
      return;
    }
    this.at = position;
    this.setState(STATE.STREAMING);
    const filled = this.mode === MODE.KEPT ? this.fill(signal) : this.pump(this.remote.chunks(position, signal), signal);
    filled.then(
      () => this.end(signal),
      (thrown) => signal.aborted || this.fail(thrown),
    );
  }

  /** From the network into the window. */
  async pump(chunks, signal) {
    for await (const { at, bytes } of chunks) {
      this.keepHead(at, bytes);
      await this.push(at, bytes, signal);
    }
  }

  /** Writes all of `bytes` into the window, as there is room. */
  async push(at, bytes, signal) {
    for (let done = 0; done < bytes.length; ) {
      // Before anything is written: the window may be another stream's by now.
      if (signal.aborted) throw signal.reason;
      const count = this.window.write(at + done, bytes.subarray(done));
      done += count;
      this.at = at + done;
      if (count === 0) await this.roomier();
    }
  }

  /** Waits until the client has come far enough, or has asked for something else. */
  async roomier() {
    const { shared, window } = this;
    const enough = window.start + BEHIND_BYTES + STEP_BYTES;
    const news = this.news();
    shared.setPlace(PLACE.RESUME_AT, enough);
    // It may have come there before it could see that it is waited for.
    if (shared.place(PLACE.POSITION) < enough) await news;
    shared.setPlace(PLACE.RESUME_AT, NEVER);
  }

  /** From the store into the window. */
  async fill(signal) {
    const { store, window } = this;
    while (!signal.aborted) {
      const { end } = window;
      if (end < store.length) {
        await this.push(end, store.from(end), signal);
      } else if (this.stored === null) {
        // `keep` may be waiting for this.
        this.tell();
        await this.news();
      } else if (this.stored === true) {
        return;
      } else {
        throw this.stored;
      }
    }
    throw signal.reason;
  }

  /** From the network into the store. A file that turns out longer than may be kept goes on into the window alone. */
  async keep() {
    const { signal } = new AbortController();
    const chunks = this.remote.chunks(0, signal);
    try {
      // Not by `for await`, which would end the stream where it is handed on.
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
        const { at, bytes } = next.value;
        if (this.store.length + bytes.length > KEEP_BYTES) {
          while (this.window.end < this.store.length) await this.news();
          this.letGo(at, bytes, chunks);
          return;
        }
        this.store.append(bytes);
        this.tell();
      }
      this.stored = true;
      this.shared.setPlace(PLACE.LENGTH, this.store.length);
    } catch (thrown) {
      this.stored = thrown;
    }
    this.tell();
  }

  /** Keeps no more: `bytes` and what follows them in `chunks` go into the window, whose end is the store's. */
  letGo(at, bytes, chunks) {
    this.streaming.abort();
    this.streaming = new AbortController();
    const { signal } = this.streaming;
    this.store = null;
    this.at = at;
    this.setMode(MODE.FORWARD);
    const rest = async function* () {
      yield { at, bytes };
      yield* chunks;
    };
    this.pump(rest(), signal).then(
      () => this.end(signal),
      (thrown) => signal.aborted || this.fail(thrown),
    );
  }

  keepHead(at, bytes) {
    const { shared } = this;
    const end = shared.place(PLACE.HEAD_END);
    if (this.mode !== MODE.RANGES || at > end || end >= HEAD_BYTES || at + bytes.length <= end) return;
    const part = bytes.subarray(end - at, HEAD_BYTES - at);
    shared.bytes.set(part, HEAD_AT + end);
    shared.setPlace(PLACE.HEAD_END, end + part.length);
  }

  /** The file's end, beside the stream, which stays where it is: whoever looks at the end returns. */
  async fetchTail(length) {
    const { shared } = this;
    let failed = false;
    this.fetchesTail = true;
    const start = Math.max(0, length - TAIL_BYTES);
    try {
      for await (const { at, bytes } of this.remote.chunks(start, new AbortController().signal)) {
        if (at + bytes.length > length) throw changed();
        shared.bytes.set(bytes, TAIL_AT + at - start);
      }
      shared.setPlace(PLACE.TAIL_LENGTH, length - start);
    } catch (thrown) {
      failed = true;
      if (thrown.code === PROBLEM.CHANGED) this.lost = thrown;
    }
    this.fetchesTail = false;
    const request = shared.word(WORD.REQUEST);
    const position = shared.place(PLACE.WANTED);
    if (request === shared.word(WORD.ANSWERED) || position < start) return;
    // The stream that is now to go there says what is wrong.
    if (failed) this.goTo(position);
    this.answer(request);
  }

  setState(state) {
    this.shared.setWord(WORD.STATE, state);
    this.shared.ring(WORD.SIGNAL);
  }

  /** The stream has come to the end of the file. */
  end(signal) {
    if (signal.aborted) return;
    this.shared.setPlace(PLACE.LENGTH, this.remote.length ?? this.at);
    this.setState(STATE.ENDED);
  }

  /** Says why no more comes. */
  fail(thrown) {
    const { shared } = this;
    const trouble = thrown instanceof Trouble ? thrown : new Trouble(PROBLEM.CRASHED, `the reader failed: ${thrown?.message ?? thrown}`);
    if (trouble.code === PROBLEM.CHANGED) this.lost = trouble;
    const text = new TextEncoder().encode(trouble.message).subarray(0, TEXT_BYTES);
    shared.bytes.set(text, TEXT_AT);
    shared.setWord(WORD.TEXT_BYTES, text.length);
    shared.setWord(WORD.PROBLEM, trouble.code);
    shared.setWord(WORD.STATUS, trouble.status);
    shared.setPlace(PLACE.FAILED_AT, trouble.at ?? 0);
    this.setState(STATE.FAILED);
  }
}

/** Once at the beginning, then each time that the client has called. Nothing polls. */
async function* calls({ words }) {
  let next = Atomics.waitAsync ? null : waiter(words);
  for (;;) {
    const seen = Atomics.load(words, WORD.CALL);
    yield;
    if (next === null) {
      const { async, value } = Atomics.waitAsync(words, WORD.CALL, seen);
      if (async) await value;
    } else {
      await next(seen);
    }
  }
}

/** Where waiting would block this worker (Firefox before 145): another one waits, and tells. */
function waiter(words) {
  const worker = new Worker(import.meta.url, { type: 'module', name: WAITER });
  return (seen) =>
    new Promise((resolve) => {
      worker.onmessage = () => resolve();
      worker.postMessage({ words, seen });
    });
}

const WAITER = 'noxrun-reader-waiter';

if (globalThis.name === WAITER) {
  onmessage = ({ data: { words, seen } }) => {
    Atomics.wait(words, WORD.CALL, seen);
    postMessage(null);
  };
} else {
  onmessage = ({ data: { url, buffer, tuning } }) => {
    const shared = new Shared(buffer);
    const reader = new Reader(url, shared, tuning);
    // Whoever is waiting must not wait for ever for what a mistake in here has ended.
    onunhandledrejection = ({ reason }) => reader.fail(reason);
    reader.run().catch((thrown) => reader.fail(thrown));
    onmessage = () => reader.rest();
  };
}
