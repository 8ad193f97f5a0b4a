// The guides say what the types say: names in tables, codes, and every sample of JavaScript.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file) => readFile(path.join(root, file), 'utf8');
const types = path.join(root, 'npm/types');
const ENTRIES = { noxrun: 'index', 'noxrun/worker': 'worker', 'noxrun/isolation': 'isolation', 'noxrun/meter': 'meter', 'noxrun/player': 'player' };

const OPTIONS = {
  strict: true,
  // Samples are JavaScript as people write it.
  noImplicitAny: false,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  types: [],
  paths: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, [path.join(types, `${file}.d.ts`)]])),
};

/** What samples take for granted: the page's own things, and an output where the text has just spoken of one. */
const GIVEN = `
import type { Output as _Output, createOutput as _createOutput } from 'noxrun';
declare global {
  const output: _Output;
  const createOutput: typeof _createOutput;
  const playButton: HTMLButtonElement;
  const cancelButton: HTMLButtonElement;
  const machine: { onframe(samples: Float32Array): void };
  const port: MessagePort;
  const blocks: ReadableStream<Float32Array>;
  function nextBlock(frames: number, channels: number): Float32Array;
  function showPlayButton(): void;
  // A page knows what stands in it.
  interface Document {
    querySelector(selectors: string): any;
  }
  // Of the audio thread, which TypeScript's library does not know.
  class AudioWorkletProcessor {
    readonly port: MessagePort;
  }
  function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
}
`;

/** Complaints of TypeScript about files that are only here; by their names. */
function complaints(files) {
  const host = ts.createCompilerHost(OPTIONS, true);
  const { fileExists, readFile: readDisk, getSourceFile } = host;
  host.fileExists = (name) => name in files || fileExists.call(host, name);
  host.readFile = (name) => files[name] ?? readDisk.call(host, name);
  host.getSourceFile = (name, ...more) => (name in files ? ts.createSourceFile(name, files[name], ts.ScriptTarget.ESNext, true) : getSourceFile.call(host, name, ...more));
  const program = ts.createProgram(Object.keys(files), OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined ? '' : `${path.basename(file.fileName)}:${ts.getLineAndCharacterOfPosition(file, start).line + 1}: `;
    return line + ts.flattenDiagnosticMessageText(messageText, '\n');
  });
}

/** Samples in a guide: what stands between ```js (or ts) and ```, with its line. */
function samples(guide, text) {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code], number) => {
    const line = text.slice(0, text.indexOf(code)).split('\n').length;
    return { language, code, name: `${guide.replaceAll('/', '-').replace('.md', '')}-line-${line}-${number}` };
  });
}

test('samples in the guides are right by the types', async () => {
  const guides = ['docs/embedding.md', 'docs/embedding-headers.md', 'docs/builders.md', 'docs/api.md', 'docs/settings.md', 'docs/crackles.md', 'docs/audioworklet-underrun.md', 'npm/README.md', 'README.md'];
  const files = { '/given.d.ts': GIVEN };
  for (const guide of guides) {
    const text = await read(guide);
    for (const { language, code, name } of samples(guide, text)) {
      assert.ok(['js', 'ts', 'rust', 'sh', 'html', 'text', 'json'].includes(language), `${name}: a sample says which language it is in`);
      // What is not of the package: the lab's own page, in the repository's README.
      if (!['js', 'ts'].includes(language) || /from '\.\/noxrun\.js'/.test(code)) continue;
      // A module each; and nobody can know what a Wasm module exports.
      files[`/${name}.${language}`] = `${code.replace('= instance.exports;', '= /** @type {any} */ (instance.exports);')}\nexport {};`;
    }
  }
  assert.ok(Object.keys(files).length > 18, `${Object.keys(files)}`);
  assert.deepEqual(complaints(files), []);
});

test('a sample that is wrong would be noticed', () => {
  const wrong = (code) => complaints({ '/given.d.ts': GIVEN, '/wrong.js': `${code}\nexport {};` }).join('\n');
  assert.match(wrong('await createOutput({ bufferframes: 1 });'), /bufferframes/);
  assert.match(wrong('console.log(output.stats.underruns.count);'), /count/);
  assert.match(wrong('import { receive } from \'noxrun/worker\';'), /receive/);
});

/** All declarations of the package's entry points: [exports of each, members of each interface and words of each union]. */
function declared() {
  const program = ts.createProgram(['index', 'worker'].map((name) => path.join(types, `${name}.d.ts`)), { ...OPTIONS, paths: undefined });
  const checker = program.getTypeChecker();
  const exports = {};
  const members = {};
  for (const entry of ['index', 'worker']) {
    const file = program.getSourceFile(path.join(types, `${entry}.d.ts`));
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)).map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
    exports[entry] = { values: [], types: [] };
    for (const symbol of symbols) {
      const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0;
      exports[entry][isValue ? 'values' : 'types'].push(symbol.name);
      const declaration = symbol.declarations[0];
      if (ts.isInterfaceDeclaration(declaration)) members[symbol.name] = names(declaration);
      else if (ts.isTypeAliasDeclaration(declaration) && ts.isUnionTypeNode(declaration.type)) members[symbol.name] = declaration.type.types.map((type) => type.literal?.text ?? type.getText());
    }
  }
  return { exports, members };
}

/** Names of members; what is inside of an object is named after it. An object that may be null is named itself, too. */
function names(node) {
  const all = node.members.flatMap((member) => {
    const name = member.name.getText();
    const { type } = member;
    const parts = type && ts.isUnionTypeNode(type) ? type.types : [type];
    const object = parts.find((part) => part && ts.isTypeLiteralNode(part));
    // Options are explained by their own row.
    if (object === undefined || node.name?.text === 'OutputOptions' || node.name?.text === 'Output') return [name];
    const inside = names(object).map((inner) => `${name}.${inner}`);
    return parts.length > 1 ? [name, ...inside] : inside;
  });
  return [...new Set(all)];
}

/** First cells of the table that follows a heading. */
function table(text, heading) {
  const [, section] = new RegExp(`^${heading.replace(/[/]/g, '\\/')}[^\\n]*\n([\\s\\S]*?)(?=^#|(?![\\s\\S]))`, 'm').exec(text) ?? assert.fail(`docs/api.md has no ${heading}`);
  const found = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
  assert.ok(found.length > 0, `${heading} has a table`);
  assert.equal(new Set(found).size, found.length, `${heading} names nothing twice`);
  return found.toSorted();
}

test('tables of docs/api.md name what the types name', async () => {
  const api = await read('docs/api.md');
  const { exports, members } = declared();
  // Said in words, or in another table.
  const { Transport: _, ...tables } = members;
  for (const [name, found] of Object.entries(tables)) assert.deepEqual(table(api, `### \`${name}\``), found.toSorted(), name);
  const headings = [...api.matchAll(/^### `(\w+)`/gm)].map(([, name]) => name);
  assert.deepEqual(headings.toSorted(), Object.keys(tables).toSorted());
  for (const [entry, heading] of [['index', '## `noxrun`:'], ['worker', '## `noxrun/worker`:']]) assert.deepEqual(table(api, heading), exports[entry].values.toSorted(), heading);
  const [, listed] = /^Types besides: (.*)\.$/m.exec(api);
  assert.deepEqual(listed.match(/\w+/g).toSorted(), exports.index.types.toSorted());
});

test('statistics are named as in the report, but where docs/report.md says otherwise', async () => {
  const report = await read('docs/report.md');
  const [, table, note] = /\n## Report\n([\s\S]*)\n## `output\.stats`\n([\s\S]*)$/.exec(report);
  const there = new Set([...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name));
  const only = /^- Only there: (.*)$/m.exec(note)[1].replace(/\([^)]*\)/g, '').match(/[\w.]+(?=`)/g);
  for (const name of only) assert.ok(!there.has(name), `${name} is in the report too`);
  const fields = declared().members.OutputStats;
  for (const name of fields) assert.ok(there.has(name) || only.includes(name) || name.startsWith('startup.'), `${name} is not in the report`);
  for (const name of only) assert.ok(fields.includes(name), `${name} is not in the statistics`);
});

test('every code of an error is thrown somewhere, and no other', async () => {
  const folders = ['npm/src', 'npm/src/player', 'npm/decode/src'];
  const scripts = (await Promise.all(folders.map(async (folder) => (await readdir(path.join(root, folder))).filter((name) => name.endsWith('.js')).map((name) => `${folder}/${name}`)))).flat();
  const text = (await Promise.all(scripts.map(read))).join('\n');
  const thrown = new Set([...text.matchAll(/(?:NoxrunError\(|typed\(\w+, |\bfail\()'([a-z-]+)'/g)].map(([, code]) => code));
  assert.deepEqual([...thrown].toSorted(), declared().members.NoxrunErrorCode.toSorted());
});

test('causes in docs/crackles.md are all there are', async () => {
  const causes = [...(await read('docs/crackles.md')).matchAll(/^### `([\w-]+)`/gm)].map(([, cause]) => cause);
  assert.deepEqual(causes.toSorted(), declared().members.Cause.toSorted());
});

test('links between the guides lead somewhere', async () => {
  for (const guide of (await readdir(path.join(root, 'docs'))).filter((name) => name.endsWith('.md'))) {
    const text = await read(`docs/${guide}`);
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === '' ? guide : target;
      if (!file.endsWith('.md')) {
        await assert.doesNotReject(readdir(path.join(root, 'docs', file)).catch(() => readFile(path.join(root, 'docs', file))), `${guide}: ${target}`);
        continue;
      }
      const there = await read(path.join('docs', file)).catch(() => assert.fail(`${guide} leads to ${target}, which is not there`));
      const anchors = [...there.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
      if (anchor !== undefined) assert.ok(anchors.includes(anchor), `${guide} leads to ${target}#${anchor}`);
    }
  }
});
