import { createOutput } from 'noxrun';
import { playOn } from '../controls.js';
import { Machine } from './machine.js';

const speed = document.querySelector('#speed');
const figures = document.querySelector('#figures');

playOn('#play', 'click', async () => {
  const output = await createOutput({ producer: 'page', bufferFrames: 4096 });
  const machine = new Machine(document.querySelector('canvas'), output.context.sampleRate);
  // The machine's clock and the sound card's never agree: half a ring of silence leaves room either way.
  const silence = new Float32Array(output.bufferFrames / 2 * output.stats.channels);
  let due = null;

  function loop(now) {
    if (output.state === 'closed') return;
    if (due === null || now - due > 250) {
      // It begins, or stood still (a hidden tab is not drawn): what was missed is not made up for.
      due = now;
      output.producer.offer(silence);
    }
    // As many frames as its clock has gone on: 60 a second, or what is chosen.
    for (; due <= now; due += 1000 / speed.value) output.producer.offer(machine.frame());
    const { overruns, underruns, ledger, fillFrames } = output.stats;
    figures.textContent = `${speed.value} frames a second · ${fillFrames} audio frames ahead · ` +
      `too fast: ${ledger.droppedBy.overflow} dropped in ${overruns.events} overruns · too slow: ${underruns.frames} missing in ${underruns.events} underruns`;
    requestAnimationFrame(loop);
  }
  requestAnimationFrame(loop);
  return output;
});
