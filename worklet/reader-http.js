// A file behind a URL as a stream of bytes from any position on: ranges where the server offers them, retries, and a watch on whether it is still the same file.

import { PROBLEM } from './reader-layout.js';

/** Nothing came for so long, in ms: the connection is given up. */
const STALL_MS = 15_000;
/** Before each new attempt after a connection broke, in ms. Whatever comes starts the count anew. */
const RETRY_MS = [500, 1000, 2000];
/**
 * Bytes that are asked for at a time once a connection broke of which nothing was had. When one breaks, a browser drops what had come and was not taken yet: of a server
 * that soon breaks off every answer, only an answer that is whole before that is ever had.
 */
const PART_BYTES = 1 << 18;
/** Answers that may be better a moment later. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

/** Why the file cannot be read (on). `again`: another attempt may help. */
export class Trouble extends Error {
  constructor(code, text, { status = 0, again = false } = {}) {
    super(text);
    Object.assign(this, { code, status, again });
  }
}

const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });

// A Content-Range: `bytes 0-99/1000`, `bytes 0-99/*` or `bytes */1000`.
function contentRange(response) {
  const text = response.headers.get('Content-Range');
  const found = /^bytes (?:(\d+)-(\d+)|\*)\/(?:(\d+)|\*)$/i.exec(text?.trim() ?? '');
  if (!found) return null;
  const [start, last, total] = found.slice(1).map((digits) => (digits === undefined ? null : Number(digits)));
  return { start, end: last === null ? null : last + 1, total };
}

/** Whether what comes out of the body is not what the server counts: then its figures say nothing. */
const compressed = (response) => !['', 'identity'].includes((response.headers.get('Content-Encoding') ?? '').trim().toLowerCase());

function contentLength(response) {
  const digits = response.headers.get('Content-Length');
  return digits !== null && /^\d+$/.test(digits) && !compressed(response) ? Number(digits) : null;
}

export class Remote {
  constructor(url, { stallMs = STALL_MS, retryMs = RETRY_MS } = {}) {
    this.url = url;
    this.stallMs = stallMs;
    this.retryMs = retryMs;
    /** Whether the server gives out parts. */
    this.ranges = false;
    /** Bytes, or null where the server does not say. */
    this.length = null;
    /** What tells this file from another at the same place. */
    this.marks = null;
    /** The answer to the first request, until its body is read. */
    this.first = null;
  }

  /** The first request: afterwards `ranges` and `length` are known. A wrong address is told at once: what breaks later is tried again, this is not. */
  async open() {
    const { signal } = new AbortController();
    const whole = () => this.fetch(0, signal, { range: false });
    let answer = await this.fetch(0, signal, { range: true }).catch((trouble) => {
      // A browser that asks for a part takes no compressed answer, and older ones ask another site for leave first: without Range it may do.
      if (trouble.code !== PROBLEM.UNREACHABLE) throw trouble;
      return whole();
    });
    if (answer.response.status === 416) {
      // No byte of it can be had in parts: it is empty, as a rule.
      answer.close();
      answer = await whole();
    }
    const { response } = answer;
    this.marks = marks(response);
    if (response.status === 206 && !compressed(response)) {
      const range = contentRange(response);
      if (range !== null && range.start !== 0) throw answer.fail(malformed(0, range));
      this.ranges = true;
      // Another site's Content-Range is hidden unless that site says otherwise, its Content-Length is not; the part asked for is the whole.
      this.length = range === null ? contentLength(response) : range.total;
    } else if (response.ok) {
      this.length = contentLength(response);
    } else {
      throw answer.fail(this.refused(response));
    }
    this.first = answer;
  }

  /**
   * Chunks `{at, bytes}` from byte `from` to the end, one after the other without a gap; a break in between is mended. Without ranges it reads from the beginning
   * and drops what lies before `from`. Throws a Trouble with `at`, or the signal's reason.
   */
  async *chunks(from, signal) {
    let at = from;
    let attempts = 0;
    let most = Infinity;
    for (;;) {
      let came = false;
      try {
        for await (const bytes of this.answer(at, signal, most)) {
          attempts = 0;
          came = true;
          yield { at, bytes };
          at += bytes.length;
        }
        // Without ranges the body's end is the file's, whatever the header said.
        if (!this.ranges) this.length = at;
        if (this.length === null || at >= this.length) return;
        // Some servers give out no more than so much at once: on to the next part.
        if (!came) throw new Trouble(PROBLEM.BROKEN, 'the server sends no more of it', { again: true });
      } catch (thrown) {
        if (signal.aborted) throw signal.reason;
        const trouble = thrown instanceof Trouble ? thrown : new Trouble(PROBLEM.CRASHED, String(thrown?.message ?? thrown));
        if (!trouble.again || attempts >= this.retryMs.length) throw Object.assign(trouble, { at });
        attempts += 1;
        // Only for a connection that broke: a server that was busy for a moment need not be asked a hundred times. Where nobody knows the length, the end of a part would be taken for the file's.
        if (!came && trouble.code === PROBLEM.BROKEN && this.length !== null) most = PART_BYTES;
        await sleep(this.retryMs[attempts - 1], signal);
      }
    }
  }

  /** The body of one answer, from byte `at` on; of no more than so many bytes, where the server gives out parts. */
  async *answer(at, signal, most) {
    const first = at === 0 ? this.first : null;
    if (first !== null) this.first = null;
    const answer = first ?? (await this.fetch(at, signal, { range: this.ranges, most }));
    const stop = () => answer.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) throw signal.reason;
      let skip = first === null ? this.check(answer.response, at) : 0;
      if (skip === null || answer.body === null) return;
      for (;;) {
        const { done, value } = await answer.read();
        // It ends before it goes on: it was longer.
        if (done && skip > 0) throw changed();
        if (done) return;
        const dropped = Math.min(skip, value.length);
        skip -= dropped;
        if (dropped < value.length) yield value.subarray(dropped);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      answer.close();
    }
  }

  /** Whether a later answer goes on where the first began. Returns the bytes to be dropped before byte `at`, or null where nothing is left. */
  check(response, at) {
    if (this.ranges && response.status === 416 && this.length === null) return null;
    if (!response.ok && response.status !== 416) throw this.refused(response);
    // A part that no longer exists, or the whole where a part was asked for. Compared here and not by If-Range: that header would have every other site
    // asked for leave first, which few give.
    if (response.status === 416 || this.ranges !== (response.status === 206)) throw changed();
    const now = marks(response);
    for (const name of ['etag', 'modified']) {
      if (this.marks[name] !== null && now[name] !== null && this.marks[name] !== now[name]) throw changed();
    }
    const range = contentRange(response);
    const length = contentLength(response);
    if (!this.ranges) {
      if (length !== null && this.length !== null && length !== this.length) throw changed();
      return at;
    }
    const total = range?.total ?? null;
    if (total !== null && this.length !== null && total !== this.length) throw changed();
    // Earlier than asked for will do.
    if (range !== null && (range.start === null || range.start > at)) throw malformed(at, range);
    return range === null ? 0 : at - range.start;
  }

  /** Asks for the file from `at` on, for `most` bytes of it; the answer's body is read by `read`, and given up by `close`. */
  async fetch(at, signal, { range, most = Infinity }) {
    const controller = new AbortController();
    let stalled = false;
    /** Waits for what the network does next, but not for ever. */
    const watched = async (wait) => {
      const timer = setTimeout(() => {
        stalled = true;
        controller.abort();
      }, this.stallMs);
      try {
        return await wait();
      } catch (thrown) {
        if (stalled) throw new Trouble(PROBLEM.STALLED, `nothing came from the server for ${this.stallMs / 1000} s`, { again: true });
        throw thrown;
      } finally {
        clearTimeout(timer);
      }
    };
    const close = () => controller.abort();
    signal.addEventListener('abort', close, { once: true });
    try {
      // Not through the browser's cache: it would have the end of the file wait until the beginning has been read. And a body that is read
      // slowly for two hours is nothing to keep.
      const options = { signal: controller.signal, cache: 'no-store', headers: range ? { Range: `bytes=${at}-${most < Infinity ? Math.min(at + most, this.length) - 1 : ''}` } : {} };
      const response = await watched(() =>
        fetch(this.url, options).catch(() => {
          throw this.unreachable();
        }),
      );
      const body = response.body?.getReader() ?? null;
      const read = () =>
        watched(() =>
          body.read().catch(() => {
            throw new Trouble(PROBLEM.BROKEN, 'the connection to the server broke', { again: true });
          }),
        );
      const fail = (trouble) => {
        close();
        return trouble;
      };
      return { response, body, read, close, fail };
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  unreachable() {
    const { origin, host } = new URL(this.url, globalThis.location.href);
    const other = origin !== globalThis.location.origin && origin !== 'null';
    const text = other
      ? `${host} cannot be reached, or does not let pages of other sites read its files (it would have to send "Access-Control-Allow-Origin")`
      : 'the server cannot be reached';
    return new Trouble(PROBLEM.UNREACHABLE, text, { again: true });
  }

  refused(response) {
    const { status } = response;
    const why = { 401: ': it asks for a password', 403: ': it is not allowed to be read', 404: ': there is no such file', 410: ': it was removed' }[status] ?? '';
    return new Trouble(PROBLEM.STATUS, `the server answers ${status}${why}`, { status, again: PASSING.includes(status) });
  }
}

const marks = (response) => ({ etag: response.headers.get('ETag'), modified: response.headers.get('Last-Modified') });

export const changed = () => new Trouble(PROBLEM.CHANGED, 'it was changed on the server');

const malformed = (asked, { start }) =>
  new Trouble(PROBLEM.MALFORMED, start === null ? 'the server names no part in its answer' : `the server sends byte ${start} on where byte ${asked} was asked for`);
