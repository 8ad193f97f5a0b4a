export const PLAYER = `
.player { position: relative; display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.5rem 0.875rem; align-items: center; padding: 0.75rem 0.875rem 0.8rem; border: 1px solid var(--_line); border-radius: var(--noxrun-radius, 8px); background: var(--_panel); }
.play { display: grid; place-items: center; width: 3rem; height: 3rem; padding: 0; border: 0; border-radius: 50%; background: var(--_accent); color: var(--_on-accent); cursor: pointer; }
.play svg { width: 1.5rem; height: 1.5rem; fill: currentColor; }
.play:hover { filter: brightness(1.12); }
.play[data-shows="play"] .glyph-pause, .play[data-shows="pause"] .glyph-play { display: none; }
.play[data-calls="true"] { outline: 2px solid var(--_caution); outline-offset: 3px; }
.play[aria-busy="true"] { opacity: 0.75; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.main { min-width: 0; }
.line { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
.name { flex: 1 1 8rem; min-width: 0; overflow: hidden; color: var(--_ink); font-size: 0.9375rem; font-weight: 600; text-overflow: ellipsis; white-space: nowrap; }
.times { white-space: nowrap; }
.quiet { color: var(--_quiet); }
.tools { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.25rem 1rem; grid-column: 1 / -1; }
.status { color: var(--_quiet); font-size: 0.8125rem; }
.status[data-calls="true"] { color: var(--_caution); font-weight: 600; }
.volume { display: flex; align-items: center; gap: 0.5rem; color: var(--_quiet); font-size: 0.8125rem; }
.volume input { width: 6.5rem; }
.loudness { min-width: 2.75rem; text-align: end; }
.message { grid-column: 1 / -1; padding: 0.45rem 0.7rem; border: 1px solid var(--_fault); border-inline-start-width: 4px; border-radius: 5px; color: var(--_ink); overflow-wrap: anywhere; text-wrap: pretty; }
/* The player says by itself what it does. */
noxrun-meter::part(state) { display: none; }
noxrun-meter { grid-column: 1 / -1; --noxrun-radius: 5px; }
input[type="range"] { display: block; width: 100%; height: 1.5rem; margin: 0; border-radius: 4px; appearance: none; background: none; cursor: pointer; }
input[type="range"]::-webkit-slider-runnable-track { height: 0.4rem; border-radius: 0.2rem; background: linear-gradient(var(--_to), var(--_accent) var(--_at, 0%), var(--_line) var(--_at, 0%)); }
input[type="range"]::-moz-range-track { height: 0.4rem; border-radius: 0.2rem; background: var(--_line); }
input[type="range"]::-moz-range-progress { height: 0.4rem; border-radius: 0.2rem; background: var(--_accent); }
input[type="range"]::-webkit-slider-thumb { width: 1rem; height: 1rem; margin-top: -0.3rem; border: 2px solid var(--_panel); border-radius: 50%; appearance: none; background: var(--_accent); }
input[type="range"]::-moz-range-thumb { width: 0.75rem; height: 0.75rem; border: 2px solid var(--_panel); border-radius: 50%; background: var(--_accent); }
input[type="range"]:disabled { cursor: default; opacity: 0.55; }
input[type="range"] { --_to: to right; }
input[type="range"]:dir(rtl) { --_to: to left; }
@media (forced-colors: active) { input[type="range"] { appearance: auto; } .play { border: 1px solid ButtonText; } }
`;
