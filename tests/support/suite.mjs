// One browser and one server for all tests of a file.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test as nodeTest } from 'node:test';
import { launch } from './chromium.mjs';
import { openLab } from './lab.mjs';
import { SITE, serve } from './server.mjs';

/** The audio files that ci/fixtures makes. */
export const FIXTURES = path.resolve(process.env.NOXRUN_AUDIO_FIXTURES ?? 'target/fixtures');
export const fixture = (name) => path.join(FIXTURES, name);
export const fixtureBytes = (name) => readFile(fixture(name));

/** For a test, in ms: most take a tenth of it at most. Whatever hangs must not hang the rest. */
const LIMIT = 120_000;

/** node:test's `test` with a limit; `longer` adds to it, in seconds. */
export const test = (name, body, { longer = 0 } = {}) => nodeTest(name, { timeout: LIMIT + 1000 * longer }, body);

/**
 * @param {object} [options]
 * @param {object} [options.browser] for `launch`
 * @param {object} [options.server] for `serve`
 * @returns what the tests use once they run: `open(options)`, `browser`, `url`
 */
export function suite({ browser: browserOptions, server: serverOptions } = {}) {
  const it = {
    browser: null,
    url: null,
    open: (options) => openLab(it.browser, it.url, options),
  };
  let server;
  before(async () => {
    server = await serve(SITE, serverOptions);
    it.url = server.url;
    it.browser = await launch(browserOptions);
  });
  after(async () => {
    await it.browser?.close();
    await server?.close();
  });
  return it;
}
