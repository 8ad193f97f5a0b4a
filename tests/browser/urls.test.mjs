// Playing what lies behind an address, whatever its server does.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { SITE, Served, serve } from '../support/server.mjs';
import { fixtureBytes, suite, test } from '../support/suite.mjs';
import { drive } from '../support/output.mjs';
import { repeatedWav } from '../support/music.mjs';

const MIB = 1024 * 1024;
/** Bytes of a second of the long file: 16 bits, stereo, 44,100 Hz. */
const SECOND = 4 * 44_100;
/** Seconds in a recording, and copies of it in the long file. */
const LENGTH = 6;
const COPIES = 60;
/** Bytes that are on their way at most: what the reader reads ahead, and what browser and system take off the server's hands. */
const UNDER_WAY = 24 * MIB;

/** What lies at /music/NAME of this site, and of another. */
const served = {};
const routes = {};
for (const name of ['music.flac', 'music.mp3', 'music.ogg', 'music-aac.m4a', 'music-alac.m4a', 'long.wav', 'gone.flac', 'random-0.bin']) {
  routes[`/music/${name}`] = (request, response) => served[name].route(request, response);
}
const site = suite({ server: { routes } });
let other = null;
let long = null;

before(async () => {
  other = await serve(SITE, { isolated: false, routes });
  long = await repeatedWav(COPIES);
});
after(() => other?.close());

const url = (name, of = '') => ({ kind: 'file', url: `${of}music/${name}` });

async function put(name, behaviour, bytes) {
  served[name] = new Served(bytes ?? (await fixtureBytes(name)), behaviour);
  return served[name];
}

/** To its end, without a failure. */
async function playsWhole(driven, { item = 0 } = {}) {
  const { position, failures, stats } = await driven.until(({ state }) => state === 'ended');
  assert.deepEqual(failures, []);
  assert.equal(position.item, item);
  assert.ok(Math.abs(position.seconds - LENGTH) < 0.3, `ended at ${position.seconds} s`);
  return stats;
}

for (const [what, name, behaviour] of [
  ['parts', 'music.flac', {}],
  ['parts, and its index at the end', 'music-aac.m4a', {}],
  ['parts, at the speed at which it plays', 'music.mp3', { perSecond: 40_000 }],
  ['no parts', 'music.ogg', { ranges: false }],
  ['no parts and no length', 'music.mp3', { ranges: false, length: false }],
  ['no parts, and its index at the end', 'music-alac.m4a', { ranges: false }],
]) {
  test(`an address is played to its end: ${what}`, async () => {
    const file = await put(name, behaviour);
    const driven = await drive(site);
    await driven.start(url(name));
    const { tracks } = await driven.reaches(0.3);
    assert.equal(tracks.length, 1);
    assert.equal(tracks[0].name, name);
    assert.equal(tracks[0].info.sampleRate, 44_100);
    await driven.lab.hears();
    const stats = await playsWhole(driven);
    assert.ok(stats.fresh > 5.9 * 44_100);
    if (behaviour.ranges === false) assert.equal(file.requests.length, 1);
    await driven.close();
  });
}

test('another site\'s file, where that allows it; and where it does not, or is not there', async () => {
  await put('music.flac', { headers: { 'Access-Control-Allow-Origin': '*' } });
  const driven = await drive(site);
  await driven.start(url('music.flac', other.url));
  await driven.reaches(1);
  served['music.flac'].behaviour.headers = {};
  const refused = await driven.ask('setSource', url('music.flac', other.url));
  assert.equal(refused.error.code, 'file');
  assert.equal(refused.error.problem, 'unreadable');
  assert.match(refused.error.message, /^music\.flac: localhost:\d+ cannot be reached, or does not let pages of other sites read its files/);
  const gone = await serve(SITE);
  await gone.close();
  const { error } = await driven.ask('setSource', url('music.flac', gone.url));
  assert.deepEqual([error.code, error.problem], ['file', 'unreadable']);
  assert.match(error.message, /^music\.flac: .*cannot be reached/);
  // What plays plays on, to its end.
  const { failures } = await driven.plays();
  assert.deepEqual(failures, []);
  await playsWhole(driven);
  await driven.close({ complained: false });
});

test('nothing there, and no audio there: refused by name, at the start and while something plays', async () => {
  await put('gone.flac', { status: 404 }, Buffer.alloc(0));
  await put('random-0.bin', {});
  await put('music.flac', {});
  const driven = await drive(site);
  const { error } = await driven.tryStart(url('gone.flac'));
  assert.deepEqual([error.name, error.code, error.problem], ['NoxrunError', 'file', 'unreadable']);
  assert.match(error.message, /^gone\.flac: the server answers 404: there is no such file/);
  await driven.start(url('music.flac'));
  await driven.reaches(0.3);
  for (const [name, problem] of [['gone.flac', 'unreadable'], ['random-0.bin', 'not-audio']]) {
    const refused = await driven.ask('setSource', url(name));
    assert.equal(refused.error.problem, problem, JSON.stringify(refused));
    assert.ok(refused.error.message.startsWith(name), refused.error.message);
  }
  const { tracks } = await driven.now();
  assert.deepEqual(tracks.map(({ name }) => name), ['music.flac']);
  const stats = await playsWhole(driven);
  assert.equal(stats.dropped.seek, 0, 'nothing of the sound was dropped');
  await driven.close({ complained: false });
});

test('what is no address is refused', async () => {
  const driven = await drive(site);
  const { error } = await driven.tryStart({ kind: 'file', url: 'http://[' });
  assert.deepEqual([error.code, error.name], ['option', 'NoxrunError']);
  await driven.lab.close();
});

test('a server that stalls for a while: the sound goes on from what was read ahead', async () => {
  // Some 28 s of sound, of which the reader takes 4 MiB; then nothing for the time that is given.
  const file = await put('long.wav', { perSecond: 3 * SECOND }, long);
  const driven = await drive(site);
  await driven.start(url('long.wav'));
  await driven.reaches(2);
  file.behaviour.perSecond = 1;
  const { stats: before } = await driven.until(() => true);
  const { sent } = file;
  await driven.reaches(5);
  assert.ok(file.sent - sent < 1000, 'nothing came meanwhile');
  const { stats, state, failures } = await driven.until(() => true);
  assert.deepEqual([state, failures], ['running', []]);
  file.behaviour.perSecond = Infinity;
  await driven.reaches(8);
  assert.ok(stats.fresh > before.fresh + 2 * SECOND / 4);
  await driven.close();
});

test('connections that break again and again are not heard', async () => {
  const file = await put('music.flac', { cutAfter: 100_000, perSecond: 400_000 });
  const driven = await drive(site);
  await driven.start(url('music.flac'));
  await playsWhole(driven);
  assert.ok(file.requests.length > 4, `${file.requests.length} requests`);
  await driven.close({ complained: false });
});

test('a server that is gone in the middle: what came is played, then it is said', async () => {
  const file = await put('long.wav', { cutAfter: 30 * SECOND, cuts: 1 }, long);
  const driven = await drive(site);
  await driven.start(url('long.wav'));
  await driven.reaches(0.2);
  file.behaviour.status = 404;
  // 20 s of the 30 are not waited for.
  await driven.does('seek', 20, 0);
  // For an instant after a seek the position is not known.
  const { failures, position } = await driven.until(({ state, position }) => state === 'ended' && position !== null);
  assert.equal(failures.length, 1, JSON.stringify(failures));
  const [{ item, name, code, at, message }] = failures;
  assert.deepEqual([item, name, code], [0, 'long.wav', 'unreadable']);
  assert.match(message, /^long\.wav: .*the server answers 404/);
  assert.ok(at > 20.5 && Math.abs(at - position.seconds) < 0.3, `${at} s, and played to ${position.seconds} s`);
  await driven.close({ complained: false });
});

test('a file that is changed on the server while it plays', async () => {
  const file = await put('long.wav', { etag: '"one"' }, long);
  await put('music.flac', {});
  const driven = await drive(site);
  await driven.start({ kind: 'playlist', items: [url('long.wav'), url('music.flac')] });
  await driven.reaches(1);
  file.behaviour.etag = '"two"';
  // Far beyond what was read.
  await driven.begin('seek', 'seek', 250, 0);
  const { failures } = await driven.until((now) => now.failures.length > 0);
  const [{ item, name, code, message }] = failures;
  assert.deepEqual([failures.length, item, name, code], [1, 0, 'long.wav', 'unreadable']);
  assert.match(message, /^long\.wav: .*changed on the server/);
  const { error } = await driven.ended('seek');
  assert.equal(error, undefined, JSON.stringify(error));
  // The list goes on.
  await driven.reaches(1, { item: 1 });
  await driven.close({ complained: false });
});

test('far ahead in a long file: only what is needed is fetched', async () => {
  const file = await put('long.wav', {}, long);
  const driven = await drive(site);
  await driven.start(url('long.wav'));
  await driven.reaches(0.3);
  const places = [300, 20, 180, 340];
  for (const seconds of places) {
    await driven.does('seek', seconds, 0);
    await driven.reaches(seconds, { to: seconds + 3 });
  }
  assert.ok(file.requests.length <= 2 + 2 * places.length, file.requests.join());
  // Each stream is left standing when its window is full.
  for (const seconds of places) {
    const near = file.requests.map((range) => Number(/=(\d+)/.exec(range)[1]) / SECOND).filter((at) => Math.abs(at - seconds) < 3);
    assert.ok(near.length >= 1 || seconds > 335, `${seconds} s: ${file.requests}`);
  }
  assert.ok(file.sent < (1 + places.length) * UNDER_WAY && file.sent < 2 * long.length, `${file.sent} bytes were sent`);
  const { failures } = await driven.now();
  assert.deepEqual(failures, []);
  await driven.close();
});

test('what is behind the latest seek only is fetched, however fast they come', async () => {
  const file = await put('long.wav', {}, long);
  const driven = await drive(site);
  await driven.start(url('long.wav'));
  await driven.reaches(0.2);
  for (let nth = 0; nth < 25; nth += 1) await driven.begin(`${nth}`, 'seek', 340 - 12 * nth, 0);
  for (let nth = 0; nth < 25; nth += 1) assert.equal((await driven.ended(`${nth}`)).error, undefined);
  await driven.reaches(52, { to: 55 });
  assert.ok(file.requests.length <= 2 + 2 * 25, `${file.requests.length} requests`);
  await driven.close();
});

test('a seek while the network stands still does not wait for it', async () => {
  const file = await put('long.wav', {}, long);
  const driven = await drive(site);
  await driven.start(url('long.wav'));
  await driven.reaches(1);
  // Nothing more comes of what is asked for from now on.
  file.behaviour.stallAfter = 0;
  await driven.begin('far', 'seek', 200, 0);
  await driven.until(() => true);
  while (!file.requests.some((range) => Number(/=(\d+)/.exec(range)[1]) > 190 * SECOND)) await driven.page.waitForTimeout(20);
  // Its first bytes are kept.
  const ms = await driven.does('seek', 0.2, 0);
  assert.ok(ms < 10_000, `${ms} ms: no request takes less than the 15 s after which the server counts as stalled`);
  await driven.reaches(0.2, { to: 3 });
  assert.equal((await driven.ended('far')).error, undefined, 'the earlier seek is over with the later one');
  // … and neither does another file.
  await driven.begin('again', 'seek', 220, 0);
  await driven.page.waitForTimeout(300);
  await driven.keep({ 'local.flac': await fixtureBytes('music.flac') });
  await driven.does('setSource', { file: 'local.flac' });
  const { tracks, failures } = await driven.reaches(0.5);
  assert.deepEqual([tracks.map(({ name }) => name), failures], [['local.flac'], []]);
  await driven.ended('again');
  await driven.close({ complained: false });
});

test('a list of addresses and files', async () => {
  await put('music.flac', {});
  await put('gone.flac', { status: 404 }, Buffer.alloc(0));
  await put('music.mp3', { ranges: false });
  const driven = await drive(site);
  await driven.keep({ 'local.ogg': await fixtureBytes('music-48000.ogg') });
  await driven.start({ kind: 'playlist', items: [url('music.flac'), url('gone.flac'), { file: 'local.ogg' }] });
  await driven.does('append', [`music/music.mp3`]);
  for (const item of [0, 2, 3]) {
    await driven.reaches(0.3, { item });
    if (item < 3) await driven.does('seek', LENGTH - 0.5, item);
  }
  const { tracks, failures } = await driven.until(({ state }) => state === 'ended');
  assert.deepEqual(tracks.map(({ name }) => name), ['music.flac', 'gone.flac', 'local.ogg', 'music.mp3']);
  assert.deepEqual(tracks.map(({ info }) => info !== null), [true, false, true, true]);
  assert.deepEqual(failures.map(({ item, name, code, at }) => [item, name, code, at]), [[1, 'gone.flac', 'unreadable', null]]);
  await driven.close({ complained: false });
});

test('more addresses than a browser has connections to a server', async () => {
  await put('long.wav', {}, long);
  const driven = await drive(site);
  const items = Array.from({ length: 9 }, () => url('long.wav'));
  await driven.start({ kind: 'playlist', items });
  // Each is left while most of it has not been read; then back to the first.
  for (const item of [...items.keys(), 0]) {
    await driven.does('seek', 200, item);
    await driven.reaches(200.3, { item, to: 210 });
  }
  const { failures } = await driven.until(() => true);
  assert.deepEqual(failures, []);
  await driven.close();
});
