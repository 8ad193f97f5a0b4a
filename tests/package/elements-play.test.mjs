// <noxrun-player> with real sound: what its output puts out is the file, frame by frame, through pauses, seeks, loops and the end, by shared memory and by messages; and what it refuses.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { complaints, launch } from '../support/chromium.mjs';
import { Served, serve } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PACKAGE = path.join(path.resolve(process.env.NOXRUN_PACKAGE ?? path.join(ROOT, 'target/npm')), 'noxrun');
/** Debian's: a chime of a second, stereo, and four minutes of music, mono. */
const CHIME = '/usr/share/sounds/freedesktop/stereo/complete.oga';
const MUSIC = '/usr/share/wordwarvi/sounds/lucky13-steve-mono-mix.ogg';
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src data:; base-uri 'none'; form-action 'none'";

let browser;
const servers = {};
before(async () => {
  const routes = { '/chime.oga': CHIME, '/music.ogg': MUSIC, '/text.ogg': path.join(ROOT, 'README.md') };
  for (const file of await readdir(PACKAGE)) routes[`/package/${file}`] = path.join(PACKAGE, file);
  const bytes = await readFile(CHIME);
  routes['/cut.oga'] = new Served(bytes, { cutAfter: 3000 }).route;
  routes['/empty.oga'] = new Served(Buffer.alloc(0)).route;
  routes['/huge.wav'] = new Served(bytes, { length: 2_000_000_000 }).route;
  routes['/refused.oga'] = new Served(bytes, { status: 403 }).route;
  const folder = path.join(ROOT, 'tests/package/elements');
  servers.shared = await serve(folder, { routes });
  servers.message = await serve(folder, { routes, isolated: false });
  servers.strict = await serve(folder, { routes, headers: { 'Content-Security-Policy': POLICY } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  for (const server of Object.values(servers)) await server.close();
});

async function open(kind) {
  const page = await browser.newPage();
  const complained = complaints(page);
  await page.goto(`${servers[kind].url}real.html`);
  await page.waitForSelector('html[data-ready]', { state: 'attached' }).catch((error) => { throw new Error(`${error.message}\n${complained.join('\n')}`); });
  return { page, complained };
}

/** A stretch may be interrupted by underruns, on a busy machine: then it goes on with the frame that was next. */
function whole(runs, from, to, told) {
  let next = from;
  for (const { first, frames } of runs) {
    // A fade after an underrun changes some frames, which are no part of a run.
    assert.ok(first >= next && first - next < 600, `from ${next} on: ${told}`);
    next = first + frames;
  }
  if (to !== null) assert.ok(Math.abs(next - to) < 600, `to ${to}, not ${next}: ${told}`);
  return next;
}

/** Runs from the one that begins at or after `frame`, for as long as they go forward by little. */
function stretch(runs, nth) {
  const found = [runs[nth]];
  while (nth + found.length < runs.length) {
    const last = found.at(-1);
    const next = runs[nth + found.length];
    if (next.first < last.first + last.frames || next.first - (last.first + last.frames) >= 600) break;
    found.push(next);
  }
  return found;
}
const stretches = (runs) => {
  const list = [];
  for (let nth = 0; nth < runs.length; nth += list.at(-1).length) list.push(stretch(runs, nth));
  return list.map((of) => ({ from: of[0].first, to: of.at(-1).first + of.at(-1).frames, runs: of }));
};

const balanced = ({ ledger }, told) => {
  assert.equal(ledger.imbalanceFrames, 0, told);
  assert.equal(ledger.requestedFrames, ledger.freshFrames + ledger.repeatedFrames + ledger.concealedFrames + ledger.silentFrames, told);
};

for (const kind of ['shared', 'message']) {
  const way = kind === 'shared' ? 'shared memory' : 'messages';

  test(`by ${way}: paused and gone on, every frame of the file is heard once, to its end, and again`, async () => {
    const { page, complained } = await open(kind);
    const told = await page.evaluate(async () => {
      const { r } = window;
      const player = await r.make();
      const { sampleRate } = r.context;
      player.file = r.numbered(3, sampleRate);
      await player.play();
      await r.until(() => player.currentTime > 0.5);
      player.pause();
      const paused = player.currentTime;
      await r.plays(0.5);
      const still = player.currentTime;
      await player.play();
      await r.until(() => player.ended);
      await r.plays(0.2);
      const end = { currentTime: player.currentTime, duration: player.duration, paused: player.paused, state: player.output.state };
      const first = r.recording.runs();
      // Again, from the beginning.
      const from = r.recording.frames;
      await player.play();
      await r.until(() => player.currentTime > 0.3 && player.currentTime < 2.9);
      const again = r.recording.runs().filter(({ at }) => at >= from);
      return { sampleRate, paused, still, end, first, again, events: [...player.events], ...(await r.close()) };
    });
    const words = JSON.stringify({ ...told, losses: undefined });
    assert.equal(told.transport, kind);
    // The fades of the pause keep what they fade from being a run; nothing is left out or heard twice.
    whole(told.first, 0, 3 * told.sampleRate, words);
    assert.ok(told.still - told.paused < 0.1, 'it stands still');
    assert.deepEqual(told.end, { currentTime: 3, duration: 3, paused: true, state: 'stopped' });
    assert.ok(told.again[0].first < 600, words);
    assert.deepEqual(told.events, ['play', 'loadedmetadata', 'playing', 'pause', 'play', 'playing', 'pause', 'ended', 'play', 'seeking', 'seeked', 'playing']);
    balanced(told, words);
    assert.equal(told.underruns.byCause.ended, 0, 'the end is no underrun');
    assert.deepEqual(complained, []);
    await page.close();
  });

  test(`by ${way}: seeks while it plays and while it is paused are to the frame`, async () => {
    const { page, complained } = await open(kind);
    const told = await page.evaluate(async () => {
      const { r } = window;
      const player = await r.make();
      const { sampleRate } = r.context;
      player.file = r.numbered(20, sampleRate);
      const positions = [];
      await player.play();
      await r.until(() => player.currentTime > 0.3);
      player.currentTime = 10;
      positions.push(player.currentTime, player.seeking);
      await r.until(() => !player.seeking);
      positions.push(player.currentTime);
      await r.until(() => player.currentTime > 10.4);
      player.pause();
      await r.until(() => player.output.state === 'stopped');
      // Several in a row: the last one counts.
      player.currentTime = 1;
      player.currentTime = 3;
      player.currentTime = 15;
      await r.until(() => !player.seeking);
      positions.push(player.currentTime);
      await player.play();
      await r.until(() => player.currentTime > 15.5);
      // Again and again while it plays.
      for (const to of [2, 4, 6, 8]) {
        player.currentTime = to;
        await r.sleep(5);
      }
      await r.until(() => player.currentTime > 8.5 && player.currentTime < 10);
      return { sampleRate, positions, runs: r.recording.runs(), now: player.currentTime, ...(await r.close()) };
    });
    const words = JSON.stringify({ ...told, losses: undefined });
    const { sampleRate, positions } = told;
    assert.deepEqual(positions.slice(0, 2), [10, true]);
    assert.ok(positions[2] >= 10 && positions[2] < 10.4, words);
    assert.equal(positions[3], 15, words);
    const list = stretches(told.runs);
    const begins = (seconds) => list.filter(({ from }) => from >= seconds * sampleRate && from < seconds * sampleRate + 600);
    for (const seconds of [0, 10, 15, 8]) assert.equal(begins(seconds).length, 1, `${seconds} s: ${words}`);
    // Nothing else is heard: not what was overtaken while it was paused, nor what would have followed what was left.
    const places = [0, 10, 15, 2, 4, 6, 8].flatMap(begins);
    for (const one of list) assert.ok(places.includes(one), `from frame ${one.from}: ${words}`);
    for (const { runs, from, to } of list) whole(runs, from, to, words);
    // The position that is shown is that of what is put out.
    assert.ok(Math.abs(list.at(-1).to / sampleRate - told.now) < 0.2, words);
    balanced(told, words);
    assert.deepEqual(complained, []);
    await page.close();
  });

  test(`by ${way}: a loop has no gap, until it is switched off`, async () => {
    const { page } = await open(kind);
    const told = await page.evaluate(async () => {
      const { r } = window;
      const player = await r.make((element) => { element.loop = true; });
      const { sampleRate } = r.context;
      player.file = r.numbered(1, sampleRate);
      await player.play();
      await r.plays(3.4);
      const looped = r.recording.runs();
      const { events } = player;
      const ended = events.includes('ended');
      player.loop = false;
      await r.until(() => player.ended);
      return { sampleRate, looped, ended, ...(await r.close()) };
    });
    const words = JSON.stringify({ ...told, losses: undefined });
    assert.equal(told.ended, false);
    // Where nothing was lost, the first frame comes right behind the last one.
    const joints = told.looped.slice(1).map((run, nth) => [told.looped[nth], run]).filter(([before, behind]) => behind.first === 0 && before.first + before.frames === told.sampleRate);
    assert.ok(joints.length >= 2, words);
    for (const [before, behind] of joints) assert.equal(behind.at, before.at + before.frames, words);
    balanced(told, words);
    await page.close();
  });

  test(`by ${way}: a real file sounds as the browser decodes it, its first frame to its last`, async () => {
    const { page, complained } = await open(kind);
    const told = await page.evaluate(async () => {
      const { r } = window;
      const player = await r.make((element) => { element.src = 'chime.oga'; });
      await player.play();
      await r.until(() => player.ended);
      await r.plays(0.1);
      const bytes = await (await fetch('chime.oga')).arrayBuffer();
      const wanted = await new OfflineAudioContext(1, 1, r.context.sampleRate).decodeAudioData(bytes);
      const sides = [0, 1].map((channel) => [r.recording.side(channel), wanted.getChannelData(channel)]);
      // Where the first frames that are loud enough to be told from a fade lie in the recording.
      const [[left, first]] = sides;
      const from = first.findIndex((sample) => Math.abs(sample) > 0.01) + 256;
      const alike = (at) => {
        for (let frame = 0; frame < 256; frame += 1) if (left[at + frame] !== first[from + frame]) return false;
        return true;
      };
      let at = 0;
      while (at < left.length && !alike(at)) at += 1;
      let same = 0;
      let other = 0;
      for (let frame = from; frame < wanted.length; frame += 1) {
        const is = sides.every(([side, plane]) => side[at + frame - from] === plane[frame]);
        if (is) same += 1;
        else other += 1;
      }
      return { at, length: left.length, from, frames: wanted.length, same, other, ...(await r.close()) };
    });
    const words = JSON.stringify(told);
    assert.ok(told.at < told.length, words);
    // An underrun moves all that follows: on a machine that is busy enough, the frames before the first one are what can be compared.
    if (told.underruns.events === 0) assert.deepEqual([told.same, told.other], [told.frames - told.from, 0], words);
    else assert.ok(told.same > 256, words);
    balanced(told, words);
    assert.deepEqual(complained, []);
    await page.close();
  });
}

test('music of four minutes plays, seeks near its end and ends, with a position that goes on', async () => {
  const { page, complained } = await open('shared');
  const told = await page.evaluate(async () => {
    const { r } = window;
    const player = await r.make((element) => { element.src = 'music.ogg'; });
    const times = [];
    player.addEventListener('timeupdate', () => times.push(player.currentTime));
    await player.play();
    const { duration } = player;
    await r.until(() => player.currentTime > 1);
    const before = times.splice(0);
    player.currentTime = duration - 1;
    await r.until(() => player.ended);
    const loud = r.recording.side(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return { duration, before, last: times.at(-1), loud, channels: player.output.stats.channels, ...(await r.close()) };
  });
  assert.ok(Math.abs(told.duration - 255.85) < 0.01, String(told.duration));
  assert.equal(told.channels, 1, 'mono stays mono');
  assert.ok(told.before.length >= 3 && told.before.every((time, nth) => nth === 0 || time >= told.before[nth - 1]), String(told.before));
  assert.equal(told.last, told.duration);
  assert.ok(told.loud > 0.05, String(told.loud));
  balanced(told, JSON.stringify(told));
  assert.deepEqual(complained, []);
  await page.close();
});

test('under a strict policy it plays', async () => {
  const { page, complained } = await open('strict');
  const told = await page.evaluate(async () => {
    const { r } = window;
    const player = await r.make((element) => { element.src = 'chime.oga'; });
    await player.play();
    await r.until(() => player.ended);
    return { meter: player.shadowRoot.querySelector('noxrun-meter').shadowRoot.querySelector('[part="transport"]').textContent, ...(await r.close()) };
  });
  assert.equal(told.meter, 'shared memory');
  balanced(told, JSON.stringify(told));
  assert.deepEqual(complained, []);
  await page.close();
});

test('what cannot be played is refused in words, each with its code', async () => {
  const { page } = await open('shared');
  const fails = (src) =>
    page.evaluate(async (address) => {
      const { r } = window;
      if (!r.player) await r.make();
      r.player.file = null;
      r.player.src = address;
      const { code, message, url, name } = await r.player.play().then(() => ({ code: 'plays' }), (error) => error);
      return { code, message, url: url && new URL(url).pathname, name, shown: r.player.shadowRoot.querySelector('[part="message"]').textContent === message, same: r.player.error?.message === message };
    }, src);
  const refused = async (src, code, words) => {
    const { message, ...told } = await fails(src);
    assert.deepEqual(told, { code, url: `/${src}`, name: 'NoxrunError', shown: true, same: true }, `${src}: ${message}`);
    assert.match(message, words);
  };
  await refused('gone.oga', 'not-loaded', /^gone\.oga could not be loaded: the server answers 404/);
  await refused('refused.oga', 'not-loaded', /answers 403/);
  await refused('text.ogg', 'not-loaded', /^text\.ogg cannot be decoded by this browser: it is no audio file/);
  await refused('empty.oga', 'not-loaded', /is empty/);
  await refused('cut.oga', 'not-loaded', /^cut\.oga could not be loaded to its end/);
  await refused('huge.wav', 'out-of-range', /^huge\.wav has 2000 MB; the player keeps whole files in memory and takes 519 MB at most\. .*createPlayback/);
  // Their own words say how long they are: nothing is decoded.
  const long = await page.evaluate(async () => {
    const { r } = window;
    const decode = OfflineAudioContext.prototype.decodeAudioData;
    let decoded = 0;
    OfflineAudioContext.prototype.decodeAudioData = function (...more) {
      decoded += 1;
      return decode.apply(this, more);
    };
    const wav = new Uint8Array(await r.numbered(1, 8000).arrayBuffer());
    // Of 8 bits, mono, 1000 Hz: an hour and a half has 5.4 MB.
    const slow = new Uint8Array(5_400_000);
    slow.set(wav.subarray(0, 44));
    const view = new DataView(slow.buffer);
    view.setUint16(22, 1, true);
    view.setUint32(24, 1000, true);
    view.setUint32(28, 1000, true);
    r.player.file = new File([slow], 'slow.wav');
    const { code, message } = await r.player.play().then(() => ({ code: 'plays' }), (error) => error);
    return { code, message, decoded };
  });
  assert.deepEqual({ ...long, message: undefined }, { code: 'out-of-range', decoded: 0, message: undefined });
  assert.match(long.message, /^slow\.wav lasts 90 minutes; .* takes \d+ minutes of mono at most\./);
  // And what can be played plays after all.
  const plays = await fails('chime.oga');
  assert.equal(plays.code, 'plays', plays.message);
  await page.close();
});

test('what the files say of their length is what the browser finds', async () => {
  const { page } = await open('shared');
  const { secondsOf } = await import('../../npm/src/player/decode.js');
  for (const [file, src] of [[CHIME, 'chime.oga'], [MUSIC, 'music.ogg']]) {
    const bytes = await readFile(file);
    const { duration, channels } = secondsOf(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const found = await page.evaluate(async (address) => {
      const decoded = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(await (await fetch(address)).arrayBuffer());
      return [decoded.duration, decoded.numberOfChannels];
    }, src);
    assert.ok(Math.abs(duration - found[0]) < 0.05, `${src}: ${duration}, not ${found[0]}`);
    assert.equal(channels, found[1]);
  }
  await page.close();
});

test('two players on a page, and one after the other in its place: every context and worker ends', async () => {
  const { page, complained } = await open('shared');
  const before = page.workers().length;
  const told = await page.evaluate(async () => {
    const { r } = window;
    const players = [];
    for (let nth = 0; nth < 2; nth += 1) {
      const player = document.createElement('noxrun-player');
      player.src = 'music.ogg';
      document.getElementById('main').append(player);
      players.push(player);
    }
    await Promise.all(players.map((player) => player.play()));
    for (let end = performance.now() + 30_000; performance.now() < end && players.some((player) => player.currentTime < 0.5); ) await r.sleep(10);
    const imbalances = players.map((player) => player.output.stats.ledger.imbalanceFrames);
    const contexts = players.map((player) => player.context);
    // Another file in the same player takes the place of the first, in the same context.
    players[0].src = 'chime.oga';
    await players[0].play();
    const same = players[0].context === contexts[0];
    for (const player of players) player.remove();
    for (let end = performance.now() + 30_000; performance.now() < end && contexts.some(({ state }) => state !== 'closed'); ) await r.sleep(10);
    return { imbalances, same, states: contexts.map(({ state }) => state) };
  });
  assert.deepEqual(told, { imbalances: [0, 0], same: true, states: ['closed', 'closed'] });
  // One worker of the package stands by for the next output.
  for (const end = Date.now() + 30_000; page.workers().length > before + 1 && Date.now() < end; ) await page.waitForTimeout(50);
  assert.ok(page.workers().length <= before + 1, `${page.workers().length} workers`);
  assert.deepEqual(complained, []);
  await page.close();
});

test('where the browser wants a gesture, it says so, and a click plays', async () => {
  const shy = await launch({ autoplay: false });
  try {
    const page = await shy.newPage();
    const blocked = page.waitForEvent('console', (message) => message.text() === 'status: Press Play: the browser waits for it');
    await page.goto(`${servers.shared.url}real.html?autoplay`);
    await blocked;
    assert.equal(await page.locator('noxrun-player [part="play"]').getAttribute('aria-label'), 'Play');
    assert.ok(await page.locator('noxrun-player [part="message"]').isHidden(), 'it is no error');
    await page.locator('noxrun-player [part="play"]').click();
    await page.locator('noxrun-player [part="status"]', { hasText: 'Playing' }).waitFor();
    await page.waitForFunction(() => window.r.player.currentTime > 0.3);
  } finally {
    await shy.close();
  }
});
