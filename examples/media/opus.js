// Decodes Opus by WebCodecs while it is being fetched. What `AudioDecoder` gives is written as it is: `writeAudioData` closes it.
import { oggPackets } from './ogg.js';

const startsWith = (packet, name) => String.fromCharCode(...packet.subarray(0, 8)) === name;

export default async function (producer, { url }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);

  let written = Promise.resolve();
  const decoder = new AudioDecoder({
    output: (audio) => { written = written.then(() => producer.writeAudioData(audio)); },
    error: (error) => { written = Promise.reject(error); },
  });
  let timestamp = 0;
  await response.body.pipeThrough(oggPackets()).pipeTo(new WritableStream({
    async write(packet) {
      if (startsWith(packet, 'OpusHead')) return decoder.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: packet[9], description: packet });
      if (startsWith(packet, 'OpusTags')) return;
      decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp, data: packet }));
      timestamp += 20_000;
      // Back-pressure: a few packets in the decoder at most, and what came out of it is in the ring.
      while (decoder.decodeQueueSize > 4) await new Promise((resolve) => decoder.addEventListener('dequeue', resolve, { once: true }));
      await written;
    },
  }));
  await decoder.flush();
  await written;
  producer.end();
}
