// Changes of the source that nobody waits for: the last one asked for is what plays, and each of the others says what became of it.

import assert from 'node:assert/strict';
import { test } from '../support/suite.mjs';
import { tapSuite } from '../support/tap.mjs';

const site = tapSuite();

/** Asks for each of `rounds` at once, waits for what it comes to, and says what was heard then. Names: a number is a file with that code, a word something else. */
const overlap = async ({ first, rounds }) => {
  const { play, file, numbered, runs } = window.tap;
  const rate = 48_000;
  const make = (code) => numbered({ name: `${code}.wav`, frames: 8 * rate, rate, code });
  const refused = await file('random-1.bin');
  const sources = { synth: { kind: 'synth', voices: 2 }, sine: { kind: 'sine', hz: 440 }, refused };
  const source = (name) => sources[name] ?? { kind: 'playlist', items: String(name).split('+').map((code) => make(Number(code))) };
  const session = await play({ source: source(first), sampleRate: rate, bufferFrames: 4096 });
  const { output, recording } = session;
  await session.plays(0.2);
  const told = [];
  for (const names of rounds) {
    const asked = names.map((name) => (name.append ? output.append([make(name.append)]) : output.setSource(source(name))));
    const became = (await Promise.allSettled(asked)).map(({ status, reason }) => (status === 'fulfilled' ? 'played' : reason.code));
    // What the ring and the feed still hold of the sound before is over by then.
    await session.plays(0.7);
    const heard = [...new Set(runs(session, recording.frames - 2_000).map(({ code }) => code))];
    told.push({ names: JSON.stringify(names), became, heard, tracks: output.tracks.map(({ name }) => name), position: output.position?.item ?? null });
  }
  const done = await session.close();
  return { told, done };
};

/** The last one of each round, and what each came to: several words where either may be. */
const expect = ({ told, done }, wanted) => {
  assert.equal(done.ledger.imbalance, 0);
  assert.deepEqual(done.failures, []);
  for (const [nth, { names, became, heard, tracks, position }] of told.entries()) {
    const { files, became: may } = wanted[nth];
    assert.deepEqual(tracks, files.map((code) => `${code}.wav`), names);
    assert.deepEqual(heard, files.slice(0, 1), names);
    assert.equal(position, files.length > 0 ? 0 : null, names);
    assert.equal(became.length, may.length, names);
    may.forEach((words, at) => assert.ok(words.includes(became[at]), `${names}: ${became}`));
  }
};

const PLAYED = ['played'];
const EITHER = ['played', 'replaced'];

test('while files play: the last source asked for is heard', async () => {
  const lab = await site.open();
  const rounds = [
    { names: [2, 'sine'], files: [], became: [EITHER, PLAYED] },
    { names: ['synth', 3], files: [3], became: [EITHER, PLAYED] },
    { names: [4, 5, 6], files: [6], became: [EITHER, EITHER, PLAYED] },
    { names: [1, 'synth', 2, 'sine', 3], files: [3], became: [EITHER, EITHER, EITHER, EITHER, PLAYED] },
    { names: [4, 'refused'], files: [4], became: [PLAYED, ['file']] },
    { names: ['refused', 5], files: [5], became: [['file'], PLAYED] },
    { names: ['sine', 'refused'], files: [], became: [PLAYED, ['file']] },
  ];
  expect(await lab.page.evaluate(overlap, { first: 1, rounds: rounds.map(({ names }) => names) }), rounds);
  await lab.close();
});

test('while no file plays, nor did before', async () => {
  const lab = await site.open();
  for (const { names, files, became } of [
    { names: [1, 'sine'], files: [], became: [EITHER, PLAYED] },
    { names: [1, 2, 3], files: [3], became: [EITHER, EITHER, PLAYED] },
    { names: ['sine', 4], files: [4], became: [EITHER, PLAYED] },
  ]) {
    expect(await lab.page.evaluate(overlap, { first: 'synth', rounds: [names] }), [{ files, became }]);
  }
  await lab.close();
});

test('what is appended while a list is opened belongs to that list', async () => {
  const lab = await site.open();
  const rounds = [
    { names: ['2+3', { append: 4 }], files: [2, 3, 4], became: [PLAYED, PLAYED] },
    { names: [{ append: 5 }, { append: 6 }, 1, { append: 2 }], files: [1, 2], became: [PLAYED, PLAYED, PLAYED, PLAYED] },
    { names: ['refused', { append: 3 }], files: [1, 2, 3], became: [['file'], PLAYED] },
  ];
  expect(await lab.page.evaluate(overlap, { first: 1, rounds: rounds.map(({ names }) => names) }), rounds);
  await lab.close();
});

test('lists of addresses that overtake one another are read to their ends', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play } = window.tap;
    const list = (...names) => ({ kind: 'playlist', items: names.map((name) => ({ url: `/fixtures/${name}` })) });
    const session = await play({ source: list('music.flac'), sampleRate: 44_100 });
    const { output } = session;
    const asked = [list('music.flac', 'music.flac', 'music.flac'), list('music.flac'), list('music.flac', 'music.flac')].map((source) => output.setSource(source));
    const became = (await Promise.allSettled(asked)).map(({ status, reason }) => (status === 'fulfilled' ? 'played' : reason.code));
    const tracks = output.tracks.length;
    // Item 1 is read by an address of its own.
    await output.seek(0.5, 1);
    await session.until(() => output.position?.item === 1 && output.position.seconds > 0.7, 'the second item');
    const done = await session.close();
    return { became, tracks, done };
  });
  assert.equal(told.became.at(-1), 'played');
  // One that is overtaken while it is read is given up.
  for (const word of told.became) assert.ok(['played', 'replaced', 'file'].includes(word), `${told.became}`);
  assert.equal(told.tracks, 2);
  assert.deepEqual(told.done.failures, []);
  assert.equal(told.done.ledger.imbalance, 0);
  await lab.close({ brokenOff: true });
});
