// How soon the package sounds: createOutput() to the first frame, with preload() called before, for both transports. Prints a table.

import { launch } from '../tests/support/chromium.mjs';
import { servePages } from '../tests/support/package.mjs';

const TIMES = 20;

const browser = await launch();
const rows = [];
for (const [transport, isolated] of [['shared', true], ['message', false]]) {
  const server = await servePages({ isolated, routes: { '/bench.html': (request, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Start</title>') } });
  const page = await browser.newPage();
  await page.goto(`${server.url}bench.html`);
  const { first, later } = await page.evaluate(async (times) => {
    const { createOutput, preload } = await import('/noxrun/index.js');
    await preload();
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    const all = [];
    for (let time = 0; time < times; time += 1) {
      const began = performance.now();
      const output = await createOutput();
      await output.start();
      all.push(performance.now() - began);
      await output.close();
      // The worker that is to stand by for the next.
      await new Promise((resolve) => { setTimeout(resolve, 300); });
    }
    return { first: all[0], later: all.slice(1).toSorted((one, other) => one - other) };
  }, TIMES);
  const ms = (value) => `${value.toFixed(0)} ms`;
  rows.push(`| ${transport} | ${ms(first)} | ${ms(later[0])} | ${ms(later[later.length >> 1])} | ${ms(later.at(-1))} |`);
  await page.close();
  await server.close();
}
console.log(`createOutput() to the first frame, preload() called before, Chromium ${browser.version()}, ${TIMES} outputs with a context each:\n`);
console.log('| transport | the first, which starts the browser\'s sound | least | median | most |\n| --- | --- | --- | --- | --- |');
console.log(rows.join('\n'));
await browser.close();
