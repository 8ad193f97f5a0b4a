// The producer's end: a module worker that loads the engine's glue, instantiates the module over the output's memory, and runs Rust's loop.
//
// The loop sleeps in Atomics.wait and hears no messages. The page therefore counts each message up in shared memory; the loop returns when the
// count is ahead of what was handled (run() gives MAIL), and is entered again afterwards.

// What run() returns; must match src/web/worker.rs.
const MAIL = 1;
// Stack of this thread in the shared memory, in bytes: a multiple of 65,536.
const STACK_BYTES = 1 << 20;

let glue = null;
let wasm = null;
let producer = null;

// Answers request `id` with what `work` returns, or with what Rust throws: an Error with a text for people. A trap is a crash.
function answer(id, work) {
  try {
    postMessage({ type: 'answer', id, ...work() });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    postMessage({ type: 'answer', id, error: String(error?.message ?? error) });
  }
}

const handlers = {
  // Stand by: everything that does not need the output is fetched and compiled before Play is pressed.
  async load({ url }) {
    glue = await import(url);
    postMessage({ type: 'loaded' });
  },
  start({ id, module, memory, options }) {
    wasm = glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
    answer(id, () => {
      producer = new glue.ProducerWorker(options);
      return { shared: producer.shared_address(), ring: producer.ring_address() };
    });
  },
  source({ id, source }) {
    answer(id, () => producer.set_source(source));
    producer.handled();
  },
  // Faults on purpose (feature `faults`).
  faults({ id, faults }) {
    answer(id, () => producer.set_faults(faults));
    producer.handled();
  },
  // The feed of a decoder in another worker (feature `decode`).
  feed({ id, renew }) {
    answer(id, () => ({ feed: producer.feed(renew), ring: producer.feed_ring() }));
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
