// The types are those of the scripts: linted as published, compiled as users would, and declared exactly where there is something at run time.

import assert from 'node:assert/strict';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { build } from 'esbuild';
import ts from 'typescript';
import { FILES, MANIFEST, PACKAGE, ROOT, TARBALL, program, project } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

const bin = (name) => path.join(ROOT, 'node_modules/.bin', name);

let place;
let remove;
before(async () => {
  ({ place, remove } = await project());
  await cp(path.join(ROOT, 'tests/package/types'), path.join(place, 'types'), { recursive: true });
});
after(() => remove?.());

// The decoder's package is linted here, and all else about it tested in decode.test.mjs.
const DECODER = TARBALL.replace('noxrun-', 'noxrun-decode-');

test('publint finds nothing', async () => {
  for (const tarball of [TARBALL, DECODER]) {
    const { stdout } = await program(bin('publint'), ['run', tarball, '--strict']);
    assert.match(stdout, /All good/, tarball);
  }
});

/** They are loaded by address and export nothing that a type could describe. */
const BY_ADDRESS = ['noxrun.wasm', 'producer.js', 'processor.js', 'player-producer.js', 'isolation-worker.js'];

test('are the types wrong? No: as an ES module, which is all that this is', async () => {
  for (const [tarball, names] of [[TARBALL, BY_ADDRESS], [DECODER, ['decoder.js', 'decoder_bg.wasm']]]) {
    await program(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color', '--exclude-entrypoints', ...names.map((name) => `./${name}`)]);
  }
  // What is left out must be files that nobody imports.
  for (const name of BY_ADDRESS.filter((file) => file.endsWith('.js') && file !== 'player-producer.js')) assert.deepEqual(await exported(name), [], name);
});

/** The names that a script of the package exports, as a builder sees them. */
async function exported(file) {
  const { metafile } = await build({ entryPoints: [path.join(PACKAGE, file)], format: 'esm', write: false, metafile: true, outdir: place, logLevel: 'error' });
  const [{ exports }] = Object.values(metafile.outputs);
  return exports.sort();
}

const RESOLUTIONS = [
  ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ['node16', { module: 'node16', moduleResolution: 'node16' }],
];
const PROGRAMS = [
  ['page.ts', ['es2022', 'dom', 'dom.iterable']],
  ['sound.ts', ['es2022', 'webworker']],
];

for (const [name, how] of RESOLUTIONS) {
  test(`compiles strictly, the declarations themselves included, and refuses what it should (${name})`, async () => {
    for (const [file, lib] of PROGRAMS) {
      const config = path.join(place, `tsconfig.${name}.${file}.json`);
      await writeFile(config, JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'es2022', skipLibCheck: false, types: [], lib, ...how }, files: [`types/${file}`] }));
      await program(bin('tsc'), ['--project', config], { cwd: place });
    }
  });
}

test('what is declared is there at run time, and what is there is declared', async () => {
  const entries = Object.entries(MANIFEST.exports).filter(([, target]) => target.types);
  assert.equal(entries.length, FILES.filter((file) => file.endsWith('.d.ts') && file !== 'common.d.ts').length);
  const compiled = ts.createProgram(
    entries.map(([, { types }]) => path.join(PACKAGE, types)),
    { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] },
  );
  const checker = compiled.getTypeChecker();
  const valueOf = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).flags & ts.SymbolFlags.Value;
  for (const [name, { types, default: script }] of entries) {
    const symbol = checker.getSymbolAtLocation(compiled.getSourceFile(path.join(PACKAGE, types)));
    const declared = checker.getExportsOfModule(symbol).filter(valueOf).map((one) => one.getName()).sort();
    assert.ok(declared.length > 0, name);
    assert.deepEqual(declared, await exported(script), name);
  }
});

test('each declared name is used by the programs that are compiled', async () => {
  const used = (await Promise.all(PROGRAMS.map(([file]) => readFile(path.join(ROOT, 'tests/package/types', file), 'utf8')))).join('\n');
  for (const file of (await readdir(PACKAGE)).filter((name) => name.endsWith('.d.ts'))) {
    const text = await readFile(path.join(PACKAGE, file), 'utf8');
    for (const [, name] of text.matchAll(/^export (?:class|function|interface|type|const) (\w+)/gm)) assert.ok(new RegExp(`\\b${name}\\b`).test(used), `${file}: ${name}`);
  }
});

test('custom-elements.json describes the elements that are registered, and their files', async () => {
  const { modules } = JSON.parse(await readFile(path.join(PACKAGE, 'custom-elements.json'), 'utf8'));
  const described = modules.flatMap(({ path: file, exports = [] }) => {
    assert.ok(FILES.includes(file), file);
    return exports.filter(({ kind }) => kind === 'custom-element-definition').map(({ name }) => name);
  });
  assert.deepEqual(described.sort(), ['noxrun-meter', 'noxrun-player']);
});
