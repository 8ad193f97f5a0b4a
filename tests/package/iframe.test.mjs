// In the frame of a page from another origin: which headers share memory, under an ordinary parent and under one with a policy of its own; it plays in each.
// docs/embedding-headers.md quotes the table.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from '../support/chromium.mjs';
import { plays, servePages } from '../support/package.mjs';
import { ISOLATION } from '../support/server.mjs';
import { test } from '../support/suite.mjs';

/** What an embedded page sends to be isolated wherever it can be. */
const EMBEDDED = { ...ISOLATION, 'Cross-Origin-Resource-Policy': 'cross-origin', 'Document-Isolation-Policy': 'isolate-and-require-corp' };
const { 'Document-Isolation-Policy': _, ...WITHOUT_DIP } = EMBEDDED;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Plays in a frame with `allow` of a page that has `parent`'s headers; the transport, or null where the browser does not show the frame. */
async function embedded({ parent, child, allow }) {
  const inner = await servePages({ isolated: false, headers: child });
  // Another origin, and another site: the embedded page's is a number.
  const src = `${inner.url.replace('localhost', '127.0.0.1')}play.html`;
  const outer = await servePages({
    isolated: false,
    headers: parent,
    routes: {
      '/parent.html': (request, response) =>
        response.setHeader('Content-Type', 'text/html').end(`<!doctype html><title>Parent</title><iframe src="${src}"${allow === null ? '' : ` allow="${allow}"`}></iframe>`),
    },
  });
  const page = await browser.newPage();
  try {
    await page.goto(`${outer.url}parent.html`);
    const frame = page.frames().find((one) => one !== page.mainFrame());
    // The browser's own page stands there where it refuses to show what was sent.
    if (!(await frame.evaluate(() => location.href).catch(() => '')).startsWith(src)) return null;
    return (await plays(frame)).transport;
  } finally {
    await page.close();
    await inner.close();
    await outer.close();
  }
}

const ORDINARY = {};
const ALLOW = 'cross-origin-isolated; autoplay';

/** The parent's headers, the embedded page's, what the frame allows, and what comes of it. */
const CASES = [
  ['an ordinary parent, all headers', ORDINARY, EMBEDDED, 'autoplay', 'shared'],
  ['an ordinary parent, no headers', ORDINARY, {}, 'autoplay', 'message'],
  ['an ordinary parent, without Document-Isolation-Policy', ORDINARY, WITHOUT_DIP, ALLOW, 'message'],
  ['a parent with the headers, all headers', ISOLATION, EMBEDDED, ALLOW, 'shared'],
  ['a parent with the headers, without Document-Isolation-Policy', ISOLATION, WITHOUT_DIP, ALLOW, 'shared'],
  ['a parent with the headers that allows nothing, all headers', ISOLATION, EMBEDDED, 'autoplay', 'shared'],
  ['a parent with the headers that allows nothing, without Document-Isolation-Policy', ISOLATION, WITHOUT_DIP, 'autoplay', 'message'],
  ['a parent with the headers, no headers', ISOLATION, {}, ALLOW, null],
  ['a parent with the headers, without Cross-Origin-Resource-Policy', ISOLATION, ISOLATION, ALLOW, null],
];

for (const [what, parent, child, allow, transport] of CASES) {
  test(`${what}: ${transport ?? 'is not shown'}`, async () => {
    assert.equal(await embedded({ parent, child, allow }), transport);
  });
}
