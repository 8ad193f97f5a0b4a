// A page without a builder. `?options=` is what `createOutput` gets.
import { createOutput } from './noxrun/index.js';

async function play() {
  const output = await createOutput(JSON.parse(new URLSearchParams(location.search).get('options') ?? '{}'));
  await output.start();
  return output;
}

window.output = play();
// It is looked at later.
window.output.catch(() => {});
