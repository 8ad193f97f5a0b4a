// Two hours of sound: played at once, sought in, and no more memory than six seconds need.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { longFile } from '../support/long-run.mjs';
import { MEASURING } from '../support/memory.mjs';
import { sparseWav } from '../support/music.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite({ browser: MEASURING });
const SECONDS = 2 * 3600;

let folder = null;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'noxrun-long-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('two hours from a file and from an address', async (t) => {
  const file = path.join(folder, 'two-hours.wav');
  await sparseWav(file, SECONDS);
  await longFile(t, site, { file, seconds: SECONDS, seeks: 3 });
}, { longer: 60 });
