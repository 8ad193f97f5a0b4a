// The page's end of the package: every way to bring sound, both transports, losses and recoveries, ten outputs and a thousand, and what is refused. Figures are held against the sums worked out here once more.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { ROOT, servePages } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

const ours = Object.fromEntries(['page.html', 'page.js', 'own.js', 'module.js', 'never.js', 'render.js', 'two.js'].map((file) => [`/core/${file}`, `${ROOT}/tests/package/core/${file}`]));

let browser;
const servers = {};
before(async () => {
  browser = await launch();
  servers.shared = await servePages({ routes: ours });
  servers.message = await servePages({ routes: ours, isolated: false });
});
after(async () => {
  await browser?.close();
  for (const server of Object.values(servers)) await server.close();
});

/** Runs `body` (and what it is given) in a page of its own, which may share memory or not. */
async function inPage(transport, body, ...given) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  try {
    await page.goto(`${servers[transport].url}core/page.html`);
    await page.waitForFunction(() => globalThis.ready);
    return await page.evaluate(body, ...given);
  } finally {
    await context.close();
  }
}

const TRANSPORTS = ['shared', 'message'];

for (const transport of TRANSPORTS) {
  // Each brings 30,000 frames (of another memory: as many whole blocks), and ends.
  for (const [way, options, frames] of [
    ['callback', { frames: 30_000 }, 30_000],
    ['push', { frames: 30_000 }, 30_000],
    ['stream', { frames: 30_000 }, 30_000],
    ['memory', {}, 29_952],
    ['memory', { planar: true }, 29_952],
  ]) {
    test(`a worker of one's own, ${way}${options.planar ? ', planar' : ''}, by ${transport}: every frame is played, the sound ends, and all is accounted for`, async () => {
      const { last, told, missed } = await inPage(transport, async (data) => {
        const output = await noxrun.createOutput({ producer: ownWorker(), data });
        const heard = overhear(output);
        await output.start();
        await until(() => output.state === 'ended');
        const before = await output.look();
        const closed = await output.close();
        return { last: before, told: heard.filter(([type]) => type === 'statechange').map(([, { state }]) => state), missed: [misses(before), misses(closed)] };
      }, { way, ...options });
      assert.equal(last.state, 'ended');
      assert.equal(last.transport, transport);
      assert.equal(last.ledger.producedFrames, frames);
      assert.equal(last.ledger.freshFrames, frames);
      assert.deepEqual(missed, [0, 0]);
      assert.deepEqual(told, ['starting', 'running', 'ended', 'closed']);
    });
  }

  test(`a producer with a clock of its own, by ${transport}: what does not fit is an overrun, and counted`, async () => {
    const { last, missed, heard } = await inPage(transport, async () => {
      // 400 frames each 4 ms at least: twice what the device takes.
      const output = await noxrun.createOutput({ producer: ownWorker(), data: { way: 'offer', frames: 400, periodMs: 4, times: 240 } });
      const told = overhear(output);
      await output.start();
      await until(() => output.state === 'ended');
      const closed = await output.close();
      return { last: closed, missed: misses(closed), heard: told.filter(([type]) => type === 'overrun').map(([, { cause }]) => cause) };
    });
    assert.equal(last.ledger.producedFrames, 96_000);
    assert.ok(last.ledger.droppedBy.overflow > 10_000, `${last.ledger.droppedBy.overflow} frames overflowed`);
    assert.equal(last.ledger.droppedFrames, last.ledger.droppedBy.overflow);
    assert.equal(missed, 0);
    assert.equal(heard.length, last.overruns.events);
    assert.ok(heard.includes('rate-mismatch'), `the causes were ${heard}`);
  });

  test(`a producer on the page, by ${transport}: pushes, waits for room, flushes, ends`, async () => {
    const { missed, last, written } = await inPage(transport, async () => {
      const output = await noxrun.createOutput({ producer: 'page' });
      const { producer } = output;
      await output.start();
      const samples = new Float32Array(producer.blockFrames * producer.channels).fill(0.1);
      for (let block = 0; block < 60; block += 1) {
        await producer.writable;
        producer.write(samples);
      }
      producer.flush();
      await producer.writeAll(samples);
      producer.end();
      await until(() => output.state === 'ended');
      const closed = await output.close();
      return { missed: misses(closed), last: closed, written: 61 * producer.blockFrames };
    });
    assert.equal(missed, 0);
    // What was flushed before it came into the ring was never produced: one block waits there at most.
    assert.ok(last.ledger.producedFrames <= written && last.ledger.producedFrames >= written - 256, `${last.ledger.producedFrames} of ${written} frames`);
    // What was flushed was dropped because of that, whatever of it was in the ring by then.
    assert.equal(last.ledger.droppedFrames, last.ledger.droppedBy.seek);
    assert.equal(last.ledger.freshFrames + last.ledger.droppedFrames, last.ledger.producedFrames);
  });

  test(`a module's render function, by ${transport}`, async () => {
    const { missed, last } = await inPage(transport, async () => {
      const output = await noxrun.createOutput({ module: '/core/render.js' });
      await output.start();
      await until(() => output.stats.ledger.freshFrames > 20_000);
      const closed = await output.close();
      return { missed: misses(closed), last: closed };
    });
    assert.ok(last.ledger.freshFrames > 20_000);
    assert.equal(missed, 0);
  });

  test(`a stall, by ${transport}: heard as an underrun with its cause, then it goes on`, async () => {
    const { missed, last, losses, heard, after } = await inPage(transport, async () => {
      const output = await noxrun.createOutput({ producer: ownWorker(), data: { way: 'callback', stallAt: 20_000, stallMs: 400 } });
      const told = overhear(output);
      await output.start();
      await until(() => output.stats.ledger.freshFrames > 60_000);
      const { losses: listed } = output;
      const before = output.stats.ledger.freshFrames;
      await until(() => output.stats.ledger.freshFrames > before + 5000);
      const grown = output.stats.ledger.freshFrames;
      const closed = await output.close();
      return { missed: misses(closed), last: closed, losses: listed, heard: told.filter(([type]) => type === 'underrun').map(([, detail]) => detail), after: grown - before };
    });
    const long = losses.filter(({ kind, frames }) => kind === 'underrun' && frames > 10_000);
    assert.equal(long.length, 1, `one loss of 400 ms less the ring: ${JSON.stringify(losses)}`);
    assert.ok(['stalled', 'render-too-slow'].includes(long[0].cause), `its cause is ${long[0].cause}`);
    assert.equal(long[0].endedBy, 'back');
    assert.ok(after > 5000);
    assert.equal(missed, 0);
    // Each event once, in order, and all of them.
    assert.deepEqual(heard.map(({ number }) => number), Array.from({ length: last.underruns.events }, (_, place) => place + 1));
    assert.equal(Object.values(last.underruns.byCause).reduce((sum, count) => sum + count), last.underruns.events);
  });

  test(`a producer that Noxrun started and that is lost, by ${transport}, is started again at the same node`, async () => {
    const { missed, last, types, same, frames } = await inPage(transport, async () => {
      const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 30_000 } });
      const heard = overhear(output);
      const { node } = output;
      await output.start();
      await until(() => heard.some(([type]) => type === 'recovered'));
      await until(() => output.stats.ledger.freshFrames > 45_000);
      const now = output.stats;
      const closed = await output.close();
      return { missed: [misses(now), misses(closed)], last: closed, types: heard.map(([type]) => type), same: node === output.node, frames: heard.find(([type]) => type === 'producerlost')[1] };
    });
    assert.deepEqual(missed, [0, 0]);
    assert.ok(same);
    assert.ok(last.recoveries >= 1);
    assert.ok(last.ledger.freshFrames > 45_000, 'more was played than one producer brings');
    assert.equal(frames.recovers, true);
    assert.equal(frames.error.code, 'worker-crashed');
    assert.match(frames.error.message, /the module broke/);
    assert.ok(types.indexOf('producerlost') < types.indexOf('recovered'));
  });
}

test('a producer that hangs is lost when its heart has not beaten for two seconds, and replaced; what lay in its memory is lost too', async () => {
  const { missed, last, error } = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 30_000, how: 'hang' } });
    const heard = overhear(output);
    await output.start();
    await until(() => heard.some(([type]) => type === 'recovered'), 20_000);
    const closed = await output.close();
    return { missed: misses(closed), last: closed, error: heard.find(([type]) => type === 'producerlost')[1].error };
  });
  assert.equal(missed, 0);
  assert.equal(error.code, 'producer-lost');
  assert.ok(last.underruns.byCause['producer-lost'] >= 1);
});

test('what is lost at once again and again is given up, with an error', async () => {
  const { state, refusedWith, types } = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 0 } });
    const heard = overhear(output);
    await refused(() => output.start());
    await until(() => output.state === 'lost');
    const told = { state: output.state, refusedWith: await refused(() => output.start()), types: heard.filter(([type]) => type === 'producerlost').map(([, { recovers }]) => recovers) };
    await output.close();
    return told;
  });
  assert.equal(state, 'lost');
  assert.equal(refusedWith.code, 'worker-crashed');
  assert.deepEqual(types, [true, true, false]);
});

test('what hangs in its first block is given up too, and is never said to have recovered', async () => {
  const told = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 0, how: 'hang' } });
    const heard = overhear(output);
    output.start().catch(() => {});
    await until(() => output.state === 'lost', 30_000);
    await output.stop();
    await sleep(600);
    const { recoveries } = output.stats;
    const missed = misses(await output.close());
    return { types: heard.map(([type]) => type), states: heard.filter(([type]) => type === 'statechange').map(([, { state }]) => state), recoveries, missed };
  });
  assert.equal(told.missed, 0);
  assert.equal(told.types.filter((type) => type === 'producerlost').length, 3);
  assert.ok(!told.types.includes('recovered'), told.types.join(' '));
  assert.ok(!told.states.includes('running'), told.states.join(' '));
}, { longer: 30 });

test('a worker of one\'s own that is lost stays lost until it is replaced', async () => {
  const { states, missed, last } = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ producer: ownWorker(), data: { way: 'callback', throwAt: 20_000 } });
    await output.start();
    await until(() => output.state === 'lost');
    const lost = output.state;
    await output.replaceProducer(ownWorker());
    await until(() => output.stats.ledger.freshFrames > 30_000);
    const closed = await output.close();
    return { states: [lost, closed.state], missed: misses(closed), last: closed };
  });
  assert.equal(states[0], 'lost');
  assert.ok(last.ledger.freshFrames > 30_000);
  assert.equal(missed, 0);
});

test('what is wished while a lost producer is being replaced holds afterwards', async () => {
  const told = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 20_000 } });
    const heard = overhear(output);
    const lost = new Promise((resolve) => { output.addEventListener('producerlost', resolve, { once: true }); });
    await output.start();
    await lost;
    await output.stop();
    output.bufferFrames = 512;
    await until(() => heard.some(([type]) => type === 'recovered'));
    await sleep(300);
    const now = output.stats;
    await sleep(300);
    const later = output.stats;
    const closed = await output.close();
    return { state: later.state, grew: later.ledger.freshFrames - now.ledger.freshFrames, fill: later.fillFrames, missed: misses(closed) };
  });
  assert.equal(told.state, 'stopped');
  assert.equal(told.grew, 0);
  assert.ok(told.fill <= 512, `${told.fill} frames lie ahead`);
  assert.equal(told.missed, 0);
});

test('closed while a lost producer is being replaced: everything ends, and no worker stays', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${servers.shared.url}core/page.html`);
  await page.waitForFunction(() => globalThis.ready);
  const told = await page.evaluate(async () => {
    const output = await noxrun.createOutput({ module: '/core/module.js', data: { loseAfter: 20_000, how: 'hang' } });
    const lost = new Promise((resolve) => { output.addEventListener('producerlost', resolve, { once: true }); });
    await output.start();
    await lost;
    const closed = await output.close();
    return { state: output.state, missed: misses(closed), again: await refused(() => output.start()) };
  });
  assert.equal(told.state, 'closed');
  assert.equal(told.missed, 0);
  assert.equal(told.again.code, 'closed');
  for (const began = Date.now(); page.workers().length > 1 && Date.now() - began < 20_000;) await new Promise((resolve) => { setTimeout(resolve, 100); });
  assert.ok(page.workers().length <= 1, `${page.workers().length} workers are there, where one may stand by`);
  // Nobody has an output any more: it ends as well.
  for (const began = Date.now(); page.workers().length > 0 && Date.now() - began < 20_000;) await new Promise((resolve) => { setTimeout(resolve, 100); });
  assert.equal(page.workers().length, 0);
  await context.close();
});

test('a replacement that cannot be is refused by name: the output is lost, and takes another one', async () => {
  const told = await inPage('shared', async () => {
    const buffer = new ArrayBuffer(8);
    const output = await noxrun.createOutput({ producer: ownWorker(), data: { way: 'callback', buffer }, transfer: [buffer] });
    await output.start();
    await until(() => output.stats.ledger.freshFrames > 5000);
    const unclonable = await refused(() => output.replaceProducer(ownWorker(), { data: { way: 'callback', call: () => {} } }));
    const { state } = output;
    const again = await refused(() => output.start());
    // What was handed over to the first one is not sent again.
    await output.replaceProducer(ownWorker(), { data: { way: 'callback' } });
    await output.start();
    const before = output.stats.ledger.freshFrames;
    await until(() => output.stats.ledger.freshFrames > before + 5000);
    const grown = output.stats.ledger.freshFrames - before;
    return { unclonable, state, again, grown, transfer: await refused(() => output.replaceProducer(ownWorker(), { transfer: 7 })), missed: misses(await output.close()) };
  });
  assert.equal(told.unclonable.code, 'option', told.unclonable.message);
  assert.match(told.unclonable.message, /data cannot be posted/);
  assert.equal(told.state, 'lost');
  assert.equal(told.again.code, 'option');
  assert.ok(told.grown > 5000);
  assert.equal(told.transfer.code, 'option');
  assert.equal(told.missed, 0);
});

test('one worker serves several outputs: who asks first gets what comes first', async () => {
  const told = await inPage('shared', async () => {
    const worker = ownWorker('two.js');
    const outputs = [await noxrun.createOutput({ producer: worker, data: 0.25 }), await noxrun.createOutput({ producer: worker, data: 0.5 })];
    for (const output of outputs) await output.start();
    await until(() => outputs.every((output) => output.stats.ledger.freshFrames > 5000));
    const fresh = outputs.map((output) => output.stats.ledger.freshFrames);
    const said = new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); });
    worker.postMessage('told');
    const missed = [];
    for (const output of outputs) missed.push(misses(await output.close()));
    return { fresh, missed, order: await said };
  });
  assert.ok(told.fresh.every((frames) => frames > 5000), JSON.stringify(told.fresh));
  assert.deepEqual(told.missed, [0, 0]);
  assert.deepEqual(told.order, { order: [0.25, 0.5], givenUp: 'not any more' });
});

test('preload loads what createOutput then takes, whatever the addresses are relative to', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${servers.shared.url}core/page.html`);
  await page.waitForFunction(() => globalThis.ready);
  await page.evaluate(async () => {
    const urls = { wasm: '../noxrun/noxrun.wasm', worker: '../noxrun/producer.js', processor: '../noxrun/processor.js' };
    await noxrun.preload({ urls });
    const output = await noxrun.createOutput({ urls });
    await output.start();
    await output.close();
  });
  assert.equal(asked.filter((path) => path === '/noxrun/noxrun.wasm').length, 1, asked.join(' '));
  // The one that played, and the one that stands by for the next output.
  assert.ok(asked.filter((path) => path === '/noxrun/producer.js').length <= 2, asked.join(' '));
  await context.close();
});

test('replaced twice at once: one after the other, and the last one plays', async () => {
  const told = await inPage('shared', async () => {
    const output = await noxrun.createOutput({ producer: ownWorker(), data: { way: 'callback' } });
    await output.start();
    await until(() => output.stats.ledger.freshFrames > 5000);
    const [one, other] = [ownWorker(), ownWorker()];
    // Each gets what is its own.
    const given = () => {
      const { port1: port } = new MessageChannel();
      return { data: { way: 'callback', port }, transfer: [port] };
    };
    await Promise.all([output.replaceProducer(one, given()), output.replaceProducer(other, given())]);
    one.terminate();
    const before = output.stats.ledger.freshFrames;
    await until(() => output.stats.ledger.freshFrames > before + 20_000);
    const { freshFrames } = output.stats.ledger;
    return { grew: freshFrames - before, missed: misses(await output.close()) };
  });
  assert.ok(told.grew > 20_000);
  assert.equal(told.missed, 0);
});

test('a module that never comes to its end is given up, by name', async () => {
  const error = await inPage('shared', () => refused(() => noxrun.createOutput({ module: '/core/never.js' })));
  assert.equal(error?.code, 'no-answer');
  assert.match(error.message, /never\.js/);
});

for (const [channels, sampleRate] of [[1, 16_000], [6, 96_000]]) {
  for (const transport of TRANSPORTS) {
    test(`${channels} channels at ${sampleRate} Hz, by ${transport}`, async () => {
      const { last, missed } = await inPage(transport, async (options) => {
        const output = await noxrun.createOutput({ ...options, producer: ownWorker(), data: { way: 'callback', frames: 20_000 } });
        await output.start();
        await until(() => output.state === 'ended');
        const closed = await output.close();
        return { last: closed, missed: misses(closed) };
      }, { channels, sampleRate });
      assert.deepEqual([last.channels, last.sampleRate], [channels, sampleRate]);
      assert.equal(last.ledger.freshFrames, 20_000);
      assert.equal(missed, 0);
    });
  }
}

test('in a graph of the page\'s own: a context that it has, another node behind it, stop and start, another size', async () => {
  const told = await inPage('shared', async () => {
    const context = new AudioContext();
    const output = await noxrun.createOutput({ context, source: { kind: 'sine', hz: 1000 }, bufferFrames: 1024 });
    const analyser = new AnalyserNode(context);
    output.node.connect(analyser).connect(context.destination);
    const peak = () => {
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      return Math.max(...samples.map(Math.abs));
    };
    const ready = [output.state, output.node instanceof AudioWorkletNode, output.context === context];
    await output.start();
    await until(() => peak() > 0.01);
    const loud = peak();
    await output.stop();
    await until(() => peak() === 0);
    const quiet = [output.state, peak()];
    output.bufferFrames = 8192;
    await output.start();
    await until(() => output.stats.fillFrames > 4096);
    const fill = output.stats.fillFrames;
    const closed = await output.close();
    const open = context.state;
    await context.close();
    return { ready, loud, quiet, fill, missed: misses(closed), open, states: closed.state };
  });
  assert.deepEqual(told.ready, ['ready', true, true]);
  assert.ok(told.loud > 0.01);
  assert.deepEqual(told.quiet, ['stopped', 0]);
  assert.ok(told.fill > 4096);
  assert.equal(told.missed, 0);
  assert.equal(told.open, 'running', 'a context that was given is not closed');
});

test('ten outputs at once, each with a context and a worker of its own: none of their frames is unaccounted for', async () => {
  const told = await inPage('shared', async () => {
    const outputs = await Promise.all(Array.from({ length: 10 }, (_, place) => noxrun.createOutput({ source: { kind: 'sine', hz: 200 + 50 * place } })));
    await Promise.all(outputs.map((output) => output.start()));
    await until(() => outputs.every((output) => output.stats.ledger.freshFrames > 20_000), 30_000);
    const playing = outputs.map((output) => misses(output.stats));
    const closed = await Promise.all(outputs.map((output) => output.close()));
    return { playing, closed: closed.map(misses), fresh: Math.min(...closed.map(({ ledger }) => ledger.freshFrames)) };
  });
  assert.deepEqual(told.playing, Array(10).fill(0));
  assert.deepEqual(told.closed, Array(10).fill(0));
  assert.ok(told.fresh > 20_000);
});

test('two tabs at once', async () => {
  const play = () => inPage('shared', async () => {
    const output = await noxrun.createOutput();
    await output.start();
    await until(() => output.stats.ledger.freshFrames > 20_000);
    return misses(await output.close());
  });
  assert.deepEqual(await Promise.all([play(), play()]), [0, 0]);
});

test('a hundred open at once in one context; more than the browser has memories for are refused by name, and room comes back', async () => {
  const told = await inPage('shared', async () => {
    const context = new AudioContext();
    const outputs = [];
    let error = null;
    while (error === null && outputs.length < 200) {
      error = await refused(async () => {
        const output = await noxrun.createOutput({ context, source: { kind: 'index' } });
        output.node.connect(context.destination);
        outputs.push(output);
      });
    }
    await Promise.all(outputs.slice(0, 100).map((output) => output.start()));
    await until(() => outputs.slice(0, 100).every((output) => output.stats.ledger.freshFrames > 1000), 40_000);
    const fresh = outputs.slice(0, 100).filter((output) => output.stats.ledger.freshFrames > 1000).length;
    const closed = await Promise.all(outputs.map((output) => output.close()));
    const again = await refused(async () => { await (await noxrun.createOutput({ context })).close(); });
    await context.close();
    return { count: outputs.length, code: error?.code, fresh, missed: closed.map(misses).reduce((sum, miss) => sum + miss), again };
  });
  assert.ok(told.count >= 100, `${told.count} were open`);
  assert.equal(told.code, 'too-many');
  assert.equal(told.fresh, 100);
  assert.equal(told.missed, 0);
  assert.equal(told.again, null);
}, { longer: 120 });

test('nothing of an output stays on the audio thread of a context that goes on', async () => {
  const collecting = await launch({ args: ['--js-flags=--expose-gc'] });
  try {
    const page = await (await collecting.newContext()).newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(`${servers.shared.url}core/page.html`);
    await page.waitForFunction(() => globalThis.ready);
    const left = await page.evaluate(async () => {
      const context = new AudioContext();
      // Every processor that is made from now on is told of by a weak reference; a census collects first.
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([`
        const made = [];
        const register = registerProcessor.bind(globalThis);
        globalThis.registerProcessor = (name, Processor) => register(name, class extends Processor {
          constructor(options) {
            super(options);
            made.push(new WeakRef(this));
          }
        });
        register('census', class extends AudioWorkletProcessor {
          constructor() {
            super();
            gc();
            this.port.postMessage([made.length, made.filter((one) => one.deref() !== undefined).length]);
          }
          process() { return false; }
        });
      `], { type: 'text/javascript' })));
      const census = async () => {
        gc();
        const node = new AudioWorkletNode(context, 'census');
        const [all, alive] = await new Promise((resolve) => { node.port.onmessage = ({ data }) => resolve(data); });
        node.port.close();
        return { all, alive };
      };
      const figures = {};
      for (const transport of ['shared', 'message']) {
        for (let time = 0; time < 12; time += 1) {
          const output = await noxrun.createOutput({ context, transport });
          if (time % 2 === 0) await output.start();
          await output.close();
        }
        // What was just ended may be held by what is still on its way.
        for (let wait = 0; wait < 50 && (await census()).alive > 2; wait += 1) await sleep(100);
        figures[transport] = await census();
      }
      const output = await noxrun.createOutput({ context });
      figures.open = await census();
      await output.close();
      await context.close();
      return figures;
    });
    console.log(`# processors on the audio thread: ${JSON.stringify(left)}`);
    assert.equal(left.message.all, 24);
    assert.ok(left.open.alive >= 1, 'the census counts those that are there');
    for (const transport of TRANSPORTS) assert.ok(left[transport].alive <= 2, `by ${transport}: ${left[transport].alive} of ${left[transport].all} stay`);
  } finally {
    await collecting.close();
  }
}, { longer: 2 });

test('opened and closed again and again: no worker, no context and no memory stays', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(`${servers.shared.url}core/page.html`);
  await page.waitForFunction(() => globalThis.ready);
  const cycles = (count) => page.evaluate(async (times) => {
    globalThis.shared ??= new AudioContext();
    for (let time = 0; time < times; time += 1) {
      // In a context that stays, and in one of its own, in turn; every second two by messages.
      const output = await noxrun.createOutput({ ...(time % 2 === 0 ? { context: globalThis.shared } : {}), transport: time % 4 < 2 ? 'shared' : 'message' });
      await output.start();
      const closed = await output.close();
      if (misses(closed) !== 0) throw new Error(`the ledger of output ${time} misses ${misses(closed)} frames`);
    }
  }, count);
  const session = await context.newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize;
  };
  await cycles(20);
  const first = await heap();
  const cyclesThen = 100;
  await cycles(cyclesThen);
  const grown = (await heap()) - first;
  // The one that stands by.
  assert.equal(page.workers().length, 1, `${page.workers().length} workers are there`);
  console.log(`# ${cyclesThen} outputs: the page's heap grew by ${grown} bytes`);
  // An output that stayed would keep 15 KB of page, and its memory of some megabytes.
  assert.ok(grown < 1_000 * cyclesThen + 200_000, `the page's heap grew by ${grown} bytes`);
  await context.close();
}, { longer: 600 });
