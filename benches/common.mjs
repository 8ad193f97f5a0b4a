// What the benches share: a server, a browser, figures and their lines.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

export const root = normalize(join(import.meta.dirname, '..'));
// What the bench's pages find where.
export const folders = {
  bench: 'benches/browser',
  engine: 'target/engine',
  package: 'target/npm/noxrun',
  ring: 'target/bench/ring',
  ringbuf: 'node_modules/ringbuf.js/dist',
  site: 'target/site',
  files: 'target/bench/files',
};
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const flags =
  '--no-sandbox --disable-gpu --autoplay-policy=no-user-gesture-required --disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-quic';

export function serve() {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const [, folder, ...rest] = pathname.split('/');
    let body;
    try {
      body = readFileSync(join(root, folders[folder], normalize(rest.join('/'))));
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': types[extname(pathname)] ?? 'application/octet-stream',
      'Content-Length': body.length,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    response.end(body);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// Median, quartiles and extremes of one contestant's rounds.
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return { median: at(0.5), quarter: at(0.25), threeQuarters: at(0.75), min: sorted[0], max: sorted.at(-1), rounds: sorted.length };
}

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags.split(' ') });

export function line(...cells) {
  const [what, ...rest] = cells;
  console.log(what.padEnd(52) + rest.map((cell) => String(cell ?? '').padStart(15)).join(''));
}

export const verdict = (reached) => (reached === null || reached === undefined ? '' : reached ? 'yes' : 'NO');
export const figure = ({ median, quarter, threeQuarters }, unit) =>
  `${median.toFixed(1)} ${unit} ±${(50 * (threeQuarters - quarter) / median).toFixed(0)}%`;
