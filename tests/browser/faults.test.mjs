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
  for (const { kind, lastedMs } of injected) {
    assert.equal(kind, 'stall');
    assert.ok(lastedMs >= 300, `${lastedMs} ms`);
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
