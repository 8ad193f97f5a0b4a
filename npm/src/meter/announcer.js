import { CAUSES, grouped, lossesOf, many, ms } from './words.js';

/** Least time between two announcements, in ms: who listens to a screen reader wants to hear the page, too. */
const EVERY_MS = 5000;

/** Tells a screen reader of new underruns, seldom and in one sentence. */
export class Announcer {
  #place;
  #told = null;
  #toldAt = -Infinity;

  constructor(place) {
    this.#place = place;
  }

  /** Another output follows. What it lost before anybody looked is no news. */
  begin() {
    this.#told = null;
    this.#place.textContent = '';
  }

  /** Whether there is something to be told later on. */
  offer(stats, now) {
    const counts = lossesOf(stats);
    const { events, frames } = stats.underruns;
    const told = (this.#told ??= { events, frames, counts });
    if (events <= told.events) return false;
    if (now - this.#toldAt < EVERY_MS) return true;
    const since = CAUSES.map(([name, , title]) => [name, title, (counts[name] ?? 0) - (told.counts[name] ?? 0)]);
    const causes = since.filter(([name, , more]) => more > 0 && name !== 'overrun' && name !== 'device').map(([, title, more]) => `${grouped(more)} ${title}`);
    const lost = ms((1e3 * (frames - told.frames)) / stats.sampleRate);
    this.#place.textContent = `${many(events - told.events, 'new underrun')}, ${lost} lost${causes.length > 0 ? `: ${causes.join(', ')}` : ''}. ${grouped(events)} in all.`;
    this.#told = { events, frames, counts };
    this.#toldAt = now;
    return false;
  }
}
