// Files at the ring: what comes out of the node, frame by frame, against what ffmpeg decodes.

import assert from 'node:assert/strict';
import { test } from '../support/suite.mjs';
import { tapSuite } from '../support/tap.mjs';

const site = tapSuite();

/** Each plays from its first frame to its last, bit by bit. */
const EXACT = ['music.wav', 'music-24.wav', 'music-float.wav', 'music.aiff', 'music.flac', 'music-alac.m4a'];
/** Each is as close to ffmpeg's as decoders with other roundings are, and as long. */
const LOSSY = ['music.mp3', 'music.ogg', 'music-aac.m4a'];
/** Frames of all of them. */
const FRAMES = 6 * 44_100;
/** Signal to noise, in dB: in whole files, codecs of 16 bits and more. */
const LEAST_DB = 80;

/** Plays these files whole, all at once, each in an output of its own at its own rate; and compares what came out. */
function compared(page, names) {
  return page.evaluate((wanted) => {
    const { play, file, reference, fresh, differ, CHANNELS } = window.tap;
    return Promise.all(wanted.map(async (name) => {
      const source = await file(name);
      const theirs = await reference(name);
      const session = await play({ source, sampleRate: 44_100 });
      await session.state('ended');
      const { ledger, lost, failures } = await session.close();
      const { sound, faded } = fresh(session, ledger);
      const length = Math.min(sound.length, theirs.length);
      let signal = 0;
      let noise = 0;
      for (let at = 0; at < length; at += 1) {
        if (faded(Math.floor(at / CHANNELS))) continue;
        signal += theirs[at] ** 2;
        noise += (theirs[at] - sound[at]) ** 2;
      }
      const db = 10 * Math.log10(signal / noise);
      return { name, ledger, lost, failures, differs: differ(sound, theirs, length / CHANNELS, faded), db };
    }));
  }, names);
}

/** What holds for every file that was played to its end. */
function whole({ name, ledger, lost, failures }, frames) {
  assert.equal(lost, 0, `${name}: frames that were not recorded`);
  assert.deepEqual(failures, [], name);
  assert.equal(ledger.imbalance, 0, name);
  assert.equal(ledger.fresh, frames, `${name}: frames that were played`);
  assert.equal(ledger.inFlight, 0, name);
  assert.equal(ledger.repeated, 0, name);
  assert.deepEqual(Object.entries(ledger.dropped).filter(([, dropped]) => dropped > 0), [], `${name}: dropped`);
}

/** The machine may have been too busy: the frames are compared all the same, only those in the fades after an underrun are not. */
function say(t, { name, ledger }) {
  if (ledger.underruns.events > 0) t.diagnostic(`${name}: ${ledger.underruns.events} underruns, compared between them`);
}

test('PCM, FLAC and ALAC at their own rate: every frame bit by bit, in order, none missing or twice', async (t) => {
  const lab = await site.open();
  for (const played of await compared(lab.page, EXACT)) {
    say(t, played);
    whole(played, FRAMES);
    assert.deepEqual(played.differs, { first: -1, count: 0, most: 0 }, played.name);
  }
  await lab.close();
});

test('MP3, Vorbis and AAC at their own rate: in their place, within the decoders\' rounding', async (t) => {
  const lab = await site.open();
  for (const played of await compared(lab.page, LOSSY)) {
    say(t, played);
    whole(played, FRAMES);
    assert.ok(played.db > LEAST_DB, `${played.name}: ${played.db.toFixed(1)} dB; ${JSON.stringify(played.differs)}`);
    assert.ok(played.differs.count > 0, `${played.name}: as if nothing had been compared`);
  }
  await lab.close();
});

/** From, to, and tones in Hz up to the highest that both rates hold. */
const RATES = [
  [44_100, 48_000, [100, 1_000, 5_000, 18_000]],
  [48_000, 44_100, [100, 1_000, 5_000, 18_000]],
  [96_000, 48_000, [100, 1_000, 5_000, 18_000]],
  [8_000, 48_000, [100, 1_000, 3_000]],
];

test('files of another rate: as long as they should be, tones in tune and at their level, at least 85 dB above everything else', async (t) => {
  const lab = await site.open();
  const all = await lab.page.evaluate((rates) => {
    const { play, wav, fresh, CHANNELS } = window.tap;
    const SECONDS = 1.5;
    const LEVEL = 0.2;

    /** Solves a system of linear equations (Gaussian elimination with pivots): `rows` hold the coefficients and the right side. */
    function solve(rows) {
      const size = rows.length;
      for (let nth = 0; nth < size; nth += 1) {
        const best = rows.slice(nth).reduce((at, row, i) => (Math.abs(row[nth]) > Math.abs(rows[at][nth]) ? nth + i : at), nth);
        [rows[nth], rows[best]] = [rows[best], rows[nth]];
        for (let other = 0; other < size; other += 1) {
          if (other === nth) continue;
          const by = rows[other][nth] / rows[nth][nth];
          for (let at = nth; at <= size; at += 1) rows[other][at] -= by * rows[nth][at];
        }
      }
      return rows.map((row, nth) => row[size] / row[nth]);
    }

    /** Levels and phases of the tones that come nearest to the sound (least squares), and how far that is above what is left. */
    function fit(sound, from, to, tones, rate, faded) {
      const basis = (frame) => tones.flatMap((hz) => [Math.sin((2 * Math.PI * hz * frame) / rate), Math.cos((2 * Math.PI * hz * frame) / rate)]);
      const size = 2 * tones.length;
      const rows = Array.from({ length: size }, () => new Array(size + 1).fill(0));
      for (let frame = from; frame < to; frame += 1) {
        if (faded(frame)) continue;
        const at = basis(frame);
        for (let row = 0; row < size; row += 1) {
          for (let column = 0; column < size; column += 1) rows[row][column] += at[row] * at[column];
          rows[row][size] += at[row] * sound[CHANNELS * frame];
        }
      }
      const found = solve(rows);
      let signal = 0;
      let noise = 0;
      for (let frame = from; frame < to; frame += 1) {
        if (faded(frame)) continue;
        const modelled = basis(frame).reduce((sum, value, nth) => sum + value * found[nth], 0);
        signal += modelled ** 2;
        noise += (sound[CHANNELS * frame] - modelled) ** 2;
      }
      return {
        db: 10 * Math.log10(signal / noise),
        // Of a sine that began with the file: 0 dB and no phase, or the sound is not in its place.
        tones: tones.map((hz, nth) => ({
          hz,
          level: 20 * Math.log10(Math.hypot(found[2 * nth], found[2 * nth + 1]) / LEVEL),
          frames: (Math.atan2(found[2 * nth + 1], found[2 * nth]) / (2 * Math.PI * hz)) * rate,
        })),
      };
    }

    return Promise.all(rates.map(async ([from, to, tones]) => {
      const frames = Math.round(SECONDS * from) + 1;
      const sample = (frame) => tones.reduce((sum, hz) => sum + LEVEL * Math.sin((2 * Math.PI * hz * frame) / from), 0);
      const session = await play({ source: wav({ name: `${from}.wav`, frames, rate: from, bits: 32, sample }), sampleRate: to });
      await session.state('ended');
      const { ledger, lost, failures } = await session.close();
      const { sound, faded, frames: played } = fresh(session, ledger);
      // Near its ends the file's sound begins and ends abruptly, which is no tone.
      const edge = Math.round(0.05 * to);
      return { name: `${from} to ${to} Hz`, ledger, lost, failures, wanted: Math.round((frames * to) / from), ...fit(sound, edge, played - edge, tones, to, faded) };
    }));
  }, RATES);
  for (const played of all) {
    const { name, wanted, db, tones } = played;
    say(t, played);
    whole(played, wanted);
    assert.ok(db >= 85, `${name}: ${db.toFixed(1)} dB`);
    for (const { hz, level, frames } of tones) {
      assert.ok(Math.abs(level) < 0.1, `${name}: ${hz} Hz at ${level.toFixed(3)} dB`);
      assert.ok(Math.abs(frames) < 0.01, `${name}: ${hz} Hz is ${frames.toFixed(3)} frames late`);
    }
  }
  await lab.close();
});

test('at the end of a file: the state, the position, silence; a seek plays again, bit by bit', async () => {
  const lab = await site.open();
  const told = await lab.page.evaluate(async () => {
    const { play, numbered, runs } = window.tap;
    const rate = 44_100;
    const frames = Math.round(0.9 * rate) + 7;
    const session = await play({ source: numbered({ name: 'numbered.wav', frames, rate }), sampleRate: rate });
    const { output, recording } = session;
    await session.state('ended');
    const position = output.position;
    const ended = recording.frames;
    await session.plays(0.3);
    const after = { position: output.position, state: output.state, heard: runs(session, ended).length, ledger: await session.ledger() };
    await output.seek(0.5);
    // Not "ended" any more once the sound is there; it may be over again before this is looked at.
    await session.until(() => runs(session, ended).length > 0, 'sound after the seek');
    await session.state('ended');
    const again = runs(session, ended);
    const done = await session.close();
    return { rate, frames, position, after, again, done };
  });
  const length = told.frames / told.rate;
  // The ring is at its end before the device is, which holds a little.
  assert.ok(told.position.seconds <= length, `${told.position.seconds} s of ${length} s`);
  assert.equal(told.after.position?.item, 0);
  assert.ok(Math.abs(told.after.position.seconds - length) < 0.001, `${told.after.position.seconds} s of ${length} s`);
  assert.equal(told.after.state, 'ended');
  assert.equal(told.after.heard, 0, 'after the end there is silence');
  assert.equal(told.after.ledger.fresh, told.frames);
  assert.equal(told.again.length, 1, JSON.stringify(told.again));
  const [run] = told.again;
  const place = Math.round(0.5 * told.rate);
  assert.ok(run.first >= place && run.first <= place + 128, `from frame ${run.first}, sought ${place}`);
  assert.equal(run.first + run.frames, told.frames, 'to the last frame');
  assert.equal(told.done.ledger.imbalance, 0);
  assert.equal(told.done.ledger.fresh, told.frames + told.frames - place);
  await lab.close();
});
