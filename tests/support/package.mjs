// The npm package as ci/package makes it: what is in its tarball, projects that have installed it, and pages that play with it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { complaints } from './chromium.mjs';
import { serve } from './server.mjs';

const run = promisify(execFile);

export const ROOT = path.resolve(import.meta.dirname, '../..');
/** ci/env.sh names it. */
export const MADE = path.resolve(process.env.NOXRUN_PACKAGE ?? path.join(ROOT, 'target/npm'));
/** The package as a folder: what somebody without a builder would copy to a server. */
export const PACKAGE = path.join(MADE, 'noxrun');
export const FILES = (await readdir(PACKAGE)).sort();
export const MANIFEST = JSON.parse(await readFile(path.join(PACKAGE, 'package.json'), 'utf8'));
export const TARBALL = path.join(MADE, `noxrun-${MANIFEST.version}.tgz`);

/** Runs a program and returns what it printed; what it printed is in the error too where it fails. */
export async function program(command, args, options) {
  try {
    return await run(command, args, { maxBuffer: 1 << 26, ...options });
  } catch (error) {
    error.message += `\n${error.stdout}`;
    throw error;
  }
}

/** A folder that `remove()` takes away again. */
export async function folder() {
  const place = await mkdtemp(path.join(tmpdir(), 'noxrun-package-'));
  return { place, remove: () => rm(place, { recursive: true, force: true }) };
}

/** A copy of tests/package/project into which npm has installed the tarball, without any network. */
export async function project() {
  const { place, remove } = await folder();
  await cp(path.join(ROOT, 'tests/package/project'), place, { recursive: true });
  await program('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--cache', path.join(place, '.npm'), TARBALL], { cwd: place });
  return { place, remove };
}

// What takes longer hangs, in ms: it is said where, before the test's own limit.
const HANGS = 40_000;

/** What the page's output, a promise in `window.output`, has come to: its transport and state, or the error's name, code and message. */
export async function outcome(page) {
  await page.waitForFunction(() => window.output !== undefined);
  return page.evaluate(
    (limit) =>
      Promise.race([
        window.output.then(
          ({ transport, state }) => ({ transport, state }),
          ({ name, code, message, url }) => ({ name, code, message, url }),
        ),
        new Promise((resolve) => setTimeout(() => resolve({ name: 'hang', code: 'hang', message: `nothing came of it within ${limit} ms` }), limit)),
      ]),
    HANGS,
  );
}

/** Fails unless the output of the page (or of a frame) plays: fresh frames grow, and none is unaccounted for. Returns the latest statistics. */
export async function plays(page, frames = 8820) {
  const told = await outcome(page);
  assert.equal(told.code, undefined, `${told.name} ${told.code}: ${told.message}`);
  const stats = await page.evaluate(
    async ([wanted, limit]) => {
      const output = await window.output;
      const first = await output.look();
      for (const end = performance.now() + limit; performance.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const now = await output.look();
        if (now.ledger.freshFrames >= first.ledger.freshFrames + wanted) return now;
      }
      return { silent: JSON.stringify(output.stats) };
    },
    [frames, HANGS],
  );
  assert.equal(stats.silent, undefined);
  assert.equal(stats.ledger.imbalanceFrames, 0);
  return stats;
}

/** The pages of tests/package/pages with the package beside them in noxrun/, as on any static host; for `serve`. */
export const PAGES = path.join(ROOT, 'tests/package/pages');
export const packageAt = (prefix) => Object.fromEntries(FILES.map((file) => [`${prefix}${file}`, path.join(PACKAGE, file)]));

/** As `serve` in server.mjs. */
export const servePages = ({ routes, ...options } = {}) => serve(PAGES, { ...options, routes: { ...packageAt('/noxrun/'), ...ICON, ...routes } });

// Some browsers ask for it, and a 404 is a complaint.
const ICON = { '/favicon.ico': (request, response) => response.writeHead(204).end() };

/** Opens the page that calls `createOutput(options)` and starts it. */
export async function openPlay(browser, url, options, { name = 'play.html' } = {}) {
  const page = await browser.newPage();
  const heard = complaints(page);
  await page.goto(`${url}${name}${options ? `?options=${encodeURIComponent(JSON.stringify(options))}` : ''}`);
  return { page, heard };
}
