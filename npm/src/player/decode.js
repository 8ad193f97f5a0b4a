import { many } from '../meter/words.js';

/** What a decoded file may take: half an hour of stereo at 48 kHz, as samples of 4 bytes. */
export const MOST_DECODED = 30 * 60 * 48_000 * 2 * 4;
/** What a file may have that is not decoded yet: the same as WAV of 24 bits. */
export const MOST_BYTES = (MOST_DECODED / 4) * 3;

const LONGER = 'Longer ones play with a decoder that reads them piece by piece: the property `createPlayback` takes one.';
const megabytes = (bytes) => `${Math.ceil(bytes / 1e6)} MB`;

/** Makes errors: `fail(code, message, {url, cause})`. */
function tooLong(fail, what, is, most, url) {
  return fail('out-of-range', `${what} ${is}; the player keeps whole files in memory and takes ${most} at most. ${LONGER}`, { url });
}

/** The bytes of an address, as far as they are not too many. */
async function fetched(url, { crossOrigin, signal, fail, name }) {
  let response;
  try {
    response = await fetch(url, { credentials: crossOrigin === 'use-credentials' ? 'include' : 'same-origin', signal });
  } catch (cause) {
    if (signal.aborted) throw cause;
    const elsewhere = new URL(url, document.baseURI).origin !== location.origin;
    const why = elsewhere ? ' Files of another origin need its permission (Access-Control-Allow-Origin).' : '';
    throw fail('not-loaded', `${name} could not be loaded: ${cause.message}.${why}`, { url, cause });
  }
  if (!response.ok) throw fail('not-loaded', `${name} could not be loaded: the server answers ${response.status} ${response.statusText}`.trimEnd() + '.', { url });
  const said = Number(response.headers.get('Content-Length'));
  const check = (bytes) => {
    if (bytes > MOST_BYTES) throw tooLong(fail, name, `has ${megabytes(bytes)}`, megabytes(MOST_BYTES), url);
  };
  check(said);
  const parts = [];
  let size = 0;
  try {
    // Chromium may call a request failed whose body was read piece by piece to its end.
    if (said > 0) return await response.arrayBuffer();
    // Counted as they come, where the server does not tell.
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
      check(size);
    }
  } catch (cause) {
    if (signal.aborted || cause.code) throw cause;
    throw fail('not-loaded', `${name} could not be loaded to its end: ${cause.message}.`, { url, cause });
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.buffer;
}

/**
 * Decodes a whole file, by the browser, at the context's rate: nothing is converted twice. Gives one array of samples per channel.
 */
export async function decode({ src, file, context, crossOrigin, signal, fail }) {
  const name = file ? file.name || 'The file' : nameOf(src);
  const url = file ? undefined : new URL(src, document.baseURI).href;
  let bytes;
  if (file) {
    if (file.size > MOST_BYTES) throw tooLong(fail, name, `has ${megabytes(file.size)}`, megabytes(MOST_BYTES));
    bytes = await file.arrayBuffer().catch((cause) => {
      throw fail('not-loaded', `${name} cannot be read (any more): ${cause.message}`, { cause });
    });
  } else {
    bytes = await fetched(src, { crossOrigin, signal, fail, name });
  }
  signal.throwIfAborted();
  if (bytes.byteLength === 0) throw fail('not-loaded', `${name} is empty.`, { url });
  const { sampleRate } = context;
  const seconds = secondsOf(bytes);
  const check = (duration, width) => {
    const takes = duration * sampleRate * width * 4;
    if (takes > MOST_DECODED) {
      const most = Math.floor(MOST_DECODED / (sampleRate * width * 4 * 60));
      throw tooLong(fail, name, `lasts ${many(Math.round(duration / 60), 'minute')}`, `${many(most, 'minute')} of ${width === 1 ? 'mono' : width === 2 ? 'stereo' : `${width} channels`}`, url);
    }
  };
  // Before it is decoded: memory for all of it would be taken first, and a page that has none left is gone.
  if (seconds) check(seconds.duration, seconds.channels);
  let decoded;
  try {
    decoded = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes);
  } catch (cause) {
    signal.throwIfAborted();
    throw fail('not-loaded', `${name} cannot be decoded by this browser: it is no audio file, or of a kind that it does not know.`, { url, cause });
  }
  signal.throwIfAborted();
  check(decoded.duration, decoded.numberOfChannels);
  return Array.from({ length: decoded.numberOfChannels }, (_, channel) => decoded.getChannelData(channel));
}

/** How an address is called in a sentence, and in the player: its last part. */
export function nameOf(src) {
  try {
    const { pathname } = new URL(src, document.baseURI);
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)) || src;
  } catch {
    return src;
  }
}

/**
 * How long a file lasts, from its own words: WAV, FLAC, Ogg (Vorbis, Opus), MP3 without a variable rate; null where it is something else. Not exact, and need not be: it keeps files from being decoded
 * that would not fit.
 */
export function secondsOf(bytes) {
  const view = new DataView(bytes);
  const size = view.byteLength;
  if (size < 64) return null;
  const letters = (at, count = 4) => String.fromCharCode(...new Uint8Array(bytes, at, count));
  const kind = letters(0);
  if (kind === 'RIFF' && letters(8) === 'WAVE') {
    for (let at = 12; at + 24 < size; at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) & 1)) {
      // The header's length may be anything; what is there is there.
      if (letters(at) === 'fmt ') return { duration: size / view.getUint32(at + 16, true), channels: view.getUint16(at + 10, true) };
    }
    return null;
  }
  if (kind === 'fLaC') {
    const word = view.getUint32(18);
    const frames = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
    return { duration: frames / (word >>> 12), channels: ((word >>> 9) & 7) + 1 };
  }
  if (kind === 'OggS') {
    const opus = letters(28, 8) === 'OpusHead';
    if (!opus && letters(29, 6) !== 'vorbis') return null;
    // The last page says how many frames there are up to its end.
    for (let at = size - 27; at > 0 && at > size - 70_000; at -= 1) {
      if (view.getUint32(at) !== 0x4f676753) continue;
      const frames = view.getUint32(at + 6, true) + view.getUint32(at + 10, true) * 2 ** 32;
      return { duration: frames / (opus ? 48_000 : view.getUint32(40, true)), channels: view.getUint8(opus ? 37 : 39) };
    }
    return null;
  }
  let at = 0;
  if (letters(0, 3) === 'ID3') at = 10 + [6, 7, 8, 9].reduce((sum, place) => sum * 128 + view.getUint8(place), 0);
  if (at + 4 >= size) return null;
  const head = view.getUint32(at);
  // MPEG 1 or 2, Layer III.
  if (head >>> 21 !== 0x7ff || ((head >>> 17) & 3) !== 1) return null;
  const first = ((head >>> 19) & 3) === 3;
  const rates = first ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
  const rate = rates[(head >>> 12) & 15];
  return rate ? { duration: (size - at) / (125 * rate), channels: ((head >>> 6) & 3) === 3 ? 1 : 2 } : null;
}
