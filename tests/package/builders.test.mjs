// The tarball installed into a project and built by what people use, each with the least configuration that does; then played in Chromium: a built-in source,
// the project's own worker (built with what it imports), a module for Noxrun's worker (which builders copy as it is), and the elements. docs/builders.md quotes what is here.

import assert from 'node:assert/strict';
import { copyFile, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { build as esbuild } from 'esbuild';
import { build as vite, createServer } from 'vite';
import webpack from 'webpack';
import { complaints, launch } from '../support/chromium.mjs';
import { project, plays } from '../support/package.mjs';
import { ISOLATION, serve } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

let browser;
let place;
let remove;
before(async () => {
  ({ place, remove } = await project());
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await remove?.();
});

const PRODUCERS = ['source', 'worker', 'module', 'player'];

/** Plays each of the producers at `url`, by shared memory and without a complaint. */
async function playsAll(url) {
  for (const producer of PRODUCERS) {
    const page = await browser.newPage();
    const heard = complaints(page);
    await page.goto(`${url}?producer=${producer}`);
    assert.equal((await plays(page)).transport, 'shared', producer);
    assert.ok(await page.evaluate(() => ['noxrun-meter', 'noxrun-player'].every((name) => customElements.get(name))), 'the elements are there');
    assert.deepEqual(heard, [], producer);
    await page.close();
  }
}

/** The same of a folder that was built. */
async function playsFrom(built, options) {
  const server = await serve(built, options);
  try {
    await playsAll(server.url);
  } finally {
    await server.close();
  }
}

const outputs = async (built) => (await readdir(built, { recursive: true })).map((file) => path.basename(file));

test('Vite, built: no configuration', async () => {
  const outDir = path.join(place, 'out-vite');
  await vite({ root: place, configFile: false, logLevel: 'error', build: { outDir } });
  assert.ok((await outputs(outDir)).some((file) => /^noxrun-.*\.wasm$/.test(file)));
  await playsFrom(outDir);
});

test('Vite, built for a strict policy: small files must not become data: addresses', async () => {
  const outDir = path.join(place, 'out-vite-strict');
  await vite({ root: place, configFile: false, logLevel: 'error', build: { outDir, assetsInlineLimit: 0 } });
  const strict = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:";
  await playsFrom(outDir, { headers: { 'Content-Security-Policy': strict } });
});

// Vite up to 7 wants the package left out of what it bundles ahead; later ones do not mind.
for (const exclude of [['noxrun'], []]) {
  test(`Vite's own server: the headers${exclude.length > 0 ? ', and the package left as it is' : ''}`, async () => {
    const cacheDir = path.join(place, `.vite-${exclude.length}`);
    const server = await createServer({ root: place, configFile: false, logLevel: 'error', cacheDir, server: { port: 0, headers: ISOLATION }, optimizeDeps: { exclude } });
    try {
      await server.listen();
      await playsAll(server.resolvedUrls.local[0]);
    } finally {
      await server.close();
    }
  });
}

const PAGE = (script) => `<!doctype html>\n<meta charset="utf-8">\n<title>Built</title>\n<link rel="icon" href="data:,">\n${script}\n`;

test('webpack: no configuration', async () => {
  const built = path.join(place, 'out-webpack');
  await new Promise((resolve, reject) => {
    webpack({ mode: 'production', context: place, entry: './src/main.js', output: { path: built } }, (error, stats) => {
      if (error) reject(error);
      else if (stats.hasErrors() || stats.hasWarnings()) reject(new Error(stats.toString({ all: false, errors: true, warnings: true })));
      else resolve();
    });
  });
  await writeFile(path.join(built, 'index.html'), PAGE('<script defer src="main.js"></script>'));
  await playsFrom(built);
});

/** esbuild leaves `new URL(...)` alone: a worker is an entry of its own, and what is loaded by address is copied. */
async function built(name, options) {
  const outdir = path.join(place, name);
  const { warnings } = await esbuild({
    absWorkingDir: place,
    entryPoints: ['src/main.js', 'src/tone-worker.js'],
    bundle: true,
    minify: true,
    format: 'esm',
    logLevel: 'silent',
    outdir,
    ...options,
  });
  assert.deepEqual(warnings, []);
  await writeFile(path.join(outdir, 'index.html'), PAGE('<script type="module" src="main.js"></script>'));
  await copyFile(path.join(place, 'src/tone.js'), path.join(outdir, 'tone.js'));
  return outdir;
}

const LOADED = ['noxrun.wasm', 'producer.js', 'processor.js', 'player-producer.js'];

test('esbuild: four files copied beside what it makes (three without the player)', async () => {
  const outdir = await built('out-esbuild');
  for (const file of LOADED) await copyFile(path.join(place, 'node_modules/noxrun', file), path.join(outdir, file));
  await playsFrom(outdir);
});

test('esbuild: or the files named by `urls`', async () => {
  // In place of what main.js imports: a project would write this itself.
  const named = {
    name: 'named',
    setup({ onLoad }) {
      onLoad({ filter: /src\/urls\.js$/ }, () => ({
        contents: 'export const urls = { wasm: "/lib/noxrun.wasm", worker: "/lib/producer.js", processor: "/lib/processor.js", player: "/lib/player-producer.js" };',
      }));
    },
  };
  const outdir = await built('out-esbuild-urls', { plugins: [named] });
  await playsFrom(outdir, { routes: Object.fromEntries(LOADED.map((file) => [`/lib/${file}`, path.join(place, 'node_modules/noxrun', file)])) });
});

test('what was installed is what was packed, and nothing more', async () => {
  const lock = JSON.parse(await readFile(path.join(place, 'package-lock.json'), 'utf8'));
  assert.deepEqual(Object.keys(lock.packages).filter((name) => name !== ''), ['node_modules/noxrun']);
});
