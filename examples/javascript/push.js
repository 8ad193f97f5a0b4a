// Pushed, by the page's own worker: it writes when it likes, and waits while the ring is full. A worker knows no import map, so the package is named by its path.
import { receiveOutput } from '../noxrun/worker.js';

const producer = await receiveOutput();
producer.closed.then(() => close());

const { blockFrames, channels, sampleRate, data } = producer;
const block = new Float32Array(blockFrames * channels);
for (let position = 0; ; position += blockFrames) {
  for (let frame = 0; frame < blockFrames; frame += 1) {
    const sample = 0.2 * Math.sin((2 * Math.PI * data.hz * (position + frame)) / sampleRate);
    block.fill(sample, frame * channels, (frame + 1) * channels);
  }
  await producer.writable;
  producer.write(block);
}
