// Decodes a file as fast as it can, through the shipped feeder: with a feed that always has room and keeps nothing.
const STACK_BYTES = 1 << 20;
const WAITING = 2;

class Sink {
  frames = 0;
  ended = false;
  room() { return 1 << 20; }
  write(samples, frames) { this.frames += frames; }
  jump() {}
  join() {}
  unread() { return 0; }
  segment() {}
  end() { this.ended = true; }
  isDrained() { return true; }
  ticket() { return 0; }
  wait() {}
  seekSerial() { return 0; }
  seekItem() { return 0; }
  seekSeconds() { return 0; }
  // Mail ends the loop.
  mail() { return this.ended ? 1 : 0; }
  beat() {}
}

onmessage = async ({ data: { glue: url, module, pages, file, sampleRate, channels } }) => {
  const glue = await import(url);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 960, shared: true });
  glue.initSync({ module, memory, thread_stack_size: STACK_BYTES });
  const runs = [];
  for (let run = 0; run < 3; run += 1) {
    const feeder = new glue.Feeder(sampleRate, channels);
    const sink = new Sink();
    const start = performance.now();
    feeder.open([{ name: file.name, file }], 0, 1);
    while (!feeder.is_open()) await feeder.news();
    feeder.play();
    feeder.attach(sink);
    while (!sink.ended) if (feeder.run() === WAITING) await feeder.news();
    runs.push({ ms: performance.now() - start, frames: sink.frames });
    feeder.free();
  }
  postMessage({ runs });
};
// What is thrown in an async function is no error event.
addEventListener('unhandledrejection', ({ reason }) => postMessage({ error: String(reason) }));
onmessageerror = () => postMessage({ error: 'the message could not be read' });
