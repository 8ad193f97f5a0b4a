// Each export of the page's entries, used as documented. What must not compile is marked: a mark without an error is an error.
import { availableTransport, createOutput, NoxrunError, preload, version } from 'noxrun';
import type {
  Cause, FileProblem, FileUrls, LossEvent, NoxrunErrorCode, Output, OutputEventMap, OutputOptions, OutputState, OutputStats, Producer, RenderCallback, RenderInfo, Transport,
} from 'noxrun';
import { isolate, removeIsolation } from 'noxrun/isolation';
import type { Isolation, IsolationOptions } from 'noxrun/isolation';
import { NoxrunMeter } from 'noxrun/meter';
import { NoxrunPlayer } from 'noxrun/player';
import type { NoxrunPlayerEventMap, Playback, PlaybackRequest, PlayerUrls } from 'noxrun/player';

const urls: FileUrls = { wasm: '/noxrun.wasm', worker: new URL('https://example.com/producer.js'), processor: 'processor.js' };
const every: OutputOptions[] = [
  {},
  { source: { kind: 'sine' } },
  { source: { kind: 'sine', hz: 220 }, latencyHint: 'interactive', sampleRate: 48_000 },
  { source: { kind: 'index' }, transport: 'auto', recover: false },
  { module: new URL('https://example.com/sound.js'), data: { any: ['thing'] }, transfer: [new ArrayBuffer(8)] },
  { glue: { url: 'glue.js', wasm: 'glue_bg.wasm', source: 'organ' }, urls },
  { producer: new Worker('sound.js', { type: 'module' }), context: new AudioContext(), signal: new AbortController().signal },
  { producer: 'page', channels: 2, bufferFrames: 2048, blockFrames: 256, conceal: 'fade', latencyHint: 0.01 },
  { producer: 'handle', transport: 'message' },
];

export async function play(): Promise<OutputStats> {
  await preload();
  await preload({ urls });
  const transport: Transport = availableTransport();
  const text: string = version;
  const output: Output = await createOutput(every[0]);
  const node: AudioWorkletNode = output.node;
  node.connect(output.context.destination);
  const state: OutputState = output.state;
  output.addEventListener('underrun', ({ detail }) => {
    const loss: LossEvent = detail;
    const cause: Cause | null = loss.cause;
    console.log(loss.number, loss.frames, cause);
  });
  output.addEventListener('statechange', ({ detail }) => console.log(detail.before, detail.state), { once: true });
  output.addEventListener('producerlost', ({ detail }) => console.log(detail.error.code, detail.recovers));
  output.addEventListener('recovered', ({ detail: { ms } }) => console.log(ms.toFixed()));
  const map: keyof OutputEventMap = 'overrun';
  output.addEventListener(map, () => {});
  output.addEventListener('something', (event: Event) => console.log(event.type));
  await output.start();
  await output.stop();
  output.flush();
  output.bufferFrames = 1024;
  await output.replaceProducer(new Worker('other.js'));
  const producer: Producer | null = output.producer;
  const frames: number | undefined = producer?.offer(new Float32Array(256));
  if (output.handle) new Worker('third.js').postMessage(output.handle, output.handle.transfer);
  const { ledger, latency, device }: OutputStats = await output.look();
  console.log(transport, text, state, frames, ledger.imbalanceFrames, ledger.silentBy.underrun, latency.totalMs?.toFixed(1), device?.underrunEvents, output.losses.length);
  return output.close();
}

export function failed(error: unknown): string {
  if (!(error instanceof NoxrunError)) return 'not ours';
  const code: NoxrunErrorCode = error.code;
  // @ts-expect-error: no such code
  if (error.code === 'no-such-code') return 'never';
  const problem: FileProblem | undefined = error.problem;
  return `${error.name} ${code} ${problem} ${error.message} ${error.url ?? ''}`;
}

export const callback: RenderCallback = (block: Float32Array, info: RenderInfo) => block.length / info.channels;
export const silent: RenderCallback = () => {};

// @ts-expect-error: an option that there is not
const misspelt: OutputOptions = { bufferFrame: 2048 };
// @ts-expect-error: no such kind
const theremin: OutputOptions = { source: { kind: 'theremin' } };
// @ts-expect-error: index has no frequency
const pitched: OutputOptions = { source: { kind: 'index', hz: 440 } };
// @ts-expect-error: a number
const worded: OutputOptions = { bufferFrames: '2048' };
// @ts-expect-error: an offline context renders faster than real time
const offline: OutputOptions = { context: new OfflineAudioContext(2, 48_000, 48_000) };
// @ts-expect-error: no such way
const carried: OutputOptions = { transport: 'pigeon' };
// @ts-expect-error: glue needs the name of what makes the sound
const nameless: OutputOptions = { glue: { url: 'glue.js' } };
console.log(misspelt, theremin, pitched, worded, offline, carried, nameless);

export function readOnly(output: Output): void {
  // @ts-expect-error: told, not set
  output.state = 'running';
  // @ts-expect-error: the same for the output's whole life
  output.node = output.node;
  // @ts-expect-error: figures are not to be written
  void output.stats.at.foo;
  // @ts-expect-error: no event of this name has a detail
  output.addEventListener('underflow', ({ detail }) => detail);
}

export async function isolated(): Promise<string> {
  const options: IsolationOptions = { url: 'isolation-worker.js', credentialless: true };
  const told: Isolation = await isolate(options);
  await isolate();
  const gone: boolean = await removeIsolation();
  // @ts-expect-error: only where it is unsupported
  void told.reason;
  switch (told.state) {
    case 'isolated':
    case 'reloading':
      return `${told.state} ${gone}`;
    case 'unsupported':
      return `${told.reason}: ${told.message}`;
  }
}

export function elements(output: Output): void {
  const meter = document.createElement('noxrun-meter');
  meter.output = output;
  meter.refresh = 250;
  meter.compact = true;
  meter.htmlFor = 'player';
  const player: NoxrunPlayer = document.createElement('noxrun-player');
  const places: PlayerUrls = { ...urls, player: 'player-producer.js' };
  player.urls = places;
  player.src = 'song.ogg';
  player.file = new Blob([]);
  player.currentTime = 10;
  player.createPlayback = async (request: PlaybackRequest): Promise<Playback> => {
    console.log(request.src, request.context.sampleRate, request.signal.aborted);
    throw new Error('none');
  };
  const map: keyof NoxrunPlayerEventMap = 'noxrun-output';
  player.addEventListener(map, () => {});
  player.addEventListener('noxrun-output', ({ detail }) => detail.output.stats);
  player.addEventListener('timeupdate', () => console.log(player.currentTime, player.duration, player.paused, player.ended, player.seeking));
  void player.play().catch(() => player.error?.code);
  player.pause();
  player.load();
  void player.close();
  console.log(meter instanceof NoxrunMeter, player instanceof NoxrunPlayer);
  // @ts-expect-error: told, not set
  player.paused = true;
  // @ts-expect-error: no such choice
  player.preload = 'metadata';
  // @ts-expect-error: an output
  meter.output = player;
}
