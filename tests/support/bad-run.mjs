// Many bad files in a row in one output: for tests/browser (some) and tests/soak (a thousand).

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { badFiles } from './bad.mjs';
import { openLab } from './lab.mjs';
import { held, memoryTold, withMemoryTold } from './memory.mjs';
import { drive } from './output.mjs';
import { SITE, serve } from './server.mjs';
import { fixtureBytes } from './suite.mjs';

const MB = 1e6;
const PROBLEMS = ['empty', 'not-audio', 'unsupported', 'no-decoder', 'damaged', 'cut-off', 'unreadable', 'crashed'];

/** Plays `count` files in one output after the other, and requires of each that it is refused by name or played, and of all that nothing grows. */
export async function badFilesInARow(t, site, { count, seed }) {
  const server = await serve(SITE, { routes: { '/worklet/feeder.js': withMemoryTold(await readFile(path.join(SITE, 'worklet/feeder.js'), 'utf8')) } });
  const driven = await drive(site, { open: ({ before }) => openLab(site.browser, server.url, { before: [...before, memoryTold] }) });
  try {
    await driven.keep({ 'music.flac': await fixtureBytes('music.flac') });
    await driven.start({ file: 'music.flac' });
    await driven.does('setRepeat', 'all');
    const tally = {};
    const crashed = [];
    const figures = [];
    let tried = 0;
    for await (const [name, bytes] of badFiles(count, seed)) {
      // The first tenth warms up.
      if (tried === Math.floor(count / 10)) figures.push(await figuresOf(driven));
      tried += 1;
      const told = await driven.page.evaluate(
        async ([of, base64]) => {
          const { driven: page } = window;
          page.keep(of, base64);
          const { error } = await page.ask('setSource', { file: of });
          delete page.files[of];
          return { error, tracks: page.output.tracks.map((track) => track.name), state: page.output.state };
        },
        [name, bytes.toString('base64')],
      );
      if (told.error) {
        const { error } = told;
        assert.equal(error.code, 'file', `${name}: ${JSON.stringify(error)}`);
        assert.ok(PROBLEMS.includes(error.problem), `${name}: ${JSON.stringify(error)}`);
        assert.ok(error.message.startsWith(`${name}: `) && error.message.length > name.length + 10, `${name}: ${JSON.stringify(error)}`);
        if (error.problem === 'crashed') crashed.push([name, error.message]);
        tally[error.problem] = (tally[error.problem] ?? 0) + 1;
      } else {
        assert.deepEqual(told.tracks, [name]);
        tally.played = (tally.played ?? 0) + 1;
        // Now and then listened to for a moment; then what is known to be good.
        if (tally.played % 10 === 0) await driven.page.waitForTimeout(100);
        for (const failure of (await driven.now()).failures) {
          assert.equal(failure.name, name);
          assert.ok(PROBLEMS.includes(failure.code) && failure.message.startsWith(`${name}: `), JSON.stringify(failure));
          if (failure.code === 'crashed') crashed.push([name, failure.message]);
        }
        await driven.does('setSource', { file: 'music.flac' });
      }
      assert.ok(['running', 'ended'].includes(told.state), `${name}: ${told.state}`);
      if (tried % 25 === 0) await driven.plays(1000);
    }
    assert.equal(tried, count);
    await driven.does('setSource', { file: 'music.flac' });
    await driven.plays();
    figures.push(await figuresOf(driven));
    const [early, late] = figures;
    t.diagnostic(`${JSON.stringify(tally)}; the decoder crashed at ${crashed.length}: ${crashed.map(([name, why]) => `${name} (${why.slice(0, 160)})`).join('; ')}`);
    t.diagnostic(`early ${JSON.stringify(early)}, late ${JSON.stringify(late)}`);
    assert.ok(tally.played > 0 && Object.keys(tally).length > 2, 'files of several kinds were tried');
    assert.ok(late.workers <= early.workers + 1, `${early.workers} workers, then ${late.workers}`);
    assert.ok(late.heap < early.heap + 4 * MB, `${early.heap} bytes in the page, then ${late.heap}`);
    // The decoder's memory does not shrink: what it needed most, but no more for more files.
    assert.ok(late.decoder <= 60 * 1024 * 1024 && late.decoder < early.decoder + 24 * MB, `${early.decoder} bytes in the decoder, then ${late.decoder}`);
    // A decoder that crashed leaves its feed behind: five seconds.
    assert.ok(late.engine < early.engine + (4 + 2.5 * crashed.length) * MB, `${early.engine} bytes in the engine, then ${late.engine}`);
    assert.deepEqual(driven.lab.complained.filter((text) => text.startsWith('uncaught:')), []);
    return await driven.close({ complained: false });
  } finally {
    await server.close();
  }
}

async function figuresOf(driven) {
  return { ...(await held(driven.page)), ...(await driven.page.evaluate(() => ({ decoder: window.decoderBytes, engine: window.engineBytes() }))) };
}
