// Finds where a recorded sine is not what it should be, to the sample.
//
// Two neighbouring samples of a sine tell its amplitude and its phase. Turned back by the phase that the sine should have gained by
// then, each pair gives one and the same number (a complex one, the "phasor") for as long as nothing is missing, repeated, or changed
// in level. Whatever happens to the sine moves the phasor at that very sample: one skipped sample of 440 Hz turns it by 3 degrees.

/** Deviation of the phasor that breaks a run, as a share of the level. A recording in floats stays below 0.00001. */
const DEVIATION = 0.001;
/** Samples for which the phasor must stand still before they count as a run. */
const SETTLED = 64;
/** Below this a sample is silent: 140 dB below full scale. */
const SILENT = 1e-7;

/**
 * @typedef {object} Run a stretch of unbroken sine
 * @property {number} start its first sample
 * @property {number} end the sample after its last
 * @property {[number, number]} first the phasor at its start
 * @property {[number, number]} last the phasor at its end
 */

/**
 * @typedef {object} Break what lies between two runs
 * @property {number} at the first sample that is wrong
 * @property {number} length samples until the sine is whole again; 0 where it only jumps
 * @property {number} silence length of the longest stretch of silent samples in it
 * @property {number} silenceEnd the sample after that stretch; `at` if there is none
 * @property {number | null} slip by how many samples the sine is late afterwards, at most half a period either way: what was
 *   inserted counts positive, what was skipped negative, whole periods do not count. null at the recording's beginning and end
 */

/**
 * Splits a recording into runs of unbroken sine and the breaks between them.
 *
 * @param {Float32Array} samples
 * @param {{hz: number, rate: number, level: number}} tone frequency, sample rate and peak of the sine
 * @returns {{runs: Run[], breaks: Break[]}}
 */
export function follow(samples, { hz, rate, level }) {
  const step = (2 * Math.PI * hz) / rate;
  const runs = findRuns(samples, step, level);
  return { runs, breaks: findBreaks(samples, runs, step) };
}

function findRuns(samples, step, level) {
  const [sin, cos] = [Math.sin(step), Math.cos(step)];
  const runs = [];
  let run = null;
  // Where the phasor began to stand still, while there is no run; `re` and `im` are where it stands.
  let since = 1;
  let [re, im] = [0, 0];
  for (let at = 1; at < samples.length; at += 1) {
    const quadrature = (samples[at] * cos - samples[at - 1]) / sin;
    const [turnSin, turnCos] = [Math.sin(step * at), Math.cos(step * at)];
    const nowRe = quadrature * turnCos + samples[at] * turnSin;
    const nowIm = samples[at] * turnCos - quadrature * turnSin;
    const steady = Math.hypot(nowRe - re, nowIm - im) <= DEVIATION * level;
    if (steady) {
      // Follows slowly: an oscillator's frequency is not exact to the last bit.
      re += (nowRe - re) / 64;
      im += (nowIm - im) / 64;
      if (run) {
        run.end = at + 1;
        run.last = [re, im];
      } else if (at - since >= SETTLED && Math.abs(Math.hypot(re, im) - level) < 0.01 * level) {
        // The phasor at `since` was made of the sample before it, too.
        const start = Math.max(since - 1, runs.length ? runs[runs.length - 1].end : 0);
        run = { start, end: at + 1, first: [re, im], last: [re, im] };
        runs.push(run);
      }
    } else {
      run = null;
      since = at;
      [re, im] = [nowRe, nowIm];
    }
  }
  return runs;
}

function findBreaks(samples, runs, step) {
  const breaks = [];
  for (let index = 0; index <= runs.length; index += 1) {
    const [before, after] = [runs[index - 1], runs[index]];
    const at = before?.end ?? 0;
    const end = after?.start ?? samples.length;
    if (before && after) breaks.push({ ...hole(samples, at, end), slip: slip(before.last, after.first, step) });
    else if (end > at) breaks.push({ ...hole(samples, at, end), slip: null });
  }
  return breaks;
}

function hole(samples, at, end) {
  let [silence, silenceEnd, stretch] = [0, at, 0];
  for (let sample = at; sample < end; sample += 1) {
    stretch = Math.abs(samples[sample]) < SILENT ? stretch + 1 : 0;
    if (stretch > silence) [silence, silenceEnd] = [stretch, sample + 1];
  }
  return { at, length: end - at, silence, silenceEnd };
}

function slip(before, after, step) {
  const turned = Math.atan2(before[1], before[0]) - Math.atan2(after[1], after[0]);
  return nearest(turned / step, (2 * Math.PI) / step);
}

/** `value` without whole periods: at most half a period from 0. */
export function nearest(value, period) {
  return value - period * Math.round(value / period);
}
