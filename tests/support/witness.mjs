// Whether it was the machine: a thread that is nobody's, which tells when it got no turn.

import { Worker } from 'node:worker_threads';

/** Between two turns of the witness, ms. */
const EVERY_MS = 5;
/** What counts as no turn, ms: more than a busy machine's threads take of each other's time, half of what the lab takes for a standstill. */
const STILL_MS = 150;

const CODE = `
  const { parentPort } = require('node:worker_threads');
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let before = Date.now(); ; ) {
    Atomics.wait(never, 0, 0, ${EVERY_MS});
    const now = Date.now();
    if (now - before >= ${STILL_MS}) parentPort.postMessage({ startMs: before, endMs: now });
    before = now;
  }
`;

/**
 * Watches until it is closed. It runs at this process's priority, as the browser does.
 *
 * @returns {{still: {startMs: number, endMs: number}[], close: () => Promise<void>}} `still` grows: each time without a turn, in ms since 1970
 */
export function witness() {
  const still = [];
  const worker = new Worker(CODE, { eval: true });
  worker.on('message', (one) => still.push(one));
  worker.unref();
  return {
    still,
    async close() {
      // What was told last comes first.
      await new Promise((resolve) => setTimeout(resolve, 2 * EVERY_MS));
      await worker.terminate();
    },
  };
}
