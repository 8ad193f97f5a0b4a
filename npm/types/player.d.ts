/** `noxrun/player`: registers <noxrun-player>, and <noxrun-meter> with it. */
import type { FileUrls, NoxrunError, Output } from './index.js';
import './meter.js';

/** What is to be played, as `createPlayback` is told. */
export interface PlaybackRequest {
  /** Address of the file, absolute. Either this or `file`. */
  src?: string;
  file?: Blob;
  /** The output's context. Its node is connected by the player, not by the playback. */
  context: AudioContext;
  /** That the context's destination has at most. */
  channels: number;
  bufferFrames: number;
  loop: boolean;
  crossOrigin: 'anonymous' | 'use-credentials' | null;
  urls?: PlayerUrls;
  /** Aborted when the file is not wanted any more. */
  signal: AbortSignal;
}

/** What plays a file. */
export interface Playback {
  readonly output: Output;
  /** Seconds; NaN: not known. */
  readonly duration: number;
  /** Seconds, of what reaches the audio thread now. */
  readonly currentTime: number;
  /** Present where it can go on at the beginning without a gap; without it, the player seeks. */
  loop?: boolean;
  /** Called by it when the last frame has been heard. The player pauses it then. */
  onended: (() => void) | null;
  /** Rejects with `blocked` where the browser wants a gesture first. */
  play(): Promise<void>;
  pause(): Promise<void> | void;
  /** Resolves when what is there is heard; at once where it is paused. */
  seek(seconds: number): Promise<void>;
  close(): Promise<unknown>;
}

export interface PlayerUrls extends FileUrls {
  /** `player-producer.js`: what the built-in playback runs in a worker. */
  player?: string | URL;
}

export interface NoxrunPlayerEventMap extends HTMLElementEventMap {
  'noxrun-output': CustomEvent<{ output: Output }>;
}

/** Plays a file, with the meter. Names and events are those of media elements. */
export class NoxrunPlayer extends HTMLElement {
  /** Absolute when read. */
  src: string;
  /** Played instead of `src`. */
  file: Blob | null;
  /** 0 to 1; 1. */
  volume: number;
  loop: boolean;
  /** Plays as soon as it can; where the browser wants a gesture, the player says so. */
  autoplay: boolean;
  /** `auto`: loads and decodes at once; `none`: when it is played. */
  preload: 'none' | 'auto';
  crossOrigin: 'anonymous' | 'use-credentials' | null;
  /** Frames kept ahead: 64 to 16,384; 8192. Attribute `buffer-frames`. */
  bufferFrames: number;
  /** The page's own context, instead of one that the player makes; not closed with it. */
  get context(): AudioContext | null;
  set context(context: AudioContext | null);
  /** Makes what plays; null: the whole file, decoded by the browser. */
  createPlayback: ((request: PlaybackRequest) => Playback | Promise<Playback>) | null;
  /** Where the package's files lie, if not beside each other. */
  urls: PlayerUrls | undefined;

  /** Seconds. Setting it seeks. */
  currentTime: number;
  /** Seconds; NaN before it is known. */
  readonly duration: number;
  readonly paused: boolean;
  readonly ended: boolean;
  readonly seeking: boolean;
  /** What went wrong last. */
  readonly error: NoxrunError | null;
  /** Null before something is loaded, and after it is closed. */
  readonly output: Output | null;

  /** Plays; loads before that if need be. */
  play(): Promise<void>;
  pause(): void;
  /** Begins anew with what `src` or `file` is now. */
  load(): void;
  /** Ends what plays and gives back what it took. It can be played again. */
  close(): Promise<void>;

  addEventListener<K extends keyof NoxrunPlayerEventMap>(type: K, listener: (this: NoxrunPlayer, event: NoxrunPlayerEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'noxrun-player': NoxrunPlayer;
  }
}
