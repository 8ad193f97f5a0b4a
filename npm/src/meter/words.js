// The words, letters and colours of Noxrun's lab (src/lab/causes/why.rs, lab.css), so that both faces say the same; a test holds them against each other.

/** Why something was lost: name as in the statistics, letter, words, colour on light, colour on dark. In the order in which they are shown. */
export const CAUSES = [
  ['startup', 'U', 'start-up', '#3f6280', '#9db8d2'],
  ['render-too-slow', 'R', 'render too slow', '#aa16a4', '#e54bfc'],
  ['woken-late', 'W', 'woken late', '#2032ff', '#719ab1'],
  ['stalled', 'S', 'source stalled', '#b84000', '#dc612d'],
  ['callback-burst', 'B', 'callback burst', '#04765b', '#25ff93'],
  ['ring-too-small', 'T', 'ring too small', '#572704', '#ffc200'],
  ['producer-lost', 'L', 'producer lost', '#000000', '#ffffff'],
  ['ended', 'E', 'source ended', '#5f666b', '#a4adb3'],
  ['seek', 'J', 'seek', '#5a6400', '#c8d24a'],
  ['suspended', 'P', 'suspended', '#465a70', '#8ea6c0'],
  ['rate-mismatch', 'M', 'rate mismatch', '#b0205c', '#ff7fae'],
  ['unknown', '?', 'unknown', '#6b5f57', '#bfae9f'],
  ['open', '…', 'not known yet', '#566167', '#a5b1b7'],
  // Not of the ring, but lost all the same.
  ['overrun', 'O', 'overrun', '#8a4520', '#d9a078'],
  ['device', 'D', 'device underran', '#00666b', '#4fd0d8'],
];

/** An output's state for people. */
export const STATES = {
  none: 'No output',
  ready: 'Ready',
  starting: 'Starting',
  running: 'Playing',
  stopped: 'Paused',
  blocked: 'Waiting for a click',
  suspended: 'Suspended',
  interrupted: 'Interrupted',
  ended: 'Ended',
  lost: 'Producer lost',
  closed: 'Closed',
};

export const TRANSPORTS = { shared: 'shared memory', message: 'messages' };

/** How many of each of [`CAUSES`] there were, by name. */
export function lossesOf({ underruns, overruns, device }) {
  const counts = { ...underruns.byCause };
  const known = Object.values(underruns.byCause).reduce((sum, count) => sum + count, 0);
  counts.open = Math.max(0, underruns.events - known);
  counts.overrun = overruns.events;
  counts.device = device?.underrunEvents ?? 0;
  return counts;
}

/** 1,376 */
export const grouped = (count) => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** "1 underrun", "2 underruns" */
export const many = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** 46.4 ms, from ten seconds on 12.3 s; a dash for what was not measured. */
export function ms(value) {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) < 10_000 ? `${value.toFixed(1)} ms` : `${(value / 1e3).toFixed(1)} s`;
}

/** Seconds as a clock shows them: 0:42, 1:02:03. Cut off rather than rounded: 59.9 is not yet a minute. */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return '–:––';
  const whole = Math.floor(Math.max(0, seconds) + 1e-6);
  const two = (number) => String(number).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return whole >= 3600 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
