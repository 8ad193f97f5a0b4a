// process() makes no garbage: shown by driving the shipped processor a million times, and by tracing the audio thread of a page that plays.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { complaints } from '../support/chromium.mjs';
import { openLab } from '../support/lab.mjs';
import { SITE, serve } from '../support/server.mjs';
import { suite, test } from '../support/suite.mjs';

const DRIVEN = fileURLToPath(new URL('../support/driven.html', import.meta.url));
const PROCESSOR = '/worklet/processor.js';
// Without its memory reducer: V8 collects a few times in a thread's life because little happens there, garbage or none. What is left are collections for want of room.
const site = suite({ browser: { args: ['--js-flags=--no-memory-reducer'] }, server: { routes: { '/driven.html': DRIVEN } } });

const CALLS = 1_000_000;
/** Bytes: one object per call would be 16 million. What the measurement itself leaves is some kilobytes. */
const ALLOWED = 16 * 1024;
/** Bytes that the times may take which are looked up for a quantum that the audio thread renders itself: a handful of numbers. An array would be more. */
const CLOCK = 80;
/** Seconds that the audio thread is traced for; `make soak` asks for many minutes. */
const SECONDS = Number(process.env.NOXRUN_TRACE_SECONDS ?? 10);
/** Seconds per trace: the browser keeps a limited number of events, and a page is not waited for any longer than PATIENCE. */
const SPAN = 20;

/** The site with a processor that does `waste` at every call: what is measured has to show it. */
async function wasteful(waste) {
  const text = await readFile(path.join(SITE, PROCESSOR), 'utf8');
  const changed = text.replace('process(inputs, outputs) {', `$&\n    ${waste}`);
  assert.notEqual(changed, text);
  return serve(SITE, {
    routes: {
      '/driven.html': DRIVEN,
      [PROCESSOR]: (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(changed),
    },
  });
}

/** Drives a processor and returns what it left: growth of the heap without a collection, and all that was allocated, collected or not. */
async function drive(url, source, strategy = 'ring', times = CALLS) {
  const page = await site.browser.newPage();
  const complained = complaints(page);
  await page.goto(`${url}driven.html`);
  await page.waitForFunction(() => window.driven);
  await page.evaluate((all) => window.driven.start(...all), [source, strategy]);
  const session = await page.context().newCDPSession(page);
  const calls = async (count) => (await session.send('Runtime.evaluate', { expression: `window.driven.drive(${count})` })).result.value;
  // Until everything is compiled as far as it will be, and callbacks have been counted, which takes the time from a clock.
  for (let round = 0; round < 5; round += 1) await calls(times / 5);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.startSampling', {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  const before = (await session.send('Runtime.getHeapUsage')).usedSize;
  const heard = await calls(times);
  const growth = (await session.send('Runtime.getHeapUsage')).usedSize - before;
  const { profile } = await session.send('HeapProfiler.stopSampling');
  await page.evaluate(() => window.driven.end());
  await page.close();
  assert.deepEqual(complained, []);
  return { heard, growth, allocated: allocatedIn(profile.head) };
}

/** Bytes allocated by the functions below `node`. */
function allocatedIn(node) {
  return node.children.reduce((sum, child) => sum + allocatedIn(child), node.selfSize);
}

for (const [what, source, something] of [
  ['a sine', { kind: 'sine', number: 440 }, true],
  ['silence, checked frame by frame', { kind: 'index', number: 0 }, false],
]) {
  test(`a million calls of process() leave nothing behind: ${what}`, async (t) => {
    const { heard, growth, allocated } = await drive(site.url, source);
    t.diagnostic(`${heard} of ${CALLS} quanta had sound; the heap grew by ${growth} bytes, ${allocated} were allocated`);
    // The producer is outrun, so that both a filled and an empty ring are met.
    if (something) assert.ok(heard > 100 && heard < CALLS, `${heard} quanta had sound`);
    else assert.equal(heard, 0);
    assert.ok(growth < ALLOWED, `the heap grew by ${growth} bytes`);
    assert.ok(allocated < ALLOWED, `${allocated} bytes were allocated`);
  });
}

for (const strategy of ['triple', 'buffer-source']) {
  test(`a million calls of the other strategies' process() leave nothing behind: ${strategy}`, async (t) => {
    const { heard, growth, allocated } = await drive(site.url, { kind: 'sine', number: 440 }, strategy);
    t.diagnostic(`${heard} of ${CALLS} quanta had sound; the heap grew by ${growth} bytes, ${allocated} were allocated`);
    // Nobody plays a node here: what is heard is silence. A newest block is there in any case.
    assert.ok(strategy === 'triple' ? heard > 0.9 * CALLS : heard === 0, `${heard} quanta had sound`);
    assert.ok(growth < ALLOWED, `the heap grew by ${growth} bytes`);
    assert.ok(allocated < ALLOWED, `${allocated} bytes were allocated`);
  });
}

test('what renders inside of process() leaves the clock\'s numbers behind, and nothing else', async (t) => {
  const calls = CALLS / 20;
  const { heard, growth, allocated } = await drive(site.url, { kind: 'sine', number: 440 }, 'in-worklet', calls);
  t.diagnostic(`${heard} of ${calls} quanta had sound; the heap grew by ${growth} bytes, ${allocated} were allocated`);
  assert.equal(heard, calls);
  assert.ok(growth < ALLOWED + CLOCK * calls, `the heap grew by ${growth} bytes`);
  assert.ok(allocated < ALLOWED + CLOCK * calls, `${allocated} bytes were allocated`);
});

test('the measurement finds one small array per call', async (t) => {
  const server = await wasteful('this.left = [outputs.length, Math.random()];');
  try {
    const { growth, allocated } = await drive(server.url, { kind: 'sine', number: 440 });
    t.diagnostic(`the heap grew by ${growth} bytes, ${allocated} were allocated`);
    assert.ok(allocated > 100 * ALLOWED);
  } finally {
    await server.close();
  }
});

/** Traces a page that plays for `seconds`; returns the collections on its audio thread. */
async function trace(url, seconds) {
  const lab = await openLab(site.browser, url);
  await lab.type('ring-size', 4096);
  await lab.play();
  // Start-up is over: the callbacks have been counted.
  await lab.plays(3 * 44_100);
  const collections = [];
  let seen = 0;
  for (let left = seconds; left > 0; left -= SPAN) {
    const span = Math.min(left, SPAN);
    await site.browser.startTracing(lab.page, { categories: ['v8', 'disabled-by-default-v8.gc', 'devtools.timeline', 'audio', 'webaudio', 'disabled-by-default-audio-worklet'] });
    await lab.plays(span * 44_100);
    const { traceEvents } = JSON.parse(await site.browser.stopTracing());
    const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && /AudioWorklet/i.test(args.name));
    assert.equal(threads.length, 1, `the trace has ${threads.length} audio threads`);
    const events = traceEvents.filter(({ pid, tid, ph }) => pid === threads[0].pid && tid === threads[0].tid && ph !== 'M');
    seen += events.length;
    collections.push(...events.filter(({ name }) => /GC|Scaveng|MarkCompact/.test(name)));
  }
  await lab.stop();
  await lab.balanced();
  await lab.close();
  return { collections, seen };
}

test(`no collection on the audio thread in ${SECONDS} s of play`, async (t) => {
  const { collections, seen } = await trace(site.url, SECONDS);
  t.diagnostic(`${seen} events of the audio thread were traced`);
  assert.deepEqual(collections.map(({ name }) => name), []);
}, { longer: 2 * SECONDS });

test('the trace shows the collections of a processor that leaves something behind', async (t) => {
  // A young generation is a megabyte and more: in seconds only much is collected. Minutes of tracing and the million calls above find what is little.
  const server = await wasteful('this.left = new Array(1000).fill(0);');
  try {
    const { collections } = await trace(server.url, 2);
    t.diagnostic(`${collections.length} events of collections`);
    assert.ok(collections.length > 0);
  } finally {
    await server.close();
  }
});
