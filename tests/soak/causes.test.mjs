// A thousand faults over all kinds, at least half of them from outside the engine: how often the cause of what they lose is right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HARMLESS, accounted, disturbed, judged } from '../support/campaign.mjs';
import { suite } from '../support/suite.mjs';

const site = suite();
/** Share of the thousand that is caused. */
const SHARE = Number(process.env.NOXRUN_SOAK_SECONDS ?? 600) / 600;

/** Only kinds whose names have one of these words in them. */
const ONLY = process.env.NOXRUN_SOAK_KINDS?.split(',');

/** Kinds from outside: faults in all, and how many of them in one run. */
const OUTSIDE = [
  ['freezeProducer', 338, 26], ['freezeWorklet', 132, 22], ['stopRenderer', 110, 22], ['hogs', 50, 10], ['killWorker', 10, 1], ['sleepLaptop', 20, 10], ['throttle', 20, 10],
];
/** Kinds from inside: what happens in one run of so many seconds, how many faults these are, and how many in all. */
const INSIDE = [
  [[{ kind: 'stall', ms: 120, everyMs: 700, jitterMs: 200 }], 26, 26, 104],
  [[{ kind: 'late', ms: 120, everyMs: 700 }], 26, 26, 104],
  [[{ kind: 'burst', frames: 4096, everyMs: 700 }], 26, 26, 104],
  [[{ kind: 'slow', share: 1.3 }], 3, 1, 8],
  [[{ kind: 'rate', ppm: -30_000 }], 4, 1, 8, { pace: { kind: 'timer' } }],
  [[{ kind: 'gc' }], 3, 1, 8],
  [[{ kind: 'jank', ms: 150, everyMs: 700 }], 14, 20, 20],
  [[{ kind: 'hogs', count: 3 }], 3, 3, 15],
  [[{ kind: 'suspend', atMs: 500, ms: 400 }], 2, 1, 8],
  [[{ kind: 'kill', atMs: 500 }], 3, 1, 8],
  [[{ kind: 'skip', everyBlocks: 40 }, { kind: 'replay', everyBlocks: 41 }, { kind: 'tear', everyBlocks: 42 }], 4, 48, 144],
  [[{ kind: 'alias' }], 2, 1, 6],
  [[{ kind: 'allocate' }], 2, 1, 6],
];
const SCENARIO = { source: { kind: 'index' }, bufferFrames: 2048 };

/** What became of the faults of one kind, or of a few that go together. */
class Tally {
  faults = 0;
  heard = 0;
  underruns = 0;
  right = 0;
  unknown = 0;
  stray = 0;
  wrong = [];

  add({ report, faults }, { right, wrong, unknown, stray, hit }) {
    // One that goes on has many records.
    this.faults += faults.filter(({ kind }) => kind !== 'alias').length + (faults.some(({ kind }) => kind === 'alias') ? 1 : 0);
    this.heard += hit;
    this.underruns += report.underruns.events;
    this.right += right;
    this.wrong.push(...wrong);
    this.unknown += unknown;
    this.stray += stray.length;
  }

  get row() {
    return `${this.faults} faults, ${this.heard} heard, ${this.underruns} underruns, ${this.right} right, ${this.wrong.length} wrong, ${this.unknown} unknown, ${this.stray} without a fault of ours`;
  }
}

test('a thousand faults, and why their frames were lost', async (t) => {
  const kinds = new Map();
  const round = async (name, scenario, outside) => {
    if (ONLY && !ONLY.some((word) => name.includes(word))) return;
    const lab = await site.open();
    const run = await disturbed(lab, { ...SCENARIO, ...scenario }, outside);
    await lab.close({ complained: false });
    accounted(run.report);
    const tally = kinds.get(name) ?? new Tally();
    const verdict = judged(run);
    tally.add(run, verdict);
    kinds.set(name, tally);
    for (const event of [...verdict.wrong, ...verdict.unexplained]) t.diagnostic(`${name}: ${JSON.stringify(event)}`);
  };
  const rounds = (times, each) => Math.max(1, Math.round((times * SHARE) / each));
  const told = (name) => kinds.has(name) && t.diagnostic(`${name}: ${kinds.get(name).row}`);
  for (const [kind, times, each] of OUTSIDE) {
    for (let nth = 0; nth < rounds(times, each); nth += 1) await round(`from outside, ${kind}`, { seconds: 600 }, { outside: kind, times: each });
    told(`from outside, ${kind}`);
  }
  for (const [stress, seconds, each, times, more] of INSIDE) {
    const name = stress.map(({ kind }) => kind).join(', ');
    for (let nth = 0; nth < rounds(times, each); nth += 1) await round(name, { seconds, stress, ...more });
    told(name);
  }
  const sum = (key) => [...kinds.values()].reduce((all, tally) => all + tally[key], 0);
  const all = [...kinds.values()];
  const wrong = all.flatMap((tally) => tally.wrong);
  // By kind, or those with hundreds of underruns would hide the others.
  const blamed = all.filter((tally) => tally.right + tally.wrong.length > 0);
  const right = blamed.reduce((shares, tally) => shares + tally.right / (tally.right + tally.wrong.length), 0) / blamed.length;
  const line = `${sum('faults')} faults, ${sum('heard')} heard, ${sum('underruns')} underruns, ${sum('right')} causes right (${(100 * right).toFixed(2)} %, each kind counting alike), ${wrong.length} wrong, ${sum('unknown')} unknown, ${sum('stray')} without a fault of ours`;
  t.diagnostic(line);
  const shown = `${line}; ${JSON.stringify(wrong.slice(0, 5))}`;
  assert.ok(ONLY || sum('faults') >= 1000 * Math.min(1, SHARE), shown);
  const outside = [...kinds].reduce((faults, [name, tally]) => faults + (name.startsWith('from outside') ? tally.faults : 0), 0);
  t.diagnostic(`${outside} of them from outside`);
  assert.ok(ONLY || SHARE < 1 || 2 * outside >= sum('faults'), `${outside} of ${sum('faults')}`);
  for (const [name, { faults, heard }] of kinds) {
    if (!HARMLESS.some((kind) => name.split(', ').includes(kind))) assert.ok(heard >= 0.4 * faults, `${name}: ${heard} of ${faults} heard`);
  }
  // What a machine does that is busy with other things is nobody's fault of ours; but it cannot be much.
  assert.ok(sum('stray') <= 0.1 * sum('underruns'), shown);
  assert.ok(right >= 0.97 && sum('right') >= 0.97 * (sum('right') + wrong.length), shown);
  assert.ok(sum('unknown') <= 0.01 * sum('underruns'), shown);
});
