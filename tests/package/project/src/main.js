// What a project writes, whichever builder it has. `?producer=` chooses who makes the sound.
import { createOutput } from 'noxrun';
// Imported for what they register: a builder must not drop them.
import 'noxrun/meter';
import 'noxrun/player';
import { urls } from './urls.js';

const producers = {
  source: () => ({ source: { kind: 'sine', hz: 440 } }),
  worker: () => ({ producer: new Worker(new URL('./tone-worker.js', import.meta.url), { type: 'module' }) }),
  module: () => ({ module: new URL('./tone.js', import.meta.url) }),
};

/** Three seconds of silence, as a WAV file. */
function wav() {
  const [rate, bytes] = [8000, 24_000];
  const view = new DataView(new ArrayBuffer(44 + bytes));
  const text = (at, word) => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 36 + bytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  for (const [at, value] of [[20, 1], [22, 1], [32, 1], [34, 8]]) view.setUint16(at, value, true);
  for (const at of [24, 28]) view.setUint32(at, rate, true);
  text(36, 'data');
  view.setUint32(40, bytes, true);
  new Uint8Array(view.buffer, 44).fill(128);
  return new Blob([view], { type: 'audio/wav' });
}

async function playFile() {
  const player = document.createElement('noxrun-player');
  if (urls) player.urls = urls;
  player.loop = true;
  player.file = wav();
  document.body.append(player);
  await player.play();
  return player.output;
}

async function play() {
  const asked = new URLSearchParams(location.search).get('producer') ?? 'source';
  if (asked === 'player') return playFile();
  const { player, ...own } = urls ?? {};
  const output = await createOutput({ ...producers[asked](), urls: own });
  await output.start();
  return output;
}

window.output = play();
// It is looked at later.
window.output.catch(() => {});
