// One producer's time with an output: its memory, its ways, its book. When a producer is lost, its memory is given up with it (it may still write there, or hold the allocator's lock), and another generation follows.

import { Book, MailedView, SharedView } from './book.js';
import { deferred } from './deferred.js';
import { giveBack, instantiate, leave, make, MAKER_STACK, outputMemory, WISH } from './engine.js';
import { NoxrunError } from './errors.js';
import { version } from './version.js';

// 64 KiB pages that a module with sound of its own may grow to: 128 MiB.
const OWN_PAGES = 2048;

export const later = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Generation {
  /** `engine` as files.js loads it; `settings` { channels, limit, block, sampleRate, conceal, verify, paused }; `hear` gets an error when the producer is gone. */
  constructor(engine, transport, settings, { data, own, hear }) {
    this.engine = engine;
    this.transport = transport;
    this.settings = settings;
    this.ready = deferred();
    this.stopped = deferred();
    this.begun = deferred();
    // Why its producer is gone.
    this.error = null;
    this.isReady = false;
    this.isStopped = false;
    // Whether a producer has been near its memory.
    this.isTouched = false;
    this.isOver = false;
    this.growth = own ? OWN_PAGES : undefined;
    const { port1, port2 } = new MessageChannel();
    this.control = port1;
    this.wire = transport === 'message' ? new MessageChannel() : null;
    if (transport === 'shared') this.#share();
    this.handle = {
      noxrun: version, module: engine.module, memory: this.memory, address: this.address, settings, control: port2, wire: this.wire?.port1, pages: engine.pages, growth: this.growth, data,
    };
    this.transfer = this.wire === null ? [port2] : [port2, this.wire.port1];
    this.control.onmessage = ({ data: message }) => this.#hear(message, hear);
  }

  #share() {
    const { engine: { module, pages }, settings } = this;
    this.memory = outputMemory(pages, settings.channels, this.growth);
    this.exports = instantiate(module, this.memory, MAKER_STACK);
    this.address = make(this.exports, settings);
    if (this.address === 0) throw new NoxrunError('out-of-range', 'the engine refuses these settings');
    this.ring = this.exports.noxrun_ring(this.address);
    if (settings.paused) this.wish(WISH.PAUSED, 1);
  }

  /** What the audio thread wants to know. */
  get processorOptions() {
    const { engine: { module, pages }, memory, address, settings, growth } = this;
    // Nobody may share memory there: then not even the name of one may go along.
    return memory === undefined ? { module, settings, pages, block: Math.max(settings.block, 1024), growth } : { module, memory, address };
  }

  /** Brings producer and audio thread together: the node is there. */
  attach(node, context) {
    this.node = node;
    if (this.wire !== null) {
      node.port.postMessage({ type: 'port', port: this.wire.port2 }, [this.wire.port2]);
      this.views = [
        new MailedView(this.engine, (message, transfer) => node.port.postMessage(message, transfer)),
        new MailedView(this.engine, (message, transfer) => this.control.postMessage(message, transfer)),
      ];
    } else {
      this.views = [new SharedView(this.engine, this.memory, this.address, this.ring)];
    }
    this.book = new Book(this.engine, context, this.views);
  }

  #hear(message, hear) {
    switch (message.type) {
      case 'hello':
        this.isTouched ||= !this.isOver;
        this.control.postMessage({ type: this.isOver ? 'stale' : 'welcome' });
        break;
      case 'ready':
        this.isReady = true;
        this.ready.resolve();
        break;
      case 'look':
        this.views[1].hear(message);
        break;
      case 'failed': {
        const error = new NoxrunError(message.code ?? 'worker-crashed', message.message, { url: message.url });
        this.ready.reject(error);
        hear(error);
        break;
      }
      case 'crashed':
        hear(new NoxrunError(message.code ?? 'worker-crashed', `the producer failed: ${message.message}`));
        break;
      case 'stopped':
        this.isStopped = true;
        if (message.buffer !== undefined) this.views?.[1].take(message.buffer);
        this.stopped.resolve();
        break;
      default:
    }
  }

  /** Tells both sides what the page wishes. */
  wish(which, value) {
    if (this.exports !== undefined) {
      this.exports.noxrun_wish(this.address, which, value);
      return;
    }
    const message = { type: 'wish', which, value };
    this.node?.port.postMessage(message);
    this.control.postMessage(message);
  }

  /** Its producer is to end. Not where it has already: its port is gone. */
  askToStop() {
    this.control.postMessage({ type: 'close' });
    if (this.exports !== undefined) this.wish(WISH.STOP, 1);
  }

  flush() {
    this.control.postMessage({ type: 'flush' });
  }

  /** A look of now, where it has to be asked for. `patience` ms at most. */
  async look(patience) {
    if (this.wire !== null) {
      const late = later(patience);
      // Twice: the first one may have been on its way already.
      for (let asked = 0; asked < 2; asked += 1) await Promise.race([late, this.views[0].ask()]);
      // One that has stopped has told all there is.
      if (this.isReady && !this.isStopped) await Promise.race([late, this.views[1].ask()]);
    }
    return !this.isOver && this.book.look();
  }

  /** Whether no producer is in its memory, or will be. */
  get isFree() { return this.isStopped || !this.isTouched; }

  /** No thread uses its memory any more. */
  giveBack() {
    if (this.memory === undefined) return;
    this.exports.noxrun_unmake(this.address);
    leave(this.exports);
    giveBack(this.memory);
  }

  /** Nothing more is expected of its producer. What it still says of the output being there is "no". */
  retire() {
    this.isOver = true;
    this.book?.close();
  }
}
