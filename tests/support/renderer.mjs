// Which process renders a page, and which of its threads is which. Asked of the browser's own tracing, so that no other page's is taken.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sleeps, threadName, threads } from './processes.mjs';

/** For how long threads are watched to tell who is at work. */
const WATCH_MS = 300;

// Each worker and worklet whose thread looks at its event loop answers this category with its ids.
const CATEGORIES = ['blink.user_timing', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];

/**
 * Finds the page's renderer. Takes some 0.1 s, during which the page's thread is called once; a browser answers one such question at a time.
 *
 * @param {import('playwright-core').Page} page
 * @returns {Promise<{pid: number, tid: number, idle: {worker: string, tid: number}[]}>} the process, its main thread, and the workers and worklets
 *   that listen to their event loop, by the browser's target id: a producer that plays is not among them
 */
export async function renderer(page) {
  const browser = await page.context().browser().newBrowserCDPSession();
  try {
    const token = randomUUID();
    const events = [];
    browser.on('Tracing.dataCollected', ({ value }) => events.push(...value));
    const complete = new Promise((resolve) => browser.once('Tracing.tracingComplete', resolve));
    await browser.send('Tracing.start', { traceConfig: { includedCategories: CATEGORIES }, transferMode: 'ReportEvents' });
    await page.evaluate((name) => performance.mark(name), token);
    await browser.send('Tracing.end');
    await complete;
    const mark = events.find(({ name }) => name === token);
    assert.ok(mark, 'the trace does not show the page');
    const idle = events
      .filter(({ name, pid }) => name === 'TracingSessionIdForWorker' && pid === mark.pid)
      .map(({ tid, args: { data } }) => ({ worker: data.workerId, tid }));
    return { pid: mark.pid, tid: mark.tid, idle };
  } finally {
    await browser.detach();
  }
}

/** Of `tids` the one that is at work; `what` for the message where none is, or where two could be meant. */
async function atWork(pid, tids, what) {
  const before = tids.map((tid) => sleeps(pid, tid));
  await sleep(WATCH_MS);
  const [first, second] = tids.map((tid, nth) => ({ tid, woke: sleeps(pid, tid) - before[nth] })).sort((a, b) => b.woke - a.woke);
  assert.ok(first?.woke > 0, `no ${what} is at work among ${tids.length} threads`);
  assert.ok(!second || second.woke < first.woke / 2, `${what}: ${JSON.stringify([first, second])} cannot be told apart`);
  return first.tid;
}

/**
 * The process and thread of what plays now. While it plays: told by who is woken again and again.
 *
 * @param {import('playwright-core').Page} page
 * @param {'producer' | 'worklet' | 'page'} which the producer's worker, the audio worklet's thread, or the page's own
 * @returns {Promise<{pid: number, tid: number}>}
 */
export async function threadOf(page, which) {
  const { pid, tid, idle } = await renderer(page);
  if (which === 'page') return { pid, tid };
  const named = (name) => threads(pid).filter((id) => threadName(pid, id).includes(name));
  const listening = new Set(idle.map(({ tid: of }) => of));
  const finders = {
    producer: () => named('DedicatedWorker').filter((id) => !listening.has(id)),
    // "Realtime AudioWorklet thread" or "AudioWorklet thread"; the device's own is "AudioOutputDevice".
    worklet: () => named('AudioW'),
  };
  assert.ok(Object.hasOwn(finders, which), `no thread is called ${which}`);
  return { pid, tid: await atWork(pid, finders[which](), which) };
}
