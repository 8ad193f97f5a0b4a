// Where this runs, and what can be had here.

import { oneMore } from './engine.js';
import { NoxrunError } from './errors.js';

/** Refuses what cannot play at all, with what to do about it. */
export function checkPlace() {
  if (typeof document === 'undefined') {
    throw new NoxrunError('wrong-thread', 'createOutput() is for the page: audio contexts live there. In a worker use receiveOutput() of noxrun/worker');
  }
  if (location.protocol === 'file:') {
    throw new NoxrunError('file-url', 'this page was opened from a file, which may load neither workers nor modules: serve its folder (with "npx serve", say) and open the http address');
  }
  if (typeof AudioContext === 'undefined' || typeof AudioWorkletNode === 'undefined') {
    throw new NoxrunError('no-audio-worklet', 'there is no AudioWorklet here: serve the page over https (or from localhost), to a browser of 2021 or later');
  }
}

let available = null;

/** 'shared' where memory can be shared between threads. Found out by trying, once: crossOriginIsolated misleads both ways. */
export function availableTransport() {
  if (available !== null) return available;
  // A producer's loop sleeps by it (Firefox before 145, Safari before 16.4 have none).
  if (Atomics.waitAsync === undefined) {
    available = 'message';
    return available;
  }
  const memory = oneMore(() => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
  const { port1 } = new MessageChannel();
  try {
    port1.postMessage(memory);
    available = 'shared';
  } catch {
    available = 'message';
  } finally {
    port1.close();
  }
  return available;
}

let warned = false;

/** The transport that `wanted` comes to here. Never silently the slower one. */
export function chooseTransport(wanted) {
  if (wanted === 'message') return wanted;
  if (availableTransport() === 'shared') return 'shared';
  const advice = globalThis.crossOriginIsolated ? 'use a browser that has shared memory switched on, and Atomics.waitAsync' : 'serve the page with the headers "Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp" (over https or from localhost)';
  if (wanted === 'shared') throw new NoxrunError('not-isolated', `this page may not share memory between its threads: ${advice}, or ask for transport "auto"`);
  if (!warned) {
    warned = true;
    console.warn(`Noxrun: this page may not share memory between its threads, so sound travels as messages (transport "message"), which want more frames ahead when the page is busy. For shared memory, ${advice}.`);
  }
  return 'message';
}
