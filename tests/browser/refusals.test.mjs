// What the page refuses, and what the browser refuses the page.

import assert from 'node:assert/strict';
import { launch } from '../support/chromium.mjs';
import { openLab } from '../support/lab.mjs';
import { SITE, serve } from '../support/server.mjs';
import { suite, test } from '../support/suite.mjs';

const site = suite();

/** What `window.noxrun.run(scenario)` rejects with. */
const refusal = (lab, scenario) =>
  lab.page.evaluate(
    (asked) =>
      window.noxrun.run(asked).then(
        () => ({ name: 'none', code: 'none', message: 'it was run' }),
        ({ name, code, message }) => ({ name, code, message }),
      ),
    scenario,
  );

test('a page that is not isolated says so, names both headers and offers nothing that cannot work', async () => {
  const plain = await serve(SITE, { isolated: false });
  try {
    const lab = await openLab(site.browser, plain.url, { phase: 'refused' });
    const text = await lab.page.innerText('#message');
    assert.match(text, /not cross-origin isolated/);
    assert.match(text, /Cross-Origin-Opener-Policy: same-origin/);
    assert.match(text, /Cross-Origin-Embedder-Policy: require-corp/);
    assert.equal(await lab.page.getAttribute('#message', 'data-code'), 'not-isolated');
    assert.equal(await lab.page.locator('button:visible, input:visible, select:visible').count(), 0);
    const { name, code, message } = await refusal(lab, {});
    assert.deepEqual([name, code], ['NoxrunError', 'not-isolated']);
    assert.match(message, /Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/);
    await lab.close();
  } finally {
    await plain.close();
  }
});

/** Control, what is typed, what the message has to name. */
const OUT_OF_RANGE = [
  ['ring-size', '63', /63.*64 to 16384/],
  ['ring-size', '16385', /16385.*64 to 16384/],
  ['ring-size', '', /64 to 16384/],
  ['voices', '257', /257.*1 to 256/],
  ['voices', '0', /voices is 0.*1 to 256/],
];

test('a number out of range is refused with value and range while the sound plays on', async () => {
  const lab = await site.open();
  await lab.play();
  for (const [id, typed, named] of OUT_OF_RANGE) {
    const before = await lab.page.inputValue(`#${id}`);
    await lab.type(id, typed);
    assert.match(await lab.message('out-of-range'), named);
    assert.equal(await lab.page.inputValue(`#${id}`), before, `${id} shows again what holds`);
    await lab.page.click('#message-dismiss');
    await lab.plays(2205);
  }
  assert.equal(await lab.contexts(), 1);
  await lab.balanced();
  await lab.close();
});

/** Scenario, and what the refusal has to name. */
const REFUSED = [
  [{ bufferFrames: 63 }, /`bufferFrames` is 63:.*64 to 16384 frames/],
  [{ bufferFrames: 16_385 }, /`bufferFrames` is 16385:.*64 to 16384 frames/],
  [{ bufferFrames: '2048' }, /`bufferFrames` is '2048'/],
  [{ channels: 0 }, /`channels` is 0:.*1 to 32/],
  [{ channels: 33 }, /`channels` is 33:.*1 to 32/],
  [{ sampleRate: 7999 }, /`sampleRate` is 7999:.*8000 to 192000 Hz/],
  [{ sampleRate: 192_001 }, /`sampleRate` is 192001:.*8000 to 192000 Hz/],
  [{ source: { kind: 'synth', voices: 0 } }, /`source\.voices` is 0:.*1 to 256/],
  [{ source: { kind: 'synth', voices: 257 } }, /`source\.voices` is 257:.*1 to 256/],
  [{ source: { kind: 'sine', hz: 0 } }, /`source\.hz` is 0:.*1 to 20000 Hz/],
  [{ source: { kind: 'theremin' } }, /`source\.kind` is 'theremin':.*'sine', 'index', 'synth', 'file'/],
  [{ seconds: 0 }, /`seconds` is 0:.*0\.1 to 3600 s/],
  [{ latencyHint: 'fast' }, /`latencyHint` is 'fast'/],
  [{ blockFrames: 4096, bufferFrames: 2048 }, /`blockFrames` is 4096:.*2048/],
  [{ bufferFrame: 2048 }, /unknown field `bufferFrame`.*`bufferFrames`/],
  [{ source: { kind: 'sine', herz: 440 } }, /unknown field `source\.herz`/],
  [{ stress: [{ kind: 'stall', ms: 10, everyMs: 100, often: true }] }, /unknown field `stress\[0\]\.often`/],
  [{ stress: [{ kind: 'stall', ms: 100, everyMs: 50 }] }, /`stress\[0\]\.everyMs` is 50/],
  [{ stress: [{ kind: 'tear', everyBlocks: 0 }] }, /`stress\[0\]\.everyBlocks` is 0/],
  [{ stress: [{ kind: 'tears', everyBlocks: 2 }] }, /`stress\[0\]\.kind` is 'tears'/],
  [{ strategy: 'tripple' }, /`strategy` is 'tripple':.*'double', 'triple', 'queue'/],
  [{ strategy: 'triple', bufferFrames: 512 }, /`bufferFrames` is 512:.*'triple'.*`blockFrames`/],
  [{ strategy: 'queue', bufferFrames: 512 }, /`bufferFrames` is 512:.*'queue'.*`queueDepth`/],
  [{ strategy: 'queue', queueDepth: 0 }, /`queueDepth` is 0:.*1 to 32 blocks/],
  [{ strategy: 'queue', queueDepth: 32, blockFrames: 1024 }, /`blockFrames` is 1024:.*16384 frames/],
  [{ queueDepth: 3 }, /`queueDepth` is 3:.*'queue'/],
  [{ strategy: 'in-worklet', blockFrames: 128 }, /`blockFrames` is 128:.*'in-worklet'/],
  [{ strategy: 'in-worklet', pace: { kind: 'timer' } }, /`pace\.kind` is 'timer':.*'in-worklet'/],
  [{ strategy: 'in-worklet', stress: [{ kind: 'late', ms: 5, everyMs: 50 }] }, /`stress\[0\]\.kind` is 'late':.*'in-worklet'/],
  [{ strategy: 'buffer-source', channels: 32 }, /`channels` is 32:.*31/],
  [{ strategy: 'buffer-source', stress: [{ kind: 'burst', frames: 9, everyMs: 50 }] }, /`stress\[0\]\.kind` is 'burst':.*'buffer-source'/],
  [{ strategy: 'main-thread', stress: [{ kind: 'kill', atMs: 9, by: 'terminate' }] }, /`stress\[0\]\.by` is 'terminate':.*'panic'/],
  [{ pace: { kind: 'timer', jitterMs: -1 } }, /`pace\.jitterMs` is -1:.*0 to 10000 ms/],
  [{ conceal: 'extrapolate' }, /`conceal` 'extrapolate' cannot be honoured yet/],
  [7, /`scenario` is 7: it must be an object/],
];

test('a scenario that cannot be run is refused by the field\'s name, with value and range', async () => {
  const lab = await site.open();
  for (const [scenario, named] of REFUSED) {
    const { name, code, message } = await refusal(lab, scenario);
    assert.deepEqual([name, code], ['NoxrunError', 'scenario'], message);
    assert.match(message, named);
  }
  assert.equal(await lab.contexts(), 0, 'nothing was begun');
  await lab.close();
});

test('files of a scenario that cannot be had are refused by address', async () => {
  const lab = await site.open();
  const missing = await refusal(lab, { source: { kind: 'file', url: 'nowhere.wav' } });
  assert.equal(missing.code, 'file');
  assert.match(missing.message, /nowhere\.wav.*404/);
  const foreign = await refusal(lab, { source: { kind: 'file', url: 'https://example.com/a.wav' } });
  assert.equal(foreign.code, 'file');
  assert.match(foreign.message, /example\.com/);
  await lab.close({ complained: false });
});

test('audio that waits for a gesture: the page says "press Play", and pressing it plays', async () => {
  // A tool that asks a page anything counts as a gesture: the page has to say by itself when it is blocked.
  const tell = () =>
    document.addEventListener('DOMContentLoaded', () => {
      const state = document.getElementById('state');
      const look = () => console.info(`state: ${state.dataset.state}, ${state.textContent}`);
      new MutationObserver(look).observe(state, { attributes: true });
    });
  const strict = await launch({ autoplay: false });
  try {
    const page = await strict.newPage();
    await page.addInitScript(tell);
    const blocked = page.waitForEvent('console', (message) => message.text() === 'state: blocked, Press Play');
    await page.goto(`${site.url}?scenario=${encodeURIComponent('{"seconds":1}')}`);
    await blocked;
    assert.match(await page.textContent('#now-playing'), /press Play/i);
    assert.equal(await page.getAttribute('#play', 'data-shows'), 'play');
    await page.click('#play');
    await page.waitForSelector('#state[data-state="running"]');
    await page.waitForFunction(() => window.noxrun.lastReport);
    const { ledger } = await page.evaluate(() => window.noxrun.lastReport);
    assert.ok(ledger.freshFrames > 0);
    assert.equal(ledger.imbalanceFrames, 0);
  } finally {
    await strict.close();
  }
});
