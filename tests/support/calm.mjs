// Says whether it was the machine: a run may only be required to be free of underruns while its threads were run at all.

import assert from 'node:assert/strict';

/** Attempts at a run that the machine disturbs. */
const ATTEMPTS = 4;
/** A thread that was not run for so long excuses an underrun of a ring of 8192 frames (170 to 186 ms): producer and audio thread may both have been late. */
const HICCUP_MS = 90;

/** In the page: a worker that sleeps like a producer does, and keeps the longest time that it was kept waiting. */
function watch() {
  const code = `onmessage = ({ data }) => {
    const shared = new Int32Array(data);
    for (;;) {
      const began = performance.now();
      Atomics.wait(shared, 0, 0, 5);
      const late = Math.round(performance.now() - began - 5);
      if (late > Atomics.load(shared, 1)) Atomics.store(shared, 1, late);
    }
  }`;
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const shared = new SharedArrayBuffer(8);
  new Worker(url).postMessage(shared);
  window.longestWait = () => Atomics.load(new Int32Array(shared), 1);
}

/**
 * Plays with `attempt(page => ...)` until nothing but the engine can be blamed: returns at the first attempt without underruns, fails at the first that has
 * some although every thread was run in time, and tries again where the machine stood still.
 *
 * @param {import('node:test').TestContext} t
 * @param {(watch: (page: import('playwright-core').Page) => Promise<void>) => Promise<{page: import('playwright-core').Page, underruns: number, close: () => Promise<void>}>} attempt
 *   calls `watch(page)` before it plays
 */
export async function withoutUnderruns(t, attempt) {
  for (let nth = 1; ; nth += 1) {
    const { page, underruns, close } = await attempt((page) => page.evaluate(watch));
    const waited = await page.evaluate(() => window.longestWait());
    await close();
    if (underruns === 0) return;
    const told = `${underruns} underruns; another thread of this page was kept waiting for ${waited} ms`;
    assert.ok(waited >= HICCUP_MS && nth < ATTEMPTS, told);
    t.diagnostic(`${told}: once more`);
  }
}
