// A host that sends no headers: without help pages play by messages, with the service worker they share memory after one reload.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { launch } from '../support/chromium.mjs';
import { PACKAGE, PAGES, plays, servePages } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

const WORKER = path.join(PACKAGE, 'isolation-worker.js');
const javascript = (text) => (request, response) => response.setHeader('Content-Type', 'text/javascript').end(text);

let browser;
before(async () => {
  browser = await launch({ args: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'] });
});
after(() => browser?.close());

/** A host without headers, with the service worker beside its pages unless told otherwise, and a browser that has never been there. */
async function onHost(body, { routes, init, beside = true } = {}) {
  const loads = [];
  const page = async (request, response) => {
    loads.push(request.method);
    response.setHeader('Content-Type', 'text/html').end(await readFile(path.join(PAGES, 'isolate.html')));
  };
  const host = await servePages({
    isolated: false,
    routes: { '/isolate.html': page, '/deep/isolate.html': page, ...(beside ? { '/isolation-worker.js': WORKER } : {}), ...routes },
  });
  const context = await browser.newContext();
  if (init) await context.addInitScript(init);
  const tab = await context.newPage();
  const open = async (isolation, { url = host.url, page: at = tab } = {}) => {
    loads.length = 0;
    await at.goto(`${url}isolate.html?${isolation ? `isolation=${encodeURIComponent(JSON.stringify(isolation))}` : ''}`);
    await at.waitForFunction(() => window.told !== undefined);
    return at.evaluate(() => window.told);
  };
  try {
    await body({ tab, open, loads, url: host.url, context });
  } finally {
    await context.close();
    await host.close();
  }
}

const isolated = (tab) => tab.evaluate(() => globalThis.crossOriginIsolated);

test('without asking for it: messages, and no service worker', () =>
  onHost(async ({ tab, open, loads }) => {
    assert.equal(await open(null), null);
    assert.equal((await plays(tab)).transport, 'message');
    assert.equal(loads.length, 1);
    assert.equal(await tab.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  }));

test('asked for: one reload, then shared memory; none on later visits; taken away again: messages', () =>
  onHost(async ({ tab, open, loads }) => {
    assert.deepEqual(await open({}), { state: 'isolated' });
    assert.equal(await isolated(tab), true);
    assert.equal((await plays(tab)).transport, 'shared');
    assert.equal(loads.length, 2);

    assert.deepEqual(await open({}), { state: 'isolated' });
    assert.equal(loads.length, 1);

    assert.equal(await tab.evaluate(() => window.removeIsolation()), true);
    assert.equal(await open(null), null);
    assert.equal(await isolated(tab), false);
    assert.equal((await plays(tab)).transport, 'message');
    assert.equal(await tab.evaluate(() => window.removeIsolation()), false);
  }));

test('a reload past the service worker is made good by one more', () =>
  onHost(async ({ tab, open, loads, context }) => {
    await open({});
    const session = await context.newCDPSession(tab);
    loads.length = 0;
    await session.send('Page.reload', { ignoreCache: true });
    while (loads.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await tab.waitForFunction(() => window.told !== undefined);
    assert.equal(await isolated(tab), true);
    assert.equal(loads.length, 2);
  }));

test('a browser that always goes past it: one reload and no more; once it does not, the page is isolated at once', () =>
  onHost(async ({ tab, open, loads, context }) => {
    const session = await context.newCDPSession(tab);
    await session.send('Network.enable');
    await session.send('Network.setBypassServiceWorker', { bypass: true });
    assert.equal((await open({})).reason, 'no-effect');
    assert.equal(loads.length, 2);
    assert.equal((await open({})).reason, 'no-effect');
    assert.equal(loads.length, 1);
    await session.send('Network.setBypassServiceWorker', { bypass: false });
    assert.deepEqual(await open({}), { state: 'isolated' });
    assert.equal(loads.length, 1);
  }));

test('an older service worker that does not help is replaced before the one reload', () => {
  let script = javascript("addEventListener('fetch', () => {});");
  return onHost(
    async ({ tab, open, loads }) => {
      assert.equal((await open({})).reason, 'no-effect');
      script = async (request, response) => javascript(await readFile(WORKER, 'utf8'))(request, response);
      assert.deepEqual(await open({ url: 'isolation-worker.js?2' }), { state: 'isolated' });
      assert.equal(loads.length, 2);
      await plays(tab);
    },
    { routes: { '/isolation-worker.js': (request, response) => script(request, response) } },
  );
});

test('asked twice in one page: one answer, one reload', () =>
  onHost(
    async ({ tab, loads, url }) => {
      await tab.goto(`${url}twice.html`);
      await tab.waitForFunction(() => window.told !== undefined);
      assert.deepEqual(await tab.evaluate(() => window.told), [{ state: 'isolated' }, { state: 'isolated' }]);
      assert.equal(loads.length, 0);
    },
    {
      routes: {
        '/twice.html': (request, response) => response.setHeader('Content-Type', 'text/html').end('<script type="module" src="twice.js"></script>'),
        '/twice.js': javascript(`
          import { isolate } from './noxrun/isolation.js';
          const told = await Promise.all([isolate(), isolate()]);
          if (told[0].state !== 'reloading') window.told = told;`),
      },
    },
  ));

/** What cannot work, why, and that it is said without a reload. */
const HOPELESS = [
  ['the file is not there', 'not-loaded', /isolation-worker\.js.*Copy isolation-worker\.js/, {}, { beside: false }],
  ['the file is something else', 'not-loaded', /Copy isolation-worker\.js/, { url: 'play.html' }, {}],
  ['it lies in another folder', 'scope', /noxrun\/.*Copy isolation-worker\.js/, { url: 'noxrun/isolation-worker.js' }, {}],
  ['its address is none', 'not-loaded', /`url`/, { url: 'http://' }, {}],
  [
    'nothing may be kept',
    'no-storage',
    /localStorage/,
    {},
    { init: () => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } }) },
  ],
  ['no service workers', 'no-service-worker', /service worker/, {}, { init: () => Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined }) }],
];

for (const [what, reason, named, options, host] of HOPELESS) {
  test(`${what}: the reason, no reload, and sound by messages`, () =>
    onHost(async ({ tab, open, loads }) => {
      const told = await open(options);
      assert.deepEqual([told.state, told.reason], ['unsupported', reason], told.message);
      assert.match(told.message, named);
      assert.equal(loads.length, 1);
      assert.equal((await plays(tab)).transport, 'message');
    }, host));
}

test('an insecure address: the reason', () =>
  onHost(async ({ open, loads, url }) => {
    const told = await open({}, { url: url.replace('localhost', 'insecure.test') });
    assert.deepEqual([told.state, told.reason], ['unsupported', 'not-secure'], told.message);
    assert.match(told.message, /https/);
    assert.equal(loads.length, 1);
  }));

test('a service worker that does not help: one reload, and none on later visits or on the site\'s other pages', () =>
  onHost(
    async ({ tab, open, loads, url }) => {
      const told = await open({});
      assert.deepEqual([told.state, told.reason], ['unsupported', 'no-effect'], told.message);
      assert.equal(loads.length, 2);
      assert.equal((await plays(tab)).transport, 'message');
      assert.equal((await open({})).reason, 'no-effect');
      assert.equal(loads.length, 1);
      assert.equal((await open({ url: '../isolation-worker.js' }, { url: `${url}deep/` })).reason, 'no-effect');
      assert.equal(loads.length, 1);
    },
    {
      routes: {
        '/isolation-worker.js': javascript("addEventListener('install', () => skipWaiting());"),
        '/deep/isolate.js': javascript("import '/isolate.js';"),
      },
    },
  ));

/** An image from another origin that says nothing about who may load it, as nearly all do. */
async function foreign(body) {
  const cookies = [];
  const elsewhere = await servePages({
    isolated: false,
    routes: {
      '/picture.svg': (request, response) => {
        cookies.push(request.headers.cookie ?? null);
        response.setHeader('Content-Type', 'image/svg+xml').end('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
      },
    },
  });
  try {
    await body(`${elsewhere.url.replace('localhost', '127.0.0.1')}picture.svg`, cookies);
  } finally {
    await elsewhere.close();
  }
}

const shows = (tab, url) =>
  tab.evaluate(
    (src) =>
      new Promise((resolve) => {
        const image = new Image();
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
        image.src = `${src}?${Math.random()}`;
      }),
    url,
  );

test('foreign images: blocked as require-corp has it, shown and without cookies with `credentialless`', () =>
  foreign(async (picture, cookies) => {
    for (const credentialless of [false, true]) {
      await onHost(async ({ tab, open, context }) => {
        await context.addCookies([{ name: 'who', value: 'me', url: new URL(picture).origin }]);
        assert.deepEqual(await open({ credentialless }), { state: 'isolated' });
        assert.equal((await plays(tab)).transport, 'shared');
        cookies.length = 0;
        assert.equal(await shows(tab, picture), credentialless);
        if (credentialless) assert.deepEqual(cookies, [null]);
      });
    }
  }));

test('another choice in a page that is isolated already: a newer service worker waits until nobody is served by the older one', () =>
  onHost(async ({ tab, open, loads }) => {
    await open({});
    assert.deepEqual(await open({ credentialless: true }), { state: 'isolated' });
    assert.equal(loads.length, 1);
    const waiting = await tab.evaluate(async () => {
      for (;;) {
        const registration = await navigator.serviceWorker.getRegistration();
        if (registration.waiting) return [registration.active.scriptURL, registration.waiting.scriptURL].map((url) => new URL(url).search);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    assert.deepEqual(waiting, ['', '?coep=credentialless']);
  }));

test('WebKit, which does not know `credentialless`, is given require-corp', () =>
  onHost(
    async ({ tab, open }) => {
      assert.equal((await open({ credentialless: true })).state, 'isolated');
      assert.equal(await tab.evaluate(async () => new URL((await navigator.serviceWorker.getRegistration()).active.scriptURL).search), '');
    },
    { init: () => Object.defineProperty(Navigator.prototype, 'vendor', { get: () => 'Apple Computer, Inc.' }) },
  ));

test('what pages do besides goes on as without it: forms, redirects, parts of files, frames, workers, errors', () => {
  const seen = [];
  const packed = gzipSync('<!doctype html><title>Packed</title>');
  return onHost(
    async ({ tab, open, url }) => {
      assert.equal((await open({})).state, 'isolated');

      // Parts of a file, and what only a cache may answer.
      const part = await tab.evaluate(async () => {
        const response = await fetch('numbers', { headers: { Range: 'bytes=2-4' } });
        return [response.status, response.headers.get('Content-Range'), await response.text()];
      });
      assert.deepEqual(part, [206, 'bytes 2-4/10', '234']);
      assert.equal(await tab.evaluate(() => fetch('nowhere', { cache: 'only-if-cached', mode: 'same-origin' }).then((r) => r.status, (e) => e.name)), 'TypeError');
      // Nothing is added where nothing is needed.
      assert.equal(await tab.evaluate(async () => (await fetch('numbers')).headers.get('Cross-Origin-Embedder-Policy')), null);

      // Frames and workers, also by way of redirects: a frame must have the policy too, or it is not shown.
      const inFrame = (src) =>
        tab.evaluate(
          (address) =>
            new Promise((resolve) => {
              const frame = document.createElement('iframe');
              frame.onload = () => resolve([frame.contentWindow.location.pathname, frame.contentWindow.crossOriginIsolated]);
              frame.src = address;
              document.body.append(frame);
            }),
          src,
        );
      assert.deepEqual(await inFrame('plain.html'), ['/plain.html', true]);
      assert.deepEqual(await inFrame('moved.html'), ['/plain.html', true]);
      const fromWorker = (address, type) =>
        tab.evaluate(
          ([at, kind]) =>
            new Promise((resolve) => {
              const worker = new Worker(at, { type: kind });
              worker.onmessage = ({ data }) => resolve(data);
              worker.onerror = () => resolve('it did not load');
            }),
          [address, type],
        );
      assert.deepEqual(await fromWorker('inner/worker.js', 'module'), ['/inner/worker.js', 'inner', true]);
      assert.deepEqual(await fromWorker('moved-worker.js', 'module'), ['/inner/worker.js', 'inner', true]);
      assert.deepEqual(await fromWorker('inner/classic.js', 'classic'), ['/inner/classic.js', true]);

      // A form that is sent, a redirect, a compressed page, one that is not there.
      await tab.evaluate(() => {
        document.body.innerHTML = '<form method="post" action="form"><input name="a" value="b"></form>';
        document.querySelector('form').submit();
      });
      await tab.waitForFunction(() => document.title === 'Sent');
      assert.equal(await isolated(tab), true);
      assert.deepEqual(seen, [['POST', 'a=b']]);
      await tab.goto(`${url}moved.html`);
      assert.equal(tab.url(), `${url}plain.html`);
      assert.equal(await isolated(tab), true);
      await tab.goto(`${url}packed.html`);
      assert.equal(await tab.title(), 'Packed');
      assert.equal(await isolated(tab), true);
      assert.equal((await tab.goto(`${url}gone.html`)).status(), 410);
      assert.equal(await tab.title(), 'Gone');
      assert.equal(await tab.goto(`${url}nothing`).then(() => 'loaded', () => 'not loaded'), 'not loaded', '204: the page stays');
    },
    {
      routes: {
        '/numbers': (request, response) => {
          if (request.headers.range) response.writeHead(206, { 'Content-Range': 'bytes 2-4/10' }).end('234');
          else response.end('0123456789');
        },
        '/plain.html': (request, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Plain</title>'),
        '/moved.html': (request, response) => response.writeHead(302, { Location: '/plain.html' }).end(),
        '/packed.html': (request, response) => response.setHeader('Content-Type', 'text/html').setHeader('Content-Encoding', 'gzip').end(packed),
        '/gone.html': (request, response) => response.writeHead(410, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Gone</title>'),
        '/nothing': (request, response) => response.writeHead(204).end(),
        '/form': (request, response) => {
          let body = '';
          request.on('data', (data) => {
            body += data;
          });
          request.on('end', () => {
            seen.push([request.method, body]);
            response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Sent</title>');
          });
        },
        '/moved-worker.js': (request, response) => response.writeHead(302, { Location: '/inner/worker.js' }).end(),
        '/inner/worker.js': javascript("import { where } from './where.js'; postMessage([new URL(import.meta.url).pathname, where, crossOriginIsolated]);"),
        '/inner/where.js': javascript("export const where = 'inner';"),
        '/inner/classic.js': javascript('postMessage([location.pathname, crossOriginIsolated]);'),
      },
    },
  );
});
