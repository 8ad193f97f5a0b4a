// The producer's end: a module worker that loads the engine's glue, instantiates the module over the output's memory, and runs Rust's loop.
//
// The loop sleeps in Atomics.wait and hears no messages. The page therefore counts each message up in shared memory; the loop returns when the
// count is ahead of what was handled (run() gives MAIL), and is entered again afterwards.

// What run() returns; must match src/web/worker.rs.
const MAIL = 1;
// Stack of this thread in the shared memory, in bytes: a multiple of 65,536.
const STACK_BYTES = 1 << 20;

// What turn() returns instead of a time, where blocks travel as messages; must match src/web/worker.rs.
const RENDERED = -1;
const ASKED_TO_STOP = -3;

let glue = null;
let wasm = null;
let producer = null;
let memory = null;
// The way to the audio thread, where blocks travel as messages.
let wire = null;
let driving = false;

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
  start({ id, module, memory: given, options }) {
    memory = given;
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
  // Where blocks travel as messages (feature `strategies`): the way to the audio thread.
  port({ port, transfers }) {
    wire = { port, transfers, free: [] };
    port.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) wire.free.push(data);
      else producer?.hear(...data);
    };
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
  if (producer.by_message?.()) {
    if (wire !== null) drive().catch(crashed);
    return;
  }
  if (producer.run() === MAIL) return;
  stopped();
}

// Blocks travel as messages: the event loop has to be looked at, so this sleeps there and not in Rust.
async function drive() {
  if (driving) return;
  driving = true;
  const words = new Int32Array(memory.buffer);
  const word = producer.word_address() / 4;
  for (;;) {
    const began = performance.now();
    const told = producer.turn();
    send();
    // A turn that sleeps by itself does so for a time of its own clock's: that is in what it returns.
    if (told === RENDERED || told >= 0) producer.busy(performance.now() - began);
    if (told === ASKED_TO_STOP) break;
    if (told === RENDERED) continue;
    if (told < 0) {
      await eventLoop();
      // Handled by now, or soon.
      continue;
    }
    await called(words, word, producer.ticket() | 0, told);
  }
  wire.port.close();
  stopped();
}

// Resolves when somebody has called since `ticket`, or after `ms`.
async function called(words, word, ticket, ms) {
  if (Atomics.waitAsync !== undefined) {
    const asleep = Atomics.waitAsync(words, word, ticket, ms);
    if (asleep.async) await asleep.value;
    return;
  }
  // A browser that cannot: it looks now and then.
  for (const end = performance.now() + ms; Atomics.load(words, word) === ticket && performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

// Resolves when everything that has come in by now was handled.
function eventLoop() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// Sends what the latest turn has rendered, if anything.
function send() {
  const bytes = producer.message();
  if (bytes === 0) return;
  wire.place ??= producer.message_place();
  const [address, longest] = wire.place;
  const message = new Uint8Array(memory.buffer, address, bytes);
  if (wire.transfers) {
    const buffer = wire.free.pop() ?? made(longest);
    new Uint8Array(buffer).set(message);
    wire.port.postMessage(buffer, [buffer]);
  } else {
    // A copy that is copied once more on its way: the memory itself is shared, and would be sent as what it is.
    wire.port.postMessage(message.slice().buffer);
    producer.new_buffer();
  }
}

function made(bytes) {
  producer.new_buffer();
  return new ArrayBuffer(bytes);
}

function stopped() {
  producer.free();
  producer = null;
  wasm.__wbindgen_thread_destroy?.();
  postMessage({ type: 'stopped' });
  close();
}

// Handlers may be asynchronous: one after the other, in order.
let queue = Promise.resolve();
onmessage = ({ data }) => {
  queue = queue.then(() => handlers[data.type](data)).then(run).catch(crashed);
};

function crashed(error) {
  // What comes in now finds nobody: Rust's side stands where it trapped.
  producer = null;
  wire?.port.close();
  postMessage({ type: 'crashed', message: String(error?.message ?? error) });
}

// Only now is anybody listening: a worker script that is wrapped in another loses what comes earlier.
postMessage({ type: 'up' });
