/** `noxrun/worker`: for your own worker, and for modules given as `createOutput({ module })`. */
import type { RenderCallback, RenderInfo, Transport } from './common.js';
export { NoxrunError } from './common.js';
export type { NoxrunErrorCode, RenderCallback, RenderInfo, Transport } from './common.js';

/** The writing end of an output. One way of writing per output: `render`, `write` (and all that stands on it), or `offer`. */
export interface Producer {
  /** Hz, of the context. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Frames that are rendered at once. */
  readonly blockFrames: number;
  readonly transport: Transport;
  /** What `createOutput` was given as `data`. */
  readonly data: unknown;

  /** Pulled: `callback` is called whenever there is room for a block. Resolves when the sound has ended or the output is closed; rejects with what the callback throws. */
  render(callback: RenderCallback): Promise<void>;

  /** Pushed: resolves once there is room for a block at least. `await producer.writable` */
  readonly writable: Promise<void>;
  /** Frames that `write` takes now, at least: a block at most; where the ring has room it takes more. */
  readonly writableFrames: number;
  /** Writes interleaved samples as far as there is room; the frames taken. */
  write(samples: Float32Array): number;
  /** Writes all of them, waiting for room. */
  writeAll(samples: Float32Array): Promise<void>;
  /** The same as a stream of interleaved blocks; its back-pressure is the ring's. */
  stream(): WritableStream<Float32Array>;
  /** Writes all of `audio` (WebCodecs) and closes it. Its rate must be the output's; mono goes to every channel. */
  writeAudioData(audio: AudioData): Promise<void>;

  /** For a producer with a clock of its own (an emulator's frames): writes what fits and drops the rest, which is counted as an overrun. The frames taken. */
  offer(samples: Float32Array): number;

  /** Drops what was written and is not played yet, as soon as what follows is there. The counter `position` begins anew. May render at once: set what follows first. */
  flush(): void;
  /** No more comes: what is there plays to its end. */
  end(): void;
  /** Resolves when the output is closed or this producer was replaced. */
  readonly closed: Promise<void>;
}

/** Waits for the output that the page gives this worker (`createOutput({ producer: worker })`). */
export function receiveOutput(options?: { signal?: AbortSignal }): Promise<Producer>;
/** The producer behind a handle that came another way (`output.handle`). */
export function openOutput(handle: unknown): Promise<Producer>;
/**
 * A callback for sound that is rendered into another Wasm memory: `render(frames, info)` returns the byte address of `frames` frames in `memory`
 * (interleaved 32-bit floats; `planar: true`: channel after channel, each of `frames` samples), or -1 when the sound has ended.
 */
export function fromMemory(memory: WebAssembly.Memory, render: (frames: number, info: RenderInfo) => number, options?: { planar?: boolean }): RenderCallback;
