// The ledger of a driven output, looked at again and again by the page's own thread.

/** Between two looks, in ms; as often as the page's thread comes to it. */
const EVERY_MS = 10;

/** Runs in the page. */
function inPage(every) {
  const list = [];
  const look = () => {
    const { stats } = window.driven.now();
    if (!stats) return;
    const { requested, fresh, produced, inFlight, imbalance, underruns } = stats;
    list.push({ ms: Date.now(), requested, fresh, produced, inFlight, imbalance, events: underruns.events, missing: underruns.frames });
  };
  look();
  const timer = setInterval(look, every);
  window.endSampling = () => {
    clearInterval(timer);
    look();
    return list;
  };
}

/**
 * Takes samples of the ledger while `body` runs and, afterwards, until `frames` more fresh frames have been played.
 *
 * @param {import('./output.mjs').Driven} driven that plays
 * @param {() => Promise<object>} body a fault
 * @param {number} [frames]
 * @returns {Promise<{fault: object, samples: object[]}>} what `body` resolved to, and the samples, each with its time in ms since 1970
 */
export async function sampled(driven, body, frames = 22_050) {
  await driven.page.evaluate(inPage, EVERY_MS);
  const fault = await body();
  await driven.plays(frames);
  return { fault, samples: await driven.page.evaluate(() => window.endSampling()) };
}

/** The samples that were taken while the fault was certainly in force. Times are whole ms in the page. */
export const within = (samples, { startMs, endMs }) => samples.filter(({ ms }) => ms >= startMs + 1 && ms <= endMs - 1);

/** The last sample from before a fault, and the first from after it. */
export function around(samples, { startMs, endMs }) {
  return [samples.findLast(({ ms }) => ms < startMs), samples.find(({ ms }) => ms > endMs)];
}
