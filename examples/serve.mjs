// Serves a folder with the headers that let a page share memory: node serve.mjs FOLDER [PORT] [--plain]. With --plain without them: sound then travels as messages.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const [folder = '.', port = '8080'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const plain = process.argv.includes('--plain');
const TYPES = { '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.wav': 'audio/wav', '.opus': 'audio/ogg' };
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

const root = path.resolve(folder);

/** The file at an address, if there is one in the folder. */
async function find(address) {
  try {
    const { pathname } = new URL(address, 'http://localhost');
    const file = path.join(root, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '');
    const found = await stat(file);
    return found.isFile() && file.startsWith(root + path.sep) ? { file, size: found.size } : null;
  } catch {
    return null;
  }
}

const server = http.createServer(async (request, response) => {
  const found = await find(request.url);
  if (!found) return response.writeHead(404).end();
  const type = TYPES[path.extname(found.file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': found.size, 'Cache-Control': 'no-store', ...(plain ? {} : ISOLATION) });
  createReadStream(found.file).on('error', () => response.destroy()).pipe(response);
});
server.listen(Number(port), '127.0.0.1', () => console.log(`http://localhost:${server.address().port}/`));
