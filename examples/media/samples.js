// Plays interleaved samples that are there already.
export default function (producer, samples) {
  let at = 0;
  return producer.render((block) => {
    const part = samples.subarray(at, at + block.length);
    block.set(part);
    at += part.length;
    // Fewer frames than asked for: the sound has ended.
    return part.length / producer.channels;
  });
}
