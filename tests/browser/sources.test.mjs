// Every source plays through the page's controls: heard, without a gap, every frame accounted for.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { withoutUnderruns } from '../support/calm.mjs';
import { fixture, suite, test } from '../support/suite.mjs';

const site = suite();

/** Frames that each source plays in a ring of 8192. */
const LONG = 2 * 44_100;
/** Files decode faster than they play: enough to be past the first buffers. */
const SHORT = 44_100;

/** Plays what `choose(lab)` has chosen in a ring of 8192 frames. */
async function plays(t, { choose, frames, name, silent = false }) {
  await withoutUnderruns(t, async (watch) => {
    const lab = await site.open();
    await watch(lab.page);
    await lab.type('ring-size', 8192);
    await choose(lab);
    await lab.state('running');
    assert.match(await lab.text('now-playing'), name);
    await lab.plays(frames / 2);
    await lab.hears(!silent);
    await lab.plays(frames / 2);
    await lab.stop();
    const ledger = await lab.balanced();
    assert.ok(ledger.fresh >= frames, `${ledger.fresh} frames were played`);
    const clock = await lab.page.evaluate(() => window.heard.at(-1).context.currentTime * window.heard.at(-1).context.sampleRate);
    assert.ok(ledger.requested <= clock, `${ledger.requested} frames were asked for in ${clock} frames of time`);
    assert.equal(await lab.page.locator('#message').isHidden(), true);
    return { page: lab.page, underruns: ledger.underruns, close: () => lab.close() };
  });
}

const chosen = (source, field, value) => async (lab) => {
  await lab.page.selectOption('#source', source);
  if (field) await lab.type(field, value);
  await lab.page.click('#play');
};

test('the page opens with the synth piece', (t) => plays(t, { choose: (lab) => lab.page.click('#play'), frames: LONG, name: /^synth/i }));

test('the synth with another number of voices', (t) => plays(t, { choose: chosen('synth', 'voices', 64), frames: LONG, name: /64 voices/ }));

test('a sine', (t) => plays(t, { choose: chosen('sine', 'hz', 997), frames: LONG, name: /997/ }));

test('the frame index, which is silent', (t) => plays(t, { choose: chosen('index'), frames: LONG, name: /index/i, silent: true }));

const FILES = {
  WAV: 'music.wav',
  AIFF: 'music.aiff',
  FLAC: 'music.flac',
  MP3: 'music.mp3',
  'Ogg Vorbis': 'music.ogg',
  'AAC in MP4': 'music-aac.m4a',
  'ALAC in MP4': 'music-alac.m4a',
};

for (const [format, file] of Object.entries(FILES)) {
  test(`a file that is picked: ${format}`, (t) =>
    plays(t, {
      choose: async (lab) => {
        await lab.page.selectOption('#source', 'file');
        await lab.page.setInputFiles('#file', fixture(file));
      },
      frames: SHORT,
      name: new RegExp(`^${file}, `),
    }));
}

for (const file of ['music.flac', 'music-48000.ogg']) {
  test(`a file that is dropped on the page: ${file}`, async (t) => {
    const bytes = await readFile(fixture(file));
    await plays(t, { choose: (lab) => lab.drop(file, bytes), frames: SHORT, name: new RegExp(`^${file}, `) });
  });
}

test('sources change while it plays, in the same output where they can', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.page.selectOption('#source', 'sine');
  await lab.page.waitForFunction(() => /440/.test(document.getElementById('now-playing').textContent));
  assert.equal(await lab.contexts(), 1);
  await lab.drop('music.ogg', await readFile(fixture('music.ogg')));
  await lab.page.waitForFunction(() => document.getElementById('now-playing').textContent.startsWith('music.ogg'));
  assert.equal(await lab.page.inputValue('#source'), 'file');
  await lab.plays(10_000);
  await lab.hears();
  const dropped = (await lab.balanced()).droppedBy.seek;
  assert.ok(dropped > 0, 'what was rendered of the earlier sources is dropped');
  await lab.stop();
  await lab.balanced();
  await lab.close();
});
