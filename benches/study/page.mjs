// The lab's page, as the study drives it: one scenario after the other, and what each comes to.

/** Nothing takes so long beyond its own length, in ms. What does, hangs. */
const PATIENCE = 60_000;

/** Bands that the output's energy is told apart by, in Hz. The last one is the note's. */
export const BANDS = [[1_000, 5_000], [5_000, 10_000], [10_000, 17_000], [17_000, 20_000]];

/** Runs in the page before its own scripts: an AnalyserNode on whatever goes to the device. */
function listenIn() {
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (...to) {
    if (to[0] instanceof AudioDestinationNode) {
      window.analyser = new AnalyserNode(this.context, { fftSize: 4096, smoothingTimeConstant: 0 });
      connect.call(this, window.analyser);
    }
    return connect.apply(this, to);
  };
}

/** Opens the lab. `ready: false` does not wait until Play could be pressed. */
export async function open(browser, url, { ready = true } = {}) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.addInitScript(listenIn);
  await page.goto(url);
  if (ready) await page.waitForSelector('body[data-phase="ready"]');
  return page;
}

function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not ended after ${Math.round(ms / 1e3)} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Plays a scenario; resolves to its report without the long lists. */
export function run(page, scenario) {
  const told = page.evaluate(async (asked) => {
    const report = await window.noxrun.run(asked);
    const first = (list) => list[0]?.atMs ?? null;
    const firstUnderrunMs = first(report.underruns.log);
    const firstOverrunMs = first(report.overruns.log);
    for (const lists of [report.underruns, report.overruns, report.integrity, report.device]) if (lists) delete lists.log;
    return { ...report, firstUnderrunMs, firstOverrunMs, pageOriginMs: performance.timeOrigin };
  }, scenario);
  return within(told, (scenario.seconds ?? 5) * 1e3 + PATIENCE, JSON.stringify(scenario));
}

/** As `run`, with the output's energy by band: dB relative to all of it, means over the time from 0.4 s after it was connected. */
export function runWithBands(page, scenario) {
  const told = page.evaluate(async ([asked, bands]) => {
    const sums = bands.map(() => 0);
    let all = 0;
    window.analyser = null;
    const running = window.noxrun.run(asked);
    let over = false;
    running.catch(() => {}).finally(() => { over = true; });
    while (!window.analyser && !over) await new Promise((resolve) => setTimeout(resolve, 10));
    const end = performance.now() + 1e3 * asked.seconds;
    // The sound's own beginning is an edge too.
    await new Promise((resolve) => setTimeout(resolve, 400));
    while (!over && performance.now() < end) {
      const { analyser } = window;
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      const width = analyser.context.sampleRate / 2 / bins.length;
      for (let bin = 0; bin < bins.length; bin += 1) {
        const power = 10 ** (bins[bin] / 10);
        all += power;
        const at = bands.findIndex(([from, to]) => bin * width >= from && bin * width < to);
        if (at >= 0) sums[at] += power;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const report = await running;
    return { ledger: report.ledger, quanta: report.quanta, underruns: { events: report.underruns.events }, db: sums.map((sum) => 10 * Math.log10(Math.max(sum, 1e-20) / all)) };
  }, [scenario, BANDS]);
  return within(told, scenario.seconds * 1e3 + PATIENCE, JSON.stringify(scenario));
}

export function compare(page, options, ms) {
  return within(page.evaluate((asked) => window.noxrun.compare(asked), options), ms, 'the comparison');
}

const share = (some, all) => (all > 0 ? some / all : 0);

/** What a report comes to, as the simulation tells it too (examples/study.rs). */
export function figuresOf(report) {
  const { ledger, quanta, callbacks, reads, exchange, underruns, overruns, latency, startup } = report;
  const played = ledger.requestedFrames - ledger.silentFrames;
  return {
    duplicateFrames: share(ledger.repeatedFrames, played),
    duplicateQuanta: share(quanta.duplicate, played / report.renderQuantum),
    duplicateCallbacks: callbacks && share(callbacks.duplicate, callbacks.total),
    superseded: share(ledger.droppedBy.superseded, ledger.producedFrames),
    staleReads: reads && share(reads.stale, reads.total),
    starvedQuanta: share(quanta.starved, quanta.total),
    underruns: underruns.events,
    overruns: overruns.events,
    tornFrames: ledger.tornFrames,
    reads: reads && reads.total,
    callbackFrames: callbacks && ledger.requestedFrames / callbacks.total,
    // What the browser itself says that it asks for at once.
    baseFrames: latency.baseMs === null ? null : Math.round((latency.baseMs * report.sampleRate) / 1e3),
    wakeLateMs: report.producer.wakeLatenessMs?.p99 ?? null,
    ringMs: latency.ringMs && latency.ringMs.p50,
    firstFrameMs: startup.firstFrameMs,
    transitMs: exchange.transitMs,
    memoryBytes: exchange.memoryBytes,
    firstLossSeconds: report.firstUnderrunMs === null && report.firstOverrunMs === null
      ? null : Math.min(report.firstUnderrunMs ?? Infinity, report.firstOverrunMs ?? Infinity) / 1e3,
    allocations: report.verdicts.find(({ flag }) => flag === 'allocation')?.value ?? null,
    imbalanceFrames: ledger.imbalanceFrames,
  };
}

/** Median, extremes and all values of what was measured; null of what never was. */
export function spread(values) {
  const measured = values.filter((value) => value !== null && value !== undefined && Number.isFinite(value)).sort((a, b) => a - b);
  if (measured.length === 0) return null;
  const at = (place) => measured[Math.floor(place)];
  const middle = (measured.length - 1) / 2;
  return { median: (at(middle) + at(middle + 0.5)) / 2, min: measured[0], max: measured.at(-1), values };
}

/** {figure: spread} of a list of {figure: value}. */
export function spreads(list) {
  return Object.fromEntries(Object.keys(list[0]).map((name) => [name, spread(list.map((one) => one[name]))]));
}
