// Browsers without an AudioDecoder: what only the browser decodes is decoded whole by the page, if it is short enough.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openLab } from '../support/lab.mjs';
import { SITE, serve } from '../support/server.mjs';
import { fixtureBytes, suite, test } from '../support/suite.mjs';
import { drive } from '../support/output.mjs';
import { loopedFile } from '../support/music.mjs';

const site = suite();

async function withoutDecoder(during) {
  const text = await readFile(path.join(SITE, 'worklet/feeder.js'), 'utf8');
  const answer = (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(`delete globalThis.AudioDecoder;\n${text}`);
  const server = await serve(SITE, { routes: { '/worklet/feeder.js': answer } });
  const driven = await drive(site, { open: (options) => openLab(site.browser, server.url, options) });
  try {
    await during(driven);
    await driven.close();
  } finally {
    await server.close();
  }
}

test('with an AudioDecoder, Opus is decoded by it, packet by packet', async () => {
  const driven = await drive(site);
  await driven.keep({ 'music.opus': await fixtureBytes('music.opus') });
  await driven.start({ file: 'music.opus' });
  const { tracks } = await driven.reaches(0.5);
  assert.deepEqual([tracks[0].info.decoder, tracks[0].info.codec], ['browser', 'Opus']);
  await driven.lab.hears();
  const { failures, position } = await driven.until(({ state }) => state === 'ended');
  assert.deepEqual(failures, []);
  assert.ok(Math.abs(position.seconds - 6) < 0.2, `${position.seconds} s`);
  await driven.close();
});

test('without, it is decoded whole, and sought in', () =>
  withoutDecoder(async (driven) => {
    await driven.keep({ 'music.opus': await fixtureBytes('music.opus') });
    await driven.start({ file: 'music.opus' });
    const { tracks } = await driven.reaches(0.5);
    assert.equal(tracks[0].name, 'music.opus');
    assert.ok(Math.abs(tracks[0].info.seconds - 6) < 0.2, `${tracks[0].info.seconds} s`);
    await driven.lab.hears();
    await driven.does('seek', 5);
    const { failures } = await driven.until(({ state }) => state === 'ended');
    assert.deepEqual(failures, []);
  }));

test('without, what is longer than ten minutes is refused with a reason, and what plays plays on', () =>
  withoutDecoder(async (driven) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'noxrun-long-'));
    try {
      const file = path.join(folder, 'long.opus');
      await loopedFile('music.opus', file, 102);
      await driven.keep({ 'music.flac': await fixtureBytes('music.flac') });
      await driven.start({ file: 'music.flac' });
      await driven.does('setRepeat', 'one');
      const { error } = await driven.ask('setSource', await driven.pick(file));
      assert.deepEqual([error.code, error.problem], ['file', 'no-decoder'], JSON.stringify(error));
      assert.match(error.message, /^long\.opus: .*10\.\d minutes.*of up to 10 minutes/);
      await driven.plays(4410);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }));
