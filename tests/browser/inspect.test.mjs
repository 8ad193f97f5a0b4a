// Files looked at in the background: what is told about them, and what becomes of those that cannot be read.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SITE, serve } from '../support/server.mjs';
import { fixture, fixtureBytes, suite, test } from '../support/suite.mjs';

const SCANNER = '/worklet/scanner.js';
const site = suite();

/** A page with the engine, and an input through which it gets files. */
async function open(url = site.url) {
  const page = await site.browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.waitForSelector('body[data-phase="ready"]');
  await page.evaluate(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.id = 'probe';
    document.body.append(input);
  });
  return page;
}

/** Inspects files one after the other. Each result: what came out or why not, and all progress that was told. */
async function inspect(page, names, options = {}) {
  await page.setInputFiles('#probe', names.map((name) => (name.includes('/') ? name : fixture(name))));
  return page.evaluate(async (wanted) => {
    const results = [];
    for (const file of document.getElementById('probe').files) {
      const progress = [];
      const onProgress = ({ fraction, info, tags, cover, overview }) =>
        progress.push({ fraction, info, tags, cover: cover && cover.size, known: overview && overview.rms.filter((x) => !Number.isNaN(x)).length });
      const result = await window.wasmBindings.inspect(file, { ...wanted, onProgress }).then(
        async ({ info, tags, cover, overview, failure }) => ({
          info,
          tags,
          cover: cover && { type: cover.type, bytes: [...new Uint8Array(await cover.arrayBuffer())] },
          // JSON knows no NaN.
          overview: { columns: overview.columns, ...Object.fromEntries(['min', 'max', 'rms'].map((name) => [name, [...overview[name]].map(String)])) },
          failure: failure && { code: failure.code, problem: failure.problem, message: failure.message },
        }),
        ({ name, code, problem, message }) => ({ error: { name, code, problem, message } }),
      );
      results.push({ ...result, progress });
    }
    return results;
  }, options);
}

/** Minimum, maximum and level of each column, from interleaved samples. */
function expected(samples, channels, columns) {
  const frames = samples.length / channels;
  const overview = { min: [], max: [], rms: [] };
  for (let column = 0; column < columns; column += 1) {
    const piece = samples.subarray(Math.ceil((column * frames) / columns) * channels, Math.ceil(((column + 1) * frames) / columns) * channels);
    overview.min.push(piece.reduce((a, b) => Math.min(a, b), Infinity));
    overview.max.push(piece.reduce((a, b) => Math.max(a, b), -Infinity));
    overview.rms.push(Math.sqrt(piece.reduce((sum, x) => sum + x * x, 0) / piece.length));
  }
  return overview;
}

const floats = (bytes) => new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

/** Largest difference in any column. */
function difference(overview, reference, name) {
  assert.equal(overview[name].length, reference[name].length);
  return Math.max(...overview[name].map((x, column) => (x === 'NaN' ? Infinity : Math.abs(Number(x) - reference[name][column]))));
}

test('the overview is that of what ffmpeg decodes', async () => {
  const page = await open();
  // Lossless to the bit; lossy as far as decoders agree.
  const files = { 'music.wav': 0, 'music-24.wav': 0, 'music.flac': 0, 'music-alac.m4a': 0, 'music-mono.wav': 0, 'music.ogg': 1e-3, 'music.mp3': 1e-3 };
  for (const columns of [1000, 37]) {
    const results = await inspect(page, Object.keys(files), { columns });
    for (const [nth, [file, tolerance]] of Object.entries(files).entries()) {
      const { overview, info, failure, error } = results[nth];
      assert.equal(error, undefined, `${file}: ${error?.message}`);
      assert.equal(failure, null, file);
      assert.equal(info.name, file);
      assert.ok(Math.abs(info.seconds - 6) < 0.05, `${file}: ${info.seconds} s`);
      assert.equal(overview.columns, columns);
      const reference = expected(floats(await fixtureBytes(`${file}.f32`)), info.channels, columns);
      for (const name of ['min', 'max']) assert.ok(difference(overview, reference, name) <= tolerance, `${file}, ${name}: ${difference(overview, reference, name)}`);
      assert.ok(difference(overview, reference, 'rms') < 5e-6 + tolerance, `${file}: ${difference(overview, reference, 'rms')}`);
    }
  }
  await page.close();
});

test('several workers make the same of a long file', async () => {
  const page = await open();
  const once = floats(await fixtureBytes('music.wav.f32'));
  const samples = new Float32Array(16 * once.length);
  for (let nth = 0; nth < 16; nth += 1) samples.set(once, nth * once.length);
  const reference = expected(samples, 2, 999);
  for (const workers of [1, 2, 4]) {
    const [{ overview, failure, progress, error }] = await inspect(page, ['minute.flac'], { columns: 999, workers });
    assert.equal(error, undefined, error?.message);
    assert.equal(failure, null);
    for (const name of ['min', 'max']) assert.equal(difference(overview, reference, name), 0, `${workers} workers, ${name}`);
    assert.ok(difference(overview, reference, 'rms') < 5e-6);
    assert.ok(progress.length > 2, 'it tells while it works');
    const used = page.workers().filter((worker) => worker.url().endsWith(SCANNER)).length;
    assert.ok(used >= Math.min(workers, 2) && used <= 4, `${used} workers for ${workers}`);
  }
  await page.close();
});

test('what the file says comes first, and progress never goes back', async () => {
  const page = await open();
  const [{ progress, tags, cover }, unknown] = await inspect(page, ['tagged.flac', 'music.aac'], { workers: 2 });
  const told = { title: 'Lucky', artist: 'Steve & Zoë', album: 'Thirteen – 十三', track: 7, date: '2009', genre: 'Chiptune' };
  assert.deepEqual(tags, told);
  assert.deepEqual(progress[0].tags, told);
  assert.equal(progress[0].info.name, 'tagged.flac');
  assert.equal(progress[0].known, undefined);
  const picture = await fixtureBytes('picture.jpg');
  assert.equal(progress[0].cover, picture.length);
  assert.equal(cover.type, 'image/jpeg');
  assert.deepEqual(Buffer.from(cover.bytes), picture);
  const [long] = await inspect(page, ['minute.flac'], { workers: 2 });
  for (const { progress: steps } of [{ progress }, long, unknown]) {
    assert.equal(steps.at(-1).fraction, 1);
    for (const [nth, { fraction, known }] of steps.entries()) {
      assert.ok(fraction >= 0 && fraction <= 1);
      if (nth > 0) assert.ok(fraction >= steps[nth - 1].fraction, `${steps.map((step) => step.fraction)}`);
      // Of a length that is a guess, columns move while more of it is known.
      if (nth > 1 && steps !== unknown.progress) assert.ok(known >= steps[nth - 1].known);
    }
  }
  assert.ok(long.progress.some(({ fraction }) => fraction > 0 && fraction < 1), 'it tells while it works');
  assert.ok(unknown.overview.rms.every((rms) => rms !== 'NaN'), 'of a length that is not known, all columns are');
  await page.close();
});

test('an aborted inspection ends its workers, and the next one works', async () => {
  const page = await open();
  const count = () => page.workers().filter((worker) => worker.url().endsWith(SCANNER)).length;
  await page.setInputFiles('#probe', fixture('minute.flac'));
  const aborted = await page.evaluate(async () => {
    const [file] = document.getElementById('probe').files;
    const controller = new AbortController();
    let after = 0;
    const running = window.wasmBindings.inspect(file, {
      signal: controller.signal,
      onProgress({ overview }) {
        if (controller.signal.aborted) after += 1;
        if (overview) controller.abort();
      },
    });
    const error = await running.then(() => 'resolved', ({ name }) => name);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const early = await window.wasmBindings.inspect(file, { signal: AbortSignal.abort() }).then(() => 'resolved', ({ name }) => name);
    return { error, early, after };
  });
  assert.deepEqual(aborted, { error: 'AbortError', early: 'AbortError', after: 0 });
  for (const end = Date.now() + 5000; count() > 0; ) {
    assert.ok(Date.now() < end, `${count()} workers are left`);
    await page.waitForTimeout(50);
  }
  const [{ failure }] = await inspect(page, ['music.wav']);
  assert.equal(failure, null);
  await page.close();
});

test('options that cannot be are refused', async () => {
  const page = await open();
  const said = await page.evaluate(async () => {
    const file = new File(['x'], 'x.wav');
    const wrong = [{ columns: 0 }, { columns: 10_001 }, { columns: 1.5 }, { workers: 5 }, { onProgress: 1 }, { signal: {} }];
    return Promise.all(wrong.map((options) => window.wasmBindings.inspect(file, options).then(() => 'resolved', ({ code }) => code)));
  });
  assert.deepEqual(said, ['out-of-range', 'out-of-range', 'option', 'out-of-range', 'option', 'option']);
  await page.close();
});

test('what cannot be opened is refused by name, what is cut off is shown to the cut', async () => {
  const page = await open();
  const bad = ['random-0.bin', 'text.wav', 'empty.wav', 'picture.png', 'stub-music.flac', 'silent.mp4'];
  for (const [nth, { error, progress }] of (await inspect(page, bad)).entries()) {
    assert.equal(error?.name, 'NoxrunError', bad[nth]);
    assert.equal(error.code, 'file');
    assert.ok(error.problem.length > 3, `${error.problem}`);
    assert.ok(error.message.startsWith(`${bad[nth]}: `), error.message);
    assert.deepEqual(progress, []);
  }
  for (const file of ['half-music.flac', 'half-music.wav']) {
    const [{ overview, failure, error }] = await inspect(page, [file], { columns: 100 });
    assert.equal(error, undefined, error?.message);
    assert.equal(failure?.code, 'file', file);
    assert.ok(failure.message.startsWith(file), failure.message);
    const known = overview.rms.findIndex((rms) => rms === 'NaN');
    assert.ok(known > 40 && known < 80, `${file}: ${known} columns of 60`);
    assert.ok(overview.rms.slice(known).every((rms) => rms === 'NaN'), 'nothing is made up behind the cut');
  }
  await page.close();
});

/** The site with a scanner that is changed. */
async function changed(from, to) {
  const text = await readFile(path.join(SITE, SCANNER), 'utf8');
  const other = text.replace(from, to);
  assert.notEqual(other, text);
  return serve(SITE, { routes: { [SCANNER]: (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(other) } });
}

test('a thousand bad files leave nothing behind', async () => {
  const server = await changed('const memory =', 'const memory = globalThis.memory =');
  const page = await open(server.url);
  const inspectMany = (count) =>
    page.evaluate(async (wanted) => {
      const files = [...document.getElementById('probe').files];
      let refused = 0;
      for (let nth = 0; nth < wanted; nth += 1) {
        await window.wasmBindings.inspect(files[nth % files.length], { columns: 100 }).catch(() => (refused += 1));
      }
      return refused;
    }, count);
  const held = async () => {
    const workers = page.workers().filter((worker) => worker.url().endsWith(SCANNER));
    const sizes = await Promise.all(workers.map((worker) => worker.evaluate(() => globalThis.memory.buffer.byteLength)));
    return { workers: workers.length, bytes: sizes.reduce((a, b) => a + b, 0) };
  };
  const names = ['random-1.bin', 'text.wav', 'damaged-music.mp3', 'half-music-aac-faststart.m4a', 'picture.jpg', 'empty.wav', 'random-2.bin'];
  await page.setInputFiles('#probe', names.map(fixture));
  await inspectMany(50);
  const before = await held();
  assert.ok((await inspectMany(1000)) > 500);
  assert.deepEqual(await held(), before);
  assert.ok(before.workers >= 1 && before.workers <= 4, `${before.workers} workers`);
  await page.close();
  await server.close();
}, { longer: 60 });

test('a scanner that crashes or hangs is a problem of its file, and the next file is read', async () => {
  // What a trap and an endless loop in the decoder look like from outside.
  const server = await changed(
    'const turn = scanner.turn();',
    `const turn = scanner.turn();
      const { name } = scanner.about().info;
      if (name === 'half-music.wav') throw new WebAssembly.RuntimeError('unreachable');
      if (name === 'speech.wav') for (;;);`,
  );
  const page = await open(server.url);
  const [crashed, fine, hung, again] = await inspect(page, ['half-music.wav', 'music.wav', 'speech.wav', 'music.flac']);
  for (const [name, { failure }] of Object.entries({ 'half-music.wav': crashed, 'speech.wav': hung })) {
    assert.equal(failure?.problem, 'crashed', name);
    assert.ok(failure.message.startsWith(`${name}: `), failure.message);
  }
  assert.match(hung.failure.message, /10 s/);
  for (const { failure, overview } of [fine, again]) {
    assert.equal(failure, null);
    assert.ok(overview.rms.every((rms) => rms !== 'NaN'));
  }
  await page.close();
  await server.close();
});
