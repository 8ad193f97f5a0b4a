// The worker that Noxrun itself starts: for a built-in source, a module of yours, or Rust in the engine's own module.

import { NoxrunError } from './errors.js';
import { open, WAY } from './producing.js';

const STACK_BYTES = 1 << 20;

/** The glue's own way to instantiate the module: it looks for what it imports among the globals. */
const glueInstance = (glue) => (module, memory, { noxrunRender }) => {
  Object.assign(globalThis, { noxrunNow: () => performance.now(), noxrunRender });
  return glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
};

async function load(url, what) {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ url);
  } catch (error) {
    throw new NoxrunError('not-loaded', `${what} ${url} did not load: ${error.message}`, { cause: error, url });
  }
}

function exported(module, name, url) {
  if (typeof module[name] !== 'function') throw new NoxrunError('option', `${url} exports no function ${name}`);
  return module[name];
}

/** What is to be done with the producer, once there is one: a function that resolves when the sound has ended; and how the engine's module is instantiated, where it has glue. */
async function prepare({ kind, url, hz, source: name }) {
  if (kind === 'sine') return { bring: (producer) => producer.play(WAY.SINE, hz) };
  if (kind === 'index') return { bring: (producer) => producer.play(WAY.INDEX) };
  if (kind === 'glue') {
    const glue = await load(url, 'the glue');
    const source = exported(glue, name, url);
    // The producer as well: whoever steers the source wakes it.
    return { bring: (producer) => producer.play(WAY.OWN, source(producer.data, producer).intoAddress()), instance: glueInstance(glue) };
  }
  const module = await load(url, 'the module');
  if (typeof module.render === 'function') return { bring: (producer) => producer.render(module.render) };
  const play = exported(module, 'default', url);
  return { bring: (producer) => play(producer, producer.data) };
}

onmessage = async ({ data: { handle, task } }) => {
  let bring;
  let producer;
  try {
    const prepared = await prepare(task);
    bring = prepared.bring;
    producer = await open(handle, { greet: false, instance: prepared.instance });
  } catch (error) {
    handle.control.postMessage({ type: 'failed', code: error.code, message: String(error?.message ?? error), url: error.url });
    return;
  }
  // Ends with its output.
  producer.closed.then(() => close());
  try {
    await bring(producer);
  } catch (error) {
    producer.fail(error);
  }
};

// Ready to be given one; see `standBy` in npm/src/files.js.
postMessage({ type: 'up' });
