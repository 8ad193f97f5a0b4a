/** What both sides of an output share: errors, settings, information for a block. */

/** A word for programs; the same in every version. */
export type NoxrunErrorCode =
  | 'option'             // an option is unknown, of the wrong kind, or contradicts another
  | 'out-of-range'       // a number lies outside its range
  | 'offline-context'    // an OfflineAudioContext renders faster than real time: nothing to decouple
  | 'no-audio-worklet'   // no AudioWorklet here: an insecure address (http), or an old browser
  | 'context-closed'     // the AudioContext given is closed
  | 'audio'              // the browser gave no context, node or memory
  | 'not-isolated'       // transport 'shared' was asked for, and memory cannot be shared here
  | 'file-url'           // the page was opened from a file: no browser lets it load workers
  | 'not-loaded'         // a file is missing or is something else; `url` says which
  | 'csp'                // the page's Content-Security-Policy forbids it; the message names the directive
  | 'version-mismatch'   // page, worker, processor or engine are of different versions
  | 'worker-crashed'     // the producer's worker ended by itself; `cause` is what it threw, where known
  | 'no-answer'          // a server, worker or page did not answer in time
  | 'producer-lost'      // the producer is gone and was not replaced
  | 'producer-taken'     // this ring has a producer already: a ring has one, for good
  | 'not-an-output'      // this is no handle of an output
  | 'stale'              // the handle's output is closed, or its producer was replaced
  | 'wrong-thread'       // this call belongs to another thread
  | 'mode'               // this producer already renders, writes or offers: one way per output
  | 'too-many'           // no memory or worker is left for another output
  | 'file'               // a file cannot be played; `problem` says what is wrong with it
  | 'blocked'            // the browser wants a gesture before it plays
  | 'closed';            // this output is closed

/** Every failure. Underruns are none: they are data, in the statistics. */
export class NoxrunError extends Error {
  constructor(code: NoxrunErrorCode, message: string, options?: { cause?: unknown; url?: string; problem?: FileProblem });
  readonly name: 'NoxrunError';
  readonly code: NoxrunErrorCode;
  /** Which file, where one is concerned. */
  readonly url?: string;
  /** With code `file`: what is wrong with it. */
  readonly problem?: FileProblem;
}

/** What can be wrong with a file that is to be played. */
export type FileProblem =
  | 'empty'              // it has no bytes
  | 'not-audio'          // no audio file of a kind known here
  | 'unsupported'        // a kind, codec, rate or channel count that is not played
  | 'no-decoder'         // only the browser could decode it
  | 'damaged'            // what it says contradicts itself
  | 'cut-off'            // it ends before it should
  | 'unreadable'         // it cannot be read (any more): moved, changed, not served
  | 'crashed';           // the decoder crashed, ran out of memory or did not come back

/** How frames travel: through shared memory, or as messages where the page may not share memory. */
export type Transport = 'shared' | 'message';

/** Tells a producer about the block that it is to render. The same object each time. */
export interface RenderInfo {
  /** Frames wanted; the block has `frames * channels` samples, interleaved. */
  frames: number;
  channels: number;
  /** Hz. */
  sampleRate: number;
  /** Frames rendered since the sound began, or since the latest flush. */
  position: number;
  /** Seconds until the first frame of the block reaches the audio thread. */
  heardIn: number;
  /** Underruns so far. */
  underruns: number;
}

/** Fills `block` (interleaved; not to be kept) and returns the frames written: all when it returns nothing, fewer when the sound ends with them. */
export type RenderCallback = (block: Float32Array, info: RenderInfo) => number | void;
