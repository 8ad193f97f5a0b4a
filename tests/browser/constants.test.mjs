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

/** Everything of several files. */
const all = async (...paths) => (await Promise.all(paths.map(read))).join('\n');
/** The names of what `raw` exports. */
const exported = async () => new Set([...(await all('src/web/worklet.rs', ...RAW)).matchAll(/pub extern "C" fn (noxrun_\w+)\(/g)].map(([, name]) => name));
const RAW = ['any', 'clock', 'message', 'mod', 'page', 'spec'].map((name) => `src/web/raw/${name}.rs`);

test('the strategies\' processor: name, bits, answers, header', async () => {
  const [js, inbox, context, any, raw, message] = await Promise.all(
    ['worklet/strategies.js', 'worklet/inbox.js', 'src/web/page/context.rs', 'src/web/raw/any.rs', 'src/web/raw/message.rs', 'src/strategy/message.rs'].map(read),
  );
  const [, version] = /^version = "(.*)"$/m.exec(await read('Cargo.toml'));
  assert.equal(constant(js, 'NAME'), `'noxrun-strategies-${version}'`);
  assert.equal(constant(context, 'STRATEGIES'), 'concat!("noxrun-strategies-", env!("CARGO_PKG_VERSION"))');
  assert.equal(number(js, 'CALLED'), number(any, 'CALLED'));
  // The bits of the processor that it extends.
  const [base, worklet] = await Promise.all([read('worklet/processor.js'), read('src/web/worklet.rs')]);
  for (const name of ['SECOND_AREA', 'WANTS_TIME', 'STARTED']) {
    assert.equal(number(base, name), number(any, name), name);
    assert.notEqual(number(worklet, name), number(any, 'CALLED'), name);
  }
  assert.equal(number(inbox, 'ANSWER_NOW'), number(raw, 'NOW'));
  assert.equal(number(inbox, 'OUT_OF_ORDER'), number(raw, 'OUT_OF_ORDER'));
  assert.equal(new Set(['LATER', 'NOW', 'OUT_OF_ORDER'].map((name) => number(raw, name))).size, 3);
  assert.equal(number(inbox, 'HEADER'), number(message, 'HEADER'));
  assert.equal(number(inbox, 'ANSWER'), number(raw, 'ANSWER'));
  const place = (name) => Number(new RegExp(`^    ${name} = (\\d+),$`, 'm').exec(message)[1]);
  assert.equal(number(inbox, 'FRAMES'), place('Frames'));
  // The state and the totals behind it fit, and nothing of the header stands among them.
  const [, fixed] = /let fixed = \[([^\]]*)\]/.exec(message);
  const totals = fixed.match(/&ledger\.\w+/g).length + Number(/impl DroppedBy \{[^}]*?const COUNT: usize = (\d+);/.exec(await read('src/ledger/blocks.rs'))[1]);
  assert.ok(totals > 10 && place('Totals') + 1 + totals <= number(message, 'HEADER'), `${totals} totals`);
  for (const [, name, at] of message.matchAll(/^    (\w+) = (\d+),$/gm)) assert.ok(name === 'Totals' || Number(at) < place('Totals'), name);
});

test('what a turn of the producer returns where blocks travel as messages', async () => {
  const [js, rust] = await Promise.all([read('worklet/producer.js'), read('src/web/worker.rs')]);
  const [, arms] = /pub fn turn\(&mut self\) -> f64 \{([\s\S]*?)\n {4}\}/.exec(rust);
  const told = Object.fromEntries([...arms.matchAll(/Turn::(\w+) => (-[\d.]+),/g)].map(([, name, value]) => [name, Number(value)]));
  assert.deepEqual(Object.keys(told).toSorted(), ['Idle', 'Mail', 'Rendered', 'Stopped']);
  assert.equal(new Set(Object.values(told)).size, 4);
  assert.equal(number(js, 'RENDERED'), told.Rendered);
  assert.equal(number(js, 'ASKED_TO_STOP'), told.Stopped);
  // Whatever else is below 0 is a look at the event loop; and what is not is a time.
  assert.ok(Object.values(told).every((value) => value < 0));
  // What it calls of the engine's worker is there.
  const called = new Set([...js.matchAll(/producer\??\.(\w+)\??\.?\(/g)].map(([, name]) => name));
  assert.ok(called.size >= 12, `${[...called]}`);
  called.delete('free');
  for (const name of called) assert.match(rust, new RegExp(`pub fn ${name}\\(`));
});

test('the raw exports that strategies.js and the page call are there, and none is there for nobody', async () => {
  const there = await exported();
  const js = await all('worklet/strategies.js', 'worklet/inbox.js');
  const called = new Set([...js.matchAll(/exports\.(noxrun_\w+)/g)].map(([, name]) => name));
  assert.ok(called.size >= 12, `${[...called]}`);
  const page = await all('src/web/page/on_page.rs', 'src/web/page/raw_instance.rs');
  const asked = new Set([...page.matchAll(/"(noxrun_\w+)"/g)].map(([, name]) => name));
  assert.ok(asked.size >= 14, `${[...asked]}`);
  for (const name of [...called, ...asked]) assert.ok(there.has(name), name);
  // What the package alone closes again.
  there.delete('noxrun_message_close');
  const own = [...there].filter((name) => /^noxrun_(any|message|page)_|^noxrun_(numbers|output|ring)$/.test(name));
  assert.deepEqual(own.filter((name) => !called.has(name) && !asked.has(name)), []);
});

test('how a strategy is named to the processor, and what is posted to it', async () => {
  const [js, output, mailed, onPage] = await Promise.all(['worklet/strategies.js', 'src/web/page/output.rs', 'src/web/page/mailed.rs', 'src/web/page/on_page.rs'].map(read));
  const modes = new Set([...js.matchAll(/mode === '(\w+)'/g)].map(([, name]) => name));
  const [, made] = /let mode = match strategy \{([\s\S]*?)\n {8}\};/.exec(output);
  const given = new Set([...made.matchAll(/=> "(\w+)"/g)].map(([, name]) => name));
  // "read" is what there is nothing more to do for.
  assert.deepEqual([...given].filter((name) => !modes.has(name)), ['read']);
  assert.deepEqual([...modes].filter((name) => !given.has(name)), []);
  const [, fields] = /let mut properties = ([\s\S]*?)let inputs/.exec(output);
  const properties = new Set([...fields.matchAll(/\("(\w+)", /g)].map(([, name]) => name));
  const wanted = new Set([...js.matchAll(/options\.(\w+)/g)].map(([, name]) => name));
  for (const name of /const \{ ([^}]*) \} = options;/.exec(js)[1].split(', ')) wanted.add(name);
  assert.deepEqual([...wanted].toSorted(), [...properties].toSorted());
  const heard = new Set([...js.matchAll(/case '(\w+)':/g)].map(([, name]) => name));
  const posted = new Set([...(output + mailed + onPage).matchAll(/\("type", "(\w+)"\.into\(\)\)/g)].map(([, name]) => name));
  assert.deepEqual([...heard].filter((name) => !['source', 'faults'].includes(name)).toSorted(), [...posted].filter((name) => !['source', 'faults'].includes(name)).toSorted());
  for (const name of ['source', 'faults']) assert.ok(heard.has(name) && onPage.includes(`"${name}"`), name);
  // Functions that are given to the module by the beginning of their names.
  const clock = await read('src/web/raw/clock.rs');
  const names = [...clock.matchAll(/js_name = (\w+)/g)].map(([, name]) => name);
  assert.equal(names.length, 2);
  const instance = await read('src/web/page/raw_instance.rs');
  for (const name of names) assert.ok(js.includes(name) && instance.includes(`"${name}"`), name);
});

test('process() of strategies.js makes nothing but what it documents: an answer to the producer', async () => {
  const js = await read('worklet/strategies.js');
  // Of the worklet's own files two, which are loaded with it.
  assert.deepEqual([...js.matchAll(/^import\b.*$/gm)].map(([line]) => line), ["import { Inbox, look } from './inbox.js';", "import { NoxrunProcessor, register } from './processor.js';"]);
  const inbox = await read('worklet/inbox.js');
  assert.doesNotMatch(inbox, /\bimport\b/);
  assert.doesNotMatch(js, /\bimport\(/);
  const body = (head, of = js) => new RegExp(`\\n {2}${head} \\{\\n([\\s\\S]*?)\\n {2}\\}\\n`).exec(of)[1];
  const makes = /=>|[=(,:] ?\[|\bnew\b|\[\]|\{\s*\w+:|\bconsole\b|\d+n\b|\.(map|forEach|slice|subarray)\(/;
  for (const head of ['process\\(inputs, outputs\\)', 'listen\\(input\\)']) assert.doesNotMatch(body(head), new RegExp(`${makes.source}|\\bpostMessage\\b`), head);
  // The message itself is what is left behind; it is the same array each time.
  assert.doesNotMatch(body('answer\\(\\)', inbox), makes);
  assert.equal(body('answer\\(\\)', inbox).match(/postMessage/g).length, 1);
});
