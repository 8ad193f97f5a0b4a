// Where blocks travel as messages: receives them on the audio thread, between its callbacks, into a ring in this thread's own memory.

// What noxrun_message_receive returns; must match src/web/raw/message.rs.
const ANSWER_NOW = 1;
const OUT_OF_ORDER = 2;
// Numbers before a message's samples, and the place of the number of frames among them; must match src/strategy/message.rs.
const HEADER = 32;
const FRAMES = 1;
// Numbers of an answer; must match src/web/raw/message.rs.
const ANSWER = 4;

export class Inbox {
  // For messages of up to `block` frames to the output at `address`; with a handle of 0 it cannot be had. `transfers`: buffers change hands, and go back.
  constructor({ exports, memory }, address, channels, block, transfers) {
    this.exports = exports;
    this.channels = channels;
    this.transfers = transfers;
    this.producer = null;
    this.handle = exports.noxrun_message_inbox(address, block);
    if (this.handle === 0) return;
    const place = (part) => exports.noxrun_message_place(this.handle, part);
    this.header = new Float64Array(memory.buffer, place(0), HEADER);
    this.samples = new Float32Array(memory.buffer, place(1), block * channels);
    this.answers = new Float64Array(memory.buffer, place(2), ANSWER);
    // What is posted must not be a view of a memory that is shared: that would share it.
    this.reply = new Float64Array(ANSWER);
  }

  // The way to the producer. `hear` gets each message.
  connect(port, hear) {
    this.producer = port;
    port.onmessage = (event) => hear(event.data);
  }

  // A message that arrived at `now`, in ms since the epoch. Whether it was the next one.
  receive(buffer, now) {
    this.header.set(new Float64Array(buffer, 0, HEADER));
    const samples = this.header[FRAMES] * this.channels;
    if (samples > 0) this.samples.set(new Float32Array(buffer, 8 * HEADER, samples));
    const told = this.exports.noxrun_message_receive(this.handle, now);
    if (this.transfers) this.producer.postMessage(buffer, [buffer]);
    if (told === ANSWER_NOW) this.answer();
    return told !== OUT_OF_ORDER;
  }

  answer() {
    // Its port may not have come yet.
    if (this.producer === null) return;
    this.exports.noxrun_message_answer(this.handle);
    this.reply.set(this.answers);
    this.producer.postMessage(this.reply);
  }

  close() {
    this.producer?.close();
  }
}

// Puts how things stand into a buffer that goes to and fro: the bytes of the output's state at `address`, then those of its ring.
export function look({ exports, memory }, address, { buffer, shared, ring }) {
  const bytes = new Uint8Array(buffer);
  bytes.set(new Uint8Array(memory.buffer, address, shared));
  bytes.set(new Uint8Array(memory.buffer, exports.noxrun_ring(address), ring), shared);
  return buffer;
}
