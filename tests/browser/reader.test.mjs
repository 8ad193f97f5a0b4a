// The reader of files behind URLs: every byte at its place whatever the server does, no request too many, an answer to whoever waits, and never more memory than said.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { after, before } from 'node:test';
import { SITE, Served, serve } from '../support/server.mjs';
import { suite, test } from '../support/suite.mjs';
import { MODE, PROBLEM, RING_BYTES, SHARED_BYTES, STATE, TAIL_BYTES, WORD } from '../../worklet/reader-layout.js';

const support = (name) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
const MIB = 1024 * 1024;
/** Instead of seconds. */
const QUICK = { stallMs: 600, retryMs: [10, 20, 40] };
/** For whoever is woken, in ms: on a busy machine too, and far less than any network takes in these tests. */
const PROMPT = 1000;

/** What reader-worker.mjs checks against. */
function bytesOf(length) {
  const words = new Uint32Array(Math.ceil(length / 4)).map((_, index) => Math.imul(index + 1, 2654435761));
  return Buffer.from(words.buffer, 0, length);
}

const LONG = bytesOf(48 * MIB + 12_345);
const SHORT = LONG.subarray(0, 9 * MIB + 321);

/** What lies at /file and, from another site, at the other server's /file. */
let served = null;
let other = null;
const route = (request, response) => served.route(request, response);
const OLD = 'Atomics.waitAsync = undefined;\n';

const site = suite({
  server: {
    routes: {
      '/reader.html': support('reader.html'),
      '/reader-worker.mjs': support('reader-worker.mjs'),
      '/file': route,
      '/moved': (request, response) => response.writeHead(302, { Location: '/file' }).end(),
      // A browser without Atomics.waitAsync.
      '/old/worklet/reader.js': async (request, response) => {
        const text = await readFile(path.join(SITE, 'worklet/reader.js'), 'utf8');
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(text.replace(/\nclass Store/, `\n${OLD}$&`));
      },
      '/old/worklet/reader-layout.js': path.join(SITE, 'worklet/reader-layout.js'),
      '/old/worklet/reader-http.js': path.join(SITE, 'worklet/reader-http.js'),
      '/old/worklet/reader-client.js': path.join(SITE, 'worklet/reader-client.js'),
      '/old/reader-worker.mjs': support('reader-worker.mjs'),
      '/old/reader.html': support('reader.html'),
    },
  },
});

before(async () => {
  other = await serve(SITE, { isolated: false, routes: { '/file': route } });
});
after(() => other?.close());

/** Starts a reader of `url`, and gives `body` the means to talk to both ends. */
async function reading(behaviour, body, { bytes = SHORT, url = 'file', tuning = QUICK, folder = '' } = {}) {
  served = new Served(bytes, behaviour);
  const page = await site.browser.newPage();
  await page.goto(`${site.url}${folder}reader.html`);
  await page.waitForFunction(() => window.pairs);
  await page.evaluate(([address, times]) => void window.pairs.start(address, times), [url === 'file' ? '/file' : url, tuning]);
  const ask = (...what) => page.evaluate((all) => window.pair.ask(...all), what);
  const told = async (...what) => {
    const answer = await ask(...what);
    assert.equal(answer.error, undefined, `${what}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  };
  const refused = async (code, ...what) => {
    const answer = await ask(...what);
    assert.equal(answer.error?.code, code, `${what}: ${JSON.stringify(answer)}`);
    assert.equal(answer.error.name, 'ReaderError');
    return { ...answer.error, ms: answer.ms };
  };
  /** Reads a stretch and requires each of its bytes. */
  const reads = async (position, count) => assert.deepEqual(await told('read', position, count), { count, wrong: -1 });
  const pause = (ms) => page.waitForTimeout(ms);
  const does = (what) => page.evaluate((name) => window.pair[name](), what);
  const word = (index) => page.evaluate((at) => window.pair.shared.word(at), index);
  await body({ ask, told, refused, reads, pause, does, word });
  await does('end');
  await page.close();
}

for (const [what, behaviour, options] of [
  ['parts', {}, { bytes: LONG }],
  ['parts of a megabyte at most', { most: MIB }, {}],
  ['connections that break', { cutAfter: 700_001 }, {}],
  // What was on its way is lost with them.
  ['connections that are reset', { cutAfter: 300_000, reset: true }, {}],
  ['connections that are reset, parts of nobody knows how much', { cutAfter: 300_000, cuts: 2, reset: true, total: false }, {}],
  ['no parts, a file that is kept', { ranges: false }, {}],
  // Slowly at first, so that the end is not there before anybody asks.
  ['no parts and no length', { ranges: false, length: false, perSecond: MIB }, {}],
  ['a browser without Atomics.waitAsync', {}, { folder: 'old/' }],
  ['parts from another site, which hides Content-Range', { headers: { 'Access-Control-Allow-Origin': '*' } }, { elsewhere: true }],
]) {
  test(`bytes anywhere in the file: ${what}`, async () => {
    const { elsewhere, ...rest } = options;
    const bytes = rest.bytes ?? SHORT;
    const body = async ({ told }) => {
      const about = await told('open');
      const known = behaviour.length !== false && behaviour.total !== false;
      assert.deepEqual(about, { length: known ? bytes.length : -1, seekable: behaviour.length !== false });
      served.behaviour.perSecond = Infinity;
      for (const seed of [1, 2]) assert.equal(await told('jump', seed, 40, bytes.length), null);
      assert.deepEqual(await told('about'), { length: bytes.length, seekable: true });
      if (behaviour.ranges === false) assert.equal(served.requests.length, 1);
    };
    await reading(behaviour, body, { ...rest, url: elsewhere ? `${other.url}file` : 'file' });
  });
}

test('the old browser\'s test is about an old browser', async () => {
  const text = await readFile(path.join(SITE, 'worklet/reader.js'), 'utf8');
  assert.match(text, /\nclass Store/);
  assert.match(text, /Atomics\.waitAsync \? null : waiter/);
});

test('the beginning, the end and small steps back cost one request each, or none', async () => {
  await reading({}, async ({ told, reads }) => {
    await told('open');
    await reads(0, 100_000);
    await reads(LONG.length - 128, 128);
    await reads(LONG.length - 65_536, 65_536);
    await reads(0, 3000);
    await reads(100_000, 2_900_000);
    await reads(2_100_000, 1_000_000);
    await reads(3_200_000, 1000);
    // Long out of the window.
    await reads(5000, 200_000);
    await reads(LONG.length - 100, 100);
    assert.deepEqual(served.requests, ['bytes=0-', `bytes=${LONG.length - TAIL_BYTES}-`]);
    await reads(20 * MIB, 1000);
    assert.deepEqual(served.requests.slice(2), [`bytes=${20 * MIB}-`]);
    assert.deepEqual(await told('read', LONG.length, 10), { count: 0, wrong: -1 });
    assert.equal(served.requests.length, 3);
  }, { bytes: LONG });
});

test('what nobody reads is not fetched, and nobody is woken meanwhile', async () => {
  await reading({}, async ({ told, reads, pause, word }) => {
    await told('open');
    await reads(0, 1000);
    await pause(1000);
    const before = [served.sent, await word(WORD.SIGNAL), await word(WORD.CALL)];
    await pause(1000);
    assert.deepEqual([served.sent, await word(WORD.SIGNAL), await word(WORD.CALL)], before);
    // The window, and what browser and system keep on the way: a socket's buffers grow as far as the system lets them.
    const buffers = await Promise.all(['tcp_rmem', 'tcp_wmem'].map(async (name) => Number((await readFile(`/proc/sys/net/ipv4/${name}`, 'utf8')).trim().split(/\s+/)[2])));
    const most = RING_BYTES + buffers[0] + buffers[1] + 4 * MIB;
    assert.ok(most < LONG.length && served.sent < most, `${served.sent} bytes were sent of ${most} at most`);
    await reads(1000, LONG.length - 1000);
    assert.equal(served.requests.length, 1);
  }, { bytes: LONG });
});

for (const [what, length] of [['with', true], ['without', false]]) {
  test(`too long to be kept, no parts, ${what} a length: forward, and back by beginning anew`, async () => {
    await reading({ ranges: false, length }, async ({ told, reads }) => {
      assert.deepEqual(await told('open'), { length: length ? LONG.length : -1, seekable: false });
      if (!length) assert.equal(await told('read', 0, 1000).then(({ wrong }) => wrong), -1);
      await reads(5 * MIB, 100_000);
      await reads(35 * MIB, 9 * MIB);
      assert.equal(served.requests.length, 1);
      await reads(1000, MIB);
      await reads(0, LONG.length);
      assert.deepEqual(await told('about'), { length: LONG.length, seekable: false });
      assert.deepEqual(await told('read', LONG.length, 10), { count: 0, wrong: -1 });
      assert.equal(served.requests.length, 3);
    }, { bytes: LONG });
  });
}

test('a compressed body is what it decompresses to', async () => {
  const packed = gzipSync(SHORT, { level: 1 });
  for (const ranges of [true, false]) {
    served = null;
    const behaviour = { ranges, headers: { 'Content-Encoding': 'gzip' } };
    await reading(behaviour, async ({ told, reads }) => {
      served.bytes = packed;
      // Its length is not known until all of it has come; that may be before anybody asks.
      const { length, seekable } = await told('open');
      assert.ok(seekable ? length === SHORT.length : length === -1, `${length}`);
      await reads(0, SHORT.length);
      assert.deepEqual(await told('read', SHORT.length, 1), { count: 0, wrong: -1 });
      assert.deepEqual(await told('about'), { length: SHORT.length, seekable: true });
    }, { bytes: packed });
  }
});

test('an empty file, and a redirection', async () => {
  await reading({}, async ({ told }) => {
    assert.deepEqual(await told('open'), { length: 0, seekable: true });
    assert.deepEqual(await told('read', 0, 100), { count: 0, wrong: -1 });
  }, { bytes: Buffer.alloc(0) });
  await reading({}, async ({ told, reads }) => {
    assert.deepEqual(await told('open'), { length: SHORT.length, seekable: true });
    await reads(SHORT.length - 400_000, 400_000);
  }, { url: '/moved' });
});

test('no file there: said at once, with the server\'s answer', async () => {
  for (const status of [401, 403, 404, 410, 500, 503]) {
    await reading({ status }, async ({ refused }) => {
      const error = await refused(PROBLEM.STATUS, 'open');
      assert.equal(error.status, status);
      assert.match(error.text, new RegExp(`the server answers ${status}`));
      await refused(PROBLEM.STATUS, 'read', 0, 100);
      await refused(PROBLEM.STATUS, 'read', 5 * MIB, 100);
      assert.equal(served.requests.length, 1);
    });
  }
});

test('a site that does not let others read, and one that is not there', async () => {
  await reading({}, async ({ refused }) => {
    const error = await refused(PROBLEM.UNREACHABLE, 'open');
    assert.match(error.text, /^localhost:\d+ cannot be reached, or does not let pages of other sites read its files/);
  }, { url: `${other.url}file` });
  const gone = await serve(SITE);
  await gone.close();
  await reading({}, async ({ refused }) => {
    assert.match((await refused(PROBLEM.UNREACHABLE, 'open')).text, /cannot be reached/);
  }, { url: `${gone.url}file` });
});

test('a connection that breaks is mended where it broke, three times in a row at most', async () => {
  await reading({ cutAfter: 2 * MIB, cuts: 3 }, async ({ told, reads }) => {
    await told('open');
    await reads(0, SHORT.length);
    assert.equal(served.requests.length, 4);
    assert.equal(served.requests[0], 'bytes=0-');
    for (const [nth, request] of served.requests.slice(1).entries()) {
      const at = Number(/=(\d+)-/.exec(request)[1]);
      assert.ok(at > 0 && at <= 2 * MIB * (nth + 1), request);
    }
  });
  await reading({ cutAfter: 3 * MIB }, async ({ told, refused }) => {
    await told('open');
    // Nothing more from here on.
    served.behaviour.cutAfter = 0;
    const error = await refused(PROBLEM.BROKEN, 'read', 0, SHORT.length);
    assert.ok(error.at > MIB && error.at < SHORT.length, `at ${error.at}`);
    const from = served.requests.filter((request) => request.startsWith(`bytes=${error.at}-`));
    // When all of it comes to nothing, for less at a time.
    const part = `bytes=${error.at}-${error.at + 256 * 1024 - 1}`;
    assert.deepEqual(from, [`bytes=${error.at}-`, part, part]);
    served.behaviour.cutAfter = Infinity;
    assert.deepEqual(await told('read', 6 * MIB, 1000), { count: 1000, wrong: -1 });
  });
});

test('a server that is out of order for a moment is asked again', async () => {
  await reading({}, async ({ told, ask }) => {
    await told('open');
    served.behaviour.status = 503;
    const reading_ = ask('read', 6 * MIB, 1000);
    while (served.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    served.behaviour.status = undefined;
    assert.deepEqual((await reading_).result, { count: 1000, wrong: -1 });
  });
});

for (const [what, change] of [
  ['its ETag', (file) => { file.behaviour.etag = '"two"'; }],
  ['its date', (file) => { file.behaviour.modified = 'Tue, 02 Jan 2024 00:00:00 GMT'; }],
  ['its length', (file) => { file.bytes = LONG.subarray(0, LONG.length - 5); }],
  ['it is shorter', (file) => { file.bytes = LONG.subarray(0, MIB); }],
  ['parts no longer', (file) => { file.behaviour.ranges = false; }],
]) {
  test(`changed on the server: ${what}`, async () => {
    const behaviour = { etag: '"one"', modified: 'Mon, 01 Jan 2024 00:00:00 GMT' };
    await reading(behaviour, async ({ told, refused, reads }) => {
      await told('open');
      await reads(0, 1000);
      await reads(30 * MIB, 1000);
      change(served);
      const error = await refused(PROBLEM.CHANGED, 'read', 20 * MIB, 1000);
      assert.match(error.text, /changed on the server/);
      assert.equal(error.at, 20 * MIB);
      const { length } = served.requests;
      // For good, and nobody asks again; also at the end.
      await refused(PROBLEM.CHANGED, 'read', 10 * MIB, 1000);
      await refused(PROBLEM.CHANGED, 'read', LONG.length - 100, 100);
      assert.equal(served.requests.length, length);
      await reads(0, 1000);
    }, { bytes: LONG });
  });
}

test('changed on the server: noticed at the file\'s end', async () => {
  await reading({ etag: '"one"' }, async ({ told, refused }) => {
    await told('open');
    served.behaviour.etag = '"two"';
    await refused(PROBLEM.CHANGED, 'read', LONG.length - 100, 100);
  }, { bytes: LONG });
});

test('a server that sends nothing any more', async () => {
  await reading({ stallAfter: 0 }, async ({ told, refused }) => {
    await told('open');
    const error = await refused(PROBLEM.STALLED, 'read', 0, 1000);
    assert.match(error.text, /nothing came from the server for 0\.6 s/);
    assert.ok(error.ms > 3.9 * QUICK.stallMs, `${error.ms} ms`);
    assert.equal(served.requests.length, 4);
  });
});

test('a server that sends another part than was asked for', async () => {
  await reading({ late: 7 }, async ({ refused }) => {
    await refused(PROBLEM.MALFORMED, 'open');
  });
  await reading({}, async ({ told, refused, reads }) => {
    await told('open');
    served.behaviour.late = 7;
    assert.match((await refused(PROBLEM.MALFORMED, 'read', 6 * MIB, 1000)).text, new RegExp(`byte ${6 * MIB + 7} on where byte ${6 * MIB} `));
    // Earlier than asked for costs bytes, but is right.
    served.behaviour.late = -7;
    await reads(7 * MIB, 1000);
  });
});

test('who waits for a slow server is interrupted at once, until it resumes', async () => {
  await reading({ perSecond: 40_000 }, async ({ told, ask, refused, pause, does }) => {
    await told('open');
    const waiting = ask('read', 5 * MIB, 1_000_000);
    await pause(400);
    const began = Date.now();
    await does('interrupt');
    const { error } = await waiting;
    assert.equal(error.code, PROBLEM.INTERRUPTED);
    assert.ok(Date.now() - began < PROMPT, `${Date.now() - began} ms`);
    // What would wait does not.
    assert.ok((await refused(PROBLEM.INTERRUPTED, 'read', 8 * MIB, 1000)).ms < PROMPT);
    await told('resume');
    served.behaviour.perSecond = Infinity;
    assert.deepEqual(await told('read', 2 * MIB, 50_000), { count: 50_000, wrong: -1 });
  }, { tuning: {} });
});

test('who waits for a reader that is stopped hears so', async () => {
  await reading({ stallAfter: 0 }, async ({ told, ask, pause, does }) => {
    await told('open');
    const waiting = ask('read', 5 * MIB, 1000);
    await pause(200);
    const began = Date.now();
    await does('stop');
    assert.equal((await waiting).error.code, PROBLEM.STOPPED);
    assert.ok(Date.now() - began < PROMPT, `${Date.now() - began} ms`);
  }, { tuning: {} });
});

test('seeks faster than the server answers: the last one counts', async () => {
  await reading({}, async ({ told, ask, does, reads }) => {
    await told('open');
    served.behaviour.perSecond = 2 * MIB;
    for (let nth = 1; nth <= 20; nth += 1) {
      const waiting = ask('read', nth * 2 * MIB, 3 * MIB);
      await does('interrupt');
      await waiting;
      await told('resume');
    }
    served.behaviour.perSecond = Infinity;
    await reads(13 * MIB, 2 * MIB);
    await reads(LONG.length - 70_000, 70_000);
  }, { bytes: LONG });
});

test('what stands in Rust is what stands in JavaScript', async () => {
  const [page, worker] = await Promise.all(
    ['page/reader.rs', 'url.rs'].map((name) => readFile(new URL(`../../src/web/${name}`, import.meta.url), 'utf8')),
  );
  const inRust = (name) => Number(new RegExp(`const ${name}: \\w+ = ([\\d_]+);`).exec(page)[1].replaceAll('_', ''));
  assert.equal(inRust('SHARED_BYTES'), SHARED_BYTES);
  for (const name of ['SIGNAL', 'STATE', 'INTERRUPTS', 'STOPPED', 'PROBLEM']) assert.equal(inRust(name), WORD[name], name);
  assert.equal(inRust('FAILED'), STATE.FAILED);
  assert.equal(inRust('CRASHED'), PROBLEM.CRASHED);
  const numbers = Object.fromEntries([...worker.matchAll(/(\d) => UrlProblem::(\w+)/g)].map(([, number, name]) => [name.toUpperCase(), Number(number)]));
  const { CRASHED, ...others } = PROBLEM;
  assert.deepEqual(numbers, others);
  assert.match(worker, /_ => UrlProblem::Crashed/);
  assert.equal(new Set(Object.values(MODE)).size, 4);
});
