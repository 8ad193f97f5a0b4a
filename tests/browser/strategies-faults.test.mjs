// Every strategy with every fault that it can have: the books balance all the while, each fault stands in the report, and a producer that is killed is noticed.

import assert from 'node:assert/strict';
import { matchesDocs } from '../support/report.mjs';
import { NAMES, STRATEGIES, booksKept } from '../support/strategies.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

const run = (lab, scenario) => booksKept(lab.page, () => lab.page.evaluate((asked) => window.noxrun.run(asked), scenario));

const sum = (report, kind, key) => report.injected.filter((fault) => fault.kind === kind).reduce((all, fault) => all + fault[key], 0);

/** Faults that cost time, on every side. */
const SLOWED = [
  { kind: 'stall', ms: 80, everyMs: 400 },
  { kind: 'slow', share: 0.1 },
  { kind: 'late', ms: 30, everyMs: 350 },
  { kind: 'gc', everyMs: 200 },
  { kind: 'jank', ms: 60, everyMs: 500 },
  { kind: 'burst', frames: 1000, everyMs: 450 },
  { kind: 'allocate' },
  { kind: 'suspend', atMs: 600, ms: 200 },
];
/** Faults that make the source lie. */
const LIES = [
  { kind: 'skip', everyBlocks: 20 },
  { kind: 'replay', everyBlocks: 21 },
  { kind: 'tear', everyBlocks: 22 },
];
const REFUSED = { 'in-worklet': ['late'], 'buffer-source': ['burst'] };

for (const strategy of NAMES) {
  const { newest, worker } = STRATEGIES[strategy];
  const can = ({ kind }) => !REFUSED[strategy]?.includes(kind);

  test(`${strategy}: whatever takes time`, async () => {
    const lab = await site.open();
    const stress = SLOWED.filter(can);
    const report = await run(lab, { strategy, source: { kind: 'index' }, seconds: 1.5, stress });
    await matchesDocs(report);
    for (const { kind } of stress) assert.ok(report.injected.some((fault) => fault.kind === kind), `${kind} never happened`);
    // Nothing lies: what was found is what was declared.
    assert.ok(report.detected.agrees, JSON.stringify(report.detected));
    assert.deepEqual([report.detected.torn.frames, report.ledger.tornFrames > 0 && strategy !== 'double'], [0, false]);
    if (!newest) assert.ok(report.underruns.events > 0 && report.detected.gap.frames === 0, JSON.stringify(report.underruns));
    for (const { kind } of SLOWED.filter((fault) => !can(fault))) {
      const refusal = await lab.page.evaluate((asked) => window.noxrun.run(asked).then(() => null, ({ code, message }) => ({ code, message })), { strategy, stress: SLOWED.filter((fault) => fault.kind === kind) });
      assert.equal(refusal?.code, 'scenario');
      assert.match(refusal.message, new RegExp(`'${kind}': it must be run with another \`strategy\` than '${strategy}'`));
    }
    await lab.close();
  });

  test(`${strategy}: a source that lies`, async () => {
    const lab = await site.open();
    const lying = await run(lab, { strategy, source: { kind: 'index' }, seconds: 1.5, stress: LIES });
    await matchesDocs(lying);
    for (const { kind } of LIES) assert.ok(lying.injected.some((fault) => fault.kind === kind), `${kind} never happened`);
    const { integrity, ledger, detected } = lying;
    if (!newest) {
      assert.deepEqual(
        [integrity.skippedFrames, integrity.replayedFrames, ledger.tornFrames],
        LIES.map(({ kind }) => sum(lying, kind, 'shownFrames')),
      );
      assert.equal(detected.agrees, false);
    }
    assert.ok(detected.torn.frames > 0, JSON.stringify(detected));

    const aliased = await run(lab, { strategy, source: { kind: 'index' }, seconds: 0.6, stress: [{ kind: 'alias' }] });
    await matchesDocs(aliased);
    assert.ok(aliased.injected.some(({ kind }) => kind === 'alias'));
    if (!newest) assert.ok(aliased.integrity.skippedFrames > 1000 && aliased.integrity.replayedFrames > 1000, JSON.stringify(aliased.integrity));
    await lab.close();
  });

  if (strategy !== 'in-worklet') {
    test(`${strategy}: a clock of its own, which is fast, and slow, and late`, async () => {
      const lab = await site.open();
      const fast = await run(lab, {
        strategy,
        source: { kind: 'index' },
        seconds: 1,
        pace: { kind: 'timer', jitterMs: 2 },
        stress: [{ kind: 'rate', ppm: 200_000 }],
      });
      await matchesDocs(fast);
      const { injected, ledger, detected, scenario, sampleRate } = fast;
      assert.deepEqual(injected.map(({ kind }) => kind), ['rate']);
      assert.ok(detected.agrees && detected.torn.frames === 0, JSON.stringify(detected));
      // A fifth more than is asked for: it must go somewhere.
      const dropped = newest ? ledger.droppedBy.superseded : ledger.droppedBy.overflow;
      assert.ok(dropped > 0.05 * sampleRate, JSON.stringify(ledger));
      assert.deepEqual([scenario.pace.kind, scenario.pace.jitterMs], ['timer', 2]);

      // Half as many as are asked for.
      const block = scenario.blockFrames;
      const slow = await run(lab, { strategy, source: { kind: 'index' }, seconds: 1, pace: { kind: 'timer', periodMs: (2e3 * block) / sampleRate } });
      await matchesDocs(slow);
      assert.ok(slow.detected.agrees, JSON.stringify(slow.detected));
      const lacks = newest ? slow.ledger.repeatedFrames : slow.underruns.frames;
      assert.ok(lacks > 0.2 * sampleRate, JSON.stringify(slow.ledger));
      await lab.close();
    });
  }

  test(`${strategy}: a producer that is killed is noticed, and another output plays`, async () => {
    const lab = await site.open();
    for (const by of worker ? ['panic', 'terminate'] : ['panic']) {
      const report = await run(lab, { strategy, source: { kind: 'sine' }, seconds: 1, stress: [{ kind: 'kill', atMs: 300, by }] });
      await matchesDocs(report);
      assert.deepEqual(report.injected.map(({ kind }) => kind), ['kill']);
      assert.deepEqual(report.recoveries.map(({ cause, tookMs }) => [cause, tookMs]), [['producer-lost', null]], JSON.stringify(report.recoveries));
      assert.match(report.recoveries[0].reason, by === 'panic' ? /crash|processor failed/ : /no sign of life/);
      // The page lives, and the sound of another output with it.
      await lab.play();
      await lab.plays(4410);
      await lab.hears();
      await lab.stop();
      await lab.balanced();
    }
    assert.ok(await lab.page.evaluate(() => window.heard.every(({ context }) => context.state === 'closed')));
    await lab.close({ complained: false });
  });
}
