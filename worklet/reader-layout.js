// What the reader (worklet/reader.js) and whoever reads from it (worklet/reader-client.js) share: one SharedArrayBuffer.
//
//   bytes 0 ..        32-bit words, numbered by WORD
//   bytes 64 ..       64-bit words, numbered by PLACE: byte positions in the file
//   bytes TEXT_AT ..  why it failed, for people, in UTF-8
//   bytes HEAD_AT ..  the file's beginning, once read kept for good
//   bytes TAIL_AT ..  the file's end, kept for good once somebody asked for it
//   bytes RING_AT ..  the window: bytes START to END of the file; byte p lies at RING_AT + p % RING_BYTES
//
// All is 0 at first. Who writes what: the client REQUEST, WANTED, POSITION and RESUMED, the page STOPPED and INTERRUPTS, the reader everything else; RESUME_AT and CALL
// both ends. All words are read and written by Atomics, so in one order that all threads agree on.
//
//   - The client waits on SIGNAL, which is counted up after any change that it may be waiting for; the reader waits on CALL.
//   - A request is WANTED, then REQUEST counted up. The window is moved only while a request is open (ANSWERED is not REQUEST), and then the client
//     leaves it alone.
//   - Bytes behind the client are given up by writing START first, then looking whether POSITION still lies ahead of it. The client writes POSITION first,
//     then looks whether START lies behind it. One of them notices the other.

/** 32-bit words. Those that the page writes stand in src/web/page/reader.rs too. */
export const WORD = {
  SIGNAL: 0,
  CALL: 1,
  REQUEST: 2,
  ANSWERED: 3,
  STATE: 4,
  MODE: 5,
  INTERRUPTS: 6,
  RESUMED: 7,
  STOPPED: 8,
  PROBLEM: 9,
  STATUS: 10,
  TEXT_BYTES: 11,
};

/** 64-bit words. */
export const PLACE = {
  /** The window is START to END. */
  START: 8,
  END: 9,
  /** Where the client reads in the window. */
  POSITION: 10,
  /** The client calls the reader when POSITION comes here. */
  RESUME_AT: 11,
  /** What a request asks for. */
  WANTED: 12,
  /** Length of the file, or -1; valid once MODE is known. */
  LENGTH: 13,
  /** The head is 0 to HEAD_END. */
  HEAD_END: 14,
  /** The tail is the last TAIL_LENGTH bytes; 0 while there is none. */
  TAIL_LENGTH: 15,
  /** Where in the file it failed. */
  FAILED_AT: 16,
};

/** What the stream into the window does. */
export const STATE = { OPENING: 0, STREAMING: 1, ENDED: 2, FAILED: 3 };

/** How the server gives the file out. */
export const MODE = {
  UNKNOWN: 0,
  /** From any byte on. */
  RANGES: 1,
  /** From the beginning only, and all of it is kept. */
  KEPT: 2,
  /** From the beginning only, and it is too long to be kept. */
  FORWARD: 3,
};

/** Why it failed; the same numbers as in src/web/url.rs. */
export const PROBLEM = {
  /** No answer: no network, no such server, or the server does not let this page read. */
  UNREACHABLE: 1,
  /** An answer, but not the file: STATUS says which. */
  STATUS: 2,
  /** What is there now is another file than at the beginning. */
  CHANGED: 3,
  /** Nothing came for too long. */
  STALLED: 4,
  /** The connection broke again and again. */
  BROKEN: 5,
  /** The answer contradicts itself or the question. */
  MALFORMED: 6,
  /** The reader itself failed, or could not be loaded. */
  CRASHED: 7,
  /** The page ended the reader. */
  STOPPED: 8,
  /** The page interrupted the wait. Nothing is wrong with the file. */
  INTERRUPTED: 9,
};

export const TEXT_AT = 192;
export const TEXT_BYTES = 832;
export const HEAD_AT = 1024;
/** What probing reads: tags with a cover are longer, and then cost a request more. */
export const HEAD_BYTES = 256 * 1024;
export const TAIL_AT = HEAD_AT + HEAD_BYTES;
/** An Ogg's last page (64 KiB at most), ID3v1 and APE tags, and the index of an MP4 of some minutes. */
export const TAIL_BYTES = 128 * 1024;
export const RING_AT = TAIL_AT + TAIL_BYTES;
export const RING_BYTES = 4 * 1024 * 1024;
/** Kept behind the client, so that small steps back cost nothing. */
export const BEHIND_BYTES = 1024 * 1024;
/** So far ahead of what has come a client waits rather than asks: a request takes as long as these bytes. */
export const AHEAD_BYTES = 256 * 1024;
/** The reader sleeps until it can write so much at once. */
export const STEP_BYTES = 256 * 1024;
export const SHARED_BYTES = RING_AT + RING_BYTES;

/** The shared words with their names: numbers in, numbers out. */
export class Shared {
  constructor(buffer) {
    this.words = new Int32Array(buffer, 0, 16);
    this.places = new BigInt64Array(buffer, 0, TEXT_AT / 8);
    this.bytes = new Uint8Array(buffer);
  }

  word(index) {
    return Atomics.load(this.words, index);
  }

  setWord(index, value) {
    Atomics.store(this.words, index, value);
  }

  place(index) {
    return Number(Atomics.load(this.places, index));
  }

  setPlace(index, value) {
    Atomics.store(this.places, index, BigInt(value));
  }

  /** Counts up a word that somebody may be waiting on, and wakes them. */
  ring(index) {
    Atomics.add(this.words, index, 1);
    Atomics.notify(this.words, index);
  }
}
