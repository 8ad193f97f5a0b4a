// The lab's page in the engines in which the other tests do not open it (tests/browser/ has Chromium): it plays and loses nothing that it cannot account for, and names a stall that it causes itself.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch } from '../support/engines/browsers.mjs';
import { serve, SITE } from '../support/server.mjs';

const LIMIT = 120_000;
/** In ms: the stall, and longer than any loss that a busy machine makes by itself. */
const [STALL_MS, LONG_MS] = [500, 200];

for (const [title, engine, options] of [['firefox', 'firefox', {}], ['webkit with shared memory', 'webkit', { sharedMemory: true }]]) {
  describe(title, () => {
    let server;
    let it;
    before(async () => {
      server = await serve(SITE);
      it = await launch(engine, options);
    });
    after(async () => {
      await it?.close();
      await server?.close();
    });

    test('the lab plays, and says what a stall was', { timeout: LIMIT }, async (t) => {
      await it.session.open(server.url);
      const report = await it.session.run(async (ms) => {
        const deadline = performance.now() + 30_000;
        while (!window.noxrun?.run) {
          if (performance.now() > deadline) throw new Error('the lab did not start');
          await new Promise((resolve) => { setTimeout(resolve, 50); });
        }
        return window.noxrun.run({ source: { kind: 'synth' }, seconds: 4, stress: [{ kind: 'stall', ms, everyMs: 2500 }] });
      }, STALL_MS);
      const { ledger, underruns, latency, browser, transport } = report;
      const told = JSON.stringify({ ledger, byCause: underruns.byCause });
      t.diagnostic(`${JSON.stringify(browser)}, latency ${JSON.stringify(latency)}`);
      assert.equal(transport, 'shared');
      assert.equal(ledger.imbalanceFrames, 0, told);
      assert.equal(ledger.tornFrames, 0, told);
      assert.ok(ledger.freshFrames > 2.5 * report.sampleRate, told);
      // A sink that begins may take a second's sound at once, which is long as well, and no stall.
      const causes = underruns.log.filter(({ lastedMs }) => lastedMs > LONG_MS).map(({ cause }) => cause);
      assert.ok(causes.includes('stalled'), `no stall was heard: ${told}`);
      assert.deepEqual(causes.filter((cause) => !['stalled', 'callback-burst'].includes(cause)), []);
      // Asking Firefox for it can stop its page for ever.
      assert.equal(latency.outputMs === null, engine === 'firefox');
    });
  });
}
