// Long sounds, made of what ci/fixtures made.

import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fixture, fixtureBytes } from './suite.mjs';
import { wav } from './wav.mjs';

const run = promisify(execFile);

/** Writes over bytes at places: [[at, bytes]…]. A copy. */
export function patched(bytes, ...changes) {
  const copy = Buffer.from(bytes);
  for (const [at, what] of changes) Buffer.from(what).copy(copy, at);
  return copy;
}

/** The recording of six seconds, `times` over: a WAV file of 16 bits, stereo, 44,100 Hz. */
export async function repeatedWav(times) {
  const once = await fixtureBytes('music.wav');
  const at = once.indexOf('data') + 8;
  const samples = once.subarray(at, at + once.readUInt32LE(at - 4));
  const head = Buffer.from(once.subarray(0, at));
  head.writeUInt32LE(times * samples.length, at - 4);
  head.writeUInt32LE(at - 8 + times * samples.length, 4);
  return Buffer.concat([head, ...Array(times).fill(samples)]);
}

/** Writes the fixture `name` to `file`, `times` over and a bit less at its joints, without encoding it anew. */
export async function loopedFile(name, file, times, ...options) {
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-stream_loop', String(times - 1), '-i', fixture(name), '-c', 'copy', ...options, file]);
}

/** Writes a WAV file of so many seconds, silent, that takes no room on the disk: 16 bits, stereo, 44,100 Hz. */
export async function sparseWav(file, seconds) {
  const bytes = 4 * 44_100 * seconds;
  const head = wav(0, 44_100);
  head.writeUInt32LE(head.length - 8 + bytes, 4);
  head.writeUInt32LE(bytes, 40);
  await writeFile(file, head);
  await truncate(file, head.length + bytes);
}
