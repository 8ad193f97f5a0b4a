// <noxrun-meter>: what an output's ring holds, what was lost and why, how late the sound is.

import { Announcer } from './meter/announcer.js';
import { Element, adopt, define, numberOf, role, upgrade, warn } from './meter/dom.js';
import { BASE, METER } from './meter/style.js';
import { View } from './meter/view.js';

/** Between two looks, in ms. */
const REFRESH = { least: 16, most: 10_000, usual: 100, whole: true };
/** Where things that move are not wanted, the figures change this seldom. */
const CALM_MS = 1000;
/** Between two looks for an output that is not there yet. */
const WAIT_MS = 500;

const isOutput = (value) => typeof value?.addEventListener === 'function' && 'stats' in value;

export class NoxrunMeter extends Element {
  static observedAttributes = ['for', 'refresh'];

  #view;
  #announcer;
  #given = null;
  /** The output that is shown; its listeners, and all others while connected, end with these. */
  #shown = null;
  #listening = null;
  #connected = null;
  #target = null;
  #timer = 0;
  #calm;

  constructor() {
    super();
    role(this, 'group', 'Audio meter');
    const root = this.attachShadow({ mode: 'open' });
    adopt(root, BASE, METER);
    this.#view = new View(root);
    this.#announcer = new Announcer(this.#view.status);
  }

  /** The output to look at. */
  get output() {
    return this.#given;
  }
  set output(output) {
    if (output != null && !isOutput(output)) {
      warn(this, 'the property `output` takes what `createOutput()` resolves to, or null; this is something else.');
      output = null;
    }
    this.#given = output ?? null;
    this.#look();
  }

  /** Id of a <noxrun-player>, or of any element with a property `output`. */
  get htmlFor() {
    return this.getAttribute('for') ?? '';
  }
  set htmlFor(id) {
    this.setAttribute('for', id);
  }

  /** Between two looks, in ms. */
  get refresh() {
    return numberOf(this, 'refresh', REFRESH);
  }
  set refresh(milliseconds) {
    this.setAttribute('refresh', milliseconds);
  }

  get compact() {
    return this.hasAttribute('compact');
  }
  set compact(compact) {
    this.toggleAttribute('compact', Boolean(compact));
  }

  connectedCallback() {
    upgrade(this, 'output', 'htmlFor', 'refresh', 'compact');
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    this.#calm = matchMedia('(prefers-reduced-motion: reduce)');
    this.#calm.addEventListener('change', () => this.#look(), { signal });
    this.ownerDocument.addEventListener('visibilitychange', () => this.#look(), { signal });
    // An element that is parsed later may be the one that `for` means.
    if (this.ownerDocument.readyState === 'loading') this.ownerDocument.addEventListener('DOMContentLoaded', () => this.#look(), { signal });
    this.#look();
  }

  disconnectedCallback() {
    this.#connected?.abort();
    this.#connected = null;
    clearTimeout(this.#timer);
    this.#watch(null);
    this.#target = null;
  }

  attributeChangedCallback(name) {
    if (name === 'for') this.#target = null;
    this.#look();
  }

  /** The output that is wanted now. An element's own may come, go and change: it is asked anew. */
  #wanted() {
    if (this.#given) return this.#given;
    const id = this.getAttribute('for');
    if (!id) {
      if (id === '') warn(this, 'for="" names no element; it takes the id of a <noxrun-player>, or of an element with a property `output`.');
      return null;
    }
    if (this.#target?.id !== id || !this.#target.isConnected) {
      this.#target = this.getRootNode().getElementById?.(id) ?? this.ownerDocument.getElementById(id);
      // Tells at once what it will have.
      this.#target?.addEventListener('noxrun-output', () => this.#look(), { signal: this.#connected.signal });
    }
    if (!this.#target) {
      if (this.ownerDocument.readyState !== 'loading') warn(this, `for="${id}": there is no element with this id (yet).`);
      return null;
    }
    const { output } = this.#target;
    if (output != null && !isOutput(output)) {
      warn(this, `for="${id}": its property \`output\` is no output of Noxrun's.`);
      return null;
    }
    return output ?? null;
  }

  /** Shows another output. */
  #watch(output) {
    if (output === this.#shown) return;
    this.#listening?.abort();
    this.#listening = null;
    this.#shown = output;
    this.#view.begin();
    this.#announcer.begin();
    if (!output) return;
    this.#listening = new AbortController();
    // At once, but outside of what the output is in the middle of.
    output.addEventListener('statechange', () => queueMicrotask(() => this.#look()), { signal: this.#listening.signal });
  }

  /** Looks, and sees to it that somebody looks again; not while nobody can see it. */
  #look() {
    clearTimeout(this.#timer);
    if (!this.#connected || this.ownerDocument.hidden) return;
    this.#watch(this.#wanted());
    const now = performance.now();
    let more = 0;
    if (this.#shown) {
      const { stats } = this.#shown;
      this.#view.show(stats, now);
      const pending = this.#announcer.offer(stats, now);
      // A closed output changes no more.
      if (stats.state !== 'closed' || pending) more = this.#calm.matches ? Math.max(CALM_MS, this.refresh) : this.refresh;
    }
    if (!this.#given && this.hasAttribute('for')) more ||= WAIT_MS;
    if (more > 0) this.#timer = setTimeout(() => this.#look(), more);
  }
}

define('noxrun-meter', NoxrunMeter);
