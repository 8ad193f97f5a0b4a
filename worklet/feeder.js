// The feeder's end (feature `decode`): a module worker that decodes files and writes their sound into the feed, a ring in the output's memory from
// which the producer takes it.
//
// Two instances of the module: one over a memory of this worker's own, in which files are read and decoded, so that a damaged file that makes the
// decoder crash, hang or want too much memory costs this worker and nothing else; and one over the output's memory, of which only raw exports
// are called. Those allocate nothing once attached: this worker may be killed at any moment, and the allocator's lock must not be left held.
//
// The loop sleeps in Atomics.wait and hears no messages: see producer.js. What run() returns; must match src/web/feeder.rs.
const MAIL = 1;
const WAITING = 2;
// Stack in each memory, in bytes: multiples of 65,536. Decoders want more than the default of a small thread.
const STACK_BYTES = 1 << 20;
const PORT_STACK_BYTES = 65536;
// What files may use, in 64 KiB pages: 60 MiB.
const MAX_PAGES = 960;

import { ReaderClient } from './reader-client.js';

let glue = null;
let feeder = null;
let attached = false;

// Functions that the module imports for pages and workers; none is called through raw exports.
function stubs(module, memory) {
  const imports = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = kind === 'memory' ? memory : () => 0;
  }
  return imports;
}

// The feed, as src/web/feeder.rs sees it.
class FeedPort {
  constructor(module, memory, address) {
    const { exports } = new WebAssembly.Instance(module, stubs(module, memory));
    exports.__wbindgen_start(PORT_STACK_BYTES);
    this.exports = exports;
    this.handle = exports.noxrun_feed_attach(address);
    if (this.handle === 0) throw new Error('there is no feed of this version at that address');
    // Made once: views over a shared memory stay valid when it grows.
    this.staging = new Float32Array(memory.buffer, exports.noxrun_feed_staging(this.handle),
      exports.noxrun_feed_staging_frames(this.handle) * exports.noxrun_feed_channels(this.handle));
  }

  room() { return this.exports.noxrun_feed_room(this.handle); }
  write(samples, frames) {
    this.staging.set(samples);
    this.exports.noxrun_feed_write(this.handle, frames);
  }
  jump(serial) { this.exports.noxrun_feed_jump(this.handle, serial); }
  join(serial, stale) { this.exports.noxrun_feed_join(this.handle, serial, stale); }
  unread() { return this.exports.noxrun_feed_unread(this.handle); }
  segment(item, seconds) { this.exports.noxrun_feed_segment(this.handle, item, seconds); }
  end() { this.exports.noxrun_feed_end(this.handle); }
  isDrained() { return this.exports.noxrun_feed_drained(this.handle) !== 0; }
  ticket() { return this.exports.noxrun_feed_ticket(this.handle); }
  wait(ticket, frames, ms) { this.exports.noxrun_feed_wait(this.handle, ticket, frames, ms); }
  seekSerial() { return this.exports.noxrun_feed_command_serial(this.handle); }
  seekItem() { return this.exports.noxrun_feed_command_item(this.handle); }
  seekSeconds() { return this.exports.noxrun_feed_command_seconds(this.handle); }
  mail() { return this.exports.noxrun_feed_mail(this.handle); }
  beat() {
    // Reads that the page interrupts fail until here: commands are looked for next.
    for (const client of clients) client.resume();
    this.exports.noxrun_feed_beat(this.handle);
  }
}

// What reads the addresses of the list that is played, or that is being opened.
let clients = [];

// The page's items with something to read each address by.
function readable(items) {
  return items.map((item) => {
    if (!item.reader) return item;
    const client = new ReaderClient(item.reader);
    clients.push(client);
    return { name: item.name, client };
  });
}

// Answers request `id` with what `work` returns, or with what Rust throws: an Error with a text for people. A trap is a crash.
function answer(id, work) {
  try {
    postMessage({ type: 'answer', id, ...work() });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    postMessage({ type: 'answer', id, error: String(error?.message ?? error), code: error?.code });
  }
  if (attached) feeder.handled();
}

const handlers = {
  async load({ url }) {
    glue = await import(url);
    postMessage({ type: 'loaded' });
  },
  // What is wanted of the sound, and the pages that the module needs at least.
  start({ module, pages, sampleRate, channels }) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true });
    glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
    feeder = new glue.Feeder(sampleRate, channels);
  },
  attach({ module, memory, address }) {
    feeder.attach(new FeedPort(module, memory, address));
    attached = true;
  },
  async open({ id, items, first }) {
    const old = clients;
    clients = [];
    let refused = null;
    try {
      feeder.open(readable(items), first, id);
      while (!feeder.is_open()) await feeder.news();
      feeder.play();
    } catch (error) {
      clients = old;
      refused = error;
    }
    answer(id, () => { if (refused !== null) throw refused; });
  },
  append({ id, items, from }) { answer(id, () => feeder.append(readable(items), from)); },
  loop({ id, region }) { answer(id, () => feeder.set_loop(region)); },
  rest({ id }) { answer(id, () => feeder.rest()); },
  repeat({ id, repeat }) { answer(id, () => feeder.set_repeat(repeat)); },
};

// Messages that wait for their turn, and who waits for them.
const inbox = [];
let wake = () => {};
onmessage = ({ data }) => {
  inbox.push(data);
  wake();
};

const later = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function serve() {
  for (;;) {
    while (inbox.length > 0) {
      const message = inbox.shift();
      await handlers[message.type](message);
    }
    const told = feeder === null ? MAIL : feeder.run();
    // After MAIL the message is on its way; until there is a feed there is nothing but messages.
    const message = new Promise((resolve) => { wake = resolve; });
    if (inbox.length > 0) continue;
    // The clock is for a read that was interrupted for nothing.
    await (told === WAITING ? Promise.race([message, feeder.news(), later(250)]) : message);
  }
}
serve().catch((error) => postMessage({ type: 'crashed', message: String(error?.message ?? error) }));
// Only now is anybody listening: a worker script that is wrapped in another loses what comes earlier.
postMessage({ type: 'up' });
