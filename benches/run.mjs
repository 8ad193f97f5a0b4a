// Runs the bench in Chromium, puts everything into one table and into target/bench/results.json. Called by ci/bench, which has built what is measured.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { figure, folders, launch, line, median, root, serve, spread, verdict } from './common.mjs';
import { measureFiles, printFiles } from './files.mjs';

// All that a page with the package loads (a module's or a built-in source's sound).
const shipped = ['noxrun.wasm', 'index.js', 'producer.js', 'processor.js'];

const ring = { capacity: 16384, rounds: 41, times: 32 };
// As small a ring as people play with; many places in memory, because they matter more than the ledger does.
const ledger = { capacity: 2048, places: 40, rounds: 9, count: 2500 };
const starts = 11;

// Goals of issues 2 and 4.
const goals = { ledger: 1.05, ring: 0.6, native: 1, startMs: 100, gzipBytes: 60 * 1024 };

// Ours and theirs, round by round: the ratio of two neighbouring rounds is disturbed less than either time.
function compare(what, ours, theirs, peer, unit, goal) {
  const ratio = median(ours.map((value, round) => value / theirs[round]));
  return { what, unit, noxrun: spread(ours), peer: { name: peer, ...spread(theirs) }, ratio, goal, reached: goal === null ? null : ratio <= goal };
}

// The consumer's time per quantum with its ledger and without: what the producer takes in between is taken off both.
function compareLedger(what, { shipped, bare, drained }, goal) {
  const own = (times) => times.map((ns, round) => ns - drained[round]);
  return compare(what, own(shipped), own(bare), 'without', 'ns', goal);
}

async function opened(browser, origin) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${origin}/bench/index.html`);
  await page.waitForFunction('globalThis.loaded');
  return page;
}

async function measureStarts(origin) {
  const first = [];
  const again = [];
  for (let count = 0; count < starts; count += 1) {
    // A browser of its own: nothing is compiled, cached or running from the time before, not even its audio service.
    const browser = await launch();
    const page = await opened(browser, origin);
    await page.evaluate(() => globalThis.load());
    // A person takes longer to find the Play button.
    await page.waitForTimeout(1000);
    first.push(await page.evaluate(() => globalThis.measureStart()));
    await page.waitForTimeout(500);
    again.push(await page.evaluate(() => globalThis.measureStart()));
    await browser.close();
  }
  return { first, again };
}

function startFigures(what, starts, goal) {
  const noxrun = spread(starts.map(({ firstFrameMs }) => firstFrameMs));
  const steps = Object.fromEntries(Object.keys(starts[0]).map((step) => [step, median(starts.map((one) => one[step]))]));
  return { what, unit: 'ms', noxrun, steps, goal, reached: noxrun.median < goal };
}

function sizes() {
  const files = shipped.map((name) => {
    const bytes = readFileSync(join(root, folders.package, name));
    return { name, bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length };
  });
  const gzipBytes = files.reduce((sum, file) => sum + file.gzipBytes, 0);
  return { files, gzipBytes, goal: goals.gzipBytes, reached: gzipBytes <= goals.gzipBytes };
}

function print(results) {
  const { machine, comparisons, startup, size } = results;
  console.log(`\n${machine.date}, ${machine.browser}, ${machine.cpu} x ${machine.cores}, load ${machine.load.map((load) => load.toFixed(1)).join(' ')}`);
  console.log('Medians; ± is half the distance between the quartiles. Ratios are medians over neighbouring rounds: ours / theirs.\n');
  line('one block of 128 stereo frames', 'noxrun', 'peer', 'ratio', 'goal', 'reached');
  for (const { what, unit, noxrun, peer, ratio, goal, reached } of comparisons) {
    line(`${what}, ${peer.name}`, figure(noxrun, unit), figure(peer, unit), ratio.toFixed(2), goal === null ? '' : `<= ${goal.toFixed(2)}`, verdict(reached));
  }
  console.log();
  line('Play to first real frame, as the page hears of it', 'noxrun', '', '', 'goal', 'reached');
  for (const { what, noxrun, steps, goal, reached } of startup) {
    line(what, figure(noxrun, 'ms'), '', '', `< ${goal} ms`, verdict(reached));
    console.log(`    of which ${Object.entries(steps).map(([step, ms]) => `${step} ${ms.toFixed(0)}`).join(', ')}`);
  }
  console.log();
  line('what an embedder ships', 'gzip -9', 'bytes', '', 'goal', 'reached');
  for (const { name, bytes, gzipBytes } of size.files) line(name, gzipBytes, bytes);
  line('in all', size.gzipBytes, '', '', `<= ${size.goal}`, verdict(size.reached));
  printFiles(results.files);
  const missed = [...comparisons, ...startup, size].filter(({ reached }) => reached === false).length;
  console.log(missed === 0 ? '\nEvery goal is reached.' : `\nGoals missed: ${missed}. On a busy machine, try again before drawing conclusions (load above).`);
}

const server = await serve();
const origin = `http://localhost:${server.address().port}`;
const browser = await launch();
try {
  const native = JSON.parse(readFileSync(join(root, 'target/bench/native.json'), 'utf8'));
  console.log(`Measuring the ring in a worker (${ring.rounds} rounds)`);
  const page = await opened(browser, origin);
  const times = await page.evaluate((settings) => globalThis.measureRing(settings), { ...ring, ledger });
  await page.context().close();
  console.log(`Measuring ${starts} starts, each in a new browser`);
  const { first, again } = await measureStarts(origin);
  console.log('Measuring files: decoding, playing, seeking');
  const files = await measureFiles(origin);
  const results = {
    schema: 1,
    machine: {
      date: new Date().toISOString(),
      browser: `Chromium ${browser.version()}`,
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      memoryBytes: totalmem(),
      load: loadavg(),
      node: process.version,
      rust: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim(),
    },
    comparisons: [
      compare('push, a call from JS for each block', times.noxrun.push, times.ringbuf.push, 'ringbuf.js', 'ns', goals.ring),
      compare("push, inside Rust's loop", times.noxrunInRust.push, times.ringbuf.push, 'ringbuf.js', 'ns', goals.ring),
      compare('pop into two Float32Arrays, as process()', times.noxrun.pop, times.ringbuf.pop, 'ringbuf.js', 'ns', goals.ring),
      compare('pop, noxrun_quantum alone', times.noxrunInRust.pop, times.ringbuf.pop, 'ringbuf.js', 'ns', null),
      compareLedger('quantum as in process(), with the ledger', times.ledger, goals.ledger),
      compareLedger('native quantum, with the ledger', native.ledger, null),
      compare('native push + pop, one thread', native.alone.noxrun, native.alone.rtrb, 'rtrb', 'ns', goals.native),
      compare('native, two threads, a block', native.contended.noxrun, native.contended.rtrb, 'rtrb', 'ns', goals.native),
    ],
    startup: [startFigures('first start in a new browser, page loaded', first, goals.startMs), startFigures('second start', again, goals.startMs)],
    size: sizes(),
    files,
    raw: { ring: times, native, starts: { first, again } },
  };
  writeFileSync(join(root, 'target/bench/results.json'), `${JSON.stringify(results, null, 1)}\n`);
  print(results);
  console.log('All of it, with each round: target/bench/results.json');
} finally {
  await browser.close();
  server.close();
}
