// Measures what docs/study.md quotes, in Chromium and in simulated time, prints it as Markdown and leaves target/study/results.json. Called by ci/study, which has built what is measured.
// Exits with 1 when simulation and browser are further apart than the study says, or when a frame is unaccounted for.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, normalize } from 'node:path';
import { launch } from '../../tests/support/chromium.mjs';
import { SITE, serve } from '../../tests/support/server.mjs';
import { open } from './page.mjs';
import { problems } from './check.mjs';
import * as sections from './sections.mjs';
import { simulate } from './simulated.mjs';
import { print } from './tables.mjs';

const root = normalize(join(import.meta.dirname, '../..'));
const ORDER = ['device', 'latest', 'tears', 'queue', 'drift', 'sweep', 'edges', 'flags', 'counted', 'several', 'startup', 'tables'];
// Nothing here takes half as long.
const LIMIT_MS = 14 * 60_000;

const file = join(root, 'target/study/results.json');

// After each section: what was measured is there also if the rest is given up.
function save(results) {
  mkdirSync(join(root, 'target/study'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}

const wanted = process.env.NOXRUN_STUDY_SECTIONS?.split(',') ?? ORDER;
for (const name of wanted) if (!ORDER.includes(name)) throw new Error(`NOXRUN_STUDY_SECTIONS: there is no ${name}; there are ${ORDER.join(', ')}`);

const started = Date.now();
const server = await serve(SITE);
const browser = await launch();
const limit = setTimeout(() => {
  console.error(`Not done after ${LIMIT_MS / 60_000} minutes: given up.`);
  // The browser goes with the process that launched it.
  process.exit(1);
}, LIMIT_MS);
limit.unref();
try {
  const results = {
    schema: 1,
    machine: {
      date: new Date().toISOString(),
      browser: `Chromium ${browser.version()}, headless, without a sound card`,
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      loadBefore: loadavg(),
      rust: execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim(),
    },
    repeats: sections.REPEATS,
    measured: {},
    // When each section was measured, and how busy the machine was then.
    when: {},
  };
  // Parts that are measured again take the place of what they were; the others stay, each with its own date.
  if (process.env.NOXRUN_STUDY_SECTIONS && existsSync(file)) {
    const before = JSON.parse(readFileSync(file, 'utf8'));
    if (before.machine.browser === results.machine.browser) for (const part of ['measured', 'when']) Object.assign(results[part], before[part]);
  }
  for (const name of ORDER.filter((one) => wanted.includes(one))) {
    const page = await open(browser, server.url);
    const began = Date.now();
    console.error(`Measuring: ${name}`);
    results.measured[name] = await sections[name]({ page, browser, url: server.url });
    await page.close();
    results.when[name] = { date: new Date(began).toISOString(), tookSeconds: Math.round((Date.now() - began) / 1e3), load: loadavg() };
    save(results);
    console.error(`${name}: ${Math.round((Date.now() - began) / 1e3)} s`);
  }
  results.machine.loadAfter = loadavg();
  if (results.measured.device) results.simulated = simulate(results.measured.device);
  results.problems = problems(results);
  results.tookSeconds = Math.round((Date.now() - started) / 1e3);
  save(results);
  print(results);
  if (results.problems.length > 0) process.exitCode = 1;
} finally {
  clearTimeout(limit);
  await browser.close();
  await server.close();
}
