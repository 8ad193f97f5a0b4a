// Compare: many runs, two tables, charts, files, and listening to two of them, blind too.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { held, memoryTold } from '../support/memory.mjs';
import { suite, test } from '../support/suite.mjs';

/** Where pictures are left. */
const SHOTS = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));

const site = suite();

const RINGS = [{ strategy: 'ring', bufferFrames: 1024 }, { bufferFrames: 8192, blockFrames: 512 }];
/** What can be run in any version, as short as it can be. */
const TINY = { cells: RINGS, repeats: 2, seconds: 0.4, faults: [] };

const compare = (lab, options) => lab.page.evaluate((asked) => window.noxrun.compare(asked), options);
const refusal = (lab, options) =>
  lab.page.evaluate((asked) => window.noxrun.compare(asked).then(() => null, ({ name, code, message }) => ({ name, code, message })), options);

/** Requires that nothing plays any more and that no more workers are there than before. */
async function nothingLeft(lab, workers) {
  await lab.page.waitForFunction(() => window.heard.every(({ context }) => context.state === 'closed'));
  // A worker that is terminated is gone a little later.
  for (let tries = 0; lab.page.workers().length > workers && tries < 300; tries += 1) await lab.page.waitForTimeout(50);
  assert.equal(lab.page.workers().length, workers);
}

/** Waits for the worker that stands by, and says how many there are then. */
async function standingBy(lab) {
  for (let tries = 0; lab.page.workers().length < 1 && tries < 300; tries += 1) await lab.page.waitForTimeout(50);
  return lab.page.workers().length;
}

test('a comparison resolves to what every run measured, and leaves nothing behind', async () => {
  const lab = await site.open();
  const workers = await standingBy(lab);
  const result = await compare(lab, TINY);
  assert.equal(result.schema, 1);
  assert.deepEqual([result.complete, result.mode, result.repeats, result.seconds, result.faults], [true, 'given', 2, 0.4, []]);
  assert.match(result.browser, /Chrom/);
  assert.ok(result.device.sampleRate > 0 && result.device.renderQuantum > 0);
  assert.equal(result.imbalanceFrames, 0);
  assert.deepEqual(result.cells.map(({ label }) => label), ['ring 1024', 'ring 8192 in 512s']);
  for (const [nth, cell] of result.cells.entries()) {
    assert.deepEqual([cell.runs, cell.notRun, cell.failures], [2, null, []]);
    assert.equal(cell.scenario.bufferFrames, RINGS[nth].bufferFrames);
    assert.deepEqual(cell.scenario.source, { kind: 'index' });
    const { latencyP50, underruns, imbalance, firstSound } = cell.figures;
    for (const { values, runs, min, median, max } of [latencyP50, underruns, imbalance, firstSound]) {
      assert.deepEqual([values.length, runs], [2, 2]);
      assert.ok(min <= median && median <= max);
    }
    assert.equal(imbalance.max, 0);
    assert.ok(firstSound.min > 0);
    // A sine without a break has next to nothing up there; how much a break has depends on this machine.
    assert.ok(cell.artifacts.looks > 0 && cell.artifacts.medianDb <= cell.artifacts.maxDb, JSON.stringify(cell.artifacts));
    assert.ok(cell.artifacts.medianDb < 0 && cell.artifacts.medianDb >= -180);
    assert.ok(cell.complexity.lines > 100 && cell.complexity.requires.includes('isolation'));
  }
  const [small, large] = result.cells.map(({ figures }) => figures.latencyP50.median);
  assert.ok(small <= (1e3 * 1024) / result.device.sampleRate && large > small, `${small} ms, ${large} ms`);

  const [shared, messages, mainThread] = result.groups;
  assert.equal(shared.cell, 'ring 1024');
  assert.deepEqual(
    { ...shared.killed, knownAfterMs: null },
    { died: true, pageAlive: true, audioAlive: true, contextAlive: true, balanced: true, knownAfterMs: null, soundBackMs: null },
  );
  assert.ok(shared.killed.knownAfterMs >= 0);
  assert.deepEqual([messages.cell, messages.killed, mainThread.cell], [null, null, null]);
  assert.deepEqual(result.tables.map(({ name, columns }) => [name, columns.length]), [['strategies', 2], ['sides', 3]]);
  for (const { columns, rows } of result.tables) for (const { entries } of rows) assert.equal(entries.length, columns.length);

  assert.deepEqual(await lab.page.evaluate(() => window.noxrun.lastComparison), result);
  // Four runs, two looks at the output, one kill.
  assert.equal(await lab.contexts(), 7);
  await nothingLeft(lab, workers);
  // The page can play afterwards.
  await lab.play();
  await lab.plays(4410);
  await lab.page.close();
  // Nobody has complained but the producer that was killed.
  assert.ok(lab.complained.every((text) => /panicked|unreachable|The page asked for it/.test(text)), lab.complained.join('\n'));
});

test('no memory stays behind, however many runs were made', async () => {
  const lab = await site.open({ before: [memoryTold] });
  const after = async (options) => {
    await compare(lab, { ...TINY, seconds: 0.2, kill: false, ...options });
    let bytes = Infinity;
    // What nobody holds any more is collected when the browser likes.
    for (let tries = 0; tries < 5; tries += 1) {
      await held(lab.page);
      bytes = Math.min(bytes, await lab.page.evaluate(() => window.engineBytes()));
      await lab.page.waitForTimeout(100);
    }
    return bytes;
  };
  const few = await after({ repeats: 1, artifacts: false });
  const many = await after({ repeats: 6 });
  assert.ok(many <= few, `${few} bytes after 2 runs, ${many} bytes after 14 more`);
  await lab.close();
});

test('the interleaving: every cell once before any of them a second time', async () => {
  const lab = await site.open();
  const done = compare(lab, { ...TINY, artifacts: false, kill: false });
  const said = await lab.page.evaluate(async () => {
    const lines = [];
    const seen = new MutationObserver(() => lines.push(document.getElementById('compare-said').textContent));
    seen.observe(document.getElementById('compare-said'), { childList: true, characterData: true, subtree: true });
    lines.push(document.getElementById('compare-said').textContent);
    while (!window.noxrun.lastComparison) await new Promise((resolve) => setTimeout(resolve, 20));
    return lines.filter((line) => line.startsWith('Run '));
  });
  await done;
  const order = [...new Set(said.map((line) => line.split('. About ')[0]))];
  assert.deepEqual(order, [
    'Run 1 of 4: ring 1024, run 1 of 2',
    'Run 2 of 4: ring 8192 in 512s, run 1 of 2',
    'Run 3 of 4: ring 1024, run 2 of 2',
    'Run 4 of 4: ring 8192 in 512s, run 2 of 2',
  ]);
  await lab.close();
});

test('what makes no sense is refused by name, and nothing else can run meanwhile', async () => {
  const lab = await site.open();
  for (const [options, message] of [
    [{ cells: [] }, /^`cells` is \[\]: it must be a list of 1 to 200 cells/],
    [{ cells: [{ bufferFrames: 1 }] }, /^`cells\[0\]\.bufferFrames` is 1: it must be a whole number from 64 to 16384 frames/],
    [{ cells: [{ source: { kind: 'index' } }] }, /^unknown field `cells\[0\]\.source`/],
    [{ mode: 'slow' }, /^`mode` is 'slow': it must be one of 'quick', 'full'/],
    [{ repeats: 1.5 }, /^`repeats` is 1\.5/],
    [{ faults: [{ kind: 'nap' }] }, /^`faults\[0\]\.kind` is 'nap'/],
    [{ often: 3 }, /^unknown field `often`: known are `mode`, `cells`/],
    [{ kill: 'yes' }, /^`kill` is 'yes': it must be true or false/],
  ]) {
    const refused = await refusal(lab, options);
    assert.deepEqual([refused?.name, refused?.code], ['NoxrunError', 'compare'], JSON.stringify(options));
    assert.match(refused.message, message);
  }
  assert.equal(await lab.contexts(), 0);
  assert.equal(await lab.page.evaluate(() => window.noxrun.cancelCompare()), null);

  const codes = await lab.page.evaluate(async (tiny) => {
    const code = (promise) => promise.then(() => null, (error) => error.code);
    const first = window.noxrun.compare(tiny);
    const others = [await code(window.noxrun.run({})), await code(window.noxrun.compare(tiny))];
    const [cancelled, ended] = [await window.noxrun.cancelCompare(), await first];
    return [...others, cancelled.complete, JSON.stringify(cancelled) === JSON.stringify(ended)];
  }, TINY);
  assert.deepEqual(codes, ['busy', 'busy', false, true]);
  await lab.close();
});

test('stop() ends a comparison as it ends a run, and what was measured stays', async () => {
  const lab = await site.open();
  const workers = await standingBy(lab);
  const result = await lab.page.evaluate(async (tiny) => {
    const promise = window.noxrun.compare({ ...tiny, repeats: 20, artifacts: false, kill: false });
    while (!document.getElementById('compare-said').textContent.startsWith('Run 3 ')) await new Promise((resolve) => setTimeout(resolve, 5));
    await window.noxrun.stop();
    return promise;
  }, TINY);
  assert.equal(result.complete, false);
  assert.equal(result.cells[0].runs, 1);
  assert.equal(result.imbalanceFrames, 0);
  await nothingLeft(lab, workers);
  assert.match(await lab.text('compare-said'), /^Cancelled after .*: 2 runs measured/);
  await lab.close();
});

test('a run that somebody stops counts for nothing, and the others are made', async () => {
  const lab = await site.open();
  const done = compare(lab, { cells: [{ bufferFrames: 4096 }], repeats: 2, seconds: 2, faults: [], artifacts: false, kill: false });
  await lab.state('running');
  await lab.page.click('#stop');
  const result = await done;
  const [{ runs, failures, figures }] = result.cells;
  assert.deepEqual([runs, figures.latencyP50.runs, result.complete], [1, 1, true]);
  assert.match(failures.join(), /^the run was cut short/);
  await lab.close();
});

test('a cell of a later version is shown with its reason', async () => {
  const lab = await site.open();
  const result = await compare(lab, { cells: [{}, { strategy: 'ring', conceal: 'extrapolate' }], repeats: 1, seconds: 0.3, artifacts: false, kill: false });
  assert.equal(result.cells[0].runs, 1);
  assert.match(result.cells[1].notRun, /`conceal` 'extrapolate' cannot be honoured yet/);
  assert.match(await lab.text('compare-strategies'), /not run: `conceal` 'extrapolate' cannot be honoured yet/);
  // One run is no figure.
  assert.match(await lab.text('compare-strategies'), /1 run only/);
  assert.match(await lab.text('compare-about'), /no figure that can be relied on/);
  await lab.close();
});

test('the panel: begins, tells how far it is, cancels, keeps what it has, saves it', async () => {
  const lab = await site.open({ page: { acceptDownloads: true } });
  const workers = await standingBy(lab);
  const { page } = lab;
  assert.match(await lab.text('compare-said'), /10 of 10 cells can be run here: about /);
  // What the player's controls say is not what the runs do, and they say it again afterwards.
  await lab.type('ring-size', 3000);
  await page.check('#fault-stall');
  await page.selectOption('#compare-mode', 'full');
  assert.match(await lab.text('compare-said'), /of \d\d cells can be run here: about /);
  await page.selectOption('#compare-mode', 'quick');
  await page.selectOption('#compare-faults', 'none');
  for (const id of ['json-save', 'csv-save', 'markdown-save', 'markdown-copy']) assert.ok(await page.isDisabled(`#compare-${id}`));
  await page.click('#compare-start');
  assert.ok(await page.isDisabled('#compare-start'));
  assert.ok(await page.isVisible('#compare-progress'));
  // The first run is done when the second one begins.
  await page.waitForFunction(() => /^Run 2 of \d+: .*About .* left\.$/.test(document.getElementById('compare-said').textContent));
  assert.equal(await page.evaluate(() => document.getElementById('compare-progress').value), 1);
  for (const id of ['listen-a', 'listen-b', 'abx-start', 'compare-mode', 'compare-faults']) assert.ok(await page.isDisabled(`#${id}`), id);
  await page.click('#compare-cancel');
  await page.waitForSelector('#compare-start:not([disabled])');
  assert.match(await lab.text('compare-said'), /^Cancelled after .*: 1 run measured/);
  assert.ok(await page.isHidden('#compare-progress'));
  assert.deepEqual([await page.inputValue('#ring-size'), await page.isChecked('#fault-stall'), await page.isChecked('#fault-jank')], ['3000', true, false]);
  await nothingLeft(lab, workers);

  const columns = await page.locator('#compare-strategies thead th').allTextContents();
  assert.equal(columns.length, 10);
  assert.deepEqual([columns[0], columns[4]], ['ring 512', 'queue 3 × 256']);
  assert.deepEqual(await page.locator('#compare-sides thead th').allTextContents(), ['Shared memory', 'Messages', 'Main thread']);
  const groups = async (id) => page.locator(`#${id} th[scope="rowgroup"]`).allTextContents();
  assert.deepEqual((await groups('compare-strategies')).slice(1, 4), ['Latency', 'CPU', 'Underrun risk']);
  assert.deepEqual((await groups('compare-sides')).slice(1), ['Library compatibility', 'Latency', 'CPU', 'Memory sharing', 'Crash isolation', 'Set-up']);
  assert.ok((await page.locator('#compare-charts figure[data-chart="latency"] li').count()) >= 1);

  const saved = async (id) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#compare-${id}-save`)]);
    const text = await readFile(await download.path(), 'utf8');
    assert.match(await lab.text('compare-export-said'), new RegExp(`Saved as ${download.suggestedFilename()}`));
    return text;
  };
  const json = JSON.parse(await saved('json'));
  assert.deepEqual(json, await page.evaluate(() => window.noxrun.lastComparison));
  assert.equal(json.imbalanceFrames, 0);
  assert.match(await saved('csv'), /^cell,strategy,measure,unit,median,min,max,runs,run 1,run 2,run 3\r\nring 512,ring,latencyP50,ms,/);
  const markdown = await saved('markdown');
  assert.match(markdown, /#### Buffering strategies\n\n\| \| \| ring 512 \|/);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('#compare-markdown-copy');
  await page.waitForFunction(() => document.getElementById('compare-export-said').textContent === 'Copied as Markdown.');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), markdown);
  // The player's link says what the player's controls say.
  assert.ok(!(await page.getAttribute('#reproduce', 'href')).includes('compare'));
  await lab.close();
});

test('listening: one at a time, as loud as each other', async () => {
  const lab = await site.open();
  const workers = await standingBy(lab);
  const { page } = lab;
  const running = () => page.evaluate(() => window.heard.filter(({ context }) => context.state === 'running').length);
  await page.selectOption('#compare-faults', 'none');
  await page.selectOption('#source', 'index');
  await page.click('#listen-a');
  await page.waitForFunction(() => /The index signal is silent/.test(document.getElementById('listen-said').textContent));
  await page.selectOption('#source', 'sine');
  await page.selectOption('#listen-a-cell', 'ring 2048');
  await page.selectOption('#listen-b-cell', 'ring 512');
  await page.click('#listen-a');
  await page.waitForFunction(() => /^A, ring 2048, plays\./.test(document.getElementById('listen-said').textContent));
  assert.equal(await page.getAttribute('#listen-a', 'aria-pressed'), 'true');
  await lab.hears();
  assert.equal(await running(), 1);
  // Until it has been heard for a second.
  await page.waitForFunction(() => window.heard.at(-1).context.currentTime > 2);
  await page.click('#listen-b');
  await page.waitForFunction(() => /^B, ring 512, plays\. (As loud|[AB] was)/.test(document.getElementById('listen-said').textContent));
  assert.equal(await running(), 1);
  assert.deepEqual(await page.evaluate(() => ['listen-a', 'listen-b'].map((id) => document.getElementById(id).getAttribute('aria-pressed'))), ['false', 'true']);
  await page.click('#listen-stop');
  await nothingLeft(lab, workers);
  assert.ok(await page.isDisabled('#listen-stop'));

  // What plays gives way to it, and it gives way to what plays.
  await lab.play();
  await page.click('#listen-a');
  await lab.state('closed');
  await page.waitForFunction(() => /^A, ring 2048, plays\./.test(document.getElementById('listen-said').textContent));
  await lab.play();
  await page.waitForFunction(() => window.heard.filter(({ context }) => context.state === 'running').length === 1);
  await lab.plays(4410);
  await lab.close();
});

test('a blind series ends with how well guessing does', async () => {
  const lab = await site.open();
  const { page } = lab;
  const said = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.getElementById('abx-said').textContent), pattern.source);
  await page.selectOption('#compare-faults', 'none');
  await page.selectOption('#source', 'sine');
  await compare(lab, { cells: RINGS, repeats: 1, seconds: 0.3, faults: [], artifacts: false, kill: false });
  await page.selectOption('#listen-b-cell', 'ring 1024');
  await page.click('#abx-start');
  await said(/Choose two different cells/);
  await page.selectOption('#listen-b-cell', 'ring 8192 in 512s');
  await page.fill('#abx-trials', '3');
  assert.ok(await page.isHidden('#listen-x'));
  await page.click('#abx-start');
  await said(/^Trial 1 of 3\. (As loud|[AB] was)/);
  for (let trial = 1; trial <= 3; trial += 1) {
    await said(new RegExp(`^Trial ${trial} of 3`));
    assert.ok(await page.isDisabled('#listen-a-cell'));
    await page.click('#listen-x');
    await page.waitForFunction(() => /^X plays\./.test(document.getElementById('listen-said').textContent));
    // Nothing on the page tells which of the two it is.
    assert.ok(['idle', 'closed'].includes(await page.getAttribute('#state', 'data-state')));
    assert.equal(await page.inputValue('#ring-size'), '2048', 'the player\'s own');
    await page.click(trial === 2 ? '#abx-is-b' : '#abx-is-a');
  }
  await said(/^[0-3] of 3 right; guessing does as well in \d+\.\d % of such series \(p = [01]\.\d{3}\)\. That shows no difference\.$/);
  assert.ok(await page.isHidden('#listen-x'));
  await page.waitForFunction(() => window.heard.every(({ context }) => context.state === 'closed'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#compare-json-save')]);
  const { listened } = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.equal(listened.length, 1);
  assert.deepEqual([listened[0].a, listened[0].b, listened[0].trials], ['ring 1024', 'ring 8192 in 512s', 3]);
  assert.ok([0.125, 0.5, 0.875, 1].includes(listened[0].p));

  // One that is given up counts for nothing.
  await page.click('#abx-start');
  await said(/^Trial 1 of 3/);
  await page.click('#abx-start');
  await said(/counts for nothing/);
  await lab.close();
});

test('every strategy is compared, and shown in light, dark and on a phone', async () => {
  await mkdir(SHOTS, { recursive: true });
  const lab = await site.open();
  const cells = ['ring', 'double', 'triple', 'queue', 'message-copy', 'message-transfer', 'main-thread', 'in-worklet', 'buffer-source'].map((strategy) => ({ strategy }));
  const result = await compare(lab, { cells, repeats: 2, seconds: 0.4, faults: [{ kind: 'jank', ms: 60, everyMs: 200 }] });
  assert.deepEqual(result.cells.map(({ notRun, failures, runs }) => [notRun, failures, runs]), cells.map(() => [null, [], 2]));
  assert.equal(result.imbalanceFrames, 0);
  // What survives a producer that dies: everything but the sound.
  for (const { name, killed, notKilled } of result.groups) {
    assert.equal(notKilled, null, name);
    assert.deepEqual([killed.died, killed.pageAlive, killed.audioAlive, killed.contextAlive, killed.balanced], [true, true, true, true, true], name);
  }
  // Nothing of the tables is left out: each entry is a figure, words, or says that there is nothing to be measured.
  for (const { name, rows } of result.tables) {
    for (const row of rows) for (const { text } of row.entries) assert.notEqual(text, 'not measured', `${name}: ${row.name}`);
  }
  for (const [name, colorScheme, width] of [['light', 'light', 1280], ['dark', 'dark', 1280], ['phone', 'light', 390]]) {
    await lab.page.emulateMedia({ colorScheme });
    await lab.page.setViewportSize({ width, height: 900 });
    await lab.frames(3);
    assert.ok((await lab.page.evaluate(() => document.documentElement.scrollWidth)) <= width, name);
    await lab.page.locator('#compare').screenshot({ path: `${SHOTS}compare-${name}.png` });
  }
  assert.deepEqual(lab.complained, []);
}, { longer: 60 });
