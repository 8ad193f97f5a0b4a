// <noxrun-player>: plays a file through an output of Noxrun's, with the meter.

import { NoxrunError, createOutput } from './index.js';
import './meter.js';
import { Element, adopt, define, numberOf, role, upgrade, warn } from './meter/dom.js';
import { BASE } from './meter/style.js';
import { nameOf } from './player/decode.js';
import { playWhole } from './player/playback.js';
import { PLAYER } from './player/style.js';
import { View } from './player/view.js';

/** Between two looks at the position while it plays, in ms: as often as media elements do at least. */
const LOOK_MS = 125;
/** Seconds by which keys seek, and by how much they change the volume. */
const STEP_S = 5;
const STEP_VOLUME = 0.05;
const VOLUME = { least: 0, most: 1, usual: 1 };
const BUFFER = { least: 64, most: 16_384, usual: 8192, whole: true };
/** In s: the volume glides, or every step of the slider would click. */
const GLIDE = 0.015;

const STATES = {
  idle: '',
  loading: 'Loading',
  ready: 'Ready',
  playing: 'Playing',
  paused: 'Paused',
  ended: 'Ended',
  blocked: 'Press Play: the browser waits for it',
  suspended: 'Suspended by the browser',
  interrupted: 'Interrupted: the system took the sound away',
  failed: 'Not played',
};
/** Of these, those in which it plays, or would if it were let. */
const HEARD = new Set(['playing', 'suspended', 'interrupted']);

const fail = (code, message, more) => new NoxrunError(code, message, more);
// `?no-inline` is for Vite: it would make so small a file a data: address, which a strict policy refuses. To everybody else it is nothing.
const builtIn = ({ urls: { player, ...urls } = {}, ...request }) =>
  playWhole({ createOutput, module: player ?? new URL('./player-producer.js?no-inline', import.meta.url), fail }, { ...request, urls });

export class NoxrunPlayer extends Element {
  static observedAttributes = ['src', 'volume', 'loop', 'preload', 'buffer-frames', 'autoplay', 'crossorigin'];

  #view;
  #file = null;
  #context = null;
  #ownContext = null;
  #gain = null;
  #createPlayback = null;
  #urls;
  #playback = null;
  /** The loading that is under way, and what ends it. */
  #loading = null;
  #loader = null;
  #closing = Promise.resolve();
  #state = 'idle';
  #error = null;
  #paused = true;
  #ended = false;
  /** The seek that is under way, if any: the latest counts. */
  #seek = null;
  /** Where it is to begin once it is loaded. */
  #from = 0;
  #volume = null;
  #timer = 0;
  /** `autoplay` is once for each file. */
  #autoplayed = false;

  constructor() {
    super();
    role(this, 'group', 'Audio player');
    const root = this.attachShadow({ mode: 'open' });
    adopt(root, BASE, PLAYER);
    this.#view = new View(root);
    this.#listen(root);
  }

  // --- properties

  get src() {
    const src = this.getAttribute('src');
    return src === null ? '' : resolved(src);
  }
  set src(src) {
    this.setAttribute('src', src);
  }

  /** Played instead of `src`. */
  get file() {
    return this.#file;
  }
  set file(file) {
    if (file != null && !(file instanceof Blob)) {
      warn(this, 'the property `file` takes a File, a Blob, or null; this is something else.');
      file = null;
    }
    if (file === this.#file) return;
    this.#file = file ?? null;
    this.load();
  }

  get volume() {
    return this.#volume ?? numberOf(this, 'volume', VOLUME);
  }
  set volume(volume) {
    const number = Number(volume);
    if (!(number >= 0 && number <= 1)) {
      warn(this, `volume ${volume} is out of range; it takes 0 to 1.`);
      return;
    }
    if (number === this.volume) return;
    this.#volume = number;
    this.#applyVolume();
    this.#tell('volumechange');
  }

  get loop() {
    return this.hasAttribute('loop');
  }
  set loop(loop) {
    this.toggleAttribute('loop', Boolean(loop));
  }

  get autoplay() {
    return this.hasAttribute('autoplay');
  }
  set autoplay(autoplay) {
    this.toggleAttribute('autoplay', Boolean(autoplay));
  }

  get preload() {
    const preload = this.getAttribute('preload');
    if (preload === null || preload === 'none') return 'none';
    if (preload !== 'auto' && preload !== '') warn(this, `preload="${preload}" is neither "none" nor "auto"; none is used.`);
    return preload === 'auto' || preload === '' ? 'auto' : 'none';
  }
  set preload(preload) {
    this.setAttribute('preload', preload);
  }

  get crossOrigin() {
    const value = this.getAttribute('crossorigin');
    if (value === null) return null;
    if (!['', 'anonymous', 'use-credentials'].includes(value)) warn(this, `crossorigin="${value}" is neither "anonymous" nor "use-credentials"; anonymous is used.`);
    return value === 'use-credentials' ? value : 'anonymous';
  }
  set crossOrigin(value) {
    if (value === null) this.removeAttribute('crossorigin');
    else this.setAttribute('crossorigin', value);
  }

  /** Frames kept ahead. */
  get bufferFrames() {
    return numberOf(this, 'buffer-frames', BUFFER);
  }
  set bufferFrames(frames) {
    this.setAttribute('buffer-frames', frames);
  }

  /** A context of the page's, to be set before anything is loaded; without one, the player makes its own. */
  get context() {
    return this.#context ?? this.#ownContext;
  }
  set context(context) {
    this.#context = context ?? null;
    if (this.#playback || this.#loading) this.load();
  }

  /** Makes what plays; null: the built-in way. */
  get createPlayback() {
    return this.#createPlayback;
  }
  set createPlayback(create) {
    if (create != null && typeof create !== 'function') {
      warn(this, 'the property `createPlayback` takes a function, or null; this is something else.');
      create = null;
    }
    this.#createPlayback = create ?? null;
    if (this.#playback || this.#loading) this.load();
  }

  /** Where the package's files lie, if not beside each other; as in `createOutput`. */
  get urls() {
    return this.#urls;
  }
  set urls(urls) {
    this.#urls = urls;
  }

  get output() {
    return this.#playback?.output ?? null;
  }
  get duration() {
    return this.#playback?.duration ?? NaN;
  }
  get paused() {
    return this.#paused;
  }
  get ended() {
    return this.#ended;
  }
  get seeking() {
    return this.#seek !== null;
  }
  get error() {
    return this.#error;
  }

  get currentTime() {
    return this.#seek?.to ?? this.#playback?.currentTime ?? this.#from;
  }
  set currentTime(seconds) {
    const number = Number(seconds);
    if (!Number.isFinite(number)) {
      warn(this, `currentTime ${seconds} is no number of seconds.`);
      return;
    }
    this.#seekTo(number);
  }

  // --- methods

  /** Plays; loads before that if need be. Rejects with what is wrong. */
  async play() {
    const { context } = this;
    if (this.#error) this.#begin();
    // Some browsers take a gesture for one only as long as the handler runs.
    (context ?? this.#makeContext()).resume().catch(() => {});
    if (this.#paused) {
      this.#paused = false;
      this.#tell('play');
    }
    this.#show(this.#playback ? this.#state : 'loading');
    const loading = this.#loaded();
    const loader = this.#loader;
    try {
      const playback = await loading;
      if (this.#paused) return;
      if (this.#ended) await this.#seekTo(0);
      await playback.play();
      if (this.#paused || playback !== this.#playback) return;
      this.#ended = false;
      this.#show('playing');
      this.#tell('playing');
      this.#look();
    } catch (error) {
      // Told already, or of a file that is not wanted any more.
      if (loader !== this.#loader) throw error;
      if (error?.code === 'blocked') {
        this.#paused = true;
        // Or it would play with the next gesture, whatever that is for.
        this.#playback?.pause()?.catch?.(() => {});
        this.#show('blocked');
        this.#tell('pause');
      } else {
        this.#fails(error);
      }
      throw error;
    }
  }

  pause() {
    if (this.#paused) return;
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#playback?.pause()?.catch?.(() => {});
    if (this.#playback) this.#show('paused');
    else this.#show('idle');
    this.#look();
    this.#tell('timeupdate');
    this.#tell('pause');
  }

  /** Begins anew with what `src` or `file` is now. */
  load() {
    this.#close();
    this.#begin();
    this.#showName();
    if (!this.isConnected) return;
    if (!this.#wants()) return;
    if (this.autoplay) this.#playByItself();
    else if (this.preload === 'auto') this.#loaded().catch(() => {});
  }

  /** Ends what plays and gives back what it took. It can be played again. */
  async close() {
    this.#close();
    this.#begin();
    await this.#closing;
    const own = this.#ownContext;
    this.#ownContext = null;
    await own?.close();
  }

  // --- reactions

  connectedCallback() {
    upgrade(this, 'context', 'createPlayback', 'urls', 'bufferFrames', 'crossOrigin', 'preload', 'loop', 'autoplay', 'volume', 'src', 'file');
    // Said now, rather than when it is played.
    void [this.bufferFrames, this.crossOrigin];
    this.#applyVolume();
    // Moved within the page, it plays on.
    if (!this.#playback && !this.#loading) this.load();
  }

  disconnectedCallback() {
    // Moved within the page, it is back before this is over.
    queueMicrotask(() => {
      if (!this.isConnected) this.close().catch(() => {});
    });
  }

  attributeChangedCallback(name, before, value) {
    if (!this.isConnected) return;
    if (name === 'src') {
      if (before !== value) this.load();
    } else if (name === 'volume') {
      this.#volume = null;
      this.#applyVolume();
      this.#tell('volumechange');
    } else if (name === 'loop') {
      if (this.#playback && 'loop' in this.#playback) this.#playback.loop = this.loop;
    } else if (name === 'buffer-frames') {
      if (this.output) this.output.bufferFrames = this.bufferFrames;
      else void this.bufferFrames;
    } else if (name === 'preload') {
      if (this.preload === 'auto' && this.#wants()) this.#loaded().catch(() => {});
    } else if (name === 'autoplay') {
      if (this.autoplay && this.#paused && !this.#autoplayed && this.#wants()) this.#playByItself();
    } else if (name === 'crossorigin') {
      void this.crossOrigin;
    }
  }

  #listen(root) {
    const view = this.#view;
    view.play.addEventListener('click', () => (this.#paused ? this.play().catch(() => {}) : this.pause()));
    // Dragged, what counts is where it is let go.
    view.seek.addEventListener('input', () => {
      view.held = true;
      view.heldAt(this.duration);
    });
    view.seek.addEventListener('change', () => {
      const seconds = view.heldAt(this.duration);
      view.held = false;
      this.#seekTo(seconds);
    });
    view.volume.addEventListener('input', () => {
      this.volume = view.volume.value / 100;
    });
    root.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    const view = this.#view;
    const { target, key } = event;
    // What the focused control does with these keys by itself is right.
    if (key === ' ' && target === view.play) return;
    if (target === view.volume && key !== ' ') return;
    const back = getComputedStyle(this).direction === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    if (key === ' ') {
      if (!event.repeat) view.play.click();
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
      this.#seekTo(this.currentTime + (key === back ? -STEP_S : STEP_S));
    } else if (key === 'ArrowUp' || key === 'ArrowDown') {
      const volume = this.volume + (key === 'ArrowUp' ? STEP_VOLUME : -STEP_VOLUME);
      this.volume = Math.round(100 * Math.min(1, Math.max(0, volume))) / 100;
    } else if (key === 'Home' || key === 'End') {
      this.#seekTo(key === 'Home' ? 0 : this.duration);
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- what it does

  #wants() {
    return this.#file !== null || (this.getAttribute('src') ?? '') !== '';
  }

  #makeContext() {
    if (this.#context) return this.#context;
    // Nobody plays an instrument through it: what is heard a little later is heard all the same, and costs less.
    this.#ownContext ??= new AudioContext({ latencyHint: 'playback' });
    return this.#ownContext;
  }

  #playByItself() {
    this.#autoplayed = true;
    this.play().catch(() => {});
  }

  /** What plays, made if it is not there yet. */
  #loaded() {
    if (this.#playback) return Promise.resolve(this.#playback);
    this.#loading ??= this.#make();
    return this.#loading;
  }

  async #make() {
    const loader = new AbortController();
    this.#loader = loader;
    const { signal } = loader;
    const given = () => signal.aborted || loader !== this.#loader;
    try {
      if (this.getAttribute('src') === '' && !this.#file) warn(this, 'src="" names no file.');
      if (!this.#wants()) throw fail('option', 'There is nothing to play: set the attribute `src`, or the property `file`.');
      this.#show('loading');
      this.#tell('loadstart');
      // Of one output after the other there is only one at a time.
      await this.#closing;
      const context = this.#makeContext();
      const request = {
        ...(this.#file ? { file: this.#file } : { src: this.src }),
        context,
        channels: context.destination.maxChannelCount,
        bufferFrames: this.bufferFrames,
        loop: this.loop,
        crossOrigin: this.crossOrigin,
        urls: this.#urls,
        signal,
      };
      const playback = await (this.#createPlayback ?? builtIn)(request);
      if (given()) {
        await playback.close();
        throw fail('closed', 'Another file was asked for meanwhile.');
      }
      this.#take(playback);
      if (this.#from > 0) await this.#seekTo(this.#from);
      return playback;
    } catch (error) {
      if (!given()) this.#fails(error);
      throw error;
    }
  }

  /** Plays by `playback` from now on. */
  #take(playback) {
    this.#playback = playback;
    this.#loading = null;
    const { output } = playback;
    const { context } = output.node;
    this.#gain = new GainNode(context, { gain: this.volume });
    output.node.connect(this.#gain).connect(context.destination);
    playback.onended = () => this.#ends();
    const { signal } = this.#loader;
    output.addEventListener('producerlost', ({ detail }) => !detail.recovers && this.#fails(detail.error), { signal });
    output.addEventListener('statechange', () => this.#look(), { signal });
    if ('loop' in playback) playback.loop = this.loop;
    this.#view.meter.output = output;
    this.#show(this.#paused ? 'ready' : 'loading');
    this.#tell('noxrun-output', { detail: { output }, bubbles: true, composed: true });
    this.#tell('durationchange');
    this.#tell('loadedmetadata');
    this.#look();
  }

  async #seekTo(seconds) {
    const to = Math.min(Math.max(0, seconds), this.#playback?.duration ?? Infinity);
    if (!this.#playback) {
      // Heard once it is loaded.
      this.#from = to;
      this.#view.showTime(to, NaN);
      return;
    }
    const seek = { to };
    this.#seek = seek;
    this.#from = 0;
    this.#tell('seeking');
    this.#view.showTime(to, this.duration);
    const playback = this.#playback;
    try {
      await playback.seek(to);
    } catch (error) {
      if (playback === this.#playback) this.#fails(error);
      return;
    }
    if (this.#seek !== seek || playback !== this.#playback) return;
    this.#seek = null;
    this.#ended = false;
    if (this.#state === 'ended') this.#show('paused');
    this.#look();
    this.#tell('timeupdate');
    this.#tell('seeked');
  }

  #ends() {
    if (this.loop && !('loop' in this.#playback)) {
      this.#seekTo(0);
      return;
    }
    this.#ended = true;
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#playback.pause()?.catch?.(() => {});
    this.#view.showTime(this.duration, this.duration);
    this.#show('ended');
    this.#tell('timeupdate');
    this.#tell('pause');
    this.#tell('ended');
  }

  #fails(error) {
    if (error === this.#error) return;
    this.#close();
    const was = this.#paused;
    this.#paused = true;
    this.#error = error;
    this.#show('failed');
    this.#view.showMessage(error?.message ?? String(error));
    if (!was) this.#tell('pause');
    this.#tell('error');
  }

  /** Ends what plays or loads. */
  #close() {
    clearTimeout(this.#timer);
    this.#loader?.abort();
    this.#loader = null;
    this.#loading = null;
    this.#seek = null;
    const playback = this.#playback;
    const gain = this.#gain;
    this.#playback = null;
    this.#gain = null;
    if (!playback) return;
    playback.onended = null;
    this.#from = 0;
    this.#view.meter.output = null;
    this.#closing = Promise.resolve(playback.close())
      .catch(() => {})
      .then(() => gain?.disconnect());
  }

  /** As if nothing had been loaded yet. */
  #begin() {
    const was = this.#paused;
    this.#error = null;
    this.#paused = true;
    this.#ended = false;
    this.#from = 0;
    this.#autoplayed = false;
    this.#show('idle');
    this.#view.showMessage('');
    this.#view.showTime(0, NaN);
    if (!was) this.#tell('pause');
  }

  #applyVolume() {
    const { volume } = this;
    this.#view.showVolume(volume);
    if (this.#gain) this.#gain.gain.setTargetAtTime(volume, this.#gain.context.currentTime, GLIDE);
  }

  // --- what it shows and tells

  #show(state) {
    this.#state = state;
    this.#view.showState({ plays: !this.#paused, busy: state === 'loading', state: STATES[state], calls: state === 'blocked' });
  }

  #showName() {
    this.#view.name.textContent = this.#file ? this.#file.name || 'A file' : this.getAttribute('src') ? nameOf(this.getAttribute('src')) : 'Nothing to play';
  }

  /** Looks at the position, and sees to it that somebody looks again while it plays. */
  #look() {
    clearTimeout(this.#timer);
    if (!this.#playback) return;
    this.#view.showTime(this.currentTime, this.duration);
    if (this.#paused || !HEARD.has(this.#state)) return;
    const { state } = this.#playback.output;
    const shown = HEARD.has(state) ? state : 'playing';
    if (shown !== this.#state) this.#show(shown);
    this.#tell('timeupdate');
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  #tell(type, more) {
    const event = more ? new CustomEvent(type, more) : new Event(type);
    this.dispatchEvent(event);
  }
}

const resolved = (src) => {
  try {
    return new URL(src, document.baseURI).href;
  } catch {
    return src;
  }
};

define('noxrun-player', NoxrunPlayer);
