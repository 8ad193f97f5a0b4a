// A file plays to its end: every frame of it, then nothing.

import assert from 'node:assert/strict';
import { fixtureBytes, suite, test } from '../support/suite.mjs';
import { wav } from '../support/wav.mjs';

const site = suite();

test('a WAV at the context\'s rate is played frame by frame to its end, and can be played again', async () => {
  const lab = await site.open();
  const rate = await lab.page.evaluate(async () => {
    const context = new AudioContext();
    const { sampleRate } = context;
    await context.close();
    return sampleRate;
  });
  // No multiple of any block or quantum.
  const frames = Math.round(1.3 * rate) + 7;
  await lab.drop('tone.wav', wav(frames, rate));
  await lab.state('ended');
  const ledger = await lab.balanced();
  assert.equal(ledger.fresh, frames);
  assert.equal(ledger.inFlight, 0);
  await lab.until('ledger-silent-ended', (silent, before) => silent > before, ledger.silentBy.ended);
  await lab.hears(false);

  // The same button plays it again, in a new output.
  assert.equal(await lab.page.getAttribute('#play', 'data-shows'), 'play');
  await lab.play();
  assert.match(await lab.text('now-playing'), /^tone\.wav/);
  await lab.state('ended');
  assert.equal((await lab.balanced()).fresh, frames);
  await lab.close();
});

test('a resampled music file plays to its end', async () => {
  const lab = await site.open();
  await lab.drop('music-22050.flac', await fixtureBytes('music-22050.flac'));
  await lab.state('running');
  const rate = await lab.number('sample-rate');
  await lab.state('ended');
  const ledger = await lab.balanced();
  assert.equal(ledger.inFlight, 0);
  assert.ok(Math.abs(ledger.fresh - 6 * rate) <= 2, `${ledger.fresh} frames of six seconds at ${rate} Hz`);
  await lab.close();
});
