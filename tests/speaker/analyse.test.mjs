// The analysis itself, with glitches made on purpose: it must find each of them, at its place, and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from './analyse.mjs';

const TONE = { hz: 440, rate: 48000, level: 0.25 };
const PERIOD = TONE.rate / TONE.hz;
const LENGTH = 3000;

/** The sine from its sample `from` on, in floats, like everything that is recorded. */
function sine(length, from = 0, { hz, rate, level } = TONE) {
  return Float32Array.from({ length }, (_, at) => level * Math.sin((2 * Math.PI * hz * (from + at)) / rate));
}

function join(...parts) {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Places over more than a period, so that the sine is cut in every phase: on its peak, where it turns, as well as at zero. */
const PLACES = Array.from({ length: 120 }, (_, index) => 1000 + index);

function onlyBreak(samples) {
  const { runs, breaks } = follow(samples, TONE);
  assert.equal(runs.length, 2);
  assert.equal(breaks.length, 1);
  return breaks[0];
}

function assertNear(value, wanted, tolerance, what) {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${what}: ${value} instead of ${wanted}`);
}

test('a clean sine has no break, at any frequency and phase', () => {
  for (const hz of [100, 440, 997, 5000]) {
    for (const from of [0, 17, 1e6]) {
      const { runs, breaks } = follow(sine(LENGTH, from, { ...TONE, hz }), { ...TONE, hz });
      assert.deepEqual(breaks, []);
      assert.deepEqual([runs[0].start, runs[0].end], [0, LENGTH]);
    }
  }
});

test('an oscillator that is off by a millionth is no break', () => {
  assert.deepEqual(follow(sine(LENGTH, 0, { ...TONE, hz: 440.0004 }), TONE).breaks, []);
});

test('a skipped sample is found', () => {
  for (const at of PLACES) {
    const found = onlyBreak(join(sine(at), sine(LENGTH, at + 1)));
    assertNear(found.at, at, 1, 'place');
    assertNear(found.length, 0, 1, 'length');
    assertNear(found.slip, -1, 0.01, 'slip');
    assert.equal(found.silence, 0);
  }
});

test('a repeated sample is found', () => {
  for (const at of PLACES) assertNear(onlyBreak(join(sine(at), sine(LENGTH, at - 1))).slip, 1, 0.01, 'slip');
});

test('a quantum played twice is found', () => {
  for (const at of PLACES) {
    const found = onlyBreak(join(sine(at), sine(LENGTH, at - 128)));
    assertNear(found.at, at, 1, 'place');
    assertNear(found.slip, 128 - PERIOD, 0.01, 'slip');
  }
});

test('a gap of one quantum is found, whether what it covers is lost or late', () => {
  for (const at of PLACES) {
    for (const [resume, slip] of [[at, 128 - PERIOD], [at + 128, 0]]) {
      const found = onlyBreak(join(sine(at), new Float32Array(128), sine(LENGTH, resume)));
      assertNear(found.at, at, 1, 'place');
      assertNear(found.silenceEnd, at + 128, 1, 'end');
      assertNear(found.silence, 128, 1, 'silence');
      assertNear(found.slip, slip, 0.01, 'slip');
    }
  }
});

test("the engine's own gap is measured from the first concealed frame to the first of the fade in", () => {
  const gain = (step) => 0.5 - 0.5 * Math.cos((Math.PI * step) / 128);
  for (const at of PLACES) {
    const before = sine(at);
    const tail = before.slice(-128).reverse().map((sample, step) => sample * gain(127 - step));
    const after = sine(LENGTH, at).map((sample, step) => sample * gain(Math.min(step + 1, 128)));
    const found = onlyBreak(join(before, tail, new Float32Array(1000), after));
    assertNear(found.at, at, 2, 'place');
    assertNear(found.silenceEnd, at + 1128, 1, 'end');
    assertNear(found.slip, 1128 - 10 * PERIOD, 0.01, 'slip');
  }
});

test('a change of level, a click and a silent recording are no unbroken sine', () => {
  const quiet = sine(LENGTH, 1000).map((sample) => 0.9 * sample);
  assertNear(follow(join(sine(1000), quiet), TONE).breaks[0].length, LENGTH, 1, 'length');
  const click = sine(LENGTH);
  click[1500] += 0.001;
  assertNear(onlyBreak(click).at, 1500, 1, 'place');
  assert.deepEqual(follow(new Float32Array(1000), TONE).breaks, [{ at: 0, length: 1000, silence: 1000, silenceEnd: 1000, slip: null }]);
});
