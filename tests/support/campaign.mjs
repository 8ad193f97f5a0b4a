// Faults by the dozen while the lab runs, and whether the causes that the report gives for its underruns are right.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { freezeThread, hogCpu, killWorker, prepare, sleepLaptop, stopRenderer, throttle } from './outside.mjs';
import { witness } from './witness.mjs';

/** Before an event may be one of a fault that is said to begin later, ms: places in time are known to a callback. */
const EARLY_MS = 60;
/** How long what a fault has left behind may take to be heard: the ring, and a machine that is still busy, ms. */
const LATE_MS = 250;

/** Which causes are right for which fault: the table in docs/faults.md. Those with none lose nothing. */
export const RIGHT = {
  stall: ['stalled'],
  slow: ['render-too-slow'],
  late: ['woken-late'],
  gc: ['stalled', 'render-too-slow', 'woken-late'],
  burst: ['callback-burst'],
  kill: ['producer-lost'],
  rate: ['rate-mismatch'],
  suspend: ['suspended'],
  // From outside. A thread that is stopped while it renders looks like a source that blocks.
  freezeProducer: ['woken-late', 'stalled', 'render-too-slow'],
  freezeWorklet: ['callback-burst'],
  stopRenderer: ['woken-late', 'stalled', 'callback-burst', 'suspended'],
  hogs: ['woken-late', 'stalled', 'render-too-slow', 'callback-burst'],
  killWorker: ['producer-lost'],
  sleepLaptop: ['suspended'],
};

/** Kinds whose faults need not be heard: the machine may be faster, or nothing is lost by them. */
export const HARMLESS = ['gc', 'jank', 'suspend', 'skip', 'replay', 'tear', 'alias', 'allocate', 'hogs', 'throttle', 'sleepLaptop'];

/** What a machine may do by itself that has other things to do. */
const SOMEBODY_ELSE = ['woken-late', 'stalled', 'render-too-slow', 'callback-burst', 'unknown'];

/** Faults from outside, each a function of the page: resolves to {startMs, endMs} when it is over. `ms` is longer than any ring here lasts. */
export const OUTSIDE = {
  freezeProducer: (page, ms) => freezeThread(page, 'producer', ms),
  freezeWorklet: (page, ms) => freezeThread(page, 'worklet', ms),
  stopRenderer: (page, ms) => stopRenderer(page, ms),
  hogs: (page, ms) => hogCpu(4, ms, { nice: -15 }),
  killWorker: (page) => killWorker(page),
  sleepLaptop: (page, ms) => sleepLaptop(page, ms),
  throttle: (page, ms) => throttle(page, 8, ms),
};

const snapshotFresh = (page) => page.evaluate(() => window.noxrun.snapshot()?.ledger.freshFrames ?? 0);

/**
 * Runs `scenario` in an open lab. From outside, `times` faults of the kind `outside` (if any) are caused meanwhile, `apartMs` apart; then the run is stopped.
 *
 * @returns {Promise<{report: object, faults: {kind: string, startMs: number, endMs: number}[], still: {startMs: number, endMs: number}[]}>} faults of both sorts, and
 *   when a thread outside of the browser got no turn either; in milliseconds since the epoch
 */
export async function disturbed(lab, scenario, { outside = null, times = 0, ms = 150, apartMs = 700 } = {}) {
  const { page } = lab;
  // Not while it plays: a compiler takes all cores.
  if (outside) await prepare();
  const machine = witness();
  try {
    const running = page.evaluate((asked) => window.noxrun.run(asked), scenario);
    running.catch(() => {});
    const faults = [];
    if (outside) {
      for (const end = Date.now() + 30_000; (await snapshotFresh(page)) < 20_000; await sleep(50)) assert.ok(Date.now() < end, 'no sound');
      for (let nth = 0; nth < times; nth += 1) {
        // Not in step with anything.
        await sleep(apartMs * (0.8 + 0.4 * Math.random()));
        faults.push({ kind: outside, ...(await OUTSIDE[outside](page, ms)) });
      }
      if (outside === 'killWorker') await page.waitForFunction(() => window.noxrun.snapshot() === null || document.body.dataset.phase !== 'playing', null, { timeout: 100 }).catch(() => {});
      await sleep(outside === 'killWorker' ? 3500 : apartMs);
      await page.evaluate(() => void window.noxrun.stop());
    }
    const report = await running;
    for (const { kind, atMs, lastedMs } of report.injected) {
      const startMs = report.startedAtMs + atMs;
      faults.push({ kind, startMs, endMs: startMs + (lastedMs ?? 1e6) });
    }
    return { report, faults, still: machine.still };
  } finally {
    await machine.close();
  }
}

/**
 * Holds each underrun of the report against the faults that there were.
 *
 * @returns {{right: number, wrong: object[], unknown: number, unexplained: object[], stray: object[], hit: number}} `wrong` have a fault and another cause (or none, and a cause that no machine can be), `unexplained` none that is known,
 * `stray` have no fault at all, `hit`: faults with an underrun
 */
export function judged({ report, faults, still }) {
  const tally = { right: 0, wrong: [], unknown: 0, unexplained: [], stray: [], hit: 0 };
  const hit = new Set();
  for (const event of report.underruns.log) {
    const at = report.startedAtMs + event.atMs;
    // What comes with a fault that loses nothing is somebody else's.
    const isNear = ({ startMs, endMs }) => at >= startMs - EARLY_MS && at <= endMs + LATE_MS;
    const near = faults.filter((fault) => fault.kind in RIGHT && isNear(fault));
    for (const fault of near) hit.add(fault);
    if (event.cause === 'unknown' || event.cause === null) {
      tally.unknown += 1;
      if (near.length === 0) tally.unexplained.push(event);
    }
    // A machine that runs nobody at all is asleep as far as anybody on it can tell.
    const asleep = event.cause === 'suspended' && still.some(isNear);
    if (asleep || near.some(({ kind }) => RIGHT[kind].includes(event.cause))) tally.right += 1;
    else if (near.length === 0 && SOMEBODY_ELSE.includes(event.cause)) tally.stray.push(event);
    else tally.wrong.push({ kinds: near.map(({ kind }) => kind), ...event });
  }
  tally.hit = hit.size;
  return tally;
}

/** Frames that came out of the ring because of the injected faults of one kind. */
const shown = (injected, kind) => injected.filter((fault) => fault.kind === kind).reduce((sum, fault) => sum + fault.shownFrames, 0);

/** Requires that the report's sums are right, each by itself. */
export function accounted({ ledger, underruns, integrity, injected, scenario }) {
  assert.equal(ledger.imbalanceFrames, 0, JSON.stringify(ledger));
  assert.equal(ledger.requestedFrames, ledger.freshFrames + ledger.repeatedFrames + ledger.concealedFrames + ledger.silentFrames);
  assert.equal(underruns.frames, ledger.concealedFrames + ledger.silentBy.underrun);
  const byCause = Object.values(underruns.byCause).reduce((sum, events) => sum + events, 0);
  assert.equal(byCause, underruns.events, JSON.stringify(underruns.byCause));
  // What breaks the index in other ways than these three is not told apart.
  if (scenario.source.kind !== 'index' || injected.some(({ kind }) => ['alias', 'rate'].includes(kind))) return;
  assert.deepEqual(
    [integrity.skippedFrames, integrity.replayedFrames, ledger.tornFrames],
    ['skip', 'replay', 'tear'].map((kind) => shown(injected, kind)),
  );
}
