/** `noxrun/worker`: for workers that make sound. */

import { NoxrunError } from './errors.js';
import { open, threadName } from './producing.js';

export { NoxrunError } from './errors.js';
export { fromMemory } from './from-memory.js';

// The page may post one before anybody asks, and several may ask before one comes: in order.
const arrived = [];
const waiting = [];
if (threadName() === 'worker') {
  globalThis.addEventListener('message', (event) => {
    const handle = event.data?.noxrunOutput;
    if (handle === undefined) return;
    // Nobody else need look at it.
    event.stopImmediatePropagation();
    if (waiting.length === 0) arrived.push(handle);
    else waiting.shift()(handle);
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
    const take = (handle) => {
      signal?.removeEventListener('abort', give);
      open(handle).then(resolve, reject);
    };
    const give = () => {
      waiting.splice(waiting.indexOf(take), 1);
      reject(signal.reason);
    };
    if (arrived.length > 0) {
      take(arrived.shift());
      return;
    }
    waiting.push(take);
    signal?.addEventListener('abort', give);
  });
}

export function openOutput(handle) {
  return open(handle);
}
