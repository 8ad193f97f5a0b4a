// Faults that are caused from outside the engine: by the operating system, and by what the browser offers to its developers.
//
// Each function resolves to {startMs, endMs}, in ms since 1970: the fault was certainly in force from the one to the other, and a little
// around it perhaps. A busy machine makes faults longer than asked for, never shorter.
//
// Linux only, since all of it needs /proc; freezing a thread and raised priorities need root.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PATIENCE } from './lab.mjs';
import { family, stop } from './processes.mjs';
import { renderer, threadOf } from './renderer.mjs';

const run = promisify(execFile);

/** What playwright-core's Chromium must be told not to be told, so that it does with hidden tabs and with "back" what people's browsers do. */
export const LIFELIKE = [
  '--disable-back-forward-cache',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** Stops the whole process that renders the page: page, workers and worklet; not the browser, not the device. */
export async function stopRenderer(page, ms) {
  const { pid } = await renderer(page);
  return stop(() => [pid], ms);
}

/** Stops every process of the browser at once, as a laptop does that sleeps; but here the clocks go on, also those that stop in a real sleep. */
export async function sleepLaptop(page, ms) {
  const browser = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  await browser.detach();
  const { id } = processInfo.find(({ type }) => type === 'browser');
  return { ...(await stop(() => family(id), ms)), processes: family(id).length };
}

const PROGRAMS = fileURLToPath(new URL('../../target/outside/', import.meta.url));

/** Builds the program of that name beside this file, unless it is there and no older than its source. Resolves to where it is. */
async function built(name) {
  const source = fileURLToPath(new URL(`${name}.rs`, import.meta.url));
  const program = path.join(PROGRAMS, name);
  const [from, to] = await Promise.all([stat(source), stat(program).catch(() => null)]);
  if (!to || to.mtimeMs < from.mtimeMs) {
    await mkdir(PROGRAMS, { recursive: true });
    // Somebody else may be at it as well.
    const fresh = `${program}.${process.pid}`;
    await run('rustc', ['--edition', '2024', '-O', '-o', fresh, source]);
    await rename(fresh, program);
  }
  return program;
}

/** Builds what the faults need. */
export const prepare = () => Promise.all(['hold', 'hogs'].map(built));

/** Runs such a program. Resolves to the numbers that it prints. */
async function program(name, ...words) {
  const { stdout } = await run(await built(name), words.map(String));
  return stdout.trim().split(' ').map(Number);
}

// --- One thread ----------------------------------------------------------------------------------------------------------

/**
 * Keeps one thread of the renderer from running while all others run.
 *
 * @param {import('playwright-core').Page} page that plays
 * @param {'producer' | 'worklet' | 'page'} which
 * @param {number} ms
 */
export async function freezeThread(page, which, ms) {
  const { tid } = await threadOf(page, which);
  const [startMs, endMs] = await program('hold', tid, ms);
  return { startMs, endMs };
}

// --- The machine ---------------------------------------------------------------------------------------------------------

/**
 * Keeps processors busy with processes that do nothing else.
 *
 * @param {number} count
 * @param {number} ms
 * @param {object} [options]
 * @param {number} [options.nice] -20 to 19; below 0 they run in preference to the browser
 * @returns what the others return, and: the `niceness` that they really had, and the processor's time that they had between them, in ms
 */
export async function hogCpu(count, ms, { nice = 0 } = {}) {
  const [startMs, endMs, niceness, cpuMs] = await program('hogs', count, ms, nice);
  return { startMs, endMs, niceness, cpuMs };
}

/** DevTools' "CPU slowdown": `factor` 1 or more. docs/faults-outside.md says which threads it slows down. */
export async function throttle(page, factor, ms) {
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Emulation.setCPUThrottlingRate', { rate: factor });
    const startMs = Date.now();
    await sleep(ms);
    const endMs = Date.now();
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    return { startMs, endMs };
  } finally {
    await session.detach();
  }
}

// --- The worker ----------------------------------------------------------------------------------------------------------

/** DevTools ends what runs in the producer's worker: its loop is gone without a word, the worker itself stays. `endMs` is when it was gone. */
export async function killWorker(page) {
  const { idle } = await renderer(page);
  const session = await page.context().newCDPSession(page);
  try {
    const found = [];
    session.on('Target.attachedToTarget', (event) => found.push(event));
    // Not flattened: playwright-core hides the sessions of others.
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    const listening = new Set(idle.map(({ worker }) => worker));
    const busy = found.filter(({ targetInfo: { type, url, targetId } }) => type === 'worker' && url.endsWith('/producer.js') && !listening.has(targetId));
    assert.equal(busy.length, 1, `${busy.length} producers are at work: ${JSON.stringify(found)}`);
    const answered = new Promise((resolve) => {
      session.on('Target.receivedMessageFromTarget', ({ message }) => {
        const { id, error } = JSON.parse(message);
        if (id === 1) resolve(error);
      });
    });
    const startMs = Date.now();
    const message = JSON.stringify({ id: 1, method: 'Runtime.terminateExecution' });
    await session.send('Target.sendMessageToTarget', { sessionId: busy[0].sessionId, message });
    assert.equal(await answered, undefined);
    return { startMs, endMs: Date.now() };
  } finally {
    await session.detach();
  }
}

// --- The tab -------------------------------------------------------------------------------------------------------------

/** When each hidden page was hidden. */
const hidden = new WeakMap();

async function windowState(page, windowState, visibility) {
  // Every page of playwright-core pretends to be seen. The session that began this is the only one that can end it, and it is not public.
  const pretending = page._connection.toImpl(page).delegate._mainFrameSession._client;
  await pretending.send('Emulation.setFocusEmulationEnabled', { enabled: false });
  const session = await page.context().newCDPSession(page);
  const { windowId } = await session.send('Browser.getWindowForTarget');
  await session.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  await session.detach();
  // Drawing stops with the window: asked by the clock.
  await page.waitForFunction((wanted) => document.visibilityState === wanted, visibility, { polling: 20 });
}

/** Hides the page's tab, by minimising its window, until `showTab`. `endMs` is when it was hidden. */
export async function hideTab(page) {
  const startMs = Date.now();
  await windowState(page, 'minimized', 'hidden');
  const endMs = Date.now();
  hidden.set(page, endMs);
  return { startMs, endMs };
}

/** Shows the tab again; from when to when it was hidden. */
export async function showTab(page) {
  const endMs = Date.now();
  await windowState(page, 'normal', 'visible');
  return { startMs: hidden.get(page), endMs };
}

/**
 * Goes to an empty page and, after `ms`, back. The browser must be started without `--disable-back-forward-cache` (see `LIFELIKE`), and the page must
 * not be sent with `no-store`.
 *
 * @returns what the others return, and whether the page came back as it was (`persisted`)
 */
export async function backForward(page, ms) {
  await page.evaluate(() => {
    window.away = {};
    addEventListener('pagehide', () => { window.away.startMs = Date.now(); }, { once: true });
    addEventListener('pageshow', ({ persisted }) => Object.assign(window.away, { endMs: Date.now(), persisted }), { once: true });
  });
  await page.goto('about:blank');
  await sleep(ms);
  // Not goBack(): it waits for a load that does not come. Later, so that this question is answered before the page is gone.
  await page.evaluate(() => { setTimeout(() => history.back()); });
  for (const end = Date.now() + PATIENCE; ; await sleep(20)) {
    // While the pages change places, a question may stay unanswered for ever.
    const away = await Promise.race([page.evaluate(() => window.away).catch(() => null), sleep(1000, null)]);
    if (away?.endMs) return away;
    assert.ok(Date.now() < end, 'the page did not come back as it was');
  }
}
