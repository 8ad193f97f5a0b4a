// Runs in a worker of Noxrun's. A worker knows no import map, so the package is named by its path.
import { fromMemory } from '../noxrun/worker.js';

export default async function (producer) {
  const { instance } = await WebAssembly.instantiateStreaming(fetch(new URL('strings.wasm', import.meta.url)));
  const { memory, create, render } = instance.exports;
  const strings = create(producer.sampleRate, producer.channels);
  await producer.render(fromMemory(memory, (frames) => render(strings, frames)));
}
