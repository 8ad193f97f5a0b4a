// Faults from outside the engine: that they really happen, that the ledger accounts for every frame, and that the sound comes back.
// What is required here holds on a busy machine too: what a fault does to the ledger in figures stands in docs/faults-outside.md.

import assert from 'node:assert/strict';
import { drive } from '../support/output.mjs';
import * as outside from '../support/outside.mjs';
import { ranMs, threads } from '../support/processes.mjs';
import { renderer, threadOf } from '../support/renderer.mjs';
import { around, sampled, within } from '../support/samples.mjs';
import { suite, test } from '../support/suite.mjs';

const MS = 600;
const BUFFER_FRAMES = 4096;
const ROOT = process.getuid() === 0;

const site = suite({
  browser: { without: outside.LIFELIKE },
  // What may not be stored is not kept for the way back either.
  server: { headers: { 'Cache-Control': 'no-cache' } },
});

/** A page of its own that plays a sine. */
async function playing() {
  const driven = await drive(site);
  await driven.start({ kind: 'sine' }, { bufferFrames: BUFFER_FRAMES });
  await driven.plays();
  return driven;
}

/** Plays while `cause(page)` acts; every sample's ledger must be balanced. What `sampled` returns, and the sample before and after the fault. */
async function suffers(driven, cause, least = MS) {
  const { fault, samples } = await sampled(driven, () => cause(driven.page));
  const told = JSON.stringify(fault);
  assert.ok(fault.endMs - fault.startMs >= least - 1, told);
  assert.deepEqual(samples.filter(({ imbalance }) => imbalance !== 0), []);
  assert.equal((await driven.now()).state, 'running');
  const [before, after] = around(samples, fault);
  assert.ok(before && after, told);
  return { fault, samples, inside: within(samples, fault), before, after };
}

const grew = (field, from, to) => to[field] - from[field];
const rateOf = (driven) => driven.page.evaluate(() => window.heard.at(-1).context.sampleRate);

test('the renderer is stopped: nothing of the page runs', async () => {
  const driven = await playing();
  const { inside } = await suffers(driven, (page) => outside.stopRenderer(page, MS));
  assert.deepEqual(inside, []);
  await driven.close();
});

test('another page\'s renderer is stopped: this one plays on', async () => {
  const driven = await playing();
  const other = await drive(site);
  const { inside } = await suffers(driven, () => outside.stopRenderer(other.page, MS));
  assert.ok(grew('produced', inside[0], inside.at(-1)) > 0);
  await other.lab.close();
  await driven.close();
});

test('a renderer that is stopped for longer than a producer may be silent has not lost its producer', async () => {
  const driven = await playing();
  await suffers(driven, (page) => outside.stopRenderer(page, 2500), 2500);
  await driven.close();
});

test('the whole browser is stopped: no frame is asked for', async () => {
  const driven = await playing();
  const rate = await rateOf(driven);
  const { fault, samples, inside } = await suffers(driven, (page) => outside.sleepLaptop(page, 1000), 1000);
  assert.ok(fault.processes > 3, `${fault.processes} processes`);
  assert.deepEqual(inside, []);
  const [first, last] = [samples[0], samples.at(-1)];
  const most = ((last.ms - first.ms - (fault.endMs - fault.startMs)) / 1e3) * rate + 8192;
  assert.ok(grew('requested', first, last) < most, `${grew('requested', first, last)} frames of ${most}`);
  await driven.close();
});

test('the producer\'s thread is frozen: nothing is produced, and the ring runs dry', async (t) => {
  if (!ROOT) return t.skip('needs root');
  const driven = await playing();
  const { inside, before, after } = await suffers(driven, (page) => outside.freezeThread(page, 'producer', MS));
  assert.ok(inside.length > 0, 'the page did not run');
  for (const sample of inside) assert.equal(sample.produced, inside[0].produced);
  const [first, last] = [inside[0], inside.at(-1)];
  assert.ok(grew('fresh', first, last) <= first.inFlight);
  if (grew('requested', first, last) > first.inFlight) assert.ok(grew('events', before, after) > 0 && grew('missing', before, after) > 0);
  await driven.close();
});

test('the producer\'s thread is frozen for longer than it may be silent: it is lost', async (t) => {
  if (!ROOT) return t.skip('needs root');
  const driven = await playing();
  const frozen = outside.freezeThread(driven.page, 'producer', 5000);
  const { stats } = await driven.until(({ state }) => state === 'lost');
  assert.equal(stats.imbalance, 0);
  await frozen;
  await driven.close();
});

test('the audio worklet\'s thread is frozen: nothing is asked for', async (t) => {
  if (!ROOT) return t.skip('needs root');
  const driven = await playing();
  const { inside } = await suffers(driven, (page) => outside.freezeThread(page, 'worklet', MS));
  assert.ok(inside.length > 0, 'the page did not run');
  for (const sample of inside) assert.equal(sample.requested, inside[0].requested);
  await driven.close();
});

test('the page\'s thread is frozen: the sound goes on', async (t) => {
  if (!ROOT) return t.skip('needs root');
  const driven = await playing();
  const { inside, before, after } = await suffers(driven, (page) => outside.freezeThread(page, 'page', MS));
  assert.deepEqual(inside, []);
  // More than there was in the ring.
  assert.ok(grew('fresh', before, after) > BUFFER_FRAMES);
  await driven.close();
});

for (const nice of [0, -10]) {
  test(`processes at niceness ${nice} keep all cores busy`, async (t) => {
    if (nice < 0 && !ROOT) return t.skip('needs root');
    const driven = await playing();
    const { fault } = await suffers(driven, () => outside.hogCpu(4, MS, { nice }));
    assert.equal(fault.niceness, nice);
    assert.ok(fault.cpuMs > 0);
    await driven.close();
  });
}

/** What fixed work costs the page's thread and a worker's, in ms of a processor's time. */
async function costs(driven) {
  const { pid, tid } = await threadOf(driven.page, 'page');
  const known = new Set(threads(pid));
  await driven.page.evaluate(async () => {
    window.work = () => {
      let number = 1;
      for (let nth = 0; nth < 2e7; nth += 1) number = (Math.imul(number, 1103515245) + 12345) | 0;
      return number;
    };
    const code = `onmessage = () => postMessage((${window.work})()); postMessage('up');`;
    window.labourer = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    await new Promise((resolve) => { window.labourer.onmessage = resolve; });
  });
  const { idle } = await renderer(driven.page);
  const worker = idle.find(({ tid: of }) => !known.has(of)).tid;
  const spent = async (thread, ask) => {
    const before = ranMs(pid, thread);
    await driven.page.evaluate(ask);
    return ranMs(pid, thread) - before;
  };
  return async () => ({
    page: await spent(tid, () => window.work()),
    worker: await spent(worker, () => new Promise((resolve) => { window.labourer.onmessage = resolve; window.labourer.postMessage(0); })),
  });
}

test('DevTools\' slowdown slows the page\'s thread down, and no worker', async () => {
  const driven = await playing();
  const cost = await costs(driven);
  // The first time it is compiled as well.
  await cost();
  const plain = await cost();
  const costly = [];
  const { fault } = await sampled(driven, async () => {
    const throttled = outside.throttle(driven.page, 8, 3000);
    const over = throttled.then(() => true);
    do costly.push({ startMs: Date.now(), ...(await cost()), endMs: Date.now() });
    while (!(await Promise.race([over, false])));
    return throttled;
  });
  assert.ok(fault.endMs - fault.startMs >= 2999);
  const slow = costly.find(({ startMs, endMs }) => startMs >= fault.startMs && endMs <= fault.endMs);
  const told = JSON.stringify({ plain, slow, fault });
  assert.ok(slow, told);
  assert.ok(slow.page > 3 * plain.page, told);
  assert.ok(slow.worker < 3 * plain.worker, told);
  await driven.close();
});

test('DevTools ends the producer\'s loop: it is lost, and another one plays', async () => {
  const driven = await playing();
  const { startMs, endMs } = await outside.killWorker(driven.page);
  assert.ok(endMs >= startMs);
  const first = await driven.until(() => true);
  const { stats } = await driven.until(({ state }) => state === 'lost');
  assert.equal(stats.produced, first.stats.produced);
  assert.equal(stats.imbalance, 0);
  await driven.does('close');
  // The worker that stood by is none the worse.
  await driven.start({ kind: 'sine' });
  await driven.plays();
  await driven.close();
});

test('the tab is hidden and shown: the sound goes on', async () => {
  const driven = await playing();
  await driven.page.evaluate(() => {
    window.seen = [];
    document.addEventListener('visibilitychange', () => window.seen.push(document.visibilityState));
  });
  await suffers(driven, async (page) => {
    await outside.hideTab(page);
    await driven.plays(22_050);
    return outside.showTab(page);
  }, 0);
  assert.deepEqual(await driven.page.evaluate(() => window.seen), ['hidden', 'visible']);
  await driven.close();
});

test('the page is left and comes back as it was: the sound goes on', async () => {
  const driven = await playing();
  const { fault, inside } = await suffers(driven, (page) => outside.backForward(page, MS));
  assert.equal(fault.persisted, true);
  assert.deepEqual(inside, []);
  await driven.close();
});
