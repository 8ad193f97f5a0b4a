// The study's figures as Markdown. By itself (`node benches/study/tables.mjs`) it prints those of the latest run again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BANDS, spread } from './page.mjs';
import { LATEST_CELLS, QUEUE_CELLS, SIZES } from './sections.mjs';

const NOTHING = 'not measured';
const given = (value) => value !== null && value !== undefined;

/** A median, and in brackets the least and the most where they differ. */
function spreadText(figure, digits, factor, unit) {
  if (!given(figure)) return NOTHING;
  const [median, min, max] = [figure.median, figure.min, figure.max].map((value) => (factor * value).toFixed(digits));
  return min === max ? `${median}${unit}` : `${median}${unit} (${min}..${max})`;
}
const share = (figure) => spreadText(figure, 1, 100, ' %');
const ms = (figure, digits = 1) => spreadText(figure, digits, 1, ' ms');
const plain = (figure, digits = 0) => spreadText(figure, digits, 1, '');
const percent = (value) => (given(value) ? `${(100 * value).toFixed(1)} %` : NOTHING);

function table(title, columns, rows) {
  console.log(`\n### ${title}\n\n| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

const named = (section, row) => Object.entries(section).map(([name, figures]) => [name, ...row(figures, name)]);

const printers = {
  device: ({ device }) =>
    table('The device', ['context', 'base latency', 'frames between two callbacks, as counted', 'producer woken late, p99'],
      named(device, ({ baseFrames, callbackFrames, wakeLateMs }) => [`${plain(baseFrames)} frames`, plain(callbackFrames), ms(wakeLateMs)])),

  latest: ({ latest }, simulated) =>
    table('Newest block counts: simulation beside browser', ['cell', 'quiet runs', 'duplicate quanta', 'simulated', 'repeated frames', 'simulated', 'superseded', 'simulated', 'stale reads', 'simulated', 'torn frames', 'duplicate quanta, all runs'],
      LATEST_CELLS.map(({ name }) => {
        const [real, foretold] = [latest[name], simulated?.latest[name] ?? {}];
        return [name, `${real.quietRuns} of ${real.allRuns.duplicateQuanta.values.length}`, share(real.duplicateQuanta), percent(foretold.duplicateQuanta), share(real.duplicateFrames), percent(foretold.duplicateFrames),
          share(real.superseded), percent(foretold.superseded), share(real.staleReads), percent(foretold.staleReads), plain(real.tornFrames), share(real.allRuns.duplicateQuanta)];
      })),

  tears: ({ tears }) =>
    table('A producer much faster than its reader', ['cell', 'torn frames', 'reads', 'superseded', 'repeated frames'],
      named(tears, ({ tornFrames, reads, superseded, duplicateFrames }) => [plain(tornFrames), plain(reads), share(superseded), share(duplicateFrames)])),

  queue: ({ queue }, simulated) =>
    table('Starved quanta by depth of the queue', ['blocks', 'starved quanta', 'simulated', 'repeated frames', 'underruns'],
      QUEUE_CELLS.map(({ name }) => [name, share(queue[name].starvedQuanta), percent(simulated?.queue[name].starvedQuanta), share(queue[name].duplicateFrames), plain(queue[name].underruns)])),

  drift: ({ drift }, simulated) =>
    table('A clock that is off: first loss', ['clock', 'first loss', 'simulated (to the second)', 'underruns', 'overruns'],
      named(drift, ({ firstLossSeconds, underruns, overruns }, name) => [spreadText(firstLossSeconds, 1, 1, ' s'), `${simulated?.drift[name].firstLossSeconds} s`, plain(underruns), plain(overruns)])),

  sweep: ({ sweep }) =>
    table('Ring from 64 to 8192 frames', ['frames', 'starved quanta', 'underruns', 'in the ring, p50', 'starved with three hogs', 'underruns with three hogs'],
      SIZES.map((size) => {
        const [idle, hogs] = [sweep[size], sweep[`${size}, three hogs`]];
        return [size, share(idle.starvedQuanta), plain(idle.underruns), ms(idle.ringMs), share(hogs.starvedQuanta), plain(hogs.underruns)];
      })),

  edges: ({ edges }) =>
    table('Energy by band, dB relative to all of it', ['output', ...BANDS.map(([from, to]) => `${from / 1e3} to ${to / 1e3} kHz`), 'underruns'],
      named(edges, ({ bands, underruns }) => [...bands.map((band) => plain(band)), plain(underruns)])),

  flags: ({ flags: { isolation, ...cells } }) => {
    const status = (runs, flag) => runs.map(({ verdicts }) => verdicts[flag].status).join(', ');
    const clean = cells.none;
    table('Red flags: raised on purpose, and in a run without a fault', ['flag', 'raised on purpose', 'value (limit)', 'without a fault', 'value'],
      Object.keys(clean[0].verdicts).map((flag) => {
        const runs = cells[flag];
        const value = (list) => plain(spread(list.map(({ verdicts }) => verdicts[flag].value)), 2);
        const { limit, unit } = clean[0].verdicts[flag];
        return [flag, runs ? status(runs, flag) : NOTHING, runs ? `${value(runs)} (${given(runs[0].verdicts[flag].limit) ? runs[0].verdicts[flag].limit.toFixed(2) : 'none'}) ${unit}` : `(${limit ?? 'none'}) ${unit}`, status(clean, flag), value(clean)];
      }));
    console.log(`\nWithout the headers that isolate a page: ${isolation}`);
  },

  counted: ({ counted: { lies, alias } }) => {
    table('Made on purpose, and counted', ['fault', 'made, frames', 'counted, frames'], ['skipped', 'replayed', 'torn'].map((kind) => [kind, plain(lies[`${kind}Made`]), plain(lies[`${kind}Found`])]));
    table('Aliased buffer', ['duplicates found, of fresh frames', 'quanta with one', 'callbacks with one', 'aliased blocks by the flag', 'declared by the strategy'],
      [[share(alias.duplicateShare), share(alias.duplicateQuanta), share(alias.duplicateCallbacks), plain(alias.aliasedBlocks), plain(alias.declaredRepeated)]]);
  },

  several: ({ several }) =>
    table('Several outputs at once', ['where', 'outputs', 'that played', 'underruns', 'frames unaccounted for'],
      named(several, ({ outputs, playing, underruns, imbalanceFrames }) => [plain(outputs), plain(playing), plain(underruns), plain(imbalanceFrames)])),

  startup: ({ startup }) =>
    table('Start', ['', 'module', 'worker', 'worklet', 'first frame', 'from navigation to first frame'],
      named(startup, ({ moduleMs, workerMs, workletMs, firstFrameMs, fromNavigationMs }, name) => [ms(moduleMs, 0), ms(workerMs, 0), ms(workletMs, 0), ms(firstFrameMs, 0), name === 'cold' ? ms(fromNavigationMs, 0) : ''])),

  tables: ({ tables }) => {
    for (const [name, result] of Object.entries(tables)) {
      table(`Strategies, ${name === 'busy' ? "the page's thread busy for 100 ms of each 500" : 'no fault'}`,
        ['cell', 'in the buffer, p50', 'CPU, all threads', 'underruns', 'frames missing', 'duplicate quanta', 'superseded', 'torn', 'transit', 'first sound', 'memory, MiB', 'messages', 'new buffers', 'allocations', 'lines'],
        result.cells.map(({ label, figures, complexity, notRun }) =>
          notRun ? [label, notRun] : [label, ms(figures.latencyP50), share(figures.cpu), plain(figures.underruns), share(figures.lost), share(figures.duplicates), share(figures.dropped), plain(figures.torn), figures.messages?.max > 0 && figures.transit?.max > 0 ? ms(figures.transit, 2) : 'none', ms(figures.firstSound, 0),
            spreadText(figures.memory, 2, 1 / 2 ** 20, ''), plain(figures.messages), plain(figures.newBuffers), plain(figures.allocations), complexity?.lines ?? '']));
    }
    for (const { name, columns, rows } of tables.busy.tables) {
      if (name !== 'sides') continue;
      table('Shared memory, messages, main thread, as the page shows it', ['', ...columns], rows.map((row) => [row.name, ...row.entries.map(({ text, spread: range }) => (range ? `${text} (${range})` : text))]));
    }
    table('A producer that panics', ['column', 'died', 'page, audio, context alive', 'known after', 'sound back after'],
      tables.busy.groups.map(({ name, killed, notKilled }) =>
        killed ? [name, killed.died, [killed.pageAlive, killed.audioAlive, killed.contextAlive].join(', '), given(killed.knownAfterMs) ? `${killed.knownAfterMs.toFixed(0)} ms` : NOTHING, given(killed.soundBackMs) ? `${killed.soundBackMs.toFixed(0)} ms` : 'never'] : [name, notKilled ?? NOTHING, '', '', '']));
  },
};

export function print(results) {
  const { machine, repeats, measured, simulated, problems, tookSeconds } = results;
  const load = (list) => list?.map((one) => one.toFixed(1)).join(' ') ?? '?';
  console.log(`\n${machine.date}, ${machine.browser}; ${machine.cpu}, ${machine.cores} cores, load ${load(machine.loadBefore)} before and ${load(machine.loadAfter)} after; ${machine.rust}. Took ${tookSeconds} s.`);
  console.log(`Medians of ${repeats} runs at least, in brackets the least and the most.`);
  for (const name of Object.keys(printers)) if (measured[name]) printers[name](measured, simulated);
  if (simulated) {
    table('By numbers alone, simulated', ['case', 'duplicate quanta', 'repeated frames', 'superseded', 'stale reads'],
      named(simulated.numbers, (one) => [percent(one.duplicateQuanta), percent(one.duplicateFrames), percent(one.superseded), percent(one.staleReads)]));
    table('1 Hz in 48 kHz, simulated', ['ring, producer', 'first loss', 'what is lost'],
      named(simulated.hertz, ({ firstLossSeconds, underruns }) => [given(firstLossSeconds) ? `${firstLossSeconds} s` : 'none in an hour', underruns > 0 ? 'underrun' : 'a block without room']));
    table('Paced by room, simulated', ['ring', 'losses in an hour'], named(simulated.locked, ({ underruns, overflowFrames }) => [underruns + overflowFrames]));
  }
  if (problems?.length > 0) console.log(`\nWhat should not be:\n${problems.map((one) => `- ${one}`).join('\n')}`);
  else if (problems) console.log(`\nEvery frame is accounted for${measured.latest && simulated ? '; where the newest block counts, simulation and browser are within 3 points' : ''}.`);
  console.log('All of it, each run: target/study/results.json');
}

if (process.argv[1] === import.meta.filename) print(JSON.parse(readFileSync(join(import.meta.dirname, '../../target/study/results.json'), 'utf8')));
