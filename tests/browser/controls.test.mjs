// The player's controls, by mouse and keyboard.

import assert from 'node:assert/strict';
import { withoutUnderruns } from '../support/calm.mjs';
import { PATIENCE } from '../support/lab.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

test('pause and resume, by button and by the space bar', async () => {
  const lab = await site.open();
  await lab.page.keyboard.press('Space');
  await lab.state('running');
  await lab.hears();
  for (const press of [() => lab.page.click('#play'), () => lab.page.keyboard.press('Space')]) {
    // The focus stays on a button that was clicked, where the space bar presses it.
    assert.equal(await lab.page.getAttribute('#play', 'aria-label'), 'Pause');
    await press();
    await lab.state('paused');
    assert.equal(await lab.page.getAttribute('#play', 'aria-label'), 'Play');
    await lab.hears(false);
    const { silentBy, fresh } = await lab.balanced();
    await lab.until('ledger-silent-paused', (frames, before) => frames > before + 4410, silentBy.paused);
    assert.equal((await lab.balanced()).fresh, fresh, 'nothing is taken from the ring meanwhile');
    await press();
    await lab.state('running');
    await lab.plays(4410);
    await lab.hears();
  }
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('the space bar belongs to the field that has the focus', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.page.focus('#voices');
  await lab.page.keyboard.press('Space');
  await lab.plays(11_025);
  assert.equal(await lab.page.getAttribute('#state', 'data-state'), 'running');
  await lab.close();
});

test('volume', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'sine');
  await lab.type('ring-size', 8192);
  await lab.play();
  const at = async (volume) => {
    await lab.page.locator('#volume').fill(String(volume));
    const reached = () => {
      const { context, analyser } = window.heard.at(-1);
      window.since ??= context.currentTime;
      // The gain glides, and the analyser holds 90 ms of what was before.
      return context.currentTime > window.since + analyser.fftSize / context.sampleRate + 0.2;
    };
    await lab.page.waitForFunction(reached);
    await lab.page.evaluate(() => delete window.since);
    return lab.level();
  };
  const full = await at(100);
  assert.ok(full > 0.01);
  // An underrun while it is measured would be mistaken for the volume: the ratio is wide enough for a short one.
  const half = (await at(50)) / full;
  assert.ok(half > 0.2 && half < 0.3, `the gain is the square of the control: ${half}`);
  assert.ok((await at(0)) < 1e-4);
  await lab.page.focus('#volume');
  await lab.page.keyboard.press('End');
  await lab.hears();
  await lab.close();
});

test('the ring gets smaller and larger while it plays', async (t) => {
  await withoutUnderruns(t, async (watch) => {
    const lab = await site.open();
    await watch(lab.page);
    await lab.play();
    await lab.plays(22_050);
    // By keyboard, to the smallest: 64 frames, less than any callback asks for.
    await lab.page.focus('#ring-slider');
    await lab.page.keyboard.press('Home');
    assert.equal(await lab.page.inputValue('#ring-size'), '64');
    // One underrun that does not end, because not one quantum can be served whole.
    const { missing } = await lab.ledger();
    await lab.until('underrun-frames', (frames, before) => frames > before + 11_025, missing);
    await lab.until('fill-frames', (frames) => frames <= 64);
    // And by number, to one that holds.
    await lab.type('ring-size', 8192);
    assert.equal(await lab.page.inputValue('#ring-slider'), '13');
    await lab.until('fill-frames', (frames) => frames > 7000);
    const settled = await lab.balanced();
    await lab.plays(66_150);
    assert.equal(await lab.contexts(), 1, 'in the same output');
    await lab.stop();
    const ledger = await lab.balanced();
    assert.equal(ledger.droppedBy.overflow, 0, 'nothing is dropped for it');
    return { page: lab.page, underruns: ledger.underruns - settled.underruns, close: () => lab.close() };
  });
});

test('another latency hint starts another output, which goes on as the old one did', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'sine');
  await lab.type('ring-size', 4096);
  await lab.play();
  await lab.plays(22_050);
  const base = await lab.number('latency-base');
  await lab.page.selectOption('#latency-hint', 'playback');
  await lab.page.waitForFunction(() => window.heard.length === 2 && window.heard[0].context.state === 'closed');
  await lab.state('running');
  await lab.plays(22_050);
  await lab.hears();
  await lab.balanced();
  assert.equal(await lab.page.inputValue('#ring-size'), '4096');
  assert.match(await lab.text('now-playing'), /sine/i);
  assert.ok((await lab.number('latency-base')) > base, 'the browser keeps more ahead for "playback"');

  // Paused stays paused.
  await lab.page.click('#play');
  await lab.state('paused');
  await lab.page.selectOption('#latency-hint', 'balanced');
  await lab.page.waitForFunction(() => window.heard.length === 3 && window.heard[1].context.state === 'closed');
  await lab.state('paused');
  await lab.close();
});

test('stop closes everything, keeps the last figures, and Play begins anew', async () => {
  const lab = await site.open();
  const waitFor = async (test) => {
    for (const end = Date.now() + PATIENCE; !test(); await lab.page.waitForTimeout(50)) assert.ok(Date.now() < end, `waited for ${test}`);
  };
  for (let round = 1; round <= 4; round += 1) {
    await lab.play();
    await lab.plays(4410);
    await lab.stop();
    const ledger = await lab.balanced();
    assert.ok(ledger.fresh >= 4410 && ledger.fresh < 20 * 44_100, `a ledger of its own: ${ledger.fresh}`);
    for (const id of ['stop', 'freeze-20', 'freeze-100', 'freeze-500', 'crash', 'kill']) {
      assert.equal(await lab.page.locator(`#${id}`).isDisabled(), true, id);
    }
  }
  const states = await lab.page.evaluate(() => window.heard.map(({ context }) => context.state));
  assert.deepEqual(states, Array(4).fill('closed'));
  // Those that stand by for the next Play: a producer, and a decoder for files.
  await waitFor(() => lab.page.workers().length <= 2);
  await lab.close();
});

test('whatever is pressed in a hurry, the page ends as it should', async () => {
  const lab = await site.open();
  for (let nth = 0; nth < 7; nth += 1) await lab.page.click('#play');
  for (const source of ['sine', 'index', 'synth', 'sine', 'index', 'synth']) await lab.page.selectOption('#source', source);
  for (const hint of ['balanced', 'playback', 'interactive']) await lab.page.selectOption('#latency-hint', hint);
  await lab.state('running', 'paused');
  if ((await lab.page.getAttribute('#play', 'data-shows')) === 'play') await lab.page.click('#play');
  await lab.page.waitForFunction(() => document.getElementById('now-playing').textContent.startsWith('synth'));
  await lab.plays(11_025);
  await lab.hears();
  await lab.balanced();
  // One plays; all others are closed.
  await lab.page.waitForFunction(() => window.heard.filter(({ context }) => context.state !== 'closed').length === 1);
  await lab.page.click('#stop');
  await lab.page.click('#play');
  await lab.page.click('#stop');
  await lab.page.waitForFunction(() => window.heard.every(({ context }) => context.state === 'closed'));
  await lab.close();
});
