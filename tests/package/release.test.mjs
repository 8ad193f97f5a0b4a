// The release script refuses what does not fit together, says what that is, and publishes nothing. In a copy of the repository with its own history.

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { MADE, MANIFEST, ROOT, folder, program } from '../support/package.mjs';
import { test } from '../support/suite.mjs';

const { version } = MANIFEST;
const TARBALL = `target/npm/noxrun-${version}.tgz`;
const COPIED = [
  'Cargo.toml', 'Cargo.lock', 'package.json', 'package-lock.json', 'CHANGELOG.md', 'README.md', 'LICENSE-MIT', 'LICENSE-APACHE', '.gitignore', '.cargo', 'ci', 'npm', 'src', 'worklet',
  'tests/package/contents.txt', 'tests/package/decode/contents.txt',
];

let place;
let remove;
const at = (file) => path.join(place, file);
const git = (...args) => program('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false', ...args], { cwd: place });
const change = async (file, edit) => writeFile(at(file), edit(await readFile(at(file), 'utf8')));

before(async () => {
  ({ place, remove } = await folder());
  for (const file of COPIED) await cp(path.join(ROOT, file), at(file), { recursive: true });
  // The study is an example of the crate's that the crate does not ship.
  await change('Cargo.toml', (text) => text.replace(/^\[\[example\]\]\n(.+\n)+/m, ''));
  // As it is on the day of a release, with the package made.
  await change('CHANGELOG.md', (text) => text.replace(/^## .*/m, `## ${version}`));
  await mkdir(at('target'));
  await cp(MADE, at('target/npm'), { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), at('node_modules'));
  await writeFile(at('target/npm.stamp'), '');
  // It counts as newer than all that is changed below.
  const later = new Date(Date.now() + 86_400_000);
  await utimes(at('target/npm.stamp'), later, later);
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'As released');
});
after(() => remove?.());

/** Exit status and all that was printed. */
async function release(...args) {
  try {
    const { stdout, stderr } = await program(at('ci/release'), args, { cwd: place });
    return { status: 0, said: stdout + stderr };
  } catch (error) {
    return { status: error.code, said: `${error.stdout}${error.stderr}` };
  }
}

async function refuses(named, ...args) {
  const { status, said } = await release(...args);
  assert.equal(status, 1, said);
  assert.match(said, /^Not to be released: /m);
  assert.match(said, named);
  assert.doesNotMatch(said, /npm publish/);
}

/** Fails unless the release is refused after `edit` of `file`, which is then undone. */
async function refusesAfter(file, edit, named) {
  const before = await readFile(at(file), 'utf8');
  await change(file, edit);
  assert.notEqual(await readFile(at(file), 'utf8'), before, 'something was changed');
  try {
    await git('commit', '--quiet', '--all', '--message', 'Changed');
    await refuses(named, 'check');
    await refuses(named);
  } finally {
    await git('reset', '--quiet', '--hard', 'HEAD~1');
  }
}

test('what fits together can be released; with a tag, too', async () => {
  for (const args of [['check'], ['check', `v${version}`], ['check', version], ['versions']]) {
    const { status, said } = await release(...args);
    assert.equal(status, 0, said);
  }
});

const other = (text) => text.replace(`"version": "${version}"`, '"version": "9.9.9"');
const WRONG = [
  ['Cargo.toml', (text) => text.replace(/^version = ".*"/m, 'version = "9.9.9"'), /Cargo\.lock names version .*, Cargo\.toml 9\.9\.9[^]*npm\/package\.json names version/],
  ['Cargo.lock', (text) => text.replace(`name = "noxrun"\nversion = "${version}"`, 'name = "noxrun"\nversion = "9.9.9"'), /Cargo\.lock names version 9\.9\.9/],
  ['npm/package.json', other, /npm\/package\.json names version 9\.9\.9/],
  ['npm/decode/package.json', other, /npm\/decode\/package\.json names version 9\.9\.9/],
  ['npm/decode/package.json', (text) => text.replace(`"noxrun": "${version}"`, '"noxrun": "9.9.9"'), /what npm\/decode\/package\.json asks for names version 9\.9\.9/],
  ['package.json', (text) => text.replace('"private": true,', '"version": "9.9.9",\n  "private": true,'), /package\.json names version 9\.9\.9/],
  ['worklet/processor.js', (text) => text.replace(`'noxrun-${version}'`, '\'noxrun-9.9.9\''), /worklet\/processor\.js names version 9\.9\.9/],
  ['worklet/strategies.js', (text) => text.replace(`'noxrun-strategies-${version}'`, '\'noxrun-strategies-9.9.9\''), /worklet\/strategies\.js names version 9\.9\.9/],
  ['npm/src/version.js', (text) => text.replace('NOXRUN_VERSION', `'${version}'`), /npm\/src\/version\.js writes the version out/],
  ['CHANGELOG.md', (text) => text.replace(`## ${version}`, '## Unreleased'), /CHANGELOG\.md has no heading/],
  ['tests/package/contents.txt', (text) => text.replace('noxrun.wasm\n', ''), /not listed noxrun\.wasm/],
  ['tests/package/contents.txt', (text) => `${text}more.js\n`, /missing more\.js/],
];

for (const [file, edit, named] of WRONG) test(`refused: ${file}, ${named.source}`, () => refusesAfter(file, edit, named));

test('refused: the tag is another version\'s', async () => {
  await refuses(/the tag v9\.9\.9 names version 9\.9\.9/, 'check', 'v9.9.9');
  await refuses(/the tag v9\.9\.9 names version 9\.9\.9/, 'v9.9.9');
});

test('refused: what is not committed, changed or new', async () => {
  await change('README.md', (text) => `${text}\nMore.\n`);
  await refuses(/not clean: README\.md/, 'check');
  await git('checkout', '--quiet', 'README.md');
  await writeFile(at('npm/new.js'), '');
  await refuses(/not clean: npm\/new\.js/, 'check');
  await git('clean', '--quiet', '--force', 'npm');
  assert.equal((await release('check')).status, 0);
});

test('refused: a tarball with a file that nobody has listed', async () => {
  const whole = await readFile(at(TARBALL));
  await mkdir(at('target/package-with-more'));
  await program('tar', ['-xzf', at(TARBALL), '-C', at('target/package-with-more')]);
  await writeFile(at('target/package-with-more/package/secret.txt'), 'oops');
  await program('tar', ['-czf', at(TARBALL), '-C', at('target/package-with-more'), 'package']);
  await refuses(/not listed secret\.txt/, 'check');
  await writeFile(at(TARBALL), whole);
});

test('all that is in the way is said at once', async () => {
  await change('npm/package.json', other);
  const { said } = await release('check', 'v9.9.9');
  for (const named of [/npm\/package\.json names/, /the tag v9\.9\.9/, /not clean/]) assert.match(said, named);
  await git('checkout', '--quiet', 'npm/package.json');
});

test('a release makes both packages, says which commands publish them, and runs neither', async () => {
  const { status, said } = await release(`v${version}`);
  assert.equal(status, 0, said);
  assert.match(said, /Nothing is published yet/);
  assert.match(said, /^ {2}cargo publish$/m);
  assert.match(said, new RegExp(`^ {2}npm publish ${TARBALL.replaceAll('.', '\\.')}$`, 'm'));
  const [, crate] = /Crate: (\S+\.crate), \d+ files/.exec(said);
  const { stdout } = await program('tar', ['-tzf', path.resolve(place, crate)]);
  assert.match(stdout, /src\/lib\.rs/);
});
