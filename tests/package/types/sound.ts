// Each export of the worker's entry, compiled as a worker's script: there is no page.
import { fromMemory, NoxrunError, openOutput, receiveOutput } from 'noxrun/worker';
import type { NoxrunErrorCode, Producer, RenderCallback, RenderInfo, Transport } from 'noxrun/worker';

const memory = new WebAssembly.Memory({ initial: 1 });
const fromC: RenderCallback = fromMemory(memory, (frames: number, info: RenderInfo) => (info.position > 48_000 ? -1 : 1024 + 4 * frames));
const planar: RenderCallback = fromMemory(memory, () => 0, { planar: true });

export async function sound(handle: unknown): Promise<void> {
  const producer: Producer = await receiveOutput({ signal: new AbortController().signal });
  const other = await openOutput(handle);
  const transport: Transport = producer.transport;
  console.log(producer.sampleRate, producer.channels, producer.blockFrames, transport, producer.data);
  await producer.render((block, { channels, heardIn, underruns }) => {
    block.fill(0);
    console.log(heardIn, underruns);
    return block.length / channels;
  });
  await producer.render(fromC);
  await other.render(planar);
  while (producer.writableFrames === 0) await producer.writable;
  const taken: number = producer.write(new Float32Array(512));
  await producer.writeAll(new Float32Array(taken));
  await new ReadableStream<Float32Array>().pipeTo(producer.stream());
  producer.offer(new Float32Array(512));
  producer.flush();
  producer.end();
  await producer.closed;
}

export async function decoded(producer: Producer, audio: AudioData): Promise<NoxrunErrorCode | null> {
  try {
    await producer.writeAudioData(audio);
    return null;
  } catch (error) {
    return error instanceof NoxrunError ? error.code : null;
  }
}

export function wrong(producer: Producer): void {
  // @ts-expect-error: samples are 32-bit
  producer.write(new Float64Array(2));
  // @ts-expect-error: interleaved, in one array
  producer.write([new Float32Array(2), new Float32Array(2)]);
  // @ts-expect-error: a callback renders now or not at all
  void producer.render(async () => 128);
  // @ts-expect-error: told, not set
  producer.channels = 1;
  // @ts-expect-error: of the context
  void producer.currentTime;
}
