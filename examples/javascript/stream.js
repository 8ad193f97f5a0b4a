// As a stream: whatever gives blocks of interleaved samples can be piped into the output, through any transforms; its back-pressure is the ring's.
export default async function (producer, { hz }) {
  const { channels, sampleRate, blockFrames } = producer;

  let position = 0;
  const sine = new ReadableStream({
    pull(controller) {
      const block = new Float32Array(blockFrames * channels);
      for (let frame = 0; frame < blockFrames; frame += 1, position += 1) {
        block.fill(0.2 * Math.sin((2 * Math.PI * hz * position) / sampleRate), frame * channels, (frame + 1) * channels);
      }
      controller.enqueue(block);
    },
  });

  let phase = 0;
  const tremolo = new TransformStream({
    transform(block, controller) {
      controller.enqueue(block.map((sample, at) => sample * (0.7 + 0.3 * Math.cos(phase + (2 * Math.PI * 5 * at) / channels / sampleRate))));
      phase += (2 * Math.PI * 5 * block.length) / channels / sampleRate;
    },
  });

  await sine.pipeThrough(tremolo).pipeTo(producer.stream());
}
