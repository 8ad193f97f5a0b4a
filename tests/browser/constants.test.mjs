// What stands in JavaScript and in Rust is the same in both. What goes over the seam between them carries no type that a compiler could check.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The number or text after `const NAME` (JS) or `const NAME: type` (Rust). */
function constant(text, name) {
  const found = new RegExp(`\\bconst ${name}(?:: [&\\w]+)? = ([^;]+);`).exec(text);
  assert.ok(found, `there is no constant ${name}`);
  return found[1];
}

const number = (text, name) => Number(constant(text, name));

test('the processor\'s name carries the crate\'s version', async () => {
  const [, version] = /^version = "(.*)"$/m.exec(await read('Cargo.toml'));
  assert.equal(constant(await read('worklet/processor.js'), 'NAME'), `'noxrun-${version}'`);
  assert.equal(constant(await read('src/web/page/context.rs'), 'PROCESSOR'), 'concat!("noxrun-", env!("CARGO_PKG_VERSION"))');
});

test('the bits that a quantum returns', async () => {
  const [js, rust] = await Promise.all([read('worklet/processor.js'), read('src/web/worklet.rs')]);
  for (const name of ['SECOND_AREA', 'WANTS_TIME', 'STARTED']) {
    assert.ok(number(js, name) > 0);
    assert.equal(number(js, name), number(rust, name), name);
  }
});

test('why the producer\'s loop returns', async () => {
  const [js, rust] = await Promise.all([read('worklet/producer.js'), read('src/web/worker.rs')]);
  assert.ok(number(js, 'MAIL') > 0);
  assert.equal(number(js, 'MAIL'), number(rust, 'MAIL'));
  assert.notEqual(number(rust, 'STOPPED'), number(rust, 'MAIL'));
});

test('stacks are multiples of 64 KiB', async () => {
  for (const [file, name] of [['worklet/processor.js', 'STACK_BYTES'], ['worklet/producer.js', 'STACK_BYTES']]) {
    const bytes = new Function(`return ${constant(await read(file), name)}`)();
    assert.ok(bytes >= 65_536 && bytes % 65_536 === 0, `${file}: ${bytes}`);
  }
});

test('the raw exports that the processor calls are there', async () => {
  const [js, rust] = await Promise.all([read('worklet/processor.js'), read('src/web/worklet.rs')]);
  const called = new Set([...js.matchAll(/exports\.(noxrun_\w+)/g)].map(([, name]) => name));
  assert.ok(called.size >= 3);
  for (const name of called) assert.match(rust, new RegExp(`pub extern "C" fn ${name}\\(`));
});

test('the feed has in JavaScript what the feeder calls, in what ships and in the bench', async () => {
  const [rust, ...all] = await Promise.all(['src/web/feeder.rs', 'worklet/feeder.js', 'benches/browser/decode.worker.js'].map(read));
  const methods = [...rust.matchAll(/#\[wasm_bindgen\(method(?:, js_name = (\w+))?\)\]\s+fn (\w+)\(this: &FeedPort/g)].map(([, js, name]) => js ?? name);
  assert.ok(methods.length >= 10, `${methods}`);
  for (const js of all) for (const name of methods) assert.match(js, new RegExp(`^  ${name}\\(`, 'm'));
});

test('the processor imports nothing and makes nothing in process()', async () => {
  const js = await read('worklet/processor.js');
  assert.doesNotMatch(js, /^\s*import\b|\bimport\(/m);
  const [, body] = /\n {2}process\(inputs, outputs\) \{\n([\s\S]*?)\n {2}\}\n/.exec(js);
  assert.doesNotMatch(body, /=>|\bnew\b|\[\]|\{\s*\w+:|\bpostMessage\b|\bconsole\b|\d+n\b|\.(map|forEach|slice|subarray)\(/);
});
