// The lab with every strategy and every preset: by hand, one after the other, without a complaint.

import assert from 'node:assert/strict';
import { NAMES } from '../support/strategies.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** Waits until output number `count` is there and all before it are closed. */
const anew = (lab, count) =>
  lab.page.waitForFunction((wanted) => window.heard.length === wanted && window.heard.slice(0, -1).every(({ context }) => context.state === 'closed'), count);

test('each strategy, chosen while another one plays, starts an output that is heard', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(4410);
  let count = 1;
  // The one that plays already comes last.
  for (const strategy of [...NAMES.slice(1), NAMES[0]]) {
    await lab.page.selectOption('#strategy', strategy);
    count += 1;
    await anew(lab, count);
    await lab.state('running');
    await lab.plays(4410);
    await lab.hears();
    await lab.balanced();
    assert.equal(await lab.page.inputValue('#strategy'), strategy);
    assert.equal(await lab.page.locator('#message').isVisible(), false, strategy);
    // A pause and a stop of it, too.
    await lab.page.click('#play');
    await lab.state('paused');
    await lab.page.click('#play');
    await lab.state('running');
    await lab.plays(4410);
  }
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('each preset starts, shows what it is about, and plays', async () => {
  const lab = await site.open();
  const presets = await lab.page.evaluate(() => [...document.getElementById('preset').options].map(({ value }) => value).filter(Boolean));
  assert.ok(presets.length >= 8, `${presets}`);
  const notes = new Set();
  for (const [nth, preset] of presets.entries()) {
    await lab.page.selectOption('#preset', preset);
    await anew(lab, nth + 1);
    await lab.state('running');
    await lab.plays(8820);
    assert.equal(await lab.page.inputValue('#preset'), preset, 'it holds');
    assert.equal(await lab.page.locator('#preset-note').isVisible(), true, preset);
    notes.add(await lab.text('preset-note'));
    assert.equal(await lab.page.locator('#message').isVisible(), false, preset);
    // The silent ones are checked instead.
    if ((await lab.page.inputValue('#source')) === 'index') assert.equal(await lab.level(), 0);
    else await lab.hears();
    await lab.balanced();
  }
  assert.equal(notes.size, presets.length, 'each says something else');
  await lab.stop();
  await lab.balanced();
  await lab.close();
});
