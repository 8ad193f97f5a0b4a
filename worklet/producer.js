// The producer's end: a module worker that loads the engine's glue, instantiates the module over the output's memory, and runs Rust's loop.
//
// The loop sleeps in Atomics.wait and hears no messages. The page therefore counts each message up in shared memory; the loop returns when the
// count is ahead of what was handled (run() gives MAIL), and is entered again afterwards.

// What run() returns; must match src/web/worker.rs.
const MAIL = 1;
// Stack of this thread in the shared memory, in bytes: a multiple of 65,536. Decoders want more than the default of a small thread.
const STACK_BYTES = 1 << 20;

let glue = null;
let wasm = null;
let producer = null;

const handlers = {
  // Stand by: everything that does not need the output is fetched and compiled before Play is pressed.
  async load({ url }) {
    glue = await import(url);
    postMessage({ type: 'loaded' });
  },
  start({ module, memory, options }) {
    wasm = glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
    try {
      producer = new glue.ProducerWorker(options);
    } catch (error) {
      // A trap is a crash; what Rust throws is an Error with a text for people.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      postMessage({ type: 'refused', message: String(error?.message ?? error) });
      return;
    }
    postMessage({ type: 'ready', shared: producer.shared_address(), ring: producer.ring_address() });
  },
  source({ id, source }) {
    try {
      producer.set_source(source);
      postMessage({ type: 'source', id, error: null });
    } catch (error) {
      postMessage({ type: 'source', id, error: String(error?.message ?? error) });
    }
    producer.handled();
  },
};

function run() {
  if (producer === null) return;
  if (producer.run() === MAIL) return;
  producer.free();
  producer = null;
  wasm.__wbindgen_thread_destroy?.();
  postMessage({ type: 'stopped' });
  close();
}

// Handlers may be asynchronous: one after the other, in order.
let queue = Promise.resolve();
onmessage = ({ data }) => {
  queue = queue.then(() => handlers[data.type](data)).then(run).catch((error) => {
    postMessage({ type: 'crashed', message: String(error?.message ?? error) });
  });
};
// Only now is anybody listening: a worker script that is wrapped in another loses what comes earlier.
postMessage({ type: 'up' });
