// Outputs of all strategies, begun and closed again and again in one page: nothing of them stays.

import assert from 'node:assert/strict';
import { held, memoryTold } from '../support/memory.mjs';
import { drive } from '../support/output.mjs';
import { NAMES } from '../support/strategies.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** Thirteen times for each strategy. With one shared memory each, and two where blocks travel as messages, that is more than Chromium lets live at once: some 124 of this size. */
const CYCLES = 117;
/** Cycles after which everything is there that stays for good. */
const FEW = 27;
/** Bytes of heap that a cycle may leave: what the test itself keeps of it. An output's own objects are tens of kilobytes. */
const A_CYCLE = 2048;

/** Runs in the page: `count` outputs, one after the other, each played until it is heard of. */
async function cycle([names, first, count]) {
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const wrong = [];
  for (let nth = first; nth < first + count; nth += 1) {
    const strategy = names[nth % names.length];
    // Another source each time round.
    const source = [{ kind: 'sine', hz: 330 }, { kind: 'index' }, { kind: 'synth' }][Math.floor(nth / names.length) % 3];
    const output = await window.wasmBindings.Output.start({ strategy, source });
    while (!(output.stats()?.fresh > 1024)) await sleep(5);
    await output.close();
    const { imbalance, fresh } = output.stats();
    const { context } = window.heard.at(-1);
    if (imbalance !== 0 || fresh <= 1024 || context.state !== 'closed' || output.state !== 'closed') wrong.push({ nth, strategy, imbalance, fresh, context: context.state });
    // What listens in would keep all of them.
    window.heard.length = 0;
    output.free();
  }
  return wrong;
}

test(`${CYCLES} outputs, one strategy after the other, leave no context, no worker, no frame and no memory behind`, async (t) => {
  const driven = await drive(site, { open: ({ before }) => site.open({ before: [...before, memoryTold] }) });
  const { page } = driven;
  const settled = async () => {
    let best = { heap: Infinity, bytes: Infinity };
    // What nobody holds any more is collected when the browser likes; workers that are terminated are gone a little later.
    for (let tries = 0; tries < 5; tries += 1) {
      const { heap } = await held(page);
      const bytes = await page.evaluate(() => window.engineBytes());
      best = { heap: Math.min(best.heap, heap), bytes: Math.min(best.bytes, bytes) };
      await page.waitForTimeout(100);
    }
    return best;
  };
  for (let tries = 0; page.workers().length < 1 && tries < 300; tries += 1) await page.waitForTimeout(50);
  const workers = page.workers().length;

  assert.deepEqual(await page.evaluate(cycle, [NAMES, 0, FEW]), []);
  const few = await settled();
  assert.deepEqual(await page.evaluate(cycle, [NAMES, FEW, CYCLES - FEW]), []);
  const many = await settled();
  t.diagnostic(`after ${FEW}: ${JSON.stringify(few)}; after ${CYCLES}: ${JSON.stringify(many)}`);
  for (let tries = 0; page.workers().length > workers && tries < 300; tries += 1) await page.waitForTimeout(50);
  assert.equal(page.workers().length, workers, 'the one that stands by');
  assert.equal(await page.evaluate(() => document.querySelectorAll('iframe, frame').length), 0);
  assert.ok(many.bytes <= few.bytes, `the page holds ${many.bytes} bytes of engines' memories, ${few.bytes} before`);
  assert.ok(many.heap - few.heap < A_CYCLE * (CYCLES - FEW), `the heap grew from ${few.heap} to ${many.heap} bytes`);
  // And the page plays.
  await driven.start({ kind: 'synth' }, { strategy: 'message-copy' });
  await driven.plays(4410);
  await driven.lab.hears();
  await driven.close();
}, { longer: 60 });
