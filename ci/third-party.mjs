// Writes down whose code goes into a build, with its licences: cargo metadata --format-version 1 … | node ci/third-party.mjs >FILE

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const { packages, resolve } = JSON.parse(readFileSync(0));
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
const crates = new Map(packages.map((crate) => [crate.id, crate]));

// What is only used to compile goes into nothing.
const isMacro = ({ targets }) => targets.some(({ kind }) => kind.includes('proc-macro'));
const used = new Set();
function use(id) {
  if (used.has(id) || isMacro(crates.get(id))) return;
  used.add(id);
  for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) if (kinds.some(({ kind }) => kind === null)) use(pkg);
}
use(resolve.root);
used.delete(resolve.root);

const texts = new Map();
console.log('# What this package contains of others\n\nThe module is compiled from these crates, unchanged; their sources are at the addresses given, and on crates.io. Those under the MPL 2.0 may be had there under its terms.\n');
console.log('| crate | licence | source |\n| --- | --- | --- |');
for (const { name, version, license, repository, manifest_path: manifest } of [...used].map((id) => crates.get(id)).sort((a, b) => a.name.localeCompare(b.name))) {
  console.log(`| ${name} ${version} | ${license} | ${repository} |`);
  const folder = path.dirname(manifest);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort() : [];
  // Of several to choose from, the shortest that will do.
  const chosen = files.find((file) => /mit/i.test(file)) ?? files[0];
  if (chosen === undefined) continue;
  const text = readFileSync(path.join(folder, chosen), 'utf8').trim();
  texts.set(text, [...(texts.get(text) ?? []), name]);
}
for (const [text, names] of texts) console.log(`\n## ${names.join(', ')}\n\n\`\`\`text\n${text}\n\`\`\``);
