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

/** Brings what `task` asks for; resolves when the sound has ended. */
async function bring(producer, task, glue) {
  const { kind, url } = task;
  if (kind === 'sine') return producer.play(WAY.SINE, task.hz);
  if (kind === 'index') return producer.play(WAY.INDEX);
  if (kind === 'glue') {
    // The producer as well: whoever steers the source wakes it.
    const source = exported(glue, task.source, url)(producer.data, producer);
    return producer.play(WAY.OWN, source.intoAddress());
  }
  const module = await load(url, 'the module');
  if (typeof module.render === 'function') return producer.render(module.render);
  await exported(module, 'default', url)(producer, producer.data);
}

onmessage = async ({ data: { handle, task } }) => {
  let glue = null;
  let producer;
  try {
    glue = task.kind === 'glue' ? await load(task.url, 'the glue') : null;
    producer = await open(handle, { greet: false, instance: glue && glueInstance(glue) });
  } catch (error) {
    handle.control.postMessage({ type: 'failed', code: error.code, message: String(error?.message ?? error), url: error.url });
    return;
  }
  // Ends with its output.
  producer.closed.then(() => close());
  try {
    await bring(producer, task, glue);
  } catch (error) {
    producer.fail(error);
  }
};

// Ready to be given one; see `standBy` in npm/src/files.js.
postMessage({ type: 'up' });
