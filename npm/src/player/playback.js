import { decode } from './decode.js';

/** Between two looks for the moment at which a seek is heard, in ms, and how long it is waited for. */
const SOON_MS = 10;
const PATIENCE_MS = 2000;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Frames that have left the ring so far, by the ledger: those that were played, and those that were given up. */
const gone = ({ ledger }) => ledger.freshFrames + ledger.droppedFrames;

/** What of `channels` can be handed over; browsers that keep the decoded samples to themselves have given copies anyway. */
function handOver(channels) {
  return channels.map((samples) => {
    if (samples.byteOffset === 0 && samples.buffer.byteLength === samples.byteLength) return samples;
    return samples.slice();
  });
}

/**
 * The built-in way to play: the browser decodes the whole file, a worker of the package renders it.
 *
 * @param {object} means what it stands on: `createOutput`, `module` (the worker's), `fail` (makes errors)
 * @param {object} request as in `createPlayback`
 */
export async function playWhole({ createOutput, module, fail }, request) {
  const { context, bufferFrames, urls, signal } = request;
  let { loop } = request;
  const channels = handOver(await decode({ ...request, fail }));
  const length = channels[0].length;
  const { sampleRate } = context;
  const { port1: port, port2 } = new MessageChannel();
  const output = await createOutput({
    module,
    data: { channels, port: port2, loop },
    transfer: [port2, ...channels.map(({ buffer }) => buffer)],
    context,
    channels: channels.length,
    bufferFrames,
    urls,
    signal,
    // The samples went with the worker.
    recover: false,
  });

  /** Where in the file what is rendered comes from: from the `at`-th frame on, of the output's life, it is the file from `frame` on. */
  let stretches = [{ at: 0, frame: 0 }];
  /** The seek that is not answered yet. */
  let asked = null;
  let nth = 0;
  const answers = new Map();
  const playback = {
    output,
    duration: length / sampleRate,
    onended: null,

    get currentTime() {
      if (asked !== null) return asked / sampleRate;
      const now = gone(output.stats);
      // Of a seek that is not heard yet, where it goes to.
      const from = stretches.slice(Math.max(0, stretches.findLastIndex(({ sought }) => sought)));
      const heard = from.findLast(({ at }) => at <= now) ?? from[0];
      return Math.min(length, heard.frame + Math.max(0, now - heard.at)) / sampleRate;
    },

    get loop() {
      return loop;
    },
    set loop(value) {
      loop = value;
      port.postMessage({ loop: value });
    },

    play: () => output.start(),
    pause: () => output.stop(),

    async seek(seconds) {
      const frame = Math.round(Math.min(Math.max(0, seconds), playback.duration) * sampleRate);
      const id = (nth += 1);
      asked = frame;
      const at = await new Promise((resolve) => {
        answers.set(id, resolve);
        port.postMessage({ seek: frame, id });
      });
      // What is paused is heard later.
      for (const end = performance.now() + PATIENCE_MS; id === nth && output.state === 'running' && gone(output.stats) < at && performance.now() < end; ) await sleep(SOON_MS);
    },

    async close() {
      port.close();
      for (const resolve of answers.values()) resolve(0);
      answers.clear();
      await output.close();
    },
  };

  port.onmessage = async ({ data }) => {
    if ('ended' in data) {
      // Told when it reached the audio thread by the worker's reckoning, which is a little early where frames travel as messages.
      for (const seeks = nth; nth === seeks && output.state === 'running' && gone(output.stats) < data.ended; ) await sleep(SOON_MS);
      if (asked === null && stretches.at(-1).at < data.ended) playback.onended?.();
      return;
    }
    const { at, frame, id } = data;
    const sought = id !== null;
    // What was left behind is not asked for again.
    const now = gone(output.stats);
    const kept = stretches.findLastIndex((stretch) => stretch.at <= now);
    stretches = [...stretches.slice(Math.max(0, kept)), { at, frame, sought }];
    if (!sought) return;
    if (id === nth) asked = null;
    answers.get(id)?.(at);
    answers.delete(id);
  };
  return playback;
}
