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

/** Until more can be written, or nothing any more. */
function drained(response) {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/**
 * A file on a server that behaves as told: a route for `serve`, which keeps what it was asked for. What it does may be changed while it is read from.
 *
 * | behaviour | meaning |
 * | --- | --- |
 * | `ranges` | whether parts are given out; yes unless told otherwise |
 * | `length` | whether the length is said; or a wrong one, in bytes |
 * | `etag`, `modified` | the headers that tell one file from another |
 * | `most` | bytes that one answer holds at most: a part that is shorter than asked for |
 * | `late` | bytes by which a part begins later than it should, and says so |
 * | `total` | whether it says of which length it gives out parts |
 * | `cutAfter` | bytes after which the connection breaks; `cuts` times, for ever unless told |
 * | `reset` | whether it breaks in such a way that what is under way is lost |
 * | `stallAfter` | bytes after which nothing more comes, though the connection stays |
 * | `perSecond` | bytes per second |
 * | `status` | answers with this and nothing else |
 * | `headers` | further headers |
 */
export class Served {
  constructor(bytes, behaviour = {}) {
    this.bytes = bytes;
    this.behaviour = { ranges: true, length: true, cuts: Infinity, headers: {}, ...behaviour };
    /** Where each request began: the Range header, or null. */
    this.requests = [];
    /** Bytes handed to connections so far. */
    this.sent = 0;
    this.route = (request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    };
  }

  async answer(request, response) {
    const { bytes } = this;
    const { ranges, length, total = true, etag, modified, most = Infinity, late = 0, status, headers } = this.behaviour;
    const asked = request.headers.range ?? null;
    this.requests.push(asked);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (status) return void response.writeHead(status).end();
    if (etag) response.setHeader('ETag', etag);
    if (modified) response.setHeader('Last-Modified', modified);
    response.setHeader('Content-Type', 'application/octet-stream');
    const found = ranges && /^bytes=(\d+)-(\d*)$/.exec(asked ?? '');
    if (found) {
      const from = Number(found[1]) + late;
      const to = Math.min(found[2] === '' ? bytes.length : Number(found[2]) + 1, bytes.length, from + most);
      if (from >= bytes.length) return void response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${to - 1}/${total ? bytes.length : '*'}`, 'Content-Length': to - from });
      await this.send(response, bytes, from, to);
    } else {
      if (length !== false) response.setHeader('Content-Length', length === true ? bytes.length : length);
      response.writeHead(200);
      await this.send(response, bytes, 0, bytes.length);
    }
  }

  /** An answer that has begun goes on with the file that it began with, though another may lie there by now. */
  async send(response, bytes, from, to) {
    const { cutAfter = Infinity, stallAfter = Infinity } = this.behaviour;
    const cut = this.behaviour.cuts > 0 ? cutAfter : Infinity;
    const end = Math.min(to, from + cut, from + stallAfter);
    response.flushHeaders();
    for (let at = from; at < end && !response.destroyed; ) {
      const { perSecond = Infinity } = this.behaviour;
      const part = bytes.subarray(at, Math.min(end, at + Math.min(65_536, perSecond / 20)));
      if (!response.write(part)) await drained(response);
      at += part.length;
      this.sent += part.length;
      if (perSecond < Infinity) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (response.destroyed) return;
    if (end < to && end === from + cut) {
      this.behaviour.cuts -= 1;
      // What was written has to go out first; unless it is to be lost.
      if (this.behaviour.reset) response.socket.resetAndDestroy();
      else response.socket.destroySoon();
    } else if (end === to) {
      response.end();
    }
  }
}
