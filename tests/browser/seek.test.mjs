// Positions and seeks: what comes out of the node says itself which frame of which file it is.

import assert from 'node:assert/strict';
import { test } from '../support/suite.mjs';
import { tapSuite } from '../support/tap.mjs';

const site = tapSuite();

/** By how much position and recording may be apart, in seconds: a callback, and that the browser's two clocks are read one after the other. */
const TOLERANCE = 0.15;

test('the position is what is heard: while it plays, after seeks, over a list; it goes forward only, and stands still in a pause', async (t) => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, numbered, sleep, STEP } = window.tap;
    const rate = 48_000;
    const items = [1, 2].map((code) => numbered({ name: `${code}.wav`, frames: 2 * rate, rate, code }));
    const session = await play({ source: { kind: 'playlist', items }, sampleRate: rate });
    const { output, recording } = session;
    /** What was handed to the device last, as {item, seconds}; null in a fade or in silence. */
    const given = () => {
      const at = recording.frames - 1;
      const [frame, code] = [0, 1].map((channel) => recording.at(at, channel) / STEP);
      return at >= 0 && Number.isInteger(frame) && frame > 0 && Number.isInteger(code) ? { item: code - 1, seconds: (frame - 1) / rate } : null;
    };
    const seen = [];
    /** Looks at position and recording for so many seconds of sound. The recording goes on meanwhile: looked at before and after. */
    const watch = async (phase, seconds) => {
      const until = recording.frames + seconds * rate;
      while (recording.frames < until) {
        const before = { given: given(), latency: session.latency() };
        const { position } = output;
        seen.push({ phase, position, before, after: { given: given(), latency: session.latency() } });
        await sleep(15);
      }
    };
    await session.until(() => given() !== null, 'sound');
    await session.plays(0.3);
    await watch('first', 0.5);
    await output.seek(1.4);
    await session.until(() => given()?.seconds > 1.4, 'the place sought');
    await session.plays(0.3);
    // Over the end of the first file.
    await watch('over the joint', 1);
    await output.seek(0.25, 0);
    await session.until(() => given()?.item === 0 && given().seconds < 1, 'the place sought');
    await session.plays(0.3);
    await watch('back', 0.4);
    output.setPaused(true);
    // The fade, and what the device still holds.
    await session.plays(0.5);
    const paused = [];
    for (let nth = 0; nth < 10; nth += 1) {
      paused.push({ position: output.position, state: output.state });
      await sleep(15);
    }
    const stood = given();
    output.setPaused(false);
    const resumed = [];
    const until = recording.frames + 0.5 * rate;
    while (recording.frames < until) {
      resumed.push(output.position);
      await sleep(5);
    }
    return { seen, paused, stood, resumed, done: await session.close() };
  });
  if (told.done.ledger.underruns.events > 0) t.diagnostic(`${told.done.ledger.underruns.events} underruns`);
  assert.equal(told.done.ledger.imbalance, 0);
  assert.equal(told.stood, null, 'nothing is put out in a pause');

  // One timeline over both files, of two seconds each.
  const place = (at) => 2 * at.item + at.seconds;
  const phases = new Map();
  for (const { phase, position, before, after } of told.seen) {
    assert.ok(position, `${phase}: there is no position`);
    if (!before.given || !after.given) continue;
    const earliest = place(before.given) - Math.max(before.latency, after.latency) - TOLERANCE;
    const latest = place(after.given) - Math.min(before.latency, after.latency) + TOLERANCE;
    const at = place(position);
    assert.ok(at >= earliest && at <= latest, `${phase}: ${JSON.stringify({ position, before, after })}`);
    assert.ok(at <= place(after.given), `${phase}: before it is put out: ${JSON.stringify({ position, after })}`);
    const list = phases.get(phase) ?? [];
    list.push(position);
    phases.set(phase, list);
  }
  for (const phase of ['first', 'over the joint', 'back']) assert.ok(phases.get(phase)?.length >= 3, `${phase}: looked at ${phases.get(phase)?.length} times`);
  for (const [phase, positions] of [...phases, ['resumed', told.resumed]]) {
    positions.reduce((before, position) => {
      assert.ok(place(position) >= place(before), `${phase}: back from ${JSON.stringify(before)} to ${JSON.stringify(position)}`);
      return position;
    });
  }
  assert.deepEqual([...new Set(phases.get('over the joint').map(({ item }) => item))], [0, 1]);
  for (const { position, state } of told.paused) {
    assert.equal(state, 'paused');
    assert.deepEqual(position, told.paused[0].position);
  }
  assert.ok(place(told.resumed[0]) >= place(told.paused[0].position) - 0.005, 'resumed where it stood');
  assert.ok(place(told.resumed.at(-1)) > place(told.paused[0].position), 'goes on after the pause');
  await lab.close();
});

test('a seek is exact: after the fade every frame is the one that follows the place sought, bit by bit', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, file, reference, find, FADE, CHANNELS } = window.tap;
    const rate = 44_100;
    const all = [];
    for (const name of ['music-24.wav', 'music.flac']) {
      const wanted = await reference(name);
      const session = await play({ source: await file(name), sampleRate: rate });
      const { output, recording } = session;
      const seeks = [];
      for (const seconds of [4.321, 0.123_45, 2, 0]) {
        const from = recording.frames;
        await output.seek(seconds);
        await session.plays(0.6);
        const place = Math.round(seconds * rate);
        const probe = 2 * FADE;
        const at = find(session, wanted, place + probe, 64, from);
        const to = recording.frames;
        let differs = -1;
        // From the fade's end on, as long as there were no underruns.
        const start = at - probe + FADE;
        for (let frame = start; at >= 0 && frame < to && differs < 0; frame += 1) {
          for (const channel of [0, 1]) {
            if (recording.at(frame, channel) !== wanted[CHANNELS * (place + FADE + frame - start) + channel]) differs = frame - start;
          }
        }
        const { underruns } = await session.ledger();
        seeks.push({ seconds, found: at >= 0, compared: to - start, differs, underruns: underruns.events });
      }
      all.push({ name, seeks, done: await session.close() });
    }
    return all;
  });
  for (const { name, seeks, done } of told) {
    assert.equal(done.ledger.imbalance, 0, name);
    assert.ok(done.ledger.dropped.seek > 0, `${name}: the ring's content is given up`);
    for (const { seconds, found, compared, differs, underruns } of seeks) {
      assert.ok(found, `${name}: the sound of ${seconds} s never came`);
      assert.ok(compared > 1000, `${name}: compared ${compared} frames after ${seconds} s`);
      // A machine that was too busy leaves a gap in what is compared.
      if (underruns === 0) assert.equal(differs, -1, `${name}, ${seconds} s: differs so many frames after the fade`);
    }
  }
  await lab.close();
});

test('twenty seeks a second: the ledger balances all the time, nothing of an earlier place is heard after a later one', async (t) => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, numbered, runs, missing, sleep } = window.tap;
    const rate = 44_100;
    const SECONDS = 60;
    const SEEKS = 60;
    const session = await play({ source: numbered({ name: 'numbered.wav', frames: SECONDS * rate, rate }), sampleRate: rate });
    const { output, recording } = session;
    await session.plays(0.3);
    // Places at random, but the same in every run (a linear congruential generator), each at least a second from all others'.
    let random = 12_345;
    const grid = Array.from({ length: SEEKS }, () => {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      return random / 2 ** 31;
    });
    const order = grid.map((value, nth) => [value, nth]).sort(([a], [b]) => a - b).map(([, nth]) => nth);
    const places = order.map((slot, nth) => ((slot + 0.5 * grid[nth]) * (SECONDS - 5)) / SEEKS);
    const pending = [];
    const imbalances = [];
    const states = [];
    const from = recording.frames;
    for (const seconds of places) {
      pending.push(output.seek(seconds));
      imbalances.push((await session.ledger()).imbalance);
      states.push(output.state);
      await sleep(50);
    }
    await Promise.all(pending);
    // All that may be on its way: the ring, a block, a fade.
    const settled = recording.frames + 16_384 + 8_192 + 128;
    await session.plays(1.2);
    const state = output.state;
    const { failures } = output;
    const done = await session.close();
    const heard = runs(session, from);
    return {
      rate,
      places: places.map((seconds) => Math.round(seconds * rate)),
      heard: heard.map((run, nth) => ({
        ...run,
        missing: nth === 0 ? 0 : missing(session, done.ledger, heard[nth - 1].at + heard[nth - 1].frames, run.at),
      })),
      imbalances,
      states,
      state,
      settled,
      failures,
      done,
    };
  });
  const { places, heard, done } = told;
  if (done.ledger.underruns.events > 0) t.diagnostic(`${done.ledger.underruns.events} underruns, ${done.ledger.underruns.frames} frames`);
  assert.deepEqual(told.imbalances.filter((imbalance) => imbalance !== 0), []);
  assert.equal(done.ledger.imbalance, 0);
  assert.deepEqual([...new Set(told.states)], ['running']);
  assert.equal(told.state, 'running');
  assert.deepEqual(told.failures, []);
  assert.equal(done.lost, 0);

  // Each stretch goes on after an underrun, or begins at a place that was sought: later than the one before.
  let latest = -1;
  const followed = [];
  for (let nth = 1; nth < heard.length; nth += 1) {
    const [before, run] = [heard[nth - 1], heard[nth]];
    const gap = run.at - before.at - before.frames - run.missing;
    // The frame that was the first after the change: fades change frames and leave none out.
    const first = run.first - gap;
    const end = before.first + before.frames;
    if (first === end) continue;
    // Several seeks may be between two stretches, each with less than its fade: then frames of theirs are counted too.
    const which = places.findIndex((place, seek) => seek > latest && first <= place && run.first >= place && run.first - place <= gap);
    assert.ok(which >= 0, `after frame ${end - 1} comes ${run.first}, ${gap} frames later: none of the places sought since seek ${latest} (stretch ${nth})`);
    latest = which;
    followed.push(which);
    if (gap <= 128) assert.equal(first, places[which], `seek ${which} is not exact`);
  }
  assert.equal(latest, places.length - 1, 'the last seek is heard');
  assert.ok(followed.length >= 10, `only ${followed.length} of the seeks were heard`);
  t.diagnostic(`${followed.length} of ${places.length} seeks were heard`);
  // And it alone, once what was on its way is over.
  for (const run of heard.filter(({ at, frames }) => at + frames > told.settled)) {
    const since = run.first - places.at(-1);
    assert.ok(since >= 0 && since < 3 * told.rate, `frame ${run.first} is heard at the end, ${places.at(-1)} was sought`);
  }
  await lab.close();
});
