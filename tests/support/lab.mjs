// The lab's page, driven as a person would: by its controls, and by what it shows.

import assert from 'node:assert/strict';
import { complaints } from './chromium.mjs';

/** Milliseconds for anything that is waited for. Nothing takes a tenth of it where nothing else goes on. */
export const PATIENCE = 30_000;

/** The ledger's reasons, as the page's ids name them. */
const SILENT_BY = ['startup', 'paused', 'ended', 'disconnected', 'underrun'];
const DROPPED_BY = ['overflow', 'superseded', 'seek', 'skippedLate', 'lost'];

/** Runs in the page before its own scripts: keeps every AudioContext in `heard`, each with an AnalyserNode on what goes to the device. */
function listenIn() {
  window.heard = [];
  const Native = window.AudioContext;
  window.AudioContext = class AudioContext extends Native {
    constructor(options) {
      super(options);
      window.heard.push({ context: this, analyser: new AnalyserNode(this, { fftSize: 4096 }) });
    }
  };
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (...to) {
    if (to[0] instanceof AudioDestinationNode) {
      const entry = window.heard.find(({ context }) => context === this.context);
      if (entry) connect.call(this, entry.analyser);
    }
    return connect.apply(this, to);
  };
}

/**
 * Opens the lab and waits until it can be used.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} url of the site, with a slash at its end
 * @param {object} [options]
 * @param {string} [options.query] what follows the address
 * @param {string} [options.phase] the `data-phase` to wait for
 * @param {object} [options.page] options for the page: viewport, colour scheme and the like
 * @param {Function[]} [options.before] functions that run in the page before its own scripts
 */
export async function openLab(browser, url, { query = '', phase = 'ready', page: pageOptions = {}, before = [] } = {}) {
  const page = await browser.newPage(pageOptions);
  page.setDefaultTimeout(PATIENCE);
  const lab = new Lab(page);
  for (const script of [listenIn, ...before]) await page.addInitScript(script);
  await page.goto(url + query);
  await page.waitForSelector(`body[data-phase="${phase}"]`);
  return lab;
}

export class Lab {
  constructor(page) {
    this.page = page;
    this.complained = complaints(page);
  }

  /** Presses Play and waits for the sound. */
  async play() {
    await this.page.click('#play');
    await this.state('running');
  }

  /** Presses Stop and waits until the output is closed and its last figures are shown. */
  async stop() {
    await this.page.click('#stop');
    await this.closed();
  }

  /** Waits until the output is closed and its last figures are shown: those stay. */
  async closed() {
    await this.state('closed');
    await this.page.waitForFunction(() => window.heard.at(-1).context.state === 'closed');
    await this.frames(3);
  }

  /** Waits until the page has drawn `count` more frames. */
  frames(count) {
    return this.page.evaluate(async (wanted) => {
      for (let nth = 0; nth < wanted; nth += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    }, count);
  }

  /** Waits until the page says that it is in one of these states. */
  async state(...names) {
    const wanted = names.map((name) => `#state[data-state="${name}"]`).join();
    await this.page.waitForSelector(wanted).catch(async (error) => {
      const now = await this.page.evaluate(() => document.getElementById('state').dataset.state);
      throw new Error(`waited for the state ${names.join(' or ')}, but it is ${now}; message: "${await this.text('message-text')}"`, { cause: error });
    });
  }

  text(id) {
    return this.page.locator(`#${id}`).textContent();
  }

  /** A count or a length in ms, as shown; NaN for a dash. */
  async number(id) {
    return Number.parseFloat((await this.text(id)).replaceAll(',', ''));
  }

  /** Waits until `test(number)` is true of the figure shown at `id`; `test` runs in the page. */
  async until(id, test, argument) {
    const source = `(${test})(Number.parseFloat(document.getElementById(${JSON.stringify(id)}).textContent.replaceAll(',', '')), ${JSON.stringify(argument)})`;
    await this.page.waitForFunction(source).catch(async (error) => {
      throw new Error(`#${id} is ${await this.text(id)}: waited for ${test} (${argument})`, { cause: error });
    });
  }

  /** Waits until `frames` more frames were played. */
  async plays(frames) {
    await this.until('ledger-fresh', (fresh, wanted) => fresh >= wanted, (await this.number('ledger-fresh')) + frames);
  }

  /** Waits for the message and returns code and text. */
  async message(code) {
    await this.page.waitForSelector(`#message${code ? `[data-code="${code}"]` : ''}:not([hidden])`);
    return this.text('message-text');
  }

  /** Changes a field as somebody does who types into it. */
  async type(id, text) {
    await this.page.fill(`#${id}`, String(text));
    await this.page.press(`#${id}`, 'Enter');
  }

  /** Drops files on the page: what is dispatched is what the browser dispatches for a file from outside. */
  async drop(name, bytes, type = '') {
    const transfer = await this.page.evaluateHandle(
      ([fileName, base64, mime]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], fileName, { type: mime }));
        return data;
      },
      [name, bytes.toString('base64'), type],
    );
    for (const kind of ['dragenter', 'dragover']) await this.page.dispatchEvent('main', kind, { dataTransfer: transfer });
    await this.page.waitForSelector('#drop:not([hidden])', { state: 'attached' });
    await this.page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
    await this.page.waitForSelector('#drop[hidden]', { state: 'attached' });
  }

  /** Every frame, as the page accounts for it: all figures of one moment. */
  async ledger() {
    return this.page.evaluate(
      ([silent, dropped]) => {
        const at = (id) => Number(document.getElementById(id).textContent.replaceAll(',', ''));
        const by = (side, names) => Object.fromEntries(names.map((name) => [name, at(`ledger-${side}-${name}`)]));
        const names = ['requested', 'fresh', 'repeated', 'concealed', 'silent', 'produced', 'played', 'dropped'];
        return {
          ...Object.fromEntries(names.map((name) => [name, at(`ledger-${name}`)])),
          inFlight: at('ledger-in-flight'),
          silentBy: by('silent', silent),
          droppedBy: by('dropped', dropped),
          imbalance: at('imbalance'),
          underruns: at('underrun-events'),
          missing: at('underrun-frames'),
          balanced: document.getElementById('balance').dataset.balanced,
        };
      },
      [SILENT_BY, DROPPED_BY],
    );
  }

  /** Requires that the ledger as shown accounts for every frame, and returns it. */
  async balanced() {
    const ledger = await this.ledger();
    const sum = (numbers) => Object.values(numbers).reduce((a, b) => a + b, 0);
    const told = JSON.stringify(ledger);
    assert.equal(ledger.imbalance, 0, told);
    assert.equal(ledger.balanced, 'true', told);
    assert.equal(ledger.requested, ledger.fresh + ledger.repeated + ledger.concealed + ledger.silent, told);
    assert.equal(ledger.produced, ledger.played + ledger.inFlight + ledger.dropped, told);
    assert.equal(ledger.played, ledger.fresh, told);
    assert.equal(ledger.silent, sum(ledger.silentBy), told);
    assert.equal(ledger.dropped, sum(ledger.droppedBy), told);
    // What an underrun lacks is either made up or silent.
    assert.equal(ledger.missing, ledger.concealed + ledger.silentBy.underrun, told);
    return ledger;
  }

  /** Level of what goes to the device now, as the mean of some 90 ms; 0 is digital silence. */
  level() {
    return this.page.evaluate(() => {
      const { analyser } = window.heard.at(-1);
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    });
  }

  /** Waits until something is heard, or nothing. */
  async hears(something = true) {
    for (const end = Date.now() + PATIENCE; (await this.level()) > 1e-3 !== something; ) {
      assert.ok(Date.now() < end, something ? 'nothing is heard' : 'something is still heard');
      await this.page.waitForTimeout(50);
    }
  }

  /** AudioContexts made so far. */
  contexts() {
    return this.page.evaluate(() => window.heard.length);
  }

  /** Closes the page. `complained: false`: what the browser complained about was wanted. `brokenOff`: addresses were played, and what is not read any more is broken off, of which the browser tells. */
  async close({ complained = true, brokenOff = false } = {}) {
    await this.page.close();
    if (complained) assert.deepEqual(this.complained.filter((text) => !brokenOff || !text.endsWith('net::ERR_ABORTED')), []);
  }
}
