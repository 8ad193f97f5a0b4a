// What the tests of the package's page side call. All of it stands on the package's own exports.

import * as noxrun from '/noxrun/index.js';

globalThis.noxrun = noxrun;

/** Resolves after `ms`. */
globalThis.sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What `work` is refused with: { name, code, message, url }, or null. */
globalThis.refused = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return { name: error?.name, code: error?.code, message: String(error?.message), url: error?.url };
  }
};

/** Waits until `holds`, `ms` at most. */
globalThis.until = async (holds, ms = 10_000) => {
  for (const began = performance.now(); !await holds(); await sleep(10)) {
    if (performance.now() - began > ms) throw new Error(`this has not come about within ${ms} ms: ${holds}`);
  }
};

/** What `output` tells, in order: [type, detail]. */
globalThis.overhear = (output) => {
  const heard = [];
  for (const type of ['underrun', 'overrun', 'skipped', 'replayed', 'torn', 'statechange', 'producerlost', 'recovered']) {
    output.addEventListener(type, ({ detail }) => heard.push([type, detail.error ? { ...detail, error: { code: detail.error.code, message: detail.error.message } } : detail]));
  }
  return heard;
};

/** A worker of the test's own. */
globalThis.ownWorker = (name = 'own.js') => new Worker(new URL(name, import.meta.url), { type: 'module' });

/** Keeps this thread busy for `ms`. */
globalThis.jank = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); };

/** By how much the ledger of `stats` misses its two sums, worked out here once more. */
globalThis.misses = ({ ledger: of }) => Math.abs(of.requestedFrames - of.freshFrames - of.repeatedFrames - of.concealedFrames - of.silentFrames)
  + Math.abs(of.producedFrames - of.freshFrames - of.droppedFrames - of.inFlightFrames) + of.imbalanceFrames;

globalThis.ready = true;
