// What has to hold, whatever the machine: or the study says something that is not so.

/** By how much simulation and browser may differ in duplicates: 3 points. */
const POINTS = 0.03;

/** Everything named `imbalanceFrames` (or `imbalance`), however deep. */
function imbalances(value, path = '') {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = path ? `${path}, ${name}` : name;
    if (name !== 'imbalanceFrames' && name !== 'imbalance') return imbalances(inner, here);
    const most = typeof inner === 'number' ? inner : inner === null ? null : inner.max;
    return most === null || most === undefined ? [] : [[here, most]];
  });
}

/** In sentences; none where all is well. */
export function problems({ measured, simulated }) {
  const found = imbalances(measured).filter(([, frames]) => frames !== 0).map(([where, frames]) => `${frames} frames are unaccounted for: ${where}`);
  for (const [name, real] of Object.entries(measured.latest ?? {})) {
    const foretold = simulated?.latest[name];
    if (!foretold) continue;
    for (const figure of ['duplicateQuanta', 'duplicateFrames']) {
      const apart = Math.abs(real[figure].median - foretold[figure]);
      if (apart > POINTS) found.push(`${name}: ${figure} ${(100 * real[figure].median).toFixed(1)} % in the browser, ${(100 * foretold[figure]).toFixed(1)} % simulated (${real.quietRuns} quiet runs: with none, the machine was too busy to tell)`);
    }
  }
  for (const [name, { tornFrames }] of Object.entries({ ...measured.latest, ...measured.tears })) {
    if (!name.startsWith('double') && tornFrames.max > 0) found.push(`${name}: ${tornFrames.max} frames were torn`);
  }
  return found;
}
