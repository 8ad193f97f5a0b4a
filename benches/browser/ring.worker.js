// Times the transfer of blocks of 128 stereo frames, in one worker: Noxrun's ring with its counters, and ringbuf.js, in turn.
//
// What is compared: a rendered block (256 interleaved samples) into the ring; one quantum out of the ring into two ordinary Float32Arrays, as process() gets them.
// performance.now() ticks in steps of 5 us, so a ring is filled wholly, then emptied wholly, and each is timed as one.
import { RingBuffer, deinterleave } from '../ringbuf/index.mjs';
import { initSync } from '../ring/noxrun.js';
import { ledgerCost } from './ledger.js';

const BLOCK = 128;
const CHANNELS = 2;
// Bits of what noxrun_quantum returns, as in worklet/processor.js.
const SECOND_AREA = 1;
const WANTS_TIME = 2;

// Noxrun's ring through the same calls as worklet/processor.js makes; pushes from Rust's render buffer.
function noxrunRing(exports, memory, capacity) {
  const bench = exports.noxrun_bench_new(capacity);
  const consumer = exports.noxrun_attach(exports.noxrun_bench_address(bench), BLOCK);
  if (bench === 0 || consumer === 0) throw new Error('the bench found no ring');
  const areas = [0, 1].map((area) => {
    const start = exports.noxrun_staging(consumer, area);
    return Array.from({ length: CHANNELS }, (_, channel) => new Float32Array(memory.buffer, start + 4 * channel * BLOCK, BLOCK));
  });
  const output = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  let wantsTime = 1;
  // Until callbacks are counted, which is some seconds after the start of a real output.
  let now = 0;
  const contestant = {
    output,
    // One call for each block.
    push(blocks) {
      for (let block = 0; block < blocks; block += 1) exports.noxrun_bench_push(bench, 1);
    },
    // One call for all: what a push costs inside Rust's loop, where the producer is.
    pushInRust(blocks) {
      exports.noxrun_bench_push(bench, blocks);
    },
    // The body of process().
    pop(blocks) {
      for (let block = 0; block < blocks; block += 1) {
        const told = exports.noxrun_quantum(consumer, BLOCK, wantsTime === 0 ? 0 : (now += 5));
        const area = areas[told & SECOND_AREA];
        for (let channel = 0; channel < output.length; channel += 1) output[channel].set(area[channel]);
        wantsTime = told & WANTS_TIME;
      }
    },
    // Without the two copies into the browser's arrays, to show what they cost.
    quantumOnly(blocks) {
      for (let block = 0; block < blocks; block += 1) exports.noxrun_quantum(consumer, BLOCK, 0);
    },
  };
  for (let block = 0; block < 1000 && wantsTime !== 0; block += 1) {
    contestant.push(1);
    contestant.pop(1);
  }
  if (wantsTime !== 0) throw new Error('callbacks are still being counted');
  return contestant;
}

// ringbuf.js as its own audio example uses it.
function ringbufJs(capacity) {
  const samples = CHANNELS * capacity;
  const ring = new RingBuffer(RingBuffer.getStorageForCapacity(samples, Float32Array), Float32Array);
  const rendered = Float32Array.from({ length: CHANNELS * BLOCK }, (_, sample) => Math.sin(sample * 0.01));
  const interleaved = new Float32Array(CHANNELS * BLOCK);
  const output = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  return {
    output,
    push(blocks) {
      for (let block = 0; block < blocks; block += 1) ring.push(rendered);
    },
    pop(blocks) {
      for (let block = 0; block < blocks; block += 1) {
        ring.pop(interleaved);
        deinterleave(interleaved, output);
      }
    },
  };
}

// Nanoseconds per block of `fill` and of `empty`, over `times` times the whole ring.
function time(fill, empty, blocks, times) {
  let filling = 0;
  let emptying = 0;
  for (let count = 0; count < times; count += 1) {
    const start = performance.now();
    fill(blocks);
    const full = performance.now();
    empty(blocks);
    emptying += performance.now() - full;
    filling += full - start;
  }
  const each = 1e6 / (blocks * times);
  return { push: filling * each, pop: emptying * each };
}

// Both must have brought the same sound, or the times mean nothing.
function check(contestants) {
  for (const { push, pop, output } of Object.values(contestants)) {
    output.forEach((channel) => channel.fill(-2));
    push(1);
    pop(1);
    for (let frame = 0; frame < BLOCK; frame += 1) {
      for (let channel = 0; channel < CHANNELS; channel += 1) {
        const wanted = Math.sin((CHANNELS * frame + channel) * 0.01);
        if (Math.abs(output[channel][frame] - wanted) > 1e-5) throw new Error(`frame ${frame}: ${output[channel][frame]}, not ${wanted}`);
      }
    }
  }
}

onmessage = async ({ data: { capacity, rounds, times, ledger } }) => {
  try {
    const module = await WebAssembly.compileStreaming(fetch(new URL('../ring/noxrun_bg.wasm', import.meta.url)));
    const memory = new WebAssembly.Memory({ initial: 128, maximum: 1024, shared: true });
    const exports = initSync({ module, memory, thread_stack_size: 65536 });
    const noxrun = noxrunRing(exports, memory, capacity);
    const ringbuf = ringbufJs(capacity);
    check({ noxrun, ringbuf });
    const blocks = capacity / BLOCK;
    const turns = {
      noxrun: () => time(noxrun.push, noxrun.pop, blocks, times),
      ringbuf: () => time(ringbuf.push, ringbuf.pop, blocks, times),
      noxrunInRust: () => time(noxrun.pushInRust, noxrun.quantumOnly, blocks, times),
    };
    const results = Object.fromEntries(Object.keys(turns).map((name) => [name, { push: [], pop: [] }]));
    // The first rounds are the compilers' (both engines' code is compiled better while it runs).
    for (let round = -8; round < rounds; round += 1) {
      for (const [name, turn] of Object.entries(turns)) {
        const { push, pop } = turn();
        if (round < 0) continue;
        results[name].push.push(push);
        results[name].pop.push(pop);
      }
    }
    check({ noxrun, ringbuf });
    postMessage({ blocks, times, ...results, ledger: await ledgerCost(exports, memory, ledger) });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
