// The module that the built-in playback of <noxrun-player> gives to createOutput(): in a worker, it has the decoded file and renders what is to be heard.
//
// After the file's end it goes on with silence until the page has paused the output: so the end is no underrun, and the same output can play again. `data` is {channels, port, loop}: one
// Float32Array per channel, and a MessagePort. By the port the page says `{seek: frame, id}` and `{loop}`; it is told
//
// | message | meaning |
// | --- | --- |
// | `{at, frame, id}` | what is rendered from the `at`-th frame on, counted over the output's life, is the file from `frame` on; `id` is the seek's |
// | `{ended: at}` | the file's last frame, the one before the `at`-th, has reached the audio thread |

export default function play(producer, { channels, port, loop }) {
  const width = channels.length;
  const length = channels[0].length;
  /** The next frame of the file, and how many were rendered in all. */
  let frame = 0;
  let rendered = 0;
  /** Where the silence after the end began, until the page knows. */
  let ended = null;

  const begin = (from, id = null) => {
    frame = from;
    ended = frame >= length ? rendered : null;
    port.postMessage({ at: rendered, frame, id });
  };

  port.onmessage = ({ data }) => {
    loop = data.loop ?? loop;
    if (data.seek === undefined) return;
    begin(Math.min(Math.max(0, data.seek), length), data.id);
    // Last: it may render at once.
    producer.flush();
  };
  begin(0);

  return producer
    .render((block, { frames, sampleRate, heardIn }) => {
      if (ended !== null && rendered - heardIn * sampleRate >= ended) {
        port.postMessage({ ended });
        ended = null;
      }
      for (let done = 0; done < frames; ) {
        if (frame >= length && loop) begin(0);
        const count = Math.min(frames - done, length - frame);
        if (count <= 0) {
          block.fill(0, done * width);
          rendered += frames - done;
          break;
        }
        for (let channel = 0; channel < width; channel += 1) {
          const samples = channels[channel];
          for (let from = frame, to = frame + count, at = done * width + channel; from < to; from += 1, at += width) block[at] = samples[from];
        }
        done += count;
        frame += count;
        rendered += count;
        if (frame >= length && !loop) ended = rendered;
      }
    })
    .finally(() => port.close());
}
