// Bad use: each is refused with a code and a message that says what to do, and none hangs.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { ROOT, servePages } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

const ours = Object.fromEntries(['page.html', 'blocked.html', 'page.js', 'own.js', 'module.js', 'render.js'].map((file) => [`/core/${file}`, `${ROOT}/tests/package/core/${file}`]));

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
    const taken = await noxrun.createOutput({ producer: 'page' });
    taken.producer.offer(new Float32Array(256));
    await taken.close();
    return { foreign, old, pageHears, stale, wrongThread: await refused(async () => (await import('/noxrun/worker.js')).receiveOutput()) };
  });
  assert.equal(told.foreign.refused?.code, 'not-an-output');
  assert.equal(told.old.refused?.code, 'version-mismatch');
  assert.match(told.old.refused.message, /0\.0\.9/);
  assert.equal(told.pageHears, 'lost');
  assert.equal(told.stale.refused?.code, 'stale');
  assert.equal(told.wrongThread.code, 'wrong-thread');
});

test('a second producer on one ring is refused, and the first plays on', async () => {
  const told = await inPage(async () => {
    const output = await noxrun.createOutput({ producer: 'handle' });
    const { openOutput } = await import('/noxrun/worker.js');
    // On this thread, where the same handle can be opened twice: what is posted is gone.
    const first = await openOutput(output.handle);
    first.write(new Float32Array(512));
    const second = await refused(async () => (await openOutput(output.handle)).write(new Float32Array(512)));
    first.write(new Float32Array(512));
    const { producedFrames } = (await output.look()).ledger;
    await output.close();
    return { second, producedFrames };
  });
  assert.equal(told.second.code, 'producer-taken');
  assert.equal(told.producedFrames, 512);
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
    assert.deepEqual(await heard(2), { running: 'running', imbalance: 0 });
  } finally {
    await strict.close();
  }
});
