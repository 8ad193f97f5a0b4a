// The three engines, as Debian packages them: a driver each, which starts the browser; WebKitGTK, which knows no headless mode, on a display of its own.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { family } from '../processes.mjs';
import { Session, ready } from './webdriver.mjs';

/** A program that is told to end has done so after this long, in ms, or is killed. */
const ENDED_AFTER_MS = 5000;

/** Processes that are to end with this one, whatever happens to it. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) {
    for (const pid of family(child.pid).reverse()) kill(pid, 'SIGKILL');
  }
});

function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Starts a program. `gone()` tells that it has ended, with the end of what it printed; `end()` ends it with all that it has started. */
function start(program, args, { env = {}, stdio = [] } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', ...stdio] });
  running.add(child);
  let printed = '';
  let gone = null;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed = (printed + chunk).slice(-2000)));
  child.once('error', (error) => (gone = `${program}: ${error.message}`));
  const over = new Promise((resolve) => child.once('close', resolve));
  child.once('exit', (status, signal) => {
    gone = `${program} ended (${signal ?? status}): ${printed}`;
  });
  return {
    child,
    gone: () => gone,
    /** `first` is tried before, for what is ended in a better way. */
    async end(first = async () => {}) {
      if (child.pid === undefined) return;
      // Whose parent has ended is no longer seen to be one of this family.
      const all = gone === null ? family(child.pid) : [];
      await first().catch(() => {});
      kill(child.pid, 'SIGTERM');
      for (const patience = Date.now() + ENDED_AFTER_MS; all.some((pid) => kill(pid, 0)) && Date.now() < patience; await sleep(20));
      for (const pid of all) kill(pid, 'SIGKILL');
      await over;
      running.delete(child);
    },
  };
}

/** A port that nobody listens on now. Not all three drivers tell which one they took when they are to choose. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An X server without a screen, on a display number that it chooses. */
async function display() {
  const server = start('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], { stdio: ['pipe'] });
  let number = '';
  server.child.stdio[3]?.on('data', (chunk) => (number += chunk));
  while (!number.endsWith('\n')) {
    if (server.gone()) throw new Error(server.gone());
    await sleep(20);
  }
  return { server, name: `:${number.trim()}` };
}

/** MiniBrowser lies with WebKitGTK's other programs, in a folder named after the machine's architecture. */
async function miniBrowser() {
  for (const folder of await readdir('/usr/lib')) {
    const found = path.join('/usr/lib', folder, 'webkit2gtk-4.1');
    if ((await readdir(found).catch(() => [])).includes('MiniBrowser')) return path.join(found, 'MiniBrowser');
  }
  throw new Error('There is no MiniBrowser: run ci/setup test.');
}

/** How each engine's driver is started, and what it is to start. */
const ENGINES = {
  chromium: async () => ({
    driver: 'chromedriver',
    args: (port) => [`--port=${port}`],
    capabilities: {
      browserName: 'chrome',
      'goog:chromeOptions': {
        binary: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking', '--disable-component-update',
          '--disable-sync', '--no-first-run', '--disable-quic'],
      },
    },
  }),
  firefox: async () => ({
    driver: 'geckodriver',
    // Without the second, a port that is always the same.
    args: (port) => ['--port', String(port), '--websocket-port', '0'],
    capabilities: {
      browserName: 'firefox',
      'moz:firefoxOptions': { binary: process.env.FIREFOX ?? '/usr/bin/firefox-esr', args: ['-headless'], prefs: { 'media.autoplay.default': 0 } },
    },
  }),
  webkit: async ({ sharedMemory }) => ({
    driver: 'WebKitWebDriver',
    args: (port) => [`--port=${port}`],
    // Its sandbox wants rights that a container does not give.
    env: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', ...(sharedMemory ? { JSC_useSharedArrayBuffer: '1' } : {}) },
    display: true,
    capabilities: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary: await miniBrowser(), args: ['--automation', '--autoplay-policy=allow'] } },
  }),
};

/**
 * Starts an engine, ready to play without a gesture, with a fresh profile.
 *
 * @param {'chromium' | 'firefox' | 'webkit'} engine
 * @param {object} [options]
 * @param {boolean} [options.sharedMemory] WebKit only, which has shared memory switched off as Debian delivers it
 * @returns {Promise<{session: Session, close: () => Promise<void>}>} `close` ends the browser, the driver, and all that they have started
 */
export async function launch(engine, { sharedMemory = false } = {}) {
  const { driver, args, env, display: wantsDisplay, capabilities } = await ENGINES[engine]({ sharedMemory });
  const folder = await mkdtemp(path.join(os.tmpdir(), `${engine}-`));
  const screen = wantsDisplay ? await display() : null;
  const port = await freePort();
  // Profiles lie in TMPDIR; WebKitGTK keeps what it keeps in the others.
  const own = { TMPDIR: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder };
  const program = start(driver, args(port), { env: { ...own, ...env, ...(screen ? { DISPLAY: screen.name } : {}) } });
  let session = null;
  const close = async () => {
    await program.end(() => session?.end());
    await screen?.server.end();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await ready(`http://127.0.0.1:${port}`, program.gone);
    session = await Session.start(`http://127.0.0.1:${port}`, capabilities);
    return { session, close };
  } catch (error) {
    await close();
    throw error;
  }
}
