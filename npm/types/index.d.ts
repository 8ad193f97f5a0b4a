/** `noxrun`: for the page. */
import type { NoxrunError, Transport } from './common.js';
import type { Producer } from './worker.js';
export { NoxrunError } from './common.js';
export type { FileProblem, NoxrunErrorCode, RenderCallback, RenderInfo, Transport } from './common.js';
export type { Producer } from './worker.js';

/** Where the package's files lie, if not beside each other. */
export interface FileUrls {
  /** `noxrun.wasm` */
  wasm?: string | URL;
  /** `producer.js`: the worker that Noxrun starts for `source`, `module` and `glue` */
  worker?: string | URL;
  /** `processor.js`: the audio thread's */
  processor?: string | URL;
  /** `worker.js`, which `producer: 'page'` imports */
  page?: string | URL;
}

/** What is played. One of `source`, `module`, `glue`, `producer`; without any: `source: { kind: 'sine', hz: 440 }`. */
export interface OutputOptions {
  /** A built-in signal. `index` is silent and checked frame by frame. */
  source?: { kind: 'sine'; hz?: number } | { kind: 'index' };
  /** A module for a worker of Noxrun's: it exports `default (producer, data)`, or `render(block, info)`. */
  module?: string | URL;
  /** wasm-bindgen glue of a Rust crate that contains the engine: `source` names the exported function that makes the sound. */
  glue?: { url: string | URL; wasm?: string | URL; source: string };
  /** Your own worker (it calls `receiveOutput()`), `'page'` for a producer on this thread (`output.producer`), or `'handle'`: `output.handle` goes where you send it. */
  producer?: Worker | 'page' | 'handle';
  /** Anything that can be posted: for the module, the glue's function, or `producer.data`. */
  data?: unknown;
  /** What of `data` is handed over rather than copied. */
  transfer?: Transferable[];

  /** A context that the page has already; it is not closed with the output, and `output.node` is connected to nothing. Without: a context of its own, connected to its destination. */
  context?: AudioContext;
  /** Of a context of its own. */
  latencyHint?: AudioContextLatencyCategory | number;
  /** Hz, of a context of its own: 8,000 to 192,000. */
  sampleRate?: number;
  /** 1 to 32; 2. */
  channels?: number;
  /** Frames kept ahead: 64 to 16,384; 2048. */
  bufferFrames?: number;
  /** Frames rendered at once: 1 to 8192 and at most `bufferFrames`; half of it, 256 at most. */
  blockFrames?: number;
  /** What is heard when there is nothing to play; `fade`. */
  conceal?: 'fade' | 'silence' | 'hold' | 'repeat';
  /** `auto`: shared memory where the page may share it, else messages, with a warning on the console. */
  transport?: 'auto' | Transport;
  /** A producer that Noxrun started is started again when it is lost; true. Not where something was handed over to it (`transfer`): that is lost with it. */
  recover?: boolean;
  urls?: FileUrls;
  /** Gives up starting, or closes the output. */
  signal?: AbortSignal;
}

/** `ready`: made, and silent until `start()`. `stopped`: by `stop()`. `lost`: the producer is gone. */
export type OutputState = 'ready' | 'starting' | 'running' | 'stopped' | 'blocked' | 'suspended' | 'interrupted' | 'ended' | 'lost' | 'closed';

export type Cause =
  | 'startup' | 'render-too-slow' | 'woken-late' | 'stalled' | 'callback-burst' | 'ring-too-small'
  | 'producer-lost' | 'ended' | 'seek' | 'suspended' | 'rate-mismatch' | 'unknown';

/** One loss. */
export interface LossEvent {
  kind: 'underrun' | 'overrun' | 'skipped' | 'replayed' | 'torn' | 'device';
  /** From 1, of its kind. */
  number: number;
  /** When, in ms since the epoch, by the page's clock. */
  atMs: number;
  /** Place of the first frame among all requested. */
  frame: number;
  frames: number;
  /** Frames in the ring when it began; null but for underruns and overruns. */
  fill: number | null;
  /** Null: not known yet. */
  cause: Cause | null;
  /** `open`: it goes on; null but for underruns and overruns. */
  endedBy: 'back' | 'paused' | 'ended' | 'open' | null;
  /** Its cause changes no more. */
  settled: boolean;
  /** The least power of two that, as `bufferFrames`, would have covered it; null: none would, or nobody can tell. */
  coveringFrames: number | null;
}

/** Names, units and meanings as in the report (docs/report.md). What was not measured is null. */
export interface OutputStats {
  schema: 1;
  /** `performance.now()` when this was true; with messages it is a little in the past. */
  at: number;
  state: OutputState;
  transport: Transport;
  sampleRate: number;
  channels: number;
  bufferFrames: number;
  blockFrames: number;
  callbackFrames: number | null;
  /** Frames in the ring now. */
  fillFrames: number;
  ledger: {
    requestedFrames: number;
    freshFrames: number;
    repeatedFrames: number;
    concealedFrames: number;
    silentFrames: number;
    silentBy: { startup: number; paused: number; ended: number; disconnected: number; underrun: number };
    producedFrames: number;
    droppedFrames: number;
    droppedBy: { overflow: number; superseded: number; seek: number; skippedLate: number; lost: number };
    inFlightFrames: number;
    tornFrames: number;
    imbalanceFrames: number;
  };
  quanta: { total: number; duplicate: number; starved: number };
  underruns: { events: number; frames: number; longestFrames: number; byCause: Record<Cause, number> };
  overruns: { events: number };
  /** The device's own, where the browser tells (`playbackStats`). */
  device: { underrunEvents: number; underrunSeconds: number } | null;
  latency: { ringMs: number; baseMs: number | null; outputMs: number | null; totalMs: number | null };
  producer: {
    /** Rendering time by the time that the blocks last. */
    renderLoad: number | null;
    longestBlockMs: number | null;
    blocks: number;
    sleeps: number;
    timeOuts: number;
    /** Samples that were no numbers, and were put out as zeros. */
    nonFinite: number;
    wakeLatenessMs: { p50: number; p99: number; max: number } | null;
  };
  /** Times that a lost producer was started again. */
  recoveries: number;
  startup: { engineMs: number; producerMs: number; nodeMs: number; firstFrameMs: number | null };
}

export interface OutputEventMap {
  /** A loss, each once: when its cause is known. */
  underrun: CustomEvent<LossEvent>;
  overrun: CustomEvent<LossEvent>;
  /** The browser did not deliver to the device: not ours. */
  device: CustomEvent<LossEvent>;
  /** Breaks of the index signal. */
  skipped: CustomEvent<LossEvent>;
  replayed: CustomEvent<LossEvent>;
  torn: CustomEvent<LossEvent>;
  statechange: CustomEvent<{ state: OutputState; before: OutputState }>;
  producerlost: CustomEvent<{ error: NoxrunError; recovers: boolean }>;
  /** A lost producer was replaced and sounds. */
  recovered: CustomEvent<{ ms: number }>;
}

/** A running output. */
export interface Output extends EventTarget {
  readonly context: AudioContext;
  /** Connects into any graph. The same for the output's whole life. */
  readonly node: AudioWorkletNode;
  readonly state: OutputState;
  readonly transport: Transport;
  /** With `producer: 'page'`: the writing end, on this thread. Else null. */
  readonly producer: Producer | null;
  /** With `producer: 'handle'`: to be posted once, with `output.handle.transfer` as the transfer list. Else null. */
  readonly handle: { readonly transfer: Transferable[] } | null;
  /** The latest statistics; with shared memory they are of now. */
  readonly stats: OutputStats;
  /** Asks the audio thread anew. */
  look(): Promise<OutputStats>;
  /** The latest losses (1000 at most), oldest first. */
  readonly losses: LossEvent[];
  /** Frames kept ahead; may be set while it plays. */
  bufferFrames: number;

  /** Plays. Rejects with `blocked` where the browser wants a gesture first. */
  start(): Promise<void>;
  /** Fades out; what lies ahead stays. `start()` goes on. */
  stop(): Promise<void>;
  /** Drops what lies ahead, as soon as what follows is there. */
  flush(): void;
  /** Takes another producer: after a loss, or instead of the old one. */
  replaceProducer(producer: Worker, options?: { data?: unknown; transfer?: Transferable[] }): Promise<void>;
  /** Fades out and ends everything that it started; the final statistics. */
  close(): Promise<OutputStats>;

  addEventListener<K extends keyof OutputEventMap>(type: K, listener: (event: OutputEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** Makes an output. Silent until `start()`. */
export function createOutput(options: OutputOptions & { producer: 'page' }): Promise<Output & { readonly producer: Producer }>;
export function createOutput(options: OutputOptions & { producer: 'handle' }): Promise<Output & { readonly handle: { readonly transfer: Transferable[] } }>;
export function createOutput(options?: OutputOptions): Promise<Output>;
/** Loads and compiles the engine ahead, and has a worker stand by. Opens no device. */
export function preload(options?: { urls?: FileUrls }): Promise<void>;
/** Which transport `auto` would take here. Found out by trying. */
export function availableTransport(): Transport;
export const version: string;
