import { CAUSES } from './words.js';

/** Colours by role: on light, on dark. A page overrides each by `--noxrun-NAME`. */
export const COLOURS = [
  ['panel', '#eef1f1', '#191d20'],
  ['well', '#fbfcfb', '#0b0d0f'],
  ['line', '#c3cacd', '#2c3338'],
  ['edge', '#7b878d', '#6f7b82'],
  ['ink', '#14191c', '#e9edee'],
  ['quiet', '#4c575d', '#9caab1'],
  ['accent', '#0a5c76', '#7fd0e6'],
  ['on-accent', '#ffffff', '#0b1418'],
  ['fault', '#b62a0c', '#ff7d55'],
  ['caution', '#855300', '#e0aa4e'],
  ...CAUSES.map(([name, , , light, dark]) => [`cause-${name}`, light, dark]),
];

const declared = (value) => COLOURS.map(([name, light, dark]) => `--_${name}:var(--noxrun-${name},${value(light, dark)});`).join('');

/** Light or dark is what the page says by `color-scheme`. Browsers that cannot tell (before 2024) go by what the person prefers. */
export const BASE = `
:host { ${declared((light) => light)} display: block; color: var(--_ink); font-family: var(--noxrun-font, system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif); font-size: 0.875rem; font-weight: 400; line-height: 1.4; font-variant-numeric: tabular-nums; text-align: start; }
@media (prefers-color-scheme: dark) { :host { ${declared((light, dark) => dark)} } }
@supports (color: light-dark(#000, #fff)) { :host { ${declared((light, dark) => `light-dark(${light},${dark})`)} } }
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
p, dl, dd, ul { margin: 0; padding: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

export const METER = `
.meter { position: relative; padding: 0.75rem 0.875rem 0.8rem; border: 1px solid var(--_line); border-radius: var(--noxrun-radius, 8px); background: var(--_panel); }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0.25rem 1rem; }
.state { font-weight: 600; white-space: nowrap; }
.state::before { content: ""; display: inline-block; width: 0.55rem; height: 0.55rem; margin-inline-end: 0.45rem; border-radius: 50%; background: var(--_edge); }
[data-state="running"]::before { background: var(--_accent); }
:is([data-state="blocked"], [data-state="suspended"], [data-state="interrupted"])::before { background: var(--_caution); border-radius: 1px; transform: rotate(45deg) scale(0.85); }
[data-state="lost"]::before { background: var(--_fault); border-radius: 1px; }
:is([data-state="none"], [data-state="ready"], [data-state="closed"])::before { background: none; border: 2px solid var(--_edge); }
.transport { padding: 0.05rem 0.5rem; border: 1px solid var(--_line); border-radius: 1rem; color: var(--_quiet); font-size: 0.8125rem; white-space: nowrap; }
.transport[data-transport="message"] { border: 1px dashed var(--_caution); color: var(--_caution); font-weight: 600; }
.row { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; margin-top: 0.5rem; }
.name, dt { color: var(--_quiet); font-size: 0.8125rem; font-weight: 400; }
.bar { position: relative; height: 0.875rem; margin-top: 0.25rem; overflow: hidden; border: 1px solid var(--_edge); border-radius: 3px; background: var(--_well); }
.fill { position: absolute; inset-block: 0; inset-inline-start: 0; width: var(--_fill, 0%); background: var(--_accent); transition: width 80ms linear; }
.bar[data-low="true"] .fill { background: repeating-linear-gradient(135deg, var(--_caution) 0 3px, transparent 3px 6px); }
.mark { position: absolute; inset-block: 0; inset-inline-start: var(--_at, 0%); width: 0; }
.bar .lowest { border-inline-start: 2px solid var(--_ink); outline: 1px solid var(--_well); }
.bar .callback { border-inline-start: 2px dotted var(--_caution); outline: 1px solid var(--_well); background: var(--_well); }
.keys { display: flex; flex-wrap: wrap; gap: 0 1rem; margin-top: 0.2rem; color: var(--_quiet); font-size: 0.75rem; }
.keys span::before { content: ""; display: inline-block; height: 0.7rem; margin-inline-end: 0.35rem; vertical-align: -0.05rem; border-inline-start: 2px solid var(--_ink); }
.keys .callback::before { border-inline-start: 2px dotted var(--_caution); }
.readouts { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; margin-top: 0.6rem; padding-top: 0.5rem; border-top: 1px solid var(--_line); }
.readouts > div { flex: 1 1 9rem; min-width: 0; }
.figure { font-size: 1.375rem; line-height: 1.2; letter-spacing: -0.015em; white-space: nowrap; }
.second { color: var(--_quiet); font-size: 0.75rem; }
[data-alarm="true"] .figure { color: var(--_fault); }
.causes { display: flex; flex-wrap: wrap; gap: 0.2rem 0.9rem; margin-top: 0.5rem; list-style: none; font-size: 0.8125rem; }
.causes li { display: inline-flex; align-items: center; white-space: nowrap; }
.badge { display: inline-grid; place-items: center; flex: none; width: 1.1rem; height: 1.1rem; margin-inline-end: 0.35rem; border-radius: 3px; background: var(--_of); color: var(--_well); font-weight: 700; font-size: 0.75rem; font-style: normal; line-height: 1; }
.count { margin-inline-start: 0.35rem; font-weight: 600; }
.fault { margin-top: 0.4rem; color: var(--_fault); font-size: 0.8125rem; font-weight: 600; }
.short { display: none; }
:host([compact]) .meter { display: flex; flex-wrap: wrap; align-items: center; gap: 0.2rem 0.75rem; padding: 0.4rem 0.6rem; font-size: 0.8125rem; }
:host([compact]) :is(.head, .ring, .readouts, .readouts > div) { display: contents; }
:host([compact]) :is(.row, .keys, dt, .second) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:host([compact]) .state { order: 1; }
:host([compact]) .bar { order: 2; flex: 1 1 6rem; height: 0.6rem; margin: 0; }
:host([compact]) .figure { order: 3; font-size: inherit; letter-spacing: 0; }
:host([compact]) [data-alarm="true"] .figure { font-weight: 600; }
:host([compact]) .transport { order: 4; padding-inline: 0.4rem; font-size: 0.75rem; }
:host([compact]) .causes { order: 5; margin: 0; }
:host([compact]) .fault { order: 6; margin: 0; }
:host([compact]) .short { display: inline; white-space: pre; }
:host([compact]) [data-empty="true"] :is(.figure, .mark) { display: none; }
:host([compact]) .words { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
:host([compact]) .count { margin: 0; }
@media (prefers-reduced-motion: reduce) { .fill { transition: none; } }
@media (forced-colors: active) { .fill, .state::before, .badge { forced-color-adjust: none; } .fill { background: Highlight; } .bar .lowest, .bar .callback { border-color: CanvasText; } }
`;
