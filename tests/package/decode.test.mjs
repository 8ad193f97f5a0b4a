// The package noxrun-decode, in Chromium: files of many kinds, to the frame; seeks, loops, ends; what is refused, and how; with shared memory and without.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { complaints, launch } from '../support/chromium.mjs';
import { serve } from '../support/server.mjs';
import { FIXTURES, fixtureBytes, test } from '../support/suite.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MADE = path.resolve(process.env.NOXRUN_PACKAGE ?? path.join(ROOT, 'target/npm'));
const PAGES = path.join(ROOT, 'tests/package/decode');
const MANIFEST = JSON.parse(await readFile(path.join(ROOT, 'npm/decode/package.json'), 'utf8'));

/** The engine's fade at every cut, and a quantum, in frames. */
const FADE = 128;
const QUANTUM = 128;
/** How far two decoders of a codec that loses something may be apart, in dB below the sound: as in tests/files.rs, less what 24 bits of recorded floats do. */
const ALIKE_DB = 60;

// A decoder that fails in the middle of its work.
const CRASHING = "export { initSync } from '/noxrun-decode/decoder.js';\nexport function play_file() { throw new Error('out of luck'); }\n";

let browser;
const servers = {};
before(async () => {
  const routes = {
    '/crashing.js': (request, response) => response.setHeader('Content-Type', 'text/javascript').end(CRASHING),
    '/example.html': (request, response) => example().then((page) => response.setHeader('Content-Type', 'text/html').end(page)),
  };
  for (const name of ['noxrun', 'noxrun-decode']) {
    for (const file of await readdir(path.join(MADE, name))) routes[`/${name}/${file}`] = path.join(MADE, name, file);
  }
  for (const name of await readdir(FIXTURES)) routes[`/fixtures/${name}`] = path.join(FIXTURES, name);
  servers.shared = await serve(PAGES, { routes });
  servers.message = await serve(PAGES, { routes, isolated: false });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const server of Object.values(servers)) await server.close();
});

/** A page with `window.d` (tests/package/decode/page.js); complaints are expected to be none at its end. */
async function withPage(body, { transport = 'shared', at = '', allowed = () => false } = {}) {
  const page = await browser.newPage();
  const complained = complaints(page);
  try {
    await page.goto(servers[transport].url + at);
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
    await body(page);
    assert.deepEqual(complained.filter((text) => !allowed(text)), []);
  } finally {
    await page.close();
  }
}

function balanced({ ledger }) {
  assert.equal(ledger.imbalanceFrames, 0);
  assert.equal(ledger.producedFrames, ledger.freshFrames + ledger.droppedFrames + ledger.inFlightFrames);
}

const FORMATS = {
  'music.wav': 'exact',
  'music-24.wav': 'exact',
  'music.aiff': 'exact',
  'music.caf': 'exact',
  'music.flac': 'exact',
  'music-alac.m4a': 'exact',
  'music-flac.mka': 'exact',
  'music.mp3': 'alike',
  'music.ogg': 'alike',
  'music-plain.m4a': 'alike',
  'music-vorbis.webm': 'alike',
};

for (const [name, how] of Object.entries(FORMATS)) {
  test(`${name} plays from where it was sought to its end, as ffmpeg decodes it`, (t) =>
    withPage(async (page) => {
      const from = 5 * 44_100;
      const length = (await fixtureBytes(`${name}.f32`)).length / 8;
      const { opened, found, closed } = await page.evaluate(async ([of, start, piece]) => {
        const d = window.d;
        const file = await d.fixture(of);
        const wanted = new Float32Array(await (await fetch(`/fixtures/${of}.f32`)).arrayBuffer());
        // A piece that is compared must have no gap: as far ahead as it goes.
        const about = await d.open({ file, bufferFrames: 16_384 });
        await d.playback.seek(start / 44_100);
        await d.playback.play();
        await d.until(() => d.ended === 1);
        const sides = [d.recording.side(0), d.recording.side(1)];
        const begin = sides[0].findIndex((sample) => sample !== 0);
        // Past the fade. Where in the file the piece is that lies there: the best of some places.
        const at = begin + 512;
        let best = { db: -Infinity };
        for (let by = 504; by <= 520; by += 1) {
          let [signal, error] = [1e-30, 1e-30];
          for (let frame = 0; frame < piece; frame += 1) {
            for (const side of [0, 1]) {
              const sample = wanted[2 * (start + by + frame) + side];
              signal += sample ** 2;
              error += (sample - sides[side][at + frame]) ** 2;
            }
          }
          const db = 10 * Math.log10(signal / error);
          if (db > best.db) best = { db, by, same: error < 2e-30 };
        }
        return { opened: about, found: best, closed: { duration: d.playback.duration, time: d.playback.currentTime, ...(await d.close()) } };
      }, [name, from, 16_384]);
      t.diagnostic(`${opened.info.format}, ${opened.info.codec}: ${opened.duration} s; ${found.db.toFixed(0)} dB at ${found.by - 512}`);
      assert.ok(Math.abs(opened.duration - length / 44_100) < 0.06, `${opened.duration} s, of ${length / 44_100}`);
      assert.deepEqual([opened.info.sampleRate, opened.info.channels], [44_100, 2]);
      // A fade begins with nothing: the first frame that is heard may be the second.
      assert.ok(found.by >= 512 && found.by <= 514, `the frame is off by ${found.by - 512}`);
      if (how === 'exact') assert.ok(found.same, `${found.db} dB`);
      else assert.ok(found.db >= ALIKE_DB, `${found.db} dB`);
      assert.equal(closed.state, 'ended');
      assert.ok(Math.abs(closed.duration - length / 44_100) < 0.03, `${closed.duration} s in the end, of ${length / 44_100}`);
      assert.equal(closed.time, closed.duration);
      balanced(closed);
    }));
}

/** Whether a run of numbered frames that begins with `first` can be what was sought: behind the fade. */
const within = (first, sought) => first >= sought && first <= sought + FADE + QUANTUM;

for (const transport of ['shared', 'message']) {
  const options = { transport };

  test(`by ${transport}: every frame in its order; a seek goes to the frame, forwards, back, paused, and after the end`, () =>
    withPage(async (page) => {
      const frames = 4 * 44_100;
      const target = 100_003;
      const told = await page.evaluate(async ([count, to]) => {
        const d = window.d;
        const { duration } = await d.open({ file: d.numbered(count, 44_100) });
        const seconds = [];
        const look = () => seconds.push(Math.round(d.playback.currentTime * 44_100));
        await d.playback.play();
        await d.plays(0.5);
        await d.playback.seek(to / 44_100);
        await d.plays(0.4);
        await d.playback.pause();
        look();
        const paused = d.recording.runs().at(-1);
        await d.playback.seek(22_050 / 44_100);
        look();
        await d.playback.play();
        await d.plays(0.4);
        // Overtaken: only the last one counts, and both are answered.
        await Promise.all([d.playback.seek(0.1), d.playback.seek(3.5)]);
        await d.until(() => d.ended === 1);
        const { state } = d.playback.output;
        const lasted = d.playback.duration;
        look();
        await d.playback.seek(3.75);
        await d.until(() => d.ended === 2);
        look();
        return { duration, lasted, again: d.playback.duration, state, seconds, paused, runs: d.recording.runs(), ...(await d.close()) };
      }, [frames, target]);
      assert.equal(told.transport, transport);
      assert.deepEqual([told.duration, told.state], [4, 'ended']);
      // How many frames came between the place that was sought and the end: so the first of them was that one.
      assert.deepEqual([told.lasted, told.again].map((seconds) => Math.round(seconds * 44_100)), [frames, frames]);
      // Underruns break a run in two; the next piece goes on where it was.
      const endOf = ({ first, frames: length }) => first + length;
      const goesOn = (before, { first }) => before !== undefined && first >= endOf(before) && first <= endOf(before) + 8192;
      const pieces = told.runs.filter((piece, nth) => !goesOn(told.runs[nth - 1], piece)).map(({ first }) => first);
      // What was overtaken may have been heard for a moment.
      if (pieces.length === 6) assert.ok(within(pieces.splice(3, 1)[0], 4410), JSON.stringify(told.runs));
      const begins = [0, target, 22_050, 3.5 * 44_100, 3.75 * 44_100];
      assert.ok(pieces.length === begins.length && pieces.every((first, nth) => within(first, begins[nth])), `${pieces} after seeks to ${begins}: ${JSON.stringify(told.runs)}`);
      assert.equal(told.runs.at(-1).first + told.runs.at(-1).frames, frames);
      // Where it says it is, it is.
      const [paused, sought, end, again] = told.seconds;
      const heard = told.paused.first + told.paused.frames;
      assert.ok(paused >= heard && paused <= heard + FADE + 2 * QUANTUM, `${paused} of ${heard}`);
      assert.deepEqual([sought, end, again], [22_050, frames, frames]);
      balanced(told);
    }, options));

  test(`by ${transport}: repeats without a gap until it is told not to`, () =>
    withPage(async (page) => {
      const frames = 33_333;
      const told = await page.evaluate(async (count) => {
        const d = window.d;
        await d.open({ file: d.numbered(count, 44_100), loop: true });
        await d.playback.play();
        await d.plays(2);
        d.playback.loop = false;
        await d.until(() => d.ended === 1);
        const { currentTime, duration } = d.playback;
        return { currentTime, duration, runs: d.recording.runs(), ...(await d.close()) };
      }, frames);
      const joints = told.runs.filter(({ first }, nth) => nth > 0 && first === 0);
      assert.ok(joints.length >= 2, JSON.stringify(told.runs));
      for (const joint of joints) {
        const before = told.runs[told.runs.indexOf(joint) - 1];
        assert.deepEqual([before.first + before.frames, before.at + before.frames], [frames, joint.at]);
      }
      assert.deepEqual([told.state, Math.round(told.currentTime * 44_100), Math.round(told.duration * 44_100)], ['ended', frames, frames]);
      balanced(told);
    }, options));
}

test('at another rate, with other channels: as long as before, and mixed', () =>
  withPage(async (page) => {
    const told = await page.evaluate(async () => {
      const d = window.d;
      const about = await d.open({ file: await d.fixture('music-22050.flac'), channels: 1 }, 48_000);
      await d.playback.seek(5.5);
      await d.playback.play();
      await d.until(() => d.ended === 1);
      const [left, right] = [d.recording.side(0), d.recording.side(1)];
      return { ...about, after: d.playback.duration, loud: Math.max(...left), second: right.some((sample) => sample !== 0), ...(await d.close()) };
    });
    const length = (await fixtureBytes('music-22050.flac.f32')).length / 8 / 22_050;
    assert.ok(Math.abs(told.duration - length) < 1e-3 && Math.abs(told.after - length) < 1e-3, `${told.duration} and ${told.after} of ${length}`);
    assert.ok(told.loud > 0.01);
    assert.equal(told.second, false);
    balanced(told);
  }));

test('says what the file says of itself', () =>
  withPage(async (page) => {
    const { tags, info } = await page.evaluate(async () => {
      const about = await window.d.open({ src: new URL('/fixtures/tagged.flac', location.href) });
      await window.d.close();
      return about;
    });
    assert.equal(info.name, 'tagged.flac');
    assert.deepEqual(Object.keys(tags), ['title', 'artist', 'album', 'track', 'date', 'genre']);
    assert.ok(tags.title.length > 0 && tags.artist.length > 0, JSON.stringify(tags));
  }));

test('what cannot be played is refused with a word for programs and one for people', () =>
  withPage(
    async (page) => {
      const elsewhere = new URL('/fixtures/music.wav', servers.message.url).href;
      const refused = (request) => page.evaluate((of) => window.d.refused(of), request);
      const file = (name) => page.evaluate(async (of) => window.d.refused({ file: await window.d.fixture(of) }), name);
      const bytes = (list) => page.evaluate((of) => window.d.refused({ file: new Blob([new Uint8Array(of)]) }), list);
      const is = async (asked, code, problem, text) => {
        const error = await asked;
        assert.ok(error !== null, 'it was not refused');
        assert.deepEqual([error.name, error.code, error.problem], ['NoxrunError', code, problem], error.message);
        assert.match(error.message, text);
        return error;
      };
      await is(file('empty.wav'), 'file', 'empty', /^empty\.wav: /);
      await is(bytes(Array(5000).fill(7)), 'file', 'not-audio', /^The file: /);
      await is(file('music.opus'), 'file', 'no-decoder', /Opus.*[Cc]onvert.*<noxrun-player>/);
      const missing = await is(refused({ src: 'nothing/here.mp3' }), 'file', 'unreadable', /^here\.mp3 could not be loaded: the server answers 404/);
      assert.equal(missing.url, `${servers.shared.url}nothing/here.mp3`);
      await is(refused({ src: elsewhere }), 'file', 'unreadable', /Access-Control-Allow-Origin/);
      await is(refused({ src: '/fixtures/music.wav', urls: { decoder: '/crashing.js', decoderWasm: '/noxrun-decode/decoder_bg.wasm' } }), 'file', 'crashed', /^music\.wav: the decoder gave up: .*out of luck/);
      await is(refused({ src: '/fixtures/music.wav', urls: { decoderWasm: '/missing.wasm' } }), 'not-loaded', undefined, /missing\.wasm/);
      await is(refused({}), 'option', undefined, /src.*file/);
      await is(refused({ src: '/a', file: 'b' }), 'option', undefined, /either/);
      await is(refused({ src: '/fixtures/music.wav', channels: 0 }), 'out-of-range', undefined, /channels/);
      // One may stand by for the next output.
      for (const end = Date.now() + 30_000; page.workers().length > 1 && Date.now() < end;) await new Promise((resolve) => { setTimeout(resolve, 50); });
      assert.ok(page.workers().length <= 1, `${page.workers().length} workers are left`);
    },
    // The browser tells of what it could not load.
    { allowed: (text) => /404|CORS|ERR_FAILED|nothing\/here|missing\.wasm|crashing/.test(text) },
  ));

test('a file that is cut off plays to the cut, and says so', () =>
  withPage(async (page) => {
    const told = await page.evaluate(async () => {
      const d = window.d;
      const { duration } = await d.open({ file: await d.fixture('half-music.flac') });
      await d.playback.seek(2);
      await d.playback.play();
      await d.until(() => d.ended === 1);
      return { duration, time: d.playback.currentTime, failures: d.failures, ...(await d.close()) };
    });
    assert.deepEqual(told.failures.map(({ code, problem }) => [code, problem]), [['file', 'cut-off']]);
    assert.match(told.failures[0].message, /^half-music\.flac: /);
    assert.ok(told.time > 2 && told.time < told.duration - 1, `${told.time} of ${told.duration} s`);
    assert.equal(told.state, 'ended');
    balanced(told);
  }));

test('given up: by a signal while it is opened, and once it plays; closed while a seek is under way', () =>
  withPage(async (page) => {
    const told = await page.evaluate(async () => {
      const d = window.d;
      const reasons = [];
      const file = d.numbered(44_100, 44_100);
      for (const ms of [null, 0, 30]) {
        const controller = new AbortController();
        if (ms === null) controller.abort('enough');
        else setTimeout(() => controller.abort('enough'), ms);
        await d.createPlayback({ file, signal: controller.signal }).then(
          async (playback) => {
            await d.sleep(100);
            reasons.push(playback.output.state === 'closed' ? 'enough' : playback.output.state);
          },
          (reason) => reasons.push(reason),
        );
      }
      await d.open({ file });
      const seeking = d.playback.seek(0.5).then(() => 'answered');
      const closed = await d.close();
      const after = await d.playback.seek(0).catch((error) => error.code);
      return { reasons, seeking: await seeking, after, imbalance: closed.ledger.imbalanceFrames };
    });
    assert.deepEqual(told, { reasons: ['enough', 'enough', 'enough'], seeking: 'answered', after: 'closed', imbalance: 0 });
  }));

test('<noxrun-player> plays with it: opens, seeks, ends, and plays again', () =>
  withPage(async (page) => {
    const told = await page.evaluate(async () => {
      await import('noxrun/player');
      const player = document.createElement('noxrun-player');
      player.createPlayback = window.d.createPlayback;
      player.src = '/fixtures/music.flac';
      document.body.append(player);
      const next = (type) => new Promise((resolve) => { player.addEventListener(type, resolve, { once: true }); });
      const ended = next('ended');
      await player.play();
      const { duration } = player;
      player.currentTime = 5.5;
      await next('seeked');
      const { currentTime } = player;
      await ended;
      const end = player.currentTime;
      await player.play();
      const again = player.currentTime;
      const { ledger } = await player.output.look();
      await player.close();
      return { duration, currentTime, end, again, imbalance: ledger.imbalanceFrames };
    });
    assert.equal(told.duration, 6);
    assert.ok(told.currentTime >= 5.5 && told.currentTime < 6, `${told.currentTime}`);
    assert.equal(told.end, 6);
    assert.ok(told.again < 3, `${told.again}`);
    assert.equal(told.imbalance, 0);
  }));

// Builders and compilers take their time, in seconds.
const SLOW = { longer: 180 };

// What people build with, with no configuration that this needs. `song.flac` lies beside what is built.
const PROJECT = `import { createPlayback } from 'noxrun-decode';
document.getElementById('play').onclick = async () => {
  window.playback = await createPlayback({ src: 'song.flac' });
  await window.playback.play();
};
document.documentElement.dataset.ready = '';
`;
const PROJECT_PAGE = (script) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Built</title><link rel="icon" href="data:,"><button id="play">Play</button>${script}</html>`;
const BUILDERS = {
  Vite: async (place, built) => {
    await writeFile(path.join(place, 'index.html'), PROJECT_PAGE('<script type="module" src="main.js"></script>'));
    await vite({ root: place, configFile: false, logLevel: 'error', build: { outDir: built } });
  },
  webpack: async (place, built) => {
    await new Promise((resolve, reject) => {
      // It advises against files of this size, whatever they are.
      webpack({ performance: { hints: false }, mode: 'production', context: place, entry: './main.js', output: { path: built } }, (error, stats) => {
        if (error) reject(error);
        else if (stats.hasErrors() || stats.hasWarnings()) reject(new Error(stats.toString({ all: false, errors: true, warnings: true })));
        else resolve();
      });
    });
    await writeFile(path.join(built, 'index.html'), PROJECT_PAGE('<script defer src="main.js"></script>'));
  },
};
for (const [name, make] of Object.entries(BUILDERS)) {
  test(`built by ${name}: plays`, async () => {
    const place = await mkdtemp(path.join(os.tmpdir(), 'noxrun-'));
    try {
      for (const of of ['noxrun', 'noxrun-decode']) await cp(path.join(MADE, of), path.join(place, 'node_modules', of), { recursive: true });
      await writeFile(path.join(place, 'main.js'), PROJECT);
      const built = path.join(place, 'built');
      await make(place, built);
      await mkdir(built, { recursive: true });
      const server = await serve(built, { routes: { '/song.flac': path.join(FIXTURES, 'music.flac') } });
      const page = await browser.newPage();
      try {
        const complained = complaints(page);
        await page.goto(server.url);
        await page.waitForSelector('html[data-ready]', { state: 'attached' });
        await page.click('#play');
        await page.waitForFunction(() => window.playback?.currentTime > 0.2);
        assert.equal((await page.evaluate(() => window.playback.close())).ledger.imbalanceFrames, 0);
        assert.deepEqual(complained, []);
      } finally {
        await page.close();
        await server.close();
      }
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }, SLOW);
}

// What a page in TypeScript writes; the last line must not compile.
const TYPED = `import type { Playback as Played, PlaybackRequest } from 'noxrun/player';
import { NoxrunError } from 'noxrun';
import type { FileProblem } from 'noxrun';
import { createPlayback } from 'noxrun-decode';
import type { Playback } from 'noxrun-decode';
const playback: Playback = await createPlayback({ src: new URL('a.flac', location.href), loop: true, urls: { decoder: '/decoder.js' } });
// As <noxrun-player> takes it.
const create: (request: PlaybackRequest) => Promise<Played> = createPlayback;
playback.onfailure = ({ problem }: NoxrunError) => { const known: FileProblem | undefined = problem; void known; };
const title: string | null = playback.tags.title;
const seconds: number = playback.duration + playback.currentTime;
export { create, seconds, title };
// @ts-expect-error
playback.duration = 1;
`;
test('the types are right, and the checkers of packages have nothing to say', async () => {
  const place = await mkdtemp(path.join(os.tmpdir(), 'noxrun-'));
  try {
    for (const of of ['noxrun', 'noxrun-decode']) await cp(path.join(MADE, of), path.join(place, 'node_modules', of), { recursive: true });
    await writeFile(path.join(place, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(place, 'page.ts'), TYPED);
    const bin = (name) => path.join(ROOT, 'node_modules/.bin', name);
    const said = (error) => assert.fail(`${error.stdout}${error.stderr}`);
    for (const resolution of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
      await run(bin('tsc'), ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022,dom', '--module', resolution[0], '--moduleResolution', resolution[1], 'page.ts'], { cwd: place }).catch(said);
    }
    await run(bin('publint'), ['run', '--strict', path.join(MADE, 'noxrun-decode')]).catch(said);
    // Those are addresses, and nothing to import.
    await run(bin('attw'), [path.join(MADE, `noxrun-decode-${MANIFEST.version}.tgz`), '--profile', 'esm-only', '--exclude-entrypoints', './decoder.js', './decoder_bg.wasm']).catch(said);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}, SLOW);

/** The guide's first example, as it stands there, in a page. */
async function example() {
  const guide = await readFile(path.join(ROOT, 'docs/decode.md'), 'utf8');
  const [, code] = /```js\n([^]*?)```/.exec(guide);
  const page = await readFile(path.join(PAGES, 'index.html'), 'utf8');
  return page.replace('<script type="module" src="page.js"></script>', `<p id="time"></p>\n<script type="module">\n${code}\nwindow.playback = playback;\ndocument.documentElement.dataset.ready = '';\n</script>`)
    .replaceAll('song.flac', '/fixtures/music.flac');
}

test('the guide\'s example plays', () =>
  withPage(
    async (page) => {
      await page.click('#play');
      await page.waitForFunction(() => window.playback.output.state === 'running' && window.playback.currentTime > 0.2);
      await page.waitForFunction(() => Number.parseFloat(document.getElementById('time').textContent) > 0.2);
      assert.equal((await page.evaluate(() => window.playback.close())).ledger.imbalanceFrames, 0);
    },
    { at: 'example.html' },
  ));

test('the tarball holds what is listed, depends on noxrun of the same version and on nothing else', async (t) => {
  const tarball = path.join(MADE, `noxrun-decode-${MANIFEST.version}.tgz`);
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const listed = (await readFile(path.join(ROOT, 'tests/package/decode/contents.txt'), 'utf8')).trim().split('\n');
  assert.deepEqual(stdout.trim().split('\n').map((name) => name.replace(/^package\//, '')).sort(), listed.sort());
  const made = JSON.parse(await readFile(path.join(MADE, 'noxrun-decode/package.json'), 'utf8'));
  const { version } = JSON.parse(await readFile(path.join(ROOT, 'npm/package.json'), 'utf8'));
  assert.deepEqual([made.version, made.peerDependencies, made.dependencies], [version, { noxrun: version }, undefined]);
  for (const named of Object.values(made.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))) assert.ok(listed.includes(named.slice(2)), named);
  const sizes = await Promise.all(['index.js', 'decoder.js', 'decoder_bg.wasm'].map(async (name) => `${name} ${gzipSync(await readFile(path.join(MADE, 'noxrun-decode', name)), { level: 9 }).length}`));
  t.diagnostic(`${(await readFile(tarball)).length} bytes; compressed: ${sizes.join(', ')}`);
  const licences = await readFile(path.join(MADE, 'noxrun-decode/LICENSES-THIRD-PARTY.md'), 'utf8');
  for (const name of ['symphonia', 'rubato']) assert.match(licences, new RegExp(`^\\| ${name} `, 'm'));
  assert.match(licences, /Mozilla Public License Version 2\.0/);
});
