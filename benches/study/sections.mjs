// What the study measures, one section each: which scenarios, how often, and what is kept of them.
import { launch } from '../../tests/support/chromium.mjs';
import { SITE, serve } from '../../tests/support/server.mjs';
import { compare, figuresOf, open, run, runWithBands, spread, spreads } from './page.mjs';

export const REPEATS = 3;
const INDEX = { kind: 'index' };
const SINE = { kind: 'sine', hz: 440 };
/** New browsers that are started, each for one cold start. */
const BROWSERS = 5;

/** Every cell once, then every cell again: whatever else the machine does falls on all of them alike. */
async function interleaved(cells, once, repeats = REPEATS) {
  const got = Object.fromEntries(Object.keys(cells).map((name) => [name, []]));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const [name, cell] of Object.entries(cells)) got[name].push(await once(cell));
  }
  return got;
}

/** A run tells of the strategy and not of the machine when hardly any of the producer's wake-ups was later than this, in ms: half a callback. */
const QUIET_MS = 5;
const ROUNDS = 14;

/**
 * As `measured`, of runs that the machine did not disturb: each cell is played until REPEATS of its runs were quiet, ROUNDS times at most; then those count in which the producer was woken most promptly. How late it was woken is
 * measured by its own clock and knows nothing of duplicates. All runs are kept.
 */
async function quietly(page, cells) {
  const all = Object.fromEntries(Object.keys(cells).map((name) => [name, []]));
  const quiet = (runs) => runs.filter(({ lateMs }) => lateMs <= QUIET_MS).length;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, cell] of Object.entries(cells)) {
      if (quiet(all[name]) >= REPEATS) continue;
      const report = await run(page, cell);
      all[name].push({ ...figuresOf(report), lateMs: report.producer.wakeLatenessMs?.p99 ?? Infinity });
    }
  }
  return Object.fromEntries(Object.entries(all).map(([name, runs]) => {
    const counted = runs.toSorted((one, other) => one.lateMs - other.lateMs).slice(0, REPEATS);
    return [name, { ...spreads(counted), quietRuns: quiet(runs), allRuns: spreads(runs) }];
  }));
}

/** {name: scenario} to {name: {figure: spread}}. */
async function measured(page, cells) {
  const got = await interleaved(cells, async (cell) => figuresOf(await run(page, cell)));
  return Object.fromEntries(Object.entries(got).map(([name, list]) => [name, spreads(list)]));
}

/** The contexts that anything is played on; the callback of each is measured with a ring, apart from what is predicted from it. */
export const CONTEXTS = {
  '44.1 kHz': { sampleRate: 44_100 },
  '44.1 kHz, hint 20 ms': { sampleRate: 44_100, latencyHint: 0.02 },
  '48 kHz': { sampleRate: 48_000 },
  '48 kHz, quantum 283': { sampleRate: 48_000, renderQuantum: 283 },
};

export async function device({ page }) {
  const cells = Object.fromEntries(
    Object.entries(CONTEXTS).map(([name, context]) => [name, { ...context, source: INDEX, bufferFrames: 8192, seconds: 1 }]),
  );
  return measured(page, cells);
}

const TIMER = { kind: 'timer' };
/** Latest-wins cells: name, context, block, pace. */
const LATEST = [
  ['128 by demand', '44.1 kHz', 128, null],
  ['128 by timer', '44.1 kHz', 128, TIMER],
  ['256 by demand', '44.1 kHz, hint 20 ms', 256, null],
  ['note: 256 by timer, quantum 283', '48 kHz, quantum 283', 256, TIMER],
  ['256 by timer', '48 kHz', 256, TIMER],
];
export const LATEST_CELLS = ['double', 'triple'].flatMap((strategy) =>
  LATEST.map(([name, context, blockFrames, pace]) => ({ name: `${strategy}, ${name}`, strategy, context, blockFrames, pace })),
);

export async function latest({ page }) {
  const scenario = ({ strategy, context, blockFrames, pace }) => ({ ...CONTEXTS[context], strategy, blockFrames, ...(pace ? { pace } : {}), source: INDEX, seconds: 0.6 });
  return quietly(page, Object.fromEntries(LATEST_CELLS.map((cell) => [cell.name, scenario(cell)])));
}

/** A producer much faster than its reader: whatever can be torn is. */
export async function tears({ page }) {
  const cells = {};
  for (const strategy of ['double', 'triple', 'queue', 'ring']) {
    for (const [blockFrames, channels] of strategy === 'double' || strategy === 'triple' ? [[512, 2], [4096, 8]] : [[512, 2]]) {
      const pace = { kind: 'timer', periodMs: 0.2, jitterMs: 0.3 };
      cells[`${strategy}, blocks of ${blockFrames}, ${channels} channels`] = { strategy, blockFrames, channels, pace, source: INDEX, seconds: 1.5 };
    }
  }
  return measured(page, cells);
}

export const QUEUE_CELLS = [1, 2, 3, 4, 6, 8].flatMap((depth) => [128, 256].map((blockFrames) => ({ name: `${depth} of ${blockFrames}`, depth, blockFrames })));

export async function queue({ page }) {
  const scenario = ({ depth, blockFrames }) => ({ ...CONTEXTS['44.1 kHz'], strategy: 'queue', queueDepth: depth, blockFrames, source: INDEX, seconds: 1 });
  return measured(page, Object.fromEntries(QUEUE_CELLS.map((cell) => [cell.name, scenario(cell)])));
}

export const SIZES = [64, 128, 256, 512, 1024, 2048, 4096, 8192];

export async function sweep({ page }) {
  const cells = {};
  for (const bufferFrames of SIZES) {
    const idle = { ...CONTEXTS['44.1 kHz'], bufferFrames, source: INDEX, seconds: 1 };
    cells[`${bufferFrames}`] = idle;
    cells[`${bufferFrames}, three hogs`] = { ...idle, stress: [{ kind: 'hogs', count: 3 }] };
  }
  return measured(page, cells);
}

/** The two tables of docs/compare.md, under a busy page and under nothing. */
export async function tables({ page }) {
  const cells = [
    { strategy: 'ring', bufferFrames: 2048 },
    { strategy: 'queue', queueDepth: 8, blockFrames: 256 },
    { strategy: 'double', blockFrames: 512 },
    { strategy: 'triple', blockFrames: 512 },
    { strategy: 'message-copy', bufferFrames: 2048 },
    { strategy: 'message-transfer', bufferFrames: 2048 },
    { strategy: 'main-thread', bufferFrames: 2048 },
    { strategy: 'in-worklet' },
    { strategy: 'buffer-source', bufferFrames: 2048 },
  ];
  const options = { cells, repeats: REPEATS, seconds: 1 };
  const busy = await compare(page, { ...options, faults: [{ kind: 'jank', ms: 100, everyMs: 500 }] }, 300_000);
  const idle = await compare(page, { ...options, faults: [], artifacts: false, kill: false }, 300_000);
  return { busy, idle };
}

/** Starts in browsers of their own: at once when the page has loaded, and once more. */
export async function startup({ url }) {
  const got = { cold: [], warm: [] };
  for (let nth = 0; nth < BROWSERS; nth += 1) {
    const browser = await launch();
    try {
      const page = await open(browser, url);
      for (const list of [got.cold, got.warm]) {
        const { startup: { moduleMs, workerMs, workletMs, firstFrameMs }, startedAtMs, pageOriginMs, ledger } = await run(page, { source: { kind: 'synth' }, seconds: 0.3 });
        list.push({ moduleMs, workerMs, workletMs, firstFrameMs, fromNavigationMs: startedAtMs - pageOriginMs, imbalanceFrames: ledger.imbalanceFrames });
      }
    } finally {
      await browser.close();
    }
  }
  return { cold: spreads(got.cold), warm: spreads(got.warm) };
}

/** Where the energy of edges lies. */
export async function edges({ page }) {
  const broken = { ...CONTEXTS['44.1 kHz'], bufferFrames: 2048, source: SINE, seconds: 2, stress: [{ kind: 'stall', ms: 120, everyMs: 250 }] };
  const cells = {
    'no fault': { ...broken, stress: [] },
    ...Object.fromEntries(['fade', 'silence', 'hold', 'repeat'].map((conceal) => [`underruns, ${conceal}`, { ...broken, conceal }])),
    'triple, 71 % duplicates': { ...CONTEXTS['44.1 kHz'], strategy: 'triple', blockFrames: 128, source: SINE, seconds: 2 },
  };
  const got = await interleaved(cells, (cell) => runWithBands(page, cell));
  return Object.fromEntries(Object.entries(got).map(([name, list]) => [name, {
    bands: list[0].db.map((_, band) => spread(list.map(({ db }) => db[band]))),
    underruns: spread(list.map(({ underruns }) => underruns.events)),
    imbalanceFrames: spread(list.map(({ ledger }) => ledger.imbalanceFrames)),
  }]));
}

/** Each red flag, made to show; and the one run in which all are looked at and nothing is wrong. */
export async function flags({ page }) {
  const base = { source: INDEX, seconds: 1.2 };
  const cells = {
    none: base,
    duplicates: { ...base, ...CONTEXTS['44.1 kHz'], strategy: 'triple', blockFrames: 128 },
    ringBelowCallback: { ...base, bufferFrames: 128 },
    ringBelow512: { ...base, bufferFrames: 256 },
    queueDepth: { ...base, strategy: 'queue', queueDepth: 1, blockFrames: 1024 },
    drift: { ...base, pace: TIMER, stress: [{ kind: 'rate', ppm: 5_000 }], seconds: 4 },
    allocation: { ...base, stress: [{ kind: 'allocate' }] },
    aliasedBuffer: { ...base, stress: [{ kind: 'alias' }] },
    producerLoad: { ...base, stress: [{ kind: 'slow', share: 0.9 }] },
    latency: { ...base, bufferFrames: 16_384 },
    deviceUnderruns: { ...base, strategy: 'in-worklet', stress: [{ kind: 'slow', share: 3 }], seconds: 3 },
  };
  const kept = ({ verdicts, ledger, detected, underruns }) => ({
    verdicts: Object.fromEntries(verdicts.map(({ flag, status, value, limit, unit }) => [flag, { status, value, limit, unit }])),
    imbalanceFrames: ledger.imbalanceFrames,
    duplicateFrames: detected ? detected.duplicate.frames / ledger.freshFrames : null,
    underruns: underruns.events,
  });
  const got = await interleaved(cells, async (cell) => kept(await run(page, cell)));
  // Where memory cannot be shared the page has to say so, and not to play badly.
  const bare = await serve(SITE, { isolated: false });
  try {
    const other = await open(page.context().browser(), bare.url, { ready: false });
    await other.waitForFunction(() => window.noxrun || document.body.dataset.phase);
    const isolation = await other.evaluate(async () => {
      const phase = document.body.dataset.phase;
      return window.noxrun ? window.noxrun.run({ seconds: 0.5 }).then(() => 'played', ({ code, message }) => `${code}: ${message}`) : phase;
    });
    await other.close();
    return { ...got, isolation };
  } finally {
    await bare.close();
  }
}

/** A clock that is off by so much that it shows in seconds, behind a ring so large that nothing else empties it, to hold the simulation against. */
export const DRIFT_CELLS = [30_000, -30_000].map((ppm) => ({ name: `${ppm > 0 ? '+' : ''}${ppm} ppm`, ppm, bufferFrames: 8192, blockFrames: 128 }));

export async function drift({ page }) {
  const scenario = ({ ppm, bufferFrames, blockFrames }) => ({ ...CONTEXTS['44.1 kHz'], bufferFrames, blockFrames, pace: TIMER, source: INDEX, seconds: 5, stress: [{ kind: 'rate', ppm }] });
  return measured(page, Object.fromEntries(DRIFT_CELLS.map((cell) => [cell.name, scenario(cell)])));
}

/** Whether what is counted is what happened: breaks of the signal that were made on purpose, and blocks that are one buffer. */
export async function counted({ page }) {
  const lies = { bufferFrames: 4096, blockFrames: 256, source: INDEX, seconds: 2 };
  const cells = {
    lies: { ...lies, stress: [{ kind: 'skip', everyBlocks: 7 }, { kind: 'replay', everyBlocks: 11 }, { kind: 'tear', everyBlocks: 13 }] },
    alias: { ...lies, stress: [{ kind: 'alias' }] },
  };
  const kept = ({ injected, integrity, ledger, quanta, callbacks, detected, verdicts }) => {
    const shown = (kind) => injected.filter((fault) => fault.kind === kind).reduce((sum, { shownFrames }) => sum + shownFrames, 0);
    return {
      skippedMade: shown('skip'), skippedFound: integrity.skippedFrames,
      replayedMade: shown('replay'), replayedFound: integrity.replayedFrames,
      tornMade: shown('tear'), tornFound: ledger.tornFrames,
      duplicateShare: detected.duplicate.frames / ledger.freshFrames,
      duplicateQuanta: detected.duplicate.quanta / quanta.total,
      duplicateCallbacks: detected.duplicate.callbacks === null ? null : detected.duplicate.callbacks / callbacks.total,
      aliasedBlocks: verdicts.find(({ flag }) => flag === 'aliasedBuffer').value,
      declaredRepeated: detected.declared.repeatedFrames,
      imbalanceFrames: ledger.imbalanceFrames,
    };
  };
  const got = await interleaved(cells, async (cell) => kept(await run(page, cell)));
  return Object.fromEntries(Object.entries(got).map(([name, list]) => [name, spreads(list)]));
}

/** Outputs side by side: four on a page, three pages of a browser, two browsers. */
export async function several({ page, url, browser }) {
  const onOnePage = async () =>
    page.evaluate(async () => {
      const { Output } = window.wasmBindings;
      const outputs = await Promise.all([220, 277, 330, 440].map((hz) => Output.start({ source: { kind: 'sine', hz }, bufferFrames: 4096 })));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const stats = outputs.map((output) => output.stats());
      await Promise.all(outputs.map((output) => output.close()));
      return { outputs: outputs.length, playing: stats.filter(({ fresh }) => fresh > 30_000).length, underruns: stats.reduce((sum, { underruns }) => sum + underruns.events, 0), imbalanceFrames: Math.max(...stats.map(({ imbalance }) => imbalance)) };
    });
  const together = async (pages) => {
    const reports = await Promise.all(pages.map((one) => run(one, { source: INDEX, bufferFrames: 4096, seconds: 1.5 })));
    return { outputs: pages.length, playing: reports.filter(({ ledger }) => ledger.freshFrames > 30_000).length, underruns: reports.reduce((sum, { underruns }) => sum + underruns.events, 0), imbalanceFrames: Math.max(...reports.map(({ ledger }) => ledger.imbalanceFrames)) };
  };
  const second = await launch();
  const others = [await open(browser, url), await open(browser, url)];
  try {
    const elsewhere = await open(second, url);
    const cells = { 'on one page': onOnePage, 'on pages of one browser': () => together([page, ...others]), 'in two browsers': () => together([page, elsewhere]) };
    const got = await interleaved(cells, (cell) => cell());
    return Object.fromEntries(Object.entries(got).map(([name, list]) => [name, spreads(list)]));
  } finally {
    for (const one of others) await one.close();
    await second.close();
  }
}
