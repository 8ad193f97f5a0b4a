// The audio thread's file. Bundled into one without imports: AudioWorkletGlobalScope has no dynamic ones, and bundlers do not follow static ones.

import { Inbox, look } from '../../worklet/inbox.js';
import { NoxrunProcessor, register } from '../../worklet/processor.js';
import { giveBack, leave, make, MAKER_STACK, outputMemory, WISH } from './engine.js';
import { version } from './version.js';

// The producer was woken, and waits for an answer; must match src/web/worklet.rs.
const CALLED = 8;

// Quanta from one answer to the next, whether one is due or not. The producer so knows of the room that a whole callback has made, and not only of the block it asked for, which would cost a way to and fro for each; and one with a clock of its own, which does
// not wait for room, knows how far the reader is whenever it comes.
const ANSWER_QUANTA = 2;
// … and so many at most until the next message: a producer that stands still is not to find old news in heaps.
const MOST_UNASKED = 4;

class EmbedProcessor extends NoxrunProcessor {
  begin(options) {
    this.quanta = 0;
    super.begin(options);
    if (this.handle !== 0) this.port.postMessage('begun');
  }

  // Over the memory that all share, or over one of this thread's own, into which blocks come as messages.
  attach({ module, memory, address, settings, pages, block, growth }) {
    // Of what was served before: its producer was lost, and its memory with it.
    this.inbox?.close();
    this.inbox = null;
    if (memory !== undefined) this.instantiate(module, memory);
    else this.instantiate(module, outputMemory(pages, settings.channels, growth), {}, MAKER_STACK);
    const { exports } = this;
    this.serve = exports.noxrun_quantum;
    this.staging = exports.noxrun_staging;
    this.address = address ?? make(exports, settings);
    if (memory === undefined && settings.paused) exports.noxrun_wish(this.address, WISH.PAUSED, 1);
    this.handle = exports.noxrun_attach(this.address, this.frames);
    if (this.handle === 0 || memory !== undefined) return;
    this.inbox = new Inbox(this, this.address, this.channels, block, true);
    if (this.inbox.handle === 0) this.handle = 0;
  }

  // Gives everything back, so that the memory can be used again: by this thread, if it is its own. Not where somebody else may still be in there, with whom this thread cannot wait for its turn.
  release() {
    const { exports, memory, inbox } = this;
    if (!exports || this.handle === 0) return;
    exports.noxrun_detach(this.handle);
    if (inbox !== null) {
      inbox.close();
      exports.noxrun_message_close(inbox.handle);
      exports.noxrun_unmake(this.address);
    }
    leave(exports);
    if (inbox !== null) giveBack(memory);
  }

  forget() {
    super.forget();
    this.inbox?.close();
    this.inbox = null;
  }

  hear(data) {
    // After its end.
    if (this.exports === null) return;
    switch (data?.type) {
      // A new producer's output takes the place of the old one: this node stays where it is in the graph.
      case 'begin':
        try {
          this.begin(data.options);
        } catch (error) {
          // The node would stay silent, and nobody know why.
          this.alive = false;
          this.port.postMessage({ type: 'failed', message: error.message });
        }
        break;
      case 'port':
        this.inbox.connect(data.port, (message) => this.receive(message));
        break;
      case 'look': {
        const buffer = look(this, this.address, data);
        this.port.postMessage({ type: 'look', buffer, id: data.id }, [buffer]);
        break;
      }
      case 'wish':
        this.exports.noxrun_wish(this.address, data.which, data.value);
        break;
      case 'end':
        this.alive = false;
        if (data.release) this.release();
        super.hear(data);
        break;
      default:
    }
  }

  receive(message) {
    if (!this.alive) return;
    this.quanta = 0;
    if (!this.inbox.receive(message, Date.now())) this.port.postMessage('refused');
  }

  process(inputs, outputs) {
    const goesOn = super.process(inputs, outputs);
    if (this.inbox === null || !this.alive) return goesOn;
    this.quanta += 1;
    const unasked = this.quanta % ANSWER_QUANTA === 0 && this.quanta <= ANSWER_QUANTA * MOST_UNASKED;
    if ((this.told & CALLED) !== 0 || unasked) this.inbox.answer();
    return goesOn;
  }
}

register(`noxrun-embed-${version}`, EmbedProcessor);
