// Holds a recording of the left channel against the right one, the reference, and against the ledger.

import { nearest } from './analyse.mjs';

/** Frames around a break of the reference within which the left is excused. Both travel as pairs of samples, so what happens to one after the context happens to the other in
 * the same frames; but sound of less than this between two breaks may count as a run in one channel and not in the other (SETTLED in analyse.mjs). */
const MARGIN = 64;

/** Frames by which ledger and recording may disagree. The place where a sine ends cannot be told better than to a frame or two. */
export const TOLERANCE = 4;
/** The same for the sine's delay over a gap, which is measured by its phase. */
const SLIP_TOLERANCE = 0.25;

/** Most frames that a break of the reference may have swallowed: longer than any buffer on the way. */
const SWALLOWED = 24000;
/** A delay is a whole number of frames; measured by phase it is exact to this. */
const PHASE_TOLERANCE = 0.03;

/**
 * How much sound the context had made by each sample of the recording. A device that got nothing in time inserts silence, during which the context's own time stands still;
 * and what came too late may be thrown away. Either shows in the phases on both sides of the break: two sines of different periods together leave no doubt about whole periods.
 *
 * @param {import('./analyse.mjs').Break[]} reference breaks of the right channel
 * @param {import('./analyse.mjs').Break[]} breaks those of the left
 * @param {{left: number, right: number}} periods of the two sines, in samples
 * @returns {((sample: number) => number) | null} null if something was lost and cannot be counted, because the left said nothing at that moment
 */
export function contextTime(reference, breaks, periods) {
  const inserted = [];
  for (const broken of reference) {
    // Beyond the first and the last run there is nothing to be compared.
    if (broken.slip === null) continue;
    const same = breaks.find(({ at, length }) => Math.abs(at - broken.at) <= 2 && Math.abs(at + length - broken.at - broken.length) <= 2);
    const frames = delay(broken, same, periods);
    if (frames === null) return null;
    inserted.push({ at: broken.at, length: broken.length, frames });
  }
  return (sample) =>
    inserted.reduce((time, { at, length, frames }) => time - frames * share(sample, at, length), sample);
}

/** How much of a break lies before `sample`, 0 to 1. */
function share(sample, at, length) {
  if (sample <= at) return 0;
  return sample >= at + length ? 1 : (sample - at) / length;
}

/** By how many frames the sound is late after a break: the number nearest to the break's length that both phases allow. */
function delay(right, left, periods) {
  const fits = (frames) =>
    Math.abs(nearest(right.slip - frames, periods.right)) < PHASE_TOLERANCE &&
    (!left || left.slip === null || Math.abs(nearest(left.slip - frames, periods.left)) < PHASE_TOLERANCE);
  // Without the left: only what needs no search. (A sample of silence looks like one of the sine where that crosses zero: the length can be off by one at each end.)
  const furthest = left && left.slip !== null ? SWALLOWED : 2;
  for (let off = 0; off <= furthest; off += 1) {
    if (fits(right.length - off)) return right.length - off;
    if (fits(right.length + off)) return right.length + off;
  }
  return null;
}

/** Whether a break, or a place, is so close to a break of the reference that its beginning and end say nothing about the engine. */
export function touches(at, length, reference) {
  return reference.some((broken) => at <= broken.at + broken.length + MARGIN && broken.at <= at + length + MARGIN);
}

/** Whether breaks of the reference explain all of a break. */
export function explained({ at, length }, reference) {
  let upTo = at;
  for (const broken of reference) {
    if (broken.at - MARGIN <= upTo) upTo = Math.max(upTo, broken.at + broken.length + MARGIN);
  }
  return touches(at, 0, reference) && upTo >= at + length;
}

/** Share of `length` samples in which the reference excuses nothing. */
export function unbrokenShare(reference, length) {
  const lost = reference.reduce((sum, broken) => sum + broken.length + 2 * MARGIN, 0);
  return Math.max(0, 1 - lost / length);
}

/**
 * Compares gaps in the recording with underruns in the ledger, and tells all that does not agree.
 *
 * An underrun of `frames` frames at `frame` is heard like this: up to 128 frames of fading tail, silence for the rest of `frames`, then the sine goes on where it
 * stopped, fading in over 128 frames. So in the recording
 * - the first wrong sample is at `frame` (counted in the context's time, and from a common origin, which is found by trying: the one that most gaps agree on);
 * - silence ends after `frames` frames, unless the tail fills all of them;
 * - the sine is late by `frames` afterwards (whole periods do not show).
 *
 * @param {object} heard
 * @param {import('./analyse.mjs').Break[]} heard.breaks those of the left channel
 * @param {import('./analyse.mjs').Break[]} heard.reference those of the right channel
 * @param {(sample: number) => number} heard.time from {@link contextTime}
 * @param {number} heard.length samples recorded
 * @param {number} heard.period of the left sine, in samples
 * @param {{frame: number, frames: number}[]} underruns the ledger's log
 * @returns {{pairs: {frame: number, frames: number, at: number, gap: number, silence: number, late: number}[], end: {frame: number, at: number, length: number, silence: number} | null,
 *   faults: string[], excused: number}}
 *   `pairs`: what was compared: ledger's `frame` and `frames`, then place, length, silence and delay as recorded; `end`: of a gap from which the left channel did not come back before the
 *   recording's end, the ledger's `frame`, and as recorded place, length and the longest silence
 */
export function compare({ breaks, reference, time, length, period }, underruns) {
  const near = (one, other) => Math.abs(one - other) <= TOLERANCE;
  const origin = commonOrigin(breaks, underruns, time, near);
  const [pairs, faults] = [[], []];
  let [excuses, ended] = [0, null];
  const unheard = new Set(underruns);
  for (const found of breaks) {
    const at = time(found.at) - origin;
    const end = time(found.at + found.length) - origin;
    // A break of the reference may hide the beginning of a gap, so that it is not at its place.
    const hidden = touches(found.at, found.length, reference);
    const event = underruns.find(({ frame }) => near(frame, at) || (hidden && frame > at && frame < end));
    unheard.delete(event);
    if (explained(found, reference) || (hidden && event)) {
      excuses += 1;
      continue;
    }
    // Had begun before the recording: where, nobody knows.
    if (found.at === 0) continue;
    if (!event) {
      faults.push(`a break of ${found.length} frames at ${at} that the ledger does not know`);
      continue;
    }
    // Cut off by the recording's end: how long it was cannot be said.
    if (found.slip === null) {
      ended = { frame: event.frame, at, length: found.length, silence: found.silence };
      continue;
    }
    const { frame, frames } = event;
    const gap = found.silence > 0 ? found.silenceEnd - found.at : 0;
    // The delay nearest to what the ledger says: the recording knows it but for whole periods.
    const late = frames + nearest(found.slip - frames, period);
    pairs.push({ frame, frames, at, gap, silence: found.silence, late });
    if (frames > 128 && !near(gap, frames)) faults.push(`${gap} frames missing at ${at} where the ledger says ${frames}`);
    if (Math.abs(late - frames) > SLIP_TOLERANCE) faults.push(`the sine is late by ${late} after ${at} where the ledger says ${frames}`);
  }
  for (const { frame, frames } of unheard) {
    const sample = soundOf(frame + origin, time, length);
    // Before the recording or after it, or where the device's own gap covers it.
    if (sample === null || touches(sample, frames, reference)) continue;
    faults.push(`${frames} frames missing at ${frame} say the ledger, but nothing was heard of it`);
  }
  return { pairs, end: ended, faults, excused: excuses };
}

/** The difference between recorded time and the ledger's frames that most gaps agree on. */
function commonOrigin(breaks, underruns, time, near) {
  let best = { origin: 0, votes: 0 };
  for (const { at } of breaks) {
    for (const { frame } of underruns) {
      const origin = time(at) - frame;
      const votes = breaks.filter((other) => underruns.some((event) => near(time(other.at) - origin, event.frame))).length;
      if (votes > best.votes) best = { origin, votes };
    }
  }
  return best.origin;
}

/** The sample at which the context's frame `frame` was recorded; null if it was not. */
function soundOf(frame, time, length) {
  if (frame < time(0) || frame >= time(length - 1)) return null;
  let [low, high] = [0, length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time(middle) < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}
