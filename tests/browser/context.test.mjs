// The browser does something to the output behind the page's back: suspends or closes the context, changes the device, freezes the page.

import assert from 'node:assert/strict';
import { suite, test } from '../support/suite.mjs';

// A headless browser without a sound card has no device to come back to but a fake one.
const site = suite({ browser: { args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] } });

const context = (lab, method, ...values) =>
  lab.page.evaluate(([name, list]) => window.heard.at(-1).context[name](...list).then(() => {}), [method, values]);

test('the context is suspended and resumed', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(11_025);
  await context(lab, 'suspend');
  await lab.state('suspended');
  assert.match(await lab.text('now-playing'), /Press Play to resume/);
  assert.equal(await lab.page.getAttribute('#play', 'data-shows'), 'play');
  const stopped = await lab.balanced();
  await context(lab, 'resume');
  await lab.state('running');
  await lab.plays(11_025);
  assert.ok((await lab.balanced()).fresh >= stopped.fresh + 11_025);

  // And by the button.
  await context(lab, 'suspend');
  await lab.state('suspended');
  await lab.page.click('#play');
  await lab.state('running');
  await lab.plays(4410);
  await lab.hears();
  await lab.balanced();

  // A suspended output can be stopped.
  await context(lab, 'suspend');
  await lab.state('suspended');
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('a suspension of many seconds costs nothing: the producer is not lost, nothing is dropped', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(11_025);
  await context(lab, 'suspend');
  await lab.state('suspended');
  const before = await lab.balanced();
  // Longer than a producer may be silent before it is lost.
  await lab.page.waitForTimeout(2500);
  await lab.state('suspended');
  await context(lab, 'resume');
  await lab.state('running');
  await lab.plays(11_025);
  assert.equal((await lab.balanced()).dropped, before.dropped);
  await lab.close();
});

test('the context is closed', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(11_025);
  await context(lab, 'close');
  await lab.closed();
  const ledger = await lab.balanced();
  assert.ok(ledger.fresh >= 11_025);
  assert.equal(await lab.page.locator('#crash').isDisabled(), true);
  await lab.play();
  await lab.plays(4410);
  await lab.hears();
  await lab.balanced();
  await lab.close();
});

test('the device changes while it plays, and back', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(22_050);
  for (const sink of [{ type: 'none' }, '', { type: 'none' }, '']) {
    await context(lab, 'setSinkId', sink);
    await lab.state('running');
    await lab.plays(11_025);
    await lab.balanced();
  }
  await lab.hears();
  assert.equal(await lab.contexts(), 1);
  assert.equal(await lab.page.locator('#message').isVisible(), false);
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('the page is frozen for a while, as browsers do with hidden pages: the sound plays on', async () => {
  const lab = await site.open();
  await lab.type('ring-size', 8192);
  await lab.play();
  await lab.plays(11_025);
  const before = await lab.balanced();
  const session = await lab.page.context().newCDPSession(lab.page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  // Longer than a producer may seem silent to a page that does look.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await lab.state('running');
  await lab.plays(4410);
  const after = await lab.balanced();
  assert.ok(after.fresh - before.fresh > 2 * 44_100, `${after.fresh - before.fresh} frames in more than three seconds`);
  assert.equal(await lab.page.locator('#message').isVisible(), false);
  await lab.close();
});

test('the page is told that it is hidden', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(11_025);
  // A headless browser's pages are always visible: only what a page can notice of it is done here.
  const show = (state) =>
    lab.page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value === 'hidden' });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, state);
  await show('hidden');
  await lab.plays(22_050);
  await show('visible');
  await lab.plays(11_025);
  assert.equal(await lab.page.getAttribute('#state', 'data-state'), 'running');
  await lab.balanced();
  await lab.close();
});
