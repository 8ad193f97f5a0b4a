// Ten minutes of play, undisturbed and with stalls: nothing drifts, nothing leaks, nothing is unaccounted for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanced } from '../support/report.mjs';
import { suite } from '../support/suite.mjs';

const site = suite();
/** Seconds of each test. */
const SECONDS = Number(process.env.NOXRUN_SOAK_SECONDS ?? 600);

async function run(scenario) {
  const lab = await site.open();
  const report = await lab.page.evaluate((asked) => window.noxrun.run(asked), { seconds: SECONDS, ...scenario });
  await lab.close();
  balanced(report);
  return report;
}

test('undisturbed, every frame comes once and in order', async (t) => {
  const report = await run({ source: { kind: 'index' }, bufferFrames: 16384 });
  t.diagnostic(`${report.ledger.requestedFrames} frames, ${report.underruns.events} underruns, the browser counts ${report.device?.underrunEvents}`);
  assert.deepEqual(report.integrity, { skippedFrames: 0, replayedFrames: 0, log: [], folded: 0, missed: 0 });
  assert.equal(report.underruns.events, 0);
  assert.ok(report.ledger.freshFrames > 0.9 * SECONDS * report.sampleRate);
  assert.equal(report.producer.allocations, 0);
});

test('stalled again and again, what was lost is what the events say', async (t) => {
  const report = await run({
    source: { kind: 'index' },
    bufferFrames: 2048,
    stress: [{ kind: 'stall', ms: 120, everyMs: 1500, jitterMs: 400 }],
  });
  const { underruns, ledger, injected, integrity } = report;
  t.diagnostic(`${injected.length} stalls, ${underruns.events} underruns of ${underruns.frames} frames`);
  assert.deepEqual(integrity, { skippedFrames: 0, replayedFrames: 0, log: [], folded: 0, missed: 0 });
  assert.ok(injected.length > SECONDS / 3);
  assert.ok(underruns.events >= injected.length * 0.9);
  assert.equal(underruns.log.reduce((sum, { frames }) => sum + frames, 0), underruns.frames);
  assert.equal(ledger.concealedFrames + ledger.silentBy.underrun, underruns.frames);
});
