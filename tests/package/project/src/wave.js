export function tone(sampleRate, hz = 330) {
  let phase = 0;
  return (block, { channels }) => {
    for (let at = 0; at < block.length; at += channels) {
      block.fill(0.1 * Math.sin(2 * Math.PI * phase), at, at + channels);
      phase = (phase + hz / sampleRate) % 1;
    }
  };
}
