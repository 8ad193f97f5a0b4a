// What the page tells of losses: marks, sentences, histograms, red flags, faults on purpose, and what can be taken along.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** "12:03:07.2, 31 ms lost: " and why. */
const SENTENCE = /^\d\d?:\d\d:\d\d\.\d, .*[\d.,]+ m?s lost.*: .+[.…]$/;

/** The lines of the log: cause and text. */
function lines(lab) {
  return lab.page.locator('#underrun-log li').evaluateAll((items) => items.map((item) => ({ cause: item.dataset.cause, text: item.lastElementChild.textContent })));
}

/** Waits for a line of one of these causes. */
function told(lab, ...causes) {
  return lab.page.waitForSelector(causes.map((cause) => `#underrun-log li[data-cause="${cause}"]`).join());
}

/** Pixels of the chart in the colour of a cause. */
function marked(lab, cause) {
  return lab.page.evaluate((name) => {
    const canvas = document.getElementById('fill-chart');
    const colour = getComputedStyle(document.documentElement).getPropertyValue(`--cause-${name}`).trim();
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count += 1;
    }
    return count;
  }, cause);
}

/** A count at the end of a chip, or the whole of a text. */
const count = (text) => Number(/([\d,]+)$/.exec(text)[1].replaceAll(',', ''));

/** Losses of several causes: one freeze, and a ring that is too small for a while. What the machine adds to that is its own affair. */
async function losing(lab) {
  await lab.type('ring-size', 4096);
  await lab.play();
  await lab.plays(8820);
  await lab.page.click('#freeze-500');
  await lab.page.waitForSelector('#underrun-log li:not([data-cause="open"])');
  await lab.plays(4410);
  // Less than a callback, and more than a part of one: each starves, and each ends.
  await lab.type('ring-size', 256);
  await told(lab, 'callback-burst', 'ring-too-small');
  await lab.type('ring-size', 4096);
  await lab.until('fill-frames', (frames) => frames > 3000);
}

test('a freeze becomes a sentence, a letter in the key and a mark in its colour', async () => {
  const lab = await site.open();
  await lab.type('ring-size', 4096);
  assert.equal(await lab.page.locator('#log-empty').isVisible(), true);
  assert.equal(await lab.page.locator('#causes-seen').isVisible(), false);
  await lab.play();
  await lab.plays(8820);
  await lab.page.click('#freeze-500');
  await told(lab, 'stalled');
  await lab.frames(3);
  const seen = await lines(lab);
  assert.ok(seen.every(({ text }) => SENTENCE.test(text)), JSON.stringify(seen));
  assert.equal(await lab.page.locator('#log-empty').isVisible(), false);
  const key = lab.page.locator('#causes-seen span[data-cause="stalled"]');
  assert.equal(await key.locator('.badge').textContent(), 'S');
  assert.ok((await marked(lab, 'stalled')) > 0);
  assert.equal(await marked(lab, 'seek'), 0);
  // Nobody who listens to the page is told each line: it is a list, and what is announced is announced elsewhere.
  const list = lab.page.locator('#underrun-log');
  assert.equal(await list.getAttribute('role'), 'list');
  assert.equal(await list.evaluate((one) => Boolean(one.closest('[aria-live], [role="log"], [role="status"], [role="alert"]'))), false);
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('the log is written only when something was lost', async () => {
  const lab = await site.open();
  await losing(lab);
  const changes = await lab.page.evaluate(async () => {
    // Until what was lost is settled: sentences change until everything is known.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    let [changed, frames] = [[], 0];
    const before = document.getElementById('underrun-events').textContent;
    const observer = new MutationObserver((records) => (changed.push(...records.map(({ type, target, addedNodes }) => [type, target.textContent, addedNodes.length]))));
    observer.observe(document.getElementById('underrun-log'), { childList: true, subtree: true, characterData: true, characterDataOldValue: true });
    for (const end = performance.now() + 1000; performance.now() < end; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    return { changed, frames, lost: document.getElementById('underrun-events').textContent !== before };
  });
  assert.ok(changes.frames > 5, JSON.stringify(changes));
  if (!changes.lost) assert.deepEqual(changes.changed, [], JSON.stringify(changes));
  await lab.stop();
  await lab.close();
});

test('filters show one cause, and all again', async () => {
  const lab = await site.open();
  assert.equal(await lab.page.locator('#log-filter').isVisible(), false);
  await losing(lab);
  // Nothing more is to come.
  await lab.stop();
  const all = await lines(lab);
  const chips = lab.page.locator('#log-filter button:visible');
  const names = await chips.evaluateAll((buttons) => buttons.map(({ id }) => id.replace('filter-', '')));
  assert.ok(names.includes('all') && names.length >= 3, `${names}`);
  let sum = 0;
  for (const name of names.filter((one) => one !== 'all')) {
    await lab.page.click(`#filter-${name}`);
    await lab.page.waitForFunction((cause) => [...document.querySelectorAll('#underrun-log li')].every((item) => item.dataset.cause === cause), name);
    assert.equal(await lab.page.getAttribute(`#filter-${name}`, 'aria-pressed'), 'true');
    assert.equal(await lab.page.getAttribute('#filter-all', 'aria-pressed'), 'false');
    const shown = await lines(lab);
    const counted = count(await lab.text(`filter-${name}`));
    assert.equal(shown.length, Math.min(counted, 100), name);
    sum += counted;
  }
  assert.equal(count(await lab.text('filter-all')), sum);
  await lab.page.click('#filter-all');
  await lab.page.waitForFunction((wanted) => document.querySelectorAll('#underrun-log li').length === wanted, all.length);
  assert.deepEqual(await lines(lab), all);
  await lab.close();
});

test('histograms show what was measured, with figures in order', async () => {
  const lab = await site.open();
  assert.equal(await lab.text('lateness-p99'), '–');
  await lab.play();
  // Longer than callbacks are counted for by themselves.
  await lab.plays(5 * 44_100);
  const bars = await lab.page.evaluate(() => ['lateness-bars', 'callback-fill-bars'].map((id) => [...document.getElementById(id).children].map((bar) => bar.offsetHeight)));
  for (const heights of bars) {
    assert.equal(heights.length, 32);
    assert.ok(Math.max(...heights) > 50, `${heights}`);
  }
  const late = await Promise.all(['p50', 'p99', 'max'].map((name) => lab.number(`lateness-${name}`)));
  assert.ok(late[0] > 0 && late[0] <= late[1] && late[1] <= late[2], `${late}`);
  const fill = await Promise.all(['min', 'p1', 'p50', 'p99'].map((name) => lab.number(`callback-fill-${name}`)));
  assert.ok(fill[0] <= fill[1] && fill[1] <= fill[2] && fill[2] <= fill[3] && fill[3] <= 2048 && fill[2] > 0, `${fill}`);
  await lab.stop();
  await lab.close();
});

test('red flags: what is raised stands there in full, what is good opens', async () => {
  const lab = await site.open();
  assert.equal(await lab.page.locator('#verdicts-empty').isVisible(), true);
  await lab.play();
  await lab.plays(22_050);
  const flags = () =>
    lab.page.locator('#verdicts li').evaluateAll((items) =>
      items.map((item) => {
        const of = (part) => item.querySelector(`.verdict-${part}`).textContent;
        return { flag: item.dataset.flag, status: item.dataset.status, word: of('status'), figure: of('figure'), meaning: of('meaning'), advice: of('advice'), list: item.parentElement.id };
      }),
    );
  const all = await flags();
  assert.equal(new Set(all.map(({ flag }) => flag)).size, 15);
  for (const one of all) {
    assert.equal(one.word, one.status);
    assert.ok(one.meaning && one.advice, JSON.stringify(one));
    assert.equal(one.figure === '–', one.status === 'unknown', JSON.stringify(one));
    const list = { good: 'verdicts-good-list', unknown: 'verdicts-unknown-list' }[one.status] ?? 'verdicts-flagged';
    assert.equal(one.list, list, JSON.stringify(one));
  }
  assert.match(await lab.text('verdicts-good-count'), /^\d+ of 15 good$/);
  const good = lab.page.locator('#verdicts-good-list li').first();
  assert.equal(await good.isVisible(), false);
  await lab.page.click('#verdicts-good summary');
  assert.equal(await good.isVisible(), true);

  await lab.type('ring-size', 256);
  const raised = lab.page.locator('#verdicts-flagged li[data-flag="ringBelow512"]');
  await raised.waitFor();
  assert.equal(await raised.locator('.verdict-figure').textContent(), '256 frames');
  assert.equal(await raised.locator('.verdict-limit').textContent(), 'at least 512 frames');
  await lab.type('ring-size', 2048);
  await lab.page.waitForSelector('#verdicts-good-list li[data-flag="ringBelow512"]');
  await lab.stop();
  await lab.close();
});

/** Every kind that can be switched, with figures that make it happen soon. */
const FAULTS = {
  stall: { ms: 30, everyMs: 300 },
  slow: { share: 50 },
  late: { ms: 30, everyMs: 300 },
  gc: {},
  allocate: {},
  jank: { ms: 50, everyMs: 300 },
  hogs: { count: 2 },
  burst: { frames: 256, everyMs: 300 },
  skip: { everyBlocks: 20 },
  replay: { everyBlocks: 20 },
  tear: { everyBlocks: 20 },
  alias: {},
};

test('every fault can be switched on and off while it plays, and what really happened is told', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'index');
  await lab.type('ring-size', 4096);
  const switches = await lab.page.locator('#fault-list [type="checkbox"]').evaluateAll((all) => all.map(({ id }) => id.replace('fault-', '')));
  assert.deepEqual(switches.toSorted(), [...Object.keys(FAULTS), 'rate'].toSorted());
  assert.equal(await lab.page.locator('#injected').isVisible(), false);
  assert.equal(await lab.page.locator('#faults-off').isDisabled(), true);
  await lab.play();
  for (const [kind, figures] of Object.entries(FAULTS)) {
    for (const [name, value] of Object.entries(figures)) await lab.type(`fault-${kind}-${name}`, value);
    const record = await lab.text(`fault-${kind}-record`);
    assert.equal(record, '', kind);
    await lab.page.check(`#fault-${kind}`);
    if (kind !== 'hogs') await lab.page.waitForFunction((id) => document.getElementById(id).textContent !== '', `fault-${kind}-record`);
    assert.equal(await lab.page.locator('#faults-off').isDisabled(), false, kind);
    await lab.page.uncheck(`#fault-${kind}`);
    // What lasted for as long as it was on is known when it is off.
    await lab.page.waitForFunction((id) => /^[\d,]+ \u00d7/.test(document.getElementById(id).textContent), `fault-${kind}-record`);
  }
  assert.equal(await lab.page.locator('#faults-off').isDisabled(), true);
  assert.equal((await lab.page.evaluate(() => window.heard.length)), 1, 'a new output was made');
  await lab.page.click('#injected summary');
  const told = await lab.page.locator('#injected-log li').allTextContents();
  assert.ok(told.every((text) => /^\d\d:\d\d:\d\d\.\d, [a-z]+( of [\d,]+ frames?)?( for [\d.]+ m?s)?$/.test(text)), told.join('\n'));
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('a clock of its own needs another output, says so, and goes with all others', async () => {
  const lab = await site.open();
  assert.match(await lab.text('fault-rate-what'), /Starts a new output/);
  await lab.play();
  await lab.page.check('#fault-rate');
  await lab.page.waitForFunction(() => window.heard.length === 2);
  await lab.state('running');
  await lab.plays(8820);
  await lab.page.check('#fault-gc');
  await lab.page.click('#faults-off');
  await lab.page.waitForFunction(() => window.heard.length === 3);
  await lab.state('running');
  assert.equal(await lab.page.locator('#fault-list :checked').count(), 0);
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('a fault that cannot be is refused in words, and is off', async () => {
  const lab = await site.open();
  await lab.type('fault-stall-ms', 5000);
  await lab.type('fault-stall-everyMs', 100);
  await lab.page.click('#fault-stall');
  assert.match(await lab.message('scenario'), /everyMs/);
  assert.equal(await lab.page.isChecked('#fault-stall'), false);
  await lab.close();
});

test('the context is suspended for as long as was asked, and it is recorded', async () => {
  const lab = await site.open();
  await lab.play();
  await lab.plays(8820);
  await lab.type('suspend-ms', 700);
  await lab.page.click('#suspend');
  await lab.state('suspended');
  await lab.state('running');
  await lab.page.waitForFunction(() => /suspend for/.test(document.getElementById('injected-log').textContent));
  const [, ms] = /suspend for ([\d.]+) ms/.exec(await lab.page.locator('#injected-log li').first().textContent());
  assert.ok(Number(ms) >= 690, ms);
  await lab.stop();
  await lab.balanced();
  await lab.close();
});

test('the faults of a run are those of its scenario', async () => {
  const lab = await site.open();
  await lab.page.check('#fault-gc');
  const run = lab.page.evaluate(() => window.noxrun.run({ seconds: 3, stress: [{ kind: 'stall', ms: 25, everyMs: 400 }] }));
  await lab.page.waitForFunction(() => document.getElementById('fault-stall').checked);
  assert.equal(await lab.page.isChecked('#fault-gc'), false);
  assert.equal(await lab.page.inputValue('#fault-stall-ms'), '25');
  await lab.page.waitForFunction(() => document.getElementById('fault-stall').disabled && document.getElementById('faults-off').disabled);
  const { injected } = await run;
  await lab.page.waitForFunction(() => !document.getElementById('fault-stall').disabled);
  const stalls = injected.filter(({ kind }) => kind === 'stall').length;
  assert.equal(Number.parseInt(await lab.text('fault-stall-record'), 10), stalls);
  await lab.close();
});

/** What a click on this button saves. */
async function saved(lab, id) {
  const [download] = await Promise.all([lab.page.waitForEvent('download'), lab.page.click(`#${id}`)]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

/** What a click on this button puts on the clipboard. */
async function copied(lab, id) {
  await lab.page.click(`#${id}`);
  await lab.page.waitForFunction(() => document.getElementById('export-said').textContent.endsWith(' copied.'));
  return lab.page.evaluate(() => navigator.clipboard.readText());
}

/** The cells of a CSV text, which may hold commas and line ends in quotes. */
function csv(text) {
  const rows = [];
  let row = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

test('report, log and summary can be saved and copied, while it plays and afterwards', async () => {
  const lab = await site.open();
  await lab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const ids = ['report', 'log', 'summary'].flatMap((what) => [`${what}-save`, `${what}-copy`]);
  for (const id of ids) assert.equal(await lab.page.locator(`#${id}`).isDisabled(), true, id);
  await losing(lab);
  for (const id of ids) assert.equal(await lab.page.locator(`#${id}`).isDisabled(), false, id);
  const live = await saved(lab, 'report-save');
  assert.equal(live.name, 'noxrun-report.json');
  assert.ok(JSON.parse(live.text).underruns.events > 0);
  await lab.stop();

  const report = JSON.parse((await saved(lab, 'report-save')).text);
  const ledger = await lab.balanced();
  assert.equal(report.schema, 1);
  assert.equal(report.underruns.frames, ledger.missing);
  assert.equal(report.ledger.requestedFrames, ledger.requested);
  assert.equal(report.ledger.imbalanceFrames, 0);
  assert.deepEqual(JSON.parse(await copied(lab, 'report-copy')), report);

  const log = await saved(lab, 'log-save');
  assert.equal(log.name, 'noxrun-log.csv');
  const [head, ...rows] = csv(log.text);
  assert.ok(head.includes('cause') && head.includes('frames'), `${head}`);
  assert.ok(rows.every((row) => row.length === head.length), log.text);
  assert.ok(rows.length >= 2, log.text);
  assert.ok(rows.some((row) => row[head.indexOf('cause')] === 'stalled'), log.text);
  assert.equal(await copied(lab, 'log-copy'), log.text);

  const summary = await saved(lab, 'summary-save');
  assert.equal(summary.name, 'noxrun-summary.md');
  assert.match(summary.text, /^#/);
  assert.match(summary.text, /stalled/);
  assert.equal(await copied(lab, 'summary-copy'), summary.text);
  await lab.close();
});

test('a producer that was ended by hand stands in the report, with the loss that it was, also after the ring was made smaller', async () => {
  const lab = await site.open();
  await lab.type('ring-size', 16_384);
  await lab.play();
  await lab.plays(44_100);
  await lab.type('ring-size', 2048);
  await lab.plays(22_050);
  await lab.page.click('#kill');
  await lab.state('lost');
  const { injected, recoveries, underruns, latency, sampleRate, ledger } = JSON.parse((await saved(lab, 'report-save')).text);
  assert.deepEqual(injected.map(({ kind, lastedMs }) => [kind, lastedMs]), [['kill', null]]);
  assert.deepEqual(recoveries.map(({ cause, tookMs }) => [cause, tookMs]), [['producer-lost', null]]);
  assert.ok(recoveries[0].atMs > injected[0].atMs && injected[0].atMs > 1000, JSON.stringify({ injected, recoveries }));
  assert.deepEqual([underruns.byCause['producer-lost'], ledger.imbalanceFrames], [1, 0], JSON.stringify(underruns));
  // What lay in the larger ring is not measured by the smaller one.
  assert.ok((latency.ringMs.max * sampleRate) / 1e3 > 8192, JSON.stringify(latency));
  await lab.close({ complained: false });
});

test('the link plays the same again, faults included', async () => {
  const lab = await site.open();
  await lab.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await lab.page.selectOption('#source', 'sine');
  await lab.type('hz', 220);
  await lab.type('ring-size', 1024);
  await lab.page.fill('#fault-stall-ms', '60');
  await lab.page.fill('#fault-stall-everyMs', '700');
  await lab.page.check('#fault-stall');
  const address = await copied(lab, 'link-copy');
  const scenario = JSON.parse(new URL(address).searchParams.get('scenario'));
  assert.deepEqual(scenario.source, { kind: 'sine', hz: 220 });
  assert.equal(scenario.bufferFrames, 1024);
  assert.deepEqual(scenario.stress, [{ kind: 'stall', ms: 60, everyMs: 700, jitterMs: 0 }]);
  await lab.page.hover('#reproduce');
  assert.equal(await lab.page.getAttribute('#reproduce', 'href'), address);
  await lab.close();

  const again = await site.open({ query: new URL(address).search });
  await again.page.waitForFunction(() => window.noxrun.lastReport);
  const report = await again.page.evaluate(() => window.noxrun.lastReport);
  assert.deepEqual(report.scenario, scenario);
  assert.ok(report.injected.filter(({ kind }) => kind === 'stall').length >= 3, JSON.stringify(report.injected));
  // What the page saves of a run is what the run resolved to.
  assert.deepEqual(JSON.parse((await saved(again, 'report-save')).text), report);
  await again.close();
});

test('no file, no link: what a link cannot hold is said', async () => {
  const lab = await site.open();
  await lab.drop('quiet.wav', Buffer.from('no audio'));
  await lab.page.selectOption('#source', 'file');
  await lab.page.click('#link-copy');
  await lab.page.waitForFunction(() => /a link cannot hold files/.test(document.getElementById('export-said').textContent));
  await lab.close({ complained: false });
});

test('losses and blocks stand in the browser’s Performance panel when asked for', async () => {
  const lab = await site.open();
  const entries = () => lab.page.evaluate(() => performance.getEntriesByType('measure').filter(({ detail }) => detail?.devtools?.track).map(({ name, detail }) => [name, detail.devtools.track]));
  await lab.play();
  await lab.plays(8820);
  assert.deepEqual(await entries(), []);
  await lab.page.check('#timeline');
  await lab.page.waitForFunction(() => window.heard.length === 2);
  await lab.state('running');
  await lab.plays(8820);
  await lab.type('ring-size', 64);
  await lab.until('underrun-events', (events) => events > 0);
  await lab.type('ring-size', 4096);
  await lab.page.waitForFunction(() => performance.getEntriesByType('measure').some(({ detail }) => detail?.devtools?.track));
  await lab.page.uncheck('#timeline');
  await lab.page.waitForFunction(() => window.heard.length === 3);
  await lab.stop();
  await lab.close();
});

for (const width of [320, 390]) {
  test(`nothing is wider than a page of ${width} px, whatever is open`, async () => {
    const lab = await site.open({ page: { viewport: { width, height: 800 } } });
    await losing(lab);
    await lab.plays(22_050);
    for (const summary of await lab.page.locator('#lab summary:visible').all()) await summary.click();
    await lab.frames(3);
    assert.ok((await lab.page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    // Nor does anything lie outside its panel.
    const outside = await lab.page.evaluate(() =>
      [...document.querySelectorAll('.panel')].flatMap((panel) => {
        const { left, right } = panel.getBoundingClientRect();
        return [...panel.querySelectorAll('*')]
          .filter((one) => one.checkVisibility() && one.getClientRects().length > 0)
          .filter((one) => one.getBoundingClientRect().right > right + 0.5 || one.getBoundingClientRect().left < left - 0.5)
          .map((one) => `${panel.getAttribute('aria-labelledby')}: ${one.tagName} ${one.id} ${one.className}`);
      }),
    );
    assert.deepEqual(outside, []);
    await lab.stop();
    await lab.close();
  });
}
