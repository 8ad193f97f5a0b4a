// The loop that ledger.js times. A file of its own, because it is loaded once for each contestant: what the engine learns about the one then does not slow down the other.

const BLOCK = 128;
// Quanta in a callback, as most devices have them at 48 kHz or less.
const QUANTA = 4;
// Bits of what noxrun_quantum returns, as in worklet/processor.js.
const SECOND_AREA = 1;
const WANTS_TIME = 2;

// Callbacks as a device makes them: the body of process() four times, then the producer refills what was read. Returns nanoseconds per quantum, of both.
export function callbacks(count, push, bench, quantum, consumer, areas, output) {
  const start = performance.now();
  for (let callback = 0; callback < count; callback += 1) {
    push(bench, QUANTA);
    for (let served = 0; served < QUANTA; served += 1) {
      const told = quantum(consumer, BLOCK, 0);
      const area = areas[told & SECOND_AREA];
      for (let channel = 0; channel < output.length; channel += 1) output[channel].set(area[channel]);
    }
  }
  return (1e6 * (performance.now() - start)) / (QUANTA * count);
}

// As above, with nobody who reads: what is pushed is thrown away.
export function drained(count, push, bench, drain) {
  const start = performance.now();
  for (let callback = 0; callback < count; callback += 1) {
    push(bench, QUANTA);
    drain(bench);
  }
  return (1e6 * (performance.now() - start)) / (QUANTA * count);
}

// Serves callbacks until they are counted, which is some seconds after the start of a real output.
export function settle(push, bench, quantum, consumer) {
  for (let now = 5; now < 5000; now += 5) {
    push(bench, 1);
    if ((quantum(consumer, BLOCK, now) & WANTS_TIME) === 0) return;
  }
  throw new Error('callbacks are still being counted');
}
