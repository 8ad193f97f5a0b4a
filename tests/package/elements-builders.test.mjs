// <noxrun-player> in projects that have installed the tarball, built by what people use, with the least configuration that does; on pages with a strict policy.

import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';
import { complaints, launch } from '../support/chromium.mjs';
import { project } from '../support/package.mjs';
import { serve } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

/** Debian's. */
const CHIME = '/usr/share/sounds/freedesktop/stereo/complete.oga';
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src data:";
const PAGE = (script) => `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>A player</title>\n<link rel="icon" href="data:,">\n${script}\n<noxrun-player src="/chime.oga"></noxrun-player>\n</html>\n`;

let browser;
let place;
let remove;
before(async () => {
  ({ place, remove } = await project());
  await writeFile(path.join(place, 'src/player.js'), "import 'noxrun/player';\n");
  await writeFile(path.join(place, 'index.html'), PAGE('<script type="module" src="./src/player.js"></script>'));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await remove?.();
});

/** Plays to the end what was built into `folder`. */
async function playsFrom(folder) {
  const server = await serve(folder, { headers: { 'Content-Security-Policy': STRICT }, routes: { '/chime.oga': CHIME } });
  const page = await browser.newPage();
  const heard = complaints(page);
  try {
    await page.goto(server.url);
    const told = await page.evaluate(async () => {
      await customElements.whenDefined('noxrun-player');
      const player = document.querySelector('noxrun-player');
      const ended = new Promise((resolve) => player.addEventListener('ended', resolve));
      await player.play();
      await ended;
      const { ledger, transport } = await player.output.look();
      return { transport, imbalance: ledger.imbalanceFrames, heard: ledger.freshFrames > 40_000 };
    });
    assert.deepEqual(told, { transport: 'shared', imbalance: 0, heard: true });
    assert.deepEqual(heard, []);
  } finally {
    await page.close();
    await server.close();
  }
}

test('Vite', async () => {
  const outDir = path.join(place, 'player-vite');
  await vite({ root: place, configFile: false, logLevel: 'error', build: { outDir } });
  await playsFrom(outDir);
});

test('webpack', async () => {
  const folder = path.join(place, 'player-webpack');
  await new Promise((resolve, reject) => {
    webpack({ mode: 'production', context: place, entry: './src/player.js', output: { path: folder } }, (error, stats) => {
      if (error) reject(error);
      else if (stats.hasErrors() || stats.hasWarnings()) reject(new Error(stats.toString({ all: false, errors: true, warnings: true })));
      else resolve();
    });
  });
  await writeFile(path.join(folder, 'index.html'), PAGE('<script defer src="main.js"></script>'));
  await playsFrom(folder);
});

test('esbuild: four files copied beside what it makes', async () => {
  const outdir = path.join(place, 'player-esbuild');
  const { warnings } = await esbuild({ absWorkingDir: place, entryPoints: ['src/player.js'], bundle: true, minify: true, format: 'esm', logLevel: 'silent', outdir });
  assert.deepEqual(warnings, []);
  for (const file of ['noxrun.wasm', 'producer.js', 'processor.js', 'player-producer.js']) await copyFile(path.join(place, 'node_modules/noxrun', file), path.join(outdir, file));
  await writeFile(path.join(outdir, 'index.html'), PAGE('<script type="module" src="player.js"></script>'));
  await playsFrom(outdir);
});
