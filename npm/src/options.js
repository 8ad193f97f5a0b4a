// What createOutput is asked for: checked before anything is loaded.

import { MAX_BUFFER } from './engine.js';
import { describe, inRange, NoxrunError } from './errors.js';

const MIN_BUFFER = 64;
const MAX_BLOCK = 8192;
const CONCEAL = ['fade', 'silence', 'hold', 'repeat'];
const TRANSPORTS = ['auto', 'shared', 'message'];
const KNOWN = [
  'source', 'module', 'glue', 'producer', 'data', 'transfer', 'context', 'latencyHint', 'sampleRate', 'channels', 'bufferFrames', 'blockFrames', 'conceal', 'transport', 'recover', 'urls', 'signal',
];

function oneOf(name, value, words) {
  if (!words.includes(value)) throw new NoxrunError('option', `${name} is ${describe(value)}: it must be one of ${words.join(', ')}`);
  return value;
}

/** Who brings the sound, as { kind, … }. */
function producerOf({ source, module, glue, producer }) {
  const given = Object.entries({ source, module, glue, producer }).filter(([, value]) => value !== undefined).map(([name]) => name);
  if (given.length > 1) throw new NoxrunError('option', `${given.join(' and ')} were given: only one of source, module, glue and producer can bring the sound`);
  if (module !== undefined) return { kind: 'module', url: address('module', module) };
  if (glue !== undefined) {
    if (typeof glue?.source !== 'string') throw new NoxrunError('option', 'glue must be { url, source }: source names the exported function that makes the sound');
    return { kind: 'glue', url: address('glue.url', glue.url), source: glue.source, wasm: glue.wasm === undefined ? undefined : address('glue.wasm', glue.wasm) };
  }
  if (producer !== undefined) {
    if (producer === 'page' || producer === 'handle') return { kind: producer };
    if (typeof Worker !== 'undefined' && producer instanceof Worker) return { kind: 'worker', worker: producer };
    throw new NoxrunError('option', `producer is ${describe(producer)}: it must be a Worker, "page" or "handle"`);
  }
  const { kind, hz = 440 } = source ?? { kind: 'sine' };
  oneOf('source.kind', kind, ['sine', 'index']);
  return kind === 'sine' ? { kind, hz: inRange('source.hz', hz, 1, 20_000, ' Hz', true) } : { kind };
}

/** As an absolute address: workers have another base than the page. */
function address(name, url) {
  if (typeof url !== 'string' && !(url instanceof URL)) throw new NoxrunError('option', `${name} must be an address, not ${describe(url)}`);
  try {
    return new URL(url, document.baseURI).href;
  } catch {
    throw new NoxrunError('option', `${name} is ${describe(url)}: that is no address`);
  }
}

function contextOf(context) {
  if (context === undefined) return null;
  if (typeof OfflineAudioContext !== 'undefined' && context instanceof OfflineAudioContext) {
    throw new NoxrunError('offline-context', 'an OfflineAudioContext does not wait for a producer in another thread: render into an AudioBuffer instead');
  }
  if (!(context instanceof AudioContext)) throw new NoxrunError('option', `context is ${describe(context)}: it must be an AudioContext`);
  if (context.state === 'closed') throw new NoxrunError('context-closed', 'this AudioContext is closed: give one that is open, or none');
  return context;
}

/** Everything filled in. */
export function read(options = {}) {
  if (options === null || typeof options !== 'object') throw new NoxrunError('option', `createOutput wants an object, not ${describe(options)}`);
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) throw new NoxrunError('option', `createOutput knows no option "${name}": there are ${KNOWN.join(', ')}`);
  }
  const { channels = 2, bufferFrames = 2048, conceal = 'fade', transport = 'auto', recover = true, latencyHint = 'interactive', sampleRate, data, transfer = [], signal } = options;
  inRange('channels', channels, 1, 32);
  checkBuffer(bufferFrames);
  const { blockFrames = Math.min(bufferFrames / 2, 256) | 0 } = options;
  inRange('blockFrames', blockFrames, 1, Math.min(bufferFrames, MAX_BLOCK), ' frames');
  if (sampleRate !== undefined) inRange('sampleRate', sampleRate, 8000, 192_000, ' Hz', true);
  const context = contextOf(options.context);
  if (context !== null && sampleRate !== undefined && sampleRate !== context.sampleRate) {
    throw new NoxrunError('option', `sampleRate is ${sampleRate}, but the context that was given has ${context.sampleRate} Hz`);
  }
  if (context !== null && options.latencyHint !== undefined) throw new NoxrunError('option', 'latencyHint is for a context of the output\'s own: the one that was given has been made already');
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new NoxrunError('option', `signal is ${describe(signal)}: it must be an AbortSignal`);
  checkTransfer(transfer);
  return {
    task: producerOf(options),
    context,
    channels,
    bufferFrames,
    blockFrames,
    conceal: CONCEAL.indexOf(oneOf('conceal', conceal, CONCEAL)),
    transport: oneOf('transport', transport, TRANSPORTS),
    recover: Boolean(recover),
    latencyHint,
    sampleRate,
    data,
    transfer,
    signal,
    urls: urlsOf(options.urls),
  };
}

export function checkTransfer(transfer) {
  if (!Array.isArray(transfer)) throw new NoxrunError('option', `transfer is ${describe(transfer)}: it must be an array`);
}

/** Where the files lie that are not beside this one. */
export function urlsOf(urls) {
  const known = ['wasm', 'worker', 'processor', 'page'];
  const all = {};
  for (const [name, url] of Object.entries(urls ?? {})) {
    if (!known.includes(name)) throw new NoxrunError('option', `urls knows no "${name}": there are ${known.join(', ')}`);
    if (url !== undefined) all[name] = address(`urls.${name}`, url);
  }
  return all;
}

export const checkBuffer = (frames) => inRange('bufferFrames', frames, MIN_BUFFER, MAX_BUFFER, ' frames');
