// The same tests for every engine: what they expect of an output differs in nothing but the transport.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serve } from '../server.mjs';
import { launch } from './browsers.mjs';

/** For a test, in ms: it takes a tenth of it where nothing else goes on. */
const LIMIT = 120_000;
const RATE = 48_000;
/** What is kept ahead, in frames: as the package does unless told otherwise. */
const BUFFER = 2048;
/** How long a producer stands still, in ms, and where, in frames: long enough apart that the ring is full again. */
const STALL_MS = 500;
const STALLS = [RATE / 2, RATE, (3 * RATE) / 2];
/** A loss of at least so many frames can be none of those that a busy machine makes everywhere, and is far less than a stall costs. */
const LONG = 4800;
/** Windows that have to be without a loss, the length of each in ms, and how many there are at most. Short ones: a busy machine leaves some of them in peace. */
const CLEAN = 5;
const WINDOW_MS = 2000;
const WINDOWS = 30;
/** Where device and threads were not disturbed by more than this, a loss is nobody's fault but the engine's. The ring holds 43 ms; Firefox asks for 8 quanta every 21 ms. */
const CALM = { gapMs: 30, burst: 10, lateMs: 15 };

/** The package, and this folder's pages beside it. */
const PACKAGE = path.resolve(process.env.NOXRUN_PACKAGE ?? 'target/npm', 'noxrun');
const PAGES = fileURLToPath(new URL('../../engines', import.meta.url));
const routes = Object.fromEntries(readdirSync(PAGES).filter((name) => /\.(html|js)$/.test(name)).map((name) => [`/engines/${name}`, path.join(PAGES, name)]));

const sum = (numbers) => Object.values(numbers).reduce((a, b) => a + b, 0);

/** Requires that every frame is accounted for. */
function balanced({ ledger, underruns, quanta }) {
  const told = JSON.stringify({ ledger, underruns, quanta });
  assert.equal(ledger.imbalanceFrames, 0, told);
  assert.equal(ledger.requestedFrames, ledger.freshFrames + ledger.repeatedFrames + ledger.concealedFrames + ledger.silentFrames, told);
  assert.equal(ledger.producedFrames, ledger.freshFrames + ledger.droppedFrames + ledger.inFlightFrames, told);
  assert.equal(ledger.silentFrames, sum(ledger.silentBy), told);
  assert.equal(ledger.droppedFrames, sum(ledger.droppedBy), told);
  assert.equal(ledger.tornFrames, 0, told);
  // Of what goes on, or has just been, the cause is not known yet.
  assert.ok(underruns.events >= sum(underruns.byCause), told);
  assert.equal(underruns.frames, ledger.concealedFrames + ledger.silentBy.underrun, told);
}

/** What a page in one situation is expected to do. */
class Column {
  constructor(it, { isolated, transport, forced }) {
    Object.assign(this, { it, isolated, transport });
    this.options = forced ? { transport } : {};
  }

  /** Opens the page anew, with an output that is made but does not play yet. */
  async open(options = {}) {
    const { session, servers } = this.it;
    await session.open(`${servers[this.isolated].url}engines/page.html`);
    await session.run(async () => {
      if (document.readyState !== 'complete') await new Promise((resolve) => { addEventListener('load', () => resolve()); });
      if (!window.engines) throw new Error('page.js did not run: is the package there, and whole?');
    });
    const made = await session.run((options) => window.engines.open(options), { bufferFrames: BUFFER, ...this.options, ...options });
    assert.deepEqual(made, { state: 'ready', transport: this.transport });
    await session.run(() => window.engines.play());
    return session;
  }

  /** Ends the output: everything is accounted for, and nobody complained. */
  async close() {
    const { session } = this.it;
    const { stats, state, losses } = await session.run(() => window.engines.close());
    assert.equal(state, 'closed');
    assert.equal(stats.transport, this.transport);
    balanced(stats);
    assert.equal(stats.underruns.events, sum(stats.underruns.byCause), 'at the end every loss has a cause');
    assert.deepEqual(losses.filter(({ endedBy }) => endedBy === 'open'), [], 'a loss that goes on after the end');
    const { complaints, warnings } = await session.run(() => window.engines.said());
    assert.deepEqual(complaints, []);
    return { stats, losses, warnings };
  }

  plays() {
    test('plays, and counts every frame', { timeout: LIMIT }, async (t) => {
      const session = await this.open();
      const first = (await session.run((frames) => window.engines.played(frames), 1)).stats;
      const then = (await session.run((frames) => window.engines.played(frames), first.ledger.freshFrames + RATE)).stats;
      for (const stats of [first, then]) {
        balanced(stats);
        assert.equal(stats.state, 'running');
        assert.equal(stats.transport, this.transport);
        assert.equal(stats.bufferFrames, BUFFER);
        assert.equal(stats.sampleRate, RATE);
      }
      assert.ok(then.ledger.freshFrames >= first.ledger.freshFrames + RATE, JSON.stringify(then));
      const { warnings, stats } = await this.close();
      t.diagnostic(`callbacks of ${stats.callbackFrames} frames, underruns ${JSON.stringify(stats.underruns)}, start ${JSON.stringify(stats.startup)}`);
      // Nobody gets messages without being told, unless by asking for them.
      const told = warnings.filter((text) => /message/i.test(text));
      assert.equal(told.length > 0, this.transport === 'message' && !this.options.transport, `warnings: ${JSON.stringify(warnings)}`);
    });
  }

  /** Where memory cannot be shared, asking for it is refused. */
  refuses() {
    test('refuses shared memory where there is none', { timeout: LIMIT }, async () => {
      const session = await this.open();
      assert.equal(await session.run(() => window.engines.where().transport), 'message');
      assert.equal(await session.run(() => window.engines.refused({ transport: 'shared' })), 'not-isolated');
      await this.close();
    });
  }

  survives() {
    test('survives a producer that stands still, and says what it was', { timeout: LIMIT }, async (t) => {
      const session = await this.open({ data: { stalls: STALLS, stallMs: STALL_MS } });
      const wanted = STALLS.at(-1) + RATE;
      const { stats, losses, events } = await session.run((frames) => window.engines.played(frames), wanted);
      assert.ok(stats.ledger.freshFrames >= wanted, `it did not go on: ${JSON.stringify(stats)}`);
      assert.equal(stats.state, 'running');
      balanced(stats);
      const long = losses.filter(({ kind, frames }) => kind === 'underrun' && frames >= LONG);
      t.diagnostic(`stalls of ${STALL_MS} ms: ${losses.map(({ kind, frames, cause, endedBy }) => `${kind} of ${frames}, ${cause}, ${endedBy}`).join('; ')}`);
      assert.ok(long.length >= STALLS.length, `${long.length} losses of ${LONG} frames and more`);
      assert.deepEqual(long.filter(({ cause }) => cause === null || cause === 'unknown'), [], 'a loss without a cause');
      const blamed = long.filter(({ cause }) => cause === 'stalled' || cause === 'render-too-slow');
      // One may coincide with something else.
      assert.ok(blamed.length >= STALLS.length - 1, 'stalls that were blamed on something else');
      assert.ok(events.filter(({ type, frames }) => type === 'underrun' && frames >= LONG).length >= STALLS.length, 'underruns that no event told of');
      assert.ok(long.every(({ endedBy }) => endedBy === 'back'), 'a loss that did not end');
      await this.close();
    });
  }

  recovers() {
    test('replaces a producer that breaks', { timeout: LIMIT }, async (t) => {
      const session = await this.open({ data: { breaks: RATE / 2 } });
      const { stats, events } = await session.run(() => window.engines.heard('recovered'));
      const lost = events.find(({ type }) => type === 'producerlost');
      assert.equal(lost?.error.code, 'worker-crashed', JSON.stringify(events));
      assert.equal(lost.recovers, true);
      const recovered = events.find(({ type }) => type === 'recovered');
      assert.ok(recovered, `it did not come back: ${JSON.stringify(events)}`);
      assert.ok(stats.recoveries >= 1);
      const { stats: then } = await session.run((frames) => window.engines.played(frames), stats.ledger.freshFrames + RATE / 4);
      assert.ok(then.ledger.freshFrames >= stats.ledger.freshFrames + RATE / 4, 'it came back and does not play');
      balanced(then);
      t.diagnostic(`back after ${Math.round(recovered.ms)} ms`);
      await this.close();
    });
  }

  async #window(t, session, what, busy) {
    const seen = await session.run((...args) => window.engines.watch(...args), WINDOW_MS, busy);
    const { underruns, frames, causes, device, threadLateMs } = seen;
    const calm = device.longestGapMs <= CALM.gapMs && device.longestBurst <= CALM.burst && threadLateMs <= CALM.lateMs;
    t.diagnostic(`${what}: ${underruns} underruns, ${frames} frames ${JSON.stringify(causes)}; ${calm ? 'calm' : 'disturbed'}: gaps of the device up to ${device.longestGapMs} ms, `
      + `bursts up to ${device.longestBurst} quanta, another worker late by up to ${threadLateMs} ms`);
    assert.ok(seen.fresh > 0, `nothing was played: ${JSON.stringify(seen)}`);
    if (busy > 0) assert.ok(seen.busy.times >= 2 && seen.busy.longest >= busy, `the page was not busy: ${JSON.stringify(seen.busy)}`);
    return { clean: underruns === 0, calm };
  }

  /**
   * Without a loss for as long as the machine lets it. All windows are told; enough of them have to be clean, and more than those in which something was lost though nothing was disturbed.
   * A message that goes a longer way than it should, or one too few at a time, loses something in nearly every window.
   */
  lasts(what, { busy = 0 } = {}) {
    test(`loses nothing with ${BUFFER} frames ahead, ${what}`, { timeout: LIMIT }, async (t) => {
      const session = await this.open();
      // A context's first second has gaps of its own.
      await session.run((frames) => window.engines.played(frames), RATE);
      let [clean, blamed, windows] = [0, 0, 0];
      while (windows < WINDOWS && clean < CLEAN && blamed < CLEAN) {
        const seen = await this.#window(t, session, `window ${(windows += 1)}`, busy);
        if (seen.clean) clean += 1;
        else if (seen.calm) blamed += 1;
      }
      await this.close();
      const told = `of ${windows} windows ${clean} were without a loss; ${blamed} had one though nothing was disturbed`;
      assert.ok(blamed === 0 || clean > blamed, told);
      assert.ok(clean >= CLEAN, `${told}: try on a machine with less to do`);
    });
  }

  /** Says what is lost, and asks for nothing. */
  tells(what, buffers, { busy }) {
    test(`says what is lost ${what}`, { timeout: LIMIT }, async (t) => {
      for (const bufferFrames of buffers) {
        const session = await this.open({ bufferFrames });
        await session.run((frames) => window.engines.played(frames), RATE);
        await this.#window(t, session, `${bufferFrames} frames ahead`, busy);
        await this.close();
      }
    });
  }
}

/**
 * Declares tests of one engine, in one browser.
 *
 * @param {'chromium' | 'firefox' | 'webkit'} engine
 * @param {object} options for `launch`, and `title`
 * @param {(column: (title: string, options: {isolated: boolean, transport: 'shared' | 'message', forced?: boolean}, tests: (column: Column) => void) => void) => void} declare
 */
export function engine(name, { title = name, ...options }, declare) {
  describe(title, () => {
    const it = { session: null, servers: {} };
    let close = async () => {};
    before(async (t) => {
      for (const isolated of [true, false]) it.servers[isolated] = await serve(PACKAGE, { isolated, routes });
      ({ session: it.session, close } = await launch(name, options));
      process.stdout.write(`${title}: ${it.session.browser}\n`);
    });
    after(async () => {
      await close();
      for (const server of Object.values(it.servers)) await server.close();
    });
    declare((what, expected, tests) => describe(what, () => tests(new Column(it, expected))));
  });
}
