// Gives what the module imports from its glue names of one or two letters, in both files: node ci/short-names.mjs MODULE.wasm GLUE.js
//
// wasm-bindgen ends each name with 16 hexadecimal digits, which no compression shortens: 4 KB of what an embedder's page loads.

import { readFileSync, writeFileSync } from 'node:fs';

const IMPORTS = 2;
const FUNCTION = 0;
const MEMORY = 2;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

const [wasmFile, glueFile] = process.argv.slice(2);
const wasm = readFileSync(wasmFile);
let glue = readFileSync(glueFile, 'utf8');
let at = 8;

function number() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = wasm[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
}

function bytes(value) {
  return value < 128 ? [value] : [(value % 128) | 128, ...bytes(Math.floor(value / 128))];
}

function text() {
  const length = number();
  at += length;
  return wasm.toString('utf8', at - length, at);
}

function named(name) {
  const letters = Buffer.from(name);
  return [...bytes(letters.length), ...letters];
}

// Each name stands in the glue once: as a key of its table of imports.
function shorten(name, short) {
  const parts = glue.split(new RegExp(`\\b${name}(?=: )`));
  if (parts.length !== 2) throw new Error(`${glueFile} has ${parts.length - 1} keys ${name}: wasm-bindgen writes its glue in another way than this script expects`);
  glue = parts.join(short);
}

function imports() {
  const count = number();
  const section = bytes(count);
  let given = 0;
  for (let i = 0; i < count; i += 1) {
    const from = text();
    let name = text();
    const start = at;
    const kind = wasm[at++];
    if (kind === FUNCTION) {
      number();
      if (from.endsWith('_bg.js')) {
        const short = (LETTERS[Math.floor(given / LETTERS.length) - 1] ?? '') + LETTERS[given % LETTERS.length];
        given += 1;
        shorten(name, short);
        name = short;
      }
    } else if (kind === MEMORY) {
      const bounded = number() & 1;
      number();
      if (bounded) number();
    } else {
      throw new Error(`${wasmFile} imports ${name}, neither a function nor a memory`);
    }
    section.push(...named(from), ...named(name), ...wasm.subarray(start, at));
  }
  return section;
}

const out = [wasm.subarray(0, at)];
while (at < wasm.length) {
  const start = at;
  const id = wasm[at++];
  const end = number() + at;
  if (id === IMPORTS) {
    const section = imports();
    out.push(Buffer.from([IMPORTS, ...bytes(section.length), ...section]));
  } else {
    out.push(wasm.subarray(start, end));
  }
  at = end;
}
writeFileSync(wasmFile, Buffer.concat(out));
writeFileSync(glueFile, glue);
