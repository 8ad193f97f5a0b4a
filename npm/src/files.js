// What is loaded: the engine's module, the audio thread's file, the producer's worker. Whatever fails says which file, and what to do.

import { instantiate, leastPages, oneMore } from './engine.js';
import { NoxrunError } from './errors.js';
import { version } from './version.js';

// The page's own memory: books of outputs. 64 KiB pages; the stack in bytes.
const BOOK_PAGES = 32;
const MOST_BOOK_PAGES = 4096;
const BOOK_STACK = 1 << 17;
// How long a file may take to come, in ms.
const FILE_MS = 15_000;

const engines = new Map();
const added = new WeakMap();
const standing = new Map();

/** As noxrun_version gives it. */
function versionNumber() {
  const [major, minor, patch] = version.split('.').map(Number.parseFloat);
  return major * 1_000_000 + minor * 1_000 + patch;
}

/** Runs `work`, which loads `url`; a failure gets a code and says what to do. */
async function guarded(address, what, work) {
  const url = String(address);
  let violation;
  const hear = (event) => { violation ??= event; };
  document.addEventListener('securitypolicyviolation', hear);
  try {
    return await work();
  } catch (error) {
    if (error instanceof NoxrunError && error.code !== 'not-loaded') throw error;
    // A violation is told in a task of its own.
    await new Promise((resolve) => { setTimeout(resolve, 0); });
    const directive = violation?.effectiveDirective;
    if (directive !== undefined || /Content.Security.Policy|unsafe-eval/i.test(error.message)) throw forbidden(url, what, directive, error);
    throw error instanceof NoxrunError ? error : new NoxrunError('not-loaded', `${what} ${url} did not load: ${error.message || error}. ${advice}`, { cause: error, url });
  } finally {
    document.removeEventListener('securitypolicyviolation', hear);
  }
}

/** `work`, or an error that says that `what` takes longer than `ms`. */
export function inTime(work, ms, what, url) {
  let late;
  const limit = new Promise((_, reject) => { late = setTimeout(() => reject(new NoxrunError('no-answer', `${what} within ${ms / 1e3} s`, { url })), ms); });
  return Promise.race([work, limit]).finally(() => clearTimeout(late));
}

const advice = 'Serve the package\'s files beside each other, or name their addresses with createOutput({ urls })';

function forbidden(url, what, directive = 'script-src', cause) {
  const allow = cause instanceof WebAssembly.CompileError || /unsafe-eval/.test(cause?.message ?? '') ? '\'wasm-unsafe-eval\' in script-src' : `this address in ${directive}`;
  return new NoxrunError('csp', `the page's Content-Security-Policy (${directive}) forbids ${what} ${url}: allow ${allow}`, { cause, url });
}

/** The module at `url`, compiled once: { module, pages (64 KiB ones that it wants), exports and memory (the page's own instance) }. */
export function loadEngine(url) {
  const key = String(url);
  let engine = engines.get(key);
  if (engine === undefined) {
    engine = guarded(url, 'the engine', () => compile(key));
    engines.set(key, engine);
    // The next one may try again.
    engine.catch(() => engines.delete(key));
  }
  return engine;
}

async function compile(url) {
  const response = await inTime(fetch(url), FILE_MS, `${url} did not come`, url);
  if (!response.ok) throw new NoxrunError('not-loaded', `the engine ${url} did not load: the server answers ${response.status}. ${advice}`, { url });
  // A long one may take its time, but not for ever.
  const bytes = await inTime(response.arrayBuffer(), 8 * FILE_MS, `${url} did not come`, url);
  if (bytes.byteLength < 8 || new DataView(bytes).getUint32(0) !== 0x0061736d) {
    throw new NoxrunError('not-loaded', `${url} is no Wasm module but ${response.headers.get('content-type') ?? 'something else'}. ${advice}`, { url });
  }
  const module = await WebAssembly.compile(bytes);
  const pages = leastPages(bytes);
  const memory = oneMore(() => new WebAssembly.Memory({ initial: pages + BOOK_PAGES, maximum: MOST_BOOK_PAGES, shared: true }));
  const exports = instantiate(module, memory, BOOK_STACK);
  if (exports.noxrun_version === undefined) throw new NoxrunError('version-mismatch', `${url} is no engine of this package: build it with the feature "embed"`, { url });
  if (exports.noxrun_version() !== versionNumber()) throw new NoxrunError('version-mismatch', `${url} is of another version than this page's scripts, ${version}: serve both from the same package`, { url });
  return { module, pages, memory, exports };
}

/** What brings sound on the page itself. */
export function loadPage(url) {
  // Written out for bundlers, which take it along.
  return guarded(url ?? 'worker.js', 'the script', () => (url === undefined ? import('./worker.js') : import(/* @vite-ignore */ /* webpackIgnore: true */ url)));
}

/** Gives the audio thread of `context` its file, once. */
export function addProcessor(context, url) {
  if (context.audioWorklet === undefined) {
    return Promise.reject(new NoxrunError('no-audio-worklet', 'there is no AudioWorklet here: serve the page over https (or from localhost), to a browser of 2021 or later'));
  }
  const of = added.get(context) ?? new Map();
  added.set(context, of);
  const key = String(url);
  let adding = of.get(key);
  if (adding === undefined) {
    const load = () => context.audioWorklet.addModule(key).catch(async (error) => { throw await missing(key, error); });
    adding = guarded(url, 'the audio thread\'s file', () => inTime(load(), FILE_MS, `the audio thread did not load ${key}`, key));
    of.set(key, adding);
    adding.catch(() => of.delete(key));
  }
  return adding;
}

// Browsers do not say why a script did not load.
async function missing(url, error) {
  const answer = await inTime(fetch(url), FILE_MS, '').catch(() => {});
  if (answer?.ok) return error;
  return new Error(answer ? `the server answers ${answer.status}` : 'it cannot be reached');
}

/** A worker that runs producer.js, and is up. */
async function startWorker(url) {
  return guarded(url ?? 'producer.js', 'the worker', async () => {
    // Written out for bundlers, which look for exactly this.
    const worker = url === undefined
      ? new Worker(new URL('./producer.js', import.meta.url), { type: 'module', name: 'noxrun-producer' })
      : new Worker(url, { type: 'module', name: 'noxrun-producer' });
    const up = new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => {
        event.preventDefault?.();
        missing(url ?? new URL('./producer.js', import.meta.url), new Error(event.message || 'it did not load')).then(reject);
      };
    });
    try {
      await inTime(up, FILE_MS, `the worker ${url ?? 'producer.js'} did not start`);
    } catch (error) {
      worker.terminate();
      throw error;
    }
    worker.onmessage = null;
    worker.onerror = null;
    return worker;
  });
}

/** Nobody has an output any more: what stands by ends. */
export function dismiss() {
  for (const [key, worker] of standing) {
    standing.delete(key);
    worker.then((running) => running.terminate(), () => {});
  }
}

/** Has a worker stand by, so that the next output need not wait for one. */
export function standBy(url) {
  const key = String(url);
  if (!standing.has(key)) {
    const worker = startWorker(url);
    standing.set(key, worker);
    // Whoever starts an output hears why.
    worker.catch(() => standing.get(key) === worker && standing.delete(key));
  }
  return standing.get(key);
}

/** The worker that stands by, or a new one. */
export function takeWorker(url) {
  const worker = standBy(url);
  standing.delete(String(url));
  return worker;
}
