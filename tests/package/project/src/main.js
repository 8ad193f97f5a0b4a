// What a project writes, whichever builder it has. `?producer=` chooses who makes the sound.
import { createOutput } from 'noxrun';
import { urls } from './urls.js';

const producers = {
  source: () => ({ source: { kind: 'sine', hz: 440 } }),
  worker: () => ({ producer: new Worker(new URL('./tone-worker.js', import.meta.url), { type: 'module' }) }),
  module: () => ({ module: new URL('./tone.js', import.meta.url) }),
};

async function play() {
  const output = await createOutput({ ...producers[new URLSearchParams(location.search).get('producer') ?? 'source'](), urls });
  await output.start();
  return output;
}

window.output = play();
// It is looked at later.
window.output.catch(() => {});
