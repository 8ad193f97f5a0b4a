// Sleeps and looks how much too late it is woken: what any producer's worker has to put up with here.

const SLEEP_MS = 5;

let longest = 0;
let before = performance.now();

onmessage = () => {
  postMessage(longest);
  longest = 0;
};

setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - before - SLEEP_MS);
  before = now;
}, SLEEP_MS);
