import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The headers without which a page cannot share memory. */
export const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The built site: what the tests are about. ci/env.sh names it. */
export const SITE = path.resolve(process.env.NOXRUN_SITE ?? 'target/site');

/**
 * Serves `folder` on a free port of this machine, until `close()`.
 *
 * @param {string} folder
 * @param {object} [options]
 * @param {boolean} [options.isolated] with the headers that isolate a page; yes unless told otherwise
 * @param {Record<string, string>} [options.headers] further headers, sent with everything
 * @param {Record<string, string | ((request: http.IncomingMessage, response: http.ServerResponse) => void)>} [options.routes]
 *   what lies at a path instead of the folder's file: another file's path, or a function that answers
 * @returns {Promise<{url: string, close: () => Promise<void>}>} `url` ends with a slash
 */
export async function serve(folder, { isolated = true, headers = {}, routes = {} } = {}) {
  const root = path.resolve(folder);
  const always = { 'Cache-Control': 'no-store', ...(isolated ? ISOLATION : {}), ...headers };

  async function answer(request, response) {
    for (const [name, value] of Object.entries(always)) response.setHeader(name, value);
    const { pathname } = new URL(request.url, 'http://localhost');
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (typeof route === 'function') return void route(request, response);
    let file = route ?? path.join(root, decodeURIComponent(pathname));
    if (file.endsWith('/')) file += 'index.html';
    const found = (route || file.startsWith(root + path.sep)) && (await stat(file).catch(() => null));
    if (!found || !found.isFile()) return void response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream',
      'Content-Length': found.size,
    });
    createReadStream(file).on('error', () => response.destroy()).pipe(response);
  }

  const server = http.createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    // A name, not a number: "localhost" counts as a secure context everywhere.
    url: `http://localhost:${server.address().port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A browser keeps its connections open.
        server.closeAllConnections?.();
      }),
  };
}
