// A long file, from the disk and from an address: for tests/browser (an hour) and tests/soak (two, in every format).

import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { random } from './bad.mjs';
import { openLab } from './lab.mjs';
import { held, measured, memoryTold, withMemoryTold } from './memory.mjs';
import { balances, drive } from './output.mjs';
import { SITE, serve } from './server.mjs';

const MB = 1e6;
/** What the engine may grow by while it plays whatever file, in bytes. */
const MOST = 60 * MB;

/** Serves a file from the disk in parts. */
function parts(file, size, sent) {
  return (request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = to ? Number(to) : size - 1;
    response.writeHead(from === undefined ? 200 : 206, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': end - start + 1,
      ...(from === undefined ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    });
    sent.requests += 1;
    const stream = createReadStream(file, { start, end }).on('error', () => response.destroy());
    response.on('close', () => {
      sent.bytes += stream.bytesRead;
      stream.destroy();
    });
    stream.pipe(response);
  };
}

/** Plays `file`, of some `seconds`, seeks to `seeks` places and to its end, and requires that memory stays what it is. */
export async function longFile(t, site, { file, seconds, seeks, longer = 0 }) {
  const { size } = await stat(file);
  const name = path.basename(file);
  const sent = { requests: 0, bytes: 0 };
  const feeder = withMemoryTold(await readFile(path.join(SITE, 'worklet/feeder.js'), 'utf8'));
  const server = await serve(SITE, { routes: { '/worklet/feeder.js': feeder, [`/${name}`]: parts(file, size, sent) } });
  try {
    for (const [what, source] of [['file', (driven) => driven.pick(file)], ['address', () => ({ kind: 'file', url: name })]]) {
      const driven = await drive(site, { open: ({ before }) => openLab(site.browser, server.url, { before: [...before, memoryTold] }) });
      const before = { ...(await held(driven.page)), all: await measured(driven.page) };
      const started = await driven.start(await source(driven));
      const { tracks, startup } = await driven.reaches(0.2);
      t.diagnostic(`${name}, ${size} bytes, by ${what}: start took ${started.toFixed(0)} ms, the first sound ${startup.firstFrameMs?.toFixed(0)} ms`);
      // Generous: a busy machine. What it takes is told.
      assert.ok(started < 10_000, `${started} ms`);
      const told = tracks[0].info.seconds;
      assert.ok(told === null || Math.abs(told - seconds) < 0.02 * seconds, `says ${told} s`);
      const next = random(size);
      const took = [];
      for (let nth = 0; nth < seeks; nth += 1) {
        const to = Math.floor(0.98 * seconds * next());
        took.push(await driven.does('seek', to, 0));
        await driven.reaches(to + 0.1, { to: to + 10 });
      }
      if (longer > 0) await driven.plays(longer * 44_100);
      await driven.does('seek', (told ?? seconds) - 3, 0);
      const { failures, position } = await driven.until(({ state }) => state === 'ended');
      assert.deepEqual(failures, []);
      assert.ok(Math.abs(position.seconds - seconds) < 0.02 * seconds, `ended at ${position.seconds} s`);
      const now = await held(driven.page);
      const [decoder, engine] = await driven.page.evaluate(() => [window.decoderMost, window.engineBytes()]);
      const shown = (bytes) => (bytes === null ? '?' : (bytes / MB).toFixed(1));
      assert.ok(decoder > 0 && engine > 0 && decoder + engine + now.heap - before.heap < MOST, `${decoder} bytes in the decoder, ${engine} in the engine`);
      balances((await driven.until(() => true)).stats);
      // With workers that sleep the browser does not measure: what is left once the output is closed.
      await driven.does('close');
      const all = await measured(driven.page);
      t.diagnostic(`seeks took ${took.map((ms) => ms.toFixed(0)).join(', ')} ms; the decoder's memory ${shown(decoder)} MB, the engine's ${shown(engine)} MB; `
        + `the page's heap ${shown(before.heap)}, then ${shown(now.heap)} MB; in all ${shown(before.all)} before, ${shown(all)} MB after`
        + (what === 'address' ? `; ${shown(sent.bytes)} MB in ${sent.requests} requests` : ''));
      if (all !== null && before.all !== null) assert.ok(all - before.all < 20 * MB, `${before.all} bytes, then ${all}`);
      await driven.lab.close({ complained: false });
    }
  } finally {
    await server.close();
  }
}
