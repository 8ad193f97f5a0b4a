// Real recordings, from a file to what leaves the browser: recorded from PulseAudio's null sink, compared with what ffmpeg decodes of the file.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { SITE, serve } from '../support/server.mjs';
import { fixture, fixtureBytes } from '../support/suite.mjs';
import { ROUTES } from './listen.mjs';
import { RATE, Recorder } from './recorder.mjs';

/** Frames that are looked for at once. */
const BLOCK = 4800;
/** How far a sample may be from the reference: the browser's mixing, and nothing else. */
const NEAR = 1e-4;
/** Share of the blocks that have to be found, in their order: the device of a busy machine may break some. */
const ENOUGH = 0.9;
const PATIENCE = 120_000;

let server;
let browser;

before(async () => {
  assert.ok(process.env.NOXRUN_SINK, 'No sink to record: run ci/test-speaker.');
  const files = Object.fromEntries(['music-48000.flac', 'music-48000.ogg', 'speech.wav'].map((name) => [`/files/${name}`, fixture(name)]));
  server = await serve(SITE, { routes: { ...ROUTES, ...files } });
  browser = await launch({ audible: true });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Where `block` stands in `sound` from `from` on, or -1. */
function find(sound, block, from, near) {
  for (let at = from; at + block.length <= sound.length; at += 1) {
    let same = 0;
    while (same < block.length && Math.abs(sound[at + same] - block[same]) <= near) same += 1;
    if (same === block.length) return at;
  }
  return -1;
}

for (const [name, channels, near] of [
  ['music-48000.flac', 2, NEAR],
  // Two decoders of a lossy format.
  ['music-48000.ogg', 2, 2e-4],
  ['speech.wav', 1, NEAR],
]) {
  test(`what is in the file is what leaves the browser: ${name}`, { timeout: PATIENCE }, async (t) => {
    const bytes = await fixtureBytes(`${name}.f32`);
    const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const reference = samples.filter((_, at) => at % channels === 0);
    const page = await browser.newPage();
    const recorder = new Recorder();
    let recorded;
    let ledger;
    try {
      await page.goto(`${server.url}speaker.html`);
      await page.waitForFunction('window.speaker');
      await recorder.more(RATE / 2);
      const rate = await page.evaluate((url) => window.speaker.play({ kind: 'file', url }, { bufferFrames: 16_384, latencyHint: 0.1 }), `files/${name}`);
      assert.equal(rate, RATE, 'the context has another rate than the sink');
      await recorder.more(reference.length + RATE);
      recorded = await recorder.stop();
      ledger = await page.evaluate(() => window.speaker.stats());
      await page.evaluate(() => window.speaker.close());
    } finally {
      recorder.kill();
      await page.close();
    }
    let from = 0;
    let found = 0;
    let blocks = 0;
    for (let at = 0; at + BLOCK <= reference.length; at += BLOCK) {
      const block = reference.subarray(at, at + BLOCK);
      // Silence is found anywhere.
      if (!block.some((sample) => Math.abs(sample) > 0.02)) continue;
      blocks += 1;
      const place = find(recorded.left, block, from, near);
      if (place < 0) continue;
      found += 1;
      from = place + BLOCK;
    }
    t.diagnostic(`${found} of ${blocks} blocks of ${BLOCK} frames found in their order; underruns ${ledger.underruns.events}`);
    assert.ok(blocks > 5, `${blocks} blocks with sound`);
    assert.ok(found >= ENOUGH * blocks, `${found} of ${blocks} blocks were heard as they are in the file`);
    assert.equal(ledger.imbalance, 0);
  });
}
