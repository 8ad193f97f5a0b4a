// Without a builder: the package's folder on a server, its files elsewhere, the built site, and pages that nobody serves.

import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { launch } from '../support/chromium.mjs';
import { PACKAGE, PAGES, folder, openPlay, outcome, packageAt, plays, servePages } from '../support/package.mjs';
import { ISOLATION, SITE } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function withPages(options, body) {
  const server = await servePages(options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

for (const [isolated, transport] of [[true, 'shared'], [false, 'message']]) {
  test(`the folder as it is, from a server ${isolated ? 'with' : 'without'} the headers: plays by ${transport === 'shared' ? 'shared memory' : 'messages'}`, () =>
    withPages({ isolated }, async ({ url }) => {
      const { page, heard } = await openPlay(browser, url, { source: { kind: 'sine', hz: 440 } });
      assert.equal((await plays(page)).transport, transport);
      assert.deepEqual(heard, []);
      await page.close();
    }));
}

test('its files may lie elsewhere: each of the three is loaded from where it is named', () => {
  const asked = [];
  const elsewhere = Object.entries(packageAt('/elsewhere/')).map(([at, file]) => [
    at,
    async (request, response) => {
      asked.push(path.basename(file));
      response.setHeader('Content-Type', file.endsWith('.wasm') ? 'application/wasm' : 'text/javascript');
      response.end(await readFile(file));
    },
  ]);
  return withPages({ routes: Object.fromEntries(elsewhere) }, async ({ url }) => {
    const urls = { wasm: 'elsewhere/noxrun.wasm', worker: new URL('elsewhere/producer.js', url).href, processor: '/elsewhere/processor.js' };
    const { page, heard } = await openPlay(browser, url, { urls });
    await plays(page);
    assert.deepEqual(heard, []);
    assert.deepEqual([...new Set(asked)].sort(), ['noxrun.wasm', 'processor.js', 'producer.js']);
    await page.close();
  });
});

test('an import map gives it its name', () => {
  const html = '<!doctype html><script type="importmap">{ "imports": { "noxrun": "/noxrun/index.js" } }</script><script type="module" src="named.js"></script>';
  const script = "import { createOutput } from 'noxrun'; window.output = createOutput().then(async (output) => { await output.start(); return output; });";
  const routes = {
    '/named.html': (request, response) => response.setHeader('Content-Type', 'text/html').end(html),
    '/named.js': (request, response) => response.setHeader('Content-Type', 'text/javascript').end(script),
  };
  return withPages({ routes }, async ({ url }) => {
    const { page, heard } = await openPlay(browser, url, null, { name: 'named.html' });
    await plays(page);
    assert.deepEqual(heard, []);
    await page.close();
  });
});

test('the built site has the headers in a file for static hosts', async () => {
  const lines = (await readFile(path.join(SITE, '_headers'), 'utf8')).split('\n');
  assert.equal(lines[0], '/*');
  for (const [name, value] of Object.entries(ISOLATION)) assert.ok(lines.includes(`  ${name}: ${value}`), name);
});

test('the lab opened from a file says what to do', async () => {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(path.join(SITE, 'index.html')).href);
  await page.waitForSelector('#message[data-code="file-url"]:not([hidden])');
  assert.match(await page.innerText('#message-text'), /opened from a file.*make serve.*_headers/);
  assert.equal(await page.locator('button:visible, input:visible, select:visible').count(), 0);
  // It has its styles all the same.
  await page.waitForFunction(() => getComputedStyle(document.getElementById('message')).position === 'sticky');
  await page.close();
});

test('a page that was opened from a file, where its scripts do load: a typed refusal', async () => {
  const { place, remove } = await folder();
  const lenient = await launch({ args: ['--allow-file-access-from-files'] });
  try {
    await cp(PAGES, place, { recursive: true });
    await cp(PACKAGE, path.join(place, 'noxrun'), { recursive: true });
    const page = await lenient.newPage();
    await page.goto(pathToFileURL(path.join(place, 'play.html')).href);
    const told = await outcome(page);
    assert.deepEqual([told.name, told.code], ['NoxrunError', 'file-url'], told.message);
  } finally {
    await lenient.close();
    await remove();
  }
});
