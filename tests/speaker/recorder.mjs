import { spawn } from 'node:child_process';

export const RATE = 48000;
const FRAME_BYTES = 8;

/** Records what the PulseAudio sink gets, in 32-bit floats: nothing is converted on the way. */
export class Recorder {
  #process;
  #chunks = [];
  #bytes = 0;
  #closed;
  /** Why there is no more to come. */
  #over = null;

  constructor(sink = process.env.NOXRUN_SINK) {
    this.#process = spawn(
      'parec',
      [`--device=${sink}.monitor`, '--format=float32le', `--rate=${RATE}`, '--channels=2', '--raw', '--latency-msec=50'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#process.stdout.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    });
    this.#process.once('error', (error) => {
      this.#over = `parec: ${error.message}`;
    });
    this.#closed = new Promise((resolve) => {
      this.#process.once('close', (status) => {
        this.#over ??= `parec ended (${status})`;
        resolve();
      });
    });
  }

  /** Frames recorded so far. */
  get frames() {
    return Math.floor(this.#bytes / FRAME_BYTES);
  }

  /** Waits until `frames` more frames are recorded. The sink's clock counts here, not the wall's: a slow machine only takes longer. */
  async more(frames) {
    const wanted = this.frames + frames;
    while (this.frames < wanted) {
      if (this.#over) throw new Error(this.#over);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends parec; nothing if it has ended. */
  kill() {
    this.#process.kill();
  }

  /** Ends the recording. @returns {Promise<{left: Float32Array, right: Float32Array}>} */
  async stop() {
    this.kill();
    await this.#closed;
    const bytes = Buffer.concat(this.#chunks);
    const frames = this.frames;
    const left = new Float32Array(frames);
    const right = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame += 1) {
      left[frame] = bytes.readFloatLE(frame * FRAME_BYTES);
      right[frame] = bytes.readFloatLE(frame * FRAME_BYTES + 4);
    }
    return { left, right };
  }
}
