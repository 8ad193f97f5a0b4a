// The comparison itself, with recordings made up: it must agree with a true ledger, and disagree with any other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from './analyse.mjs';
import { compare, contextTime, explained } from './compare.mjs';

const RATE = 48000;
const LEFT = { hz: 440, rate: RATE, level: 0.25 };
const RIGHT = { hz: 997, rate: RATE, level: 0.25 };
const LENGTH = 120_000;
/** What the engine's ledger would say; its frames began long before the recording. */
const LEDGER = [
  { frame: 1_020_000, frames: 5120 },
  { frame: 1_045_013, frames: 100 },
  { frame: 1_060_007, frames: 2048 },
  { frame: 1_090_001, frames: 7777 },
];
const BEGIN = 1_000_000;

const sample = ({ hz, rate, level }, at) => level * Math.sin((2 * Math.PI * hz * at) / rate);
const gain = (step) => 0.5 - 0.5 * Math.cos((Math.PI * step) / 128);

/** The left channel as the engine puts it out: tail, silence, fade in. */
function engine(underruns) {
  const left = new Float32Array(LENGTH);
  let [played, missing, faded] = [0, 0, 128];
  for (let at = 0; at < LENGTH; at += 1) {
    const event = underruns.find(({ frame, frames }) => at + BEGIN >= frame && at + BEGIN < frame + frames);
    missing = event ? missing + 1 : 0;
    if (event) {
      left[at] = missing <= 128 ? sample(LEFT, played - missing) * gain(128 - missing) : 0;
      faded = 0;
    } else {
      faded = Math.min(faded + 1, 128);
      left[at] = sample(LEFT, played) * gain(faded);
      played += 1;
    }
  }
  return left;
}

/** What a device does that got nothing in time: `silence` frames at `at`, after which `lost` frames are missing. */
function device(samples, faults) {
  let from = 0;
  const parts = [];
  for (const { at, silence, lost } of faults) {
    parts.push(samples.slice(from, at), new Float32Array(silence));
    from = at + lost;
  }
  return Float32Array.from([...parts, samples.slice(from)].flatMap((part) => [...part]));
}

/** Compares what would be recorded of the engine with `ledger`. */
function heard(ledger, faults = [], underruns = LEDGER) {
  const right = Float32Array.from({ length: LENGTH }, (_, at) => sample(RIGHT, at));
  const { breaks: reference } = follow(device(right, faults), RIGHT);
  const left = device(engine(underruns), faults);
  const { breaks } = follow(left, LEFT);
  const periods = { left: RATE / LEFT.hz, right: RATE / RIGHT.hz };
  const time = contextTime(reference, breaks, periods);
  return { time, breaks, reference, result: time && compare({ breaks, reference, time, length: left.length, period: periods.left }, ledger) };
}

const changed = (index, change) => LEDGER.map((event, at) => (at === index ? { ...event, ...change } : event));

test('a true ledger agrees with the recording to the frame', () => {
  const { result } = heard(LEDGER);
  assert.deepEqual(result.faults, []);
  assert.equal(result.pairs.length, LEDGER.length);
  for (const { frames, gap, late } of result.pairs) {
    if (frames > 128) assert.ok(Math.abs(gap - frames) <= 2, `${gap} for ${frames}`);
    assert.ok(Math.abs(late - frames) < 0.05, `${late} for ${frames}`);
  }
});

test('what the device did to both channels changes nothing, whether it lost frames or not', () => {
  const faults = [
    { at: 8000, silence: 512, lost: 0 },
    { at: 15_000, silence: 1024, lost: 495 },
    { at: 50_000, silence: 3072, lost: 337 },
    { at: 75_000, silence: 0, lost: 777 },
  ];
  const { result, breaks, reference } = heard(LEDGER, faults);
  assert.deepEqual(result.faults, []);
  assert.equal(result.pairs.length, LEDGER.length);
  assert.equal(result.excused, faults.length);
  assert.equal(breaks.filter((found) => !explained(found, reference)).length, LEDGER.length);
});

test('frames lost during a gap of the left cannot be counted', () => {
  assert.equal(heard(LEDGER, [{ at: 22_000, silence: 512, lost: 200 }]).time, null);
  assert.notEqual(heard(LEDGER, [{ at: 22_000, silence: 512, lost: 0 }]).time, null);
});

test('a gap broken by the device is not judged', () => {
  const { result } = heard(changed(0, { frames: 9999 }), [{ at: 22_000, silence: 512, lost: 0 }]);
  assert.deepEqual(result.faults, []);
  assert.equal(result.pairs.length, LEDGER.length - 1);
});

test('a break of the reference does not excuse a longer one of the left', () => {
  const reference = [{ at: 1000, length: 512 }, { at: 1600, length: 512 }, { at: 5000, length: 512 }];
  for (const [at, length] of [[1000, 512], [990, 530], [1000, 1112], [5000, 0]]) assert.ok(explained({ at, length }, reference), `${at}, ${length}`);
  for (const [at, length] of [[0, 9000], [1000, 2000], [500, 1000], [3000, 128], [5000, 640]]) assert.ok(!explained({ at, length }, reference), `${at}, ${length}`);
  const { result } = heard([], [{ at: 22_000, silence: 512, lost: 0 }]);
  assert.equal(result.faults.length, LEDGER.length);
});

test('a ledger that is wrong is found out', () => {
  const wrong = {
    'a length by 100': changed(0, { frames: 5220 }),
    'a length by 10': changed(2, { frames: 2058 }),
    'a length by one, in a gap of less than a fade': changed(1, { frames: 101 }),
    'a place by 10': changed(3, { frame: 1_090_011 }),
    'an underrun too few': LEDGER.slice(1),
    'an underrun too many': [...LEDGER, { frame: 1_110_000, frames: 300 }],
    'no underrun at all': [],
  };
  for (const [what, ledger] of Object.entries(wrong)) assert.notEqual(heard(ledger).result.faults.length, 0, what);
});

test('a gap too many is found out, and so is one too few', () => {
  assert.equal(heard(LEDGER, [], [...LEDGER, { frame: 1_110_000, frames: 128 }]).result.faults.length, 1);
  assert.equal(heard(LEDGER, [], LEDGER.slice(0, 3)).result.faults.length, 1);
});

test('what the ledger knows of before and after the recording is nothing to be heard', () => {
  const more = [{ frame: 900_000, frames: 500 }, ...LEDGER, { frame: 1_130_000, frames: 500 }];
  assert.deepEqual(heard(more).result.faults, []);
});

test('where the sound ends for good is told to the frame, and a ledger that has it elsewhere is found out', () => {
  const frame = 1_110_003;
  const died = (at) => [...LEDGER, { frame: at, frames: 60_000 }];
  const { result } = heard(died(frame), [], died(frame));
  assert.deepEqual(result.faults, []);
  assert.equal(result.pairs.length, LEDGER.length);
  const { at, length, silence } = result.end;
  assert.equal(result.end.frame, frame);
  assert.ok(Math.abs(at - frame) <= 2 && length - silence <= 130 && Math.abs(at + length - BEGIN - LENGTH) <= 2, JSON.stringify(result.end));
  assert.equal(heard(LEDGER).result.end, null);
  assert.notEqual(heard(died(frame + 10), [], died(frame)).result.faults.length, 0);
});
