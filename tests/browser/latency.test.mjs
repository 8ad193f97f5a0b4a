// Is the ring's latency what is said of it? Every block is a marker: its worker notes when it was rendered, and a recording shows when its first frame came out.

import assert from 'node:assert/strict';
import { overhear } from '../support/overhear.mjs';
import { test } from '../support/suite.mjs';
import { tapSuite } from '../support/tap.mjs';

const site = tapSuite();

/** Plays a file whose frames are numbered; how long each block's first frame took, in ms, and what is reported. */
const measure = async (options) => {
  const { play, numbered, runs } = window.tap;
  const rate = 48_000;
  const source = numbered({ name: 'markers.wav', frames: 4 * rate, rate });
  const session = await play({ source, sampleRate: rate, timeline: true, ...options });
  const { output, recording } = session;
  // Looks at how far the recording is, as often as a page may.
  const looks = [];
  const { port1, port2 } = new MessageChannel();
  const until = recording.frames + 2 * rate;
  await new Promise((resolve) => {
    port1.onmessage = () => {
      const { frames } = recording;
      const at = performance.timeOrigin + performance.now();
      if (looks.at(-1)?.frames !== frames) looks.push({ frames, at });
      if (frames >= until) resolve();
      else port2.postMessage(null);
    };
    port2.postMessage(null);
  });
  const verdicts = Object.fromEntries(output.verdicts().map((verdict) => [verdict.flag, verdict]));
  const pieces = runs(session);
  const done = await session.close();
  // Frame n of the file is frame n of the ring.
  const took = [];
  let position = 0;
  let nth = 0;
  // Every block is measured when it has been rendered, from the first one on.
  for (const { endMs: renderedAt, detail } of window.measured) {
    const [, frames] = detail.devtools.properties.find(([property]) => property === 'frames');
    const piece = pieces.find(({ first, frames: length }) => position >= first && position < first + length);
    const place = piece && piece.at + position - piece.first;
    while (nth < looks.length && looks[nth].frames <= place) nth += 1;
    // Not what lay there before anybody looked.
    if (piece && nth > 0 && nth < looks.length && renderedAt > looks[0].at) took.push(looks[nth].at - renderedAt);
    position += Number(frames);
  }
  took.sort((one, other) => one - other);
  return { took, latency: verdicts.latency, room: verdicts.ringBelowCallback, done, rate, pieces: pieces.length };
};

for (const [bufferFrames, blockFrames] of [[2048, 128], [4096, 256], [16_384, 512]]) {
  test(`a ring of ${bufferFrames}: markers take as long as is reported, to within one callback`, async (t) => {
    const lab = await site.open({ prepare: overhear });
    const { took, latency, room, done, rate } = await lab.page.evaluate(measure, { bufferFrames, blockFrames });
    assert.equal(done.ledger.imbalance, 0);
    assert.equal(done.lost, 0);
    // Most of two seconds' blocks, whatever the machine did meanwhile.
    assert.ok(took.length > rate / blockFrames, `${took.length} markers`);
    const median = took[took.length >> 1];
    // The limit of that flag is one callback (the longest one) and one quantum. Chromium asks for 10 ms at a time, in whole quanta.
    const callbackMs = (Math.min(room.limit - 128, 512) * 1e3) / rate;
    t.diagnostic(`${took.length} markers, half of them took ${median.toFixed(1)} ms or less; reported ${latency.value.toFixed(1)} ms; a callback is ${callbackMs.toFixed(1)} ms`);
    assert.ok(callbackMs > 0 && Math.abs(median - latency.value) <= callbackMs, JSON.stringify({ median, latency, room, took: took.filter((_, nth) => nth % 50 === 0) }));
    await lab.close();
  });
}
