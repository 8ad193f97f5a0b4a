// The scanner's end (feature `decode`): a module worker that reads a file's tags and decodes it for its overview, ahead of time and in the background.
//
// It has a Wasm memory of its own, bounded, and may be killed at any moment: a file that makes it crash, hang or want too much costs this worker and nothing else.

// What turn() returns; must match src/web/scanner.rs.
const WAITING = 1;
const DONE = 2;
// Stack of this thread, in bytes: a multiple of 65,536. Decoders want more than the default of a small thread.
const STACK_BYTES = 1 << 20;
// What a file may use, in 64 KiB pages: 64 MiB.
const MAX_PAGES = 1024;
// Milliseconds between two signs of life, each with what is known so far.
const TELL_MS = 100;

let glue = null;
let scanner = null;

function forget() {
  scanner?.free();
  scanner = null;
}

const handlers = {
  async load({ url }) {
    glue = await import(url);
    postMessage({ type: 'loaded' });
  },
  // The pages that the module needs at least.
  start({ module, pages }) {
    const memory = new WebAssembly.Memory({ initial: Math.min(pages, MAX_PAGES), maximum: MAX_PAGES, shared: true });
    glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
  },
  // In place of the file before.
  open({ item }) {
    forget();
    scanner = new glue.FileScanner(item);
    const { cover, ...about } = scanner.about();
    // The browser keeps the bytes outside of all memories here.
    return { ...about, cover: cover && new Blob([cover.bytes], { type: cover.type }) };
  },
  async scan({ id, columns, first, last, insist }) {
    if (!scanner.begin(columns, first, last, insist)) return { begun: false };
    let told = performance.now();
    for (;;) {
      const turn = scanner.turn();
      if (turn === DONE) return { begun: true, ...scanner.finished() };
      if (performance.now() - told >= TELL_MS) {
        postMessage({ type: 'columns', id, ...scanner.columns() });
        told = performance.now();
      }
      if (turn === WAITING) await scanner.news();
    }
  },
  close() {
    forget();
    return {};
  },
};

// Handlers may be asynchronous: one after the other, in order.
let queue = Promise.resolve();
onmessage = ({ data }) => {
  queue = queue.then(async () => {
    const { id, type } = data;
    try {
      const answer = await handlers[type](data);
      if (id !== undefined) postMessage({ type: 'answer', id, ...answer });
    } catch (error) {
      // A trap is a crash; what Rust throws is an Error with a text for people.
      if (error instanceof WebAssembly.RuntimeError || id === undefined) throw error;
      postMessage({ type: 'answer', id, error: String(error?.message ?? error), code: error?.code });
    }
  }).catch((error) => postMessage({ type: 'crashed', message: String(error?.message ?? error) }));
};
// Only now is anybody listening: a worker script that is wrapped in another loses what comes earlier.
postMessage({ type: 'up' });
