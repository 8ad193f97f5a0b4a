import { attribute, h, text } from '../meter/dom.js';
import { clock } from '../meter/words.js';

const PLAY = 'M7.5 4.6v14.8L19.4 12z';
const PAUSE = 'M6.5 5h4v14h-4zm7 0h4v14h-4z';
/** Steps of the seek bar: finer than the eye, and the same however long the file is. */
const STEPS = 1000;

const glyph = (name, d) => h('svg', { class: `glyph-${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' }, h('path', { d }));
const range = (part, label, max) => h('input', { type: 'range', part, min: '0', max: String(max), step: '1', value: '0', 'aria-label': label });

/** What the player shows, and what hands do to it. */
export class View {
  /** Whether a pointer holds the seek bar: then it shows what the hand says. */
  held = false;

  constructor(root) {
    this.play = h('button', { type: 'button', part: 'play', class: 'play', 'aria-label': 'Play', 'data-shows': 'play' }, glyph('play', PLAY), glyph('pause', PAUSE));
    this.name = h('span', {});
    this.now = h('span', { part: 'time' }, '0:00');
    this.all = h('span', { part: 'duration', class: 'quiet' }, '–:––');
    this.seek = range('seek', 'Position', STEPS);
    this.status = h('span', { part: 'status', class: 'status', role: 'status', 'aria-live': 'polite' });
    this.volume = range('volume', 'Volume', 100);
    this.loudness = h('span', { class: 'loudness', 'aria-hidden': 'true' });
    this.message = h('p', { part: 'message', class: 'message', role: 'alert', hidden: '' });
    this.meter = h('noxrun-meter', {
      part: 'meter',
      compact: '',
      'aria-label': 'Audio meter',
      exportparts: 'meter: meter-panel, state: meter-state, transport: meter-transport, bar: meter-bar, fill: meter-fill, lowest: meter-lowest, callback: meter-callback, underruns: meter-underruns, latency: meter-latency, causes: meter-causes, cause: meter-cause, badge: meter-badge, fault: meter-fault',
    });
    root.append(
      h(
        'div',
        { part: 'player', class: 'player' },
        this.play,
        h('div', { class: 'main' }, h('div', { class: 'line' }, h('span', { part: 'name', class: 'name' }, h('slot', {}, this.name)), h('span', { class: 'times' }, this.now, h('span', { class: 'quiet' }, ' / '), this.all)), this.seek),
        h('div', { class: 'tools' }, this.status, h('label', { class: 'volume' }, h('span', { 'aria-hidden': 'true' }, 'Volume'), this.volume, this.loudness)),
        this.message,
        this.meter,
      ),
    );
  }

  /** `state`: what is going on, in words; `calls`: that the person is to press Play. */
  showState({ plays, busy, state, calls }) {
    attribute(this.play, 'aria-label', plays ? 'Pause' : 'Play');
    attribute(this.play, 'data-shows', plays ? 'pause' : 'play');
    attribute(this.play, 'aria-busy', String(busy));
    attribute(this.play, 'data-calls', String(calls));
    text(this.status, state);
    attribute(this.status, 'data-calls', String(calls));
  }

  /** Position and length in seconds; NaN: not known. */
  showTime(seconds, duration) {
    text(this.now, clock(seconds));
    text(this.all, clock(duration));
    this.seek.disabled = !(duration > 0);
    if (this.held) return;
    const share = duration > 0 ? Math.min(1, seconds / duration) : 0;
    this.seek.value = Math.round(STEPS * share);
    this.#fill(this.seek, share);
    // Whole seconds, so that a screen reader is not told of every look.
    attribute(this.seek, 'aria-valuetext', duration > 0 ? `${clock(seconds)} of ${clock(duration)}` : 'length not known yet');
  }

  /** Where a hand holds the seek bar, in seconds. */
  heldAt(duration) {
    const share = this.seek.value / STEPS;
    this.#fill(this.seek, share);
    const seconds = share * duration;
    text(this.now, clock(seconds));
    attribute(this.seek, 'aria-valuetext', `${clock(seconds)} of ${clock(duration)}`);
    return seconds;
  }

  showVolume(volume) {
    const percent = Math.round(100 * volume);
    this.volume.value = percent;
    this.#fill(this.volume, volume);
    text(this.loudness, `${percent} %`);
    attribute(this.volume, 'aria-valuetext', `${percent} percent`);
  }

  showMessage(words) {
    this.message.hidden = !words;
    text(this.message, words);
  }

  #fill(input, share) {
    // The thumb's middle stays within the track.
    input.style.setProperty('--_at', `calc(0.5rem + ${share.toFixed(4)} * (100% - 1rem))`);
  }
}
