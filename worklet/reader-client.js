// The end of the reader (worklet/reader.js) that reads: for a worker, which may block. Rust's side of it is src/web/url.rs.

import {
  AHEAD_BYTES, HEAD_AT, MODE, PLACE, PROBLEM, RING_AT, RING_BYTES, STATE, Shared, TAIL_AT, TEXT_AT, WORD,
} from './reader-layout.js';

/** Farther than any file reaches. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** Why bytes cannot be read. `code` is one of PROBLEM, `status` the server's answer or 0, `at` the byte position. */
export class ReaderError extends Error {
  constructor(code, at, status, text) {
    super(text);
    this.name = 'ReaderError';
    Object.assign(this, { code, at, status });
  }
}

/** Reads the file behind a URL at any position. One at a time per reader. */
export class ReaderClient {
  /** @param {{buffer: SharedArrayBuffer, name: string}} handle what the page's UrlReader hands out */
  constructor({ buffer, name }) {
    this.name = name;
    this.shared = new Shared(buffer);
    /** What was asked for last. */
    this.wanted = -1;
  }

  /** Waits until it is known how the server gives the file out. Throws a ReaderError. */
  open() {
    const { shared } = this;
    for (;;) {
      const signal = shared.word(WORD.SIGNAL);
      if (shared.word(WORD.MODE) !== MODE.UNKNOWN) return;
      if (shared.word(WORD.STATE) === STATE.FAILED) throw this.failure();
      this.sleep(signal, 0);
    }
  }

  /** Length in bytes, or -1 where it is not known (yet). */
  get length() {
    return this.shared.place(PLACE.LENGTH);
  }

  /** Whether any byte can be had. Without ranges: only of a file that is kept, and whose length is known. */
  get seekable() {
    const mode = this.shared.word(WORD.MODE);
    return mode === MODE.RANGES || (mode === MODE.KEPT && this.length >= 0);
  }

  /**
   * Copies bytes from `position` on into `to`; returns how many: at least one, or 0 at the end of the file. Waits for the first of them. Throws a
   * ReaderError; PROBLEM.INTERRUPTED if it was interrupted, until `resume`.
   */
  read(position, to) {
    if (to.length === 0) return 0;
    const { shared } = this;
    let asked = null;
    for (;;) {
      // First, so that no news between looking and sleeping is missed.
      const signal = shared.word(WORD.SIGNAL);
      const kept = this.fromEnds(position, to);
      if (kept > 0) return kept;
      if (shared.word(WORD.ANSWERED) === shared.word(WORD.REQUEST)) {
        // Before the window's end: what has ended or failed does not grow.
        const state = shared.word(WORD.STATE);
        const end = shared.place(PLACE.END);
        const near = position >= shared.place(PLACE.START) && position <= end + AHEAD_BYTES;
        if (near && this.holds(position)) {
          if (position < end) return this.fromWindow(position, end, to);
          if (state === STATE.ENDED) return 0;
          if (state === STATE.FAILED && (position === end || asked !== null)) throw this.failure();
        }
        const { length } = this;
        const mode = shared.word(WORD.MODE);
        // Without ranges the length is what the header says: only the body's end is sure.
        if (mode === MODE.RANGES && length >= 0 && position >= length) return 0;
        if (state === STATE.FAILED && (asked !== null || mode === MODE.UNKNOWN)) throw this.failure();
        const comes = near && (state === STATE.STREAMING || state === STATE.OPENING) && position >= end;
        if (!comes) {
          asked = position;
          this.request(position);
        }
      } else if (asked === null && position !== this.wanted) {
        // The read that asked was interrupted, and this one is about something else.
        asked = position;
        this.request(position);
      }
      this.sleep(signal, position);
    }
  }

  /** What was interrupted may wait again. To be called before looking at what the interruption was for. */
  resume() {
    this.shared.setWord(WORD.RESUMED, this.shared.word(WORD.INTERRUPTS));
  }

  /** Bytes of the head or the tail. */
  fromEnds(position, to) {
    const { shared } = this;
    const headEnd = shared.place(PLACE.HEAD_END);
    if (position < headEnd) return this.copy(HEAD_AT + position, headEnd - position, to);
    const tail = shared.place(PLACE.TAIL_LENGTH);
    const rest = this.length - position;
    if (rest > 0 && rest <= tail) return this.copy(TAIL_AT + tail - rest, rest, to);
    return 0;
  }

  /** Says where it reads, and whether the window still reaches back there: see reader-layout.js. */
  holds(position) {
    const { shared } = this;
    shared.setPlace(PLACE.POSITION, position);
    const resumeAt = shared.place(PLACE.RESUME_AT);
    if (position >= resumeAt) {
      shared.setPlace(PLACE.RESUME_AT, NEVER);
      shared.ring(WORD.CALL);
    }
    return position >= shared.place(PLACE.START);
  }

  fromWindow(position, end, to) {
    const at = position % RING_BYTES;
    // To the seam of the ring at most: the next read takes the rest.
    return this.copy(RING_AT + at, Math.min(end - position, RING_BYTES - at), to);
  }

  copy(from, most, to) {
    const count = Math.min(most, to.length);
    to.set(this.shared.bytes.subarray(from, from + count));
    return count;
  }

  request(position) {
    const { shared } = this;
    this.wanted = position;
    shared.setPlace(PLACE.WANTED, position);
    Atomics.add(shared.words, WORD.REQUEST, 1);
    shared.ring(WORD.CALL);
  }

  /** Sleeps until there is news since `signal` was read. */
  sleep(signal, position) {
    const { shared } = this;
    if (shared.word(WORD.STOPPED) !== 0) throw new ReaderError(PROBLEM.STOPPED, position, 0, 'reading it was stopped');
    if (shared.word(WORD.INTERRUPTS) !== shared.word(WORD.RESUMED)) {
      throw new ReaderError(PROBLEM.INTERRUPTED, position, 0, 'waiting for it was interrupted');
    }
    // Nobody is left who could answer.
    if (shared.word(WORD.STATE) === STATE.FAILED && shared.word(WORD.PROBLEM) === PROBLEM.CRASHED) throw this.failure();
    Atomics.wait(shared.words, WORD.SIGNAL, signal);
  }

  failure() {
    const { shared } = this;
    const length = shared.word(WORD.TEXT_BYTES);
    // A copy: no browser decodes from shared memory.
    const text = new TextDecoder().decode(shared.bytes.slice(TEXT_AT, TEXT_AT + length));
    const code = shared.word(WORD.PROBLEM);
    return new ReaderError(code, shared.place(PLACE.FAILED_AT), shared.word(WORD.STATUS), text || 'the script that reads it did not load');
  }
}
