/** `noxrun`: for the page. See npm/types/index.d.ts. */

export { NoxrunError } from './errors.js';
export { createOutput, preload } from './output.js';
export { availableTransport } from './place.js';
export { version } from './version.js';
