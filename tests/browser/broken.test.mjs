// Files that are broken, that vanish, and that make the decoder crash or hang: each is named, and what plays plays on.

import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { openLab } from '../support/lab.mjs';
import { MEASURING } from '../support/memory.mjs';
import { SITE, serve } from '../support/server.mjs';
import { fixtureBytes, suite, test } from '../support/suite.mjs';
import { LIES } from '../support/bad.mjs';
import { badFilesInARow } from '../support/bad-run.mjs';
import { drive } from '../support/output.mjs';
import { patched, repeatedWav } from '../support/music.mjs';

const site = suite({ browser: MEASURING });
/** Codes of a file that is refused. */
const PROBLEMS = ['empty', 'not-audio', 'unsupported', 'no-decoder', 'damaged', 'cut-off', 'unreadable', 'crashed'];

let folder = null;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'noxrun-broken-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('150 bad files in a row: each is refused by name or played, the sound goes on, and nothing is left behind', (t) => badFilesInARow(t, site, { count: 150, seed: 7 }));

test('heads that lie are refused with a reason, or played as far as they go', async () => {
  const driven = await drive(site);
  await driven.keep({ 'music.flac': await fixtureBytes('music.flac'), ...LIES });
  await driven.start({ file: 'music.flac' });
  for (const name of Object.keys(LIES)) {
    const { error } = await driven.ask('setSource', { file: name });
    if (error) {
      assert.equal(error.code, 'file');
      assert.ok(PROBLEMS.includes(error.problem) && error.problem !== 'crashed', JSON.stringify(error));
      assert.ok(error.message.startsWith(`${name}: `) && error.message.length > name.length + 10, error.message);
    } else {
      // What says too much ends where its bytes do.
      assert.match(name, /length|rate|bits/, `${name} is played`);
      await driven.until(({ state }) => state === 'ended');
      await driven.does('setSource', { file: 'music.flac' });
    }
    await driven.plays(2000);
  }
  await driven.close();
});

/** A file on the disk, of which the decoder holds the beginning only. */
async function onDisk(name, copies = 60) {
  const file = path.join(folder, name);
  await writeFile(file, await repeatedWav(copies));
  return file;
}

for (const [what, change] of [
  ['is removed', (file) => unlink(file)],
  ['is cut off', (file) => truncate(file, 1_000_000)],
  ['is written over', async (file) => writeFile(file, await fixtureBytes('music.flac'))],
  ['grows', async (file) => {
    const handle = await open(file, 'a');
    await handle.write(Buffer.alloc(1_000_000));
    await handle.close();
  }],
]) {
  test(`a file that ${what} while it plays: what was read is played, then it is said`, async () => {
    const file = await onDisk('changes.wav');
    const driven = await drive(site);
    await driven.start(await driven.pick(file));
    await driven.reaches(0.5);
    await change(file);
    const { failures, position } = await driven.until(({ state }) => state === 'ended');
    assert.equal(failures.length, 1, JSON.stringify(failures));
    const [{ item, name, code, at, message }] = failures;
    assert.deepEqual([item, name, code], [0, 'changes.wav', 'unreadable'], message);
    assert.match(message, /^changes\.wav: .*changed, moved or removed/);
    assert.ok(at > 0.5 && Math.abs(at - position.seconds) < 0.5, `${at} s, and played to ${position.seconds} s`);
    // And again: refused at once, by name.
    const { error } = await driven.ask('setSource', { file: 'changes.wav' });
    assert.equal(error.problem, 'unreadable');
    assert.match(error.message, /^changes\.wav: /);
    await driven.keep({ 'music.flac': await fixtureBytes('music.flac') });
    await driven.does('setSource', { file: 'music.flac' });
    await driven.reaches(0.3);
    await driven.close();
  });
}

/** In the decoder's script: traps, or never comes back, at files of certain names. */
const BREAKS = {
  'function readable(items) {': '$&\n  globalThis.names = items.map(({ name }) => name);\n  globalThis.fate = (when) => { const [, how] = new RegExp(`^${when}-(trap|hang)`).exec(globalThis.current) ?? []; '
    + "if (how === 'trap') throw new WebAssembly.RuntimeError('unreachable'); while (how === 'hang'); };",
  'feeder.open(readable(items), first, id);': 'const list = readable(items); globalThis.current = names[first]; fate("open"); $&',
  'segment(item, seconds) {': '$& globalThis.current = names[item]; globalThis.written = 0;',
  'write(samples, frames) {': '$& globalThis.written += frames; if (globalThis.written > 44_100) fate("play");',
};

/** The site with such a decoder. */
async function withFate(during) {
  let text = await readFile(path.join(SITE, 'worklet/feeder.js'), 'utf8');
  for (const [from, to] of Object.entries(BREAKS)) {
    assert.ok(text.includes(from), `worklet/feeder.js has no "${from}"`);
    text = text.replace(from, to);
  }
  const answer = (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(text);
  const server = await serve(SITE, { routes: { '/worklet/feeder.js': answer } });
  const driven = await drive(site, { open: (options) => openLab(site.browser, server.url, options) });
  const music = await fixtureBytes('music.flac');
  const names = ['fine.flac', 'last.flac', 'open-trap.flac', 'open-hang.flac', 'play-trap.flac', 'play-hang.flac'];
  await driven.keep(Object.fromEntries(names.map((name) => [name, music])));
  try {
    await during(driven);
    await driven.close({ complained: false });
  } finally {
    await server.close();
  }
}

/** Uncaught errors of the page itself: the worker's own trap is none. */
const uncaught = (driven) => driven.lab.complained.filter((text) => text.startsWith('uncaught:'));

/** It breaks at a file that is opened while another plays. */
const inOpening = (how) =>
  withFate(async (driven) => {
    await driven.start({ kind: 'playlist', items: [{ file: 'fine.flac' }, { file: 'last.flac' }] });
    await driven.does('setLoop', { item: 0, start: 1, end: 3 });
    await driven.reaches(0.5);
    const refused = driven.ask('setSource', { file: `open-${how}.flac` });
    if (how === 'hang') await driven.plays(44_100);
    const { error } = await refused;
    assert.deepEqual([error.code, error.problem], ['file', 'crashed'], JSON.stringify(error));
    assert.match(error.message, new RegExp(`^open-${how}\\.flac: `));
    // What played plays on, loop and all, and nobody is blamed.
    await driven.plays(6 * 44_100);
    const { state, position, failures, tracks } = await driven.until(() => true);
    assert.deepEqual([state, failures, tracks.map(({ name }) => name)], ['running', [], ['fine.flac', 'last.flac']]);
    assert.ok(position.item === 0 && position.seconds < 3.1, JSON.stringify(position));
    await driven.does('setLoop', null);
    await driven.does('seek', 5.5, 0);
    await driven.reaches(0.3, { item: 1 });
    assert.deepEqual(uncaught(driven), []);
  });

/** It breaks in the middle of a list. */
const inPlaying = (how) =>
  withFate(async (driven) => {
    await driven.start({ kind: 'playlist', items: [{ file: 'fine.flac' }, { file: `play-${how}.flac` }, { file: 'last.flac' }] });
    await driven.does('seek', 5, 0);
    await driven.reaches(0.5, { item: 1 });
    const { failures, tracks } = await driven.reaches(0.5, { item: 2, patience: 60_000 });
    const [{ item, name, code, at, message }] = failures;
    assert.deepEqual([failures.length, item, name, code], [1, 1, `play-${how}.flac`, 'crashed']);
    assert.ok(at > 0.8 && at < 1.3, `${at} s were decoded`);
    assert.match(message, new RegExp(`^play-${how}\\.flac: `));
    assert.ok(tracks.every(({ info }) => info !== null));
    // Back to the file that is to blame, and away from it.
    await driven.does('seek', 0, 1);
    await driven.reaches(0.3, { item: 1 });
    if (how === 'trap') await driven.until((now) => now.failures.length === 2);
    await driven.does('seek', 2, 0);
    await driven.reaches(2.3, { to: 5, item: 0 });
    assert.deepEqual(uncaught(driven), []);
  });

test('the decoder traps at a file that is opened: what plays plays on', () => inOpening('trap'));
test('the decoder traps in the middle of a list: what it had decoded is played, and the list goes on', () => inPlaying('trap'));
// At once: each takes the 20 s after which a decoder counts as hung.
test('the decoder never comes back from a file: the same', () => Promise.all([inOpening('hang'), inPlaying('hang')]));

test('the decoder traps at each of ten files that are opened: the sound goes on, and no worker is left', () =>
  withFate(async (driven) => {
    await driven.start({ file: 'fine.flac' });
    await driven.does('setRepeat', 'one');
    for (let nth = 0; nth < 10; nth += 1) {
      const { error } = await driven.ask('setSource', { file: 'open-trap.flac' });
      assert.equal(error?.problem, 'crashed', JSON.stringify(error));
      await driven.plays(2000);
    }
    const { state, failures, tracks } = await driven.now();
    assert.deepEqual([state, failures, tracks.length], ['running', [], 1]);
    await driven.page.waitForTimeout(1000);
    assert.ok(driven.page.workers().length <= 6, `${driven.page.workers().map((worker) => worker.url())}`);
  }));

test('the first file of all makes the decoder crash: refused, and the next one plays', () =>
  withFate(async (driven) => {
    const { error } = await driven.tryStart({ file: 'open-trap.flac' });
    assert.equal(error.problem, 'crashed');
    await driven.start({ file: 'fine.flac' });
    await driven.reaches(0.5);
  }));

test('real files that symphonia does not survive: refused by name, and what plays plays on', async () => {
  const fragments = await fixtureBytes('short-fragments.mp4');
  // A track run whose flags promise fields that it does not have.
  const flags = fragments.indexOf('trun') + 4;
  const driven = await drive(site);
  await driven.keep({ 'music.flac': await fixtureBytes('music.flac'), 'fragments.mp4': patched(fragments, [flags, [0, 0, 0, 0xff]]) });
  await driven.start({ file: 'music.flac' });
  await driven.does('setRepeat', 'one');
  for (let nth = 0; nth < 3; nth += 1) {
    const { error } = await driven.ask('setSource', { file: 'fragments.mp4' });
    // Damaged, once it is noticed in time.
    assert.ok(['crashed', 'damaged'].includes(error.problem), JSON.stringify(error));
    assert.match(error.message, /^fragments\.mp4: /);
    await driven.plays(22_050);
    const { state, failures, tracks } = await driven.now();
    assert.deepEqual([state, failures, tracks.length, tracks[0].name], ['running', [], 1, 'music.flac']);
  }
  assert.deepEqual(uncaught(driven), []);
  await driven.close({ complained: false });
});
