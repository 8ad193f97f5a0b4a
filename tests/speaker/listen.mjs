// One recording: the engine's sine on the left, the browser's own on the right.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { complaints } from '../support/chromium.mjs';
import { follow } from './analyse.mjs';
import { contextTime, unbrokenShare } from './compare.mjs';
import { RATE, Recorder } from './recorder.mjs';

const LEVEL = 0.25;
/** What Chromium is to keep ahead of the device, in seconds: it asks for 4864 frames at once then, instead of 512, and the sound survives another program's turn on the processor. */
const LATENCY = 0.1;
/** Frames after the reference's first that belong to the browser's own start-up: its callback. */
const CALLBACK = 4864;
/** Apart enough that neither's period fits into the other's, nor into a quantum. */
export const LEFT = { hz: 440, rate: RATE, level: LEVEL };
export const RIGHT = { hz: 997, rate: RATE, level: LEVEL };

/** What the server of these tests has to offer besides the site. */
export const ROUTES = { '/speaker.html': fileURLToPath(new URL('page.html', import.meta.url)) };

/**
 * Records while `during(page, recorder)` runs, with a ring of `bufferFrames`.
 *
 * @returns the left channel's breaks, the right's (`reference`), the context's `time` (null if it was lost), the recording's `length`, the
 *   `share` of it in which the reference is unbroken, and the final `ledger` and `events`
 */
export async function listen(browser, url, { bufferFrames }, during) {
  const page = await browser.newPage();
  const recorder = new Recorder();
  try {
    const complained = complaints(page);
    await page.goto(`${url}speaker.html`);
    await page.waitForFunction('window.speaker');
    const rate = await page.evaluate((options) => window.speaker.start(...options), [LEFT.hz, RIGHT.hz, LEVEL, { bufferFrames, latencyHint: LATENCY }]);
    assert.equal(rate, RATE, 'the context has another rate than the sink: the recording would be resampled');
    await during(page, recorder);
    const recorded = await recorder.stop();
    // After the recording's end, so that the ledger knows all that was recorded.
    const ledger = await page.evaluate(() => window.speaker.stats());
    const events = await page.evaluate(() => window.speaker.events());
    await page.evaluate(() => window.speaker.close());
    assert.deepEqual(complained, []);
    return { ...examine(recorded), ledger, events };
  } finally {
    recorder.kill();
    await page.close();
  }
}

function examine({ left, right }) {
  const { runs } = follow(right, RIGHT);
  assert.ok(runs.length > 0, 'the reference was never heard: the sound does not reach the recorder');
  // From the reference's first sound, the browser's own start-up left out, to its last.
  const [from, to] = [runs[0].start + CALLBACK, runs[runs.length - 1].end];
  const { breaks: reference } = follow(right.subarray(from, to), RIGHT);
  const { breaks } = follow(left.subarray(from, to), LEFT);
  return {
    breaks,
    reference,
    time: contextTime(reference, breaks, { left: RATE / LEFT.hz, right: RATE / RIGHT.hz }),
    length: to - from,
    period: RATE / LEFT.hz,
    share: unbrokenShare(reference, to - from),
  };
}

/** Tells what a recording was like, for the test's output. */
export function describe({ length, share, reference, breaks }) {
  const seconds = (length / RATE).toFixed(1);
  return `${seconds} s recorded; reference: ${reference.length} breaks, ${(100 * share).toFixed(1)} % unbroken; left: ${breaks.length} breaks`;
}
