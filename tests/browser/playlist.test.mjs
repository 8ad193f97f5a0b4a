// Lists of files, loops, and changes between sources: what follows what, to the frame.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { fixture, test } from '../support/suite.mjs';
import { tapSuite } from '../support/tap.mjs';

/** Where music.flac is cut in two: an odd frame, within a FLAC block. */
const CUT = 130_001;
/** And where the parts begin and end, so that little time is spent on the rest. */
const [FROM, TO] = [CUT - 44_100, CUT + 44_100];
const folder = mkdtempSync(path.join(tmpdir(), 'noxrun-'));
after(() => rmSync(folder, { recursive: true }));

/** A part of music.flac: its frames `from` to `to`. */
function part(name, from, to) {
  const out = path.join(folder, name);
  const filter = `atrim=start_sample=${from}:end_sample=${to},asetpts=N`;
  const { status, stderr } = spawnSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', fixture('music.flac'), '-af', filter, '-c:a', 'flac', out]);
  assert.equal(status, 0, String(stderr));
  return out;
}

const site = tapSuite({ '/fixtures/first.flac': part('first.flac', FROM, CUT), '/fixtures/second.flac': part('second.flac', CUT, TO) });

test('a file that was cut in two at an odd frame plays over the joint bit by bit', async () => {
  const lab = await site.open();
  const { differs, done } = await lab.page.evaluate(async (start) => {
    const { play, file, reference, fresh, differ, CHANNELS } = window.tap;
    const wanted = (await reference('music.flac')).subarray(CHANNELS * start);
    const items = [await file('first.flac'), await file('second.flac')];
    const session = await play({ source: { kind: 'playlist', items }, sampleRate: 44_100 });
    await session.state('ended');
    const done = await session.close();
    const { sound, frames, faded } = fresh(session, done.ledger);
    return { differs: differ(sound, wanted, frames, faded), done };
  }, FROM);
  assert.deepEqual(done.failures, []);
  assert.equal(done.ledger.fresh, TO - FROM);
  assert.equal(done.ledger.imbalance, 0);
  assert.deepEqual(differs, { first: -1, last: -1, count: 0, most: 0 });
  await lab.close();
});

test('files of other rates and channel counts follow one another, each as long and as loud as it should be', async () => {
  const lab = await site.open();
  const { lengths, levels, frames, tracks, done } = await lab.page.evaluate(async () => {
    const { play, wav, fresh, CHANNELS } = window.tap;
    const rate = 48_000;
    // Constant levels, which neither resampling nor mixing hides.
    const kinds = [
      { rate: 44_100, channels: 1, level: 0.1 },
      { rate: 48_000, channels: 2, level: -0.2 },
      { rate: 8_000, channels: 1, level: 0.3 },
      { rate: 96_000, channels: 2, level: -0.4 },
      { rate: 48_000, channels: 2, level: 0.5 },
    ];
    const items = kinds.map((kind, nth) => wav({ ...kind, name: `${nth}.wav`, frames: Math.round(0.4 * kind.rate) + 1, bits: 32, sample: () => kind.level }));
    const session = await play({ source: { kind: 'playlist', items }, sampleRate: rate });
    await session.state('ended');
    const { tracks } = session.output;
    const done = await session.close();
    const { sound, frames, faded } = fresh(session, done.ledger);
    const nearest = (value) => kinds.findIndex(({ level }) => Math.abs(value - level) < 0.05);
    // Where the sound goes over from one level to the next: half way.
    const lengths = kinds.map(() => 0);
    for (let frame = 0, item = 0; frame < frames; frame += 1) {
      const next = kinds[item + 1]?.level;
      const value = sound[CHANNELS * frame];
      if (next !== undefined && !faded(frame) && Math.abs(value - next) < Math.abs(value - kinds[item].level)) item += 1;
      lengths[item] += 1;
    }
    // In the middle of each.
    let begin = 0;
    const levels = lengths.map((length) => {
      const at = CHANNELS * (begin + Math.floor(length / 2));
      begin += length;
      return [sound[at], sound[at + 1]].map((value) => kinds[nearest(value)]?.level);
    });
    return { lengths, levels, frames, tracks, done };
  });
  assert.deepEqual(done.failures, []);
  assert.equal(done.ledger.imbalance, 0);
  assert.deepEqual(levels, [[0.1, 0.1], [-0.2, -0.2], [0.3, 0.3], [-0.4, -0.4], [0.5, 0.5]], `lengths ${lengths}`);
  const wanted = [44_100, 48_000, 8_000, 96_000, 48_000].map((rate) => Math.round(((Math.round(0.4 * rate) + 1) * 48_000) / rate));
  // Where one goes over to the next at half the height depends on the resampler's filter, by a frame or two; the whole does not.
  lengths.forEach((length, nth) => assert.ok(Math.abs(length - wanted[nth]) <= 8, `${lengths}, not ${wanted}`));
  assert.equal(frames, wanted.reduce((sum, length) => sum + length));
  assert.deepEqual(tracks.map(({ info }) => [info?.sampleRate, info?.channels]), [[44_100, 1], [48_000, 2], [8_000, 1], [96_000, 2], [48_000, 2]]);
  await lab.close();
});

test('a broken file in a list is left out and named; files are added while it plays', async () => {
  const lab = await site.open();
  const { heard, done, rate, tracks } = await lab.page.evaluate(async () => {
    const { play, file, numbered, runs, missing } = window.tap;
    const rate = 48_000;
    const make = (code) => numbered({ name: `${code}.wav`, frames: 0.5 * rate, rate, code });
    const items = [make(1), await file('random-0.bin'), make(2)];
    const session = await play({ source: { kind: 'playlist', items }, sampleRate: rate });
    await session.plays(0.2);
    await session.output.append([make(3)]);
    await session.state('ended');
    // Also when all was over already.
    const over = session.recording.frames;
    await session.output.append([make(4)]);
    await session.until(() => runs(session, over).length > 0, 'the file added after the end');
    await session.state('ended');
    const { tracks } = session.output;
    const done = await session.close();
    const heard = runs(session);
    const gaps = heard.slice(1).map((run, nth) => {
      const end = heard[nth].at + heard[nth].frames;
      return run.at - end - missing(session, done.ledger, end, run.at);
    });
    return { heard: heard.map((run, nth) => ({ ...run, gap: nth === 0 ? 0 : gaps[nth - 1] })), done, rate, tracks };
  });
  assert.equal(done.ledger.imbalance, 0);
  assert.equal(done.ledger.fresh, 4 * 0.5 * rate);
  assert.deepEqual(tracks.map(({ name }) => name), ['1.wav', 'random-0.bin', '2.wav', '3.wav', '4.wav']);
  assert.equal(done.failures.length, 1, JSON.stringify(done.failures));
  const [failure] = done.failures;
  assert.equal(failure.item, 1);
  assert.equal(failure.name, 'random-0.bin');
  assert.equal(failure.code, 'not-audio');
  assert.equal(failure.at, null);
  assert.ok(failure.message.startsWith('random-0.bin'), failure.message);
  if (done.ledger.underruns.events > 0) return lab.close();
  assert.deepEqual(heard.map(({ code }) => code), [1, 2, 3, 4]);
  for (const { first, frames, code } of heard) {
    assert.equal(first + frames, 0.5 * rate, `${code}.wav is played to its end`);
    // What is added when all was decoded already is faded in.
    assert.ok(first <= (code < 3 ? 0 : 128), `${code}.wav is played from its frame ${first} on`);
  }
  assert.equal(heard[1].gap, 0, 'what is left out leaves no gap');
  await lab.close();
});

test('an item and the list are repeated without a gap, until they no longer are', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, numbered, runs } = window.tap;
    const rate = 48_000;
    // Longer than what follows a change of repeat undisturbed, and the ring.
    const frames = 28_801;
    const items = [1, 2].map((code) => numbered({ name: `${code}.wav`, frames, rate, code }));
    const all = {};
    for (const repeat of ['one', 'all']) {
      const session = await play({ source: { kind: 'playlist', items }, sampleRate: rate, bufferFrames: 4096 });
      await session.output.setRepeat(repeat);
      await session.plays(repeat === 'one' ? 1.6 : 2.6);
      await session.output.setRepeat('none');
      await session.state('ended');
      const done = await session.close();
      all[repeat] = { runs: runs(session), lost: done.lost, done };
    }
    return { frames, all };
  });
  for (const [repeat, { runs, lost, done }] of Object.entries(told.all)) {
    assert.equal(done.ledger.imbalance, 0);
    assert.equal(lost, 0, 'what was not recorded proves nothing');
    assert.deepEqual(done.failures, []);
    // What is decoded ahead when the repeat changes is decoded again, from a place that is not heard yet: with a fade only where the decoder was too slow for that, and always forwards.
    let changes = 0;
    const codes = [runs[0].code];
    for (let nth = 1; nth < runs.length; nth += 1) {
      const [before, run] = [runs[nth - 1], runs[nth]];
      const end = before.first + before.frames;
      if (run.first === 0) {
        assert.equal(end, told.frames, `${repeat}: item ${nth} begins before the one before has ended`);
        if (done.ledger.underruns.events === 0) assert.equal(run.at, before.at + before.frames, `${repeat}: a gap before item ${nth}`);
        codes.push(run.code);
      } else {
        changes += 1;
        assert.equal(run.code, before.code, `${repeat}: a change of repeat changes nothing else`);
        assert.ok(run.first >= end, `${repeat}: item ${nth} is taken back`);
      }
    }
    assert.deepEqual([runs[0].first, runs.at(-1).first + runs.at(-1).frames], [0, told.frames]);
    if (done.ledger.underruns.events === 0) assert.ok(changes <= 2, `${repeat}: ${changes} breaks`);
    if (repeat === 'one') {
      assert.ok(codes.filter((code) => code === 1).length >= 3, `${codes}`);
      assert.equal(codes.indexOf(2), codes.length - 1, `the list goes on afterwards: ${codes}`);
    } else {
      assert.ok(codes.length >= 5, `${codes}`);
      codes.forEach((code, nth) => assert.equal(code, 1 + (nth % 2), `${codes}`));
      assert.equal(codes.at(-1), 2, `to the list's end: ${codes}`);
    }
  }
  await lab.close();
});

test('a loop is exact and without a click; set beyond its end it begins at its start; taken back, the file goes on', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, numbered, runs, STEP } = window.tap;
    const rate = 44_100;
    const frames = 4 * rate;
    const session = await play({ source: numbered({ name: 'numbered.wav', frames, rate }), sampleRate: rate, bufferFrames: 8192 });
    const { output, recording } = session;
    await output.seek(1.5);
    await session.plays(0.4);
    // What is heard lies beyond its end already. No whole number of frames.
    const [start, end] = [0.500_01, 0.900_02];
    await output.setLoop({ start, end });
    await session.until(() => output.position?.seconds < 1, 'the loop');
    const looping = recording.frames;
    await session.plays(1.7);
    const { position } = output;
    const looped = recording.frames;
    await output.setLoop(null);
    await session.until(() => output.position?.seconds > 1.2, 'what follows the loop');
    await session.plays(0.2);
    const refused = await output.setLoop({ start: 1, end: 1.01 }).then(() => null, ({ code, message }) => ({ code, message }));
    const done = await session.close();
    // The largest second difference while it looped, in steps of the ramp.
    let bend = 0;
    for (let at = looping; at + 2 < looped; at += 1) {
      bend = Math.max(bend, Math.abs(recording.at(at) - 2 * recording.at(at + 1) + recording.at(at + 2)) / STEP);
    }
    return { rate, start, end, position, refused, bend, looping, looped, heard: runs(session, looping), done };
  });
  const { rate, heard, done } = told;
  assert.equal(done.ledger.imbalance, 0);
  assert.deepEqual(done.failures, []);
  const first = Math.round(told.start * rate);
  const period = Math.round((told.end - told.start) * rate);
  assert.ok(told.position.seconds >= told.start && told.position.seconds < told.end, JSON.stringify(told.position));
  assert.ok(told.refused, 'a loop that is too short is refused');
  // Later than any jump of the loop, a frame is in each pass at the same distance from its place in the pass before.
  const passes = heard.filter(({ at, frames }) => at + frames <= told.looped);
  assert.ok(passes.length >= 3, JSON.stringify(heard));
  if (done.ledger.underruns.events === 0) {
    for (const [nth, run] of passes.entries()) {
      assert.ok(run.first >= first && run.first + run.frames <= first + period + 1, `${JSON.stringify(run)} leaves the loop`);
      if (nth > 0) assert.equal(run.at - run.first - (passes[nth - 1].at - passes[nth - 1].first), period, `pass ${nth}`);
    }
    // The fade of 5 ms bends the ramp's fall a little; a jump would bend it by a whole period's height.
    assert.ok(told.bend < 20, `a second difference of ${told.bend} steps, where a jump would be one of ${period}`);
  }
  const last = heard.at(-1);
  assert.ok(last.first + last.frames > first + period + 0.2 * rate, `${JSON.stringify(last)}: beyond the loop's end`);
  await lab.close();
});

test('from the synth to files, to other files, and back: a refused file changes nothing, the ledger balances', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, file, numbered, runs } = window.tap;
    const rate = 48_000;
    const make = (code) => numbered({ name: `${code}.wav`, frames: 5 * rate, rate, code });
    const session = await play({ source: { kind: 'synth', voices: 8 }, sampleRate: rate, bufferFrames: 8192 });
    const { output, recording } = session;
    const imbalances = [];
    const steps = [];
    /** Changes the source, and waits until it is heard; then says what was. */
    const change = async (name, source, heard) => {
      await output.setSource(source);
      await session.until(heard, name);
      await session.plays(0.4);
      imbalances.push((await session.ledger()).imbalance);
      const from = recording.frames - Math.round(0.1 * rate);
      steps.push({ name, heard: runs(session, from), position: output.position, tracks: output.tracks.map((track) => track.name), state: output.state });
    };
    const code = (wanted) => () => runs(session, Math.max(0, recording.frames - 2_000)).at(-1)?.code === wanted;
    const noFile = () => recording.frames > 0 && runs(session, recording.frames - 2_000).length === 0 && output.position === null;
    await session.plays(0.2);
    const before = { position: output.position, tracks: output.tracks, refused: await output.seek(1).then(() => null, (error) => String(error.message)) };
    await change('file', make(1), code(1));
    await change('another', make(2), code(2));
    const at = recording.frames;
    const refused = await output.setSource(await file('random-1.bin')).then(() => null, ({ code: problem, message }) => ({ problem, message }));
    await session.plays(0.4);
    const through = runs(session, at - 2_000).map((run) => ({ ...run }));
    const list = output.tracks.map((track) => track.name);
    await change('synth', { kind: 'synth', voices: 8 }, noFile);
    await change('third', { kind: 'playlist', items: [make(3), make(4)], first: 1 }, code(4));
    await change('sine', { kind: 'sine', hz: 440 }, noFile);
    const done = await session.close();
    return { before, steps, imbalances, refused, through, list, done };
  });
  const { before, steps, through, done } = told;
  assert.equal(before.position, null);
  assert.deepEqual(before.tracks, []);
  assert.match(before.refused, /source/);
  assert.deepEqual(told.imbalances.filter((imbalance) => imbalance !== 0), []);
  assert.equal(done.ledger.imbalance, 0);
  assert.ok(done.ledger.dropped.seek > 0);
  const step = Object.fromEntries(steps.map((each) => [each.name, each]));
  for (const { name, state } of steps) assert.equal(state, 'running', name);
  for (const [name, code, item] of [['file', 1, 0], ['another', 2, 0], ['third', 4, 1]]) {
    assert.deepEqual([...new Set(step[name].heard.map((run) => run.code))], [code], name);
    assert.equal(step[name].position.item, item, name);
    assert.ok(step[name].position.seconds < 3, `${name} plays from its beginning: ${step[name].position.seconds}`);
  }
  assert.deepEqual(step.third.tracks, ['3.wav', '4.wav']);
  for (const name of ['synth', 'sine']) assert.deepEqual([step[name].position, step[name].tracks], [null, []], name);
  // The refused file: one stretch, as if nothing had happened.
  assert.equal(told.refused?.problem, 'file', JSON.stringify(told.refused));
  assert.match(told.refused.message, /^random-1\.bin/);
  assert.deepEqual(told.list, ['2.wav']);
  if (done.ledger.underruns.events === 0) assert.equal(through.length, 1, JSON.stringify(through));
  await lab.close();
});
