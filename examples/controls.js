// What the examples' pages share: buttons that play, Stop, what went wrong in words, and the meter.
import 'noxrun/meter';

const meter = document.querySelector('noxrun-meter');
const problem = document.querySelector('[role=alert]');
let output = null;
let turn = Promise.resolve();

/** `element`'s event plays what `make` makes, in place of what was playing. Made by a gesture: browsers let no sound begin otherwise. */
export function playOn(element, type, make) {
  document.querySelector(element).addEventListener(type, () => {
    // One after the other, however fast somebody clicks.
    turn = turn.then(async () => {
      problem.textContent = '';
      await output?.close();
      output = await make();
      // For the console: output.stats, output.losses.
      window.output = meter.output = output;
      // What the sound's own code throws arrives here.
      output.addEventListener('producerlost', ({ detail }) => { problem.textContent = detail.error.message; });
      await output.start();
    }).catch((error) => { problem.textContent = error.message; });
  });
}

document.querySelector('#stop').addEventListener('click', () => { turn = turn.then(() => output?.close()); });
