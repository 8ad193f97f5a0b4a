import { createOutput } from 'noxrun';

document.querySelector('button').onclick = async () => {
  const output = await createOutput({ module: new URL('sound.js', import.meta.url) });
  await output.start();
  setInterval(() => {
    const { state, ledger, underruns } = output.stats;
    document.querySelector('output').textContent = `${state}: ${ledger.freshFrames} frames played, ${underruns.events} underruns`;
  }, 250);
};
