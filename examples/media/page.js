import { createOutput } from 'noxrun';
import { playOn } from '../controls.js';

const here = (file) => new URL(file, import.meta.url);

// A file that fits into memory: decoded by the browser, handed over whole.
let context = null;
playOn('#file', 'change', async () => {
  const [file] = document.querySelector('#file').files;
  context ??= new AudioContext();
  const decoded = await context.decodeAudioData(await file.arrayBuffer());
  const channels = decoded.numberOfChannels;
  const samples = new Float32Array(decoded.length * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    decoded.getChannelData(channel).forEach((sample, frame) => { samples[frame * channels + channel] = sample; });
  }
  const output = await createOutput({ context, channels, module: here('samples.js'), data: samples, transfer: [samples.buffer] });
  // With a context of the page's own, what it is connected to is the page's affair too.
  output.node.connect(context.destination);
  return output;
});

// Played while it is fetched. The context runs at the file's rate.
playOn('#wav', 'click', () => createOutput({ module: here('wav-stream.js'), data: { url: here('sound.wav').href }, sampleRate: 44_100 }));

// Opus is always decoded to 48,000 Hz.
playOn('#opus', 'click', () => createOutput({ module: here('opus.js'), data: { url: here('sound.opus').href }, sampleRate: 48_000 }));
