/** `noxrun/worker`: for workers that make sound. */

import { NoxrunError } from './errors.js';
import { open, threadName } from './producing.js';

export { NoxrunError } from './errors.js';
export { fromMemory } from './from-memory.js';

// The page may post it before anybody asks: what has come waits.
const arrived = [];
let ask = null;
if (threadName() === 'worker') {
  globalThis.addEventListener('message', (event) => {
    const handle = event.data?.noxrunOutput;
    if (handle === undefined) return;
    // Nobody else need look at it.
    event.stopImmediatePropagation();
    if (ask === null) arrived.push(handle);
    else ask(handle);
  });
}

export function receiveOutput({ signal } = {}) {
  if (threadName() === 'page') {
    return Promise.reject(new NoxrunError('wrong-thread', 'receiveOutput() is for the worker that makes the sound; on the page use createOutput({ producer: \'page\' }) and output.producer'));
  }
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const give = () => {
      ask = null;
      reject(signal.reason);
    };
    ask = (handle) => {
      ask = null;
      signal?.removeEventListener('abort', give);
      open(handle).then(resolve, reject);
    };
    signal?.addEventListener('abort', give);
    if (arrived.length > 0) ask(arrived.shift());
  });
}

export function openOutput(handle) {
  return open(handle);
}
