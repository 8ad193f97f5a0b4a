// docs/protocol.md against the built module: where the ring's words and the page's wishes lie, by the bytes. (tests/layout.rs has the structures whose fields Rust can be asked for.)

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { imports, instantiate, leastPages, make, outputMemory, WISH } from '../../npm/src/engine.js';

const root = path.resolve(import.meta.dirname, '../..');
const guide = await readFile(path.join(root, 'docs/protocol.md'), 'utf8');
// ci/env.sh names it.
const bytes = await readFile(path.join(process.env.NOXRUN_PACKAGE ?? path.join(root, 'target/npm'), 'noxrun/noxrun.wasm'));
const module = new WebAssembly.Module(bytes);

/** Offsets of the table under a heading, by field. */
function table(name) {
  const [, section] = new RegExp(`\n### \`${name}\`\n([\\s\\S]*?)\n#`).exec(guide);
  return Object.fromEntries([...section.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, field, offset]) => [field, Number(offset)]));
}

const RENDER = 0;
const OFFER = 2;

/** An output of two channels: its memory, its exports on "two threads", words and numbers of its memory. */
function output() {
  const memory = outputMemory(leastPages(bytes), 2);
  let rendered = 0;
  const on = () => instantiate(module, memory, 65_536, { noxrunRender: (_, frames) => { rendered += frames; return frames; } });
  const [producer, consumer] = [on(), on()];
  const address = make(producer, { channels: 2, limit: 1024, sampleRate: 48_000, conceal: 0, verify: false });
  const view = new DataView(memory.buffer);
  return {
    producer, consumer, address, ring: producer.noxrun_ring(address), rendered: () => rendered,
    u32: (at) => view.getUint32(at, true), u64: (at) => Number(view.getBigUint64(at, true)), f32: (at) => view.getFloat32(at, true),
  };
}

test('magic, version, sizes and the parts of the state', () => {
  const { producer, address, ring, u32, f32 } = output();
  const state = table('SharedOutput');
  const version = Number(/this page is of version (\d+)/.exec(guide)[1]);
  const magic = Number(/`(0x[\dA-F]{8})`/.exec(guide)[1]);
  for (const start of [address, ring]) assert.deepEqual([u32(start), u32(start + 4)], [magic, version]);
  assert.equal(f32(address + state.sample_rate), 48_000);
  // The reference count lies before what it counts.
  assert.ok(u32(address + state.ring) <= ring && ring - u32(address + state.ring) <= 128);
  const sizes = [0, 1, 2, 3, 4].map((which) => producer.noxrun_size(which));
  assert.deepEqual(sizes.slice(1), [512, state.producer, state.consumer, table('Ring').word]);
  assert.ok(sizes[0] > state.sample_rate && sizes[0] - state.sample_rate <= 128);
});

test('wishes are where they are said to be', () => {
  const { producer, address, ring, u32 } = output();
  const [control, words] = [table('SharedOutput').control, { ...table('Control') }];
  const { LIMIT, ...wishes } = WISH;
  for (const [name, which] of Object.entries(wishes)) {
    const at = address + control + words[name.toLowerCase()];
    const before = u32(ring + table('Ring').word);
    producer.noxrun_wish(address, which, 3);
    assert.equal(u32(at), 3, name);
    assert.notEqual(u32(ring + table('Ring').word), before, `${name} calls`);
  }
  producer.noxrun_wish(address, LIMIT, 777);
  assert.equal(u32(ring + table('Ring').limit), 777);
});

test('the ring\'s words follow its ends', () => {
  const { producer, consumer, address, ring, rendered, u32, u64 } = output();
  const words = table('Ring');
  const [made, read] = [table('ProducerLedger'), table('ConsumerLedger')];
  const state = table('SharedOutput');
  assert.deepEqual([u32(ring + words.channels), u32(ring + words.capacity), u32(ring + words.limit), u32(ring + words.claimed)], [2, 24_576, 1024, 0]);

  const handle = producer.noxrun_produce(address, 256, 0, RENDER, 0, 0);
  assert.ok(handle > 0);
  assert.equal(u32(ring + words.claimed), 1);
  assert.equal(producer.noxrun_produce(address, 256, 0, RENDER, 0, 0), -2, 'a ring has one producer, for good');
  let told;
  do told = producer.noxrun_turn(handle); while (told === -1);
  assert.ok(told >= 0 && told <= 250, `it sleeps for ${told} ms`);
  assert.deepEqual([rendered(), u64(ring + words.write), u64(ring + words.read)], [1024, 1024, 0]);
  // Asleep until there is room for a block.
  assert.ok(u32(ring + words.sleep) > 0);
  assert.equal(u64(ring + words.wake_at), 256);
  assert.equal(u64(address + state.producer + made.produced), 1024);
  assert.equal(u64(address + state.producer + made.blocks), 4);
  assert.equal(u32(address + state.producer + made.state), 1);

  const node = consumer.noxrun_attach(address, 128);
  assert.ok(node > 0);
  assert.equal(u32(ring + words.claimed), 3);
  assert.equal(consumer.noxrun_attach(address, 128), 0);
  const before = u32(ring + words.word);
  consumer.noxrun_quantum(node, 128, 0);
  assert.deepEqual([u64(ring + words.read), u32(ring + words.word)], [128, before], 'no room for a block yet');
  consumer.noxrun_quantum(node, 128, 0);
  assert.deepEqual([u64(ring + words.read), u32(ring + words.word)], [256, before + 1], 'called once there is');
  assert.deepEqual([read.requested, read.fresh, read.quanta, read.quantum, read.wakes].map((field) => u64(address + state.consumer + field)), [256, 256, 2, 128, 1]);

  // A flush moves the reader, once what follows is there.
  producer.noxrun_flush(handle);
  do told = producer.noxrun_turn(handle); while (told === -1);
  assert.ok(u64(ring + words.skip_to) > u64(ring + words.read), 'the new sound has begun');
  consumer.noxrun_quantum(node, 128, 0);
  assert.equal(u64(ring + words.read), u64(ring + words.skip_to) + 128);
  for (const [side, ledger] of [[state.producer, made], [state.consumer, read]]) assert.ok(u32(address + side + ledger.sequence) > 0 && u32(address + side + ledger.sequence) % 2 === 0);
});

test('what does not fit is an overrun, in the first slot', () => {
  const { producer, address, u64 } = output();
  const [made, slot] = [table('ProducerLedger'), table('Overrun')];
  const ledger = address + table('SharedOutput').producer;
  const handle = producer.noxrun_produce(address, 256, 0, OFFER, 0, 0);
  assert.equal(producer.noxrun_offer(handle, 1500), 1024);
  assert.equal(u64(ledger + made.overrun_events), 1);
  assert.deepEqual([slot.frames, slot.blocks, slot.ended_by].map((field) => u64(ledger + made.overruns + field)), [476, 1, 0]);
  assert.equal(u64(ledger + made.dropped), 476);
});

test('the module imports nothing that the scripts do not give it', () => {
  const given = Object.values(imports(module, null, { noxrunNow: 1, noxrunRender: 2 })).flatMap(Object.entries);
  for (const start of ['noxrunNow', 'noxrunRender']) assert.equal(given.filter(([name]) => name.includes(start)).length, 1, start);
});
