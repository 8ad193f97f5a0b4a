// What is published, file by file, how much of it a page loads, and that nothing in it points elsewhere.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ROOT, TARBALL, folder, program } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

/** The limits of the project, in bytes. */
const MOST_TARBALL = 150_000;
const MOST_LOADED = 60_000;

/** What a page loads that plays: with the worker that Noxrun starts, or with a worker of its own. */
const LOADED = {
  'a built-in source or a module': ['index.js', 'producer.js', 'processor.js', 'noxrun.wasm'],
  'a worker of the page\'s own': ['index.js', 'worker.js', 'processor.js', 'noxrun.wasm'],
};

let place;
let remove;
let files;
const read = (file) => readFile(path.join(place, 'package', file));

before(async () => {
  ({ place, remove } = await folder());
  await program('tar', ['-xzf', TARBALL, '-C', place]);
  const { stdout } = await program('tar', ['-tzf', TARBALL]);
  files = stdout.trim().split('\n').map((file) => file.replace(/^package\//, '')).sort();
});
after(() => remove?.());

test('the tarball holds the files of contents.txt and no other', async () => {
  const listed = (await readFile(path.join(ROOT, 'tests/package/contents.txt'), 'utf8')).trim().split('\n');
  assert.deepEqual(files, [...listed].sort());
});

test('it is small, and so is what a page loads', async () => {
  const { size } = await stat(TARBALL);
  console.info(`tarball: ${size} bytes`);
  assert.ok(size <= MOST_TARBALL, `${size} bytes`);
  const packed = {};
  for (const file of files.filter((name) => /\.(js|wasm)$/.test(name))) packed[file] = gzipSync(await read(file), { level: 9 }).length;
  console.info(`gzip -9: ${Object.entries(packed).map(([file, bytes]) => `${file} ${bytes}`).join(', ')}`);
  for (const [what, names] of Object.entries(LOADED)) {
    const bytes = names.reduce((sum, file) => sum + packed[file], 0);
    console.info(`${what}: ${bytes} bytes`);
    assert.ok(bytes <= MOST_LOADED, `${what}: ${bytes} bytes`);
  }
});

test('every export is a file that is there, and every script that can be loaded by address is exported', async () => {
  const { exports, types, customElements } = JSON.parse(await read('package.json'));
  const targets = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  for (const target of [...targets, types, `./${customElements}`]) assert.ok(files.includes(target.replace('./', '')), target);
  for (const [name, target] of Object.entries(exports)) {
    if (typeof target !== 'string') assert.deepEqual(Object.keys(target), ['types', 'default'], `${name}: types first`);
  }
  for (const file of files.filter((name) => name.endsWith('.js'))) assert.ok(targets.includes(`./${file}`), file);
});

test('builders may drop what has no effects, and must keep what has', async () => {
  const { sideEffects } = JSON.parse(await read('package.json'));
  // Elements register when they are imported; workers and the processor are nothing but effects.
  assert.deepEqual([...sideEffects].sort(), ['./isolation-worker.js', './meter.js', './player-producer.js', './player.js', './processor.js', './producer.js', './worker.js']);
});

test('one version everywhere, no dependency, no script that npm would run', async () => {
  const manifest = JSON.parse(await read('package.json'));
  const [, version] = /^version = "(.*)"$/m.exec(await readFile(path.join(ROOT, 'Cargo.toml'), 'utf8'));
  assert.equal(manifest.version, version);
  assert.equal(path.basename(TARBALL), `noxrun-${version}.tgz`);
  for (const file of ['index.js', 'processor.js']) assert.ok((await read(file)).includes(version), `${file} knows the version`);
  for (const key of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies', 'devDependencies', 'scripts']) assert.equal(manifest[key], undefined, key);
  assert.equal(manifest.license, 'MIT OR Apache-2.0');
  assert.equal(manifest.type, 'module');
});

test('the licences and the changelog are the repository\'s', async () => {
  for (const file of ['LICENSE-MIT', 'LICENSE-APACHE', 'CHANGELOG.md']) assert.deepEqual(await read(file), await readFile(path.join(ROOT, file)), file);
});

test('nothing in it knows where it was made, or asks a foreign host', async () => {
  for (const file of files) {
    const text = (await read(file)).toString('latin1');
    assert.doesNotMatch(text, /\/(home|root|work|tmp|Users|usr|rustc)\/|[A-Z]:\\\\|\.cargo/, file);
    assert.ok(!text.includes(ROOT), file);
    if (!file.endsWith('.js')) continue;
    // Of addresses that are written out there is only SVG's, which names no place to ask.
    assert.deepEqual([...text.matchAll(/\b(?:https?|wss?):\/\/[^\s'"`)]*/g)].map(([address]) => address).filter((address) => address !== 'http://www.w3.org/2000/svg'), [], file);
    assert.doesNotMatch(text, /sourceMappingURL/, file);
  }
});

test('scripts stand alone: they import nothing but each other, and the audio thread\'s and the service worker\'s nothing at all', async () => {
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const text = (await read(file)).toString();
    const imported = [...text.matchAll(/\bimport\b[^(.;]*?["']([^"']+)["']/g), ...text.matchAll(/\bexport\b[^;]*?\bfrom\s*["']([^"']+)["']/g)].map(([, name]) => name);
    for (const name of imported) assert.ok(['./index.js', './worker.js', './meter.js'].includes(name), `${file} imports ${name}`);
    if (['index.js', 'worker.js', 'producer.js', 'processor.js', 'isolation.js', 'isolation-worker.js'].includes(file)) assert.deepEqual(imported, [], file);
    if (['processor.js', 'isolation-worker.js'].includes(file)) assert.doesNotMatch(text, /\b(import|export)\b/, file);
  }
});

test('bundlers find the files that are loaded by address', async () => {
  const text = (await read('index.js')).toString();
  assert.match(text, /new Worker\(new URL\("\.\/producer\.js",\s*import\.meta\.url\),\s*\{\s*type:\s*"module"/);
  assert.match(text, /new URL\("\.\/noxrun\.wasm",\s*import\.meta\.url\)/);
  assert.match(text, /new URL\("\.\/processor\.js",\s*import\.meta\.url\)/);
  // A module of the user's is loaded by the address it has: bundlers must leave that alone.
  assert.match((await read('producer.js')).toString(), /import\(\s*\/\* (@vite-ignore|webpackIgnore: true) \*\/\s*\/\* (@vite-ignore|webpackIgnore: true) \*\//);
});
