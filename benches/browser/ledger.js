// What the ledger costs the consumer: the same consumer with it and without, in turn.
//
// Where things lie in memory matters more than what is to be found out (up to 10 %: addresses that agree in their lower bits delay one another). So both read the same ring into the same arrays, and the whole is
// done again for many places.
const BLOCK = 128;
const CHANNELS = 2;

/** Nanoseconds per quantum, round by round: with the ledger, without it, and the producer's part of both alone. */
export async function ledgerCost(exports, memory, { capacity, places, rounds, count }) {
  const kinds = await Promise.all(['shipped', 'bare', 'drained'].map((kind) => import(`./callback.js?${kind}`)));
  const [shipped, bare, alone] = kinds;
  const push = exports.noxrun_bench_push;
  const results = { shipped: [], bare: [], drained: [] };
  for (let place = -1; place < places; place += 1) {
    // Moves what follows.
    exports.noxrun_bench_new(128 + 40 * (place + 1));
    const bench = exports.noxrun_bench_new(capacity);
    const other = exports.noxrun_bench_new(capacity);
    let consumer = exports.noxrun_attach(exports.noxrun_bench_address(bench), BLOCK);
    if (bench === 0 || other === 0 || consumer === 0) throw new Error('the bench found no ring');
    const areas = [0, 1].map((area) => {
      const start = exports.noxrun_staging(consumer, area);
      return Array.from({ length: CHANNELS }, (_, channel) => new Float32Array(memory.buffer, start + 4 * channel * BLOCK, BLOCK));
    });
    const output = Array.from({ length: CHANNELS }, () => new Float32Array(BLOCK));
    for (let round = place < 0 ? -20 : 0; round < rounds; round += 1) {
      shipped.settle(push, bench, exports.noxrun_quantum, consumer);
      const withLedger = shipped.callbacks(count, push, bench, exports.noxrun_quantum, consumer, areas, output);
      consumer = exports.noxrun_bench_keep(consumer, false, true);
      bare.settle(push, bench, exports.noxrun_bench_quantum_bare, consumer);
      const without = bare.callbacks(count, push, bench, exports.noxrun_bench_quantum_bare, consumer, areas, output);
      consumer = exports.noxrun_bench_keep(consumer, true, false);
      const drained = alone.drained(count, push, other, exports.noxrun_bench_drain);
      // The first place is the compilers'.
      if (place < 0) continue;
      results.shipped.push(withLedger);
      results.bare.push(without);
      results.drained.push(drained);
    }
    if (output[0][1] === 0) throw new Error('the consumer starved');
  }
  return results;
}
