// Pages with a Content-Security-Policy: a strict one is enough, and where it forbids something that is said by its directive, never waited for.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { openPlay, outcome, plays, servePages } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

/** All that a page with sound needs. */
const STRICT = {
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  'connect-src': "'self'",
};
const policy = (changed) => Object.entries({ ...STRICT, ...changed }).map(([name, value]) => `${name} ${value}`).join('; ');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function under(changed, options, server, body) {
  const { close, url } = await servePages({ ...server, headers: { 'Content-Security-Policy': policy(changed) } });
  try {
    const { page, heard } = await openPlay(browser, url, options);
    await body(page, heard);
    await page.close();
  } finally {
    await close();
  }
}

for (const isolated of [true, false]) {
  test(`a strict policy is enough: no blob:, nothing inline, nothing foreign (${isolated ? 'shared memory' : 'messages'})`, () =>
    under({}, { source: { kind: 'sine' } }, { isolated }, async (page, heard) => {
      assert.equal((await plays(page)).transport, isolated ? 'shared' : 'message');
      assert.deepEqual(heard, []);
    }));
}

test('a module for the worker that Noxrun starts is loaded under it too', () =>
  under({}, { module: 'tone.js' }, {}, async (page, heard) => {
    await plays(page);
    assert.deepEqual(heard, []);
  }));

/** What is forbidden, how, and what the message has to name. */
const FORBIDDEN = [
  ['compiling Wasm', { 'script-src': "'self'" }, /script-src.*'wasm-unsafe-eval'/],
  ['workers', { 'worker-src': "'none'" }, /worker-src/],
  ['fetching', { 'connect-src': "'none'" }, /connect-src/],
];

for (const [what, changed, named] of FORBIDDEN) {
  test(`${what} forbidden: the error says by which directive`, () =>
    under(changed, {}, {}, async (page) => {
      const { name, code, message } = await outcome(page);
      assert.deepEqual([name, code], ['NoxrunError', 'csp'], message);
      assert.match(message, named);
    }));
}

// Of scripts for the audio thread that a policy forbids, Chromium tells the page nothing: only that it did not load.
test('a processor that the policy does not let load: the error names the file', () =>
  under({}, { urls: { processor: 'https://elsewhere.invalid/processor.js' } }, {}, async (page) => {
    const { name, code, message, url } = await outcome(page);
    assert.equal(name, 'NoxrunError');
    assert.ok(['csp', 'not-loaded'].includes(code), `${code}: ${message}`);
    assert.equal(url, 'https://elsewhere.invalid/processor.js');
  }));
