let phase = 0;

export function render(block, { channels, sampleRate }) {
  for (let at = 0; at < block.length; at += channels) {
    block.fill(0.2 * Math.sin(2 * Math.PI * phase), at, at + channels);
    phase = (phase + 440 / sampleRate) % 1;
  }
}
