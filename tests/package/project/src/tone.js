// A module for the worker that Noxrun starts. It imports nothing: builders copy it as it is.
export default function produce(producer) {
  let phase = 0;
  return producer.render((block, { channels }) => {
    for (let at = 0; at < block.length; at += channels) {
      block.fill(0.1 * Math.sin(2 * Math.PI * phase), at, at + channels);
      phase = (phase + 220 / producer.sampleRate) % 1;
    }
  });
}
