// The examples, as ci/build-examples leaves them: each is opened, played and closed, with shared memory and with messages; what is heard is what its producer makes; every frame is accounted for.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test as nodeTest } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { complaints, launch } from '../support/chromium.mjs';
import { ISOLATION, serve } from '../support/server.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SOURCES = path.join(ROOT, 'examples');
const BUILT = path.resolve(process.env.NOXRUN_EXAMPLES ?? path.join(ROOT, 'target/examples'));
assert.ok(existsSync(path.join(BUILT, 'index.html')), `${BUILT} is not there: run ci/build-examples first`);

/** Milliseconds for anything that is waited for. Nothing takes a tenth of it where nothing else goes on. */
const PATIENCE = 30_000;
/** Frames of the left channel that are compared with what the producer makes. */
const WINDOW = 512;
/** Of a WAV file that is cut: 44 for its head, 4 for a frame. */
const SHORT_BYTES = 44 + 4 * 66_150;
const test = (name, body) => nodeTest(name, { timeout: 120_000 }, body);
const built = (name) => readFileSync(path.join(BUILT, name));
const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

// --- Without a browser ---------------------------------------------------------------------------------------------------

/** A Wasm module's exports; it must want nothing, and have a memory of its own that is not shared. */
async function alone(name) {
  const module = new WebAssembly.Module(built(name));
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const { exports } = await WebAssembly.instantiate(module);
  assert.ok(exports.memory.buffer instanceof ArrayBuffer);
  return exports;
}

/** What examples/c plays in `frames` frames, left and right, rendered in blocks of these sizes in turn. */
async function chip(rate, frames, sizes) {
  const { memory, start, render } = await alone('c/chip.wasm');
  start(rate);
  const sides = [new Float32Array(frames), new Float32Array(frames)];
  for (let at = 0, nth = 0; at < frames; nth += 1) {
    const count = Math.min(sizes[nth % sizes.length], frames - at);
    const block = new Float32Array(memory.buffer, render(count), 2 * count);
    sides.forEach((side, channel) => side.set(block.subarray(channel * count, (channel + 1) * count), at));
    at += count;
  }
  return sides;
}

/** What examples/rust-stable plays, likewise. */
async function strings(rate, frames, sizes) {
  const { memory, create, render } = await alone('rust-stable/strings.wasm');
  const made = create(rate, 2);
  const sides = [new Float32Array(frames), new Float32Array(frames)];
  for (let at = 0, nth = 0; at < frames; nth += 1) {
    const count = Math.min(sizes[nth % sizes.length], frames - at);
    // The memory grows: a view is good for one block.
    const block = new Float32Array(memory.buffer, render(made, count), 2 * count);
    for (let frame = 0; frame < count; frame += 1) sides.forEach((side, channel) => { side[at + frame] = block[2 * frame + channel]; });
    at += count;
  }
  return sides;
}

/** The left channel of the WAV file that is streamed. */
function wavLeft() {
  const bytes = built('media/sound.wav');
  const data = bytes.indexOf('data') + 8;
  return Float32Array.from({ length: (bytes.length - data) / 4 }, (_, frame) => bytes.readInt16LE(data + 4 * frame) / 32_768);
}

/** The pitch of a sound with one, in Hz, by how well it matches itself shifted; for 100 to 1000 Hz. */
function pitch(sound, rate) {
  const match = (lag) => {
    let sum = 0;
    for (let at = 0; at + lag < sound.length; at += 1) sum += sound[at] * sound[at + lag];
    return sum / (sound.length - lag);
  };
  let best = 0;
  let most = -Infinity;
  for (let lag = Math.ceil(rate / 1000); lag <= rate / 100; lag += 1) {
    const now = match(lag);
    // The shortest of those that match as well: twice the period does so too.
    if (now > most * (most > 0 ? 1.02 : 1)) [best, most] = [lag, now];
  }
  return rate / best;
}

for (const [name, render, hz] of [['c', chip, 440], ['rust-stable', strings, 220]]) {
  test(`${name}: the same sound in blocks of any size, of the right pitch`, async () => {
    const rate = 48_000;
    const [left, right] = await render(rate, 24_000, [256]);
    assert.deepEqual(await render(rate, 24_000, [1, 128, 441, 2048]), [left, right]);
    assert.ok(left.every((sample) => Math.abs(sample) <= 1) && left.some((sample) => Math.abs(sample) > 0.1));
    // Its first note.
    const heard = pitch(left.subarray(0, 4000), rate);
    assert.ok([1, 2, 4].some((octave) => Math.abs(heard * octave - hz) < 0.02 * hz), `${heard} Hz instead of ${hz}`);
  });
}

/** What a TransformStream makes of `bytes` in pieces of `size`. */
async function through(transform, bytes, size) {
  const pieces = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(new Uint8Array(bytes.subarray(at, at + size)));
      controller.close();
    },
  });
  const parts = [];
  for await (const part of pieces.pipeThrough(transform)) parts.push(part);
  return parts;
}

/** A WAV file: `chunks` as [name, bytes]. */
function riff(...chunks) {
  const parts = chunks.map(([name, bytes, told = bytes.length]) => {
    const head = Buffer.alloc(8);
    head.write(name);
    head.writeUInt32LE(told, 4);
    return Buffer.concat([head, bytes, Buffer.alloc(bytes.length % 2)]);
  });
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), ...parts]);
}

function fmt(kind, channels, rate, bits) {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(kind, 0);
  bytes.writeUInt16LE(channels, 2);
  bytes.writeUInt32LE(rate, 4);
  bytes.writeUInt16LE(bits, 14);
  return bytes;
}

const int16 = (...values) => Buffer.from(Int16Array.from(values).buffer);

test('media: WAV files in pieces of any size', async () => {
  const { wavSamples } = await import(pathToFileURL(path.join(BUILT, 'media/wav.js')));
  const read = async (bytes, size, output) => (await through(wavSamples({ sampleRate: 44_100, channels: 2, ...output }), bytes, size)).flatMap((block) => [...block]);
  const stereo = riff(['LIST', Buffer.from('odd')], ['fmt ', fmt(1, 2, 44_100, 16)], ['data', int16(-32_768, 16_384, 8192, 0)], ['LIST', Buffer.from('not sound')]);
  const mono = riff(['fmt ', fmt(3, 1, 44_100, 32)], ['data', Buffer.from(Float32Array.of(0.5, -0.25).buffer)]);
  // As a program writes it that cannot go back to say how long it became.
  const endless = riff(['fmt ', fmt(1, 2, 44_100, 16)], ['data', int16(1, 2, 3, 4), 0xffff_ffff]);
  for (const size of [1, 3, 7, 1000]) {
    assert.deepEqual(await read(stereo, size), [-1, 0.5, 0.25, 0], `pieces of ${size}`);
    assert.deepEqual(await read(mono, size), [0.5, 0.5, -0.25, -0.25], `pieces of ${size}`);
    assert.deepEqual(await read(endless, size), [1, 2, 3, 4].map((value) => value / 32_768), `pieces of ${size}`);
  }
  assert.deepEqual(await read(mono, 5, { channels: 1 }), [0.5, -0.25]);
  const left = await read(built('media/sound.wav'), 65_537);
  assert.deepEqual(left.filter((_, at) => at % 2 === 0), [...wavLeft()]);
  await assert.rejects(read(stereo, 9, { sampleRate: 48_000 }), /44100 Hz and the output 48000/);
  await assert.rejects(read(stereo, 9, { channels: 1 }), /2 channels and the output 1/);
  await assert.rejects(read(riff(['fmt ', fmt(1, 2, 44_100, 24)], ['data', int16(1)]), 9), /24 bits/);
  await assert.rejects(read(riff(['data', int16(1)]), 9), /does not say/);
  await assert.rejects(read(Buffer.from('<!doctype html>'), 4), /no WAV/);
  await assert.rejects(read(stereo.subarray(0, 30), 4), /ends before/);
});

test('media: the packets of an Ogg file in pieces of any size', async () => {
  const { oggPackets } = await import(pathToFileURL(path.join(BUILT, 'media/ogg.js')));
  const bytes = built('media/sound.opus');
  const whole = await through(oggPackets(), bytes, bytes.length);
  assert.match(Buffer.from(whole[0]).toString('latin1'), /^OpusHead/);
  assert.match(Buffer.from(whole[1]).toString('latin1'), /^OpusTags/);
  // 20 s in packets of 20 ms, and what the encoder puts before them.
  assert.ok(whole.length >= 2 + 1000 && whole.length <= 2 + 1002, `${whole.length} packets`);
  for (const size of [26, 255, 4096]) assert.deepEqual(await through(oggPackets(), bytes, size), whole, `pieces of ${size}`);
  await assert.rejects(through(oggPackets(), Buffer.alloc(100), 10), /no Ogg/);
});

test('every example has a page and a text, and is listed', () => {
  const list = readFileSync(path.join(SOURCES, 'README.md'), 'utf8');
  const index = readFileSync(path.join(SOURCES, 'index.html'), 'utf8');
  for (const name of folders) {
    for (const file of ['README.md', 'index.html', 'page.js']) assert.ok(existsSync(path.join(SOURCES, name, file)), `${name}/${file}`);
    assert.ok(list.includes(`[${name}](${name})`), `examples/README.md does not name ${name}`);
    assert.ok(index.includes(`href="${name}/"`), `examples/index.html does not name ${name}`);
  }
});

test('the README’s first example is examples/quick-start', () => {
  for (const readme of ['README.md', 'npm/README.md']) {
    const blocks = [...readFileSync(path.join(ROOT, readme), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code);
    for (const file of ['page.js', 'sound.js']) {
      assert.ok(blocks.includes(readFileSync(path.join(SOURCES, 'quick-start', file), 'utf8')), `${readme} has no block of code that is examples/quick-start/${file}`);
    }
  }
});

for (const plain of [false, true]) {
  test(`the examples’ server, ${plain ? 'without' : 'with'} the headers that isolate`, async () => {
    const server = spawn(process.execPath, [path.join(SOURCES, 'serve.mjs'), BUILT, '0', ...(plain ? ['--plain'] : [])], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = await new Promise((resolve, reject) => {
        server.on('exit', (code) => reject(new Error(`it ended with ${code}`)));
        server.stdout.once('data', (text) => resolve(String(text).trim()));
      });
      const page = await fetch(`${url}c/`);
      assert.match(await page.text(), /<h1>C<\/h1>/);
      for (const [name, value] of Object.entries(ISOLATION)) assert.equal(page.headers.get(name), plain ? null : value);
      const wasm = await fetch(`${url}c/chip.wasm`);
      assert.equal(wasm.headers.get('content-type'), 'application/wasm');
      assert.equal((await wasm.arrayBuffer()).byteLength, built('c/chip.wasm').length);
      for (const missing of ['no-such', '%2e%2e/%2e%2e/Cargo.toml', '%']) assert.equal((await fetch(url + missing)).status, 404, missing);
    } finally {
      server.kill();
    }
  });
}

// --- In Chromium ---------------------------------------------------------------------------------------------------------

let browser;
const servers = {};
before(async () => {
  servers.shared = await serve(BUILT);
  servers.message = await serve(BUILT, { isolated: false });
  // The same with a WAV file that ends soon, and without the Opus one.
  const routes = {
    '/media/sound.wav': (request, response) => response.end(built('media/sound.wav').subarray(0, SHORT_BYTES)),
    '/media/sound.opus': (request, response) => response.writeHead(404).end(),
  };
  servers.sharedShort = await serve(BUILT, { routes });
  servers.messageShort = await serve(BUILT, { isolated: false, routes });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const server of Object.values(servers)) await server.close();
});

/** Runs in the page: what `window.output` sends to the left channel, as it is. */
function listen(fftSize) {
  if (window.listening?.output === window.output) return;
  const { node, context } = window.output;
  const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
  const analyser = new AnalyserNode(context, { fftSize, smoothingTimeConstant: 0 });
  node.connect(splitter).connect(analyser, 0);
  window.listening = { output: window.output, analyser };
}

/** The strongest frequency in the left channel now, in Hz. */
async function loudest(page) {
  await page.evaluate(listen, 16_384);
  return page.evaluate(() => {
    const { analyser } = window.listening;
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const at = levels.indexOf(Math.max(...levels));
    return levels[at] > -60 ? (at * analyser.context.sampleRate) / analyser.fftSize : 0;
  });
}

async function latest(page) {
  await page.evaluate(listen, WINDOW);
  return page.evaluate(() => {
    const { analyser } = window.listening;
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    return [...samples];
  });
}

/** Where `part` lies in `whole`, sample by sample; -1: nowhere. */
function find(whole, part) {
  for (let from = whole.indexOf(part[0]); from >= 0; from = whole.indexOf(part[0], from + 1)) if (part.every((sample, at) => whole[from + at] === sample)) return from;
  return -1;
}

/** Asks again until `holds(await ask())`. */
async function until(ask, holds, what) {
  for (const end = Date.now() + PATIENCE; ; ) {
    const now = await ask();
    if (holds(now)) return now;
    assert.ok(Date.now() < end, `waited for ${what}: ${JSON.stringify(now)?.slice(0, 1500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The statistics, once there is an output; what the page says went wrong is thrown. */
async function stats(page) {
  const [now, problem] = await page.evaluate(() => [window.output?.stats, document.querySelector('[role=alert]').textContent]);
  assert.equal(problem, '');
  return now;
}

/** Every frame has one fate. */
function balances({ ledger, underruns }) {
  const told = JSON.stringify({ ledger, underruns });
  const sum = (numbers) => Object.values(numbers).reduce((a, b) => a + b, 0);
  assert.equal(ledger.imbalanceFrames, 0, told);
  assert.equal(ledger.requestedFrames, ledger.freshFrames + ledger.repeatedFrames + ledger.concealedFrames + ledger.silentFrames, told);
  assert.equal(ledger.silentFrames, sum(ledger.silentBy), told);
  assert.equal(ledger.droppedFrames, sum(ledger.droppedBy), told);
  assert.equal(ledger.producedFrames, ledger.freshFrames + ledger.droppedFrames + ledger.inFlightFrames, told);
}

async function open(name, transport) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complained = complaints(page);
  await page.goto(`${servers[transport].url}${name}/`);
  return { page, complained };
}

/** Waits until `frames` more fresh frames were played. */
async function plays(page, frames) {
  const before = (await stats(page))?.ledger.freshFrames ?? 0;
  return until(() => stats(page), (now) => now && now.ledger.freshFrames >= before + frames, `${frames} more frames after ${before}`);
}

/** Presses Stop; the last figures balance, nothing is left behind, nobody complained. `aborted`: what was being fetched is no longer wanted. */
async function stop({ page, complained }, { aborted = false } = {}) {
  await page.click('#stop');
  const last = await until(() => stats(page), ({ state }) => state === 'closed', 'the output to be closed');
  balances(last);
  // One of Noxrun's stands by for the next Play.
  await until(() => page.workers().map((worker) => worker.url()), (urls) => urls.length <= 1 && urls.every((url) => url.endsWith('/noxrun/producer.js')), 'the workers to end');
  assert.deepEqual(complained.filter((line) => !(aborted && /^http.*ERR_ABORTED/.test(line))), []);
  await page.close();
  return last;
}

/** How each example is played, and what is heard: one of the frequencies `hz`, or the samples that `made(rate)` gives. */
const PLAYED = [
  { name: 'javascript', press: 'callback', hz: [440] },
  { name: 'javascript', press: 'push', hz: [550] },
  { name: 'javascript', press: 'stream', hz: [660] },
  { name: 'c', press: 'play', made: async (rate) => (await chip(rate, 40 * rate, [4096]))[0] },
  { name: 'rust-stable', press: 'play', made: async (rate) => (await strings(rate, 40 * rate, [4096]))[0] },
  { name: 'rust-source', press: 'play', hz: [440, 523.25, 587.33, 659.26, 783.99] },
  { name: 'emulator', press: 'play', hz: [220, 330] },
  { name: 'media', press: 'wav', rate: 44_100, made: wavLeft, aborted: true },
  { name: 'media', press: 'opus', rate: 48_000, hz: [0, 1, 2, 3].map((quarter) => 220 * 2 ** (quarter / 4)), aborted: true },
  { name: 'media', press: 'file', hz: [0, 1, 2, 3].map((quarter) => 220 * 2 ** (quarter / 4)) },
];

test('each example is played', () => assert.deepEqual([...new Set(['quick-start', ...PLAYED.map(({ name }) => name)])].sort(), [...folders].sort()));

for (const transport of ['shared', 'message']) {
  for (const { name, press, rate, hz, made, aborted } of PLAYED) {
    test(`${name}${press === 'play' ? '' : `, ${press}`}: played, transport "${transport}"`, async () => {
      const opened = await open(name, transport);
      const { page } = opened;
      if (press === 'file') await page.setInputFiles('#file', path.join(BUILT, 'media/sound.wav'));
      else await page.click(`#${press}`);
      const now = await plays(page, 20_000);
      assert.equal(now.transport, transport);
      if (rate) assert.equal(now.sampleRate, rate);
      if (hz) await until(() => loudest(page), (heard) => hz.some((wanted) => Math.abs(heard - wanted) < 4), `one of ${hz} Hz`);
      if (made) {
        const whole = await made(now.sampleRate);
        await until(() => latest(page), (part) => part.some((sample) => Math.abs(sample) > 0.01) && find(whole, part) >= 0, 'what its producer makes');
      }
      await plays(page, 5_000);
      await stop(opened, { aborted });
    });
  }

  test(`emulator: its clock goes too fast, and too slow, transport "${transport}"`, async () => {
    const opened = await open('emulator', transport);
    const { page } = opened;
    const clock = (speed) => page.locator('#speed').fill(String(speed));
    await page.click('#play');
    await plays(page, 10_000);
    const even = await stats(page);
    await clock(66);
    const fast = await until(() => stats(page), ({ overruns }) => overruns.events >= even.overruns.events + 5, 'overruns');
    assert.ok(fast.ledger.droppedBy.overflow > even.ledger.droppedBy.overflow);
    await clock(54);
    await until(() => stats(page), ({ underruns }) => underruns.events >= fast.underruns.events + 3, 'underruns');
    const last = await stop(opened);
    assert.ok(last.underruns.frames > 0 && last.ledger.droppedBy.overflow > 0);
  });

  test(`media: a stream is played to its end, transport "${transport}"`, async () => {
    const opened = await open('media', `${transport}Short`);
    await opened.page.click('#wav');
    const ended = await until(() => stats(opened.page), (now) => now?.state === 'ended', 'the end');
    assert.equal(ended.ledger.freshFrames, (SHORT_BYTES - 44) / 4);
    await stop(opened, { aborted: true });
  });

  test(`media: a file that is missing is said, transport "${transport}"`, async () => {
    const { page } = await open('media', `${transport}Short`);
    await page.click('#opus');
    await page.waitForFunction(() => document.querySelector('[role=alert]').textContent.includes('404'));
    assert.match(await page.textContent('[role=alert]'), /sound\.opus/);
    await page.close();
  });

  test(`one example after another on one page, transport "${transport}"`, async () => {
    const opened = await open('javascript', transport);
    const { page } = opened;
    for (const press of ['callback', 'push', 'stream', 'callback']) {
      const before = await page.evaluateHandle(() => window.output);
      await page.click(`#${press}`);
      await page.waitForFunction((old) => window.output !== undefined && window.output !== old, before);
      await plays(page, 5_000);
    }
    await stop(opened);
  });

  test(`quick-start: played, transport "${transport}"`, async () => {
    const { page, complained } = await open('quick-start', transport);
    await page.click('button');
    await until(() => page.textContent('output'), (text) => Number(/^running: (\d+) frames played, \d+ underruns$/.exec(text)?.[1]) > 20_000, 'frames');
    assert.deepEqual(complained, []);
    await page.close();
  });
}

test('opened from a file each says what to do', async () => {
  for (const folder of folders) {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path.join(BUILT, folder, 'index.html')).href);
    assert.match(await page.textContent('p[role=alert]'), /opened from a file.*serve-examples/, folder);
    await page.close();
  }
});
