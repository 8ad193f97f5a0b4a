// Bad files by the hundred: real ones damaged in every way, and some made of lies. The same in every run.

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { FIXTURES, fixture } from './suite.mjs';
import { wav } from './wav.mjs';

/** mulberry32 (Tommy Ettinger, public domain): 0 to 1. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A WAV file's head that says what `fields` says, with some noise behind it. */
function lying({ channels = 2, rate = 44_100, bits = 16, bytes = 20_000, said = bytes, format = 1 }) {
  const file = wav(1, 44_100).subarray(0, 44);
  const head = Buffer.from(file);
  head.writeUInt32LE((36 + said) >>> 0, 4);
  head.writeUInt16LE(format, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE((rate * channels * Math.ceil(bits / 8)) >>> 0, 28);
  head.writeUInt16LE(channels * Math.ceil(bits / 8) & 0xffff, 32);
  head.writeUInt16LE(bits, 34);
  head.writeUInt32LE(said >>> 0, 40);
  const next = random(bytes);
  return Buffer.concat([head, Buffer.from(Array.from({ length: bytes }, () => 256 * next()))]);
}

/** Heads that no honest file has. */
export const LIES = {
  'channels-255.wav': lying({ channels: 255 }),
  'channels-0.wav': lying({ channels: 0 }),
  'channels-65535.wav': lying({ channels: 65_535 }),
  'rate-1.wav': lying({ rate: 1 }),
  'rate-0.wav': lying({ rate: 0 }),
  'rate-10mhz.wav': lying({ rate: 10_000_000 }),
  'rate-4ghz.wav': lying({ rate: 0xffffffff }),
  'bits-0.wav': lying({ bits: 0 }),
  'bits-7.wav': lying({ bits: 7 }),
  'bits-65535.wav': lying({ bits: 65_535 }),
  'length-4gb.wav': lying({ said: 0xffffffff }),
  'length-0.wav': lying({ said: 0, bytes: 0 }),
  'format-unknown.wav': lying({ format: 0x4242 }),
};

/** One kind of damage each; `next` gives 0 to 1, `other` is another file. */
const DAMAGE = [
  // Bytes here and there.
  (bytes, next) => {
    for (let count = 1 + Math.floor(30 * next()); count > 0; count -= 1) bytes[Math.floor(bytes.length * next() ** 2)] = 256 * next();
    return bytes;
  },
  // Numbers in the head that are as large or as small as can be.
  (bytes, next) => {
    for (let count = 1 + Math.floor(4 * next()); count > 0; count -= 1) {
      const at = Math.floor(Math.min(bytes.length, 1000) * next()) & ~1;
      bytes.fill([0x00, 0xff, 0x7f, 0x80][Math.floor(4 * next())], at, Math.min(bytes.length, at + [1, 2, 4, 8][Math.floor(4 * next())]));
    }
    return bytes;
  },
  // Cut off.
  (bytes, next) => bytes.subarray(0, Math.floor(bytes.length * next() ** 2)),
  // A part is missing.
  (bytes, next) => {
    const at = Math.floor(bytes.length * next());
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(3000 * next()))]);
  },
  // Noise in the middle.
  (bytes, next) => {
    const at = Math.floor(bytes.length * next());
    for (let nth = at; nth < Math.min(at + 4000, bytes.length); nth += 1) bytes[nth] = 256 * next();
    return bytes;
  },
  // Two files in one.
  (bytes, next, other) => Buffer.concat([bytes.subarray(0, Math.floor(bytes.length * next())), other.subarray(Math.floor(other.length * next()))]),
  // Noise before it.
  (bytes, next) => Buffer.concat([Buffer.from(Array.from({ length: 2000 }, () => 256 * next())), bytes]),
  // Noise and nothing else.
  (bytes, next) => Buffer.from(Array.from({ length: Math.floor(20_000 * next()) }, () => 256 * next())),
];

/** Largest file that is damaged, in bytes: so many go to the page one by one. */
const LARGEST = 120_000;

/** `count` bad files as [name, bytes], the same for the same seed. */
export async function* badFiles(count, seed = 1) {
  const names = readdirSync(FIXTURES).filter((name) => /\.(wav|aiff|caf|flac|mp3|mp2|m4a|mp4|aac|ogg|oga|opus|webm|mka)$/.test(name)).sort();
  const files = [];
  for (const name of names) {
    const bytes = await readFile(fixture(name));
    if (bytes.length > 0) files.push([name, bytes.subarray(0, LARGEST)]);
  }
  const lies = Object.entries(LIES);
  const next = random(seed);
  const one = (of) => of[Math.floor(of.length * next())];
  for (let nth = 0; nth < count; nth += 1) {
    if (nth < lies.length) {
      yield lies[nth];
      continue;
    }
    const [name, bytes] = one(files);
    yield [`${nth}-${name}`, one(DAMAGE)(Buffer.from(bytes), next, one(files)[1])];
  }
}
