/** From the bytes of an Ogg file with one stream, in pieces of any size, to its packets. */
export function oggPackets() {
  let rest = new Uint8Array(0);
  // A packet that goes on in the next page.
  let begun = [];

  return new TransformStream({
    transform(bytes, controller) {
      rest = join([rest, bytes]);
      for (;;) {
        // A page: 27 bytes, the last of them the number of segments; their lengths; the segments.
        if (rest.length < 27 || rest.length < 27 + rest[26]) return;
        if (String.fromCharCode(...rest.subarray(0, 4)) !== 'OggS') throw new Error('This is no Ogg file, or it is damaged.');
        const lengths = rest.subarray(27, 27 + rest[26]);
        let at = 27 + lengths.length;
        if (rest.length < at + lengths.reduce((sum, length) => sum + length, 0)) return;
        for (const length of lengths) {
          begun.push(rest.subarray(at, at + length));
          at += length;
          // A segment of 255 bytes is not a packet's last.
          if (length < 255) {
            controller.enqueue(join(begun));
            begun = [];
          }
        }
        rest = rest.subarray(at);
      }
    },
  });
}

function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
