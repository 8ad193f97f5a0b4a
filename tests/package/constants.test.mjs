// What stands in the package's scripts and in Rust is the same in both. Numbers and addresses cross that seam, and no compiler looks at them.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const at = (path) => new URL(`../../${path}`, import.meta.url);
const read = (path) => readFile(at(path), 'utf8');

/** The number after `const NAME` (JS) or `const NAME: type` (Rust); it may be worked out. */
function constant(text, name) {
  const found = new RegExp(`\\bconst ${name}(?:: [&\\w]+)? = ([^;]+);`).exec(text);
  assert.ok(found, `there is no constant ${name}`);
  const value = Number(new Function(`return ${found[1]}`)());
  assert.ok(Number.isFinite(value), `${name} is ${found[1]}`);
  return value;
}

/** The object after `const NAME`. */
function object(text, name) {
  const found = new RegExp(`\\bconst ${name} = (\\{[^}]*\\});`).exec(text);
  assert.ok(found, `there is no ${name}`);
  return new Function(`return ${found[1]}`)();
}

const one = (text, pattern) => {
  const found = pattern.exec(text);
  assert.ok(found, `nothing looks like ${pattern}`);
  return found[1];
};
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** The words of `NAME` in Rust, an array of texts or of variants' names. */
const count = (text, type) => Number(one(text, new RegExp(`impl ${type} \\{[^}]*?const COUNT: usize = (\\d+);`)));
const variants = (text, type) => one(text, new RegExp(`enum ${type} \\{([^}]*)\\}`)).match(/^ {4}\w+(?=(?: = \d+)?,$)/gm).map((name) => name.trim());

const [book, engine, files, options, output, producing, processor, statistics, generation, witness, producer, inbox, base] = await Promise.all([
  ...['book', 'engine', 'files', 'options', 'output', 'producing', 'processor', 'statistics', 'generation', 'witness', 'producer'].map((name) => `npm/src/${name}.js`), 'worklet/inbox.js', 'worklet/processor.js',
].map(read));
const [bookRust, outputRust, produceRust, worklet, raw, message, blocks, causeRust, events, conceal, settings, log] = await Promise.all([
  'src/web/embed/book.rs', 'src/web/embed/output.rs', 'src/web/embed/produce.rs', 'src/web/worklet.rs', 'src/web/raw/message.rs', 'src/strategy/message.rs', 'src/ledger/blocks.rs', 'src/ledger/cause.rs', 'src/ledger/events.rs',
  'src/conceal/policy.rs', 'src/web/options.rs', 'src/ledger/log/entry.rs',
].map(read));

test('places of a row', () => {
  const names = one(book, /Object\.fromEntries\(\[\n([\s\S]*?)\n\]\.map/).match(/\w+/g);
  const rust = one(bookRust, /let numbers = \[\n([\s\S]*?)\n {8}\];/).split('\n').map((line) => line.trim().replace(/,$/, ''));
  // What is not called in Rust as it is in JavaScript.
  const other = {
    inFlight: 'now.in_flight()', imbalance: 'now.imbalance()', underruns: 'consumer.underrun_events', longestUnderrun: 'consumer.underrun_longest', overruns: 'producer.overrun_events', state: 'u64::from(producer.state)',
    lateP50: 'lateness.p50', lateP99: 'lateness.p99', lateMax: 'lateness.max', callback: 'usual', longestCallback: 'longest', slips: 'consumer.slip_events', identical: 'producer.identical_blocks',
  };
  assert.equal(names.length, rust.length);
  for (const [place, name] of names.entries()) {
    const [, number] = /^(?:whole\(|late\(\|lateness\| )(.*)\)$/.exec(rust[place]) ?? [];
    assert.ok(number === (other[name] ?? `consumer.${snake(name)}`) || number === `producer.${snake(name)}`, `${place}: ${name} is ${rust[place]}`);
  }
  assert.equal(constant(book, 'SILENT'), names.length);
  assert.equal(constant(book, 'DROPPED'), names.length + count(blocks, 'SilentBy'));
  const fixed = constant(bookRust, 'FIXED');
  assert.equal(constant(book, 'CAUSES'), fixed);
  assert.ok(names.length + count(blocks, 'SilentBy') + count(blocks, 'DroppedBy') <= fixed);
  assert.match(bookRust, /let all = numbers\.into_iter\(\)\.chain\(silent\)\.chain\(dropped\);/);
  const causes = Number(one(causeRust, /const ALL: \[Cause; (\d+)\]/));
  assert.equal(constant(book, 'ROW_LENGTH'), fixed + causes);
  const lost = variants(blocks, 'DroppedBy').indexOf('Lost');
  assert.equal(one(statistics, /const LOST = DROPPED \+ (\d+);/), String(lost));
  // Every place that the statistics and the page ask for is there.
  for (const text of [statistics, output, generation]) for (const [, name] of text.matchAll(/\bROW\.(\w+)/g)) assert.ok(names.includes(name), name);
});

test('places of an event, and its words', async () => {
  assert.equal(constant(book, 'EVENT_LENGTH'), constant(bookRust, 'EVENT'));
  const names = one(book, /const \[([^\]]*)\] = this\.#event;/).split(', ');
  const rust = one(bookRust, /book\.event = \[\n([\s\S]*?)\n {4}\];/).split('\n').map((line) => /entry\.(?:evidence\.)?(\w+)/.exec(line)[1]);
  const other = { covering: 'covering_frames' };
  assert.deepEqual(names.map((name) => other[name] ?? snake(name)), rust.slice(0, names.length));
  assert.ok(rust.length <= constant(bookRust, 'EVENT'));
  assert.match(book, /const \[silentBy, droppedBy, causes, kinds, endings\] = text\.split\('\|'\)/);
  const lists = one(bookRust, /let lists = \[\n([\s\S]*?)\n {4}\];/).match(/SilentBy|DroppedBy|Cause::ALL|EventKind::ALL|Ending::Open, Ending::Back, Ending::Paused, Ending::Ended/g);
  assert.deepEqual(lists, ['SilentBy', 'DroppedBy', 'Cause::ALL', 'EventKind::ALL', 'Ending::Open, Ending::Back, Ending::Paused, Ending::Ended']);
  assert.deepEqual(variants(events, 'Ending'), ['Open', 'Back', 'Paused', 'Ended']);

  // And the types that users see know the same words.
  const types = await read('npm/types/index.d.ts');
  const words = (text) => [...text.matchAll(/'([\w-]+)'/g)].map(([, word]) => word);
  const named = (text, type) => [...one(text, new RegExp(`impl ${type} \\{([\\s\\S]*?)\\n\\}`)).matchAll(/=> "([\w-]+)"/g)].map(([, word]) => word);
  const list = (type) => [...one(blocks, new RegExp(`impl ${type} \\{([\\s\\S]*?)\\n\\}`)).matchAll(/"(\w+)"/g)].map(([, word]) => word);
  assert.deepEqual(words(one(types, /type Cause =([^;]*);/)), named(causeRust, 'Cause'));
  assert.deepEqual(words(one(types, /\n {2}kind: ([^;]*);/)), named(log, 'EventKind'));
  assert.deepEqual(words(one(types, /\n {2}endedBy: ([^;]*);/)).toSorted(), named(events, 'Ending').toSorted());
  const fields = (name) => [...one(types, new RegExp(`\\b${name}: \\{ ([^}]*) \\}`)).matchAll(/(\w+): number/g)].map(([, field]) => field);
  assert.deepEqual(fields('silentBy'), list('SilentBy'));
  assert.deepEqual(fields('droppedBy'), list('DroppedBy'));
});

test('what the page sees', () => {
  const arms = Object.fromEntries([...one(bookRust, /\.saw\(match kind \{([\s\S]*?)\n {4}\}\)/).matchAll(/^ {8}(\d|_) => (?:Sight::(\w+)|context\("([\w ]+)")/gm)].map(([, kind, sight, state]) => [sight ?? state, kind]));
  const seen = { LongTask: constant(witness, 'LONG_TASK'), Hidden: constant(witness, 'HIDDEN'), ...object(book, 'CONTEXT') };
  for (const [what, kind] of Object.entries(seen)) assert.equal(arms[what], String(kind), what);
  // Whatever else is the last one.
  assert.equal(arms['changing device'], '_');
  assert.equal(constant(book, 'CHANGING_DEVICE'), Math.max(...Object.values(seen)) + 1);
});

test('wishes, sizes and words of state', async () => {
  const wishes = Object.fromEntries([...one(outputRust, /Some\(match which \{([\s\S]*?)\n {4}\}\)/).matchAll(/(\d) => &control\.(\w+)/g)].map(([, which, name]) => [name.toUpperCase(), Number(which)]));
  assert.deepEqual(object(engine, 'WISH'), { ...wishes, LIMIT: constant(outputRust, 'LIMIT') });
  assert.equal(constant(engine, 'MAX_BUFFER'), constant(settings, 'MAX_BUFFER'));
  assert.equal(one(engine, /const CAPACITY = (MAX_BUFFER \+ \d+);/), one(settings, /const CAPACITY: usize = Self::(MAX_BUFFER \+ \d+);/));
  assert.equal(constant(output, 'ENDED'), variants(blocks, 'ProducerState').indexOf('Ended'));
  const list = (name) => one(options, new RegExp(`const ${name} = \\[([^\\]]*)\\];`)).replaceAll('\'', '').split(', ');
  assert.deepEqual(list('CONCEAL'), variants(conceal, 'Conceal').map((name) => name.toLowerCase()));
  assert.equal(constant(options, 'MAX_BLOCK'), Number(one(settings, /1 to (8192) and at most/)));
  assert.equal(constant(book, 'EVERY_MS'), Number(one(await read('src/watch/mod.rs'), /feature = "explain"\) \{ ([\d.]+) \}/)));
  // What is 4, and what 0 to 3, in book.js.
  const sizes = [...one(outputRust, /match which \{\n( {8}0 => size_of[\s\S]*?)\n {4}\}/).matchAll(/^ {8}(\d|_) => (.*),$/gm)].map(([, , what]) => what);
  assert.deepEqual(sizes.map((what) => /ProducerLedger|ConsumerLedger|wake|RING_BYTES|SharedOutput/.exec(what)[0]), ['SharedOutput', 'RING_BYTES', 'SharedOutput', 'SharedOutput', 'wake']);
  assert.match(producing, /noxrun_size\(4\)/);
});

test('ways of a producer, and what it returns', () => {
  const ways = object(producing, 'WAY');
  const arms = [...one(produceRust, /match way \{([\s\S]*?)\n {8}\};/).matchAll(/^ {12}(\d|_) => (.*),$/gm)].map(([, way, what]) => [way, /Called|fifo|None|Sine|Index|OwnSource/.exec(what)[0]]);
  assert.deepEqual(arms, [['0', 'Called'], ['1', 'fifo'], ['2', 'None'], ['3', 'Sine'], ['4', 'Index'], ['_', 'OwnSource']]);
  assert.deepEqual(ways, { RENDER: 0, WRITE: 1, OFFER: 2, SINE: 3, INDEX: 4, OWN: 5 });
  for (const name of ['NO_OUTPUT', 'TAKEN', 'AGAIN', 'STOPPED', 'OFFER_FRAMES']) assert.equal(constant(producing, name), constant(produceRust, name), name);
  // Whatever else is below 0.
  assert.ok(constant(produceRust, 'OUT_OF_RANGE') < constant(produceRust, 'TAKEN') && constant(produceRust, 'TAKEN') < constant(produceRust, 'NO_OUTPUT'));
  assert.match(produceRust, /if way == 2 \{ OFFER_FRAMES \}/);
});

test('the audio thread: bits, messages, answers', () => {
  for (const name of ['SECOND_AREA', 'WANTS_TIME', 'STARTED']) assert.equal(constant(base, name), constant(worklet, name), name);
  assert.equal(constant(processor, 'CALLED'), constant(worklet, 'CALLED'));
  const bits = ['SECOND_AREA', 'WANTS_TIME', 'STARTED', 'CALLED'].map((name) => constant(worklet, name));
  assert.equal(bits.reduce((all, bit) => all | bit), bits.reduce((all, bit) => all + bit), 'each bit once');
  assert.equal(constant(inbox, 'ANSWER_NOW'), constant(raw, 'NOW'));
  assert.equal(constant(inbox, 'OUT_OF_ORDER'), constant(raw, 'OUT_OF_ORDER'));
  assert.equal(constant(inbox, 'ANSWER'), constant(raw, 'ANSWER'));
  assert.equal(constant(inbox, 'HEADER'), constant(message, 'HEADER'));
  assert.equal(constant(inbox, 'FRAMES'), Number(one(message, /^ {4}Frames = (\d+),$/m)));
  assert.match(worklet, new RegExp('Must match `worklet/inbox.js`'));
});

test('stacks are multiples of 64 KiB', () => {
  for (const [text, name] of [[engine, 'MAKER_STACK'], [producing, 'STACK_BYTES'], [producer, 'STACK_BYTES'], [files, 'BOOK_STACK'], [base, 'STACK_BYTES']]) {
    const bytes = constant(text, name);
    assert.ok(bytes >= 65_536 && bytes % 65_536 === 0, `${bytes}`);
  }
});

test('every export that the scripts call is there, and none is there for nobody', async () => {
  const rust = (await Promise.all((await readdir(at('src/web/embed'))).map((name) => read(`src/web/embed/${name}`)))).join('\n');
  const named = (text) => new Set([...text.matchAll(/pub extern "C" fn (noxrun_\w+)\(/g)].map(([, name]) => name));
  const [own, others] = [named(rust), named(worklet + raw)];
  const scripts = [book, engine, files, output, producing, processor, generation, producer, inbox, base].join('\n');
  const called = new Set([...scripts.matchAll(/\b(noxrun_\w+)\b/g)].map(([, name]) => name));
  assert.ok(called.size >= 30, `${[...called]}`);
  assert.deepEqual([...called].filter((name) => !own.has(name) && !others.has(name)), []);
  assert.deepEqual([...own].filter((name) => !called.has(name)), []);
  // Functions that the module imports, by the beginning of their names.
  assert.match(await read('src/web/embed/source.rs'), /js_name = noxrunRender/);
  assert.match(producing, /noxrunRender: \(/);
  assert.match(engine, /noxrunNow: \(\)/);
});

test('the messages between page, producer and audio thread are those of docs/protocol.md', async () => {
  const guide = await read('docs/protocol.md');
  const rows = (heading) => [...one(guide, new RegExp(`\n## ${heading}\n([\\s\\S]*?)\n## `)).matchAll(/^\| (`[^|]*`) \| (page|producer|audio thread) \|/gm)]
    .flatMap(([, names, from]) => [...names.matchAll(/`'?(\w+)'?`/g)].map(([, name]) => `${from}: ${name}`)).toSorted();
  const cases = (text, head) => [...one(text, new RegExp(`\\n {2}${head} \\{\\n([\\s\\S]*?)\\n {2}\\}\\n`)).matchAll(/case '(\w+)':/g)].map(([, name]) => name);
  const toProducer = [...cases(producing, '#?hear\\([^)]*\\)'), 'welcome', 'stale'];
  const toPage = cases(generation, '#?hear\\([^)]*\\)');
  assert.deepEqual(rows('Messages of the control port'), [...toProducer.map((name) => `page: ${name}`), ...toPage.map((name) => `producer: ${name}`)].toSorted());
  const posted = (text, pattern) => new Set([...text.matchAll(pattern)].map(([, name]) => name));
  const producersWords = posted(producing + producer, /(?:type: |#tell\()'(\w+)'/g);
  for (const name of toPage) assert.ok(producersWords.has(name), name);
  const pagesWords = posted(generation + book + output, /type: (?:this\.isOver \? )?'(\w+)'/g);
  for (const name of toProducer.filter((name) => name !== 'welcome')) assert.ok(pagesWords.has(name), name);

  const said = [...new Set([...(base + processor).matchAll(/postMessage\((?:'|\{ type: ')(\w+)'/g)].map(([, word]) => word))];
  assert.ok(said.length >= 2);
  const toAudio = cases(processor, 'hear\\([^)]*\\)');
  assert.deepEqual(rows('Messages to and from the audio thread'), [...toAudio.map((name) => `page: ${name}`), ...said.map((word) => `audio thread: ${word}`)].toSorted());
  for (const name of toAudio) assert.ok(pagesWords.has(name), name);

  // The header's places.
  const header = [...one(guide, /\n### `Header`\n([\s\S]*?)\n\n\*?\w/).matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, place, name]) => `${name} = ${place}`);
  assert.deepEqual(header, [...message.matchAll(/^ {4}(\w+ = \d+),$/gm)].map(([, place]) => place));
  const totals = one(message, /let fixed = \[([^\]]*)\]/).match(/ledger\.\w+/g).map((name) => name.slice(7));
  assert.ok(guide.includes(`running totals: ${totals.join(', ')}, and the five of \`dropped\``));
  assert.equal(count(blocks, 'DroppedBy'), 5);
  assert.ok(8 + 1 + totals.length + 5 <= constant(message, 'HEADER'));
  // The handle's fields.
  const keys = (text) => [...text.matchAll(/(?:^|, )(\w+)(?=[:,]|$)/g)].map(([, key]) => key).toSorted();
  const handle = keys(one(generation, /this\.handle = \{\s*([^}]*?),?\s*\};/));
  const told = [...one(guide, /\n## The handle\n([\s\S]*?)\n## /).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names]) => names.match(/\w+/g));
  assert.deepEqual(told.toSorted(), handle);
  const set = one(guide, /\| `settings` \| ([^\n]*)/).match(/`(\w+)`(?: \(`\w+`\))?(?=,|\s\(|\s\|)/g).map((name) => /\w+/.exec(name)[0]);
  assert.deepEqual(set.toSorted(), keys(one(output, /const settings = \{\s*([^}]*?),?\s*\};/)));
});

test('the audio thread\'s process() makes nothing but an answer to the producer', () => {
  const body = (text, head) => one(text, new RegExp(`\\n {2}${head} \\{\\n([\\s\\S]*?)\\n {2}\\}\\n`));
  const makes = /=>|[=(,:] ?\[|\bnew\b|\[\]|\{\s*\w+:|\bconsole\b|\d+n\b|\.(map|forEach|slice|subarray)\(/;
  assert.doesNotMatch(body(processor, 'process\\(inputs, outputs\\)'), makes);
  assert.doesNotMatch(body(base, 'process\\(inputs, outputs\\)'), makes);
  // The message itself is what is left behind; it is the same array each time.
  assert.doesNotMatch(body(inbox, 'answer\\(\\)'), makes);
  assert.equal(body(inbox, 'answer\\(\\)').match(/postMessage/g).length, 1);
});
