/** From the bytes of a WAV file, in pieces of any size, to blocks of interleaved samples. 16-bit integers or 32-bit floats; mono goes to every channel. */
export function wavSamples({ sampleRate, channels }) {
  let rest = new Uint8Array(0);
  let begun = false;
  let format = null;
  // Bytes of sound that are still to come; null before they begin.
  let left = null;

  return new TransformStream({
    transform(bytes, controller) {
      const all = new Uint8Array(rest.length + bytes.length);
      all.set(rest);
      all.set(bytes, rest.length);
      rest = left === null ? header(all) : all;
      if (left === null) return;
      const take = Math.min(rest.length, left);
      const whole = take - (take % format.frameBytes);
      if (whole > 0) controller.enqueue(samples(rest.subarray(0, whole)));
      rest = rest.subarray(whole);
      left -= whole;
      // What follows the sound (titles, pictures) is none.
      if (left < format.frameBytes) controller.terminate();
    },
    flush() {
      if (left === null) throw new Error('This is no WAV file, or it ends before its sound begins.');
    },
  });

  /** Reads chunks as long as they are there whole, up to the sound; what was not read. */
  function header(all) {
    const view = new DataView(all.buffer);
    const name = (at) => String.fromCharCode(...all.subarray(at, at + 4));
    let at = 0;
    if (!begun) {
      if (all.length < 12) return all;
      if (name(0) !== 'RIFF' || name(8) !== 'WAVE') throw new Error('This is no WAV file.');
      begun = true;
      at = 12;
    }
    while (at + 8 <= all.length) {
      const bytes = view.getUint32(at + 4, true);
      if (name(at) === 'data') {
        if (!format) throw new Error('This WAV file does not say what is in it.');
        // A file that was written as a stream does not know its length.
        left = bytes === 0 || bytes === 0xffffffff ? Infinity : bytes;
        return all.subarray(at + 8);
      }
      const end = at + 8 + bytes + (bytes % 2);
      if (end > all.length) break;
      if (name(at) === 'fmt ') format = readFormat(view, at + 8);
      at = end;
    }
    return all.subarray(at);
  }

  function readFormat(view, at) {
    const extensible = view.getUint16(at, true) === 0xfffe;
    const kind = view.getUint16(extensible ? at + 24 : at, true);
    const inFile = view.getUint16(at + 2, true);
    const rate = view.getUint32(at + 4, true);
    const bits = view.getUint16(at + 14, true);
    if (!(kind === 1 && bits === 16) && !(kind === 3 && bits === 32)) throw new Error(`This WAV file has samples of ${bits} bits in format ${kind}; 16-bit integers and 32-bit floats are read here.`);
    if (rate !== sampleRate) throw new Error(`This WAV file has ${rate} Hz and the output ${sampleRate}: createOutput({ sampleRate: ${rate} }).`);
    if (inFile !== channels && inFile !== 1) throw new Error(`This WAV file has ${inFile} channels and the output ${channels}: createOutput({ channels: ${inFile} }).`);
    return { float: kind === 3, inFile, frameBytes: (inFile * bits) / 8 };
  }

  function samples(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const { float, inFile, frameBytes } = format;
    const block = new Float32Array((bytes.length / frameBytes) * channels);
    for (let to = 0; to < block.length; to += 1) {
      const from = Math.floor(to / channels) * inFile + (inFile === 1 ? 0 : to % channels);
      block[to] = float ? view.getFloat32(4 * from, true) : view.getInt16(2 * from, true) / 32_768;
    }
    return block;
  }
}
