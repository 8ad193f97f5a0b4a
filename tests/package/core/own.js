// A worker of the user's own: makes sound in the way that it is told.

import { fromMemory, openOutput, receiveOutput } from '/noxrun/worker.js';

const memory = new WebAssembly.Memory({ initial: 1 });

/** The frame's number in every channel, scaled: what was written can be told from what was not. */
function number(samples, channels, from) {
  for (let frame = 0; frame < samples.length / channels; frame += 1) samples.fill(((from + frame) % 1000) / 1000, frame * channels, (frame + 1) * channels);
}

const ways = {
  async callback(producer, { frames = Infinity, stallAt = -1, stallMs = 0, throwAt = -1 }) {
    await producer.render((block, { channels, position, frames: wanted }) => {
      if (stallAt >= position && stallAt < position + wanted) for (const end = performance.now() + stallMs; performance.now() < end;);
      if (throwAt >= 0 && position >= throwAt) throw new Error('the sound broke');
      const written = Math.min(wanted, frames - position);
      number(block.subarray(0, written * channels), channels, position);
      return written;
    });
  },
  async push(producer, { frames = 48_000, piece = 300 }) {
    const samples = new Float32Array(piece * producer.channels);
    for (let at = 0; at < frames;) {
      await producer.writable;
      number(samples, producer.channels, at);
      at += producer.write(samples.subarray(0, Math.min(piece, frames - at) * producer.channels));
    }
    producer.end();
  },
  async stream(producer, { frames = 48_000, piece = 777 }) {
    let at = 0;
    const source = new ReadableStream({
      pull(controller) {
        const length = Math.min(piece, frames - at);
        const samples = new Float32Array(length * producer.channels);
        number(samples, producer.channels, at);
        at += length;
        controller.enqueue(samples);
        if (at === frames) controller.close();
      },
    });
    await source.pipeTo(producer.stream());
  },
  async memory(producer, { planar }) {
    const { channels } = producer;
    let position = 0;
    const callback = fromMemory(memory, (frames) => {
      const at = 1024;
      const samples = new Float32Array(memory.buffer, at, frames * channels);
      if (planar) for (let channel = 0; channel < channels; channel += 1) for (let frame = 0; frame < frames; frame += 1) samples[channel * frames + frame] = ((position + frame) % 1000) / 1000;
      else number(samples, channels, position);
      position += frames;
      // What grows leaves its old buffer behind.
      if (position % 4096 < frames) memory.grow(1);
      return position > 30_000 ? -1 : at;
    }, { planar });
    await producer.render(callback);
  },
  async offer(producer, { periodMs = 16, frames = 800, times = 100 }) {
    const samples = new Float32Array(frames * producer.channels);
    let at = 0;
    for (let time = 0; time < times; time += 1) {
      number(samples, producer.channels, at);
      producer.offer(samples);
      at += frames;
      await new Promise((resolve) => { setTimeout(resolve, periodMs); });
    }
    producer.end();
  },
  /** Never comes back. */
  hang() { for (;;); },
  die() { throw new Error('this worker is broken'); },
  async nothing() {},
};

let handleWanted = null;
addEventListener('message', async ({ data }) => {
  if (data.handle === undefined) return;
  try {
    const producer = await openOutput(data.handle);
    postMessage({ opened: true, transport: producer.transport });
    await ways[data.way ?? 'callback'](producer, data);
  } catch (error) {
    postMessage({ refused: { code: error.code, message: error.message } });
  }
  handleWanted = null;
});

if (!location.search.includes('handle')) {
  const producer = await receiveOutput();
  const { way = 'callback', ...options } = producer.data ?? {};
  try {
    await ways[way](producer, options);
    postMessage({ done: true });
  } catch (error) {
    postMessage({ refused: { code: error.code, message: error.message } });
  }
}
