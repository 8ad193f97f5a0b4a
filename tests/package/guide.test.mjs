// The samples of docs/embedding.md that need nothing but a browser, run as they stand there. (By the types all of them are held in docs.test.mjs; whole pages are in examples/.)

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import binaryen from 'binaryen';
import { complaints, launch } from '../support/chromium.mjs';
import { serve } from '../support/server.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const guide = await readFile(path.join(root, 'docs/embedding.md'), 'utf8');
// ci/env.sh names it.
const made = path.resolve(process.env.NOXRUN_PACKAGE ?? path.join(root, 'target/npm'));

/** The only sample in JavaScript in which `words` stand. */
function sample(words) {
  const found = [...guide.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code).filter((code) => code.includes(words));
  assert.equal(found.length, 1, `samples with ${words}`);
  return found[0];
}

/** As a module that a page without an import map loads: with what its text takes for granted. */
const module = (code) => code.replaceAll('\'noxrun/worker\'', '\'/noxrun/worker.js\'').replaceAll('\'noxrun\'', '\'/noxrun/index.js\'');
const page = (code, { given = '', show = 'output' } = {}) => module(`${code.includes('import { createOutput') ? '' : 'import { createOutput } from \'noxrun\';\n'}${given}\n${code}\nwindow.shown = ${show};\n`);

// Two channels, one after the other, in a page of memory of their own: what "any other Wasm" comes to.
const CHIP = `(module (memory (export "memory") 1)
  (func (export "create") (result i32) (i32.const 1))
  (func (export "render") (param i32 i32) (result i32) (f32.store (i32.const 1024) (f32.const 0.25)) (i32.const 1024)))`;
const PLANAR = '(module (memory (export "memory") 1) (func (export "render") (param i32) (result i32) (f32.store (i32.const 1024) (f32.const 0.25)) (i32.const 1024)))';
const wasm = (text) => Buffer.from(binaryen.parseText(text).emitBinary());

const PATIENCE_MS = 20_000;

let browser;
let server;
const files = {};

before(async () => {
  const type = { js: 'text/javascript', wasm: 'application/wasm', html: 'text/html' };
  const routes = new Proxy({}, {
    getOwnPropertyDescriptor: (_, name) => (name in files ? { configurable: true, enumerable: true, value: name } : undefined),
    get: (_, name) => (request, response) => response.writeHead(200, { 'Content-Type': type[name.split('.').at(-1)] }).end(files[name]),
  });
  server = await serve(made, { routes });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Runs a page whose script is `script`; `around` is the other files that it loads. Closes it when `look` has looked. */
async function run(script, around, look, expected = []) {
  for (const name of Object.keys(files)) delete files[name];
  Object.assign(files, { '/index.html': '<!doctype html><link rel="icon" href="data:,"><button id="play">Play</button><script type="module" src="/page.js"></script>', '/page.js': script }, around);
  const shown = await browser.newPage();
  shown.setDefaultTimeout(PATIENCE_MS);
  const wrong = complaints(shown);
  try {
    await shown.goto(`${server.url}index.html`);
    // What is wrong says more than a page that never plays.
    await look(shown).catch((error) => { throw wrong.length > 0 ? new Error(wrong.join('; '), { cause: error }) : error; });
    assert.deepEqual(wrong, expected);
  } finally {
    await shown.close();
  }
}

const shown = (tab) => tab.waitForFunction(() => window.shown !== undefined);
/** Until `frames` frames were played by `window.shown`, or all of it where it is a list. */
const played = (tab, frames = 4800) => tab.waitForFunction((least) => window.shown !== undefined && [window.shown].flat().every(({ stats }) => stats.ledger.freshFrames >= least), frames);

/** A page for a module that makes sound. */
const MODULE = page('const output = await createOutput({ module: \'/sound.js\', data: { hz: 440 } });\nawait output.start();');

test('ten lines to sound', async () => {
  const code = sample('// page.js').replace('await output.start();', 'await output.start();\n  window.shown = output;');
  await run(page(code, { given: 'const playButton = document.querySelector(\'#play\');', show: 'undefined' }), { '/sound.js': sample('// sound.js') }, async (tab) => {
    await tab.click('#play');
    await played(tab);
    assert.equal(await tab.evaluate(() => window.shown.stats.ledger.imbalanceFrames), 0);
  });
});

test('addresses of the files', async () => {
  const code = sample('urls: {').replaceAll('/audio/', '/noxrun/');
  await run(page(`${code}await output.start();`), {}, played);
});

test('a graph of the page\'s own', async () => {
  await run(page(sample('new GainNode')), {}, async (tab) => {
    await played(tab);
    assert.equal(await tab.evaluate(async () => { await window.shown.close(); return window.shown.context.state; }), 'running');
  });
});

test('several outputs', async () => {
  await run(page(sample('Promise.all([220, 330]'), { show: 'outputs' }), {}, async (tab) => {
    await played(tab);
    assert.equal(await tab.evaluate(() => new Set(window.shown.map(({ context }) => context)).size), 1);
  });
});

test('JavaScript: called, pushing, as a stream', async () => {
  await run(MODULE, { '/sound.js': sample('(block, { channels, position, sampleRate }) =>') }, played);
  const given = 'const worker = new Worker(\'/push.js\', { type: \'module\' });\n';
  const push = module(sample('await receiveOutput()').replace('const producer', 'const nextBlock = (frames, channels) => new Float32Array(frames * channels);\nconst producer'));
  await run(page('const output = await createOutput({ producer: worker });\nawait output.start();', { given }), { '/push.js': push }, played);
  const blocks = 'const blocks = new ReadableStream({ pull(to) { to.enqueue(new Float32Array(512)); } });\n';
  await run(MODULE, { '/sound.js': blocks + sample('pipeTo(producer.stream())') }, played);
});

test('other Wasm', async () => {
  await run(MODULE, { '/sound.js': module(sample('synth.wasm')), '/synth.wasm': wasm(CHIP) }, played);
  await run(MODULE, { '/sound.js': module(sample('chip.wasm')), '/chip.wasm': wasm(PLANAR) }, played);
});

test('the page, by a clock of its own', async () => {
  const machine = 'const machine = {};\nsetInterval(() => machine.onframe?.(new Float32Array(2 * 800)), 16);';
  await run(page(sample('machine.onframe'), { given: machine }), {}, played);
});

test('decoded media', async () => {
  const sound = `${sample('new AudioDecoder').replace('export default ', '')}
export default async function (producer) {
  const packets = [];
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      packets.push({ type: chunk.type, timestamp: chunk.timestamp, data });
    },
    error(error) { throw error; },
  });
  encoder.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: 2 });
  encoder.encode(new AudioData({ format: 'f32', sampleRate: 48_000, numberOfChannels: 2, numberOfFrames: 24_000, timestamp: 0, data: new Float32Array(48_000).fill(0.1) }));
  await encoder.flush();
  await decode(producer, packets);
}`.replace('async function (producer, packets)', 'async function decode(producer, packets)');
  await run(page('const output = await createOutput({ module: \'/sound.js\', sampleRate: 48_000 });\nawait output.start();'), { '/sound.js': sound }, async (tab) => {
    await played(tab, 20_000);
    await tab.waitForFunction(() => window.shown.state === 'ended');
  });
});

test('errors by their codes', async () => {
  // A page that may share memory: so it plays.
  await run(page(sample('showPlayButton').replace('await output.start();', 'await output.start();\n  window.shown = output;'), { show: 'window.shown' }), {}, played);
});

test('giving up by a signal', async () => {
  await run(page(sample('new AbortController'), { given: 'const cancelButton = document.querySelector(\'#play\');' }), {}, async (tab) => {
    await played(tab);
    await tab.click('#play');
    await tab.waitForFunction(() => window.shown.state === 'closed');
  });
});

test('events, and a producer that is replaced', async () => {
  const events = sample('addEventListener(\'underrun\'');
  const replaced = sample('replaceProducer(new Worker');
  const given = 'const output = await createOutput({ producer: new Worker(\'/first.js\', { type: \'module\' }) });\nwindow.states = [];\noutput.addEventListener(\'statechange\', ({ detail }) => window.states.push(detail.state));';
  const worker = module('import { receiveOutput } from \'noxrun/worker\';\nconst producer = await receiveOutput();\nproducer.render((block) => { block.fill(0); });\n');
  await run(page(`${events}${replaced}await output.start();`, { given }), { '/first.js': worker.replace('block.fill(0);', 'block.fill(0); if (performance.now() > 600) throw new Error(\'on purpose\');').replace(/\);\s*$/, ').catch(() => {});\n'), '/sound.js': worker }, async (tab) => {
    await shown(tab);
    await tab.waitForFunction(() => window.states.includes('lost') && window.shown.state === 'running');
    const { recovered, imbalance } = await tab.evaluate(() => ({ recovered: window.shown.stats.ledger.freshFrames > 0, imbalance: window.shown.stats.ledger.imbalanceFrames }));
    assert.ok(recovered);
    assert.equal(imbalance, 0);
  });
});
