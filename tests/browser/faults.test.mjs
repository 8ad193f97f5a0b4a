// Faults of a scenario, as the report tells of them.

import assert from 'node:assert/strict';
import { withoutUnderruns } from '../support/calm.mjs';
import { balanced, matchesDocs } from '../support/report.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

const run = (lab, scenario) => lab.page.evaluate((asked) => window.noxrun.run(asked), scenario);

test('stalls that are longer than the ring make one underrun each, as long as they were', async () => {
  const lab = await site.open();
  const bufferFrames = 4096;
  const report = await run(lab, {
    source: { kind: 'index' },
    seconds: 4,
    bufferFrames,
    stress: [{ kind: 'stall', ms: 300, everyMs: 900 }],
  });
  await matchesDocs(report);
  const { sampleRate, callbackFrames, injected, underruns } = report;
  assert.ok(injected.length >= 2, JSON.stringify(injected));
  for (const { kind, atMs, lastedMs } of injected) {
    assert.equal(kind, 'stall');
    // One that begins at the very end is cut short by it.
    assert.ok(lastedMs >= 300 || atMs > 3600, `${lastedMs} ms`);
  }
  // Of the underruns those that no stall of the machine makes: the ring held 93 ms. A stall that the run's end cuts short need not be in it.
  const long = underruns.log.filter(({ frames }) => frames > 0.1 * sampleRate);
  assert.ok(long.length >= injected.length - 1 && long.length <= injected.length, JSON.stringify({ injected, log: underruns.log }));
  for (const [nth, { frames }] of long.entries()) {
    const least = (injected[nth].lastedMs / 1e3) * sampleRate - bufferFrames - 2 * callbackFrames;
    assert.ok(frames >= least, `${frames} frames lost to a stall of ${injected[nth].lastedMs} ms`);
  }
  // Nothing but time was lost: what was rendered is played, in order.
  assert.deepEqual(report.integrity, { skippedFrames: 0, replayedFrames: 0, log: [], folded: 0, missed: 0 });
  assert.equal(report.ledger.droppedFrames, 0);
  await lab.close();
});

test('the page\'s thread is busy for 150 ms again and again: a ring of 8192 does not notice', async (t) => {
  await withoutUnderruns(t, async (watch) => {
    const lab = await site.open();
    await watch(lab.page);
    const report = await run(lab, { seconds: 3, bufferFrames: 8192, stress: [{ kind: 'jank', ms: 150, everyMs: 400 }] });
    await matchesDocs(report);
    assert.ok(report.injected.length >= 3, JSON.stringify(report.injected));
    assert.ok(report.injected.every(({ kind, lastedMs }) => kind === 'jank' && lastedMs >= 150), JSON.stringify(report.injected));
    return { page: lab.page, underruns: report.underruns.events, close: () => lab.close() };
  });
});

test('workers keep all cores busy', async () => {
  const lab = await site.open();
  const report = await run(lab, { seconds: 2, bufferFrames: 8192, stress: [{ kind: 'hogs', count: 3 }] });
  await matchesDocs(report);
  assert.deepEqual(report.injected.map(({ kind }) => kind), ['hogs', 'hogs', 'hogs']);
  assert.ok(report.injected.every(({ lastedMs }) => lastedMs > 500), JSON.stringify(report.injected));
  await lab.close();
});

for (const [by, reason] of [
  ['terminate', /no sign of life/],
  ['panic', /crashed/],
]) {
  test(`the producer is killed by ${by}: the run ends and says so`, async () => {
    const lab = await site.open();
    const report = await run(lab, { source: { kind: 'sine' }, seconds: 2, stress: [{ kind: 'kill', atMs: 500, by }] });
    await matchesDocs(report);
    assert.equal(report.injected.length, 1);
    assert.equal(report.injected[0].kind, 'kill');
    assert.equal(report.injected[0].lastedMs, null);
    assert.ok(report.injected[0].atMs >= 500);
    assert.equal(report.recoveries.length, 1);
    const [{ cause, reason: told, tookMs, atMs }] = report.recoveries;
    assert.equal(cause, 'producer-lost');
    assert.match(told, reason);
    assert.equal(tookMs, null);
    assert.ok(atMs >= report.injected[0].atMs);
    // The page can play again, and run again.
    await lab.play();
    await lab.plays(4410);
    balanced(await run(lab, { seconds: 0.3 }));
    await lab.close({ complained: false });
  });
}

test('a freeze by hand during a run stands in its report', async () => {
  const lab = await site.open();
  const running = run(lab, { seconds: 2, bufferFrames: 2048 });
  await lab.state('running');
  await lab.page.click('#freeze-500');
  const report = await running;
  assert.equal(report.injected.length, 1, JSON.stringify(report.injected));
  assert.equal(report.injected[0].kind, 'stall');
  assert.ok(report.injected[0].lastedMs >= 500);
  assert.ok(report.underruns.longestFrames >= 0.4 * report.sampleRate);
  balanced(report);
  await lab.close();
});

/** Sum of what `key` says of the injected faults of one kind. */
const sum = (report, kind, key) => report.injected.filter((fault) => fault.kind === kind).reduce((all, fault) => all + fault[key], 0);

const PLAYS = { source: { kind: 'index' }, seconds: 2, bufferFrames: 8192, blockFrames: 256 };

for (const [kind, fault, scenario, check] of [
  ['stall', { ms: 150, everyMs: 500, jitterMs: 50 }, {}, ({ lastedMs }) => lastedMs >= 150],
  ['slow', { share: 0.2 }, {}, ({ lastedMs, frames }) => lastedMs > 1500 && frames > 20_000],
  ['late', { ms: 60, everyMs: 400 }, {}, ({ lastedMs }) => lastedMs >= 60],
  ['gc', {}, {}, ({ lastedMs, made }) => lastedMs > 1500 && made > 50 * 2 ** 20],
  ['gc', { everyMs: 200 }, {}, ({ made }) => made >= 5 * 2 ** 20 && made <= 12 * 2 ** 20],
  ['burst', { frames: 1000, everyMs: 300 }, {}, ({ frames }) => frames === 1024],
  ['suspend', { atMs: 500, ms: 400 }, {}, ({ atMs, lastedMs }) => atMs >= 500 && lastedMs >= 400],
  ['rate', { ppm: 200_000 }, { pace: { kind: 'timer' } }, ({ lastedMs, frames }) => lastedMs > 1500 && frames > 20_000],
  ['skip', { everyBlocks: 30 }, {}, ({ frames }) => frames === 256],
  ['replay', { everyBlocks: 30 }, {}, ({ frames }) => frames === 256],
  ['tear', { everyBlocks: 30 }, {}, ({ frames }) => frames === 128],
  ['tear', { everyBlocks: 30 }, { channels: 1 }, ({ frames }) => frames === 128],
  ['alias', {}, {}, ({ frames }) => frames <= 512],
  ['allocate', {}, {}, ({ made }) => made > 100],
]) {
  test(`${kind} ${JSON.stringify({ ...fault, ...scenario })} happens and stands in the report as it was`, async () => {
    const lab = await site.open();
    const report = await run(lab, { ...PLAYS, ...scenario, stress: [{ kind, ...fault }] });
    await matchesDocs(report);
    const { injected, integrity, ledger } = report;
    assert.ok(injected.length > 0, 'it never happened');
    assert.ok(injected.every((record) => record.kind === kind && check(record)), JSON.stringify(injected));
    assert.deepEqual(
      [sum(report, 'skip', 'shownFrames'), sum(report, 'replay', 'shownFrames'), sum(report, 'tear', 'shownFrames')],
      kind === 'alias' || kind === 'rate' ? [0, 0, 0] : [integrity.skippedFrames, integrity.replayedFrames, ledger.tornFrames],
    );
    if (['skip', 'replay', 'tear'].includes(kind)) assert.ok(sum(report, kind, 'shownFrames') > 0);
    if (kind === 'alias') assert.ok(integrity.skippedFrames > 10_000 && integrity.replayedFrames > 10_000, JSON.stringify(integrity));
    // Fast clocks only ever have too much.
    if (kind === 'rate') {
      assert.ok(report.overruns.frames > 8192 && ledger.droppedBy.overflow === report.overruns.frames);
      const [last, ...others] = report.overruns.log.map(({ cause }) => cause).reverse();
      assert.ok(others.length > 10 && others.every((cause) => cause === 'rate-mismatch'), JSON.stringify(report.overruns.log));
      // An output pauses before it closes, and the clock goes on for that moment.
      assert.ok(['rate-mismatch', 'suspended'].includes(last), JSON.stringify(report.overruns.log.at(-1)));
    }
    const flag = (name) => report.verdicts.find((verdict) => verdict.flag === name);
    assert.equal(flag('allocation').status, kind === 'allocate' ? 'bad' : 'good', JSON.stringify(flag('allocation')));
    // A part of the drift is in the ring, which was half full in the beginning.
    if (kind === 'rate') assert.ok(flag('drift').status === 'bad' && flag('drift').value > 100_000 && flag('drift').value <= 200_000, JSON.stringify(flag('drift')));
    else assert.deepEqual([flag('drift').status, flag('drift').value], ['good', 0]);
    assert.equal(flag('aliasedBuffer').status, ['alias', 'replay'].includes(kind) ? 'bad' : 'good', JSON.stringify(flag('aliasedBuffer')));
    await lab.close();
  });
}

test('many faults at once keep their counts', async () => {
  const lab = await site.open();
  const stress = [
    { kind: 'skip', everyBlocks: 20 },
    { kind: 'replay', everyBlocks: 21 },
    { kind: 'tear', everyBlocks: 22 },
    { kind: 'stall', ms: 250, everyMs: 700 },
    { kind: 'late', ms: 250, everyMs: 900 },
    { kind: 'burst', frames: 9000, everyMs: 800 },
    { kind: 'slow', share: 0.1 },
    { kind: 'gc' },
    { kind: 'jank', ms: 100, everyMs: 300 },
    { kind: 'suspend', atMs: 1000, ms: 300 },
  ];
  const report = await run(lab, { ...PLAYS, seconds: 4, stress });
  await matchesDocs(report);
  for (const { kind } of stress) assert.ok(report.injected.some((fault) => fault.kind === kind), `${kind} never happened`);
  assert.deepEqual(
    [report.integrity.skippedFrames, report.integrity.replayedFrames, report.ledger.tornFrames],
    ['skip', 'replay', 'tear'].map((kind) => sum(report, kind, 'shownFrames')),
  );
  assert.ok(report.underruns.events > 0);
  await lab.close();
});

test('a refused fault is refused by name, and nothing plays', async () => {
  const lab = await site.open();
  for (const [stress, message] of [
    [[{ kind: 'rate', ppm: 100 }], /`stress\[0\]\.kind` is 'rate': it must be run with `pace` \{kind: 'timer'\}/],
    [[{ kind: 'alias' }, { kind: 'skip' }], /`stress\[1\]\.everyBlocks` is missing/],
    [[{ kind: 'slow', share: 11 }], /`stress\[0\]\.share` is 11: it must be a number from 0\.01 to 10/],
  ]) {
    const refusal = await lab.page.evaluate((asked) => window.noxrun.run(asked).catch(({ code, message: text }) => ({ code, text })), { stress });
    assert.equal(refusal.code, 'scenario');
    assert.match(refusal.text, message);
  }
  await lab.close();
});
