// Files that cannot be played, or not to their end: the page names them, and what plays plays on.

import assert from 'node:assert/strict';
import { fixture, fixtureBytes, suite, test } from '../support/suite.mjs';

const site = suite();

/** Each is refused when it is opened. */
const REFUSED = ['random-0.bin', 'text.wav', 'empty.wav', 'picture.png', 'stub-music.flac', 'stub-music-alac.m4a', 'silent.mp4', 'surround.ogg'];

test('what is no audio is refused by name, and the sound plays on', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'sine');
  await lab.play();
  for (const [nth, file] of REFUSED.entries()) {
    if (nth % 2 === 0) await lab.drop(file, await fixtureBytes(file));
    else {
      await lab.page.selectOption('#source', 'file');
      await lab.page.setInputFiles('#file', fixture(file));
    }
    const text = await lab.message('file');
    assert.ok(text.includes(file), `${file}: ${text}`);
    assert.ok(text.length > file.length + 15, `says why: ${text}`);
    await lab.plays(4410);
    assert.match(await lab.text('now-playing'), /sine/i);
    assert.equal(await lab.page.inputValue('#source'), 'sine');
    assert.equal(await lab.page.getAttribute('#state', 'data-state'), 'running');
    await lab.page.click('#message-dismiss');
    assert.equal(await lab.page.locator('#message').isVisible(), false);
  }
  await lab.hears();
  assert.equal(await lab.contexts(), 1, 'in the same output');
  const ledger = await lab.balanced();
  assert.equal(ledger.droppedBy.seek, 0, 'nothing of the sound was dropped');
  await lab.close();
});

test('what is no audio is refused while nothing plays, and Play works', async () => {
  const lab = await site.open();
  await lab.drop('random-1.bin', await fixtureBytes('random-1.bin'));
  assert.match(await lab.message('file'), /random-1\.bin/);
  assert.notEqual(await lab.page.getAttribute('#state', 'data-state'), 'starting');
  await lab.play();
  assert.equal(await lab.page.locator('#message').isVisible(), false);
  await lab.plays(4410);
  // Its context is closed, and no other is left.
  await lab.page.waitForFunction(() => window.heard.filter(({ context }) => context.state !== 'closed').length === 1);
  await lab.close();
});

test('Play without a file asks for one', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'file');
  await lab.page.click('#play');
  assert.match(await lab.message('file'), /choose|drop/i);
  await lab.play();
  await lab.close();
});

for (const file of ['half-music.flac', 'half-music.ogg']) {
  test(`a file that is cut off plays as far as it goes, and the page says so: ${file}`, async () => {
    const lab = await site.open();
    await lab.drop(file, await fixtureBytes(file));
    // The producer meets the end a ring's length before it is heard.
    const text = await lab.message('file');
    assert.ok(text.includes(file), text);
    await lab.state('ended');
    const { fresh, inFlight } = await lab.balanced();
    const rate = await lab.number('sample-rate');
    assert.ok(fresh > 2 * rate && fresh < 5 * rate, `${fresh} frames of six seconds' ${6 * rate}`);
    assert.equal(inFlight, 0);
    await lab.play();
    await lab.close();
  });
}
