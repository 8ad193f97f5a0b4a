// A sine that stands still, or breaks, where it is told to. It cannot be told later: with shared memory its thread sleeps without hearing messages.

/** `stalls`: places in the sound, in frames, at each of which it blocks for `stallMs`. `breaks`: the place where it throws. */
export default function produce(producer, { hz = 440, stalls = [], stallMs = 0, breaks = Infinity } = {}) {
  const { channels, sampleRate } = producer;
  const left = [...stalls];
  return producer.render((block, { frames, position }) => {
    if (position >= left[0]) {
      left.shift();
      for (const until = performance.now() + stallMs; performance.now() < until; );
    }
    if (position >= breaks) throw new Error('broken on purpose');
    for (let frame = 0; frame < frames; frame += 1) block.fill(0.1 * Math.sin((2 * Math.PI * hz * (position + frame)) / sampleRate), frame * channels, (frame + 1) * channels);
  });
}
