// Keeps a core busy until it is terminated; one of the lab's faults (src/lab/run/faults.rs). Says when it began, in milliseconds since the epoch.

// Busy in slices: a worker that never returns to its event loop runs on for seconds after terminate().
const SLICE_MS = 10;

// A message to itself comes back at once; a timer would leave the core idle for milliseconds.
const { port1, port2 } = new MessageChannel();
port2.onmessage = () => {
  const end = performance.now() + SLICE_MS;
  while (performance.now() < end);
  port1.postMessage(null);
};

postMessage(performance.timeOrigin + performance.now());
port1.postMessage(null);
