// Runs in a worker of Noxrun's. A worker knows no import map, so the package is named by its path.
import { fromMemory } from '../noxrun/worker.js';

export default async function (producer) {
  const { instance } = await WebAssembly.instantiateStreaming(fetch(new URL('chip.wasm', import.meta.url)));
  const { memory, start, render } = instance.exports;
  start(producer.sampleRate);
  await producer.render(fromMemory(memory, render, { planar: true }));
}
