/** `noxrun-decode`: plays files through an output of Noxrun's, decoded piece by piece by Wasm in its worker. */
import type { FileUrls, NoxrunError, Output, OutputStats, Transport } from 'noxrun';

/** What is to be played: `src` or `file`. */
export interface PlaybackOptions {
  /** Address of the file; all of it is fetched before it plays. */
  src?: string | URL;
  file?: Blob;
  /** A context that the page has already: `output.node` is then connected to nothing. Without: a context of its own, connected to its destination. */
  context?: AudioContext;
  /** Of the output, 1 to 32; 2. The file's are mixed to these as Web Audio does. */
  channels?: number;
  /** Frames kept ahead: 64 to 16,384; 8192. */
  bufferFrames?: number;
  /** Whether it begins again after its end, without a gap. */
  loop?: boolean;
  /** For files of other origins: whether cookies go along. */
  crossOrigin?: 'anonymous' | 'use-credentials' | null;
  transport?: 'auto' | Transport;
  /** Where files lie, if not beside each other. */
  urls?: FileUrls & {
    /** `decoder.js` of this package */
    decoder?: string | URL;
    /** `decoder_bg.wasm` of this package */
    decoderWasm?: string | URL;
  };
  /** Gives up opening, or closes the output. */
  signal?: AbortSignal;
}

/** What the file says of itself; null where it says nothing. */
export interface FileTags {
  title: string | null;
  artist: string | null;
  album: string | null;
  track: number | null;
  date: string | null;
  genre: string | null;
}

/** A file that plays. It can be given to `<noxrun-player>`, whose `createPlayback` this package's function is. */
export interface Playback {
  readonly output: Output;
  /** The file's own figures. */
  readonly info: { name: string; format: string; codec: string; sampleRate: number; channels: number };
  readonly tags: FileTags;
  /** Seconds; for the few files that do not tell, a guess until they have ended once, or NaN. */
  readonly duration: number;
  /** Seconds into the file of the frame that leaves the ring now (by messages: of the look before, a quarter of a second ago at most); what is heard is later by the browser's own latency (`output.stats.latency`). While a seek is under way: where it goes. */
  readonly currentTime: number;
  loop: boolean;
  /** Called when the last frame has left the ring. */
  onended: (() => void) | null;
  /** Called when it turns out that the file plays only in part, or the decoder was lost. */
  onfailure: ((error: NoxrunError) => void) | null;
  /** What `onfailure` was called with last. */
  readonly failure: NoxrunError | null;
  /** Rejects with `blocked` where the browser wants a gesture first. */
  play(): Promise<void>;
  pause(): Promise<void>;
  /** Goes to that second, to the frame. Resolves when it is heard; where it is paused, as soon as it is decoded. */
  seek(seconds: number): Promise<void>;
  close(): Promise<OutputStats>;
}

/** Opens a file. Rejects with code `file` (and `problem`) if nothing of it can be played. */
export function createPlayback(options: PlaybackOptions): Promise<Playback>;
