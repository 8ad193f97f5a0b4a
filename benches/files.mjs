// Files: how fast each format is decoded, beside decodeAudioData of the same file in the same run; what playing it costs; how long a seek takes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { folders, launch, line, median, root } from './common.mjs';

// Rate of the sound that comes out, in Hz: the files' own is 44,100, so all of it is resampled, as on most machines.
const sampleRate = 48000;
const channels = 2;
const seeks = 60;
const playSeconds = 3;

// Runs in the lab's page, which has the engine with all formats.
async function measure({ name, sampleRate, channels, seeks, playSeconds }) {
  const { Output, inspect } = globalThis.wasmBindings;
  const bytes = await (await fetch(`/files/${name}`)).arrayBuffer();
  const file = new File([bytes], name);
  const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  const glue = new URL([...document.scripts].map(({ textContent }) => textContent.match(/'([^']*noxrun[^']*\.js)'/)?.[1]).find(Boolean), location).href;
  const code = await WebAssembly.compileStreaming(fetch(glue.replace(/\.js$/, '_bg.wasm')));
  const worker = new Worker('/bench/decode.worker.js', { type: 'module' });
  const decoded = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.error) reject(new Error(data.error));
      // The feeder also tells what it has opened.
      if (data.runs) resolve(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ glue, module: code, pages: 256, file, sampleRate, channels });
  });
  worker.terminate();
  // Neighbours in time: the same bytes, the same rate.
  // Null where the browser does not decode that way.
  let whole = [];
  for (const _ of decoded.runs) {
    const copy = bytes.slice(0);
    const start = performance.now();
    try {
      const buffer = await new OfflineAudioContext(channels, 1, sampleRate).decodeAudioData(copy);
      whole.push({ ms: performance.now() - start, frames: buffer.length });
    } catch {
      whole = null;
      break;
    }
  }

  // Tags, cover and overview, with as many workers as the engine takes by itself.
  const inspectMs = [];
  for (const _ of decoded.runs) {
    const start = performance.now();
    const { failure } = await inspect(file).catch((error) => ({ failure: error }));
    // What only the browser decodes, or nobody, has no figure.
    inspectMs.push(failure ? NaN : performance.now() - start);
  }

  const { producer } = await globalThis.noxrun.run({ source: { kind: 'file', url: `/files/${name}` }, seconds: playSeconds });

  const output = await Output.start({ source: file, sampleRate, bufferFrames: 2048 });
  await sleep(500);
  const length = output.tracks[0].info.seconds;
  const soughtMs = [];
  const heardMs = [];
  const channel = new MessageChannel();
  const turn = () => new Promise((resolve) => { channel.port1.onmessage = resolve; channel.port2.postMessage(0); });
  // The same places in every run.
  let place = 0.5;
  for (let n = 0; n < seeks; n += 1) {
    place = (place * 997 + 0.1234) % 1;
    const before = output.stats()?.dropped.seek ?? 0;
    const start = performance.now();
    await output.seek(place * (length - 1));
    soughtMs.push(performance.now() - start);
    // The audio thread has changed over when it has dropped what was ahead of the old place.
    while ((output.stats()?.dropped.seek ?? 0) === before && performance.now() - start < 2000) await turn();
    heardMs.push(performance.now() - start);
    await sleep(30);
  }
  await output.close();
  const { underruns, imbalance } = output.stats();
  return { decoded: decoded.runs, whole, inspectMs, renderLoad: producer.renderLoad, soughtMs, heardMs, underruns: underruns.events, imbalance };
}

const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

/** Measures every file that ci/bench-files made. */
export async function measureFiles(origin) {
  const results = [];
  for (const name of readdirSync(join(root, folders.files)).filter((name) => !name.startsWith('.'))) {
    const browser = await launch();
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(`${origin}/site/index.html`);
    await page.waitForSelector('body[data-phase="ready"]');
    const raw = await page.evaluate(measure, { name, sampleRate, channels, seeks, playSeconds });
    await browser.close();
    const speed = ({ ms, frames }) => (1e3 * frames) / sampleRate / ms;
    const ours = median(raw.decoded.map(speed));
    const theirs = raw.whole && median(raw.whole.map(speed));
    results.push({
      name,
      timesRealTime: ours,
      decodeAudioData: theirs,
      ratio: raw.whole && median(raw.decoded.map((one, run) => one.ms / raw.whole[run].ms)),
      feederLoad: 1 / ours,
      overviewTimesRealTime: median(raw.decoded.map(({ frames }, run) => (1e3 * frames) / sampleRate / raw.inspectMs[run])),
      producerLoad: raw.renderLoad,
      seekMs: { p50: percentile(raw.soughtMs, 0.5), p99: percentile(raw.soughtMs, 0.99) },
      seekReadMs: { p50: percentile(raw.heardMs, 0.5), p99: percentile(raw.heardMs, 0.99) },
      underruns: raw.underruns,
      imbalance: raw.imbalance,
      raw,
    });
  }
  return results;
}

export function printFiles(results) {
  console.log();
  line('one minute of stereo, 44.1 to 48 kHz', 'x real time', 'decodeAudioData', 'time, ours/its', 'overview', 'feeder load', 'producer load');
  for (const { name, timesRealTime, decodeAudioData, ratio, overviewTimesRealTime, feederLoad, producerLoad } of results) {
    const share = (value) => (value === null ? '-' : `${(100 * value).toFixed(2)} %`);
    line(name, timesRealTime.toFixed(0), decodeAudioData?.toFixed(0) ?? 'refused', ratio?.toFixed(2), overviewTimesRealTime.toFixed(0), share(feederLoad), share(producerLoad));
  }
  line('seek to a random place', 'decoded p50', 'p99, ms', 'read p50', 'p99, ms', 'underruns');
  for (const { name, seekMs, seekReadMs, underruns } of results) {
    line(name, seekMs.p50.toFixed(1), seekMs.p99.toFixed(1), seekReadMs.p50.toFixed(1), seekReadMs.p99.toFixed(1), underruns);
  }
}
