// The controls of the strategy and what goes with it; presets; what was found in the output.

import assert from 'node:assert/strict';
import { balanced, matchesDocs } from '../support/report.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** The scenario that the page's link holds. */
const linked = async (lab) => {
  await lab.page.hover('#reproduce');
  return JSON.parse(new URL(await lab.page.getAttribute('#reproduce', 'href'), site.url).searchParams.get('scenario'));
};

/** Waits until output number `count` is there and all before it are closed. */
const anew = (lab, count) =>
  lab.page.waitForFunction((wanted) => window.heard.length === wanted && window.heard.slice(0, -1).every(({ context }) => context.state === 'closed'), count);

const visible = async (lab) => {
  const ids = ['ring-field', 'queue-depth-field', 'block-frames-field', 'pace-period-field', 'pace-jitter-field'];
  const shown = await Promise.all(ids.map((id) => lab.page.locator(`#${id}`).isVisible()));
  return ids.filter((_, nth) => shown[nth]).map((id) => id.replace('-field', ''));
};

const STRATEGIES = {
  ring: ['ring', 'block-frames'],
  queue: ['queue-depth', 'block-frames'],
  double: ['block-frames'],
  triple: ['block-frames'],
  'message-copy': ['ring', 'block-frames'],
  'message-transfer': ['ring', 'block-frames'],
  'main-thread': ['ring', 'block-frames'],
  'in-worklet': [],
  'buffer-source': ['ring', 'block-frames'],
};

test('a field is there only with a strategy for which it says something, and the link holds what it says', async () => {
  const lab = await site.open();
  const offered = await lab.page.evaluate(() => [...document.getElementById('strategy').options].map(({ value }) => value));
  assert.deepEqual(offered.toSorted(), Object.keys(STRATEGIES).toSorted());
  const notes = new Set();
  for (const [strategy, fields] of Object.entries(STRATEGIES)) {
    await lab.page.selectOption('#strategy', strategy);
    assert.deepEqual(await visible(lab), fields, strategy);
    notes.add(await lab.text('strategy-note'));
    const scenario = await linked(lab);
    assert.equal(scenario.strategy, strategy);
    assert.deepEqual(
      ['bufferFrames', 'queueDepth', 'blockFrames'].filter((field) => field in scenario),
      [['ring', 'bufferFrames'], ['queue-depth', 'queueDepth'], ['block-frames', 'blockFrames']].filter(([id]) => fields.includes(id)).map(([, field]) => field),
    );
  }
  assert.equal(notes.size, 9, 'each says something else');
  await lab.page.selectOption('#strategy', 'ring');
  await lab.page.selectOption('#pace', 'timer');
  assert.deepEqual(await visible(lab), ['ring', 'block-frames', 'pace-period', 'pace-jitter']);
  assert.equal(await lab.contexts(), 0, 'nothing was begun');
  await lab.close();
});

test('another filling, block and pace start another output, which goes on as the old one did', async () => {
  const lab = await site.open();
  await lab.type('ring-size', 8192);
  await lab.play();
  await lab.plays(11_025);
  let count = 1;
  for (const [change, expected] of [
    [() => lab.page.selectOption('#conceal', 'hold'), { conceal: 'hold', pace: { kind: 'demand' } }],
    [() => lab.type('block-frames', 512), { blockFrames: 512 }],
    [() => lab.type('ask-quantum', 256), { renderQuantum: 256 }],
    [() => lab.page.selectOption('#pace', 'timer'), { pace: { kind: 'timer', periodMs: null, jitterMs: 0 } }],
    [() => lab.type('pace-jitter', 2), { pace: { kind: 'timer', periodMs: null, jitterMs: 2 } }],
    [() => lab.type('block-frames', ''), { blockFrames: 256 }],
  ]) {
    await change();
    count += 1;
    await anew(lab, count);
    await lab.state('running');
    await lab.plays(11_025);
    const scenario = await linked(lab);
    for (const [field, value] of Object.entries(expected)) assert.deepEqual(scenario[field], value, field);
    assert.equal(scenario.bufferFrames, 8192);
    await lab.balanced();
  }
  assert.match(await lab.text('render-quantum'), /^256 /);
  await lab.stop();
  await lab.close();
});

test('what makes no sense is refused with the reason, shows again what held, and the sound plays on', async () => {
  const lab = await site.open();
  await lab.play();
  const refuses = async (change, named, ...shown) => {
    await change();
    assert.match(await lab.message('scenario'), named);
    for (const [id, value] of shown) assert.equal(await lab.page.inputValue(`#${id}`), value, id);
    await lab.page.click('#message-dismiss');
    await lab.plays(2205);
  };
  await refuses(() => lab.type('block-frames', 4096), /`blockFrames` is 4096: it must be at most `bufferFrames`, which is 2048 frames/, ['block-frames', '']);
  await refuses(() => lab.type('block-frames', 0), /`blockFrames` is 0: .* from 1 to 8192/, ['block-frames', '']);
  await refuses(() => lab.type('ask-rate', 7999), /`sampleRate` is 7999: .* from 8000 to 192000 Hz/, ['ask-rate', '']);
  await refuses(() => lab.type('ask-quantum', 32_769), /`renderQuantum` is 32769: .* from 1 to 32768/, ['ask-quantum', '']);
  assert.equal(await lab.contexts(), 1, 'nothing was begun');

  // A ring that no longer holds the block.
  await lab.type('block-frames', 1024);
  await anew(lab, 2);
  await lab.state('running');
  await refuses(() => lab.type('ring-size', 512), /`blockFrames` is 1024: it must be at most `bufferFrames`, which is 512/, ['ring-size', '2048']);

  await lab.page.selectOption('#pace', 'timer');
  await anew(lab, 3);
  await lab.state('running');
  await refuses(() => lab.type('pace-jitter', -1), /`pace\.jitterMs` is -1: .* from 0 to 10000 ms/, ['pace-jitter', '']);
  await refuses(() => lab.page.selectOption('#strategy', 'in-worklet'), /`pace\.kind` is 'timer': .*'in-worklet'/, ['strategy', 'ring'], ['pace', 'timer']);
  assert.deepEqual(await visible(lab), ['ring', 'block-frames', 'pace-period', 'pace-jitter']);
  await lab.balanced();
  await lab.stop();

  // Nothing plays: the same.
  await lab.page.selectOption('#pace', 'demand');
  await lab.type('block-frames', '');
  await lab.page.selectOption('#strategy', 'queue');
  await lab.type('queue-depth', 33);
  assert.match(await lab.message('scenario'), /`queueDepth` is 33: .* from 1 to 32 blocks/);
  assert.equal(await lab.page.inputValue('#queue-depth'), '3');
  await lab.type('queue-depth', 32);
  await lab.type('block-frames', 1024);
  // What was typed before is not taken back by it.
  assert.match(await lab.text('message-text'), /`blockFrames` is 1024: it must be small enough for a queue of 16384 frames: 32 blocks of 1024 are 32768/);
  assert.equal(await lab.page.inputValue('#queue-depth'), '32');
  // A fault that cannot be had with the strategy.
  await lab.page.selectOption('#strategy', 'ring');
  await lab.page.check('#fault-late');
  await lab.page.selectOption('#strategy', 'in-worklet');
  assert.match(await lab.message('scenario'), /'late': it must be run with another `strategy` than 'in-worklet'/);
  assert.equal(await lab.page.inputValue('#strategy'), 'ring');
  await lab.close();
});

test('a preset fills the controls, plays, and holds until a control says something else', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#preset', 'aliased-buffer');
  await lab.state('running');
  await lab.plays(22_050);
  assert.equal(await lab.page.isChecked('#fault-alias'), true);
  assert.match(await lab.text('preset-note'), /references to one buffer/);
  await lab.page.waitForSelector('#verdicts-flagged [data-flag="aliasedBuffer"][data-status="bad"]');
  assert.deepEqual((await linked(lab)).stress, [{ kind: 'alias' }]);
  // Another sound is the same case; another fault is not.
  await lab.page.selectOption('#source', 'sine');
  assert.equal(await lab.page.inputValue('#preset'), 'aliased-buffer');
  await lab.page.click('#fault-alias');
  assert.equal(await lab.page.inputValue('#preset'), '');
  assert.equal(await lab.page.locator('#preset-note').isVisible(), false);

  // From one to another, and from a pause.
  await lab.page.click('#play');
  await lab.state('paused');
  await lab.page.selectOption('#preset', 'one-hertz');
  await lab.state('running');
  await lab.plays(11_025);
  const scenario = await linked(lab);
  assert.deepEqual(
    [scenario.strategy, scenario.bufferFrames, scenario.sampleRate, scenario.pace.kind, scenario.stress],
    ['ring', 1024, 48_000, 'timer', [{ kind: 'rate', ppm: 20.83 }]],
  );
  assert.equal(await lab.text('sample-rate'), '48,000 Hz');
  assert.deepEqual([await lab.page.inputValue('#ring-size'), await lab.page.inputValue('#source')], ['1024', 'synth']);

  await lab.page.selectOption('#preset', 'import-cost');
  await lab.page.waitForFunction(() => document.getElementById('ask-rate').value === '');
  await lab.state('running');
  await lab.until('first-frame', (ms) => ms > 0);
  assert.deepEqual([await lab.page.inputValue('#pace'), await lab.page.isChecked('#fault-rate')], ['demand', false]);
  await lab.balanced();
  await lab.stop();
  await lab.close();
});

test('a run shows its strategy in the controls, and the page goes on with it', async () => {
  const lab = await site.open();
  const scenario = { seconds: 0.5, bufferFrames: 4096, blockFrames: 1000, conceal: 'silence', renderQuantum: 256, pace: { kind: 'timer', jitterMs: 1 } };
  const report = await lab.page.evaluate((asked) => window.noxrun.run(asked), scenario);
  await matchesDocs(report);
  assert.deepEqual([report.scenario.strategy, report.scenario.conceal, report.detected], ['ring', 'silence', null]);
  const shown = await Promise.all(['strategy', 'block-frames', 'conceal', 'ask-quantum', 'ask-rate', 'pace', 'pace-period', 'pace-jitter'].map((id) => lab.page.inputValue(`#${id}`)));
  assert.deepEqual(shown, ['ring', '1000', 'silence', '256', '', 'timer', '', '1']);
  await lab.play();
  await lab.plays(4410);
  await lab.close();
});

test('what the index signal shows stands beside what the strategy declares, on the page and in the report', async () => {
  const lab = await site.open();
  assert.equal(await lab.page.locator('#found').isVisible(), false);
  const report = await lab.page.evaluate(() => window.noxrun.run({ source: { kind: 'index' }, seconds: 1, bufferFrames: 8192 }));
  await matchesDocs(report);
  balanced(report);
  const none = { frames: 0, quanta: 0, callbacks: 0 };
  assert.deepEqual(report.detected, {
    duplicate: none,
    gap: none,
    reordered: none,
    torn: none,
    declared: { repeatedFrames: 0, changedFrames: 0, supersededFrames: 0 },
    agrees: true,
  });
  await lab.closed();
  assert.equal(await lab.page.locator('#found').isVisible(), true);
  assert.deepEqual([await lab.text('found-duplicate-frames'), await lab.text('declared-repeated'), await lab.text('agrees-said')], ['0', '0', 'yes']);
  assert.equal(await lab.page.locator('#duplicates').isVisible(), false, 'a ring repeats nothing');

  // A block that comes again was declared by nobody.
  const replayed = await lab.page.evaluate(() => window.noxrun.run({ source: { kind: 'index' }, seconds: 1, bufferFrames: 8192, stress: [{ kind: 'replay', everyBlocks: 20 }] }));
  await matchesDocs(replayed);
  assert.equal(replayed.detected.agrees, false);
  assert.equal(replayed.detected.duplicate.frames, replayed.integrity.replayedFrames);
  assert.ok(replayed.detected.duplicate.quanta >= replayed.detected.duplicate.callbacks && replayed.detected.duplicate.callbacks > 0);
  await lab.closed();
  assert.equal(await lab.number('found-duplicate-frames'), replayed.detected.duplicate.frames);
  assert.equal(await lab.text('agrees-said'), 'no');
  await lab.close();
});
