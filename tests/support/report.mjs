// What docs/report.md says a report holds, and whether a report does.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const DOCS = new URL('../../docs/report.md', import.meta.url);

/** The rows of the table under "## Report": path and type. */
async function fields() {
  const text = await readFile(DOCS, 'utf8');
  const [, part] = text.split('## Report\n');
  const rows = [...part.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, path, type]) => ({ path, type: type.trim() }));
  assert.ok(rows.length > 50, 'the table is not what this reads');
  return rows;
}

const IS = {
  int: Number.isInteger,
  number: Number.isFinite,
  text: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  list: Array.isArray,
  null: (value) => value === null,
};

/** All values at `path` (`a.b[].c`); null and empty lists on the way end it. */
function at(report, path) {
  let found = [report];
  for (const part of path.split('.')) {
    const name = part.replace('[]', '');
    found = found.filter((value) => value !== null);
    for (const value of found) assert.ok(Object.hasOwn(value, name), `${path}: there is no ${name}`);
    found = found.map((value) => value[name]);
    if (part.endsWith('[]')) found = found.flat();
  }
  return found;
}

/** Every path in a value, as the table writes them. `scenario` has a table of its own. */
function paths(value, prefix = '') {
  if (Array.isArray(value)) return value.flatMap((entry) => paths(entry, `${prefix}[]`));
  if (!IS.object(value) || prefix === 'scenario') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = prefix ? `${prefix}.${name}` : name;
    return [path, ...paths(inner, path)];
  });
}

/** Requires that `report` holds every field of docs/report.md, of its type, and no other; and that its ledger accounts for every frame. */
export async function matchesDocs(report) {
  const table = await fields();
  for (const { path, type } of table) {
    const optional = type.endsWith('?');
    const is = IS[type.replace('?', '')];
    assert.ok(is, `${path} has the unknown type ${type}`);
    for (const value of at(report, path)) assert.ok((optional && value === null) || is(value), `${path} is ${value}, not ${type}`);
  }
  const known = new Set(table.map(({ path }) => path));
  assert.deepEqual(paths(report).filter((path) => !known.has(path)), [], 'fields that docs/report.md does not have');
  balanced(report);
}

/** Requires that the report's ledger accounts for every frame. */
export function balanced({ ledger, underruns, quanta, renderQuantum }) {
  const told = JSON.stringify(ledger);
  const sum = (numbers) => Object.values(numbers).reduce((a, b) => a + b, 0);
  assert.equal(ledger.imbalanceFrames, 0, told);
  assert.equal(ledger.requestedFrames, ledger.freshFrames + ledger.repeatedFrames + ledger.concealedFrames + ledger.silentFrames, told);
  assert.equal(ledger.producedFrames, ledger.freshFrames + ledger.droppedFrames + ledger.inFlightFrames, told);
  assert.equal(ledger.silentFrames, sum(ledger.silentBy), told);
  assert.equal(ledger.droppedFrames, sum(ledger.droppedBy), told);
  assert.equal(underruns.frames, ledger.concealedFrames + ledger.silentBy.underrun, told);
  assert.equal(ledger.requestedFrames, quanta.total * renderQuantum, told);
  if (underruns.events <= underruns.log.length) {
    assert.equal(underruns.log.length, underruns.events);
    assert.equal(underruns.log.reduce((frames, entry) => frames + entry.frames, 0), underruns.frames);
    assert.equal(Math.max(0, ...underruns.log.map(({ frames }) => frames)), underruns.longestFrames);
  }
}
