// An output of a page's own, driven through the engine's JavaScript API on the lab's page.

import assert from 'node:assert/strict';
import { PATIENCE } from './lab.mjs';

/** Runs in the page before its own scripts. */
function inPage() {
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const told = (error) => ({ name: error.name, code: error.code, problem: error.problem, message: error.message });

  window.driven = {
    output: null,
    /** Files by their names, made from what the test sends or taken from the disk. */
    files: {},

    /** {file: name}, {url}, {kind: "playlist", items} and others, as the API takes them. */
    source(spec) {
      if (spec?.file) return this.files[spec.file];
      if (spec?.kind === 'playlist') return { ...spec, items: spec.items.map((item) => this.source(item)) };
      return spec;
    },

    keep(name, base64) {
      this.files[name] = new File([bytesOf(base64)], name);
    },

    async start({ source, ...options }) {
      const began = performance.now();
      try {
        this.output = await window.wasmBindings.Output.start({ bufferFrames: 4096, ...options, source: this.source(source) });
        return { ms: performance.now() - began };
      } catch (error) {
        return { error: told(error) };
      }
    },

    /** Calls a method of the output; for setSource, `what` is a source. */
    async ask(method, ...what) {
      const began = performance.now();
      try {
        await this.output[method](...(method === 'setSource' ? what.map((spec) => this.source(spec)) : what));
        return { ms: performance.now() - began };
      } catch (error) {
        return { error: told(error), ms: performance.now() - began };
      }
    },

    /** The same, not waited for: `asked` has how it ended, by `key`. */
    asked: {},
    begin(key, method, ...what) {
      delete this.asked[key];
      this.ask(method, ...what).then((result) => { this.asked[key] = result; });
    },

    now() {
      const { state, position, failures, tracks, startup } = this.output;
      return { state, position, failures, tracks, startup, stats: this.output.stats() ?? null };
    },

    /** Waits until `test(now, argument)`; null where that does not come. */
    async until(test, argument, ms) {
      const holds = (0, eval)(`(${test})`);
      for (const end = performance.now() + ms; ; await sleep(20)) {
        const now = this.now();
        if (now.stats && holds(now, argument)) return { now };
        if (performance.now() > end) return { late: now };
      }
    },
  };
}

/** Opens the lab's page for `Driven`. `site` is a suite, or {browser, url} with another server. */
export async function drive(site, { open = (options) => site.open(options) } = {}) {
  return new Driven(await open({ before: [inPage] }));
}

export class Driven {
  constructor(lab) {
    this.lab = lab;
    this.page = lab.page;
  }

  /** Makes files in the page: {name: bytes}. Returns the last one's source. */
  async keep(files) {
    for (const [name, bytes] of Object.entries(files)) {
      await this.page.evaluate(([of, base64]) => window.driven.keep(of, base64), [name, bytes.toString('base64')]);
    }
    return { file: Object.keys(files).at(-1) };
  }

  /** Takes a file from the disk, as a person does who picks it: nothing is read yet. */
  async pick(file) {
    await this.page.evaluate(() => {
      document.getElementById('driven-pick')?.remove();
      document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'driven-pick' }));
    });
    await this.page.setInputFiles('#driven-pick', file);
    const name = await this.page.evaluate(() => {
      const [picked] = document.getElementById('driven-pick').files;
      window.driven.files[picked.name] = picked;
      return picked.name;
    });
    return { file: name };
  }

  /** Starts an output; what it is refused with, or {ms}. */
  tryStart(source, options = {}) {
    return this.page.evaluate((all) => window.driven.start(all), { ...options, source });
  }

  async start(source, options) {
    const { error, ms } = await this.tryStart(source, options);
    assert.equal(error, undefined, JSON.stringify(error));
    return ms;
  }

  /** Calls a method; how it ended. */
  ask(method, ...what) {
    return this.page.evaluate((all) => window.driven.ask(...all), [method, ...what]);
  }

  async does(method, ...what) {
    const { error, ms } = await this.ask(method, ...what);
    assert.equal(error, undefined, `${method} ${JSON.stringify(what)}: ${JSON.stringify(error)}`);
    return ms;
  }

  /** Calls a method and does not wait; `ended` does. */
  begin(key, method, ...what) {
    return this.page.evaluate((all) => window.driven.begin(...all), [key, method, ...what]);
  }

  async ended(key) {
    const handle = await this.page.waitForFunction((of) => window.driven.asked[of], key);
    return handle.jsonValue();
  }

  now() {
    return this.page.evaluate(() => window.driven.now());
  }

  /** Waits until `test(now, argument)`, a function that runs in the page, is true; returns `now`. */
  async until(test, argument = null, patience = PATIENCE) {
    const { now, late } = await this.page.evaluate((all) => window.driven.until(...all), [String(test), argument, patience]);
    assert.ok(now, `waited for ${test} (${JSON.stringify(argument)}): ${JSON.stringify({ ...late, stats: { fresh: late?.stats?.fresh } })}`);
    return now;
  }

  /** Waits until the position is from `from` on (and before `to`) in item `item`. */
  reaches(from, { to = Infinity, item = 0, patience } = {}) {
    const there = ({ position }, [least, most, nth]) => position?.item === nth && position.seconds >= least && (most === null || position.seconds < most);
    return this.until(there, [from, to === Infinity ? null : to, item], patience);
  }

  /** Waits for `frames` more real frames. */
  async plays(frames = 8820) {
    const { stats } = await this.until(() => true);
    return this.until(({ stats: { fresh } }, wanted) => fresh >= wanted, stats.fresh + frames);
  }

  /** Closes the output and requires its ledger to account for every frame. `complained: false`: what the browser complained about was wanted. */
  async close({ complained = true } = {}) {
    await this.does('close');
    const { stats, state } = await this.until(() => true);
    assert.equal(state, 'closed');
    balances(stats);
    await this.lab.close({ complained, brokenOff: true });
    return stats;
  }
}

/** Requires that a ledger, as the API gives it, accounts for every frame. */
export function balances(stats) {
  const told = JSON.stringify({ ...stats, underruns: { ...stats.underruns, log: undefined } });
  const sum = (numbers) => Object.values(numbers).reduce((a, b) => a + b, 0);
  assert.equal(stats.imbalance, 0, told);
  assert.equal(stats.requested, stats.fresh + stats.repeated + stats.concealed + sum(stats.silent), told);
  assert.equal(stats.produced, stats.fresh + sum(stats.dropped) + stats.inFlight, told);
  assert.equal(stats.underruns.frames, stats.concealed + stats.silent.underrun, told);
}
