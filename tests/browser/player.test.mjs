// The player for files, used as a person does: several files, the list, seeking by pointer and keyboard, loop, repeat, failures.

import assert from 'node:assert/strict';
import { PATIENCE } from '../support/lab.mjs';
import { fixture, fixtureBytes, suite, test } from '../support/suite.mjs';

const site = suite({
  server: {
    routes: {
      '/music/by-address.flac': fixture('music.flac'),
    },
  },
});

/** Seconds in each of the recordings. */
const LENGTH = 6;
/** Copies of the recording in the long file. */
const COPIES = 20;
const LONG = COPIES * LENGTH;

/** A WAV file of two minutes: the recording over and over. */
async function long() {
  const once = await fixtureBytes('music.wav');
  const at = once.indexOf('data') + 8;
  const samples = once.subarray(at, at + once.readUInt32LE(at - 4));
  const head = Buffer.from(once.subarray(0, at));
  head.writeUInt32LE(COPIES * samples.length, at - 4);
  head.writeUInt32LE(at - 8 + COPIES * samples.length, 4);
  return Buffer.concat([head, ...Array(COPIES).fill(samples)]);
}

/** An ID3v2.3 frame: its name and what is in it. */
function id3Frame(name, body) {
  const head = Buffer.alloc(10);
  head.write(name);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** The recording as MP3 that says what it is, with a picture. */
async function tagged() {
  const text = (name, value) => id3Frame(name, Buffer.from(`\0${value}`, 'latin1'));
  const picture = Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), await fixtureBytes('picture.png')]);
  const frames = Buffer.concat([text('TIT2', 'A <Title> & More'), text('TPE1', 'Somebody'), text('TALB', 'Some Album'), id3Frame('APIC', picture)]);
  const head = Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, ...[21, 14, 7, 0].map((shift) => (frames.length >> shift) & 0x7f)]);
  return Buffer.concat([head, frames, await fixtureBytes('music.mp3')]);
}

/** Picks files: names of fixtures, or files as Playwright takes them. */
async function pick(lab, files, input = 'file') {
  if (input === 'file') await lab.page.selectOption('#source', 'file');
  // Playwright takes names or contents, not both.
  const bytes = (file) => (typeof file === 'string' ? fixtureBytes(file).then((buffer) => ({ name: file, mimeType: '', buffer })) : file);
  await lab.page.setInputFiles(`#${input}`, await Promise.all(files.map(bytes)));
}

async function playLong(lab) {
  await pick(lab, [{ name: 'long.wav', mimeType: 'audio/wav', buffer: await long() }]);
  await lab.state('running');
  await reaches(lab, 0.2, LENGTH);
}

/** Drops several files at once on what `selector` finds. */
async function drop(lab, names, selector = 'main') {
  const files = await Promise.all(names.map(async (name) => [name, (await fixtureBytes(name)).toString('base64')]));
  const transfer = await lab.page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const [name, base64] of list) data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    return data;
  }, files);
  for (const kind of ['dragenter', 'dragover', 'drop']) await lab.page.dispatchEvent(selector, kind, { dataTransfer: transfer });
}

/** Seconds that a clock of the page shows: 1:02.3 is 62.3. */
async function clock(lab, id) {
  const parts = (await lab.text(id)).split(':').map(Number);
  return parts.reduce((sum, part) => 60 * sum + part, 0);
}

/** Waits until the position shown is between two seconds. */
async function reaches(lab, from, to) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const now = await clock(lab, 'time-now');
    if (now >= from && now <= to) return now;
    assert.ok(Date.now() < end, `the position is ${now}, not ${from} to ${to}; message: "${await lab.text('message-text')}"`);
    await lab.page.waitForTimeout(20);
  }
}

/** Waits until item `nth` is the one that plays. */
const plays = (lab, nth) => lab.page.waitForSelector(`#item-${nth}[aria-current="true"]`);

const names = (lab) => lab.page.locator('#list .row-name').allTextContents();

/** Clicks the waveform at a share of its width. */
async function clickAt(lab, share) {
  const { width, height } = await lab.page.locator('#seek').boundingBox();
  await lab.page.click('#seek', { position: { x: share * width, y: height / 2 } });
}

test('several files are picked: a list, played from its first to its last, with what is known about each', async () => {
  const lab = await site.open();
  await pick(lab, ['music.flac', 'music.mp3', 'music-48000.ogg']);
  await lab.state('running');
  assert.deepEqual(await names(lab), ['music.flac', 'music.mp3', 'music-48000.ogg']);
  assert.equal(await lab.text('count'), '3 files');
  await plays(lab, 0);
  assert.match(await lab.text('now-playing'), /^music\.flac, 1 of 3, /);
  await lab.page.waitForFunction(() => /FLAC.*44\.1 kHz, stereo, decoded by Noxrun/.test(document.getElementById('format').textContent));
  assert.ok(Math.abs((await clock(lab, 'time-all')) - LENGTH) < 0.2);
  await lab.hears();
  await reaches(lab, 0.5, 3);
  // Without a hand the next one follows, and begins at its beginning.
  await plays(lab, 1);
  await reaches(lab, 0, 1.5);
  assert.match(await lab.text('now-playing'), /^music\.mp3, 2 of 3, /);
  await plays(lab, 2);
  await lab.page.waitForFunction(() => /48 kHz/.test(document.getElementById('format').textContent));
  for (const row of await lab.page.locator('#list .row-length').allTextContents()) assert.match(row, /^0:0[56]$/);
  for (const row of await lab.page.locator('#list .row-what').allTextContents()) assert.match(row, /by Noxrun$/);
  await lab.state('ended');
  assert.equal(await lab.page.locator('#message').isHidden(), true);
  await lab.balanced();
  await lab.close();
});

test('a click on a file, next and previous play another', async () => {
  const lab = await site.open();
  await pick(lab, ['music.flac', 'music.mp3', 'music.ogg']);
  await lab.state('running');
  await plays(lab, 0);
  await lab.page.click('#item-2');
  await plays(lab, 2);
  await reaches(lab, 0, 2);
  assert.equal(await lab.page.isDisabled('#next'), true, 'it is the last');
  await lab.page.click('#previous');
  await plays(lab, 1);
  await lab.page.click('#next');
  await plays(lab, 2);
  await lab.page.selectOption('#repeat', 'all');
  await lab.page.click('#next');
  await plays(lab, 0);
  // After some seconds going back is to the beginning.
  await clickAt(lab, 0.7);
  await reaches(lab, 0.7 * LENGTH - 0.1, LENGTH);
  await lab.page.click('#previous');
  await reaches(lab, 0, 2);
  await plays(lab, 0);
  await lab.hears();
  assert.equal(await lab.contexts(), 1, 'in the same output');
  await lab.stop();
  await lab.balanced();
  // Stopped: a click on a file plays it.
  await lab.page.click('#item-1');
  await lab.state('running');
  await plays(lab, 1);
  await reaches(lab, 0.1, 3);
  await lab.close();
});

test('pointer and keyboard seek, and the position shown is what is played', async () => {
  const lab = await site.open();
  await playLong(lab);
  assert.ok(Math.abs((await clock(lab, 'time-all')) - LONG) < 0.2);
  await clickAt(lab, 0.5);
  await reaches(lab, LONG / 2 - 0.5, LONG / 2 + 4);
  // Dragged: what counts is where it is let go, outside of the bar too.
  const { x, y, width, height } = await lab.page.locator('#seek').boundingBox();
  await lab.page.mouse.move(x + 0.2 * width, y + height / 2);
  await lab.page.mouse.down();
  for (let step = 20; step <= 75; step += 1) await lab.page.mouse.move(x + (step / 100) * width, y + height + step);
  await lab.page.mouse.up();
  await reaches(lab, 0.75 * LONG - 0.5, 0.75 * LONG + 4);
  // It goes on from there.
  await reaches(lab, 0.75 * LONG + 1, 0.75 * LONG + 6);
  await lab.hears();

  await lab.page.focus('#seek');
  await lab.page.keyboard.press('Home');
  await reaches(lab, 0, 3);
  for (let nth = 0; nth < 4; nth += 1) await lab.page.keyboard.press('ArrowRight');
  const on = await reaches(lab, 20, 25);
  await lab.page.keyboard.press('ArrowLeft');
  await reaches(lab, on - 5, on - 2);
  await lab.page.focus('#repeat');
  const before = await clock(lab, 'time-now');
  await lab.page.keyboard.press('ArrowRight');
  assert.ok((await clock(lab, 'time-now')) < before + 4, 'the arrows of a choice are its own');
  await lab.page.selectOption('#repeat', 'none');
  await lab.page.focus('#loop-a');
  await lab.page.keyboard.press('ArrowRight');
  await reaches(lab, before + 5, before + 9);
  const said = await lab.page.getAttribute('#seek', 'aria-valuetext');
  assert.match(said, /^0:\d\d of 2:00$/);
  assert.equal(await lab.page.getAttribute('#seek', 'aria-valuemax'), String(LONG));
  const value = Number(await lab.page.getAttribute('#seek', 'aria-valuenow'));
  assert.ok(Math.abs(value - (await clock(lab, 'time-now'))) < 2);
  await lab.page.focus('#seek');
  await lab.page.keyboard.press('End');
  await lab.state('ended');
  await lab.balanced();
  // Over: a click on the waveform plays on from there.
  await clickAt(lab, 0.25);
  await lab.state('running');
  await reaches(lab, 0.25 * LONG - 0.5, 0.25 * LONG + 4);
  await lab.hears();
  await lab.close();
});

test('paused, the position goes where it is put, and the sound with it', async () => {
  const lab = await site.open();
  await playLong(lab);
  await lab.page.click('#play');
  await lab.state('paused');
  await clickAt(lab, 0.6);
  await reaches(lab, 0.6 * LONG - 0.5, 0.6 * LONG + 0.5);
  await lab.page.waitForTimeout(500);
  await reaches(lab, 0.6 * LONG - 0.5, 0.6 * LONG + 0.5);
  await lab.page.click('#play');
  await lab.state('running');
  await reaches(lab, 0.6 * LONG + 0.5, 0.6 * LONG + 5);
  await lab.close();
});

test('a loop is played over and over until it is cleared', async () => {
  const lab = await site.open();
  await playLong(lab);
  await clickAt(lab, 0.25);
  const from = await reaches(lab, 0.25 * LONG, 0.25 * LONG + 4);
  await lab.page.click('#loop-a');
  assert.match(await lab.text('loop'), /^from 0:3\d\.\d$/);
  const to = await reaches(lab, from + 1, from + 6);
  await lab.page.click('#loop-b');
  assert.match(await lab.text('loop'), /^0:3\d\.\d to 0:3\d\.\d$/);
  assert.equal(await lab.page.getAttribute('#loop-b', 'aria-pressed'), 'true');
  const positions = [];
  let back = 0;
  for (const end = Date.now() + PATIENCE; back < 2 && Date.now() < end; ) {
    positions.push(await clock(lab, 'time-now'));
    if (positions.at(-1) < positions.at(-2) - 0.3) back += 1;
    await lab.page.waitForTimeout(50);
  }
  assert.ok(back >= 2, `goes back: ${positions}`);
  // The loop's end was set where the clock had gone on to by the time of the click.
  assert.ok(positions.every((now) => now >= from - 0.3 && now <= to + 2), `${positions}`);
  await lab.page.click('#loop-clear');
  assert.equal(await lab.text('loop'), '');
  assert.equal(await lab.page.isDisabled('#loop-clear'), true);
  await reaches(lab, to + 2.5, to + 10);
  await lab.balanced();
  await lab.close();
});

test('one file is repeated', async () => {
  const lab = await site.open();
  await pick(lab, ['music.ogg', 'music.mp3']);
  await lab.state('running');
  await lab.page.selectOption('#repeat', 'one');
  await clickAt(lab, 0.8);
  await reaches(lab, 0.8 * LENGTH, LENGTH);
  await reaches(lab, 0, 2);
  assert.equal(await lab.page.getAttribute('#item-0', 'aria-current'), 'true');
  await lab.close();
});

test('files that cannot be played are named and marked, and the others play', async () => {
  const lab = await site.open();
  await pick(lab, ['random-0.bin', 'music.flac', 'text.wav', 'half-music.ogg']);
  await lab.state('running');
  await plays(lab, 1);
  assert.match(await lab.message('file'), /random-0\.bin/);
  assert.equal(await lab.page.getAttribute('#list li:nth-child(1)', 'data-state'), 'failed');
  assert.ok((await lab.page.locator('#list li:nth-child(1) .row-fault').textContent()).length > 10);
  assert.equal(await lab.page.getAttribute('#list li:nth-child(2)', 'data-state'), 'good');
  await lab.hears();
  await clickAt(lab, 0.8);
  await plays(lab, 3);
  await lab.page.waitForSelector('#list li:nth-child(3)[data-state="failed"]');
  // Cut off in the middle: as far as it goes, and where that was.
  await lab.page.waitForSelector('#list li:nth-child(4)[data-state="failed"]');
  await lab.state('ended');
  assert.match(await lab.message('file'), /half-music\.ogg/);
  assert.match(await lab.page.locator('#list li:nth-child(4) .row-fault').textContent(), /\d/);
  await lab.balanced();
  await lab.close();
});

test('files are dropped: on the list to add them, anywhere else to play them', async () => {
  const lab = await site.open();
  await drop(lab, ['music.flac', 'music.ogg']);
  await lab.state('running');
  await plays(lab, 0);
  assert.deepEqual(await names(lab), ['music.flac', 'music.ogg']);
  await drop(lab, ['music.mp3'], '#list');
  await lab.page.waitForSelector('#item-2');
  assert.equal(await lab.page.getAttribute('#item-0', 'aria-current'), 'true', 'what plays plays on');
  await pick(lab, ['music.aiff'], 'file-add');
  await lab.page.waitForSelector('#item-3');
  await lab.page.click('#item-3');
  await plays(lab, 3);
  await reaches(lab, 0.2, 3);
  await drop(lab, ['music-48000.flac']);
  await lab.page.waitForFunction(() => document.getElementById('count').textContent === '1 file');
  assert.deepEqual(await names(lab), ['music-48000.flac']);
  await plays(lab, 0);
  await lab.hears();
  assert.equal(await lab.contexts(), 1);
  await lab.close();
});

test('a file is played by its address', async () => {
  const lab = await site.open();
  await lab.page.selectOption('#source', 'file');
  await lab.type('address', 'music/by-address.flac');
  await lab.state('running');
  assert.deepEqual(await names(lab), ['by-address.flac']);
  await reaches(lab, 0.3, 4);
  await lab.hears();
  await lab.type('address', 'music/nowhere.flac');
  await lab.page.waitForSelector('#item-1');
  await lab.page.click('#item-1');
  assert.match(await lab.message('file'), /nowhere\.flac/);
  await lab.page.waitForSelector('#list li:nth-child(2)[data-state="failed"]');
  await lab.close({ complained: false });
});

test('title, cover and waveform are shown, and those of another file when that plays', async () => {
  const lab = await site.open();
  await pick(lab, [{ name: 'tagged.mp3', mimeType: 'audio/mpeg', buffer: await tagged() }, 'music.flac']);
  await lab.state('running');
  await lab.page.waitForFunction(() => document.getElementById('title').textContent === 'A <Title> & More');
  assert.equal(await lab.text('artist'), 'Somebody, Some Album');
  await lab.page.waitForFunction(() => !document.getElementById('cover').hidden && document.getElementById('cover').naturalWidth > 0);
  // Of a column that was measured more is painted than the line that stands for nothing.
  const measured = () =>
    lab.page.evaluate(() => {
      const canvas = document.getElementById('wave');
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
      const painted = (x) => Array.from({ length: height }, (_, y) => data[4 * (y * width + x) + 3]).filter((alpha) => alpha > 0).length;
      return Array.from({ length: width }, (_, x) => painted(x)).filter((count) => count > 8).length / width;
    });
  for (const end = Date.now() + PATIENCE; (await measured()) < 0.9; ) {
    assert.ok(Date.now() < end, `${await measured()} of the waveform is there; ${await lab.text('scan')}`);
    await lab.page.waitForTimeout(100);
  }
  assert.equal(await lab.page.locator('#scan').isHidden(), true, 'it is whole');
  await lab.page.click('#next');
  await plays(lab, 1);
  assert.equal(await lab.text('title'), 'music.flac');
  assert.equal(await lab.text('artist'), '');
  assert.equal(await lab.page.locator('#cover').isHidden(), true);
  // Back: at once, for it is known.
  await lab.page.click('#previous');
  await plays(lab, 0);
  assert.equal(await lab.text('title'), 'A <Title> & More');
  assert.ok((await measured()) > 0.9);
  await lab.close();
});

test('on a narrow screen nothing of the player is wider than the page, and every control has a name', async () => {
  const lab = await site.open({ page: { viewport: { width: 360, height: 780 } } });
  const name = `${'a-name-without-a-blank-'.repeat(6)}.flac`;
  await pick(lab, ['random-0.bin', { name, mimeType: '', buffer: await fixtureBytes('music.flac') }]);
  await lab.state('running');
  await plays(lab, 1);
  await lab.page.click('#loop-b');
  await lab.page.hover('#seek');
  assert.ok((await lab.page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  const unnamed = await lab.page.evaluate(() =>
    [...document.querySelectorAll('#player :is(button, input, select, [role])')]
      .filter((one) => !(one.getAttribute('aria-label') || one.closest('label')?.textContent || one.textContent).trim())
      .map(({ id }) => id),
  );
  assert.deepEqual(unnamed, []);
  await lab.close();
});
