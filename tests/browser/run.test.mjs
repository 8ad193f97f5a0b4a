// window.noxrun: what a script can do, and what it gets.

import assert from 'node:assert/strict';
import { withoutUnderruns } from '../support/calm.mjs';
import { balanced, matchesDocs } from '../support/report.mjs';
import { suite, test } from '../support/suite.mjs';
import { wav } from '../support/wav.mjs';

const FRAMES = 50_001;
const file = (request, response) => response.writeHead(200, { 'Content-Type': 'audio/wav' }).end(wav(FRAMES, 44_100));
const site = suite({ server: { routes: { '/a%20tone.wav': file } } });

const run = (lab, scenario) => lab.page.evaluate((asked) => window.noxrun.run(asked), scenario);

test('a run resolves to the report of docs/report.md, which the page shows too', async (t) => {
  await withoutUnderruns(t, async (watch) => {
    const lab = await site.open();
    await watch(lab.page);
    const scenario = { source: { kind: 'index' }, seconds: 2, bufferFrames: 8192, channels: 1 };
    const report = await run(lab, scenario);
    await matchesDocs(report);
    assert.equal(report.schema, 1);
    assert.deepEqual(report.scenario.source, { kind: 'index' });
    assert.equal(report.scenario.strategy, 'ring');
    assert.equal(report.isolated, true);
    assert.equal(report.transport, 'shared');
    assert.equal(report.channels, 1);
    assert.match(report.browser, /Chrom/);
    assert.deepEqual(report.integrity, { skippedFrames: 0, replayedFrames: 0, log: [], folded: 0, missed: 0 });
    assert.deepEqual([report.injected, report.injectedMissed, report.recoveries, report.overruns.log], [[], 0, [], []]);
    assert.equal(Object.values(report.underruns.byCause).reduce((sum, events) => sum + events, 0), report.underruns.events);
    assert.ok(Math.abs(report.startedAtMs - Date.now()) < 60_000, `${report.startedAtMs}`);
    assert.ok(report.callbacks.total > 100 && report.producer.wakeLatenessMs.p50 <= report.producer.wakeLatenessMs.max);
    assert.equal(report.verdicts.find(({ flag }) => flag === 'isolation').status, 'good');
    assert.equal(report.ledger.droppedFrames, 0);
    assert.ok(report.ledger.freshFrames >= 2 * report.sampleRate - 8 * report.callbackFrames, JSON.stringify(report.ledger));
    assert.ok(report.callbackFrames >= report.renderQuantum && report.callbackFrames % report.renderQuantum === 0);
    assert.ok(report.producer.renderLoad > 0 && report.producer.renderLoad < 0.5);
    const { latency, startup } = report;
    assert.ok(latency.ringMs.p50 <= latency.ringMs.p99 && latency.ringMs.p99 <= latency.ringMs.max);
    assert.ok(latency.ringMs.max <= (1e3 * 8192) / report.sampleRate);
    assert.ok(startup.moduleMs <= startup.workerMs && startup.workerMs <= startup.workletMs && startup.workletMs <= startup.firstFrameMs);

    await lab.closed();
    const shown = await lab.balanced();
    assert.deepEqual([shown.requested, shown.fresh, shown.underruns], [report.ledger.requestedFrames, report.ledger.freshFrames, report.underruns.events]);
    assert.deepEqual(await lab.page.evaluate(() => window.noxrun.lastReport), report);
    assert.deepEqual((await lab.page.evaluate(() => window.noxrun.snapshot())).ledger, report.ledger);
    // What it was run with can be run again as it stands.
    assert.deepEqual((await run(lab, { ...report.scenario, seconds: 0.2 })).scenario, { ...report.scenario, seconds: 0.2 });
    return { page: lab.page, underruns: report.underruns.events, close: () => lab.close() };
  });
});

for (const [what, scenario, expected] of [
  ['a quantum of 1024 frames', { renderQuantum: 1024 }, { renderQuantum: 1024 }],
  ['a quantum of 283 frames', { renderQuantum: 283, source: { kind: 'index' } }, { renderQuantum: 283 }],
  ['32 channels', { channels: 32, source: { kind: 'sine' } }, { channels: 32 }],
  ['another rate', { sampleRate: 32_000 }, { sampleRate: 32_000 }],
]) {
  test(`a run with ${what}`, async () => {
    const lab = await site.open();
    const report = await run(lab, { seconds: 1, bufferFrames: 8192, ...scenario });
    await matchesDocs(report);
    for (const [name, value] of Object.entries(expected)) assert.equal(report[name], value);
    assert.ok(report.ledger.freshFrames > report.sampleRate / 2);
    if (report.integrity) assert.deepEqual(report.integrity, { skippedFrames: 0, replayedFrames: 0, log: [], folded: 0, missed: 0 });
    await lab.close();
  });
}

test('a run of a file on the page\'s server ends with the file', async () => {
  const lab = await site.open();
  const report = await run(lab, { source: { kind: 'file', url: 'a tone.wav' }, seconds: 60, sampleRate: 44_100 });
  assert.equal(report.ledger.freshFrames, FRAMES);
  assert.equal(report.ledger.inFlightFrames, 0);
  balanced(report);
  await lab.close({ brokenOff: true });
});

test('one run at a time; stop() ends it early and resolves to the same report', async () => {
  const lab = await site.open();
  assert.equal(await lab.page.evaluate(() => window.noxrun.stop()), null);
  const [report, stopped, code] = await lab.page.evaluate(async () => {
    const first = window.noxrun.run({ seconds: 600 });
    const refused = await window.noxrun.run({}).then(() => 'run', (error) => error.code);
    while (!(window.noxrun.snapshot()?.ledger.freshFrames > 22_050)) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = await window.noxrun.stop();
    return [await first, ended, refused];
  });
  assert.equal(code, 'busy');
  assert.deepEqual(report, stopped);
  assert.ok(report.ledger.freshFrames > 22_050 && report.ledger.freshFrames < 300 * report.sampleRate);
  await matchesDocs(report);
  // Another one can be run now.
  balanced(await run(lab, { seconds: 0.3 }));
  await lab.close();
});

test('the same scenario in the page\'s address runs as the page is opened', async () => {
  const scenario = { source: { kind: 'sine', hz: 660 }, seconds: 1.2, bufferFrames: 1024, stress: [{ kind: 'stall', ms: 100, everyMs: 400, jitterMs: 50 }], seed: 7 };
  const lab = await site.open({ query: `?scenario=${encodeURIComponent(JSON.stringify(scenario))}` });
  await lab.page.waitForFunction(() => window.noxrun.lastReport);
  const opened = await lab.page.evaluate(() => window.noxrun.lastReport);
  await matchesDocs(opened);
  assert.ok(opened.injected.length > 0);
  const called = await run(lab, scenario);
  assert.deepEqual(called.scenario, opened.scenario);
  await lab.close();

  const refused = await site.open({ query: '?scenario={"bufferFrames":1}' });
  assert.match(await refused.message('scenario'), /`bufferFrames` is 1: it must be a whole number from 64 to 16384 frames/);
  await refused.play();
  await refused.close();
});

test('a run takes the place of what plays, and the page can play afterwards', async () => {
  const lab = await site.open();
  await lab.play();
  const report = await run(lab, { source: { kind: 'sine', hz: 550 }, seconds: 0.5, bufferFrames: 4096 });
  balanced(report);
  assert.equal(await lab.page.inputValue('#ring-size'), '4096');
  await lab.state('closed');
  assert.deepEqual(await lab.page.evaluate(() => window.heard.map(({ context }) => context.state)), ['closed', 'closed']);
  await lab.play();
  await lab.plays(4410);
  await lab.close();
});
