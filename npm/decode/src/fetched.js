// A file from its address, as a Blob: the decoder reads it in pieces.

import { NoxrunError } from 'noxrun';

const failed = (message, url, cause) => new NoxrunError('file', message, { problem: 'unreadable', url, cause });

/** The file at `src`; `name` is what it is called in messages. */
export async function fetched(src, { name, crossOrigin, signal }) {
  let url;
  try {
    url = new URL(src, document.baseURI).href;
  } catch {
    throw new NoxrunError('option', `src is ${JSON.stringify(src)}: that is no address`);
  }
  let response;
  try {
    response = await fetch(url, { credentials: crossOrigin === 'use-credentials' ? 'include' : 'same-origin', signal });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    const elsewhere = new URL(url).origin !== location.origin;
    const why = elsewhere ? '. Files of another origin need its permission (Access-Control-Allow-Origin)' : '';
    throw failed(`${name} could not be loaded: ${cause.message}${why}`, url, cause);
  }
  if (!response.ok) throw failed(`${name} could not be loaded: the server answers ${response.status} ${response.statusText}`.trimEnd(), url);
  try {
    return await response.blob();
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw failed(`${name} could not be loaded to its end: ${cause.message}`, url, cause);
  }
}

/** How an address is called in a sentence: its last part. */
export function nameOf(src) {
  try {
    const { pathname } = new URL(src, document.baseURI);
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)) || String(src);
  } catch {
    return String(src);
  }
}
