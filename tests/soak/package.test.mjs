// A thousand outputs of the package, opened and closed: what the page's process holds afterwards. In contexts of their own Chromium keeps something of each; how much that is, is measured without Noxrun in the same run.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch } from '../support/chromium.mjs';
import { ROOT, servePages } from '../support/package.mjs';
import { renderer } from '../support/renderer.mjs';

const CYCLES = Number(process.env.NOXRUN_CYCLES ?? 1000);
/** Before anything is counted. */
const WARM = 100;
const LIMIT = 900_000;

let browser;
let server;
before(async () => {
  browser = await launch();
  server = await servePages({ routes: Object.fromEntries(['page.html', 'page.js'].map((file) => [`/core/${file}`, `${ROOT}/tests/package/core/${file}`])) });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** What the process has for itself, in bytes. */
async function privateBytes(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_\w+: *(\d+) kB$/gm)].reduce((sum, [, kb]) => sum + 1024 * Number(kb), 0);
}

/** Does `once` (told its number) again and again in a page; by how much heap and process have grown per time, in bytes. */
async function growth(once, cycles = CYCLES) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT);
  await page.goto(`${server.url}core/page.html`);
  await page.waitForFunction(() => globalThis.ready);
  const session = await context.newCDPSession(page);
  const { pid } = await renderer(page);
  const held = async () => {
    await session.send('HeapProfiler.collectGarbage');
    // Threads and ports end a while after they were told to, the worker that stands by five seconds after the last output.
    await page.evaluate(() => sleep(7000));
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return { heap: usedSize, process: await privateBytes(pid) };
  };
  const again = (times) => page.evaluate(`(async () => { const once = ${once}; for (let time = 0; time < ${times}; time += 1) await once(time); })()`);
  await again(WARM);
  const first = await held();
  await again(cycles);
  const then = await held();
  const workers = page.workers().length;
  await context.close();
  return { heap: (then.heap - first.heap) / cycles, process: (then.process - first.process) / cycles, workers };
}

const told = (what, { heap, process }) => console.log(`# ${what}: each leaves ${Math.round(heap)} bytes of heap and ${Math.round(process)} bytes in the process`);

for (const transport of ['shared', 'message']) {
  test(`a thousand outputs by ${transport} in one context leave nothing behind`, { timeout: LIMIT }, async () => {
    const left = await growth(`async () => {
      globalThis.context ??= new AudioContext();
      const output = await noxrun.createOutput({ context, transport: '${transport}' });
      await output.start();
      const closed = await output.close();
      if (misses(closed) !== 0) throw new Error('the ledger misses frames');
    }`);
    told(`by ${transport}, in one context`, left);
    assert.equal(left.workers, 0);
    assert.ok(left.heap < 500, `${left.heap} bytes of heap each`);
    // A processor that stayed would be 30 KB.
    assert.ok(left.process < 10_000, `${left.process} bytes each`);
  });
}

test('outputs in contexts of their own leave what their contexts leave', { timeout: LIMIT }, async () => {
  const few = Math.min(CYCLES, 200);
  const bare = await growth(`async () => {
    globalThis.silence ??= URL.createObjectURL(new Blob(['registerProcessor("silence", class extends AudioWorkletProcessor { process() { return false; } });'], { type: 'text/javascript' }));
    const context = new AudioContext();
    await context.audioWorklet.addModule(silence);
    const node = new AudioWorkletNode(context, 'silence');
    node.connect(context.destination);
    await sleep(30);
    node.disconnect();
    node.port.close();
    await context.close();
  }`, few);
  told('a context with an AudioWorklet, without Noxrun', bare);
  const ours = await growth(`async () => {
    const output = await noxrun.createOutput();
    await output.start();
    await output.close();
  }`, few);
  told('an output with a context of its own', ours);
  const silent = await growth(`async () => { await (await noxrun.createOutput()).close(); }`, few);
  told('one that never played', silent);
  assert.equal(ours.workers, 0);
  for (const left of [ours, silent]) assert.ok(left.process < 1.3 * bare.process + 10_000, `${left.process} bytes each, and ${bare.process} without Noxrun`);
});
