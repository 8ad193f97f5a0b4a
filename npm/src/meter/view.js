import { attribute, h, text } from './dom.js';
import { CAUSES, STATES, TRANSPORTS, grouped, lossesOf, many, ms } from './words.js';

/** For how long the lowest fill is remembered, in ms. */
const LOWEST_MS = 3000;

/** What the meter shows. */
export class View {
  #at = {};
  #causes = new Map();
  /** Fills seen lately: [when, frames], each lower than all that came after it. */
  #fills = [];

  constructor(root) {
    const at = this.#at;
    const part = (key, name, attributes = {}, ...children) => (at[key] = h(name, { part: key, class: key, ...attributes }, ...children));
    const plain = (key, name, attributes = {}) => (at[key] = h(name, { class: key, ...attributes }));
    const figure = (key, label) => {
      at[`${key}-figure`] = h('span');
      return part(
        key,
        'div',
        {},
        h('dt', {}, label),
        // Where there is no room for the label.
        h('dd', { class: 'figure' }, at[`${key}-figure`], (at[`${key}-short`] = h('span', { class: 'short', 'aria-hidden': 'true' }))),
        (at[`${key}-more`] = h('dd', { class: 'second' })),
      );
    };
    root.append(
      part(
        'meter',
        'div',
        {},
        h('div', { class: 'head' }, part('state', 'span'), part('transport', 'span')),
        h(
          'div',
          { class: 'ring' },
          h('div', { class: 'row' }, h('span', { class: 'name' }, 'Ahead'), plain('ahead', 'span')),
          part(
            'bar',
            'div',
            { role: 'meter', 'aria-label': 'Frames ahead', 'aria-valuemin': '0' },
            part('fill', 'div'),
            part('callback', 'i', { class: 'mark callback' }),
            part('lowest', 'i', { class: 'mark lowest' }),
          ),
          h('div', { class: 'keys' }, (at.lowestKey = h('span', { class: 'lowest' })), (at.callbackKey = h('span', { class: 'callback' }))),
        ),
        h('dl', { class: 'readouts' }, figure('underruns', 'Underruns'), figure('latency', 'Latency')),
        part('causes', 'ul', { role: 'list', 'aria-label': 'What was lost, by cause' }),
        part('fault', 'p', { hidden: '' }),
        h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' }),
      ),
    );
    this.status = root.querySelector('[role=status]');
    this.begin();
  }

  /** Another output follows, or none. */
  begin() {
    this.#fills = [];
    this.show(null, performance.now());
  }

  /** Shows `stats`, or that there are none. */
  show(stats, now) {
    const at = this.#at;
    const state = stats?.state ?? 'none';
    attribute(at.meter, 'data-empty', String(!stats));
    text(at.state, STATES[state] ?? state);
    attribute(at.state, 'data-state', state);
    at.transport.hidden = !stats;
    text(at.transport, TRANSPORTS[stats?.transport] ?? '');
    attribute(at.transport, 'data-transport', stats?.transport ?? '');
    attribute(at.transport, 'title', stats?.transport === 'message' ? 'This page cannot share memory: sound travels as messages, and needs more of it kept ahead.' : null);
    this.#showRing(stats, now);
    this.#showUnderruns(stats);
    this.#showLatency(stats);
    const off = stats?.ledger.imbalanceFrames ?? 0;
    at.fault.hidden = off === 0;
    text(at.fault, off === 0 ? '' : `The account does not add up, by ${many(Math.abs(off), 'frame')}.`);
  }

  #showRing(stats, now) {
    const at = this.#at;
    const { fillFrames: fill = 0, bufferFrames: size = 0, callbackFrames = null, sampleRate = 0 } = stats ?? {};
    const share = (frames) => `${size > 0 ? Math.min(100, (100 * frames) / size).toFixed(1) : 0}%`;
    const said = stats ? `${grouped(fill)} of ${many(size, 'frame')}, ${ms((1e3 * fill) / sampleRate)}` : 'nothing is measured';
    text(at.ahead, stats ? said : '–');
    at.fill.style.setProperty('--_fill', share(fill));
    attribute(at.bar, 'aria-valuemax', String(size));
    attribute(at.bar, 'aria-valuenow', String(Math.min(fill, size)));
    attribute(at.bar, 'aria-valuetext', said);
    const one = callbackFrames > 0 && callbackFrames < size;
    at.callback.hidden = at.callbackKey.hidden = !one;
    attribute(at.bar, 'data-low', String(stats?.state === 'running' && one && fill < callbackFrames));
    if (one) {
      at.callback.style.setProperty('--_at', share(callbackFrames));
      text(at.callbackKey, `one callback ${grouped(callbackFrames)}`);
    }
    // Only what happens while it plays says anything about what is to spare.
    if (stats?.state === 'running') {
      while (this.#fills.length > 0 && this.#fills.at(-1)[1] >= fill) this.#fills.pop();
      this.#fills.push([now, fill]);
      while (now - this.#fills[0][0] > LOWEST_MS) this.#fills.shift();
    }
    const lowest = this.#fills[0]?.[1];
    at.lowest.hidden = at.lowestKey.hidden = lowest === undefined;
    if (lowest !== undefined) {
      at.lowest.style.setProperty('--_at', share(lowest));
      text(at.lowestKey, `lowest seen ${grouped(lowest)}`);
    }
  }

  #showUnderruns(stats) {
    const at = this.#at;
    const { events = 0, frames = 0, longestFrames = 0 } = stats?.underruns ?? {};
    text(at['underruns-figure'], stats ? grouped(events) : '–');
    text(at['underruns-short'], events === 1 ? ' underrun' : ' underruns');
    attribute(at.underruns, 'data-alarm', String(events > 0));
    const inMs = (count) => ms((1e3 * count) / stats.sampleRate);
    text(at['underruns-more'], events > 0 ? `${inMs(frames)} lost, longest ${inMs(longestFrames)}` : 'nothing lost');
    at['underruns-more'].hidden = !stats;
    const counts = stats ? lossesOf(stats) : {};
    const before = new Map(this.#causes);
    let place = null;
    for (const [name, letter, title] of CAUSES) {
      if (!(counts[name] > 0)) continue;
      let entry = before.get(name);
      if (!entry) {
        const badge = h('i', { part: 'badge', class: 'badge', 'aria-hidden': 'true' }, letter);
        badge.style.setProperty('--_of', `var(--_cause-${name})`);
        entry = h('li', { part: 'cause', 'data-cause': name, title }, badge, h('span', { class: 'words' }, `${title} `), h('span', { class: 'count' }));
        this.#causes.set(name, entry);
      }
      before.delete(name);
      text(entry.lastChild, grouped(counts[name]));
      // In the order of all, whichever was seen first.
      const next = place ? place.nextSibling : at.causes.firstChild;
      if (next !== entry) at.causes.insertBefore(entry, next);
      place = entry;
    }
    for (const [name, entry] of before) {
      entry.remove();
      this.#causes.delete(name);
    }
    at.causes.hidden = place === null;
  }

  #showLatency(stats) {
    const at = this.#at;
    const { ringMs, baseMs, outputMs, totalMs } = stats?.latency ?? {};
    // A sum that lacks a part is a lower bound, and says so.
    const known = (ringMs ?? 0) + (baseMs ?? 0) + (outputMs ?? 0);
    text(at['latency-figure'], stats && !Number.isFinite(totalMs) ? `> ${ms(known)}` : ms(totalMs));
    text(at['latency-short'], ' latency');
    text(at['latency-more'], `ring ${ms(ringMs)} + base ${ms(baseMs)} + output ${ms(outputMs)}`);
    at['latency-more'].hidden = !stats;
  }
}
