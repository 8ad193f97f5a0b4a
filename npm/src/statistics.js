// Rows of numbers, of one producer or several in turn, as the statistics that npm/types/index.d.ts describes.

import { CAUSES, DROPPED, ROW, SILENT } from './book.js';

// What is no total but the largest, or the latest.
const LARGEST = new Set([ROW.longestUnderrun, ROW.longestNs, ROW.lateP50, ROW.lateP99, ROW.lateMax, ROW.longestCallback, ROW.callback, ROW.quantum]);
const LATEST = new Set([ROW.inFlight, ROW.state, ROW.heartbeat]);
const LOST = DROPPED + 4;

/** `row` of a producer that is gone: what was in flight with it is lost. */
export function retired(row) {
  const last = Float64Array.from(row);
  last[LOST] += last[ROW.inFlight];
  last[ROW.inFlight] = 0;
  return last;
}

/** Both rows in one: `before` is over. */
export function sum(before, now) {
  if (before === null) return now;
  return now.map((value, place) => {
    if (LATEST.has(place)) return value;
    return LARGEST.has(place) ? Math.max(value, before[place]) : value + before[place];
  });
}

const named = (names, row, from) => Object.fromEntries(names.map((name, place) => [name, row[from + place]]));
const total = (row, from, count) => row.subarray(from, from + count).reduce((sum, value) => sum + value, 0);
const orNull = (value) => (Number.isFinite(value) ? value : null);

/** The statistics. `facts`: what only the page knows. */
export function statistics(row, words, { context, outputLatency, ...facts }) {
  const { silentBy, droppedBy, causes } = words;
  const { sampleRate, baseLatency, playbackStats } = context;
  const ringMs = (row[ROW.inFlight] / sampleRate) * 1e3;
  const [baseMs, outputMs] = [orNull(baseLatency * 1e3), outputLatency === null ? null : orNull(outputLatency * 1e3)];
  const { at, state, transport, channels, bufferFrames, blockFrames, recoveries, startup } = facts;
  return {
    schema: 1,
    at,
    state,
    transport,
    sampleRate,
    channels,
    bufferFrames,
    blockFrames,
    callbackFrames: row[ROW.longestCallback] || null,
    fillFrames: row[ROW.inFlight],
    ledger: {
      requestedFrames: row[ROW.requested],
      freshFrames: row[ROW.fresh],
      repeatedFrames: row[ROW.repeated],
      concealedFrames: row[ROW.concealed],
      silentFrames: total(row, SILENT, silentBy.length),
      silentBy: named(silentBy, row, SILENT),
      producedFrames: row[ROW.produced],
      droppedFrames: total(row, DROPPED, droppedBy.length),
      droppedBy: named(droppedBy, row, DROPPED),
      inFlightFrames: row[ROW.inFlight],
      tornFrames: row[ROW.torn],
      imbalanceFrames: row[ROW.imbalance],
    },
    quanta: { total: row[ROW.quanta], duplicate: row[ROW.duplicateQuanta], starved: row[ROW.starvedQuanta] },
    underruns: { events: row[ROW.underruns], frames: row[ROW.underrunFrames], longestFrames: row[ROW.longestUnderrun], byCause: named(causes, row, CAUSES) },
    overruns: { events: row[ROW.overruns] },
    device: playbackStats === undefined ? null : { underrunEvents: playbackStats.underrunEvents, underrunSeconds: playbackStats.underrunDuration },
    latency: { ringMs, baseMs, outputMs, totalMs: baseMs === null || outputMs === null ? null : ringMs + baseMs + outputMs },
    producer: {
      renderLoad: row[ROW.lastedNs] > 0 ? row[ROW.renderNs] / row[ROW.lastedNs] : null,
      longestBlockMs: row[ROW.blocks] > 0 ? row[ROW.longestNs] / 1e6 : null,
      blocks: row[ROW.blocks],
      sleeps: row[ROW.sleeps],
      timeOuts: row[ROW.timeOuts],
      nonFinite: row[ROW.nonFinite],
      wakeLatenessMs: row[ROW.lateP50] < 0 || row[ROW.sleeps] === 0 ? null : { p50: row[ROW.lateP50], p99: row[ROW.lateP99], max: row[ROW.lateMax] },
    },
    recoveries,
    startup,
  };
}
