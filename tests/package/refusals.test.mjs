// Bad use: each is refused with a code and a message that says what to do, and none hangs.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { ROOT, servePages } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

// Modules that are none of this package's: with the start that glue calls, and one of them with a version.
const bytes = (...parts) => Buffer.from(parts.flat());
const text = (word) => [word.length, ...Buffer.from(word)];
const section = (id, ...body) => [id, body.flat().length, ...body.flat()];
const exported = (name, index) => [...text(name), 0, index];
const f64 = (number) => { const buffer = Buffer.alloc(8); buffer.writeDoubleLE(number); return [...buffer]; };
function engineLike(version) {
  const names = ['__wbindgen_start', ...(version === null ? [] : ['noxrun_version'])];
  const version_ = version === null ? [] : [11, 0, 0x44, ...f64(version), 0x0b];
  return bytes(
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, [2, 0x60, 1, 0x7f, 0, 0x60, 0, 1, 0x7c]),
    section(3, [names.length, ...names.map((_, index) => index)]),
    section(7, [names.length], ...names.map(exported)),
    section(10, [names.length, 2, 0, 0x0b], version_),
  );
}
const wasm = (module) => (request, response) => response.writeHead(200, { 'Content-Type': 'application/wasm', 'Cross-Origin-Resource-Policy': 'same-origin' }).end(module);
const made = { '/core/old.wasm': wasm(engineLike(9)), '/core/other.wasm': wasm(engineLike(null)), '/core/silent.wasm': () => {}, '/core/stalled.wasm': (request, response) => { response.writeHead(200, { 'Content-Type': 'application/wasm' }).write('\0asm'); } };
const ours = { ...made, ...Object.fromEntries(['page.html', 'blocked.html', 'page.js', 'own.js', 'module.js', 'render.js'].map((file) => [`/core/${file}`, `${ROOT}/tests/package/core/${file}`])) };

let browser;
let server;
let plain;
// For what is refused one after the other.
let page;
before(async () => {
  browser = await launch();
  server = await servePages({ routes: ours });
  plain = await servePages({ routes: ours, isolated: false });
  page = await browser.newPage();
  await page.goto(`${server.url}core/page.html`);
  await page.waitForFunction(() => globalThis.ready);
});
after(async () => {
  await browser?.close();
  await server?.close();
  await plain?.close();
});

async function inPage(body, given, { url = server.url } = {}) {
  const context = await browser.newContext();
  const own = await context.newPage();
  try {
    await own.goto(`${url}core/page.html`);
    await own.waitForFunction(() => globalThis.ready);
    return await own.evaluate(body, given);
  } finally {
    await context.close();
  }
}

/** Options that cannot be met: [what for, options as source text, code, what the message says]. */
const REFUSED = [
  ['no object', '7', 'option', /wants an object/],
  ['an unknown option', '{ foo: 1 }', 'option', /no option "foo"/],
  ['two ways at once', '{ module: "/core/render.js", source: { kind: "sine" } }', 'option', /only one of/],
  ['an unknown source', '{ source: { kind: "organ" } }', 'option', /source.kind is "organ": it must be one of sine, index/],
  ['a frequency out of range', '{ source: { kind: "sine", hz: 0 } }', 'out-of-range', /1 to 20000 Hz/],
  ['too many channels', '{ channels: 33 }', 'out-of-range', /channels is 33: it must be a whole number, 1 to 32/],
  ['half a channel', '{ channels: 1.5 }', 'out-of-range', /whole number/],
  ['a ring too small', '{ bufferFrames: 32 }', 'out-of-range', /64 to 16384 frames/],
  ['a block larger than the ring', '{ bufferFrames: 256, blockFrames: 512 }', 'out-of-range', /1 to 256 frames/],
  ['an unknown conceal', '{ conceal: "echo" }', 'option', /fade, silence, hold, repeat/],
  ['an unknown transport', '{ transport: "pigeon" }', 'option', /auto, shared, message/],
  ['an unknown address', '{ urls: { glue: "x" } }', 'option', /urls knows no "glue"/],
  ['a module that is no address', '{ module: 7 }', 'option', /module must be an address/],
  ['a producer that is none', '{ producer: "somebody" }', 'option', /a Worker, "page" or "handle"/],
  ['a context that is none', '{ context: {} }', 'option', /must be an AudioContext/],
  ['an OfflineAudioContext', '{ context: new OfflineAudioContext(2, 100, 44100) }', 'offline-context', /AudioBuffer/],
  ['a rate that is not the context\'s', '{ context: new AudioContext({ sampleRate: 44100 }), sampleRate: 48000 }', 'option', /44100/],
  ['an engine that is not there', '{ urls: { wasm: "/noxrun/nothing.wasm" } }', 'not-loaded', /404/],
  ['an engine that is something else', '{ urls: { wasm: "/core/page.html" } }', 'not-loaded', /no Wasm module but text\/html/],
  ['an audio thread\'s file that is not there', '{ urls: { processor: "/noxrun/nothing.js" } }', 'not-loaded', /404/],
  ['an audio thread\'s file that is something else', '{ urls: { processor: "/core/render.js" } }', 'version-mismatch', /processor.js from the same package/],
  ['a worker that is not there', '{ urls: { worker: "/noxrun/nothing.js" } }', 'not-loaded', /404/],
  ['a module that is not there', '{ module: "/core/nothing.js" }', 'not-loaded', /nothing.js/],
  ['a module without sound', '{ module: "/noxrun/index.js" }', 'option', /exports no function default/],
  ['data that cannot be posted', '{ module: "/core/render.js", data: () => {} }', 'option', /data cannot be posted/],
  ['a list that is none', '{ transfer: 7 }', 'option', /transfer is 7: it must be an array/],
  ['a latency that is none', '{ latencyHint: "soon" }', 'option', /latencyHint|AudioContextLatencyCategory/],
  ['an engine of another version', '{ urls: { wasm: "/core/old.wasm" } }', 'version-mismatch', /another version than this page/],
  ['an engine that is another module', '{ urls: { wasm: "/core/other.wasm" } }', 'version-mismatch', /no engine of this package/],
  ['a script for the page that is not there', '{ producer: "page", urls: { page: "/core/nothing.js" } }', 'not-loaded', /nothing.js/],
  ['glue that is not there', '{ glue: { url: "/core/nothing.js", source: "bells" } }', 'not-loaded', /nothing_bg.wasm/],
  ['glue without a source', '{ glue: { url: "/core/nothing.js" } }', 'option', /source names the exported function/],
];

for (const [what, options, code, says] of REFUSED) {
  test(`createOutput refuses ${what}`, async () => {
    const error = await page.evaluate((text) => refused(() => noxrun.createOutput(new Function(`return ${text}`)())), options);
    assert.ok(error !== null, 'it was not refused');
    assert.equal(error.name, 'NoxrunError');
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
  });
}

test('after a refusal the next output plays all the same', async () => {
  const missed = await inPage(async () => {
    await refused(() => noxrun.createOutput({ urls: { wasm: '/noxrun/nothing.wasm' } }));
    await refused(() => noxrun.createOutput({ module: '/core/nothing.js' }));
    const output = await noxrun.createOutput();
    await output.start();
    await until(() => output.stats.ledger.freshFrames > 5000);
    return misses(await output.close());
  });
  assert.equal(missed, 0);
});

test('a context that is closed; a page that may not share memory and was asked to', async () => {
  const closed = await inPage(async () => {
    const context = new AudioContext();
    await context.close();
    return refused(() => noxrun.createOutput({ context }));
  });
  assert.equal(closed.code, 'context-closed');
  const shared = await inPage(() => refused(() => noxrun.createOutput({ transport: 'shared' })), undefined, { url: plain.url });
  assert.equal(shared.code, 'not-isolated');
  assert.match(shared.message, /Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/);
});

test('messages are never taken silently: the console is warned once, and every place says it', async () => {
  const context = await browser.newContext();
  const own = await context.newPage();
  const warnings = [];
  own.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  await own.goto(`${plain.url}core/page.html`);
  await own.waitForFunction(() => globalThis.ready);
  const told = await own.evaluate(async () => {
    const [one, other] = [await noxrun.createOutput(), await noxrun.createOutput()];
    return [one.transport, one.stats.transport, other.transport, noxrun.availableTransport()];
  });
  assert.deepEqual(told, ['message', 'message', 'message', 'message']);
  assert.equal(warnings.filter((text) => text.includes('transport "message"')).length, 1, warnings.join('\n'));
  await context.close();
});

test('a closed output refuses by name what is asked of it, and keeps its figures', async () => {
  const told = await inPage(async () => {
    const output = await noxrun.createOutput({ producer: 'page' });
    const { producer } = output;
    const closed = await output.close();
    const codes = {};
    for (const [name, call] of Object.entries({
      start: () => output.start(),
      stop: () => output.stop(),
      flush: () => output.flush(),
      bufferFrames: () => { output.bufferFrames = 512; },
      replaceProducer: () => output.replaceProducer(ownWorker()),
      write: () => producer.write(new Float32Array(2)),
      writable: () => producer.writable,
      offer: () => producer.offer(new Float32Array(2)),
      render: () => producer.render(() => {}),
    })) codes[name] = (await refused(call))?.code;
    // Twice is once.
    const again = await output.close();
    return { codes, same: JSON.stringify(again) === JSON.stringify(closed) && JSON.stringify(output.stats) === JSON.stringify(closed), state: output.state };
  });
  assert.deepEqual([...new Set(Object.values(told.codes))], ['closed'], JSON.stringify(told.codes));
  assert.equal(told.same, true);
  assert.equal(told.state, 'closed');
});

test('a producer brings its sound in one way; samples are whole frames of floats', async () => {
  const told = await inPage(async () => {
    const output = await noxrun.createOutput({ producer: 'page' });
    const { producer } = output;
    producer.offer(new Float32Array(256));
    const codes = [
      await refused(() => producer.write(new Float32Array(256))),
      await refused(() => producer.render(() => {})),
      await refused(() => producer.offer(new Float32Array(3))),
      await refused(() => producer.offer([0, 0])),
      await refused(() => producer.render(7)),
    ].map(({ code, message }) => [code, message]);
    await output.close();
    return codes;
  });
  assert.deepEqual(told.map(([code]) => code), ['mode', 'mode', 'option', 'option', 'option']);
  assert.match(told[0][1], /one way for each output/);
});

test('handles: foreign, of another version, stale, and a second producer on one ring', async () => {
  const told = await inPage(async () => {
    const ask = async (handle, transfer) => {
      const worker = ownWorker('own.js?handle');
      const said = () => new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
      // Its first message may find nobody yet.
      await sleep(300);
      worker.postMessage({ handle, way: 'callback' }, transfer);
      return { worker, first: await said() };
    };
    const foreign = (await ask({ some: 'thing' })).first;
    const made = await noxrun.createOutput({ producer: 'handle' });
    const old = (await ask({ ...made.handle, noxrun: '0.0.9' }, made.handle.transfer)).first;
    await until(() => made.state === 'lost');
    const pageHears = made.state;
    await made.close();
    const gone = await noxrun.createOutput({ producer: 'handle' });
    const { handle } = gone;
    const { transfer } = handle;
    await gone.close();
    const stale = (await ask(handle, transfer)).first;
    const bare = (await ask({ noxrun: noxrun.version })).first;
    const inWorker = await new Promise((resolve) => {
      const source = "import { createOutput } from '" + location.origin + "/noxrun/index.js'; createOutput().catch(({ code, message }) => postMessage({ code, message }));";
      new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' }).onmessage = ({ data }) => resolve(data);
    });
    return { foreign, bare, old, pageHears, stale, inWorker, wrongThread: await refused(async () => (await import('/noxrun/worker.js')).receiveOutput()) };
  });
  assert.equal(told.foreign.refused?.code, 'not-an-output');
  assert.equal(told.bare.refused?.code, 'not-an-output');
  assert.match(told.bare.refused.message, /output.handle.transfer/);
  assert.equal(told.inWorker.code, 'wrong-thread');
  assert.match(told.inWorker.message, /receiveOutput/);
  assert.equal(told.old.refused?.code, 'version-mismatch');
  assert.match(told.old.refused.message, /0\.0\.9/);
  assert.equal(told.pageHears, 'lost');
  assert.equal(told.stale.refused?.code, 'stale');
  assert.equal(told.wrongThread.code, 'wrong-thread');
});

for (const transport of ['shared', 'message']) {
  test(`a second producer on one ring, by ${transport}, is refused, and the first plays on`, async () => {
    const told = await inPage(async (wanted) => {
      const output = await noxrun.createOutput({ producer: 'handle', transport: wanted });
      const { openOutput } = await import('/noxrun/worker.js');
      // On this thread, where the same handle can be opened twice: what is posted is gone.
      const first = await openOutput(output.handle);
      first.write(new Float32Array(512));
      const second = await refused(() => openOutput(output.handle));
      await output.start();
      // More than a ring: it hears of the reader.
      const samples = new Float32Array(512);
      for (let frames = 0; frames < 20_000; frames += 256) await first.writeAll(samples);
      output.flush();
      await first.writeAll(samples);
      const closed = await output.close();
      await first.closed;
      return { second, closed, missed: misses(closed) };
    }, transport);
    assert.equal(told.second.code, 'producer-taken');
    assert.ok(told.closed.ledger.freshFrames > 10_000, JSON.stringify(told.closed.ledger));
    assert.equal(told.missed, 0);
  });
}

test('a server that never answers, or never comes to an end: an error in time, not a hang', async () => {
  const errors = await inPage(() => {
    // Five times as fast as life.
    const slow = setTimeout;
    globalThis.setTimeout = (body, ms, ...rest) => slow(body, ms / 5, ...rest);
    return Promise.all(['silent', 'stalled'].map((name) => refused(() => noxrun.createOutput({ urls: { wasm: `/core/${name}.wasm` } }))));
  });
  assert.deepEqual(errors.map(({ code }) => code), ['no-answer', 'no-answer']);
  assert.match(errors[0].message, /silent.wasm did not come within 15 s/);
  assert.match(errors[1].message, /stalled.wasm did not come within 120 s/);
});

test('a callback that promises its frames is refused by name', async () => {
  const told = await inPage(async () => {
    const output = await noxrun.createOutput({ producer: 'page' });
    const failed = await refused(() => output.producer.render(async () => {}));
    await until(() => output.state === 'lost');
    const { state } = output;
    await output.close();
    const other = await noxrun.createOutput({ producer: 'page' });
    const thrown = await refused(() => other.producer.render(() => { throw new Error('the sound broke'); }));
    await other.close();
    return { failed, state, thrown };
  });
  assert.equal(told.thrown.message, 'the sound broke');
  assert.equal(told.failed.code, 'option');
  assert.match(told.failed.message, /not Promise/);
  assert.equal(told.state, 'lost');
});

test('a signal gives up starting, and closes what has started', async () => {
  const told = await inPage(async () => {
    const at = new AbortController();
    at.abort(new Error('no more'));
    const already = await refused(() => noxrun.createOutput({ signal: at.signal }));
    const soon = new AbortController();
    setTimeout(() => soon.abort(new Error('changed my mind')), 1);
    const meanwhile = await refused(() => noxrun.createOutput({ signal: soon.signal }));
    const later = new AbortController();
    const output = await noxrun.createOutput({ signal: later.signal });
    later.abort();
    await until(() => output.state === 'closed');
    return [already.message, meanwhile.message, output.state];
  });
  assert.deepEqual(told, ['no more', 'changed my mind', 'closed']);
});

test('without a gesture start() says so, and the sound begins with the next one', async () => {
  const strict = await launch({ autoplay: false });
  try {
    const own = await strict.newPage();
    // A tool that asks a page anything counts as a gesture: the page has to tell by itself.
    const said = [];
    own.on('console', (message) => message.type() === 'log' && said.push(JSON.parse(message.text())));
    const heard = async (count) => {
      while (said.length < count) await new Promise((resolve) => { setTimeout(resolve, 20); });
      return said[count - 1];
    };
    await own.goto(`${server.url}core/blocked.html`);
    const { code, message, state } = await heard(1);
    assert.equal(code, 'blocked');
    assert.match(message, /click or key/);
    assert.equal(state, 'blocked');
    await own.mouse.click(50, 50);
    // With its gesture it is never said to be blocked.
    assert.deepEqual(await heard(2), { running: 'running', states: ['starting', 'running'], imbalance: 0 });
  } finally {
    await strict.close();
  }
});
