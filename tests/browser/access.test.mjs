// Everybody can use the page: names, keyboard, live region, narrow screens. Leaves pictures in target/screenshots.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { suite, test } from '../support/suite.mjs';

const SHOTS = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
const PHONE = { width: 360, height: 780 };
const site = suite();

/** Plays long enough for the page to have something to show, an underrun among it. */
async function playing(options) {
  const lab = await site.open({ page: options });
  await lab.play();
  await lab.plays(22_050);
  await lab.page.click('#freeze-100');
  await lab.until('underrun-events', (events) => events > 0);
  await lab.plays(22_050);
  return lab;
}

test('every control has a name, and every picture a text', async () => {
  const lab = await site.open();
  const session = await lab.page.context().newCDPSession(lab.page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const roles = ['button', 'combobox', 'spinbutton', 'slider', 'textbox', 'checkbox', 'link', 'image', 'table', 'group'];
  const seen = nodes.filter(({ ignored, role }) => !ignored && roles.includes(role?.value));
  assert.ok(seen.length >= 15, `${seen.length} controls`);
  const unnamed = seen.filter(({ name }) => !name?.value.trim()).map(({ role, backendDOMNodeId }) => `${role.value} ${backendDOMNodeId}`);
  assert.deepEqual(unnamed, []);
  await lab.close();
});

test('by keyboard alone: Play comes first, everything can be reached and seen to have the focus', async () => {
  const lab = await site.open();
  // The space bar, not a click: that would move the place from which Tab goes on.
  await lab.page.keyboard.press('Space');
  await lab.state('running');
  await lab.frames(12);
  const wanted = await lab.page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, summary, a[href], [tabindex="0"]')].filter((one) => one.checkVisibility() && !one.disabled).map(({ id }) => id),
  );
  assert.equal(wanted[0], 'play');
  assert.ok(wanted.length >= 13, `${wanted}`);
  for (const id of wanted) {
    await lab.page.keyboard.press('Tab');
    const focus = await lab.page.evaluate(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return { id: document.activeElement.id, visible: (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none' };
    });
    assert.deepEqual(focus, { id, visible: true });
  }
  await lab.close();
});

test('what happens is announced, at most every two seconds', async () => {
  const lab = await site.open();
  assert.equal(await lab.page.getAttribute('#announce', 'aria-live'), 'polite');
  assert.equal(await lab.page.getAttribute('#message', 'role'), 'alert');
  await lab.page.evaluate(() => {
    window.told = [];
    const announce = document.getElementById('announce');
    new MutationObserver(() => window.told.push([performance.now(), announce.textContent])).observe(announce, { childList: true, characterData: true, subtree: true });
  });
  await lab.play();
  for (let nth = 1; nth <= 4; nth += 1) {
    await lab.page.click('#freeze-100');
    await lab.until('underrun-events', (events, wanted) => events >= wanted, nth);
    await lab.plays(11_025);
  }
  await lab.page.waitForFunction(() => window.told.some(([, text]) => /\d+ underruns, [\d.]+ m?s lost/.test(text)));
  const told = await lab.page.evaluate(() => window.told);
  assert.ok(told.some(([, text]) => /^(Starting|Playing)/.test(text)), JSON.stringify(told));
  for (let nth = 1; nth < told.length; nth += 1) assert.ok(told[nth][0] - told[nth - 1][0] > 1900, JSON.stringify(told));
  await lab.close();
});

test('a chart that moves stands still for those who want that', async () => {
  const lab = await site.open({ page: { reducedMotion: 'reduce' } });
  await lab.play();
  await lab.plays(22_050);
  const redrawn = await lab.page.evaluate(async () => {
    const canvas = document.getElementById('fill-chart');
    let [before, count] = [canvas.toDataURL(), 0];
    for (const end = performance.now() + 2000; performance.now() < end; ) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = canvas.toDataURL();
      if (now !== before) count += 1;
      before = now;
    }
    return count;
  });
  assert.ok(redrawn <= 4, `drawn ${redrawn} times in two seconds`);
  await lab.close();
});

for (const [name, options] of [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['phone-light', { colorScheme: 'light', viewport: PHONE }],
  ['phone-dark', { colorScheme: 'dark', viewport: PHONE }],
  ['tablet', { colorScheme: 'light', viewport: { width: 820, height: 1180 } }],
]) {
  test(`nothing is wider than the page: ${name}`, async () => {
    await mkdir(SHOTS, { recursive: true });
    const lab = await playing(options);
    const { width } = options.viewport;
    assert.ok((await lab.page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    await lab.page.screenshot({ path: `${SHOTS}${name}.png`, fullPage: true });
    // With a message, which may hold a long word.
    await lab.drop(`${'a-name-without-a-blank-'.repeat(4)}.wav`, Buffer.from('no audio'));
    await lab.message('file');
    assert.ok((await lab.page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    await lab.page.screenshot({ path: `${SHOTS}${name}-message.png` });
    await lab.stop();
    await lab.close();
  });
}
