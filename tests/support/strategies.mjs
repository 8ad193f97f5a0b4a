// The strategies, and what sets them apart.

import assert from 'node:assert/strict';

/** `transport` as in the report; whether the newest block counts, blocks travel as messages, the producer has a worker, and the page's thread has a part in it. */
export const STRATEGIES = {
  ring: { transport: 'shared', newest: false, messages: false, worker: true, page: false },
  double: { transport: 'shared', newest: true, messages: false, worker: true, page: false },
  triple: { transport: 'shared', newest: true, messages: false, worker: true, page: false },
  queue: { transport: 'shared', newest: false, messages: false, worker: true, page: false },
  'message-copy': { transport: 'messages', newest: false, messages: true, worker: true, page: false },
  'message-transfer': { transport: 'messages', newest: false, messages: true, worker: true, page: false },
  'main-thread': { transport: 'shared', newest: false, messages: false, worker: false, page: true },
  'in-worklet': { transport: 'none', newest: false, messages: false, worker: false, page: false },
  'buffer-source': { transport: 'nodes', newest: false, messages: false, worker: false, page: true },
};

export const NAMES = Object.keys(STRATEGIES);

/** Between two looks at the books, in ms; as often as the page's thread comes to it. */
const EVERY_MS = 10;

/** Runs in the page: looks at the books until `endWatch()`. */
function watch(every) {
  const seen = { looks: 0, imbalance: 0, back: null };
  let last = { requested: 0, fresh: 0 };
  const timer = setInterval(() => {
    const output = window.driven?.output;
    const imbalance = output ? output.stats()?.imbalance : window.noxrun.snapshot()?.ledger?.imbalanceFrames;
    if (imbalance === undefined) return;
    seen.looks += 1;
    seen.imbalance = Math.max(seen.imbalance, Math.abs(imbalance));
    // Of a run the page shows the one before until it has begun: there, what goes back is another one's.
    const now = output?.stats();
    if (!now) return;
    if (now.requested < last.requested || now.fresh < last.fresh) seen.back ??= [last, now];
    last = now;
  }, every);
  window.endWatch = () => {
    clearInterval(timer);
    return seen;
  };
}

/** Does `body` while the books of the driven output, or of `window.noxrun`'s run, are looked at again and again; requires that they balance each time, and that an output's never go back. Resolves to what `body` resolved to. */
export async function booksKept(page, body) {
  await page.evaluate(watch, EVERY_MS);
  const result = await body();
  const seen = await page.evaluate(() => window.endWatch());
  assert.ok(seen.looks > 3, `${seen.looks} looks`);
  assert.deepEqual([seen.imbalance, seen.back], [0, null], JSON.stringify(seen));
  return result;
}
