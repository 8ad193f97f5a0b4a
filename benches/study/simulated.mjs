// The simulated half: rows for examples/study.rs, which is told block, quantum, rate and callback, and nothing of what the browser made of them.
import { execFileSync } from 'node:child_process';
import { CONTEXTS, DRIFT_CELLS, LATEST_CELLS, QUEUE_CELLS } from './sections.mjs';

const LATEST_SECONDS = 20;
const HERTZ_SECONDS = 3600;
/** 1 Hz in 48 kHz. */
const ONE_HERTZ_PPM = 1e6 / 48_000;

/** A context as the browser describes it: its callback is what it calls its base latency. */
function deviceOf(device, context) {
  const { sampleRate, renderQuantum } = CONTEXTS[context];
  return { sampleRate, quantum: renderQuantum ?? 128, callbackFrames: device[context].baseFrames.median };
}

/** What follows from the note's numbers alone, whatever a browser's callbacks are: 256 frames every 5.333 ms, 283 asked for. */
const NOTE = { sampleRate: 48_000, quantum: 283, blockFrames: 256, timer: true, periodMs: 256 / 48, seconds: LATEST_SECONDS };
const BY_NUMBERS = {
  'note, callbacks of one quantum of 283': { ...NOTE, callbackFrames: 283 },
  'note, callbacks of two quanta of 283': { ...NOTE, callbackFrames: 566 },
  'note, callbacks of 882 at 48 kHz': { ...NOTE, callbackFrames: 882 },
  'one block of 128, callbacks of 441': { sampleRate: 44_100, quantum: 128, blockFrames: 128, callbackFrames: 441, seconds: LATEST_SECONDS },
  'one block of 256, callbacks of 882': { sampleRate: 44_100, quantum: 128, blockFrames: 256, callbackFrames: 882, seconds: LATEST_SECONDS },
  'one block of 128, callbacks of 512': { sampleRate: 48_000, quantum: 128, blockFrames: 128, callbackFrames: 512, seconds: LATEST_SECONDS },
};

/** {section: {name: row}} with what each row came to in its place. */
export function simulate(device) {
  const rows = {
    latest: Object.fromEntries(LATEST_CELLS.map(({ name, strategy, context, blockFrames, pace }) =>
      [name, { strategy, ...deviceOf(device, context), blockFrames, timer: pace !== null, seconds: LATEST_SECONDS }])),
    numbers: Object.fromEntries(['double', 'triple'].flatMap((strategy) => Object.entries(BY_NUMBERS).map(([name, row]) => [`${strategy}: ${name}`, { strategy, ...row }]))),
    queue: Object.fromEntries(QUEUE_CELLS.map(({ name, depth, blockFrames }) =>
      [name, { strategy: 'queue', ...deviceOf(device, '44.1 kHz'), blockFrames, depth, seconds: 5 }])),
    drift: Object.fromEntries(DRIFT_CELLS.map(({ name, ppm, bufferFrames, blockFrames }) =>
      [name, { strategy: 'ring', ...deviceOf(device, '44.1 kHz'), bufferFrames, blockFrames, timer: true, ppm, seconds: 60, untilLoss: true }])),
    hertz: Object.fromEntries([1024, 2048, 4096].flatMap((bufferFrames) => [1, -1].map((sign) =>
      [`${bufferFrames} ${sign > 0 ? 'fast' : 'slow'}`, { strategy: 'ring', sampleRate: 48_000, quantum: 128, callbackFrames: 512, blockFrames: 256, bufferFrames, timer: true, ppm: sign * ONE_HERTZ_PPM, seconds: HERTZ_SECONDS, untilLoss: true }]))),
    locked: { '2048 by demand': { strategy: 'ring', sampleRate: 48_000, quantum: 128, callbackFrames: 512, blockFrames: 256, bufferFrames: 2048, seconds: HERTZ_SECONDS } },
  };
  const list = Object.values(rows).flatMap((section) => Object.values(section));
  const told = execFileSync('cargo', ['run', '--quiet', '--features', 'lab', '--example', 'study'], { input: JSON.stringify(list), encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 24 });
  const outcomes = JSON.parse(told);
  let at = 0;
  return Object.fromEntries(Object.entries(rows).map(([section, named]) =>
    [section, Object.fromEntries(Object.entries(named).map(([name, row]) => [name, { row, ...outcomes[at++] }]))]));
}
