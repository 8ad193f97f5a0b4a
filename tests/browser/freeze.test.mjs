// A frozen producer: what the page shows of it.

import assert from 'node:assert/strict';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** Pixels of the chart in the colour of any cause. */
function marked(lab) {
  return lab.page.evaluate(() => {
    const canvas = document.getElementById('fill-chart');
    const style = getComputedStyle(document.documentElement);
    const names = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).flatMap((rule) => [...(rule.style ?? [])]);
    const causes = [...new Set(names.filter((name) => name.startsWith('--cause-')))];
    const colours = causes.map((name) => {
      const colour = style.getPropertyValue(name).trim();
      return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)).join();
    });
    if (colours.length < 12) throw new Error(`${causes}`);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255 && colours.includes([data[at], data[at + 1], data[at + 2]].join())) count += 1;
    }
    return count;
  });
}

test('a freeze that the ring cannot cover is shown: count, frames, longest, mark, sentence, ledger', async () => {
  const lab = await site.open();
  // Large enough that nothing else makes an underrun while this is looked at; half a second is still far more than it holds.
  await lab.type('ring-size', 4096);
  await lab.play();
  await lab.plays(44_100);
  const before = await lab.balanced();
  // Where the machine stood still before, there is a mark already.
  if (before.underruns === 0) {
    assert.equal(await marked(lab), 0);
    assert.equal(await lab.page.locator('#log-empty').isVisible(), true);
  }
  await lab.page.click('#freeze-500');
  await lab.until('underrun-events', (events, known) => events > known, before.underruns);
  // Until it is over: the figures then stand still.
  await lab.plays(22_050);
  const rate = await lab.number('sample-rate');
  const after = await lab.balanced();
  const lost = after.missing - before.missing;
  // The producer stood still for 500 ms at least, and the ring held 4096 frames at most.
  assert.ok(lost >= 0.5 * rate - 4096 - 1024, `${lost} frames were lost`);
  assert.ok((await lab.number('underrun-longest')) >= 500 - (1e3 * (4096 + 1024)) / rate);
  assert.ok((await marked(lab)) > 0, 'the chart has no mark');
  assert.equal(await lab.page.locator('[data-alarm="true"] #underrun-events').count(), 1);

  // Once its cause is known, which takes a moment.
  await lab.page.waitForFunction(() => document.querySelectorAll('#underrun-log li').length > 0 && !document.querySelector('#underrun-log li[data-cause="open"]'));
  const lines = await lab.page.locator('#underrun-log li').evaluateAll((items) => items.map((item) => [item.lastElementChild.textContent, Number(item.dataset.frames)]));
  for (const [text, frames] of lines) {
    const [, told, unit] = /^\d\d?:\d\d:\d\d\.\d, ([\d.,]+) (ms|s) lost: .+\.$/.exec(text) ?? assert.fail(text);
    const ms = Number(told.replaceAll(',', '')) * (unit === 's' ? 1e3 : 1);
    assert.ok(Math.abs(ms - (1e3 * frames) / rate) <= (unit === 's' ? 60 : 0.6), `${frames} frames: ${text}`);
  }
  assert.equal(lines.reduce((sum, [, frames]) => sum + frames, 0), (await lab.ledger()).missing);
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('every button freezes, and the sound comes back by itself', async () => {
  const lab = await site.open();
  await lab.type('ring-size', 512);
  await lab.play();
  for (const ms of [20, 100, 500]) {
    await lab.plays(4410);
    const { missing } = await lab.ledger();
    await lab.page.click(`#freeze-${ms}`);
    // 512 frames are 12 ms: each freeze empties the ring.
    await lab.until('underrun-frames', (frames, known) => frames > known, missing);
    await lab.plays(4410);
  }
  await lab.hears();
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('a ring that is large enough covers a freeze', async (t) => {
  const lab = await site.open();
  await lab.type('ring-size', 16_384);
  await lab.play();
  await lab.until('fill-frames', (frames) => frames > 15_000);
  // A freeze that the machine makes longer than the ring says nothing: the report tells how long they really were.
  const { report } = await lab.page.evaluate(async () => {
    const run = window.noxrun.run({ bufferFrames: 16_384, seconds: 2 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    document.getElementById('freeze-100').click();
    return { report: await run };
  });
  const [stall] = report.injected;
  assert.equal(stall?.kind, 'stall', JSON.stringify(report.injected));
  assert.ok(stall.lastedMs >= 100 && stall.atMs > 0, JSON.stringify(stall));
  if (stall.lastedMs > 200) t.skip(`the freeze of 100 ms took ${stall.lastedMs} ms`);
  else assert.equal(report.underruns.events, 0);
  assert.equal(report.ledger.imbalanceFrames, 0);
  await lab.close();
});
