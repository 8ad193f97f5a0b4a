// The audio thread's end of every strategy but the ring: what `double`, `triple`, `queue` read in shared memory, what `buffer-source` hears, what `in-worklet` renders, and what
// `message-copy` and `message-transfer` receive into a memory of this thread's own.
//
// process() makes no garbage either, but for what their strategies cannot do without: an answer to the producer, one message per callback at most; and where this thread renders, the numbers of its clock (some 60 bytes a
// quantum) and whatever the source does.

import { Inbox, look } from './inbox.js';
import { NoxrunProcessor, register } from './processor.js';

// Must match STRATEGIES in src/web/page/context.rs.
const NAME = 'noxrun-strategies-0.1.0';
// The producer waits for an answer; must match src/web/raw/any.rs.
const CALLED = 8;

// So much garbage as arrays that nobody holds on to: a fault on purpose.
function litter(bytes) {
  for (let made = 0; made < bytes; made += 4096) new Array(1024).fill(made);
}

class StrategyProcessor extends NoxrunProcessor {
  attach(options) {
    const { module, mode, pages, numbers } = options;
    this.mode = mode;
    this.inlet = null;
    this.inbox = null;
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
    if (mode === 'message') this.inbox = new Inbox(this, this.address, this.channels, options.block, options.transfers);
    if (this.inbox?.handle === 0) this.handle = 0;
  }

  // Puts numbers into the memory; their address.
  write(numbers) {
    const at = this.exports.noxrun_numbers(numbers.length);
    new Float64Array(this.memory.buffer, at, numbers.length).set(numbers);
    return at;
  }

  hear(data) {
    switch (data?.type) {
      case 'port':
        this.inbox.connect(data.port, (message) => this.receive(message));
        break;
      case 'look': {
        const buffer = look(this, this.address, data);
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
        this.inbox?.close();
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
    if (!this.inbox.receive(buffer, began)) this.port.postMessage('refused');
    // This thread's work as well.
    if (this.counts && this.wantsTime !== 0) this.exports.noxrun_busy(this.address, Date.now() - began);
  }

  process(inputs, outputs) {
    if (this.inlet !== null) this.listen(inputs[0]);
    const goesOn = super.process(inputs, outputs);
    if (this.inbox !== null && (this.told & CALLED) !== 0) this.inbox.answer();
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

register(NAME, StrategyProcessor);
