// The audio thread's end of every strategy but the ring: what `double`, `triple`, `queue` read in shared memory, what `buffer-source` hears, what `in-worklet` renders, and what
// `message-copy` and `message-transfer` receive into a memory of this thread's own.
//
// process() makes no garbage either, but for what their strategies cannot do without: an answer to the producer, one message per callback at most; and where this thread renders, the numbers of its clock (some 60 bytes a
// quantum) and whatever the source does.

import { NoxrunProcessor } from './processor.js';

// Must match STRATEGIES in src/web/page/context.rs.
const NAME = 'noxrun-strategies-0.1.0';
// The producer waits for an answer; must match src/web/raw/any.rs.
const CALLED = 8;
// What noxrun_message_receive returns; must match src/web/raw/message.rs.
const ANSWER_NOW = 1;
const OUT_OF_ORDER = 2;
// Numbers before a message's samples, and the place of the number of frames among them; must match src/strategy/message.rs.
const HEADER = 32;
const FRAMES = 1;
// Numbers of an answer; must match src/web/raw/message.rs.
const ANSWER = 4;

// So much garbage as arrays that nobody holds on to: a fault on purpose.
function litter(bytes) {
  for (let made = 0; made < bytes; made += 4096) new Array(1024).fill(made);
}

class StrategyProcessor extends NoxrunProcessor {
  attach(options) {
    const { module, mode, pages, numbers } = options;
    this.mode = mode;
    this.inlet = null;
    this.producer = null;
    this.transfers = options.transfers;
    // Where nothing is shared, this thread has a memory of its own. Sharing is a property of the module; nobody else gets it.
    const memory = options.memory ?? new WebAssembly.Memory({ initial: pages, maximum: pages * 4, shared: true });
    this.instantiate(module, memory, { noxrunNow: Date.now, noxrunLitter: litter });
    const { exports } = this;
    this.serve = exports.noxrun_any_quantum;
    this.staging = exports.noxrun_any_staging;
    this.address = options.address ?? exports.noxrun_output(this.write(numbers), numbers.length);
    this.handle = mode === 'render'
      ? exports.noxrun_any_render(this.address, this.write(numbers), numbers.length, this.frames)
      : exports.noxrun_any_attach(this.address, this.frames);
    if (this.handle === 0) return;
    if (mode === 'hear') this.inlet = this.planar(exports.noxrun_any_inlet(this.handle), this.channels + 1);
    if (mode === 'message') this.open(options.block);
  }

  // Puts numbers into the memory; their address.
  write(numbers) {
    const at = this.exports.noxrun_numbers(numbers.length);
    new Float64Array(this.memory.buffer, at, numbers.length).set(numbers);
    return at;
  }

  // An inbox for messages of up to `block` frames.
  open(block) {
    const { exports, memory } = this;
    this.inbox = exports.noxrun_message_inbox(this.address, block);
    if (this.inbox === 0) {
      this.handle = 0;
      return;
    }
    const place = (part) => exports.noxrun_message_place(this.inbox, part);
    this.header = new Float64Array(memory.buffer, place(0), HEADER);
    this.samples = new Float32Array(memory.buffer, place(1), block * this.channels);
    this.answers = new Float64Array(memory.buffer, place(2), ANSWER);
    // What is posted must not be a view of a memory that is shared: that would share it.
    this.reply = new Float64Array(ANSWER);
  }

  hear(data) {
    switch (data?.type) {
      case 'port':
        this.producer = data.port;
        this.producer.onmessage = (event) => this.receive(event.data);
        break;
      // How things stand: the shared state's bytes and the ring's, into a buffer that goes to and fro.
      case 'look': {
        const { buffer, shared, ring } = data;
        const bytes = new Uint8Array(buffer);
        bytes.set(new Uint8Array(this.memory.buffer, this.address, shared));
        bytes.set(new Uint8Array(this.memory.buffer, this.exports.noxrun_ring(this.address), ring), shared);
        this.port.postMessage({ buffer, bytes: this.memory.buffer.byteLength }, [buffer]);
        break;
      }
      case 'wish':
        new Int32Array(this.memory.buffer, this.address + data.offset, 1)[0] = data.value;
        break;
      case 'source':
        this.say(data.id, this.exports.noxrun_any_source(this.handle, this.write(data.numbers), data.numbers.length));
        break;
      case 'faults':
        this.say(data.id, this.exports.noxrun_any_faults(this.handle, this.write(data.numbers), data.numbers.length));
        break;
      default:
        this.producer?.close();
        super.hear(data);
    }
  }

  say(id, done) {
    this.port.postMessage({ id, done: done === 1 });
  }

  // A message from the producer's worker.
  receive(buffer) {
    if (!this.alive) return;
    const began = Date.now();
    this.header.set(new Float64Array(buffer, 0, HEADER));
    const samples = this.header[FRAMES] * this.channels;
    if (samples > 0) this.samples.set(new Float32Array(buffer, 8 * HEADER, samples));
    const told = this.exports.noxrun_message_receive(this.inbox, began);
    if (this.transfers) this.producer.postMessage(buffer, [buffer]);
    if (told === ANSWER_NOW) this.answer();
    if (told === OUT_OF_ORDER) this.port.postMessage('refused');
    // This thread's work as well.
    if (this.counts && this.wantsTime !== 0) this.exports.noxrun_busy(this.address, Date.now() - began);
  }

  answer() {
    this.exports.noxrun_message_answer(this.inbox);
    this.reply.set(this.answers);
    this.producer.postMessage(this.reply);
  }

  process(inputs, outputs) {
    if (this.inlet !== null) this.listen(inputs[0]);
    const goesOn = super.process(inputs, outputs);
    if (this.producer !== null && (this.told & CALLED) !== 0) this.answer();
    return goesOn;
  }

  // Nobody plays: then the browser brings no channels, or fewer.
  listen(input) {
    const silent = input.length < this.inlet.length;
    for (let channel = 0; channel < this.inlet.length; channel += 1) {
      if (silent) this.inlet[channel].fill(0);
      else this.inlet[channel].set(input[channel]);
    }
  }
}

registerProcessor(NAME, StrategyProcessor);
