/** `noxrun/worker`: for workers that make sound. */

import { NoxrunError } from './errors.js';
import { open, threadName } from './producing.js';

export { NoxrunError } from './errors.js';
export { fromMemory } from './from-memory.js';

export function receiveOutput({ signal } = {}) {
  if (threadName() === 'page') {
    return Promise.reject(new NoxrunError('wrong-thread', 'receiveOutput() is for the worker that makes the sound; on the page use createOutput({ producer: \'page\' }) and output.producer'));
  }
  return new Promise((resolve, reject) => {
    const hear = (event) => {
      if (event.data?.noxrunOutput === undefined) return;
      // Nobody else need look at it.
      event.stopImmediatePropagation();
      done();
      open(event.data.noxrunOutput).then(resolve, reject);
    };
    const give = () => {
      done();
      reject(signal.reason);
    };
    const done = () => {
      globalThis.removeEventListener('message', hear);
      signal?.removeEventListener('abort', give);
    };
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    signal?.addEventListener('abort', give);
    globalThis.addEventListener('message', hear);
  });
}

export function openOutput(handle) {
  return open(handle);
}
