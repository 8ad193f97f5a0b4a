// The bench's page: what benches/run.mjs calls, one function for each kind of figure.
import init, * as noxrun from '../engine/noxrun.js';

// Resolves to the figures of ring.worker.js.
globalThis.measureRing = (settings) =>
  new Promise((resolve, reject) => {
    const worker = new Worker('ring.worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if (data.error === undefined) resolve(data);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(settings);
  });

// Play to first real frame: an output from nothing, context included, as a page does it in its Play button's handler. Times in ms.
globalThis.measureStart = async () => {
  const output = await noxrun.Output.start({ source: { kind: 'sine', hz: 440 }, volume: 0 });
  let startup;
  for (;;) {
    startup = output.startup;
    if (startup.firstFrameMs !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await output.close();
  return startup;
};

// What a page that embeds the engine does while nobody waits.
globalThis.load = async () => {
  await init();
  noxrun.preload();
};

globalThis.loaded = true;
