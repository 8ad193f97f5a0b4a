/** Every failure that Noxrun reports: `code` is a word for programs, the message says what to do. See npm/types/common.d.ts for the codes. */
export class NoxrunError extends Error {
  constructor(code, message, { cause, url, problem } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NoxrunError';
    this.code = code;
    if (url !== undefined) this.url = url;
    if (problem !== undefined) this.problem = problem;
  }

  // The page's script and the worker's each have this class, and errors of one come to whoever holds the other.
  static [Symbol.hasInstance](error) {
    return error instanceof Error && error.name === 'NoxrunError' && typeof error.code === 'string';
  }
}

/** `error`, or what stands for it: nothing leaves Noxrun without a code. */
export function typed(error, code, message) {
  return error instanceof NoxrunError ? error : new NoxrunError(code, `${message}: ${error?.message || error}`, { cause: error });
}

/** `value` if it is a number from `least` to `most`, whole unless `fraction`; else an error that names all of them. */
export function inRange(name, value, least, most, unit = '', fraction = false) {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new NoxrunError('option', `${name} must be a number, not ${describe(value)}`);
  if (value < least || value > most || !(fraction || Number.isInteger(value))) {
    throw new NoxrunError('out-of-range', `${name} is ${value}: it must be ${fraction ? '' : 'a whole number, '}${least} to ${most}${unit}`);
  }
  return value;
}

export function describe(value) {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? `"${value}"` : String(value);
  return value.constructor?.name ?? 'an object';
}
