// The event log of an output, as a page's own script reads it: each loss once, with its cause, what shows it, and when it was. And that an output looks after itself.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { balances, drive } from '../support/output.mjs';
import * as outside from '../support/outside.mjs';
import { overhear } from '../support/overhear.mjs';
import { fixtureBytes, suite, test } from '../support/suite.mjs';

const site = suite({
  browser: { without: outside.LIFELIKE },
  // What may not be stored is not kept for the way back either.
  server: { headers: { 'Cache-Control': 'no-cache' } },
});

// Large enough that a busy machine does not empty it: 186 ms at 44.1 kHz.
const BUFFER_FRAMES = 8192;
const STALL_MS = 500;
/** In the page: the log, the verdicts and the ledger as one. */
const told = (page) => page.evaluate(() => {
  const { output } = window.driven;
  return { events: output.events(), verdicts: output.verdicts(), stats: output.stats() };
});

async function playing(options = {}, source = { kind: 'sine' }) {
  const driven = await drive(site);
  await driven.start(source, { bufferFrames: BUFFER_FRAMES, ...options });
  await driven.plays();
  return driven;
}

/** The producer stands still; the underruns that began since, once they are settled. */
async function stall(driven) {
  const { frame, fromMs } = await driven.page.evaluate((ms) => {
    const { output } = window.driven;
    const { requested } = output.stats();
    output.freeze(ms);
    return { frame: requested, fromMs: Date.now() };
  }, STALL_MS);
  await driven.until(({ stats: { underruns } }, before) => underruns.log.some((event) => event.frame > before && event.endedBy === 'back'), frame);
  const untilMs = await driven.page.evaluate(() => Date.now());
  const events = await settled(driven, frame);
  return { events, fromMs, untilMs };
}

/** The events from `frame` on, once none of them will change any more. */
async function settled(driven, frame) {
  const handle = await driven.page.waitForFunction((from) => {
    const events = window.driven.output.events().filter((event) => event.frame >= from);
    return events.every((event) => event.settled) ? events : null;
  }, frame, { polling: 50 });
  return handle.jsonValue();
}

/** What a busy machine does by itself now and then. */
const BUSY = ['woken-late', 'callback-burst'];

/** The event that a stall was. It may have a tail: while the producer catches up, the ring can run dry once more. Whatever else there is, a busy machine did. */
function only(events, cause) {
  const [longest, ...others] = events.filter(({ kind }) => kind === 'underrun').sort((one, other) => other.frames - one.frames);
  assert.equal(longest?.cause, cause, JSON.stringify(events));
  for (const other of others) assert.ok([cause, ...BUSY].includes(other.cause) && other.frames < longest.frames / 2, JSON.stringify(other));
  return longest;
}

function explained({ events, fromMs, untilMs }) {
  const event = only(events, 'stalled');
  const text = JSON.stringify(event);
  assert.equal(event.endedBy, 'back', text);
  assert.ok(event.atMs >= fromMs - 50 && event.atMs + event.lastedMs <= untilMs + 250, `${text} between ${fromMs} and ${untilMs}`);
  assert.ok(event.lastedMs > STALL_MS - 300 && event.frames > 0 && event.fill >= 0, text);
  const { producer, callbackFrames } = event.evidence;
  assert.ok(producer.spellMs >= STALL_MS && producer.limitFrames === BUFFER_FRAMES && callbackFrames > 0, text);
  return event;
}

test('a stall is one event, with its cause, what shows it, and when it was', async () => {
  const driven = await playing();
  const before = await told(driven.page);
  const event = explained(await stall(driven));
  assert.equal(event.evidence.hiddenMs, 0);
  assert.equal(event.evidence.context, null);
  const after = await told(driven.page);
  assert.ok(after.stats.byCause.stalled > before.stats.byCause.stalled);
  assert.equal(after.stats.byCause.stalled, after.events.filter(({ cause }) => cause === 'stalled').length);
  // It is still there when all is over.
  const stats = await driven.page.evaluate(async () => {
    await window.driven.output.close();
    return { events: window.driven.output.events(), stats: window.driven.output.stats() };
  });
  assert.ok(stats.events.some(({ number, kind, cause }) => kind === 'underrun' && number === event.number && cause === 'stalled'));
  balances(stats.stats);
  await driven.lab.close({ complained: false });
});

test('a producer that is gone is noticed although nobody asks, and its loss is one event', async () => {
  const driven = await playing();
  const { frame, fromMs } = await driven.page.evaluate(() => ({ frame: window.driven.output.stats().requested, fromMs: Date.now() }));
  await outside.killWorker(driven.page);
  // Only the ledger's figures are looked at, and not by asking the output: a lost one pauses.
  await sleep(6000);
  const { silent, state } = await driven.page.evaluate(() => ({ silent: window.driven.output.stats().silent, state: window.driven.output.state }));
  assert.ok(silent.paused > 0, JSON.stringify(silent));
  assert.equal(state, 'lost');
  const events = await settled(driven, frame);
  const event = only(events, 'producer-lost');
  assert.equal(event.endedBy, 'paused');
  assert.ok(event.atMs >= fromMs - 50);
  await driven.close({ complained: false });
});

test('a decoder that is gone is replaced although nobody asks', async () => {
  const driven = await drive(site);
  // Each decoder traps after 2 s.
  await driven.page.route('**/worklet/feeder.js', async (route) => {
    const response = await route.fetch();
    const script = (await response.text()).replace('write(samples, frames) {', `$&
      globalThis.written = (globalThis.written ?? 0) + frames;
      if (globalThis.written > 88_200) throw new WebAssembly.RuntimeError('unreachable');`);
    await route.fulfill({ response, body: script });
  });
  await driven.page.reload();
  await driven.page.waitForSelector('body[data-phase="ready"]');
  await driven.keep({ 'first.flac': await fixtureBytes('music.flac'), 'second.flac': await fixtureBytes('music.flac') });
  await driven.start({ kind: 'playlist', items: [{ file: 'first.flac' }, { file: 'second.flac' }] });
  // What had been decoded is played; then the second file's turn comes, and another decoder's.
  const failures = await driven.page.evaluate(async () => {
    const { output } = window.driven;
    for (const end = performance.now() + 20_000; output.failures.length < 2 && performance.now() < end;) await new Promise((resolve) => { setTimeout(resolve, 100); });
    return output.failures;
  });
  assert.deepEqual(failures.map(({ name, code }) => [name, code]), [['first.flac', 'crashed'], ['second.flac', 'crashed']]);
  await driven.close({ complained: false });
});

test('a loss in a hidden tab says so', async () => {
  const driven = await playing();
  const flag = ({ verdicts }) => verdicts.find(({ flag: name }) => name === 'hiddenTab');
  const before = flag(await told(driven.page));
  assert.equal(before.status, 'good', JSON.stringify(before));
  await outside.hideTab(driven.page);
  const { frame } = await driven.page.evaluate((ms) => {
    window.driven.output.freeze(ms);
    return { frame: window.driven.output.stats().requested };
  }, STALL_MS);
  await sleep(3000);
  const { startMs, endMs } = await outside.showTab(driven.page);
  const event = only(await settled(driven, frame), 'stalled');
  assert.ok(event.evidence.hiddenMs > STALL_MS / 2, JSON.stringify(event));
  assert.ok(event.atMs >= startMs - 50 && event.atMs <= endMs);
  const after = flag(await told(driven.page));
  assert.equal(after.status, 'warning');
  assert.ok(Math.abs(after.value - (endMs - startMs) / 1e3) < 1, `${after.value} s of ${endMs - startMs} ms`);
  await driven.close();
});

/** The producer stands still for `STALL_MS`; the ring has run dry and the loss goes on when `meanwhile` begins. The underruns since, once they are settled, and what `meanwhile` came to. */
async function lostAcross(driven, meanwhile) {
  const { requested, underruns } = (await told(driven.page)).stats;
  await driven.page.evaluate((ms) => window.driven.output.freeze(ms), STALL_MS);
  await driven.until(({ stats }, known) => stats.underruns.events > known, underruns.events);
  const came = await meanwhile(driven.page);
  await driven.plays(22_050);
  const events = (await settled(driven, requested)).filter(({ kind }) => kind === 'underrun');
  const { stats } = await told(driven.page);
  assert.equal(stats.imbalance, 0);
  // Each loss once, and each with a reason that it may have.
  assert.equal(stats.underruns.events - underruns.events, events.length);
  assert.ok(events.length > 0);
  assert.ok(['stalled', 'suspended'].includes(events[0].cause), JSON.stringify(events));
  for (const { cause } of events) assert.ok(['stalled', 'suspended', ...BUSY].includes(cause), JSON.stringify(events));
  return { events, came };
}

test('a suspended context loses nothing by itself, and what is lost across it is explained', async () => {
  const driven = await playing();
  const { events } = await lostAcross(driven, (page) => page.evaluate(async () => {
    const { context } = window.heard.at(-1);
    await context.suspend();
    await new Promise((resolve) => { setTimeout(resolve, 2500); });
    await context.resume();
  }));
  const [first] = events;
  assert.equal(first.evidence.context, 'suspended', JSON.stringify(events));
  // Nothing was asked for in the meantime.
  assert.ok(first.lastedMs < STALL_MS + 200, JSON.stringify(events));
  await driven.close();
});

test('the way back out of the back-forward cache ends balanced and explained', async () => {
  const driven = await playing();
  const { events, came: away } = await lostAcross(driven, async (page) => {
    const away = await outside.backForward(page, 3000);
    await page.evaluate(() => window.heard.at(-1).context.resume());
    return away;
  });
  assert.equal(away.persisted, true);
  assert.ok(events[0].evidence.stoodStillMs > 2500 && events[0].evidence.hiddenMs > 2500, JSON.stringify(events));
  // Nothing was asked for in the meantime.
  assert.ok(events[0].lastedMs < STALL_MS + 200, JSON.stringify(events));
  const { verdicts } = await told(driven.page);
  const hidden = verdicts.find(({ flag }) => flag === 'hiddenTab');
  assert.equal(hidden.status, 'warning');
  assert.ok(Math.abs(hidden.value - (away.endMs - away.startMs) / 1e3) < 1, `${hidden.value} s of ${away.endMs - away.startMs} ms`);
  assert.equal((await driven.now()).state, 'running');
  await driven.close();
});

test('a machine that sleeps loses nothing by itself; what is lost across its sleep is explained, and what is lost later is dated', async () => {
  const driven = await playing();
  const { events } = await lostAcross(driven, (page) => outside.sleepLaptop(page, 2000));
  assert.ok(events[0].evidence.stoodStillMs > 1500, JSON.stringify(events));
  assert.ok(events[0].lastedMs < STALL_MS + 200, JSON.stringify(events));
  explained(await stall(driven));
  await driven.close();
});

test('figures since they were last fetched add up to the totals, and balance each time', async () => {
  const driven = await playing();
  const { parts, total } = await driven.page.evaluate(async (ms) => {
    const { output } = window.driven;
    const parts = [];
    for (let nth = 0; nth < 20; nth += 1) {
      if (nth === 5) output.freeze(ms);
      await new Promise((resolve) => { setTimeout(resolve, 100); });
      parts.push(output.statsSince() ?? output.statsSince());
    }
    await output.close();
    parts.push(output.statsSince());
    return { parts, total: output.stats() };
  }, STALL_MS);
  const sum = (of) => parts.reduce((all, part) => all + of(part), 0);
  assert.ok(parts.some(({ inFlight }) => inFlight < 0), 'the ring has not run down');
  for (const part of parts) balances({ ...part, underruns: { ...part.underruns } });
  for (const field of ['requested', 'fresh', 'concealed', 'produced', 'inFlight']) assert.equal(sum((part) => part[field]), total[field], field);
  assert.equal(sum(({ silent }) => silent.startup), total.silent.startup);
  assert.equal(sum(({ underruns }) => underruns.events), total.underruns.events);
  assert.equal(sum(({ underruns }) => underruns.log.length), total.underruns.events);
  assert.equal(sum(({ callbacks }) => callbacks.total), total.callbacks.total);
  assert.equal(sum(({ byCause }) => byCause.stalled), total.byCause.stalled);
  assert.ok(parts.some(({ wakeLateness }) => wakeLateness?.p50 >= 0));
  assert.ok(total.wakeLateness.p50 <= total.wakeLateness.p99 && total.wakeLateness.p99 <= total.wakeLateness.max);
  await driven.lab.close();
});

test('a healthy output\'s verdicts are good, each with its figure', async () => {
  const driven = await playing();
  await driven.plays(44_100);
  const { verdicts } = await told(driven.page);
  assert.equal(verdicts.length, 15);
  const by = Object.fromEntries(verdicts.map((verdict) => [verdict.flag, verdict]));
  for (const name of ['duplicates', 'ringBelowCallback', 'ringBelow512', 'sampleRateMismatch', 'drift', 'allocation', 'producerLoad', 'isolation', 'hiddenTab', 'startup', 'aliasedBuffer']) {
    const verdict = Object.entries(by).find(([flag]) => flag === name)?.[1];
    assert.ok(verdict, `${name} is none of ${Object.keys(by)}`);
    // How long a start takes is this machine's affair; what is said of it is not.
    const expected = name === 'startup' && verdict.value >= verdict.limit ? 'warning' : 'good';
    assert.equal(verdict.status, expected, JSON.stringify(verdict));
    assert.ok(Number.isFinite(verdict.value), JSON.stringify(verdict));
  }
  await driven.close();
});

/** In the page, before its scripts: counts what is listened to and whatever timers are set. */
function counted() {
  window.counts = { listeners: new Map(), timers: 0, observers: 0 };
  const { listeners } = window.counts;
  const change = (target, event, by) => {
    if (!['visibilitychange', 'freeze', 'resume', 'pagehide', 'pageshow', 'statechange', 'sinkchange'].includes(event)) return;
    listeners.set(event, (listeners.get(event) ?? 0) + by);
  };
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (event, ...rest) {
    change(this, event, 1);
    return addEventListener.call(this, event, ...rest);
  };
  EventTarget.prototype.removeEventListener = function (event, ...rest) {
    change(this, event, -1);
    return removeEventListener.call(this, event, ...rest);
  };
  const { observe, disconnect } = PerformanceObserver.prototype;
  PerformanceObserver.prototype.observe = function (...all) {
    window.counts.observers += 1;
    return observe.apply(this, all);
  };
  PerformanceObserver.prototype.disconnect = function () {
    window.counts.observers -= 1;
    return disconnect.call(this);
  };
  const { setTimeout } = window;
  window.setTimeout = (work, ms, ...rest) => {
    if (ms === 250) window.counts.timers += 1;
    return setTimeout(work, ms, ...rest);
  };
}

for (const [how, end] of [['closed', (output) => output.close()], ['dropped', (output) => output.free()]]) {
  test(`of an output that is ${how} nothing is left that listens or ticks`, async () => {
    const driven = await drive({ ...site, open: (options) => site.open({ ...options, before: [counted, ...options.before] }) });
    const counts = () => driven.page.evaluate(() => ({ ...window.counts, listeners: [...window.counts.listeners].sort() }));
    const before = await counts();
    await driven.page.evaluate(async () => {
      const { Output } = window.wasmBindings;
      window.outputs = [];
      for (let nth = 0; nth < 2; nth += 1) window.outputs.push(await Output.start({ source: { kind: 'sine' } }));
    });
    await sleep(2500);
    const during = await counts();
    assert.equal(during.observers, before.observers + 1, 'one observer for all outputs');
    assert.ok(during.timers >= before.timers + 4, JSON.stringify([before, during]));
    assert.notDeepEqual(during.listeners, before.listeners);
    await driven.page.evaluate(async (text) => { await Promise.all(window.outputs.map((0, eval)(text))); }, String(end));
    await sleep(1500);
    const after = await counts();
    await sleep(2000);
    const later = await counts();
    assert.equal(later.timers, after.timers, 'a timer goes on');
    assert.equal(later.observers, before.observers);
    const left = later.listeners.filter(([event, count]) => count !== (before.listeners.find(([name]) => name === event)?.[1] ?? 0));
    assert.deepEqual(left, []);
    await driven.lab.close({ complained: false });
  });
}

/** A page whose workers tell what they measure. */
async function overheard() {
  const driven = await drive(site);
  await overhear(driven.page);
  await driven.page.reload();
  await driven.page.waitForFunction(() => window.driven && window.wasmBindings?.Output);
  await driven.page.waitForSelector('body[data-phase="ready"]');
  return driven;
}

test('with an option, losses and blocks stand in the Performance panel, and do not pile up', async () => {
  const driven = await overheard();
  await driven.start({ kind: 'sine' }, { bufferFrames: BUFFER_FRAMES, blockFrames: 64, timeline: true });
  await driven.plays();
  const event = only((await stall(driven)).events, 'stalled');
  const losses = await driven.page.evaluate(() => performance.getEntriesByType('measure')
    .filter(({ detail }) => detail?.devtools)
    .map(({ name, startTime, duration, detail }) => ({ name, atMs: performance.timeOrigin + startTime, duration, ...detail.devtools })));
  const loss = losses.find(({ atMs }) => Math.abs(atMs - event.atMs) < 1);
  assert.ok(loss, JSON.stringify(losses));
  assert.ok(Math.abs(loss.duration - event.lastedMs) < 1);
  assert.deepEqual([loss.name, loss.dataType, loss.trackGroup, loss.track, loss.color], ['lost: stalled', 'track-entry', 'Noxrun', 'Losses', 'primary']);
  assert.ok(loss.tooltipText.includes('stalled') && loss.properties.every(([name, value]) => name && value !== undefined), JSON.stringify(loss));

  // 64 frames a block: about 690 a second.
  await driven.page.waitForFunction(() => window.measured.length > 3000, null, { polling: 100 });
  const blocks = await driven.page.evaluate(() => window.measured);
  for (const { name, detail: { devtools } } of blocks) assert.deepEqual([name, devtools.dataType, devtools.trackGroup, devtools.track], ['noxrun block', 'track-entry', 'Noxrun', 'Producer']);
  const most = Math.max(...blocks.map(({ kept }) => kept));
  assert.ok(most <= 1024, `${most} entries are kept`);
  await driven.close({ complained: false });
});

test('without the option nothing stands there', async () => {
  const driven = await overheard();
  await driven.start({ kind: 'sine' }, { bufferFrames: BUFFER_FRAMES });
  await driven.plays();
  await stall(driven);
  assert.equal(await driven.page.evaluate(() => window.measured.length + performance.getEntriesByType('measure').length), 0);
  const { error } = await driven.tryStart({ kind: 'sine' }, { timeline: 'yes' });
  assert.match(error.message, /timeline/);
  await driven.close({ complained: false });
});
