// <noxrun-meter> and <noxrun-player>, as pages use them: what they show of an output whose figures are known, wrong attributes, the accessibility tree, the keyboard, and what is left behind.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { complaints, launch } from '../support/chromium.mjs';
import { serve } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHOTS = path.join(ROOT, 'target/screenshots');
/** The package's folder. */
const PACKAGE = path.join(path.resolve(process.env.NOXRUN_PACKAGE ?? 'target/npm'), 'noxrun');
/** Between two announcements, in ms: as in npm/src/meter/announcer.js. */
const ANNOUNCED_EVERY = 5000;
/** Nothing that a page may be asked to forbid: no inline style or script, no markup from text. */
const STRICT = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

const read = (name) => readFile(path.join(ROOT, name), 'utf8');
const manifest = JSON.parse(await read('npm/custom-elements.json'));
const declared = (tag) => manifest.modules.flatMap(({ declarations }) => declarations).find(({ tagName }) => tagName === tag);

let browser;
let server;
before(async () => {
  const routes = {};
  for (const file of await readdir(PACKAGE, { recursive: true })) routes[`/package/${file}`] = path.join(PACKAGE, file);
  server = await serve(path.join(ROOT, 'tests/package/elements'), { routes });
  browser = await launch({ args: ['--js-flags=--expose-gc'] });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page with `window.t` of tests/package/elements/page.js. `warnings` and `complained` fill as it goes on. */
async function open({ url = server.url, ...options } = {}) {
  const page = await browser.newPage(options);
  const warnings = [];
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  const complained = complaints(page);
  await page.goto(`${url}?from=/package/`);
  await page.waitForSelector('html[data-ready]', { state: 'attached' }).catch((error) => { throw new Error(`${error.message}\n${complained.join('\n')}`); });
  return { page, warnings, complained };
}

/** What a part says. */
const says = (page, tag, part) => page.locator(`${tag} [part="${part}"]`).innerText();

/** Accessible nodes of a page: [{role, name, value, description…}]. */
async function accessible(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, value, properties = [] }) => ({
      role: role?.value,
      name: name?.value ?? '',
      value: value?.value,
      ...Object.fromEntries(properties.map((property) => [property.name, property.value.value])),
    }));
}

/** Figures that no default is equal to. */
const FIGURES = {
  state: 'running',
  transport: 'shared',
  sampleRate: 44_100,
  bufferFrames: 4096,
  fillFrames: 3072,
  callbackFrames: 441,
  underruns: { events: 1237, frames: 88_200, longestFrames: 4410, byCause: { stalled: 3, 'woken-late': 1200, 'callback-burst': 28, 'render-too-slow': 2 } },
  overruns: { events: 5 },
  device: { underrunEvents: 7, underrunSeconds: 0.1 },
  latency: { ringMs: 69.66, baseMs: 10.71, outputMs: 24, totalMs: 104.37 },
};

async function withMeter(page, markup = '<noxrun-meter></noxrun-meter>', figures = FIGURES) {
  await page.evaluate(
    ([html, more]) => {
      const { t } = window;
      t.output = new t.FakeOutput(null, more);
      t.meter = t.add(html);
      t.meter.output = t.output;
    },
    [markup, figures],
  );
}

/** Waits until the meter has looked at its output again. */
const looked = (page) =>
  page.evaluate(async () => {
    const { looks } = window.t.output;
    while (window.t.output.looks < looks + 1) await new Promise((resolve) => setTimeout(resolve, 5));
  });

test('words, letters and colours are those of the lab', async () => {
  const { CAUSES } = await import('../../npm/src/meter/words.js');
  const [rust, css] = await Promise.all([read('src/lab/causes/why.rs'), read('lab.css')]);
  const camel = (name) => name.replaceAll(/(^|-)(\w)/g, (_, dash, letter) => letter.toUpperCase());
  assert.equal(CAUSES.length, 15);
  for (const [name, letter, title, light, dark] of CAUSES) {
    const why = { open: 'Why::Open', overrun: 'Why::Overrun', device: 'Why::Device' }[name] ?? `Why::Cause(Cause::${camel(name)})`;
    for (const said of [letter, title]) assert.ok(rust.includes(`${why} => "${said}"`), `${why} => "${said}"`);
    const colours = [...css.matchAll(new RegExp(`--cause-${name}: (#\\w+);`, 'g'))].map(([, colour]) => colour);
    assert.deepEqual(colours, [light, dark], name);
  }
  const { COLOURS } = await import('../../npm/src/meter/style.js');
  for (const [name, light, dark] of COLOURS) {
    const colours = [...css.matchAll(new RegExp(`^ *--${name}: (#\\w+);`, 'gm'))].map(([, colour]) => colour);
    assert.deepEqual(colours, [light, dark], name);
  }
});

test('the meter shows the figures of its output, exactly', async () => {
  const { page, warnings, complained } = await open();
  await withMeter(page);
  assert.equal(await says(page, 'noxrun-meter', 'state'), 'Playing');
  assert.equal(await says(page, 'noxrun-meter', 'transport'), 'shared memory');
  const bar = page.locator('noxrun-meter [part="bar"]');
  const aria = (name) => bar.getAttribute(`aria-${name}`);
  assert.deepEqual(await Promise.all(['valuemin', 'valuenow', 'valuemax', 'valuetext'].map(aria)), ['0', '3072', '4096', '3,072 of 4,096 frames, 69.7 ms']);
  const width = (part) => page.locator(`noxrun-meter [part="${part}"]`).evaluate((element) => element.getBoundingClientRect().width);
  await page.waitForFunction(() => {
    const at = (part) => window.t.meter.shadowRoot.querySelector(`[part="${part}"]`);
    return Math.abs(at('fill').getBoundingClientRect().width / at('bar').clientWidth - 0.75) < 0.005;
  });
  assert.ok((await width('bar')) > 300);
  assert.match(await says(page, 'noxrun-meter', 'underruns'), /^Underruns\s+1,237\s+2000\.0 ms lost, longest 100\.0 ms$/);
  assert.match(await says(page, 'noxrun-meter', 'latency'), /^Latency\s+104\.4 ms\s+ring 69\.7 ms \+ base 10\.7 ms \+ output 24\.0 ms$/);
  const causes = () => page.locator('noxrun-meter [part="cause"]').evaluateAll((list) => list.map((one) => [one.dataset.cause, one.innerText.replaceAll(/\s+/g, ' ')]));
  const expected = [
    ['render-too-slow', 'R render too slow 2'],
    ['woken-late', 'W woken late 1,200'],
    ['stalled', 'S source stalled 3'],
    ['callback-burst', 'B callback burst 28'],
    ['open', '… not known yet 4'],
    ['overrun', 'O overrun 5'],
    ['device', 'D device underran 7'],
  ];
  assert.deepEqual(await causes(), expected);
  // What changes is shown, and a cause that becomes known takes its place among the others.
  await page.evaluate(() => window.t.output.set({ fillFrames: 400, underruns: { byCause: { startup: 4 } }, ledger: { imbalanceFrames: -2 }, latency: { outputMs: null, totalMs: null } }));
  await looked(page);
  assert.deepEqual(await causes(), [['startup', 'U start-up 4'], ...expected.filter(([name]) => name !== 'open')]);
  assert.equal(await aria('valuetext'), '400 of 4,096 frames, 9.1 ms');
  assert.equal(await bar.getAttribute('data-low'), 'true', 'less than a callback');
  assert.match(await says(page, 'noxrun-meter', 'latency'), /^Latency\s+> 80\.4 ms\s+ring 69\.7 ms \+ base 10\.7 ms \+ output –$/);
  assert.equal(await says(page, 'noxrun-meter', 'fault'), 'The account does not add up, by 2 frames.');
  // The lowest fill is remembered.
  await page.evaluate(() => window.t.output.set({ fillFrames: 4000 }));
  await looked(page);
  const keys = page.locator('noxrun-meter .keys');
  assert.match(await keys.innerText(), /^lowest seen 400\s+one callback 441$/);
  // Another output begins anew.
  await page.evaluate(() => {
    window.t.meter.output = window.t.output = new window.t.FakeOutput(null, { state: 'stopped', fillFrames: 2048 });
  });
  assert.deepEqual(await causes(), []);
  assert.equal(await says(page, 'noxrun-meter', 'state'), 'Paused');
  assert.match(await says(page, 'noxrun-meter', 'underruns'), /^Underruns\s+0\s+nothing lost$/);
  await page.evaluate(() => {
    window.t.meter.output = null;
  });
  assert.equal(await says(page, 'noxrun-meter', 'state'), 'No output');
  assert.deepEqual([warnings, complained], [[], []]);
  await page.close();
});

test('how frames travel is told in words, in one line too', async () => {
  const { page } = await open({ viewport: { width: 320, height: 600 } });
  for (const markup of ['<noxrun-meter></noxrun-meter>', '<noxrun-meter compact></noxrun-meter>']) {
    await withMeter(page, markup, { ...FIGURES, transport: 'message' });
    const transport = page.locator('noxrun-meter').last().locator('[part="transport"]');
    assert.equal(await transport.innerText(), 'messages');
    assert.ok(await transport.isVisible());
    const { x, width } = await transport.boundingBox();
    assert.ok(x >= 0 && x + width <= 320);
  }
  await page.close();
});

test('a state is shown at once, and what is closed is not looked at any more', async () => {
  const { page } = await open();
  await withMeter(page, '<noxrun-meter refresh="10000"></noxrun-meter>');
  for (const [state, words] of [['blocked', 'Waiting for a click'], ['suspended', 'Suspended'], ['lost', 'Producer lost'], ['ended', 'Ended'], ['closed', 'Closed']]) {
    await page.evaluate((name) => window.t.output.set({ state: name }), state);
    assert.equal(await says(page, 'noxrun-meter', 'state'), words);
  }
  await page.evaluate(() => {
    window.t.meter.refresh = 16;
  });
  const looks = await page.evaluate(() => window.t.output.looks);
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => window.t.output.looks), looks);
  await page.close();
});

test('`for` finds an output: of an element that has one, gets one, gets another, or is not there yet', async () => {
  const { page, warnings } = await open();
  await page.evaluate(() => {
    const { t } = window;
    t.meter = t.add('<noxrun-meter for="thing" refresh="20"></noxrun-meter>');
  });
  await page.waitForFunction(() => window.t.meter.shadowRoot.querySelector('[part="state"]').textContent === 'No output');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /<noxrun-meter>: for="thing": there is no element with this id/);
  const fills = (frames) => page.waitForFunction((wanted) => window.t.meter.shadowRoot.querySelector('[part="bar"]').getAttribute('aria-valuenow') === String(wanted), frames);
  await page.evaluate(() => {
    const { t } = window;
    t.thing = t.add('<div id="thing"></div>');
    t.thing.output = new t.FakeOutput(null, { fillFrames: 11 });
  });
  await fills(11);
  await page.evaluate(() => {
    window.t.thing.output = new window.t.FakeOutput(null, { fillFrames: 12 });
  });
  await fills(12);
  await page.evaluate(() => {
    window.t.thing.output = null;
  });
  await fills(0);
  // A player tells by itself.
  await page.evaluate(async () => {
    const { t } = window;
    t.player = t.addPlayer('<noxrun-player id="player" src="a.ogg"></noxrun-player>');
    t.meter.htmlFor = 'player';
    t.meter.refresh = 10_000;
    await t.player.play();
    t.playback.output.set({ fillFrames: 13, state: 'stopped' });
  });
  await fills(13);
  // The property goes before the attribute.
  await page.evaluate(() => {
    window.t.meter.output = new window.t.FakeOutput(null, { fillFrames: 14 });
  });
  await fills(14);
  // In a shadow tree, ids are that tree's.
  await page.evaluate(() => {
    const { t } = window;
    const root = t.add('<div></div>').attachShadow({ mode: 'open' });
    const inner = document.createElement('div');
    inner.id = 'thing';
    inner.output = new t.FakeOutput(null, { fillFrames: 15 });
    t.meter = document.createElement('noxrun-meter');
    t.meter.htmlFor = 'thing';
    root.append(inner, t.meter);
  });
  await fills(15);
  assert.equal(warnings.length, 1, String(warnings));
  await page.close();
});

test('a wrong attribute or property warns once and throws nothing', async () => {
  const { page, warnings, complained } = await open();
  const results = await page.evaluate(() => {
    const { t } = window;
    const meter = t.add('<noxrun-meter refresh="fast" for=""></noxrun-meter>');
    const seen = [meter.refresh, meter.refresh];
    for (const value of ['1', '1e9', '20.4', '']) {
      meter.setAttribute('refresh', value);
      seen.push(meter.refresh);
    }
    meter.setAttribute('refresh', 'fast');
    meter.output = 5;
    seen.push(meter.output);
    const player = t.addPlayer('<noxrun-player volume="2" buffer-frames="17" preload="metadata" crossorigin="yes"></noxrun-player>');
    seen.push(player.volume, player.bufferFrames, player.preload, player.crossOrigin);
    player.volume = 11;
    player.currentTime = 'soon';
    player.file = 'a.ogg';
    player.createPlayback = 5;
    seen.push(player.volume, player.currentTime, player.file, player.createPlayback);
    player.setAttribute('volume', 'loud');
    seen.push(player.volume);
    player.setAttribute('buffer-frames', '100000');
    seen.push(player.bufferFrames);
    return seen;
  });
  assert.deepEqual(results, [100, 100, 16, 10_000, 20, 100, null, 1, 64, 'none', 'anonymous', 1, 0, null, null, 1, 16_384]);
  const wrong = ['refresh="fast"', 'refresh="1"', 'refresh="1e9"', 'refresh="20.4"', 'refresh=""', 'for=""', 'the property `output`', 'volume="2"', 'buffer-frames="17"', 'preload="metadata"'];
  wrong.push('crossorigin="yes"', 'volume 11', 'currentTime soon', '`file`', '`createPlayback`', 'volume="loud"', 'buffer-frames="100000"');
  for (const word of wrong) assert.equal(warnings.filter((text) => text.includes(word)).length, 1, `${word}:\n${warnings.join('\n')}`);
  assert.equal(warnings.length, wrong.length, warnings.join('\n'));
  assert.deepEqual(complained, []);
  await page.close();
});

test('nobody looks while the meter is out of the page, or the page is hidden', async () => {
  const { page } = await open();
  await withMeter(page, '<noxrun-meter refresh="16"></noxrun-meter>');
  await looked(page);
  const looks = () => page.evaluate(() => window.t.output.looks);
  const stands = async () => {
    const before = await looks();
    await page.waitForTimeout(300);
    assert.equal(await looks(), before);
  };
  const hidden = (value) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
      document.dispatchEvent(new Event('visibilitychange'));
    }, value);
  await hidden(true);
  await stands();
  await hidden(false);
  await looked(page);
  await page.evaluate(() => window.t.meter.remove());
  await stands();
  await hidden(true);
  await hidden(false);
  await page.evaluate(() => window.t.output.set({ state: 'stopped' }));
  await stands();
  await page.evaluate(() => window.t.main.append(window.t.meter));
  await looked(page);
  assert.equal(await says(page, 'noxrun-meter', 'state'), 'Paused');
  await page.close();
});

test('a meter and a player that are gone leave nothing behind', async () => {
  const { page } = await open();
  await page.evaluate(async () => {
    const { t } = window;
    const output = new t.FakeOutput(null, { state: 'running' });
    const thing = t.add('<div id="thing"></div>');
    thing.output = output;
    const context = new AudioContext();
    window.made = [];
    for (let nth = 0; nth < 30; nth += 1) {
      const [given, found] = [t.add('<noxrun-meter refresh="16"></noxrun-meter>'), t.add('<noxrun-meter refresh="16" for="thing"></noxrun-meter>')];
      given.output = output;
      const player = document.createElement('noxrun-player');
      player.context = context;
      player.src = 'a.ogg';
      player.createPlayback = async (request) => new t.FakePlayback(request);
      t.main.append(player);
      await player.play();
      window.made.push(...[given, found, player].map((element) => [element.localName, nth, new WeakRef(element)]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const element of [given, found, player]) element.remove();
    }
  });
  // Asked for from nobody's stack: what looks like an address there keeps what it may point at.
  const left = () =>
    page.evaluate(async () => {
      await window.gc({ type: 'major', execution: 'async' });
      return window.made.filter(([,, one]) => one.deref()).map(([name, nth]) => `${name} ${nth}`);
    });
  let found;
  for (let nth = 0; nth < 100 && (found = await left()).length > 0; nth += 1) await page.waitForTimeout(100);
  assert.deepEqual(found, []);
  await page.close();
});

test('who wants less motion sees the figures change once a second', async () => {
  const { page } = await open({ reducedMotion: 'reduce' });
  await withMeter(page, '<noxrun-meter refresh="16"></noxrun-meter>');
  await looked(page);
  const before = await page.evaluate(() => window.t.output.looks);
  await page.waitForTimeout(2500);
  const looks = (await page.evaluate(() => window.t.output.looks)) - before;
  assert.ok(looks <= 3, `${looks} looks in 2.5 s`);
  assert.equal(await page.locator('noxrun-meter [part="fill"]').evaluate((element) => getComputedStyle(element).transitionDuration), '0s');
  await page.close();
});

test('new underruns are announced: seldom, with their causes, and not those of before', async () => {
  const { page } = await open();
  await withMeter(page, '<noxrun-meter refresh="16"></noxrun-meter>');
  await page.evaluate(() => {
    window.told = [];
    const status = window.t.meter.shadowRoot.querySelector('[role="status"]');
    new MutationObserver(() => window.told.push([performance.now(), status.textContent])).observe(status, { childList: true, characterData: true, subtree: true });
  });
  await looked(page);
  await looked(page);
  assert.deepEqual(await page.evaluate(() => window.told), []);
  await page.evaluate(() => window.t.output.set({ underruns: { events: 1238, frames: 88_641, byCause: { stalled: 4 } } }));
  await page.waitForFunction(() => window.told.length > 0);
  await page.evaluate(() => window.t.output.set({ underruns: { events: 1240, frames: 89_523, byCause: { stalled: 5, 'woken-late': 1201 } } }));
  await looked(page);
  await page.evaluate(() => window.t.output.set({ underruns: { events: 1241 } }));
  await page.waitForFunction(() => window.told.length > 1);
  const told = await page.evaluate(() => window.told);
  assert.deepEqual(
    told.map(([, words]) => words),
    ['1 new underrun, 10.0 ms lost: 1 source stalled. 1,238 in all.', '3 new underruns, 20.0 ms lost: 1 woken late, 1 source stalled, 1 not known yet. 1,241 in all.'],
  );
  assert.ok(told[1][0] - told[0][0] > ANNOUNCED_EVERY - 50, JSON.stringify(told));
  await page.close();
});

test('to a screen reader all has a role, a name and a value', async () => {
  const { page } = await open();
  await withMeter(page);
  await page.evaluate(async () => {
    const { t } = window;
    t.player = t.addPlayer('<noxrun-player src="music/Some%20Piece.ogg" volume="0.8"></noxrun-player>');
    await t.player.play();
    t.playback.currentTime = 42.9;
  });
  await page.waitForFunction(() => window.t.player.shadowRoot.querySelector('[part="seek"]').getAttribute('aria-valuetext') === '0:42 of 1:00');
  const nodes = await accessible(page);
  const one = (role, name) => {
    const found = nodes.filter((node) => node.role === role && node.name === name);
    assert.equal(found.length, 1, `${role} "${name}": ${JSON.stringify(nodes.map((node) => [node.role, node.name]))}`);
    return found[0];
  };
  assert.equal(nodes.filter(({ role, name }) => role === 'group' && name === 'Audio meter').length, 2);
  one('group', 'Audio player');
  const bars = nodes.filter(({ role }) => role === 'meter');
  assert.deepEqual(bars.map(({ name, value, valuemax }) => [name, value, valuemax]), [['Frames ahead', 3072, 4096], ['Frames ahead', 0, 8192]]);
  one('button', 'Pause');
  const [position, volume] = [one('slider', 'Position'), one('slider', 'Volume')];
  // Chromium's protocol does not tell the text instead of a number.
  for (const [part, text] of [['seek', '0:42 of 1:00'], ['volume', '80 percent']]) assert.equal(await player(page, part).getAttribute('aria-valuetext'), text);
  assert.deepEqual([position.value, volume.value], [715, 80]);
  one('list', 'What was lost, by cause');
  const texts = nodes.filter(({ role }) => role === 'StaticText').map(({ name }) => name.trim());
  for (const text of ['shared memory', 'Some Piece.ogg', 'Playing', 'woken late', '1,200']) assert.ok(texts.includes(text), `${text}: ${texts}`);
  // Letters on badges are for the eye.
  assert.ok(!texts.includes('W'));
  const unnamed = nodes.filter(({ role, name }) => ['button', 'slider', 'meter', 'list', 'group', 'image'].includes(role) && !name.trim());
  assert.deepEqual(unnamed, []);
  await page.close();
});

test('under a strict policy, and one against markup from text, nothing is refused', async () => {
  const routes = {};
  for (const file of await readdir(PACKAGE, { recursive: true })) routes[`/package/${file}`] = path.join(PACKAGE, file);
  const strict = await serve(path.join(ROOT, 'tests/package/elements'), { routes, headers: { 'Content-Security-Policy': `${STRICT}; require-trusted-types-for 'script'` } });
  const { page, complained } = await open({ url: strict.url });
  await page.evaluate(async (figures) => {
    const { t } = window;
    const meter = document.createElement('noxrun-meter');
    meter.output = new t.FakeOutput(null, figures);
    const player = document.createElement('noxrun-player');
    player.src = 'a.ogg';
    player.createPlayback = async (request) => (t.playback = new t.FakePlayback(request));
    t.main.append(meter, player);
    await player.play();
    player.currentTime = 3;
  }, FIGURES);
  assert.equal(await page.locator('main > noxrun-meter [part="state"]').innerText(), 'Playing');
  assert.ok((await page.locator('main > noxrun-meter [part="fill"]').evaluate((element) => element.getBoundingClientRect().width)) > 50, 'its styles are in force');
  assert.deepEqual(complained, []);
  await page.close();
  await strict.close();
});

test('a server may import both, and a page twice', async () => {
  for (const file of ['meter.js', 'player.js']) {
    const module = await import(pathToFileURL(path.join(PACKAGE, file)));
    assert.equal(typeof (module.NoxrunMeter ?? module.NoxrunPlayer), 'function');
  }
  const { page, complained } = await open();
  const same = await page.evaluate(async () => {
    const before = customElements.get('noxrun-meter');
    await Promise.all([import('/package/meter.js?again'), import('/package/player.js?again')]);
    return before === customElements.get('noxrun-meter');
  });
  assert.ok(same);
  assert.deepEqual(complained, []);
  await page.close();
});

test('properties that were set before the element was defined count', async () => {
  const page = await browser.newPage();
  const complained = complaints(page);
  await page.goto(`${server.url}late.html`);
  const fill = await page.evaluate(async () => {
    const meter = document.createElement('noxrun-meter');
    const { FakeOutput } = await import('./fake.js');
    meter.output = new FakeOutput(null, { fillFrames: 99 });
    meter.compact = true;
    document.body.append(meter);
    await import('/package/meter.js');
    return [meter.shadowRoot.querySelector('[part="bar"]').getAttribute('aria-valuenow'), meter.hasAttribute('compact')];
  });
  assert.deepEqual(fill, ['99', true]);
  assert.deepEqual(complained, []);
  await page.close();
});

// --- the player, on a playback that only records what it is asked for

async function withPlayer(page, markup = '<noxrun-player src="music/a.ogg"></noxrun-player>') {
  await page.evaluate((html) => {
    const { t } = window;
    t.events = [];
    t.player = t.addPlayer(html, (element) => {
      for (const type of ['loadstart', 'loadedmetadata', 'play', 'playing', 'pause', 'seeking', 'seeked', 'ended', 'error', 'volumechange', 'noxrun-output']) {
        element.addEventListener(type, () => t.events.push(type));
      }
    });
  }, markup);
}
const events = (page) => page.evaluate(() => window.t.events.splice(0));
const calls = (page) => page.evaluate(() => window.t.playback.calls.splice(0));
const player = (page, part) => page.locator(`noxrun-player [part="${part}"]`);

test('play, pause, seek and end: calls, events and words', async () => {
  const { page, warnings, complained } = await open();
  await withPlayer(page);
  assert.deepEqual(await events(page), [], 'nothing is loaded unasked');
  await player(page, 'play').click();
  await page.waitForFunction(() => window.t.events.includes('playing'));
  assert.deepEqual(await events(page), ['play', 'loadstart', 'noxrun-output', 'loadedmetadata', 'playing']);
  assert.deepEqual(await calls(page), ['play']);
  const request = await page.evaluate(() => {
    const { src, file, channels, bufferFrames, loop, crossOrigin, context, signal } = window.t.playback.request;
    return { src, file: file ?? null, channels: channels >= 1, bufferFrames, loop, crossOrigin, context: context instanceof AudioContext, signal: signal.aborted };
  });
  assert.deepEqual(request, { src: `${server.url}music/a.ogg`, file: null, channels: true, bufferFrames: 8192, loop: false, crossOrigin: null, context: true, signal: false });
  assert.equal(await player(page, 'status').innerText(), 'Playing');
  assert.equal(await player(page, 'duration').innerText(), '1:00');
  const state = () => page.evaluate(() => (({ paused, ended, seeking, duration, currentTime }) => ({ paused, ended, seeking, duration, currentTime }))(window.t.player));
  assert.deepEqual(await state(), { paused: false, ended: false, seeking: false, duration: 60, currentTime: 0 });
  await player(page, 'play').click();
  assert.deepEqual(await events(page), ['pause']);
  assert.deepEqual(await calls(page), ['pause']);
  assert.equal(await player(page, 'status').innerText(), 'Paused');
  // A click on the bar: where it is let go.
  const { width, height } = await player(page, 'seek').boundingBox();
  await player(page, 'seek').click({ position: { x: width / 2, y: height / 2 } });
  assert.deepEqual(await events(page), ['seeking', 'seeked']);
  const [sought] = await calls(page);
  assert.match(sought, /^seek (29|30|31)/);
  await page.waitForFunction(() => /^0:(29|30|31)$/.test(window.t.player.shadowRoot.querySelector('[part="time"]').textContent));
  // To the end, and from the beginning again.
  await page.evaluate(async () => {
    await window.t.player.play();
    window.t.playback.currentTime = 60;
    window.t.playback.onended();
  });
  assert.deepEqual(await events(page), ['play', 'playing', 'pause', 'ended']);
  assert.deepEqual(await calls(page), ['play', 'pause']);
  assert.equal(await player(page, 'status').innerText(), 'Ended');
  assert.equal((await state()).ended, true);
  await player(page, 'play').click();
  await page.waitForFunction(() => window.t.events.includes('playing'));
  assert.deepEqual(await calls(page), ['seek 0', 'play']);
  assert.equal((await state()).ended, false);
  assert.deepEqual([warnings, complained], [[], []]);
  await page.close();
});

test('a playback that cannot loop is sent back to the beginning', async () => {
  const { page } = await open();
  await withPlayer(page, '<noxrun-player src="a.ogg" loop></noxrun-player>');
  await page.evaluate(async () => {
    await window.t.player.play();
    window.t.playback.onended();
  });
  await page.waitForFunction(() => window.t.playback.calls.length === 2);
  assert.deepEqual(await calls(page), ['play', 'seek 0']);
  assert.equal(await page.evaluate(() => window.t.player.paused), false);
  // One that can is told.
  const loops = await page.evaluate(async () => {
    const { t } = window;
    t.player.createPlayback = async (request) => (t.playback = Object.assign(new t.FakePlayback(request), { loop: false }));
    await t.player.play();
    const before = t.playback.loop;
    t.player.loop = false;
    return [before, t.playback.loop];
  });
  assert.deepEqual(loops, [true, false]);
  await page.close();
});

test('keys: space plays and pauses, arrows seek and change the volume', async () => {
  const { page } = await open();
  await withPlayer(page);
  await player(page, 'play').focus();
  const press = (key) => page.keyboard.press(key);
  await press('Space');
  await page.waitForFunction(() => window.t.events.includes('playing'));
  await press('Space');
  assert.deepEqual(await calls(page), ['play', 'pause'], 'once for each press');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'End', 'Home']) await press(key);
  await page.waitForFunction(() => window.t.playback.calls.length === 5);
  assert.deepEqual(await calls(page), ['seek 5', 'seek 10', 'seek 5', 'seek 60', 'seek 0']);
  const volume = () => page.evaluate(() => window.t.player.volume);
  await press('ArrowDown');
  await press('ArrowDown');
  await press('ArrowUp');
  await press('ArrowUp');
  await press('ArrowUp');
  assert.equal(await volume(), 1);
  await press('ArrowDown');
  assert.equal(await volume(), 0.95);
  // With a modifier they are the browser's.
  await press('Control+ArrowRight');
  // The order in which Tab goes.
  await press('Tab');
  assert.equal(await page.evaluate(() => window.t.player.shadowRoot.activeElement.getAttribute('part')), 'seek');
  await press('ArrowRight');
  await press('Space');
  await page.waitForFunction(() => window.t.playback.calls.length === 2);
  assert.deepEqual(await calls(page), ['seek 5', 'play'], 'on the bar as well');
  await press('Tab');
  assert.equal(await page.evaluate(() => window.t.player.shadowRoot.activeElement.getAttribute('part')), 'volume');
  await press('ArrowLeft');
  assert.equal(await volume(), 0.94);
  assert.deepEqual(await calls(page), [], 'arrows there are the volume\'s');
  const outlined = await page.evaluate(() => getComputedStyle(window.t.player.shadowRoot.activeElement).outlineStyle);
  assert.notEqual(outlined, 'none');
  await page.close();
});

test('the volume is a gain behind the output, and glides', async () => {
  const { page } = await open();
  await withPlayer(page, '<noxrun-player src="a.ogg" volume="0.5"></noxrun-player>');
  const heard = await page.evaluate(async () => {
    const { t } = window;
    const { connect } = AudioNode.prototype;
    let gain;
    AudioNode.prototype.connect = function (to, ...more) {
      if (t.playback?.output.node === this) gain = to;
      return connect.call(this, to, ...more);
    };
    await t.player.play();
    AudioNode.prototype.connect = connect;
    const before = gain.gain.value;
    t.player.volume = 0.25;
    while (Math.abs(gain.gain.value - 0.25) > 0.001) await new Promise((resolve) => setTimeout(resolve, 10));
    return [before, t.player.shadowRoot.querySelector('.loudness').textContent];
  });
  assert.deepEqual(heard, [0.5, '25 %']);
  assert.ok((await events(page)).includes('volumechange'));
  await page.close();
});

test('where the browser wants a gesture, the player says so and plays with the next press', async () => {
  const { page, complained } = await open();
  await page.evaluate(async () => {
    const { t } = window;
    const player = document.createElement('noxrun-player');
    player.src = 'a.ogg';
    player.autoplay = true;
    player.createPlayback = async (request) => {
      t.playback = new t.FakePlayback(request);
      t.playback.refuses = Object.assign(new Error('a gesture is wanted'), { code: 'blocked' });
      return t.playback;
    };
    t.main.append((t.player = player));
  });
  await page.waitForFunction(() => /Press Play/.test(window.t.player.shadowRoot.querySelector('[part="status"]').textContent));
  assert.equal(await page.evaluate(() => window.t.player.paused), true);
  assert.ok(await player(page, 'message').isHidden(), 'it is no error');
  await page.evaluate(() => {
    window.t.playback.refuses = null;
  });
  await player(page, 'play').click();
  await page.waitForFunction(() => window.t.player.shadowRoot.querySelector('[part="status"]').textContent === 'Playing');
  assert.deepEqual(complained, []);
  await page.close();
});

test('what goes wrong is said in words, and can be tried again', async () => {
  const { page } = await open();
  await withPlayer(page, '<noxrun-player></noxrun-player>');
  await player(page, 'play').click();
  await page.waitForFunction(() => window.t.events.includes('error'));
  assert.match(await player(page, 'message').innerText(), /There is nothing to play: set the attribute `src`/);
  const error = (code, message) => page.evaluate(([of, words]) => {
    window.t.player.createPlayback = async () => { throw Object.assign(new Error(words), { code: of }); };
    window.t.player.src = `${of}.ogg`;
    return window.t.player.play().then(() => null, ({ code }) => [code, window.t.player.error?.code, window.t.player.paused]);
  }, [code, message]);
  assert.deepEqual(await error('not-loaded', 'gone.ogg could not be loaded.'), ['not-loaded', 'not-loaded', true]);
  assert.equal(await player(page, 'message').innerText(), 'gone.ogg could not be loaded.');
  assert.equal(await player(page, 'message').getAttribute('role'), 'alert');
  // Another file takes the words away; a lost producer has its own.
  await page.evaluate(async () => {
    const { t } = window;
    t.player.createPlayback = async (request) => (t.playback = new t.FakePlayback(request));
    t.player.src = 'b.ogg';
    await t.player.play();
  });
  assert.ok(await player(page, 'message').isHidden());
  await page.evaluate(() => window.t.playback.output.dispatchEvent(new CustomEvent('producerlost', { detail: { error: Object.assign(new Error('The worker crashed.'), { code: 'worker-crashed' }), recovers: false } })));
  assert.equal(await player(page, 'message').innerText(), 'The worker crashed.');
  assert.ok((await calls(page)).includes('close'));
  await player(page, 'play').click();
  await page.waitForFunction(() => window.t.player.shadowRoot.querySelector('[part="status"]').textContent === 'Playing');
  assert.ok(await player(page, 'message').isHidden());
  await page.close();
});

test('another file, out of the page, moved within it: one output at a time, and none is left', async () => {
  const { page, complained } = await open();
  await withPlayer(page, '<noxrun-player src="a.ogg" preload="auto"></noxrun-player>');
  await page.waitForFunction(() => window.t.events.includes('loadedmetadata'));
  assert.equal(await player(page, 'status').innerText(), 'Ready');
  const told = await page.evaluate(async () => {
    const { t } = window;
    const states = [];
    const first = t.playback;
    await t.player.play();
    t.player.src = 'b.ogg';
    states.push(first.output.state, t.player.paused);
    while (t.playback === first) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = t.playback;
    await t.player.play();
    // Moved: plays on.
    t.main.append(t.player);
    await new Promise((resolve) => setTimeout(resolve, 50));
    states.push(second.output.state, t.player.output === second.output);
    // A file instead.
    t.player.file = new File(['x'], 'dropped.wav');
    states.push(second.output.state);
    while (t.playback === second) await new Promise((resolve) => setTimeout(resolve, 5));
    states.push(t.playback.request.file.name, t.playback.request.src ?? null);
    await t.player.play();
    const { context } = t.player;
    t.player.remove();
    while (context.state !== 'closed') await new Promise((resolve) => setTimeout(resolve, 5));
    states.push(t.playback.output.state, t.player.output);
    // Back again.
    t.main.append(t.player);
    await t.player.play();
    states.push(t.player.output.state);
    await t.player.close();
    states.push(t.player.output);
    return states;
  });
  assert.deepEqual(told, ['closed', true, 'running', true, 'closed', 'dropped.wav', null, 'closed', null, 'running', null]);
  assert.deepEqual(complained, []);
  await page.close();
});

test('of several files asked for at once, the last one plays', async () => {
  const { page } = await open();
  const told = await page.evaluate(async () => {
    const { t } = window;
    const made = [];
    t.player = document.createElement('noxrun-player');
    t.player.createPlayback = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, made.length === 0 ? 200 : 20));
      const playback = new t.FakePlayback(request);
      made.push(playback);
      return playback;
    };
    t.main.append(t.player);
    t.player.src = 'a.ogg';
    const first = t.player.play().then(() => 'played', (error) => error.code);
    await new Promise((resolve) => setTimeout(resolve, 30));
    t.player.src = 'b.ogg';
    await t.player.play();
    const result = await first;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [result, made.map(({ request, output }) => [request.src.at(-5), output.state]), t.player.error];
  });
  assert.equal(told[0], 'closed');
  assert.deepEqual(Object.fromEntries(told[1]), { a: 'closed', b: 'running' });
  assert.equal(told[2], null);
  await page.close();
});

for (const [name, options] of [
  ['light', { colorScheme: 'light', viewport: { width: 720, height: 600 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 720, height: 600 } }],
  ['narrow', { colorScheme: 'light', viewport: { width: 320, height: 600 } }],
  ['narrow-dark', { colorScheme: 'dark', viewport: { width: 320, height: 600 } }],
]) {
  test(`nothing is wider than the page, and all can be read: ${name}`, async () => {
    const { page } = await open(options);
    await withMeter(page);
    await page.evaluate(async (figures) => {
      const { t } = window;
      t.add('<noxrun-meter></noxrun-meter>');
      t.add('<noxrun-meter compact></noxrun-meter>').output = new t.FakeOutput(null, { ...figures, transport: 'message', state: 'lost' });
      t.addPlayer('<noxrun-player src="a-name-without-a-blank-a-name-without-a-blank-a-name-without-a-blank.ogg"></noxrun-player>');
      const player = t.addPlayer('<noxrun-player src="music/a.ogg" volume="0.6"></noxrun-player>');
      await player.play();
      t.playback.currentTime = 22;
      t.playback.output.set({ ...figures, transport: 'message' });
      const failed = t.addPlayer('<noxrun-player src="b.ogg"></noxrun-player>');
      failed.createPlayback = async () => { throw new Error('a-word-without-a-blank-'.repeat(6)); };
      await failed.play().catch(() => {});
    }, FIGURES);
    await page.waitForTimeout(300);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= options.viewport.width);
    await mkdir(SHOTS, { recursive: true });
    await page.screenshot({ path: path.join(SHOTS, `elements-${name}.png`), fullPage: true });
    // Words on their ground: contrast of 4.5 and more (WCAG 2.2).
    const poor = await page.evaluate(() => {
      const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
      const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const luminance = ([red, green, blue]) => [red, green, blue].map((channel) => channel / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, nth) => sum + part * [0.2126, 0.7152, 0.0722][nth], 0);
      const groundOf = (element) => {
        for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
          const ground = rgb(getComputedStyle(at).backgroundColor);
          if (ground[3] === 255) return ground;
        }
        return [255, 255, 255];
      };
      const found = [];
      let seen = 0;
      const visit = (root) => {
        for (const element of root.querySelectorAll('*')) {
          if (element.shadowRoot) visit(element.shadowRoot);
          const words = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
          if (words.length === 0 || !element.checkVisibility()) continue;
          seen += 1;
          const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(groundOf(element))].map((light) => light + 0.05);
          const contrast = Math.max(a, b) / Math.min(a, b);
          if (contrast < 4.5) found.push([element.textContent, contrast]);
        }
      };
      visit(document);
      return { found, seen };
    });
    assert.ok(poor.seen > 40, String(poor.seen));
    assert.deepEqual(poor.found, []);
    await page.close();
  });
}

test('what the manifest and the tables say is what there is', async () => {
  const { page } = await open();
  await withMeter(page);
  await withPlayer(page);
  const docs = await read('docs/elements.md');
  const types = { 'noxrun-meter': await read('npm/types/meter.d.ts'), 'noxrun-player': await read('npm/types/player.d.ts') };
  for (const tag of ['noxrun-meter', 'noxrun-player']) {
    const { attributes, members, events: told = [], cssParts, cssProperties } = declared(tag);
    const is = await page.evaluate((name) => {
      const element = document.querySelector(name);
      const { prototype, observedAttributes } = element.constructor;
      const own = Object.getOwnPropertyNames(prototype).filter((property) => !/^(constructor|\w+Callback)$/.test(property));
      const parts = [...element.shadowRoot.querySelectorAll('[part]')].map((one) => one.getAttribute('part'));
      const exported = [...element.shadowRoot.querySelectorAll('[exportparts]')].flatMap((one) => one.getAttribute('exportparts').split(',').map((pair) => pair.split(':')[1].trim()));
      const sheets = element.shadowRoot.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules].map(({ cssText }) => cssText)).join('\n');
      return { own, observedAttributes, parts: [...new Set([...parts, ...exported])], used: [...new Set(sheets.match(/--noxrun-[\w-]+/g))] };
    }, tag);
    const names = (list) => list.map(({ name }) => name).sort();
    assert.deepEqual(names(members), is.own.sort(), tag);
    // `compact` is the style sheet's.
    assert.deepEqual(names(attributes), [...new Set([...is.observedAttributes, ...(tag === 'noxrun-meter' ? ['compact'] : [])])].sort(), tag);
    assert.deepEqual(names(cssParts), is.parts.sort(), tag);
    assert.deepEqual(names(cssProperties), is.used.sort(), tag);
    for (const { name } of members) assert.match(types[tag], new RegExp(`\\b${name}\\b`), name);
    for (const { name } of [...attributes, ...members, ...told]) assert.ok(docs.includes(`| \`${name}`), `docs/elements.md has no row for ${name}`);
    for (const { name } of [...cssParts, ...cssProperties]) assert.ok(docs.includes(`\`${name.replace(/^--noxrun-cause-.*/, '--noxrun-cause-NAME')}\``), `docs/elements.md does not tell of ${name}`);
  }
  await page.close();
});
