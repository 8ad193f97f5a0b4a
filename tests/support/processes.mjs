// Processes and threads of this machine, as Linux shows them in /proc.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that is told to stop has done so after this long, in ms, even on a busy machine. */
const STOPPED_AFTER_MS = 20_000;

/** A file of /proc, or '' where its process or thread is gone. */
function read(...path) {
  try {
    return readFileSync(['/proc', ...path].join('/'), 'utf8');
  } catch {
    return '';
  }
}

/** The fields of a stat file from the third (the state) on: the name before them may hold anything. */
const fields = (stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

const numbers = (names) => names.filter((name) => /^\d+$/.test(name)).map(Number);

/** The ids of a process's threads, in the order of their making. */
export function threads(pid) {
  try {
    return numbers(readdirSync(`/proc/${pid}/task`));
  } catch {
    return [];
  }
}

/** What a thread is called: the first 15 letters. */
export const threadName = (pid, tid) => read(pid, 'task', tid, 'comm').trim();

/** How often a thread has gone to sleep by itself so far. */
export const sleeps = (pid, tid) => Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(read(pid, 'task', tid, 'status'))?.[1] ?? 0);

/** How long a thread has run so far, in ms of a processor's time. */
export const ranMs = (pid, tid = pid) => Number(read(pid, 'task', tid, 'schedstat').split(' ')[0]) / 1e6;

/** A process and everything that it has started, parents first. */
export function family(pid) {
  const parents = new Map(numbers(readdirSync('/proc')).map((id) => [id, Number(fields(read(id, 'stat'))[1])]));
  const found = [pid];
  for (const parent of found) found.push(...[...parents].filter(([, of]) => of === parent).map(([id]) => id));
  return found;
}

const stands = (pid) => threads(pid).every((tid) => ['T', 't', 'Z', 'X', ''].includes(fields(read(pid, 'task', tid, 'stat'))[0]));

/** Sends a signal; a process that has ended meanwhile does not matter. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Stops all processes that `list()` names, for `ms` at least, and lets them go on. It is asked again until it names no new one.
 *
 * @param {() => number[]} list
 * @param {number} ms
 * @returns {Promise<{startMs: number, endMs: number}>} from when to when all of them certainly stood still, in ms since 1970
 */
export async function stop(list, ms) {
  const stopped = new Set();
  const patience = Date.now() + STOPPED_AFTER_MS;
  try {
    for (let fresh; (fresh = list().filter((pid) => !stopped.has(pid))).length > 0 || ![...stopped].every(stands); await sleep(1)) {
      assert.ok(Date.now() < patience, 'a process does not stop');
      for (const pid of fresh) {
        stopped.add(pid);
        signal(pid, 'SIGSTOP');
      }
    }
    assert.ok(stopped.size > 0, 'there is no process to stop');
    const startMs = Date.now();
    await sleep(ms);
    return { startMs, endMs: Date.now() };
  } finally {
    // Children first: who goes on finds them running.
    for (const pid of [...stopped].reverse()) signal(pid, 'SIGCONT');
  }
}
