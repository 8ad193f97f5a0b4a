// Watches how late a worker is woken that sleeps as a producer's does.

const SLEEP_MS = 5;

let longest = 0;
let latest = performance.now();

onmessage = () => {
  postMessage(longest);
  longest = 0;
};

setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - latest - SLEEP_MS);
  latest = now;
}, SLEEP_MS);
