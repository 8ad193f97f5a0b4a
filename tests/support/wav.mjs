/** A WAV file of `frames` frames of a sine: 16 bits, stereo. */
export function wav(frames, sampleRate, hz = 440) {
  const channels = 2;
  const bytes = Buffer.alloc(44 + 2 * channels * frames);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(2 * channels * sampleRate, 28);
  bytes.writeUInt16LE(2 * channels, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  for (let frame = 0; frame < frames; frame += 1) {
    const sample = Math.round(8000 * Math.sin((2 * Math.PI * hz * frame) / sampleRate));
    for (let channel = 0; channel < channels; channel += 1) bytes.writeInt16LE(sample, 44 + 2 * (channels * frame + channel));
  }
  return bytes;
}
