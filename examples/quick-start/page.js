import { createOutput } from 'noxrun';

let output;

document.querySelector('button').onclick = async () => {
  output ??= await createOutput({ module: new URL('sound.js', import.meta.url) });
  await output.start();
};

setInterval(() => {
  if (output === undefined) return;
  const { state, ledger, underruns } = output.stats;
  document.querySelector('output').textContent = `${state}: ${ledger.freshFrames} frames played, ${underruns.events} underruns`;
}, 250);
