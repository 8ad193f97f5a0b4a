// Faults on purpose in an output of a page's own: from its beginning, while it plays, and what is refused.

import assert from 'node:assert/strict';
import { drive } from '../support/output.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();
const OPTIONS = { bufferFrames: 8192, blockFrames: 256 };

/** Breaks of the index signal so far, by kind. */
const slips = (driven) => driven.page.evaluate(() => {
  const counts = { skipped: 0, replayed: 0, torn: 0 };
  for (const { kind } of window.driven.output.events()) if (kind in counts) counts[kind] += 1;
  return counts;
});

test('faults are there from the beginning, change while it plays, and end', async () => {
  const driven = await drive(site);
  await driven.start({ kind: 'index' }, { ...OPTIONS, faults: [{ kind: 'skip', everyBlocks: 20 }, { kind: 'gc', everyMs: 50 }], seed: 3 });
  await driven.plays(44_100);
  const first = await slips(driven);
  assert.ok(first.skipped >= 5 && first.replayed === 0 && first.torn === 0, JSON.stringify(first));

  await driven.does('setFaults', [{ kind: 'tear', everyBlocks: 20 }, { kind: 'late', ms: 5, everyMs: 100 }]);
  // What was rendered with the faults before is played first.
  await driven.plays(3 * 8192);
  const before = await slips(driven);
  await driven.plays(44_100);
  const second = await slips(driven);
  assert.equal(second.skipped, before.skipped);
  assert.ok(second.torn >= before.torn + 5, JSON.stringify({ before, second }));

  await driven.does('setFaults', []);
  await driven.plays(3 * 8192);
  const last = await slips(driven);
  await driven.plays(44_100);
  assert.deepEqual(await slips(driven), last);
  await driven.close();
});

test('a producer with a clock of its own can have one that is off', async () => {
  const driven = await drive(site);
  await driven.start({ kind: 'sine' }, { ...OPTIONS, pace: { kind: 'timer' }, faults: [{ kind: 'rate', ppm: 50_000 }] });
  // 5 % of a second is a quarter of the ring.
  const { stats } = await driven.until(({ stats: { dropped } }) => dropped.overflow > 0);
  assert.equal(stats.underruns.events, 0);
  await driven.does('setFaults', []);
  await driven.close();
});

test('what is refused is refused by name, and changes nothing', async () => {
  const driven = await drive(site);
  for (const [options, message] of [
    [{ faults: { kind: 'skip' } }, /`faults` must be an array of faults/],
    [{ faults: [{ kind: 'nap' }] }, /`faults\[0\]\.kind` must be "stall", "slow",/],
    [{ faults: [{ kind: 'alias' }, { kind: 'stall', ms: 5 }] }, /`faults\[1\]\.everyMs` must be a number/],
    [{ faults: [{ kind: 'late', ms: 5, everyMs: 50, jitterMs: 5 }] }, /`faults\[0\]\.jitterMs` is unknown to a fault of the kind "late"/],
    [{ faults: [{ kind: 'slow', share: 20 }] }, /slow's share is 20: it must be 0\.01 to 10/],
    [{ faults: [{ kind: 'alias' }, { kind: 'alias' }] }, /the fault 'alias' cannot be caused: the list holds one already/],
    [{ faults: [{ kind: 'rate', ppm: 5 }] }, /the fault 'rate' cannot be caused: .* set the pace to a timer/],
    [{ pace: { kind: 'clock' } }, /`pace` must be \{kind: "demand"\} or/],
    [{ pace: { kind: 'timer', periodMs: 0 } }, /the pace's periodMs is 0: it must be 0\.1 to 10000 ms/],
    [{ fault: [] }, /`fault` is unknown: known are .*faults, pace, seed, source/],
  ]) {
    const { error } = await driven.tryStart({ kind: 'index' }, { ...OPTIONS, ...options });
    assert.match(error?.message ?? 'it was not refused', message, JSON.stringify(options));
    assert.equal(error.name, 'NoxrunError');
  }
  await driven.start({ kind: 'index' }, { ...OPTIONS, faults: [{ kind: 'replay', everyBlocks: 20 }] });
  for (const list of [[{ kind: 'rate', ppm: 5 }], [{ kind: 'skip', everyBlocks: 0 }], 'skip']) {
    const { error } = await driven.ask('setFaults', list);
    assert.equal(error?.name, 'NoxrunError', JSON.stringify(list));
  }
  await driven.plays(44_100);
  const counts = await slips(driven);
  assert.ok(counts.replayed >= 5 && counts.skipped === 0, JSON.stringify(counts));
  await driven.close();
});
