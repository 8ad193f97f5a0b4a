// Two hours from a file and from an address, and a thousand bad files: memory stays what it is, and the first sound comes at once.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { badFilesInARow } from '../support/bad-run.mjs';
import { MEASURING } from '../support/memory.mjs';
import { longFile } from '../support/long-run.mjs';
import { loopedFile } from '../support/music.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite({ browser: MEASURING });
/** Copies of six seconds in two hours. */
const COPIES = 1200;

let folder = null;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'noxrun-long-'));
});
after(() => rm(folder, { recursive: true, force: true }));

for (const [from, to, ...options] of [
  ['music.wav', 'long.wav'],
  // Encoded anew: a copy's head would say six seconds.
  ['music.flac', 'long.flac', '-c:a', 'flac'],
  ['music.mp3', 'long.mp3', '-write_xing', '0'],
  ['music-aac.m4a', 'long.m4a'],
  ['music.ogg', 'long.ogg'],
]) {
  test(`two hours: ${to}`, async (t) => {
    const file = path.join(folder, to);
    await loopedFile(from, file, COPIES, ...options);
    await longFile(t, site, { file, seconds: 2 * 3600, seeks: 10, longer: Number(process.env.NOXRUN_SOAK_SECONDS ?? 60) / 10 });
    await rm(file);
  }, { longer: 600 });
}

test('a thousand bad files', (t) => badFilesInARow(t, site, { count: 1000, seed: 3 }), { longer: 900 });
