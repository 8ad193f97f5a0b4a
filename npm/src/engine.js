// The engine's module: over which memory it runs, and what it imports.

import { NoxrunError } from './errors.js';

/** What noxrun_wish sets; must match src/web/embed/output.rs. */
export const WISH = { PAUSED: 0, STOP: 1, RECOUNT: 2, COUNT_CALLBACKS: 3, CONCEAL: 4, LIMIT: 5 };

/** Frames that the ring's storage holds: the largest ring, and room for another sound's first frames behind it. As in src/web/options.rs. */
export const MAX_BUFFER = 16_384;
export const CAPACITY = MAX_BUFFER + 8192;

// 64 KiB pages. What one output needs is known: storage for 32 channels is 3 MiB, and a producer's own buffers are blocks. Browsers reserve the maximum of every memory.
const SPARE_PAGES = 24;
const GROWTH_PAGES = 128;

// Memories that nobody uses any more, by their first size and their largest. They are used again, since an audio thread that makes no garbage collects none either: what it has seen may stay for as long as its context, and a browser has room for a hundred.
const spare = new Map();
const SPARE_MEMORIES = 16;

const kindOf = (initial, maximum) => `${initial} ${maximum}`;

/** `memory` is not used any more by any thread, and everything in it was given back: everybody has said so. */
export function giveBack(memory) {
  const list = spare.get(memory.noxrunKind);
  if (list !== undefined && list.length < SPARE_MEMORIES) list.push(memory);
}

/** A memory for one output (or one side of it): `least` pages that the module itself wants, and the storage for `channels`. `most` pages where a crate brings sound of its own. */
export function outputMemory(least, channels, most) {
  const initial = least + SPARE_PAGES + Math.ceil((CAPACITY * channels * 4) / 65_536);
  const maximum = Math.max(initial + GROWTH_PAGES, most ?? 0);
  // Of modules with sound of their own nobody knows what they leave in there.
  const kind = most === undefined ? kindOf(initial, maximum) : null;
  if (kind !== null && !spare.has(kind)) spare.set(kind, []);
  const used = spare.get(kind)?.pop();
  if (used !== undefined) return used;
  const memory = oneMore(() => new WebAssembly.Memory({ initial, maximum, shared: true }));
  // Not a property of what is posted: a clone has none.
  memory.noxrunKind = kind;
  return memory;
}

/** What `make` allocates, or what is to be said where a browser has no room for another memory: each reserves some gigabytes of addresses, whatever its size. */
export function oneMore(make) {
  try {
    return make();
  } catch (error) {
    throw new NoxrunError('too-many', `the browser has no room for another memory (${error.message}): close other outputs first`, { cause: error });
  }
}

/** What every module wants: its imports by the beginnings of their names; what is not in `given` is for pages with glue, and never called. */
export function imports(module, memory, given) {
  const all = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const known = Object.keys(given).find((start) => name.includes(start));
    (all[from] ??= {})[name] = kind === 'memory' ? memory : given[known] ?? (() => 0);
  }
  return all;
}

/** The module over `memory`, on this thread, with a stack of `stack` bytes (a multiple of 65,536). */
export function instantiate(module, memory, stack, given = {}) {
  const { exports } = new WebAssembly.Instance(module, imports(module, memory, { noxrunNow: () => performance.now(), ...given }));
  exports.__wbindgen_start(stack);
  return exports;
}

/** Stack of a thread that makes an output, in bytes: the state that all share stands on it for a moment, which are some 50 KB. */
export const MAKER_STACK = 1 << 18;

/** Makes the output that `settings` tell of; its address. */
export function make(exports, { channels, limit, sampleRate, conceal, verify }) {
  return exports.noxrun_make(channels, CAPACITY, limit, sampleRate, conceal, verify ? 1 : 0);
}

/** This thread is through with the memory that `exports` stand over: its stack goes back. Nothing may be called any more. */
export function leave(exports) {
  // The first thread over a memory has the stack that the module came with.
  if (exports.__stack_alloc.value !== 0) exports.__wbindgen_thread_destroy();
}

/** Milliseconds since the epoch, by the page's (or worker's) clock. */
export const epochNow = () => performance.timeOrigin + performance.now();

/** Pages that `module` wants at least. A module that imports its memory does not tell; its bytes do. */
export function leastPages(bytes) {
  const view = new Uint8Array(bytes);
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = view[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const skipText = () => { at += number(); };
  // Limits: a flag for a maximum, one for sharing, then one or two numbers.
  const limits = () => {
    const flags = number();
    const least = number();
    if (flags & 1) number();
    return least;
  };
  while (at < view.length) {
    const section = view[at++];
    const end = number() + at;
    if (section === 2) {
      for (let left = number(); left > 0; left -= 1) {
        skipText();
        skipText();
        const kind = view[at++];
        if (kind === 2) return limits();
        if (kind === 0) number();
        else if (kind === 1) { at += 1; limits(); } else if (kind === 3) at += 2;
        else { at += 1; number(); }
      }
    }
    at = end;
  }
  return 0;
}
