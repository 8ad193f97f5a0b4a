// Somebody who reads by the reader's client and blocks, as a decoder does.

import { ReaderClient } from './worklet/reader-client.js';

/** Of the test file: byte p is this. Both ends of any stretch tell where it lies. */
const byteAt = (position) => (Math.imul(Math.floor(position / 4) + 1, 2654435761) >>> (8 * (position % 4))) & 255;

let client = null;

const deeds = {
  open() {
    client.open();
    return { length: client.length, seekable: client.seekable };
  },
  about: () => ({ length: client.length, seekable: client.seekable }),
  /** Reads until `count` bytes or the end; returns how many came and where the first wrong one lies, or -1. */
  read(position, count, piece = 32_768) {
    const to = new Uint8Array(piece);
    let at = position;
    let wrong = -1;
    while (at < position + count) {
      const got = client.read(at, to.subarray(0, Math.min(piece, position + count - at)));
      if (got === 0) break;
      for (let index = 0; index < got && wrong < 0; index += 1) if (to[index] !== byteAt(at + index)) wrong = at + index;
      at += got;
    }
    return { count: at - position, wrong };
  },
  /** Reads at many positions, chosen by a seed: near ones and far ones. */
  jump(seed, times, length) {
    let state = seed;
    const random = (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let at = 0;
    for (let nth = 0; nth < times; nth += 1) {
      at = random(3) === 0 ? random(length) : Math.min(length, Math.max(0, at + random(1_500_000) - 750_000));
      const count = 1 + random(150_000);
      const told = deeds.read(at, count, 1 + random(60_000));
      const expected = Math.min(count, length - at);
      if (told.wrong >= 0 || told.count !== expected) return { nth, at, count, expected, told };
      at += expected;
    }
    return null;
  },
  resume: () => client.resume(),
};

onmessage = ({ data }) => {
  if (data.buffer) {
    client = new ReaderClient(data);
    return;
  }
  const began = performance.now();
  const ms = () => performance.now() - began;
  try {
    const result = deeds[data.what](...data.with_);
    postMessage({ result, ms: ms() });
  } catch (error) {
    postMessage({ error: { name: error.name, code: error.code, at: error.at, status: error.status, text: error.message }, ms: ms() });
  }
};
