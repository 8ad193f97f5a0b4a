// The producer or the processor dies: the page says so, stays alive, and Play works again.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openLab } from '../support/lab.mjs';
import { SITE, serve } from '../support/server.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** Plays, breaks it, and looks at what is left. */
async function lost(lab, { code, text, again = true, breakIt }) {
  await lab.play();
  await lab.plays(11_025);
  await breakIt();
  // A page that hangs draws no more frames: some of its own have to come while it finds out.
  const frames = lab.page.evaluate(
    () =>
      new Promise((resolve) => {
        let count = 0;
        const next = () => {
          count += 1;
          if (document.getElementById('state').dataset.state === 'lost') resolve(count);
          else requestAnimationFrame(next);
        };
        requestAnimationFrame(next);
      }),
  );
  await lab.state('lost');
  assert.ok((await frames) > 0);
  assert.match(await lab.message(code), text);
  assert.match(await lab.text('message-text'), /Press Play to start again\.$/);
  await lab.hears(false);
  const ledger = await lab.balanced();
  assert.ok(ledger.fresh >= 11_025);
  for (const id of ['freeze-20', 'crash', 'kill']) assert.equal(await lab.page.locator(`#${id}`).isDisabled(), true, id);
  if (!again) return ledger;

  await lab.play();
  assert.equal(await lab.page.locator('#message').isVisible(), false);
  await lab.plays(11_025);
  await lab.hears();
  await lab.stop();
  await lab.balanced();
  return ledger;
}

test('the producer panics', async () => {
  const lab = await site.open();
  await lost(lab, { code: 'producer-lost', text: /the producer crashed: .*asked for a crash/is, breakIt: () => lab.page.click('#crash') });
  await lab.close({ complained: false });
});

test('the producer\'s worker is terminated', async () => {
  const lab = await site.open();
  await lost(lab, { text: /no sign of life for [\d.]+ s/, breakIt: () => lab.page.click('#kill') });
  await lab.close();
});

test('the producer dies while the output is paused', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(4410);
  await lab.page.click('#play');
  await lab.state('paused');
  await lab.page.click('#kill');
  await lab.state('lost');
  await lab.balanced();
  await lab.play();
  await lab.plays(4410);
  await lab.close();
});

test('another source is asked of a producer that is dead', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.page.click('#kill');
  await lab.page.selectOption('#source', 'sine');
  await lab.page.waitForFunction(() => /440/.test(document.getElementById('now-playing').textContent));
  await lab.state('running');
  await lab.plays(4410);
  await lab.hears();
  await lab.balanced();
  await lab.close();
});

test('ten crashes in a row leave nothing behind', async () => {
  const lab = await site.open();
  for (let nth = 0; nth < 10; nth += 1) {
    await lab.play();
    await lab.page.click('#crash');
    await lab.state('lost');
  }
  await lab.play();
  await lab.plays(4410);
  const open = () => window.heard.filter(({ context }) => context.state !== 'closed').length === 1;
  await lab.page.waitForFunction(open);
  await lab.stop();
  assert.ok(lab.page.workers().length <= 3, `${lab.page.workers().length} workers are left`);
  await lab.close({ complained: false });
});

/** Serves the site with one of its files changed. */
async function withFile(file, change, during) {
  const text = await readFile(path.join(SITE, file), 'utf8');
  const changed = change(text);
  assert.notEqual(changed, text, `${file} is not what this test changes`);
  const answer = (request, response) => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(changed);
  const server = await serve(SITE, { routes: { [`/${file}`]: answer } });
  try {
    const lab = await openLab(site.browser, server.url);
    await during(lab);
    await lab.close({ complained: false });
  } finally {
    await server.close();
  }
}

test('the audio processor fails', () =>
  withFile(
    'worklet/processor.js',
    // After a second or two: 128 to 1024 frames a quantum.
    (text) => text.replace('process(inputs, outputs) {', '$&\n    if ((this.calls = (this.calls ?? 0) + 1) > 600) throw new Error("broken on purpose");'),
    async (lab) => {
      await lab.play();
      await lab.state('lost');
      assert.match(await lab.message(), /audio processor failed/);
      await lab.hears(false);
      await lab.balanced();
    },
  ));

test('the processor is of another version than the engine', () =>
  withFile(
    'worklet/processor.js',
    (text) => text.replace(/const NAME = '.*'/, "const NAME = 'noxrun-0.0.0'"),
    async (lab) => {
      await lab.page.click('#play');
      assert.match(await lab.message('audio'), /noxrun-/);
      await lab.state('idle');
      assert.equal(await lab.page.locator('#play').isEnabled(), true);
    },
  ));

for (const file of ['worklet/processor.js', 'worklet/producer.js']) {
  test(`a file of the engine is missing: ${file}`, async () => {
    const server = await serve(SITE, { routes: { [`/${file}`]: (request, response) => response.writeHead(404).end() } });
    try {
      const lab = await openLab(site.browser, server.url);
      await lab.page.click('#play');
      const text = await lab.message();
      assert.ok(text.includes(path.basename(file)), text);
      await lab.state('idle');
      await lab.close({ complained: false });
    } finally {
      await server.close();
    }
  });
}
