// A page that isolates itself before it plays. `?isolation=` is what `isolate` gets; without it the page does not ask. How often it was loaded is counted by the tests' server.
import { createOutput } from './noxrun/index.js';
import { isolate, removeIsolation } from './noxrun/isolation.js';

async function play() {
  const output = await createOutput();
  await output.start();
  return output;
}

const asked = new URLSearchParams(location.search).get('isolation');
window.removeIsolation = removeIsolation;
window.isolation = asked === null ? Promise.resolve(null) : isolate(JSON.parse(asked));
window.isolation.then((told) => {
  // It is about to be loaded anew: nothing is to be begun.
  if (told?.state === 'reloading') return;
  window.told = told;
  window.output = play();
  window.output.catch(() => {});
});
