// Every strategy with every source: heard, paused, resumed, changed, moved to another place, stopped; and the books balance all the while.

import assert from 'node:assert/strict';
import { balances, drive } from '../support/output.mjs';
import { NAMES, booksKept } from '../support/strategies.mjs';
import { fixtureBytes, suite, test } from '../support/suite.mjs';

const site = suite();

/** A pause: no frame is played for a while, and afterwards they are. */
async function pauses(driven) {
  await driven.page.evaluate(() => window.driven.output.setPaused(true));
  await driven.until(({ state }) => state === 'paused');
  // What is asked for before the pause gets there is still played: then nothing is.
  const still = async () => {
    const before = (await driven.until(() => true)).stats.fresh;
    await driven.page.waitForTimeout(150);
    return (await driven.until(() => true)).stats.fresh === before;
  };
  let quiet = false;
  for (let tries = 0; tries < 40 && !quiet; tries += 1) quiet = await still();
  assert.ok(quiet, 'it plays on in a pause');
  await driven.page.evaluate(() => window.driven.output.setPaused(false));
  await driven.until(({ state }) => state === 'running');
  await driven.plays(4410);
}

/** Stops it: the last books balance, and nothing plays. */
async function closes(driven) {
  await driven.does('close');
  const { stats, state } = await driven.until(() => true);
  balances(stats);
  assert.equal(state, 'closed');
  assert.equal(await driven.page.evaluate(() => window.heard.at(-1).context.state), 'closed');
}

for (const strategy of NAMES) {
  test(`${strategy}: every source, changed while it plays, paused, moved, played to its end`, async () => {
    const driven = await drive(site);
    const { page, lab } = driven;
    const file = await driven.keep({ 'music.flac': await fixtureBytes('music.flac') });
    await driven.start({ kind: 'synth' }, { strategy });
    await booksKept(page, async () => {
      await driven.plays(4410);
      await lab.hears();
      await pauses(driven);
      await lab.hears();
      await driven.does('setSource', { kind: 'sine', hz: 660 });
      await driven.plays(22_050);
      await lab.hears();
      await driven.does('setSource', file);
      await driven.reaches(0.1);
      await lab.hears();
      await driven.does('seek', 3);
      await driven.reaches(3.1, { to: 5.9 });
      await lab.hears();
      await driven.does('seek', 1);
      await driven.reaches(1.1, { to: 2.9 });
      await pauses(driven);
      await lab.hears();
      await driven.does('setSource', { kind: 'synth' });
      await driven.plays(22_050);
      await lab.hears();
    });
    await closes(driven);

    // Begun with a file.
    await driven.start(file, { strategy });
    await booksKept(page, async () => {
      await driven.reaches(0.2);
      await lab.hears();
      await driven.does('seek', 5.4);
      const { stats } = await driven.until(({ state }) => state === 'ended');
      assert.equal(stats.inFlight, 0, 'all of it was played');
    });
    await closes(driven);

    await driven.start({ kind: 'index' }, { strategy });
    await booksKept(page, async () => {
      await driven.plays(4410);
      await pauses(driven);
      assert.equal(await lab.level(), 0, 'it is silent');
      const { error } = await driven.ask('setSource', { kind: 'sine' });
      assert.match(error.message, /to or from the index signal/);
      await driven.plays(4410);
    });
    await closes(driven);
    await lab.close();
  });
}
