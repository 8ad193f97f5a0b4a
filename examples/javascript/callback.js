// Pulled: Noxrun asks for a block whenever there is room for one.
export default function (producer, { hz }) {
  return producer.render((block, { frames, channels, sampleRate, position }) => {
    for (let frame = 0; frame < frames; frame += 1) {
      const sample = 0.2 * Math.sin((2 * Math.PI * hz * (position + frame)) / sampleRate);
      block.fill(sample, frame * channels, (frame + 1) * channels);
    }
  });
}
