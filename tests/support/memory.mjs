// What a page and its workers hold.

import assert from 'node:assert/strict';

/** The page's JS heap in bytes after a collection, and how many workers it has. */
export async function held(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return { heap: usedSize, workers: page.workers().length };
}

/** Everything of this page and its workers that the browser counts, in bytes; null where it does not. Only while no worker sleeps: that one is waited for. */
export const measured = (page) =>
  page.evaluate(async () => {
    if (!performance.measureUserAgentSpecificMemory) return null;
    const within = new Promise((resolve) => setTimeout(() => resolve({ bytes: null }), 20_000));
    const { bytes } = await Promise.race([performance.measureUserAgentSpecificMemory(), within]);
    return bytes;
  });

/** A route for worklet/feeder.js, of this `text`, whose worker tells the page how large its own memory is. */
export function withMemoryTold(text) {
  for (const [from, to] of [
    ['glue.initSync({', 'globalThis.own = memory;\n    $&'],
    ['  beat() {', "$&\n    if (globalThis.ownTold !== own.buffer.byteLength) postMessage({ type: 'memory', bytes: globalThis.ownTold = own.buffer.byteLength });"],
  ]) {
    assert.ok(text.includes(from), `worklet/feeder.js has no "${from}"`);
    text = text.replace(from, to);
  }
  return (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(text);
}

/** Runs in the page before its own scripts: keeps what such workers tell, the latest in `decoderBytes` and the most in `decoderMost`; and has `engineBytes()`, the size of the memories that the page made and still uses. */
export function memoryTold() {
  const Native = window.Worker;
  window.decoderBytes = 0;
  window.decoderMost = 0;
  const Memory = WebAssembly.Memory;
  const memories = [];
  WebAssembly.Memory = function (options) {
    const memory = new Memory(options);
    memories.push(new WeakRef(memory));
    return memory;
  };
  WebAssembly.Memory.prototype = Memory.prototype;
  window.engineBytes = () => memories.reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0);
  window.Worker = class Worker extends Native {
    constructor(...options) {
      super(...options);
      this.addEventListener('message', ({ data }) => {
        if (data?.type !== 'memory') return;
        window.decoderBytes = data.bytes;
        window.decoderMost = Math.max(window.decoderMost, data.bytes);
      });
    }
  };
}

/** For `suite`: a browser that measures memory when it is asked, and not when it likes. */
export const MEASURING = { args: ['--enable-blink-features=ForceEagerMeasureMemory'] };
