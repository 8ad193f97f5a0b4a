// What leaves the browser: recorded from PulseAudio's null sink, compared sample by sample with what should be heard. ci/test-speaker starts the sink.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { killWorker } from '../support/outside.mjs';
import { SITE, serve } from '../support/server.mjs';
import { TOLERANCE, compare, explained, touches } from './compare.mjs';
import { ROUTES, describe, listen } from './listen.mjs';
import { RATE } from './recorder.mjs';

/** Recordings made at most. Another one is made only because the reference was broken, never because of the left channel. */
const ATTEMPTS = 8;
/** Share of a recording in which the reference has to be unbroken. */
const ENOUGH = 0.9;
/** The largest ring there is: 341 ms. A producer that another program keeps from the processor for longer is rare even on a busy machine. */
const LARGE = 16384;
/** For gaps: 171 ms, more than the browser asks for at once (see listen.mjs). */
const SMALL = 8192;
/** How long the producer stands still, in ms. */
const FREEZES = [400, 350, 550, 370, 460, 500];
/** For each test, in ms: it takes a tenth of that where nothing else goes on. */
const PATIENCE = 120_000;
/** Frames: shorter gaps than this are no freeze of the above, but the machine's. */
const LONG = 1000;

let server;
let browser;

before(async () => {
  assert.ok(process.env.NOXRUN_SINK, 'No sink to record: run ci/test-speaker.');
  server = await serve(SITE, { routes: ROUTES });
  browser = await launch({ audible: true });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Records until the reference is good enough to judge by. */
async function measure(t, options, during, usable) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const heard = await listen(browser, server.url, options, during);
    t.diagnostic(describe(heard));
    if (heard.share >= ENOUGH && usable(heard)) return heard;
    t.diagnostic("this machine broke the browser's own oscillator too often to judge by: once more");
  }
  assert.fail(`in ${ATTEMPTS} recordings the browser's own oscillator was broken too often to judge by: try on a machine with less to do`);
}

test('the sound is unbroken wherever the reference is', { timeout: PATIENCE }, async (t) => {
  const heard = await measure(t, { bufferFrames: LARGE }, (page, recorder) => recorder.more(8 * RATE), () => true);
  const broken = heard.breaks.filter((found) => !explained(found, heard.reference));
  assert.deepEqual(broken, [], `the left channel broke by itself; the ledger says ${JSON.stringify(heard.ledger.underruns)}`);
  assert.equal(heard.ledger.imbalance, 0);
});

/** Freezes the producer for each of `lengths` ms, and lets it come back in between. */
async function freeze(page, recorder, lengths) {
  await recorder.more(RATE / 2);
  for (const ms of lengths) {
    const { events } = (await page.evaluate(() => window.speaker.stats())).underruns;
    await page.evaluate((length) => window.speaker.freeze(length), ms);
    // Until the ledger has it and it is over; not for ever, because what counts is what was heard.
    for (let waited = 0; waited < 20; waited += 1) {
      await recorder.more(RATE / 10);
      const { underruns } = await page.evaluate(() => window.speaker.stats());
      const since = underruns.log.slice(-Math.max(1, underruns.events - events));
      if (underruns.events > events && since.some(({ frames, over }) => over && frames >= LONG)) break;
    }
    await recorder.more(RATE / 4);
  }
  await recorder.more(RATE / 2);
}

const long = ({ silence }) => silence >= LONG;

/** Whether the reference leaves at least half of the gaps of `heard` to be judged, if the producer was frozen `count` times. */
const measurable = ({ breaks, reference, time }, count) =>
  time !== null && breaks.filter((gap) => long(gap) && touches(gap.at, gap.length, reference)).length <= count / 2;

/** Requires that the ledger says what is heard, and tells both. */
function agree(t, heard) {
  const compared = compare(heard, heard.ledger.underruns.log);
  const { pairs, faults, excused: excuses } = compared;
  for (const { frame, frames, at, gap, late } of pairs) {
    t.diagnostic(`ledger ${frames} frames at ${frame}; heard ${gap} at ${at}, the sine late by ${late.toFixed(3)}`);
  }
  if (excuses > 0) t.diagnostic(`${excuses} breaks beside a break of the reference were not judged`);
  assert.deepEqual(faults, []);
  assert.equal(heard.ledger.imbalance, 0);
  return compared;
}

test('a frozen producer is heard exactly where and as long as the ledger says', { timeout: PATIENCE }, async (t) => {
  const heard = await measure(t, { bufferFrames: SMALL }, (page, recorder) => freeze(page, recorder, FREEZES), (heard) => measurable(heard, FREEZES.length));
  const { pairs } = agree(t, heard);
  const real = pairs.filter(long).length;
  assert.ok(real >= FREEZES.length / 2, `${FREEZES.length} freezes, but only ${real} long gaps were heard`);
});

/** What gives recording and ledger a common origin before the worker dies. */
const BEFORE_DEATH = FREEZES.slice(0, 3);

async function die(page, recorder) {
  await freeze(page, recorder, BEFORE_DEATH);
  await killWorker(page);
  // Its loss is noticed from the page, some two seconds after the worker's last sign of life.
  for (let waited = 0; waited < 100 && (await page.evaluate(() => window.speaker.state())) !== 'lost'; waited += 1) await recorder.more(RATE / 10);
  await recorder.more(RATE / 2);
}

test('a worker that dies is heard to end where its loss is said to begin, and nothing is heard after it', { timeout: PATIENCE }, async (t) => {
  // A device that broke where the sound ended would hide the place.
  const usable = (heard) => measurable(heard, BEFORE_DEATH.length) && !touches(heard.breaks.at(-1)?.at ?? 0, 0, heard.reference);
  const heard = await measure(t, { bufferFrames: SMALL }, die, usable);
  const { end, pairs } = agree(t, heard);
  assert.ok(pairs.some(long), 'nothing ties the recording to the ledger');
  const [death, ...others] = heard.events.filter(({ cause }) => cause === 'producer-lost');
  assert.ok(death && others.length === 0, JSON.stringify(heard.events));
  t.diagnostic(`lost from frame ${death.frame} on, ${death.frames} frames until the output paused; the sound ended at ${end?.at}, ${end?.silence} of ${end?.length} frames were silent`);
  assert.equal(end?.frame, death.frame);
  assert.equal(death.endedBy, 'paused');
  // But for the fade and what falls on the reference's own breaks, silent to the recording's end, which is beyond the event's.
  assert.ok(end.length - end.silence <= 128 + TOLERANCE && end.length > death.frames, JSON.stringify(end));
});
